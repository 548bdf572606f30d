"""From a declared resource to the real one on the embedded OpenStack, by the requests that Pulumi's
provider would send.

This is what stands in for the OpenStack plugin where there is none.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from ..stores.openstack.session import SECONDS, log_in
from .kinds import Found, Gone, Inputs, Kind, Outputs, Realized

if TYPE_CHECKING:
    from .cloud import Cloud

_ACCESS_RULE = ("method", "path", "service")


class OpenStack:
    """A running Keystone and Swift, as the user sees them who deploys."""

    def __init__(self, described: Mapping[str, Any], project: str = "rehearsal"):
        self._auth_url = described["auth_url"]
        self._http, self._user_id, self._storage = log_in(described, project)

    # --- containers ---

    def container(self, inputs: Inputs) -> Realized:
        """Make a container, or set the settings of one."""
        self._ask("PUT", self._container(inputs["name"]), headers=_container_headers(inputs))
        return inputs["name"], {}

    def read_container(self, name: str, state: Outputs) -> Found:
        """Its settings."""
        headers = self._ask("HEAD", self._container(name)).headers
        return {
            "name": name,
            "containerRead": headers.get("X-Container-Read", ""),
            "containerWrite": headers.get("X-Container-Write", ""),
            "versioning": headers.get("X-Versions-Enabled", "").lower() == "true",
            "metadata": _metadata(headers, "X-Container-Meta-", state),
        }, {}

    def update_container(self, name: str, _state: Outputs, inputs: Inputs) -> dict[str, Any]:
        """Set its settings; metadata that are dropped stay, as the plugin leaves them."""
        self._ask("POST", self._container(name), headers=_container_headers(inputs))
        return {}

    def delete_container(self, name: str, state: Outputs) -> None:
        """Delete it, with its objects where the program says so."""
        if state.get("forceDestroy"):
            listed = self._ask("GET", f"{self._container(name)}?format=json&versions=true")
            for each in listed.json():
                version = f"?version-id={each['version_id']}" if each.get("version_id") else ""
                self._ask("DELETE", f"{self._container(name)}/{quote(each['name'])}{version}")
        self._ask("DELETE", self._container(name))

    # --- the account ---

    def account(self, inputs: Inputs) -> Realized:
        """Set the account's metadata."""
        return inputs["projectId"], self._set_account(inputs["projectId"], {}, inputs)

    def read_account(self, project_id: str, state: Outputs) -> Found:
        """All metadata of the account."""
        headers = self._ask("HEAD", self._account(project_id)).headers
        return {
            "projectId": project_id,
            "metadata": _metadata(headers, "X-Account-Meta-", state),
        }, {}

    def _set_account(self, project_id: str, old: Outputs, new: Inputs) -> dict[str, Any]:
        dropped = (old.get("metadata") or {}).keys() - (new.get("metadata") or {}).keys()
        headers = {f"X-Account-Meta-{key}": "" for key in dropped}
        headers |= {f"X-Account-Meta-{key}": value for key, value in new["metadata"].items()}
        self._ask("POST", self._account(project_id), headers=headers)
        return {}

    def update_account(self, project_id: str, state: Outputs, inputs: Inputs) -> dict[str, Any]:
        """Set its metadata, and remove what was there before."""
        return self._set_account(project_id, state, inputs)

    def delete_account(self, project_id: str, state: Outputs) -> None:
        """Remove the metadata; the account itself stays."""
        self._set_account(project_id, state, {"metadata": {}})

    # --- credentials ---

    def credential(self, inputs: Inputs) -> Realized:
        """Make an application credential, whose secret is told this once."""
        wanted = {"name": inputs["name"], "access_rules": inputs["accessRules"]}
        if roles := inputs.get("roles"):
            wanted["roles"] = [{"name": role} for role in roles]
        if end := inputs.get("expiresAt"):
            wanted["expires_at"] = end
        answer = self._ask("POST", self._credentials, json={"application_credential": wanted})
        made = answer.json()["application_credential"]
        return made["id"], {"secret": made["secret"], "projectId": made["project_id"]}

    def read_credential(self, identifier: str, state: Outputs) -> Found:
        """What it may do."""
        answer = self._ask("GET", f"{self._credentials}/{identifier}")
        found = answer.json()["application_credential"]
        rules = [{key: rule[key] for key in _ACCESS_RULE} for rule in found["access_rules"]]
        known = [{key: rule[key] for key in _ACCESS_RULE} for rule in state.get("accessRules", ())]
        in_order = known if sorted(map(str, known)) == sorted(map(str, rules)) else rules
        return {"name": found["name"], "accessRules": in_order}, {"projectId": found["project_id"]}

    def delete_credential(self, identifier: str, _state: Outputs) -> None:
        """End it."""
        self._ask("DELETE", f"{self._credentials}/{identifier}")

    @property
    def _credentials(self) -> str:
        return f"{self._auth_url}/users/{self._user_id}/application_credentials"

    def _container(self, name: str) -> str:
        return f"{self._storage}/{quote(name, safe='')}"

    def _account(self, project_id: str) -> str:
        return f"{self._storage.rpartition('/AUTH_')[0]}/AUTH_{project_id}"

    def _ask(self, method: str, url: str, **what: Any) -> requests.Response:
        answer = self._http.request(method, url, timeout=SECONDS, **what)
        if answer.status_code == 409 and url == self._credentials:
            name = what["json"]["application_credential"]["name"]
            raise RuntimeError(
                f"an application credential '{name}' exists already, whose secret was told once: "
                f"openstack application credential delete {name}"
            )
        if answer.status_code == 404:
            raise Gone(f"{method} {url} was answered by 404")
        if not answer.ok:
            said = " ".join(answer.text.split()) or answer.reason
            raise RuntimeError(f"{method} {url} was answered by {answer.status_code}: {said}")
        return answer


