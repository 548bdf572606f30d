"""The environments: files `stacks/environments/Pulumi.<environment>.yaml`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stacks import settings

from ..access.program import readable
from ..workspace import KEY

if TYPE_CHECKING:
    from .cloud import Cloud


def check_readable(config: Mapping[str, Any]) -> None:
    """Refuse what is encrypted: only Pulumi's engine has the key. Raises ValueError."""
    for key, value in config.items():
        if readable(value) != value:
            raise ValueError(
                f"{key} is encrypted, which only Pulumi's engine can read: put 'pulumi' on PATH"
            )


def projects_of(environment: str, config: Mapping[str, Any]) -> list[settings.Project]:
    """The projects, checked as the program will check them: what the rehearsal must provide is
    known before it starts, and a mistake costs no time. Raises ValueError for one."""

    class Config:
        def get_object(self, key: str) -> Any:
            return readable(config.get(f"object-access:{key}"))

    return settings.load(Config(), environment)


def at_rehearsal(config: Mapping[str, Any], cloud: "Cloud") -> dict[str, Any]:
    """The configuration with the embedded stores in the place of those that the projects name."""
    body = config.get(KEY)
    if not isinstance(body, dict):
        return dict(config)
    projects = {
        name: {**project, **_here(project, cloud)} for name, project in body["projects"].items()
    }
    return {**config, KEY: {**body, "projects": projects}}


def _here(project: Mapping[str, Any], cloud: "Cloud") -> dict[str, str]:
    if project["kind"] == "kopah":
        return {"endpoint": cloud.compatible["endpoint"]}
    if project["kind"] == "valohai-swift":
        user = cloud.swift["projects"]["rehearsal"]
        return {
            "auth_url": cloud.swift["auth_url"],
            "region": cloud.swift["region"],
            "project_id": user["project_id"],
            "username": user["username"],
        }
    return {}


def uses_swift(config: Mapping[str, Any]) -> bool:
    """Whether a project is on OpenStack."""
    return bool(_of_kind(config, "valohai-swift"))


def profiles(config: Mapping[str, Any]) -> set[str]:
    """The profiles with keys of S3-compatible stores that the projects name."""
    of_kind = _of_kind(config, "kopah")
    return {str(project.get("profile", settings.Kopah.profile)) for project in of_kind}


def _of_kind(config: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    body = config.get(KEY)
    listed = body.get("projects", {}) if isinstance(body, dict) else {}
    return [each for each in listed.values() if isinstance(each, dict) and each.get("kind") == kind]
