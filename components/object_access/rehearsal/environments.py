"""What an environment needs of the embedded cloud, and its settings with that in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..policies.trust import account_of
from ..workspace import KEY, Workspace

if TYPE_CHECKING:
    from stacks.settings import Loaded

    from .cloud import Cloud


def check_readable(config: Mapping[str, Any]) -> None:
    """Refuse what is encrypted: only Pulumi's engine has the key. Raises ValueError."""
    from ..access.program import readable

    for key, value in config.items():
        if readable(value) != value:
            raise ValueError(
                f"{key} is encrypted, which only Pulumi's engine can read: put 'pulumi' on PATH"
            )


def projects_of(
    workspace: Workspace, environment: str, config: Mapping[str, Any]
) -> list["Loaded"]:
    """The projects, checked as the program will check them: what the rehearsal must provide is
    known before it starts, and a mistake costs no time. None of a program without `stacks/`. Raises
    ValueError for a mistake."""
    if not workspace.has_kinds:
        return []
    from ..access.program import readable

    class Config:
        def get_object(self, key: str) -> Any:
            return readable(config.get(f"object-access:{key}"))

    loaded: list[Loaded] = workspace.module("settings").load(Config(), environment)
    return loaded


@dataclass(frozen=True)
class Needs:
    """What of the embedded cloud an environment needs."""

    accounts: list[str]
    """Accounts whom its projects trust."""
    compatible: bool
    swift: bool


def needs_of(workspace: Workspace, projects: list["Loaded"]) -> Needs:
    """What these projects need; of a program that has none, what it seems to."""
    if not workspace.has_kinds:
        return Needs([], compatible=False, swift=workspace.mentions("pulumi_openstack"))
    from stacks import projects as kinds

    accounts = set()
    for each in projects:
        for holder in getattr(each.project, "holders", {}).values():
            trusted = holder.trusted if isinstance(holder, kinds.Role) else ()
            named = holder.principals if isinstance(holder, kinds.Foreign) else ()
            accounts |= {account_of(principal) for principal in (*trusted, *named)}
    return Needs(
        sorted(accounts),
        compatible=any(isinstance(each.project, kinds.CompatibleProject) for each in projects),
        swift=any(isinstance(each.project, kinds.SwiftProject) for each in projects),
    )


def at_rehearsal(
    config: Mapping[str, Any], projects: list["Loaded"], cloud: "Cloud"
) -> dict[str, Any]:
    """The configuration with the embedded stores in the place of those that the projects name."""
    if not projects:
        return dict(config)
    body = config[KEY]
    listed = dict(body.get("projects", {}))
    for each in projects:
        name = each.project.name
        given = listed.get(name) or {
            "kind": each.project.consumer,
            **(each.consumer.example if each.consumer else {}),
        }
        listed[name] = {**given, **_here(each, given, cloud)}
    return {**config, KEY: {**body, "projects": listed, "examples": False}}


def _here(loaded: "Loaded", given: Mapping[str, Any], cloud: "Cloud") -> dict[str, Any]:
    from stacks.projects import CompatibleProject, OpenStackUser, SwiftProject

    project = loaded.project
    if isinstance(project, CompatibleProject):
        return {"endpoint": cloud.compatible["endpoint"]}
    if not isinstance(project, SwiftProject):
        return {}
    user = cloud.swift["projects"]["rehearsal"]
    here = {
        "auth_url": cloud.swift["auth_url"],
        "region": cloud.swift["region"],
        "project_id": user["project_id"],
    }
    if "username" in given:
        return {**here, "username": user["username"]}
    holders = {
        name: {**given["holders"][name], "username": user["username"]}
        for name, each in project.holders.items()
        if isinstance(each, OpenStackUser) and "holders" in given
    }
    return {**here, **({"holders": {**given["holders"], **holders}} if holders else {})}


def profiles(projects: list["Loaded"]) -> set[str]:
    """The profiles with keys of S3-compatible stores that the projects name."""
    if not projects:
        return set()
    from stacks.projects import CompatibleProject

    return {
        each.project.profile for each in projects if isinstance(each.project, CompatibleProject)
    }
