"""What follows from any hand-over of a container of OpenStack Swift."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import openstack
import requests
from swiftclient import client as swiftclient

from ..handover.model import Credential, Handover, How, Listed, Password, Swift, TempUrls
from ..policies import swift
from .browser import ELSEWHERE
from .check import (
    Bystanders,
    Checks,
    Failed,
    NotPromised,
    NotTried,
    Refused,
    allowed,
    refused,
)
from .clients import clients
from .target import Target

CONTENT = b"check"
SEGMENT = 1_048_576  # bytes; Swift takes segments of any size
DENIED = ("401", "403")
_H = TypeVar("_H")


def derived(handover: Handover, bystanders: Bystanders) -> Iterator[Checks]:
    """The checks of everything that a hand-over of a container promises."""
    yield SwiftChecks(handover, bystanders)
    for name, holder in handover.holders.items():
        if isinstance(holder.how, Credential):
            yield CredentialChecks(handover, name)
        if isinstance(holder.how, Listed):
            yield ListedChecks(name, holder.how)


class SwiftChecks(Checks):
    """What is promised to the user, to holders of temporary URLs and to pages, and what must be
    refused.

    Everything is written under one name that nobody else uses, and removed again.
    """

    def __init__(self, handover: Handover, bystanders: Bystanders):
        self._handover, self._bystanders = handover, bystanders
        self._where: Swift = handover.where  # type: ignore[assignment]  # S3 has a room of its own
        self._container = self._where.container
        self._name = f"object-access-check-{uuid4().hex}"
        self._http = requests.Session()

    # --- allowed ---

    @allowed("python-swiftclient writes, lists, reads and removes a file")
    def round_trip(self) -> None:
        self._one(Password)
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
        self._one(Password)
        with self._file(), clients(self._handover, Target()) as tools:
            tools.environment("openrc", self._name_of(Password))
            listed = tools.program("swift", "list", self._container, "--prefix", self._name)
            if listed.split() != [self._name]:
                raise Failed("the file was not listed")

    @allowed("openstacksdk reads the file")
    def sdk(self) -> None:
        self._one(Password)
        with (
            self._file(),
            openstack.connection.Connection(
                region_name=self._where.region,
                auth={
                    "auth_url": self._where.auth_url,
                    "username": self._login.username,
                    "password": self._login.password,
                    "user_domain_name": self._login.user_domain,
                    "project_id": self._where.project_id,
                },
            ) as cloud,
        ):
            read = cloud.object_store.download_object(self._name, container=self._container)
            if read != CONTENT:
                raise Failed("the file that was read is not the one that was written")

    @allowed("a temporary URL reads the file")
    def temp_url(self) -> None:
        with self._signable():
            if self._signed("GET").content != CONTENT:
                raise Failed("the file that was read is not the one that was written")

    @allowed("a temporary URL shows the file on the app's page")
    def temp_url_page(self) -> None:
        origin = self._origin
        with self._signable():
            _check_origin(self._signed("GET", Origin=origin), origin)

    @allowed("a temporary URL writes a file")
    def temp_url_put(self) -> None:
        with self._signable():
            self._signed("PUT", data=b"newer")
            _, read = self._swift.get_object(self._container, self._name)
            if read != b"newer":
                raise Failed("the file that was read is not the one that was written")

    @allowed("the app's page may upload (preflight)")
    def preflight(self) -> None:
        _check_origin(self._preflight(self._origin), self._origin)

    @allowed("a large file in segments is read whole by a temporary URL")
    def large(self) -> None:
        self._one(TempUrls)
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
        with self._signable():
            self._signed("GET", key="x" * 32)

    @refused("a temporary URL that has expired", *DENIED)
    def expired(self) -> None:
        with self._signable():
            self._signed("GET", lasts=-1)

    @refused("a temporary URL for another file", *DENIED)
    def changed_path(self) -> None:
        with self._signable():
            self._signed("GET", signed_for=f"{self._name}-2")

    @refused("writing with a temporary URL for reading", *DENIED)
    def other_method(self) -> None:
        with self._signable():
            self._signed("GET", used_as="PUT", data=b"changed")

    @refused("a temporary URL for another container", *DENIED)
    def other_container(self) -> None:
        if self._urls.signed_by == "account":
            raise NotPromised  # the account's key signs for all of its containers
        with self._own_container():
            self._swift.put_object(self._name, self._name, CONTENT)
            self._signed("GET", container=self._name)

    @refused("another project's user, and a user without a role", *DENIED)
    def other_users(self) -> None:
        if not self._bystanders.openstack:
            raise NotTried("needs other users of the OpenStack, which only a rehearsal has")
        for what, who in self._bystanders.openstack.items():
            token = self._connection(who).get_auth()[1]
            code = self._kept_out(what, {"X-Auth-Token": token})
        raise Refused(code)

    @refused("anyone without a login", *DENIED)
    def anonymous(self) -> None:
        raise Refused(self._kept_out("anyone", {}))

    @refused("a page elsewhere (preflight)", *DENIED)
    def foreign_preflight(self) -> None:
        if self._origin == "*":
            raise NotPromised
        _check_origin(self._preflight(ELSEWHERE), ELSEWHERE)

    @refused("a wrong password", "401")
    def wrong_password(self) -> None:
        self._one(Password)
        domain = {"name": self._login.user_domain}
        user = {"name": self._login.username, "domain": domain, "password": "x" * 20}
        identity = {"methods": ["password"], "password": {"user": user}}
        url = f"{self._where.auth_url.removesuffix('/v3')}/v3/auth/tokens"
        answer = self._http.post(url, json={"auth": {"identity": identity}}, timeout=60)
        if not answer.ok:
            raise Refused(str(answer.status_code))

    # --- how ---

    def tidy(self) -> None:
        """Remove what a check that broke off may have left."""
        with suppress(swiftclient.ClientException, OSError, NotTried, NotPromised):
            self._swift.delete_object(self._container, self._name)
        self._http.close()

    @property
    def _login(self) -> Password:
        """The user who logs in with a password: a holder, or one of the project's own, by whom
        what others must be refused is there at all."""
        how = next((each for each in self._hows if isinstance(each, Password)), None)
        if how and not how.password:
            raise NotTried(f"needs the password of {how.username}: load its openrc file")
        if not (how := how or self._bystanders.owner):
            raise NotTried("needs a user of the OpenStack project: load an openrc file")
        return how

    @property
    def _urls(self) -> TempUrls:
        """How temporary URLs are signed."""
        return self._one(TempUrls)

    @property
    def _origin(self) -> str:
        """A page that may use the container."""
        if not self._handover.cors:
            raise NotPromised
        return self._handover.cors[0].origins[0]

    @property
    def _hows(self) -> list[How]:
        return [holder.how for holder in self._handover.holders.values()]

    def _one(self, wanted: type[_H]) -> _H:
        return self._handover.holders[self._name_of(wanted)].how  # type: ignore[return-value]

    def _name_of(self, wanted: type) -> str:
        for name, holder in self._handover.holders.items():
            if isinstance(holder.how, wanted):
                return name
        raise NotPromised

    @cached_property
    def _swift(self) -> swiftclient.Connection:
        how = self._login
        return self._connection(
            {
                "username": how.username,
                "password": how.password,
                "user_domain": how.user_domain,
                "project_id": self._where.project_id,
            }
        )

    def _connection(self, who: Mapping[str, str]) -> swiftclient.Connection:
        return swiftclient.Connection(
            authurl=self._where.auth_url,
            auth_version="3",
            user=who["username"],
            key=who["password"],
            os_options={
                "project_id": who["project_id"],
                "user_domain_name": who.get("user_domain", "Default"),
                "region_name": self._where.region,
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
        with _prepared():
            self._swift.put_object(self._container, self._name, CONTENT)
        try:
            yield
        finally:
            with suppress(swiftclient.ClientException):
                self._swift.delete_object(self._container, self._name)

    @contextmanager
    def _signable(self) -> Iterator[None]:
        """The same, where temporary URLs are handed over at all."""
        self._one(TempUrls)
        with self._file():
            yield

    @contextmanager
    def _own_container(self, headers: Mapping[str, str] | None = None) -> Iterator[None]:
        """A container under the check's own name, while the block lasts."""
        with _prepared():
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
        self._one(TempUrls)
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
        key, container = key or self._urls.key, container or self._container
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


