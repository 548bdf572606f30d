"""The embedded OpenStack as two servers: identity and object storage on loopback, thrown away."""

import json
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

HOST = "127.0.0.1"  # loopback only: behind the proxy, Swift's own servers ask for no password
REGION = "RegionOne"
DOMAIN = "Default"
OURS, THEIRS = "rehearsal", "somebody-else"

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0  # seconds that a machine under load may take; a quiet one with 2 cores takes 4


@contextmanager
def running(
    *,
    port: int = 0,
    swift_port: int = 0,
    temp_urls: bool = True,
    wait: bool = True,
    observed: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """The servers, running until the block ends; gives what a client needs to reach them.

    Port 0 is any free one. Raises ValueError where a port is in use, RuntimeError where a server
    does not start. The project "rehearsal" has two users: one who may do everything in its object
    store, and, under "without_role", one whom only the ACL of a container can let in. The project
    "somebody-else" has a user of its own. `temp_urls=False` is a cluster without temporary URLs.
    A line of JSON for each request to Swift is added to the file `observed`.
    Without `wait` they are given at once, but for their user IDs: whoever asks a server that is
    not up yet waits for its answer.
    """
    projects = {OURS: _project(OURS), THEIRS: _project(THEIRS)}
    projects[OURS]["without_role"] = _user(projects[OURS], "visitor")
    with ExitStack() as stack:
        keystone = stack.enter_context(_listening(port, "--keystone-port"))
        swift = stack.enter_context(_listening(swift_port, "--swift-port"))
        folder = Path(
            stack.enter_context(
                # The children remove what is theirs; on a loaded machine the last file may be late.
                tempfile.TemporaryDirectory(prefix="object-access-", ignore_cleanup_errors=True)
            )
        )
        told = {
            "auth_url": f"http://{HOST}:{_port(keystone)}/v3",
            "storage_url": f"http://{HOST}:{_port(swift)}/v1/AUTH_",
            "region": REGION,
            "projects": projects,
            "service": _project("service"),
            "temp_urls": temp_urls,
            "observed": str(observed or ""),
        }
        # Side by side: Keystone takes the longer, and Swift needs it only for the first token.
        children = [
            stack.enter_context(_child(module, folder, listener, told))
            for module, listener in (("keystone", keystone), ("swift", swift))
        ]
        if wait:
            projects, _ = [child.wait_until_ready() for child in children]
        keystone.close()
        swift.close()
        yield {"auth_url": told["auth_url"], "region": REGION, "projects": projects}


class _Child:
    """One of the two servers. It ends when its standard input does, so also when we are killed."""

    def __init__(self, module: str, folder: Path, listener: socket.socket, told: dict[str, Any]):
        self._name = module
        self._own = folder / module
        self._own.mkdir(mode=0o700)
        self._log = folder / f"{module}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.{module}"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C is for us, who then end the child in good order
                text=True,
            )
        self._stdin = cast("IO[str]", self._process.stdin)
        self._stdout = cast("IO[str]", self._process.stdout)
        # Passwords travel by the pipe: command lines and environments can be read by others.
        self._stdin.write(json.dumps({**told, "folder": str(self._own), "fd": listener.fileno()}))
        self._stdin.write("\n")
        self._stdin.flush()

    def wait_until_ready(self) -> dict[str, Any]:
        """What the child had to tell; RuntimeError, with its last words, if it died instead."""
        if not (line := self._stdout.readline()):
            said = self._log.read_text().strip().splitlines() or ["it said nothing"]
            raise RuntimeError(f"the embedded {self._name} did not start: {said[-1]}")
        learned: dict[str, Any] = json.loads(line)
        return learned

    def end(self) -> None:
        self._stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()


@contextmanager
def _child(
    module: str, folder: Path, listener: socket.socket, told: dict[str, Any]
) -> Iterator[_Child]:
    child = _Child(module, folder, listener, told)
    try:
        yield child
    finally:
        child.end()


@contextmanager
def _listening(port: int, option: str) -> Iterator[socket.socket]:
    """A socket that listens already: whoever comes before the server is up waits for it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            raise ValueError(
                f"port {port} is in use, give {option} another one or leave it out for any free one"
            ) from None
        listener.listen(128)
        yield listener


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _project(name: str) -> dict[str, Any]:
    project = {"project_id": uuid4().hex, "project_name": name, "project_domain": DOMAIN}
    return project | _user(project, f"{name}-user")


def _user(project: dict[str, Any], name: str) -> dict[str, Any]:
    """Another user of a project, with everything that it needs to log in."""
    keep = ("project_id", "project_name", "project_domain")
    login = {
        "username": name,
        "password": secrets.token_urlsafe(24),
        "user_domain": DOMAIN,
    }
    return {key: project[key] for key in keep} | login
