"""The lights of a bucket on an S3-compatible store, from its hand-over and the profile's keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .check import Failed, Others, Skip, allowed, refused
from .clients import Clients
from .mounts import CONTENT, MountTries
from .target import Target

_WRONG = ("SignatureDoesNotMatch", "AccessDenied", "403")


class Kopah(MountTries):
    """What every client of such a store is promised, and what its operator's keys must not do."""

    def __init__(self, project: str, handover: Mapping[str, Any], store: Target, others: Others):
        # The store is where the hand-over says, not where AWS is.
        own = Target(endpoint=handover["endpoint"], compatible=True, embedded=store.embedded)
        super().__init__(project, handover, own, replace(others, outsider=None))

    @allowed("boto3 writes, reads and removes a file")
    def round_trip(self) -> None:
        self._round_trip(self._s3, self._name)

    @allowed("a presigned link reads the file")
    def presigned(self) -> None:
        answer = self._presigned(self._s3, self._file())
        if answer.content != CONTENT:
            raise Failed(f"the link answered {answer.status_code}")

    @allowed("s3cmd writes, lists, reads and removes a file")
    def s3cmd(self) -> None:
        url = f"s3://{self._bucket}/{self._name}"
        tools = self._tools
        (tools.home / "file").write_bytes(CONTENT)
        tools.s3cmd("put", "file", url)
        if url not in tools.s3cmd("ls", url):
            raise Failed("the file was not listed")
        tools.s3cmd("get", url, "back")
        if (tools.home / "back").read_bytes() != CONTENT:
            raise Failed("the file that was read is another one")
        tools.s3cmd("del", url)

    @refused("a wrong secret key", *_WRONG)
    def wrong_secret(self) -> None:
        wrong = {**self._keys, "secret_access_key": "x" * 40}
        self._store.client("s3", self._region, wrong).list_objects_v2(Bucket=self._bucket)

    @refused("another user of the store")
    def another_user(self) -> None:
        if self._others.compatible is None:
            raise Skip("needs another user of the store, which only a rehearsal has")
        other = self._store.client("s3", self._region, self._others.compatible)
        file = {"Bucket": self._bucket, "Key": self._name}
        self._none_allowed(
            {
                "listing": lambda: other.list_objects_v2(Bucket=self._bucket),
                "reading": lambda: other.get_object(**file),
                "writing": lambda: other.put_object(**file, Body=b""),
            }
        )

    def other_bucket(self) -> None:
        """No promise here: the operator's keys reach every bucket of theirs."""

    def _equip(self, tools: Clients) -> None:
        if "access_key_id" not in self._given:
            raise Skip(f"profile '{self._given['profile']}' is not on this machine")
        tools.aws_profile()
        tools.s3cfg()
