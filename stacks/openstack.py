"""An OpenStack, looked at before anything is declared on it."""

import os
from typing import Any
from urllib.parse import quote

import pulumi
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from object_access._args import naming
from object_access.policies import swift

from .projects import SwiftProject

TIMEOUT = 15  # seconds for one answer


def check(project: SwiftProject) -> bool:
    """Whether the project's container is there already.

    Finds in a preview what would fail half-way: Keystone or Swift that do not answer, a password
    or region that is wrong, a store without temporary URLs or without keys of containers, and an
    account whose key is somebody else's.

    Uses the variables of an openrc file (OS_USERNAME, OS_PASSWORD, ..., or OS_APPLICATION_...), as
    Pulumi's plugin does; with OS_CLOUD alone the plugin's own errors must do. Raises ValueError
    with one line.
    """
    if os.environ.get("OS_CLOUD") and not os.environ.get("OS_PASSWORD"):
        pulumi.log.info(
            f"{project.name}: with OS_CLOUD nothing is looked at before the plugin does"
        )
        return False
    try:
        return _look(project)
    except exceptions.Unauthorized:
        told = f"Keystone at {project.auth_url} refuses user, password or project: check OS_*"
    except exceptions.ConnectTimeout:
        told = f"{project.auth_url} or its store did not answer within {TIMEOUT} s: try later"
    except exceptions.EndpointNotFound:
        told = (
            f"region '{project.region}' has no object store in the catalogue of "
            f"{project.auth_url}: check OS_REGION_NAME"
        )
    except exceptions.ConnectFailure as error:
        told = f"nobody answers: {error}"
    except (exceptions.HttpError, exceptions.DiscoveryFailure) as error:
        told = f"{project.auth_url} or its store answered: {error}"
    raise ValueError(f"{project.name}: {told}")


def _look(project: SwiftProject) -> bool:
    client = session.Session(_login(project), timeout=TIMEOUT)
    url = client.get_endpoint(
        service_type="object-store", interface="public", region_name=project.region
    )
    if not url:
        raise exceptions.EndpointNotFound
    base = url.partition("/v1")[0]
    offered: dict[str, Any] = client.get(f"{base}/info", authenticated=False).json()
    urls = project.temp_urls
    if urls and "tempurl" not in offered:
        raise ValueError(
            f"{project.name}: the store at {base} has no temporary URLs, which this project hands "
            "out: ask its operator for the middleware 'tempurl'"
        )
    # Ceph's gateway has its Swift API below /swift, unless its operator moved it.
    if urls and urls.signed_by == "container" and base.rstrip("/").endswith("/swift"):
        raise ValueError(
            f"{project.name}: the store at {base} is Ceph's, which knows only keys of accounts: "
            "sign with the account's (for valohai-swift 'key: account')"
        )
    if urls and urls.signed_by == "account":
        # No 404: Swift makes an account with its first container, and describes it before.
        found = client.head(url, raise_exc=False).headers
        prefix = "x-account-meta-"
        meta = {key[len(prefix) :]: found[key] for key in found if key.lower().startswith(prefix)}
        ours = [
            swift.owner(pulumi.get_project(), pulumi.get_stack(), name) for name in project.called()
        ]
        found_owner = next((meta[key] for key in meta if key.title() == swift.OWNER), "")
        owner = found_owner if found_owner in ours else ours[0]
        with naming(project.name):
            swift.check_account(meta, owner, adopt=urls.adopt_key)
    there = client.head(f"{url}/{quote(project.container, safe='')}", raise_exc=False)
    return bool(there.ok)


def _login(project: SwiftProject) -> v3.Auth:
    given = os.environ.get
    if identity := given("OS_APPLICATION_CREDENTIAL_ID"):
        return v3.ApplicationCredential(
            project.auth_url,
            application_credential_id=identity,
            application_credential_secret=given("OS_APPLICATION_CREDENTIAL_SECRET", ""),
        )
    username, password = given("OS_USERNAME"), given("OS_PASSWORD")
    if not username or not password:
        raise ValueError(
            f"{project.name}: no OpenStack credentials: load your openrc file, which sets "
            "OS_USERNAME and OS_PASSWORD"
        )
    return v3.Password(
        project.auth_url,
        username=username,
        password=password,
        user_domain_name=given("OS_USER_DOMAIN_NAME", "Default"),
        project_id=project.project_id,
    )
