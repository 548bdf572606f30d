"""Lightly on S3: an input datasource to read and, where wanted, an output datasource to write to.

Every value is from Lightly's guide "S3": what input and output need, twelve-hour sessions, an
external ID, no MFA. Its own policies list the whole bucket; here only the prefixes can be listed.
"""

from collections.abc import Mapping
from typing import Any

from object_access import (
    AccessUser,
    DelegatedRole,
    DelegatedRoleArgs,
    GrantArgs,
    PrefixPolicy,
    TrustArgs,
)
from object_access.policies.grants import Access

from .buckets import bucket_of
from .settings import Lightly, LightlyAccess

SESSION = 43_200  # seconds: with less, Lightly cannot work
_READ = [Access.LIST, Access.READ]
_WRITE = [*_READ, Access.WRITE, Access.DELETE]


def build(project: Lightly) -> dict[str, Any]:
    """Declare the datasources; returns what Lightly's form and the lights need."""
    arn, bucket = bucket_of(project)
    reading: GrantArgs = {"bucket_arn": arn, "access": _READ}
    if project.prefix:
        reading["prefixes"] = [project.prefix]
    writing: GrantArgs = {"bucket_arn": arn, "access": _WRITE, "prefixes": [project.output]}
    give = _role if project.access is LightlyAccess.DELEGATED else _user
    if project.separate:
        handed = give(project, "", {"input": reading})
        output = give(project, "output", {"output": writing})
        handed |= {f"output_{key}": value for key, value in output.items()}
    elif not project.output:
        handed = give(project, "", {"input": reading})
    elif project.output == project.prefix:
        handed = give(project, "", {"output": writing})
    else:
        handed = give(project, "", {"input": reading, "output": writing})
    return {
        "kind": "lightly",
        "bucket": bucket,
        "region": project.region,
        "adopted": project.adopt,
        "prefix": project.prefix,
        "output": project.output,
        "access": project.access.value,
        "separate": project.separate,
        "account": project.account,
        **handed,
    }


def _role(project: Lightly, part: str, grants: Mapping[str, GrantArgs]) -> dict[str, Any]:
    suffix = f"-{part}" if part else ""
    name = project.role_name + suffix if project.role_name else project.made(f"lightly{suffix}", 64)
    trusted: TrustArgs = {"principals": [project.account]}
    if project.external_id:
        trusted["external_id"] = project.external_id
    args: DelegatedRoleArgs = {
        "role_name": name,
        "trusts": {"lightly": trusted},
        "grants": grants,
        "max_session_duration": SESSION,
        "tags": project.tags,
    }
    role = DelegatedRole(project.name + suffix, args)
    return {"role_arn": role.role_arn, "external_id": role.external_ids["lightly"]}


def _user(project: Lightly, part: str, grants: Mapping[str, GrantArgs]) -> dict[str, Any]:
    suffix = f"-{part}" if part else ""
    name = project.made(f"lightly{suffix}", 64)
    policy = PrefixPolicy(
        project.name + suffix, {"policy_name": name, "grants": grants, "tags": project.tags}
    )
    user = AccessUser(
        project.name + suffix,
        {
            "user_name": name,
            "managed_policies": {"lightly": policy.policy_arn},
            "keys": project.keys,
            "tags": project.tags,
        },
    )
    return {"access_key_id": user.access_key_id, "secret_access_key": user.secret_access_key}
