"""The lights of a Valohai data store on Swift, from its hand-over and its user's password."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import openstack
import requests
from swiftclient import client as swiftclient

from ..policies import swift
from .check import Checks, Failed, NotPromised, Others, Refused, Skip, allowed, refused
from .clients import clients
from .s3 import ELSEWHERE
from .target import Target

CONTENT = b"light"
SEGMENT = 1_048_576  # bytes; Swift takes segments of any size
DENIED = ("401", "403")


class ValohaiSwift(Checks):
    """What is promised to Valohai and to the pages of its app, and what must be refused.

    Everything is written under one name that nobody else uses, and removed again.
    """

    def __init__(self, project: str, handover: Mapping[str, Any], _store: Target, others: Others):
        self._project, self._given, self._others = project, handover, others
        self._container = handover["container"]
        self._name = f"object-access-light-{uuid4().hex}"
        self._http = requests.Session()

    # --- allowed ---

    @allowed("python-swiftclient writes, lists, reads and removes a file")
    def round_trip(self) -> None:
        self._swift.put_object(self._container, self._name, CONTENT)
        _, listed = self._swift.get_container(self._container, prefix=self._name)
        if [each["name"] for each in listed] != [self._name]:
            raise Failed("the file was not listed")
        _, read = self._swift.get_object(self._container, self._name)
        if read != CONTENT:
            raise Failed("the file that was read is not the one that was written")
        self._swift.delete_object(self._container, self._name)
        _, listed = self._swift.get_container(self._container, prefix=self._name)
        if listed:
            raise Failed("the file is still there")

    @allowed("the swift command, with the openrc that is handed over, lists the file")
    def command(self) -> None:
        self._password  # noqa: B018 it is needed, and says so where it is not there
        with self._file(), clients(self._given, Target(), self._project) as tools:
            tools.environment("openrc")
            listed = tools.program("swift", "list", self._container, "--prefix", self._name)
            if listed.split() != [self._name]:
                raise Failed("the file was not listed")

    @allowed("openstacksdk reads the file")
    def sdk(self) -> None:
        self._password  # noqa: B018 it is needed, and says so where it is not there
        with (
            self._file(),
            openstack.connection.Connection(
                region_name=self._given["region"],
                auth={
                    "auth_url": self._given["auth_url"],
                    "username": self._given["username"],
                    "password": self._password,
                    "user_domain_name": self._given.get("user_domain", "Default"),
                    "project_id": self._given["project_id"],
                },
            ) as cloud,
        ):
            read = cloud.object_store.download_object(self._name, container=self._container)
            if read != CONTENT:
                raise Failed("the file that was read is not the one that was written")

    @allowed("a temporary URL reads the file, from the app's page too")
    def temp_url(self) -> None:
        with self._file():
            answer = self._signed("GET", Origin=self._given["origin"])
            if answer.content != CONTENT:
                raise Failed("the file that was read is not the one that was written")
            _check_origin(answer, self._given["origin"])

    @allowed("a temporary URL writes a file")
    def temp_url_put(self) -> None:
        with self._file():
            self._signed("PUT", data=b"newer")
            _, read = self._swift.get_object(self._container, self._name)
            if read != b"newer":
                raise Failed("the file that was read is not the one that was written")

    @allowed("the app's page may upload (preflight)")
    def preflight(self) -> None:
        _check_origin(self._preflight(self._given["origin"]), self._given["origin"])

    @allowed("a large file in segments is read whole by a temporary URL")
    def large(self) -> None:
        sent, segments = hashlib.sha256(), []
        try:
            for number in range(3):
                body, name = os.urandom(SEGMENT), f"{self._name}/{number}"
                self._swift.put_object(self._container, name, body)
                segments.append(name)
                sent.update(body)
            manifest = {"X-Object-Manifest": f"{self._container}/{self._name}/"}
            self._swift.put_object(self._container, self._name, b"", headers=manifest)
            if hashlib.sha256(self._signed("GET").content).digest() != sent.digest():
                raise Failed("the file that was read is not the one that was written")
        finally:
            for name in [self._name, *segments]:
                with suppress(swiftclient.ClientException):
                    self._swift.delete_object(self._container, name)

    @allowed("both keys serve during a rotation")
    def rotation(self) -> None:
        with self._rotated("old", "new") as signed:
            signed("old")
            signed("new")

    # --- refused ---

    @refused("the old key, once the rotation has ended", *DENIED)
    def old_key(self) -> None:
        with self._rotated("old", "new") as signed:
            self._swift.post_container(self._name, headers=_slots("new"))
            signed("new")
            signed("old")

    @refused("a temporary URL signed with another key", *DENIED)
    def wrong_key(self) -> None:
        with self._file():
            self._signed("GET", key="x" * 32)

    @refused("a temporary URL that has expired", *DENIED)
    def expired(self) -> None:
        with self._file():
            self._signed("GET", lasts=-1)

    @refused("a temporary URL for another file", *DENIED)
    def changed_path(self) -> None:
        with self._file():
            self._signed("GET", signed_for=f"{self._name}-2")

    @refused("writing with a temporary URL for reading", *DENIED)
    def other_method(self) -> None:
        with self._file():
            self._signed("GET", used_as="PUT", data=b"changed")

    @refused("a temporary URL for another container", *DENIED)
    def other_container(self) -> None:
        if self._given["key"] == "account":
            raise NotPromised  # the account's key signs for all of its containers
        with self._own_container():
            self._swift.put_object(self._name, self._name, CONTENT)
            self._signed("GET", container=self._name)

    @refused("another project's user, and a user without a role", *DENIED)
    def other_users(self) -> None:
        if not self._others.openstack:
            raise Skip("needs other users of the OpenStack, which only a rehearsal has")
        for what, who in self._others.openstack.items():
            token = self._connection({**self._given, **who}).get_auth()[1]
            code = self._kept_out(what, {"X-Auth-Token": token})
        raise Refused(code)

    @refused("anyone without a login", *DENIED)
    def anonymous(self) -> None:
        raise Refused(self._kept_out("anyone", {}))

    @refused("a page elsewhere (preflight)", *DENIED)
    def foreign_preflight(self) -> None:
        _check_origin(self._preflight(ELSEWHERE), ELSEWHERE)

    @refused("a wrong password", "401")
    def wrong_password(self) -> None:
        domain = {"name": self._given.get("user_domain", "Default")}
        user = {"name": self._given["username"], "domain": domain, "password": "x" * 20}
        identity = {"methods": ["password"], "password": {"user": user}}
        url = f"{self._given['auth_url'].removesuffix('/v3')}/v3/auth/tokens"
        answer = self._http.post(url, json={"auth": {"identity": identity}}, timeout=60)
        if not answer.ok:
            raise Refused(str(answer.status_code))

    # --- how ---

    def tidy(self) -> None:
        """Remove what a light that broke off may have left."""
        if "password" in self._given:
            with suppress(swiftclient.ClientException, OSError):
                self._swift.delete_object(self._container, self._name)
        self._http.close()

    @property
    def _password(self) -> str:
        if "password" not in self._given:
            raise Skip(f"needs the password of {self._given['username']}: load its openrc file")
        return str(self._given["password"])

    @cached_property
    def _swift(self) -> swiftclient.Connection:
        self._password  # noqa: B018 it is needed, and says so where it is not there
        return self._connection(self._given)

    def _connection(self, who: Mapping[str, Any]) -> swiftclient.Connection:
        return swiftclient.Connection(
            authurl=self._given["auth_url"],
            auth_version="3",
            user=who["username"],
            key=who["password"],
            os_options={
                "project_id": who["project_id"],
                "user_domain_name": who.get("user_domain", "Default"),
                "region_name": self._given["region"],
            },
            retries=1,
            timeout=60,
        )

    @cached_property
    def _storage(self) -> str:
        """Where the account is, as the catalogue has it."""
        return str(self._swift.get_auth()[0])

    @contextmanager
    def _file(self) -> Iterator[None]:
        """A small file, while the block lasts."""
        self._swift.put_object(self._container, self._name, CONTENT)
        try:
            yield
        finally:
            with suppress(swiftclient.ClientException):
                self._swift.delete_object(self._container, self._name)

    @contextmanager
    def _own_container(self, headers: Mapping[str, str] | None = None) -> Iterator[None]:
        """A container under the light's own name, while the block lasts."""
        self._swift.put_container(self._name, headers=headers)
        try:
            yield
        finally:
            with suppress(swiftclient.ClientException):
                self._swift.delete_object(self._name, self._name)
            self._swift.delete_container(self._name)

    @contextmanager
    def _rotated(self, *keys: str) -> Iterator[Callable[[str], requests.Response]]:
        """A container with these temp-URL keys in its slots, as our component sets them."""
        with self._own_container(_slots(*keys)):
            self._swift.put_object(self._name, self._name, CONTENT)
            yield lambda key: self._signed("GET", key=key * 12, container=self._name)

    def _signed(
        self,
        method: str,
        *,
        key: str = "",
        lasts: int = 60,
        container: str = "",
        signed_for: str = "",
        used_as: str = "",
        data: bytes | None = None,
        **headers: str,
    ) -> requests.Response:
        """Use a temporary URL; Refused with the status where the store does not take it."""
        key, container = key or self._given["temp_url_key"], container or self._container
        path = f"{urlsplit(self._storage).path}/{container}/"
        expires = int(time.time()) + lasts
        url = swift.temp_url(key, method, path + (signed_for or self._name), expires)
        base = self._storage.removesuffix(urlsplit(self._storage).path)
        address = base + url.replace(signed_for, self._name) if signed_for else base + url
        answer = self._http.request(
            used_as or method, address, data=data, headers=headers, timeout=60
        )
        if not answer.ok:
            raise Refused(str(answer.status_code))
        return answer

    def _kept_out(self, what: str, headers: Mapping[str, str]) -> str:
        """The status by which listing, reading and writing are refused.

        Raises Failed for the first that is not.
        """
        status, container = "", f"{self._storage}/{self._container}"
        asked = {
            "listing": ("GET", container),
            "reading": ("GET", f"{container}/{self._name}"),
            "writing": ("PUT", f"{container}/{self._name}"),
        }
        with self._file():
            for verb, (method, url) in asked.items():
                answer = self._http.request(method, url, headers=headers, timeout=60)
                status = str(answer.status_code)
                if status not in DENIED:
                    raise Failed(f"{what}: {verb} was answered {status}")
        return status

    def _preflight(self, origin: str) -> requests.Response:
        answer = self._http.options(
            f"{self._storage}/{self._container}/{self._name}",
            headers={"Origin": origin, "Access-Control-Request-Method": "PUT"},
            timeout=60,
        )
        if not answer.ok:
            raise Refused(str(answer.status_code))
        return answer


def _slots(*keys: str) -> dict[str, str]:
    """The headers that set a container's temp-URL keys, as our component sets them."""
    metadata = swift.slots([key * 12 for key in keys])
    return {f"X-Container-Meta-{name}": value for name, value in metadata.items()}


def _check_origin(answer: requests.Response, origin: str) -> None:
    granted = answer.headers.get("Access-Control-Allow-Origin")
    if granted not in (origin, "*"):
        raise Failed(f"Access-Control-Allow-Origin is {granted} instead of {origin}")
