"""A project on OpenStack Swift: the container, its temp-URL key, and who else gets in."""

from typing import Any

from pulumi import Output

from object_access import SwiftAccountKey, SwiftContainer, SwiftContainerArgs, SwiftCredential
from object_access.handover import model
from object_access.policies.grants import Access

from . import renamed
from .projects import (
    Credential,
    ListedUsers,
    OpenStackUser,
    SwiftHolder,
    SwiftProject,
)

Exported = dict[str, Any]


def build(project: SwiftProject) -> tuple[Exported, dict[str, Exported]]:
    """Declare the container; returns where it is, and how each holder gets in. Passwords stay where
    they are, in the environment of the one who deploys."""
    container = SwiftContainer(project.name, _container(project), renamed.options(project))
    where = model.exported(
        model.Swift,
        container=container.container_name,
        auth_url=project.auth_url,
        region=project.region,
        project_id=project.project_id,
    )
    key = _temp_url_key(project, container)
    return where, {
        name: _how(project, name, holder, key) for name, holder in project.holders.items()
    }


def _container(project: SwiftProject) -> SwiftContainerArgs:
    urls = project.temp_urls
    args: SwiftContainerArgs = {
        "container_name": project.container,
        "region": project.region,
        "keys": project.keys if urls and urls.signed_by == "container" else [],
        "versioning": project.versioning,
        "removal": project.removal,
    }
    if project.origins:
        args["cors"] = {"origins": project.origins}
    read, write = _listed(project, Access.READ), _listed(project, Access.WRITE)
    if read or write:
        args["access"] = {"read": read, "write": write}
    return args


def _listed(project: SwiftProject, verb: Access) -> list[str]:
    """The elements of an access control list of the container."""
    return [
        element
        for holder in project.holders.values()
        if isinstance(holder, ListedUsers)
        and any(verb in each.access for each in project.of(holder.places).values())
        for element in holder.elements
    ]


def _temp_url_key(project: SwiftProject, container: SwiftContainer) -> Output[str]:
    urls = project.temp_urls
    if not urls or urls.signed_by == "container":
        return container.temp_url_key
    return SwiftAccountKey(
        project.name,
        {
            "project_id": project.project_id,
            "region": project.region,
            "keys": project.keys,
            "after": container.container_name,
            "adopt": project.takes_over,
        },
        renamed.options(project),
    ).temp_url_key


def _how(project: SwiftProject, name: str, holder: SwiftHolder, key: Output[str]) -> Exported:
    if isinstance(holder, OpenStackUser):
        return model.exported(model.Password, username=holder.username)
    if isinstance(holder, ListedUsers):
        return model.exported(model.Listed, elements=list(holder.elements))
    if isinstance(holder, Credential):
        made = SwiftCredential(
            project.called(name)[0],
            {
                "credential_name": project.made(name),
                "project_id": project.project_id,
                "container_name": project.container,
                "access": _verbs(project, holder),
                "region": project.region,
            },
            renamed.options(project, name),
        )
        return model.exported(
            model.Credential, credential_id=made.credential_id, secret=made.secret
        )
    return model.exported(model.TempUrls, key=key, signed_by=holder.signed_by)


def _verbs(project: SwiftProject, holder: Credential) -> list[Access]:
    granted = [verb for each in project.of(holder.places).values() for verb in each.access]
    return list(dict.fromkeys(granted))
