"""The embedded AWS as a server: one process, HTTPS and HTTP on loopback, any number of accounts."""

import ctypes
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trustme
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Gateway_10, Server
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header

from . import oidc
from .backend import Backend
from .gate import Gate, Observer
from .messages import CLOSE

HOST = "127.0.0.1"  # loopback only: anyone who reaches it can ask for anything
REGION = "eu-west-1"
THREADS = 64  # a client that is slow to send holds one
_FOLDER = "object-access-aws-"


class _Gateway(Gateway_10):
    """WSGI cannot tell `x-amz-meta-a_b` from `x-amz-meta-a-b`: keep the names that have an `_`."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # cheroot's stub has None
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        names = [name.decode("latin-1").lower() for name in self.req.inheaders]
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
            environ_key_for_header(name): name for name in names if "_" in name
        }
        # By which the gate ends a connection that has more of a body than it wants to read.
        environ[CLOSE] = partial(setattr, self.req, "close_connection", True)
        return environ


@contextmanager
def running(
    accounts: list[str], port: int = 0, http_port: int = 0, observer: Observer | None = None
) -> Iterator[dict[str, Any]]:
    """The servers, running until the block ends; gives what a client needs to reach them.

    Port 0 is any free one. Raises ValueError where a port is in use. `http_endpoint` is there to
    show that private buckets refuse it; everything else belongs on `endpoint`. An `observer` is
    told of every request and of what was decided on it.
    """
    _give_memory_back()
    store = Backend(accounts)
    gate = Gate(store, observer)
    with ExitStack() as stack:
        _clear_leftovers()
        prefix = f"{_FOLDER}{os.getpid()}-"
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        bundle, adapter = _throw_away_tls(folder)
        https = stack.enter_context(_serving(gate, port, "--port", adapter))
        http = stack.enter_context(_serving(gate, http_port, "--http-port"))
        yield {
            "endpoint": f"https://{HOST}:{https}",
            "http_endpoint": f"http://{HOST}:{http}",
            "ca_bundle": str(bundle),
            "metadata": f"http://{HOST}:{http}/vm",
            "tokens": f"https://{HOST}:{https}{oidc.PATH}",
            "region": REGION,
            # The keys of an administrator of each account, and those of its root.
            "accounts": {account: _keys(store.add_administrator(account)) for account in accounts},
            "roots": {account: _keys(store.add_root_key(account)) for account in accounts},
        }


@contextmanager
def _serving(
    gate: Gate, port: int, option: str, adapter: BuiltinSSLAdapter | None = None
) -> Iterator[int]:
    server = Server(
        (HOST, port), gate, numthreads=THREADS, request_queue_size=128, shutdown_timeout=1
    )
    server.ssl_adapter, server.gateway = adapter, _Gateway
    server.keep_alive_conn_limit = 256  # its own 10 make busy clients shake hands each time
    server.expiration_interval = 0.1  # seconds, after which it sees that it shall stop
    try:
        server.prepare()
    except OSError as error:
        if error.errno != errno.EADDRINUSE and "in use" not in str(error):
            raise
        raise ValueError(
            f"port {port} is in use, give {option} another one or leave it out for any free one"
        ) from None
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.bind_addr[1]
    finally:
        server.stop()
        thread.join(timeout=5)


def _give_memory_back() -> None:
    """Return what large objects took to the machine at once. glibc would keep it, once for each
    thread; where there is another C library, nothing changes (mallopt(3))."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mmap_threshold, arena_max = -3, -8
    mallopt(mmap_threshold, 262_144)  # bytes
    mallopt(arena_max, 2)


def _clear_leftovers() -> None:
    """Remove what a run that was killed left behind: its folder names its process."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        process = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if process.isdigit() and not _lives(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _throw_away_tls(folder: Path) -> tuple[Path, BuiltinSSLAdapter]:
    """A certificate for loopback, and the file by which clients trust it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST, "localhost")
    bundle, chain, key = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
    authority.cert_pem.write_to_path(bundle)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    return bundle, BuiltinSSLAdapter(str(chain), str(key))


def _keys(made: tuple[str, str]) -> dict[str, str]:
    return {"access_key_id": made[0], "secret_access_key": made[1]}
