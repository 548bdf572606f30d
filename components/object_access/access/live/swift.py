"""What is there on OpenStack, by calls that only read: HEAD of containers and of the account, and
the caller's own application credentials.

Who asks, and where, is in the variables of an openrc file, as for the program itself.
"""

import os
from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from ...policies.swift import TEMP_URL_KEYS
from ..program import PROJECT_ID, Program
from . import names
from .there import There

_TIMEOUT = 15  # seconds for one answer
_STORE = {"service_type": "object-store", "interface": "public"}
_KIND = "openstack:objectstorage/container:Container"
_ACCOUNT = "openstack:objectstorage/accountV1:AccountV1"
_CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"


def look(program: Program, there: There) -> Program:
    """Note what is there of the project; gives the program with the project's ID."""
    ours = [each for each in program.resources if each.type.startswith("openstack:")]
    if not ours:
        return program
    given = os.environ.get
    if not given("OS_AUTH_URL"):
        raise ValueError("the program has Swift: load your openrc file, which sets OS_AUTH_URL")
    client = session.Session(_login(given("OS_AUTH_URL", "")), timeout=_TIMEOUT)
    try:
        project, user = client.get_project_id(), client.get_user_id()
    except exceptions.ClientException as error:
        raise ValueError(f"Keystone refuses the login: {' '.join(str(error).split())}") from None
    wanted = {each for key, each in program.clouds.items() if key.endswith(": project_id")}
    if wanted - {PROJECT_ID, project}:
        raise ValueError(
            f"this login is of project {project}, the program is for {', '.join(sorted(wanted))}: "
            "load that project's openrc file"
        )
    store = {**_STORE, "region_name": given("OS_REGION_NAME", "")}
    reader = _Reader(client, {key: value for key, value in store.items() if value}, there)
    program = names.renamed(program, {PROJECT_ID: str(project)})
    kinds = {kind: [e for e in program.resources if e.type == kind]
             for kind in (_KIND, _ACCOUNT, _CREDENTIAL)}  # fmt: skip
    for each in kinds[_KIND]:
        name = each.outputs["name"]
        headers = reader.head(f"container {name}", f"/{name}")
        if headers is None:
            there.stand_in([each])
        elif headers:
            there.resources.append(each._replace(outputs={**each.outputs, **_container(headers)}))
    headers = reader.head("the account", "")
    keys = _metadata(headers or {}, "X-Account-Meta-")
    if headers is None:
        there.stand_in(kinds[_ACCOUNT])
    elif keys.keys() & {*TEMP_URL_KEYS}:
        there.add(_ACCOUNT, "account", {"name": "account", "metadata": keys})
    reader.credentials(str(user), {e.outputs["name"]: e.name for e in kinds[_CREDENTIAL]})
    return program


def _login(url: str) -> v3.Auth:
    given = os.environ.get
    if identity := given("OS_APPLICATION_CREDENTIAL_ID"):
        secret = given("OS_APPLICATION_CREDENTIAL_SECRET", "")
        return v3.ApplicationCredential(
            url, application_credential_id=identity, application_credential_secret=secret
        )
    username, password = given("OS_USERNAME"), given("OS_PASSWORD")
    if not username or not password:
        raise ValueError("no OpenStack credentials: load your openrc file, with OS_PASSWORD")
    return v3.Password(
        url,
        username=username,
        password=password,
        user_domain_name=given("OS_USER_DOMAIN_NAME", "Default"),
        project_id=given("OS_PROJECT_ID"),
        project_name=None if given("OS_PROJECT_ID") else given("OS_PROJECT_NAME"),
        project_domain_name=None
        if given("OS_PROJECT_ID")
        else given("OS_PROJECT_DOMAIN_NAME", "Default"),
    )


class _Reader:
    """Asks the store and Keystone."""

    def __init__(self, client: session.Session, store: Mapping[str, str], there: There):
        self._client, self._store, self._there = client, store, there

    def head(self, what: str, path: str) -> Mapping[str, str] | None:
        """Its headers; empty where it is not there, and nothing where it may not be read."""
        try:
            return dict(self._client.head(path, endpoint_filter=self._store).headers)
        except exceptions.NotFound:
            return {}
        except exceptions.ClientException as error:
            self._there.unread.append(f"{what} ({type(error).__name__})")
            return None

    def credentials(self, user: str, ours: Mapping[str, str]) -> None:
        """Note the caller's application credentials."""
        path = f"/users/{user}/application_credentials"
        identity = {"service_type": "identity", "interface": "public"}
        try:
            told = self._client.get(path, endpoint_filter=identity).json()
        except exceptions.ClientException as error:
            why = f"application credentials of {user} ({type(error).__name__})"
            self._there.unread.append(why)
            return
        for each in told["application_credentials"]:
            made: dict[str, Any] = {
                "name": each["name"],
                "roles": sorted(role["name"] for role in each["roles"]),
                "accessRules": each.get("access_rules") or [],
            }
            if each["expires_at"]:
                made["expiresAt"] = f"{each['expires_at'][:19]}Z"
            self._there.add(_CREDENTIAL, ours.get(each["name"], each["name"]), made)


def _container(headers: Mapping[str, str]) -> dict[str, Any]:
    lowered = {key.lower(): value for key, value in headers.items()}
    return {
        "containerRead": lowered.get("x-container-read", ""),
        "containerWrite": lowered.get("x-container-write", ""),
        "metadata": _metadata(headers, "X-Container-Meta-"),
    }


def _metadata(headers: Mapping[str, str], start: str) -> dict[str, str]:
    return {
        key[len(start) :].title(): value
        for key, value in headers.items()
        if key.lower().startswith(start.lower())
    }
