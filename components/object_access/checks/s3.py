"""What the lights of all S3 rows have in common: who tries, with which keys, and promises that
every private bucket makes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import Any
from uuid import uuid4

import requests
from botocore.exceptions import BotoCoreError, ClientError

from .check import Checks, Failed, Others, Skip, none_allowed, refused
from .clients import Clients, clients
from .target import Target

DENIED = ("AccessDenied", "403")
ELSEWHERE = "https://elsewhere.example"
HARMFUL = "would do harm if it were allowed, so that only a rehearsal tries it"


class S3Checks(Checks):
    """Everything is written under one name that nobody else uses, and removed again."""

    def __init__(self, project: str, handover: Mapping[str, Any], store: Target, others: Others):
        self._project, self._given, self._store, self._others = project, handover, store, others
        self._bucket, self._region = handover["bucket"], handover.get("region", "us-east-1")
        self._name = f"object-access-light-{uuid4().hex}"
        self._prefix: str = handover.get("prefix", "")
        self._open = ExitStack()

    # --- refused by every private bucket ---

    @refused("another bucket of the account")
    def other_bucket(self) -> None:
        where = {"Bucket": self._somebody_else["bucket"]}
        file = {**where, "Key": self._name}
        self._none_allowed(
            {
                "listing": lambda: self._s3.list_objects_v2(**where),
                "reading": lambda: self._s3.get_object(**file),
                "writing": lambda: self._s3.put_object(**file, Body=b""),
            }
        )

    @refused("anyone without keys")
    def anonymous(self) -> None:
        nobody = self._store.client("s3", self._region, None)
        file = {"Bucket": self._bucket, "Key": self._prefix + self._name}
        self._none_allowed(
            {
                "reading": lambda: nobody.get_object(**file),
                "listing": lambda: nobody.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix),
                "writing": lambda: nobody.put_object(**file, Body=b""),
            }
        )

    # --- how ---

    def tidy(self) -> None:
        """Remove what a light wrote and could not remove, or was wrongly allowed to write."""
        self._open.close()
        for who in filter(None, (self._mine, self._others.outsider)):
            s3 = self._store.client("s3", self._region, who)
            for key in self._leftovers(s3):
                with suppress(ClientError, BotoCoreError, OSError):
                    s3.delete_object(Bucket=self._bucket, Key=key)

    def _leftovers(self, _s3: Any) -> Iterable[str]:
        return [prefix + self._name for prefix in {self._prefix, self._given.get("output", ""), ""}]

    @cached_property
    def _tools(self) -> Clients:
        """The consumer's own clients, with the files that were handed over."""
        tools = self._open.enter_context(clients(self._given, self._store, self._project))
        self._equip(tools)
        return tools

    def _equip(self, tools: Clients) -> None:
        """Give the clients what this consumer has."""
        tools.aws_profile()

    @property
    def _mine(self) -> Mapping[str, str] | None:
        """The keys that were used, without asking anybody for more."""
        return vars(self).get("_keys")  # where the cached property keeps them

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        """The keys that the consumer uses."""
        known = ("access_key_id", "secret_access_key", "session_token")
        return {key: self._given[key] for key in known if self._given.get(key)}

    @cached_property
    def _s3(self) -> Any:
        return self._store.client("s3", self._region, self._keys)

    @property
    def _somebody_else(self) -> Mapping[str, str]:
        if self._others.outsider is None:
            raise Skip("needs another user of the account, which only a rehearsal has")
        return self._others.outsider

    def _none_allowed(
        self, calls: Mapping[str, Callable[[], object]], refusals: tuple[str, ...] = DENIED
    ) -> None:
        none_allowed(refusals, calls)

    def _only_embedded(self) -> None:
        if not self._store.embedded:
            raise Skip(HARMFUL)

    def _http(self, method: str, url: str, **request: Any) -> requests.Response:
        return requests.request(
            method, url, verify=self._store.ca_bundle or True, timeout=60, **request
        )

    def _round_trip(self, s3: Any, key: str, *, delete: bool = True) -> None:
        """Write a small file, read it, and remove it."""
        where, body = {"Bucket": self._bucket, "Key": key}, self._name.encode()
        s3.put_object(**where, Body=body)
        read = s3.get_object(**where)["Body"].read()
        if delete:
            s3.delete_object(**where)
        if read != body:
            raise Failed("the file that was read is not the one that was written")

    def _session_of(self, role: str, who: Mapping[str, str], **more: Any) -> dict[str, str]:
        """Keys of a session of a role; what is asked for, STS checks and not the client."""
        sts = self._store.client("sts", self._region, who, checked=False)
        made = sts.assume_role(RoleArn=role, RoleSessionName="object-access-light", **more)
        credentials = made["Credentials"]
        return {
            "access_key_id": credentials["AccessKeyId"],
            "secret_access_key": credentials["SecretAccessKey"],
            "session_token": credentials["SessionToken"],
        }

    def _presigned(self, s3: Any, key: str, **headers: str) -> requests.Response:
        """What a presigned link of one minute answers."""
        url = s3.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=60
        )
        return self._http("GET", url, headers=headers)


class PrivateS3Checks(S3Checks):
    """The same for buckets that our `PrivateBucket` made, on AWS."""

    @refused("the same keys without TLS")
    def plain_http(self) -> None:
        if self._given.get("adopted"):
            raise Skip("the bucket was adopted, its own policy decides")
        if self._store.endpoint and not self._store.http_endpoint:
            raise Skip("the address without TLS is not known here")
        plain = self._store.client("s3", self._region, self._keys, tls=False)
        plain.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)

    @refused("managing users and keys")
    def iam(self) -> None:
        iam = self._store.client("iam", self._region, self._keys)
        calls: dict[str, Callable[[], object]] = {"listing users": iam.list_users}
        if self._store.embedded:
            calls["making a key"] = lambda: iam.create_access_key(UserName=self._name)
            calls["making a user"] = lambda: iam.create_user(UserName=self._name)
        self._none_allowed(calls)
