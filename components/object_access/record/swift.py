"""The embedded OpenStack: Swift tells of each request, Keystone's access rules refuse."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, quote

import requests

from ..policies import swift
from ..policies.documents import PolicyDocument
from ..policies.grants import Access
from ..stores.openstack.session import SECONDS, log_in
from . import heard
from .heard import Exchange, Heard, Page, Permission
from .places import Place, Places
from .store import Store

_EXAMPLE = {
    "auth_url": "https://identity.example.org:5000/v3",
    "project_id": "0123456789abcdef" * 2,
}
# A request to a container or to an object in it -> the verb that allows it.
_VERBS: Mapping[tuple[str, str], Access] = {
    ("GET", "container"): Access.LIST,
    ("HEAD", "container"): Access.LIST,
    ("GET", "object"): Access.READ,
    ("HEAD", "object"): Access.READ,
    ("PUT", "object"): Access.WRITE,
    ("DELETE", "object"): Access.DELETE,
}


class SwiftStore(Store):
    """A container of Swift, and application credentials for it alone."""

    def __init__(self, name: str, seed: Path | None):
        super().__init__(name, seed)
        self._user: Mapping[str, str]
        self._auth_url, self._region = "", ""
        self._http: requests.Session
        self._made = 0  # credentials

    @contextmanager
    def open(self, folder: Path, *, http: bool) -> Iterator[Self]:  # noqa: ARG002
        """Start it. It has no TLS, with `http` or without."""
        from ..stores.openstack import server

        log = folder / "requests"
        log.touch()
        self.heard = _Logged(log)
        with server.running(observed=log) as described:
            self._user = described["projects"][server.OURS]
            self._auth_url, self._region = described["auth_url"], described["region"]
            self.secrets.append(self._user["password"])
            self._http, self._user_id, self._storage = log_in(described, server.OURS)
            yield self

    @property
    def endpoint(self) -> str:
        """Keystone's address."""
        return self._auth_url

    def settings(self) -> dict[str, str]:
        """The kind and the container; the cloud is the user's, as an openrc file that was loaded
        says, or an example."""
        told = {key: os.environ.get(f"OS_{key.upper()}") or _EXAMPLE[key] for key in _EXAMPLE}
        return {"kind": "swift", "container": self.name, **told}

    def holder_of(self, access: Places) -> dict[str, Any]:  # noqa: ARG002
        """An application credential for the container alone."""
        return {"as": "credential"}

    def needed(self, exchanges: Any) -> list[Permission]:
        """What was needed of the container; the first that was asked for, if none was named."""
        self.name = self.name or next((each.bucket for each in exchanges if each.bucket), "")
        return super().needed(exchanges)

    def places_of(self, asked: Collection[Permission], wanted: Collection[str]) -> dict[str, Place]:
        """One place: Swift's rules are for whole containers. Raises ValueError for others."""
        if any(wanted):
            raise ValueError("Swift's rules are for whole containers, leave --place out")
        verbs = {each.action for each in asked}
        access = tuple(verb for verb in _VERBS.values() if verb in verbs)
        return {"container": Place("", tuple(dict.fromkeys(access)))} if access else {}

    def not_covered(self, asked: Collection[Permission], access: Places) -> list[Permission]:
        """What of it these verbs do not allow."""
        given = {str(verb) for place in access.values() for verb in place.access}
        return [each for each in asked if each.action not in given]

    def policy(self, access: Places) -> PolicyDocument | None:  # noqa: ARG002
        """None: there is no IAM."""
        return None

    def reset(self, access: Places | None, pages: Sequence[Page] = ()) -> None:
        """Make everything as it was before the first run."""
        for container in self._listed("") if self._made else ():
            for name in self._listed(container):
                self._ask("DELETE", f"{self._storage}/{quote(container)}/{quote(name)}")
            self._ask("DELETE", f"{self._storage}/{quote(container)}")
        if self.name:
            rules = heard.rules_of(pages)
            origins = ["*"] if access is None else [each["origins"][0] for each in rules]
            headers = {
                f"X-Container-Meta-{name}": value for name, value in swift.cors(origins).items()
            }
            self._ask("PUT", f"{self._storage}/{quote(self.name)}", headers=headers)
            for key, file in self.seeds():
                url = f"{self._storage}/{quote(self.name)}/{quote(key)}"
                self._ask("PUT", url, data=file.read_bytes())
        self._give(access)
        self.heard.take()

    def objects(self) -> dict[str, str]:
        """What is in the container now."""
        return self._listed(self.name) if self.name else {}

    # --- as the user sees it who deploys ---

    def _give(self, access: Places | None) -> None:
        """A new credential: for what these places allow, or for everything."""
        self._made += 1
        wanted: dict[str, Any] = {"name": f"record-{self._made}"}
        if access is not None:
            verbs = [str(verb) for place in access.values() for verb in place.access]
            project = self._user["project_id"]
            # A rule must be there, for without one everything is allowed.
            rules = (
                swift.access_rules(project, self.name, verbs)
                if verbs
                else [
                    swift.AccessRule("GET", f"/v1/AUTH_{project}/{self.name}/nothing/of/this/name")
                ]
            )
            wanted["access_rules"] = [
                {"service": "object-store", "method": each.method, "path": each.path}
                for each in rules
            ]
        made = self._ask(
            "POST",
            f"{self._auth_url}/users/{self._user_id}/application_credentials",
            json={"application_credential": wanted},
        ).json()["application_credential"]
        self.secrets.append(made["secret"])
        given = {
            "application_credential_id": made["id"],
            "application_credential_secret": made["secret"],
        }
        self.variables = {
            "OS_AUTH_TYPE": "v3applicationcredential",
            "OS_AUTH_URL": self._auth_url,
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": self._region,
            **{f"OS_{key.upper()}": value for key, value in given.items()},
            **{
                f"{start}_{key.upper()}": value
                for start in ("RCLONE_SWIFT", "RCLONE_CONFIG_RECORD")
                for key, value in {
                    "type": "swift", "auth": self._auth_url, "auth_version": "3",
                    "region": self._region, **given,
                }.items()
            },
        }  # fmt: skip

    def _listed(self, container: str) -> dict[str, str]:
        """The objects of a container with their digests, or the names of all containers."""
        found: dict[str, str] = {}
        while True:
            query = {"format": "json", "marker": [*found][-1] if found else ""}
            url = f"{self._storage}/{quote(container)}" if container else self._storage
            answer = self._ask("GET", url, params=query, missing=True)
            page = answer.json() if answer.status_code == requests.codes.ok else []
            if not page:
                return found
            found |= {each["name"]: each.get("hash", "") for each in page if "name" in each}

    def _ask(self, method: str, url: str, *, missing: bool = False, **what: Any) -> Any:
        answer = self._http.request(method, url, timeout=SECONDS, **what)
        if not answer.ok and not (missing and answer.status_code == requests.codes.not_found):
            raise RuntimeError(f"the embedded OpenStack answered {answer.status_code} to {method}")
        return answer


