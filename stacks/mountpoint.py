"""A bucket for the AWS CLI and Mountpoint: a role for virtual machines, or a user with a key.

The actions are those of Mountpoint's CONFIGURATION.md, "IAM permissions".
"""

from collections.abc import Mapping
from typing import Any

from object_access import AccessUser, GrantArgs, WorkloadRole
from object_access.policies.grants import Access

from .buckets import bucket_of
from .settings import Holder, MountAccess, Mountpoint

_ACCESS: Mapping[MountAccess, list[Access]] = {
    MountAccess.READ: [Access.LIST, Access.READ],
    MountAccess.WRITE: [Access.LIST, Access.READ, Access.WRITE],
    MountAccess.DELETE: [Access.LIST, Access.READ, Access.WRITE, Access.DELETE],
}


def build(project: Mountpoint) -> dict[str, Any]:
    """Declare the bucket and who mounts it; returns what the mount and the lights need."""
    arn, bucket = bucket_of(project)
    granted: GrantArgs = {"bucket_arn": arn, "access": _ACCESS[project.access]}
    if project.prefix:
        granted["prefixes"] = [project.prefix]
    name, grants = project.made("mountpoint", 64), {"mountpoint": granted}
    handed: dict[str, Any]
    if project.holder is Holder.VM:
        role = WorkloadRole(
            project.name, {"role_name": name, "grants": grants, "tags": project.tags}
        )
        handed = {"instance_profile": role.instance_profile, "role_arn": role.role_arn}
    else:
        user = AccessUser(
            project.name,
            {"user_name": name, "grants": grants, "keys": project.keys, "tags": project.tags},
        )
        handed = {"access_key_id": user.access_key_id, "secret_access_key": user.secret_access_key}
    return {
        "kind": "mountpoint",
        "bucket": bucket,
        "region": project.region,
        "adopted": project.adopt,
        "prefix": project.prefix,
        "access": project.access.value,
        "directory": project.directory,
        **handed,
    }
