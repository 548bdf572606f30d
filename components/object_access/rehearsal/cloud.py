"""The embedded cloud, started as a child process that ends with its parent."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..handover.model import MASK, Key
from ..stores import serve

if TYPE_CHECKING:
    from .provision_openstack import OpenStack

ACCOUNT = "123456789012"
STRANGER = "999999999999"  # an account that nobody trusts
_END = 2  # seconds in which the stores have ended, or are killed


class Cloud:
    """A running embedded cloud, seen from outside."""

    partition = "aws"

    def __init__(
        self,
        described: dict[str, Any],
        compatible: Callable[[], dict[str, Any]] = dict,
        swift: Callable[[], dict[str, Any]] = dict,
        wait: Callable[[], object] = lambda: None,
        account: str = ACCOUNT,
    ):
        # Imported here: boto3 takes a third of a second, in which the cloud can start already.
        from ..checks.target import Target

        self.aws = described["aws"]
        self.target = Target(
            self.aws["endpoint"],
            self.aws["http_endpoint"],
            self.aws["ca_bundle"],
            self.aws["metadata"],
            embedded=True,
        )
        self.region = self.aws["region"]
        self.account = account
        self._compatible, self._swift, self._wait = compatible, swift, cache(wait)
        known = [*self.aws["accounts"].values(), *self.aws["roots"].values()]
        self._secrets = [keys["secret_access_key"] for keys in known]
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()  # making a boto3 client is not thread-safe, using it is

    @property
    def keys(self) -> dict[str, str]:
        """The keys of the account's administrator."""
        return dict(self.aws["accounts"][self.account])

    def wait_for_compatible(self) -> None:
        """Until the S3-compatible store answers. Raises RuntimeError where it never will."""
        with self._lock:
            self._wait()

    @cached_property
    def compatible(self) -> dict[str, Any]:
        """The S3-compatible store, which may not answer yet; nothing where none was started."""
        described = self._compatible()
        for keys in (described, described.get("somebody_else", {})):
            if keys:
                self.keep_secret(keys["secret_access_key"])
        return described

    @cached_property
    def swift(self) -> dict[str, Any]:
        """Keystone and Swift, who answer once they are up; nothing where they were not started."""
        described = self._swift()
        for project in described.get("projects", {}).values():
            for user in (project, project.get("without_role", {})):
                if user:
                    self.keep_secret(user["password"])
        return described

    @cached_property
    def openstack(self) -> "OpenStack":
        """That OpenStack, as the user sees it who deploys."""
        from .provision_openstack import OpenStack

        return OpenStack(self.swift)

    def admin(self, service: str, region: str | None = None) -> Any:
        """A client of the account's administrator."""
        region = region or self.region
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self.target.client(
                    service, region, Key(**self.keys)
                )
            return self._clients[service, region]

    def keep_secret(self, secret: str) -> str:
        """Note a secret that the cloud made, so that no message shows it; returns it."""
        self._secrets.append(secret)
        return secret

    def without_secrets(self, text: str) -> str:
        """The text with every secret of this cloud hidden."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def environment(self, *, swift: bool = False) -> dict[str, str]:
        """Variables by which any client, Pulumi's plugins too, finds this cloud; those of an openrc
        file, too, where that is wanted."""
        users = self.swift["projects"] if swift else {}
        return {
            **serve.aws_variables(self.aws, self.keys),
            **(serve.openrc(self.swift, users["rehearsal"]) if swift else {}),
        }


@contextmanager
def starting(
    accounts: Sequence[str] = (), *, compatible: bool = False, swift: bool = False
) -> Iterator["Starting"]:
    """Start the embedded stores, each in a process of its own, and go on; `ready()` waits for AWS.
    They stop with the block, and by themselves when this process dies, however it dies: their
    standard input ends then. What they and this process keep in temporary files meanwhile lies in
    one folder, which is removed with them. `accounts` are further ones of AWS."""
    known = ",".join(dict.fromkeys([ACCOUNT, STRANGER, *accounts]))
    wanted = {"aws": True, "compatible": compatible, "swift": swift}
    options = {"aws": ["--accounts", known]}
    with _temporary_files() as folder:
        children: dict[str, subprocess.Popen[str]] = {}
        try:
            for store in (store for store, want in wanted.items() if want):
                children[store] = _child(folder, store, *options.get(store, []))
            yield Starting(children)
        finally:
            _end([*children.values()])


@contextmanager
def _temporary_files() -> Iterator[str]:
    """A folder for all of them."""
    before = tempfile.tempdir
    folder = tempfile.tempdir = tempfile.mkdtemp(prefix="object-access-")
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        # What a killed store had started ends a moment after it, and writes until then.
        until = time.monotonic() + _END
        shutil.rmtree(folder, ignore_errors=True)
        while Path(folder).exists() and time.monotonic() < until:
            time.sleep(0.05)
            shutil.rmtree(folder, ignore_errors=True)


def _child(folder: str, store: str, *options: str) -> "subprocess.Popen[str]":
    command = ["-m", "object_access", "serve", "--until-input-ends", "--stores", store, *options]
    return subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "TMPDIR": folder},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us: they end in order, when their input does
    )


def _end(children: "Sequence[subprocess.Popen[str]]") -> None:
    """End them all at once; one that is busy, with its own start for instance, is killed, with all
    that it started."""
    for child in children:
        if child.stdin:
            child.stdin.close()
    until = time.monotonic() + _END
    for child in children:
        try:
            child.wait(timeout=max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # its session is its own
            child.wait()
        if child.stdout:
            child.stdout.close()


class Starting:
    """Embedded stores that may not answer yet."""

    def __init__(self, children: "Mapping[str, subprocess.Popen[str]]"):
        self._children = children

    def ready(self) -> Cloud:
        """The cloud, once AWS answers. Raises RuntimeError where it could not start."""
        return Cloud(
            _described(self._children["aws"]),
            partial(self._described, "compatible"),
            partial(self._described, "swift"),
            self._compatible_answers,
        )

    def _compatible_answers(self) -> None:
        if child := self._children.get("compatible"):
            _line(child)

    def _described(self, store: str) -> dict[str, Any]:
        child = self._children.get(store)
        return dict(_described(child)[store]) if child else {}


def _described(child: "subprocess.Popen[str]") -> dict[str, Any]:
    return dict(json.loads(_line(child)))


def _line(child: "subprocess.Popen[str]") -> str:
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError("an embedded store did not start, see the message above")
    return line