def _container_headers(inputs: Inputs) -> dict[str, str]:
    return {
        "X-Container-Read": inputs.get("containerRead", ""),
        "X-Container-Write": inputs.get("containerWrite", ""),
        **{f"X-Container-Meta-{key}": value for key, value in inputs["metadata"].items()},
        **({"X-Versions-Enabled": "true"} if inputs.get("versioning") else {}),
    }


def _metadata(headers: Mapping[str, str], prefix: str, state: Outputs) -> dict[str, str]:
    """The metadata, with the names that the program gave them: Swift tells them in its own case."""
    spelt = {name.lower(): name for name in state.get("metadata") or {}}
    found = {
        name[len(prefix) :]: value
        for name, value in headers.items()
        if name.lower().startswith(prefix.lower())
    }
    return {spelt.get(name.lower(), name.title()): value for name, value in found.items()}


def _kind(
    name: str, replaces: Iterable[str], computed: Iterable[str] = (), named: str = ""
) -> Kind:
    """A type whose verbs are methods of `OpenStack`."""

    def create(cloud: "Cloud", inputs: Inputs) -> Realized:
        identifier, found = getattr(cloud.openstack, name)(inputs)
        if "secret" in found:
            cloud.keep_secret(found["secret"])
        return identifier, found

    def verb(what: str) -> Any:
        return lambda cloud, *given: getattr(cloud.openstack, f"{what}_{name}")(*given)

    return Kind(
        create,
        verb("read"),
        verb("update") if "*" not in replaces else _never,
        verb("delete"),
        frozenset(replaces),
        named,
        frozenset(computed),
    )


def _never(*_: Any) -> dict[str, Any]:
    """Of what is always made anew."""
    raise NotImplementedError


KINDS = {
    "openstack:identity/applicationCredential:ApplicationCredential": _kind(
        "credential", ["*"], ["secret", "projectId"], "name"
    ),
    "openstack:objectstorage/accountV1:AccountV1": _kind("account", ["projectId", "region"]),
    # Not for its name, whatever the plugin's documentation says: `SwiftContainer` asks for that.
    "openstack:objectstorage/container:Container": _kind("container", ["region"], named="name"),
}
