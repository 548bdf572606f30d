"""The embedded cloud, started as a child process that ends with its parent."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from stacks.handoff import MASK

ROOT = Path(__file__).parent.parent
ACCOUNT = "123456789012"
STRANGER = "999999999999"  # an account that nobody trusts


class Cloud:
    """A running embedded cloud, seen from outside."""

    partition = "aws"

    def __init__(
        self,
        described: dict[str, Any],
        compatible: Callable[[], dict[str, Any]] = dict,
        account: str = ACCOUNT,
    ):
        # Imported here: boto3 takes a third of a second, in which the cloud can start already.
        from lights.store import Store

        self.aws = described["aws"]
        self.store = Store(
            self.aws["endpoint"],
            self.aws["http_endpoint"],
            self.aws["ca_bundle"],
            self.aws["metadata"],
            embedded=True,
        )
        self.region = self.aws["region"]
        self.account = account
        self._compatible = compatible
        self._secrets = [keys["secret_access_key"] for keys in self.aws["accounts"].values()]
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()  # making a boto3 client is not thread-safe, using it is

    @property
    def keys(self) -> dict[str, str]:
        """The keys of the account's administrator."""
        return dict(self.aws["accounts"][self.account])

    @cached_property
    def compatible(self) -> dict[str, Any]:
        """The S3-compatible store, once it answers; nothing where none was started."""
        described = self._compatible()
        for keys in (described, described.get("somebody_else", {})):
            if keys:
                self.keep_secret(keys["secret_access_key"])
        return described

    def admin(self, service: str, region: str | None = None) -> Any:
        """A client of the account's administrator."""
        region = region or self.region
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self.store.client(service, region, self.keys)
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

    def environment(self) -> dict[str, str]:
        """Variables by which any AWS client, Pulumi's plugin too, finds this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.aws["endpoint"],
            "AWS_CA_BUNDLE": self.aws["ca_bundle"],
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.keys["secret_access_key"],
        }


@contextmanager
def starting(accounts: Sequence[str] = (), *, compatible: bool = False) -> Iterator["Starting"]:
    """Start the embedded stores, each in a process of its own, and go on; `ready()` waits for AWS.
    They stop with the block, and by themselves when this process dies, however it dies: their
    standard input ends then. `accounts` are further ones of AWS."""
    known = ",".join(dict.fromkeys([ACCOUNT, STRANGER, *accounts]))
    children = [_child("aws", "--accounts", known)]
    if compatible:
        children.append(_child("compatible"))
    try:
        yield Starting(*children)
    finally:
        for child in children:
            child.communicate(timeout=10)


def _child(store: str, *options: str) -> "subprocess.Popen[str]":
    command = ["-m", "rehearsal", "serve", "--until-input-ends", "--stores", store, *options]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class Starting:
    """Embedded stores that may not answer yet."""

    def __init__(
        self, aws: "subprocess.Popen[str]", compatible: "subprocess.Popen[str] | None" = None
    ):
        self._aws, self._compatible = aws, compatible

    def ready(self) -> Cloud:
        """The cloud, once AWS answers. Raises RuntimeError where it could not start."""
        return Cloud(_described(self._aws), self._when_compatible)

    def _when_compatible(self) -> dict[str, Any]:
        if self._compatible is None:
            return {}
        return dict(_described(self._compatible)["compatible"])


def _described(child: "subprocess.Popen[str]") -> dict[str, Any]:
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError("an embedded store did not start, see the message above")
    return dict(json.loads(line))