class CredentialChecks(Checks):
    """What an application credential opens: its container alone, with its verbs."""

    def __init__(self, handover: Handover, holder: str):
        self._where: Swift = handover.where  # type: ignore[assignment]  # S3 has a room of its own
        self._how: Credential = handover.holders[holder].how  # type: ignore[assignment]
        places = handover.place_of(holder).values()
        self._verbs = {verb for place in places for verb in place.access}
        self._name = f"object-access-check-{uuid4().hex}"
        self.scope = f"{holder}: "

    @allowed("what was granted in the container")
    def granted(self) -> None:
        self._each(self._verbs)

    @refused("what was not", *DENIED)
    def withheld(self) -> None:
        self._refuse(self._where.container, {"list", "read", "write", "delete"} - self._verbs)

    @refused("another container", *DENIED)
    def elsewhere(self) -> None:
        # What a copy names in a header, the rules of a credential do not see.
        self._refuse(f"{self._where.container}-2", {"list", "read", "delete"})

    def _each(self, verbs: set[str]) -> None:
        for verb in ("write", "list", "read", "delete"):
            if verb in verbs:
                try:
                    self._ask(verb, self._where.container)
                except swiftclient.ClientException as error:
                    if error.http_status != 404:  # allowed, and not there
                        raise

    def _refuse(self, container: str, verbs: set[str]) -> None:
        if not verbs:
            raise NotPromised
        code = ""
        with _prepared():
            self._connection.get_auth()
        for verb in sorted(verbs):
            try:
                self._ask(verb, container)
            except swiftclient.ClientException as error:
                code = str(error.http_status)
                if code not in DENIED:
                    raise Failed(f"{verb}: {code}") from None
            else:
                raise Failed(f"{verb} was allowed")
        raise Refused(code)

    def _ask(self, verb: str, container: str) -> None:
        calls: Mapping[str, Callable[[], object]] = {
            "list": lambda: self._connection.get_container(container),
            "read": lambda: self._connection.get_object(container, self._name),
            "write": lambda: self._connection.put_object(container, self._name, CONTENT),
            "delete": lambda: self._connection.delete_object(container, self._name),
        }
        calls[verb]()

    @cached_property
    def _connection(self) -> swiftclient.Connection:
        return swiftclient.Connection(
            authurl=self._where.auth_url,
            auth_version="3",
            os_options={
                "auth_type": "v3applicationcredential",
                "application_credential_id": self._how.credential_id,
                "application_credential_secret": self._how.secret,
                "region_name": self._where.region,
            },
            retries=1,
            timeout=60,
        )


@contextmanager
def _prepared() -> Iterator[None]:
    """What a check needs before it tries anything: where that is refused, nothing was tried."""
    try:
        yield
    except swiftclient.ClientException as error:
        raise Failed(f"what is tried could not be prepared: {error.http_status}") from None


class ListedChecks(Checks):
    """Users of other projects, whom only their own logins could show."""

    def __init__(self, holder: str, how: Listed):
        self.scope = f"{holder}: "
        self._how = how

    @allowed("what was granted in the container")
    def granted(self) -> None:
        raise NotTried(f"only they can log in: {', '.join(self._how.elements)}")


def _slots(*keys: str) -> dict[str, str]:
    """The headers that set a container's temp-URL keys, as our component sets them."""
    metadata = swift.slots([key * 12 for key in keys])
    return {f"X-Container-Meta-{name}": value for name, value in metadata.items()}


def _check_origin(answer: requests.Response, origin: str) -> None:
    granted = answer.headers.get("Access-Control-Allow-Origin")
    if granted not in (origin, "*"):
        raise Failed(f"Access-Control-Allow-Origin is {granted} instead of {origin}")
