"""From a declared resource to the real one on the embedded OpenStack, by the requests that Pulumi's
provider would send.

This is what stands in for the OpenStack plugin where there is none.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import requests

Inputs = Mapping[str, Any]
Realized = tuple[str, dict[str, Any]]

_SECONDS = 30.0  # that a request may take


class OpenStack:
    """A running Keystone and Swift, as the user sees them who deploys."""

    def __init__(self, described: Mapping[str, Any], project: str = "rehearsal"):
        self._auth_url = described["auth_url"]
        self._user = described["projects"][project]
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy stands between us and loopback
        domain = {"name": self._user["user_domain"]}
        login = {
            "name": self._user["username"],
            "domain": domain,
            "password": self._user["password"],
        }
        answer = self._ask(
            "POST",
            f"{self._auth_url}/auth/tokens",
            json={
                "auth": {
                    "identity": {"methods": ["password"], "password": {"user": login}},
                    "scope": {"project": {"id": self._user["project_id"]}},
                }
            },
        )
        self._http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        token = answer.json()["token"]
        self._user_id = token["user"]["id"]
        self._storage = next(
            endpoint["url"]
            for service in token["catalog"]
            if service["type"] == "object-store"
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public" and endpoint["region"] == described["region"]
        )

    def make(self, token: str, inputs: Inputs) -> Realized:
        """Create a resource; returns its ID and its outputs. Raises RuntimeError for what the
        cloud refuses, LookupError for a type that nobody has taught this file yet."""
        if token not in _TYPES:
            raise LookupError(f"{token} cannot be rehearsed without Pulumi's engine yet")
        identifier, computed = _TYPES[token](self, inputs)
        return identifier, {**inputs, **computed}

    def read(self, token: str, identifier: str) -> dict[str, Any]:
        """The outputs of a resource that exists: what `.get` of its class asks for."""
        if token != "openstack:objectstorage/accountV1:AccountV1":  # noqa: S105  # of the schema
            raise LookupError(f"{token} cannot be read without Pulumi's engine yet")
        headers = self._ask("HEAD", self._account(identifier)).headers
        prefix = "x-account-meta-"
        return {
            "metadata": {
                name[len(prefix) :].title(): value
                for name, value in headers.items()
                if name.lower().startswith(prefix)
            }
        }

    def container(self, inputs: Inputs) -> Realized:
        headers = {
            "X-Container-Read": inputs.get("containerRead", ""),
            "X-Container-Write": inputs.get("containerWrite", ""),
            **{f"X-Container-Meta-{key}": value for key, value in inputs["metadata"].items()},
        }
        if inputs.get("versioning"):
            headers["X-Versions-Enabled"] = "true"
        self._ask("PUT", f"{self._storage}/{quote(inputs['name'], safe='')}", headers=headers)
        return inputs["name"], {}

    def account(self, inputs: Inputs) -> Realized:
        headers = {f"X-Account-Meta-{key}": value for key, value in inputs["metadata"].items()}
        self._ask("POST", self._account(inputs["projectId"]), headers=headers)
        return inputs["projectId"], {}

    def credential(self, inputs: Inputs) -> Realized:
        wanted = {"name": inputs["name"], "access_rules": inputs["accessRules"]}
        if roles := inputs.get("roles"):
            wanted["roles"] = [{"name": role} for role in roles]
        if end := inputs.get("expiresAt"):
            wanted["expires_at"] = end
        user = f"{self._auth_url}/users/{self._user_id}"
        answer = self._ask(
            "POST", f"{user}/application_credentials", json={"application_credential": wanted}
        )
        made = answer.json()["application_credential"]
        return made["id"], {"secret": made["secret"], "projectId": made["project_id"]}

    def _account(self, project_id: str) -> str:
        return f"{self._storage.rpartition('/AUTH_')[0]}/AUTH_{project_id}"

    def _ask(self, method: str, url: str, **what: Any) -> requests.Response:
        answer = self._http.request(method, url, timeout=_SECONDS, **what)
        if not answer.ok:
            said = " ".join(answer.text.split()) or answer.reason
            raise RuntimeError(f"{method} {url} was answered by {answer.status_code}: {said}")
        return answer


_TYPES: Mapping[str, Callable[[OpenStack, Inputs], Realized]] = {
    "openstack:identity/applicationCredential:ApplicationCredential": OpenStack.credential,
    "openstack:objectstorage/accountV1:AccountV1": OpenStack.account,
    "openstack:objectstorage/container:Container": OpenStack.container,
}
