"""Logging in to the embedded OpenStack, as the user does who deploys."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import requests

SECONDS = 30.0
"""That a request may take."""


class Session(NamedTuple):
    """A user who is logged in."""

    http: requests.Session
    user_id: str
    storage: str
    """The address of the project's account at Swift."""


def log_in(described: Mapping[str, Any], project: str) -> Session:
    """Log in to a project of the OpenStack that is described as `server.running` gives it.

    Raises RuntimeError where Keystone refuses.
    """
    user = described["projects"][project]
    http = requests.Session()
    http.trust_env = False  # no proxy stands between us and loopback
    login = {
        "name": user["username"],
        "domain": {"name": user["user_domain"]},
        "password": user["password"],
    }
    answer = http.post(
        f"{described['auth_url']}/auth/tokens",
        json={
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": login}},
                "scope": {"project": {"id": user["project_id"]}},
            }
        },
        timeout=SECONDS,
    )
    if not answer.ok:
        raise RuntimeError(f"the embedded Keystone answered {answer.status_code} to a login")
    http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
    token = answer.json()["token"]
    storage = next(
        endpoint["url"]
        for service in token["catalog"]
        if service["type"] == "object-store"
        for endpoint in service["endpoints"]
        if endpoint["interface"] == "public" and endpoint["region"] == described["region"]
    )
    return Session(http, token["user"]["id"], storage)
