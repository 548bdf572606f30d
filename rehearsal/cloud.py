"""The embedded cloud, started as a child process that ends with its parent."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from stacks.handoff import MASK

ROOT = Path(__file__).parent.parent
ACCOUNT = "123456789012"


class Cloud:
    """A running embedded cloud, seen from outside."""

    partition = "aws"

    def __init__(self, described: dict[str, Any]):
        # Imported here: boto3 takes a third of a second, in which the cloud can start already.
        from lights.store import Store

        self.described = described
        aws = described["aws"]
        self.store = Store(aws["endpoint"], aws["http_endpoint"], aws["ca_bundle"])
        self.region = aws["region"]
        self._keys = aws["accounts"][ACCOUNT]
        self._secrets = [self._keys["secret_access_key"]]
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()  # making a boto3 client is not thread-safe, using it is

    def admin(self, service: str, region: str | None = None) -> Any:
        """A client of the account's administrator."""
        region = region or self.region
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self.store.client(service, region, self._keys)
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
        aws = self.described["aws"]
        return {
            "AWS_ENDPOINT_URL": aws["endpoint"],
            "AWS_CA_BUNDLE": aws["ca_bundle"],
            "AWS_REGION": aws["region"],
            "AWS_ACCESS_KEY_ID": self._keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self._keys["secret_access_key"],
        }


@contextmanager
def starting() -> Iterator["Starting"]:
    """Start the embedded cloud and go on; `ready()` waits for it. It stops with the block, and by
    itself when this process dies, however it dies: its standard input ends then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "rehearsal", "serve", "--accounts", ACCOUNT, "--until-input-ends"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Starting(child)
    finally:
        child.communicate(timeout=10)


class Starting:
    """An embedded cloud that may not answer yet."""

    def __init__(self, child: "subprocess.Popen[str]"):
        self._child = child

    def ready(self) -> Cloud:
        """The cloud, once it answers. Raises RuntimeError where it could not start."""
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            raise RuntimeError("the embedded cloud did not start, see the message above")
        return Cloud(json.loads(line))
