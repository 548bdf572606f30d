"""From a declared resource to the real one: what Pulumi's plugins do, by the clouds' own APIs.

Both engines use these verbs: Pulumi's, by way of `plugin.py`, and the one in this process. Inputs
and outputs have the names of the plugins' schemas. A type is a `Kind`: a function for each verb,
and the inputs that its plugin cannot change in place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from . import (
    provision_dynamic,
    provision_iam,
    provision_kms,
    provision_openstack,
    provision_s3,
)
from .cloud import Cloud
from .kinds import Inputs, Kind, Outputs, Realized, gone

_KINDS: Mapping[str, Kind] = {
    **provision_s3.KINDS,
    **provision_iam.KINDS,
    **provision_kms.KINDS,
    **provision_openstack.KINDS,
}
# Inputs that the plugin filled in, as plugins made of Terraform's note them.
_DEFAULTS = "__defaults"
PACKAGES = ("aws", "openstack", "random", "pulumi-python")
"""The plugins that this stands in for."""


@dataclass(frozen=True)
class Difference:
    """What has to be done so that a resource has other inputs."""

    changed: list[str]
    """The inputs that differ, sorted."""
    replaces: list[str]
    """Those of them for which the resource must be made anew."""
    delete_first: bool
    """Where it is made anew, the old one goes first: the program gives it a name, which stays."""


def kind_of(token: str) -> Kind:
    """Raises LookupError for a type that nobody has taught this folder yet."""
    if token.startswith("pulumi-python:dynamic"):
        return provision_dynamic.KIND
    if token not in _KINDS:
        raise LookupError(
            f"{token} cannot be rehearsed without its official plugin yet: "
            "add it to rehearsal/provision.py, or use --engine official"
        )
    return _KINDS[token]


def checked(token: str, name: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """The inputs, with a physical name where the program gives none: the one that it had, or the
    resource's own and seven digits (Pulumi's page "Names", "Autonaming")."""
    if token.startswith("pulumi:providers:"):
        return dict(new)
    kind = kind_of(token)
    if not kind.named or new.get(kind.named):
        return dict(new)
    before = old.get(kind.named) if kind.named in old.get(_DEFAULTS, ()) else ""
    start = new.get(f"{kind.named}Prefix") or f"{name.lower()}-"
    made = before or f"{start}{uuid4().hex[:7]}"
    return {**new, kind.named: made, _DEFAULTS: [kind.named]}


def create(cloud: Cloud, token: str, inputs: Inputs) -> Realized:
    """Create one resource on the embedded cloud; returns its ID and its outputs.

    Raises LookupError for a type that is not known, and what the cloud's client raises for what
    the cloud refuses.
    """
    identifier, computed = kind_of(token).create(cloud, inputs)
    return identifier, {**inputs, **computed}


def read(
    cloud: Cloud, token: str, identifier: str, state: Outputs, inputs: Inputs
) -> tuple[Outputs, Inputs] | None:
    """The outputs and inputs of a resource as it is now; None where it is gone. What means the same
    as in `state` and `inputs` is told in their words, and what no cloud tells stays."""
    try:
        there = kind_of(token).read(cloud, identifier, state)
    except Exception as error:
        if gone(error):
            return None
        raise
    if there is None:
        return None
    found, computed = there
    return _merged(_merged(state, found), computed), _merged(inputs, found)


def update(cloud: Cloud, token: str, identifier: str, state: Outputs, inputs: Inputs) -> Outputs:
    """Give a resource other inputs, in place; returns its outputs."""
    computed = kind_of(token).update(cloud, identifier, state, inputs)
    kept = {key: value for key, value in state.items() if key in kind_of(token).computed}
    return {**kept, **inputs, **computed}


def delete(cloud: Cloud, token: str, identifier: str, state: Outputs) -> None:
    """Delete a resource; one that is gone already is no error."""
    try:
        kind_of(token).delete(cloud, identifier, state)
    except Exception as error:
        if not gone(error):
            raise


def difference(token: str, old: Inputs, new: Inputs) -> Difference:
    """What the plugin would say of a change of inputs."""
    kind = kind_of(token)
    keys = (old.keys() | new.keys()) - {_DEFAULTS, "__provider"}
    changed = sorted(key for key in keys if not same(old.get(key), new.get(key)))
    replaces = [key for key in changed if key in kind.replaces or "*" in kind.replaces]
    given = kind.named not in new.get(_DEFAULTS, ())
    taken = bool(kind.named) and bool(new.get(kind.named)) and given and kind.named not in changed
    return Difference(changed, replaces, taken)


def function(cloud: Cloud, name: str) -> dict[str, Any]:
    """Answer one of the plugins' functions."""
    if name == "aws:index/getCallerIdentity:getCallerIdentity":
        identity = cloud.admin("sts").get_caller_identity()
        return {
            "accountId": identity["Account"],
            "arn": identity["Arn"],
            "userId": identity["UserId"],
        }
    raise LookupError(f"{name} cannot be rehearsed without its official plugin yet")


def _merged(known: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    other = {key: value for key, value in found.items() if not same(known.get(key), value)}
    return {**known, **other}


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to a cloud: what is empty is as good as missing, and
    policies are compared as JSON."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (one[:1] == "{" and other[:1] == "{" and _alike(one, other))
    return one == other or not (one or other)


def _alike(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