class _Logged(Heard):
    """Takes requests from the file in which Swift tells of them."""

    def __init__(self, file: Path):
        super().__init__()
        self._file, self._read = file, 0

    def take(self) -> list[Exchange]:
        """All since the last time."""
        with self._file.open() as file:
            file.seek(self._read)
            told = [json.loads(line) for line in file]
            self._read = file.tell()
        return [_exchange(each) for each in told]


def _exchange(told: Mapping[str, Any]) -> Exchange:
    _, _, _, container, key = [*told["path"].split("/", 4), "", "", ""][:5]
    level = "object" if key else "container" if container else "account"
    method, origin = told["method"], told["headers"].get("ORIGIN", "")
    verb = _VERBS.get((method, level))
    prefix = parse_qs(told["query"]).get("prefix", [""])[0]
    allowed = told["status"] not in (401, 403)
    page = None
    if origin:
        wanted = told["headers"].get("ACCESS_CONTROL_REQUEST_METHOD", method)
        page = Page(origin, wanted)
    needed = [
        Permission(
            str(verb or f"{method} {level}"),
            container,
            key,
            {"prefix": prefix} if prefix else {},
            allowed,
        )
    ]
    if source := told["headers"].get("X_COPY_FROM"):
        other, _, copied = source.lstrip("/").partition("/")
        needed.append(Permission(Access.READ, other, copied, {}, allowed))
    return Exchange(
        f"{method} {level}",
        method,
        container,
        key,
        told["status"],
        needed=() if method == "OPTIONS" else tuple(needed),
        page=page,
    )
