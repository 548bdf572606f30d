"""The lights of Lightly's datasources, from their hand-over alone."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

from .check import Failed, NotPromised, Skip, allowed, refused
from .clients import Clients
from .s3 import PrivateS3Checks

SESSION = 43_200  # seconds


class Lightly(PrivateS3Checks):
    """What is promised to Lightly: list and read the input, write the output, and no more."""

    # --- allowed ---

    @allowed("list: the files of the input")
    def listing(self) -> None:
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._input_file)
        if "Contents" not in found:
            raise Failed("the file that is there was not listed")

    @allowed("read: a file of the input")
    def reading(self) -> None:
        self._s3.get_object(Bucket=self._bucket, Key=self._input_file)["Body"].read()

    @allowed("a presigned link shows a file of the input")
    def presigned(self) -> None:
        answer = self._presigned(self._s3, self._input_file)
        if answer.status_code != 200:
            raise Failed(f"the link answered {answer.status_code}")

    @allowed("write: a thumbnail in the output, overwritten and removed")
    def thumbnail(self) -> None:
        if not self._output:
            raise NotPromised
        key = f"{self._output}{self._name}-thumbnail"
        self._round_trip(self._output_s3, key, delete=False)
        self._round_trip(self._output_s3, key)

    @allowed("aws s3 sync fetches the input")
    def sync(self) -> None:
        self._input_file  # noqa: B018 there must be something to fetch
        self._tools.aws("s3", "sync", f"s3://{self._bucket}/{self._prefix}".rstrip("/"), "farm")
        if not list((self._tools.home / "farm").rglob("*")):
            raise Failed("nothing was fetched")

    @allowed("a session of twelve hours")
    def long_session(self) -> None:
        self._assume(ExternalId=self._external_id, DurationSeconds=SESSION)

    # --- refused ---

    @refused("what is beside the prefix is invisible")
    def neighbour(self) -> None:
        if not self._prefix:
            raise NotPromised
        beside = self._prefix.rstrip("/") + "-2/"
        near = {beside, self._prefix.rstrip("/"), "", self._prefix.rpartition("/")[0][:-1]}
        self._none_allowed(
            {
                **{
                    f"listing '{prefix}'": partial(
                        self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix
                    )
                    for prefix in sorted(near - {self._prefix})
                },
                "listing without a prefix": lambda: self._s3.list_objects_v2(Bucket=self._bucket),
                "reading": lambda: self._s3.get_object(
                    Bucket=self._bucket, Key=beside + self._name
                ),
            }
        )

    @refused("writing anywhere but into the output")
    def writing(self) -> None:
        beside = f"{(self._output or self._prefix).rstrip('/')}-2/"
        self._none_allowed(
            {
                f"writing to '{prefix}'": partial(
                    self._output_s3.put_object,
                    Bucket=self._bucket,
                    Key=prefix + self._name,
                    Body=b"",
                )
                for prefix in sorted({"", beside, self._prefix} - {self._output})
            }
        )

    @refused("writing with the input's access, which can only read")
    def reading_only(self) -> None:
        if self._output and not self._given["separate"]:
            raise NotPromised
        calls: dict[str, Callable[[], object]] = {}
        for prefix in {self._prefix, self._output}:
            file = {"Bucket": self._bucket, "Key": prefix + self._name}
            calls[f"writing to '{prefix}'"] = partial(self._s3.put_object, **file, Body=b"")
            calls[f"deleting from '{prefix}'"] = partial(self._s3.delete_object, **file)
        self._none_allowed(calls)

    @refused("the role without an external ID")
    def no_external_id(self) -> None:
        self._assume()

    @refused("the role with a wrong external ID")
    def wrong_external_id(self) -> None:
        self._assume(ExternalId=self._name)

    @refused("the role with an empty external ID", "ValidationError")
    def empty_external_id(self) -> None:
        self._assume(ExternalId="")

    @refused("the role from another account, with the right external ID")
    def other_account(self) -> None:
        if self._others.stranger is None:
            raise Skip("needs another account, which only a rehearsal has")
        self._assume(self._others.stranger, ExternalId=self._external_id)

    @refused("a session of a second more than twelve hours", "ValidationError")
    def longer_session(self) -> None:
        self._assume(ExternalId=self._external_id, DurationSeconds=SESSION + 1)

    # --- how ---

    def _equip(self, tools: Clients) -> None:
        tools.aws_profile(self._consumer if self._delegated else None)

    @property
    def _delegated(self) -> bool:
        return bool(self._given["access"] == "delegated")

    @property
    def _external_id(self) -> str:
        return str(self._given.get("external_id", ""))

    @property
    def _output(self) -> str:
        return str(self._given["output"])

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        return self._own_keys("")

    @cached_property
    def _output_s3(self) -> Any:
        if not self._output:
            return self._s3
        keys = self._own_keys("output_") if self._given["separate"] else self._keys
        return self._store.client("s3", self._region, keys)

    def _own_keys(self, part: str) -> Mapping[str, str]:
        given = {key: self._given.get(part + key, "") for key in _ACCESS}
        if not self._delegated:
            return {key: given[key] for key in ("access_key_id", "secret_access_key")}
        return self._session_of(given["role_arn"], self._consumer, ExternalId=given["external_id"])

    @property
    def _consumer(self) -> Mapping[str, str]:
        account = self._given["account"]
        if account not in self._others.accounts:
            raise Skip(f"needs keys of the trusted account {account}, give them by --profile")
        return self._others.accounts[account]

    def _assume(self, who: Mapping[str, str] | None = None, **more: Any) -> None:
        if not self._delegated:
            raise NotPromised
        self._session_of(self._given["role_arn"], who or self._consumer, **more)

    def _leftovers(self, s3: Any) -> Iterable[str]:
        yield from super()._leftovers(s3)
        yield f"{self._output}{self._name}-thumbnail"
        if self._prefix:
            yield f"{self._prefix.rstrip('/')}-2/{self._name}"

    @cached_property
    def _input_file(self) -> str:
        """A file of the input: one of ours where somebody may write it, or one that is there."""
        key = self._prefix + self._name
        if self._prefix == self._output and not self._given["separate"]:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=b"light")
            return key
        if self._others.outsider:
            s3 = self._store.client("s3", self._region, self._others.outsider)
            s3.put_object(Bucket=self._bucket, Key=key, Body=b"light")
            return key
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        if "Contents" not in found:
            raise Skip("there is no file in the input yet")
        return str(found["Contents"][0]["Key"])


_ACCESS = ("access_key_id", "secret_access_key", "role_arn", "external_id")
