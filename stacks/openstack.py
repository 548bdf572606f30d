"""An OpenStack, looked at before anything is declared on it."""

import os
from typing import Any

import pulumi
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from .projects import SwiftProject

TIMEOUT = 15  # seconds for one answer


def check(project: SwiftProject) -> None:
    """Find in a preview what would fail half-way: Keystone or Swift that do not answer, a password
    or region that is wrong, a store without temporary URLs or without keys of containers.

    Uses the variables of an openrc file (OS_USERNAME, OS_PASSWORD, ..., or OS_APPLICATION_...), as
    Pulumi's plugin does; with OS_CLOUD alone the plugin's own errors must do. Raises ValueError
    with one line. With OBJECT_ACCESS_LOOK=no there is no cloud to look at.
    """
    if os.environ.get("OBJECT_ACCESS_LOOK") == "no":  # a report, which reaches no cloud
        return
    if os.environ.get("OS_CLOUD") and not os.environ.get("OS_PASSWORD"):
        pulumi.log.info(
            f"{project.name}: with OS_CLOUD nothing is looked at before the plugin does"
        )
        return
    try:
        _look(project)
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
    else:
        return
    raise ValueError(f"{project.name}: {told}")


def _look(project: SwiftProject) -> None:
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
