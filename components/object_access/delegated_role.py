"""A role for consumers in other accounts, who prove for whom they act."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import ComponentResource, Input, InvokeOutputOptions, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, give_role, partition_of, separate
from ._outputs import once
from .policies import trust
from .policies.documents import check_size, to_json

# Letters and digits, so 190 bits; AWS advises a generated ID that is unique to the customer.
EXTERNAL_ID_LENGTH = 32
CHAINED_SESSION = 3_600  # seconds: the longest session that a role's own session can open
_ASSUME_ITSELF = "assume-itself"  # the inline policy of a role that does
_SECRETS = ("external_id", "session_name")


class TrustArgs(TypedDict):
    """Whom a role trusts, and what they must say."""

    principals: Sequence[str]
    """Who may assume the role: accounts (12 digits), or ARNs of roles or users. Empty for a
    consumer who names its principal only once it knows the role: nobody yet."""
    external_id: NotRequired[Input[str]]
    """What they must name, 2 to 1,224 letters, digits and _+=,.@:/-. Default: made by program."""
    session_name: NotRequired[Input[str]]
    """Name of the session that they must use, a secret between them and us, 2 to 64 letters, digits
    and _+=,.@-; for consumers that cannot send an external ID. Default: none, an external ID."""
    self_assuming: NotRequired[bool]
    """The role may assume itself, too, with the same external ID. Default: False."""
    whole_account: NotRequired[bool]
    """An account among `principals` is meant: whoever may assume roles there can assume this one.
    Default: False, a warning."""


class DelegatedRoleArgs(TypedDict):
    """Inputs of `DelegatedRole`."""

    role_name: str
    """Name of the role, up to 64 characters. Changing it makes another role."""
    trusts: Mapping[str, TrustArgs]
    """Who may assume it, by names of yours: each has an external ID of its own."""
    grants: Mapping[str, GrantArgs]
    """What the role may do. A grant's key becomes its inline policy's name."""
    max_session_duration: NotRequired[int]
    """Longest session in seconds, 3600 to 43200. Default: 3600."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of a managed policy that narrows the role. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the role. Default: none."""


class DelegatedRole(ComponentResource):
    """A role that others assume with an external ID or, where they cannot send one, a session name
    that only they know; always: without, a consumer could be talked into opening our buckets for
    another of its customers (the confused deputy).

    A consumer may name its principal, or the external ID, only once it knows the role's ARN. Until
    then `principals` are empty and the role lets nobody in; set them and update."""

    role_arn: Output[str]
    """ARN of the role; known once its grants are in place."""
    external_ids: Output[Mapping[str, str]]
    """The external IDs by the keys of `trusts`, without those with a session name; secrets of the
    stack: consumers treat them like passphrases."""

    def __init__(self, name: str, args: DelegatedRoleArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, DelegatedRoleArgs)
        trusts, grants = args["trusts"], args["grants"]
        for key, each in trusts.items():
            _args.check(f"{name}-{key}", each, TrustArgs)
        self_assuming = any(each.get("self_assuming", False) for each in trusts.values())
        with _args.naming(name):
            role_name = names.check_iam_name("role", args["role_name"])
            # Which account it is in matters to nobody but a role that is self-assuming.
            where = {"partition": partition_of(name, grants), "account": _args.STAND_INS["account"]}
            early = _arn(role_name, **_args.standing_in(where))
            itself = [trust.assuming(early)] if self_assuming else []
            policies = separate(name, grants, "role inline policies", *itself)
            duration = names.check_session_duration(args.get("max_session_duration", 3_600))
            tags = names.check_tags(args.get("tags", {}), "iam")
            if _ASSUME_ITSELF in grants:
                raise ValueError(f"grant '{_ASSUME_ITSELF}' has the role's own name, rename it")
            _check_trusts(trusts, early)
        super().__init__("object-access:index:DelegatedRole", name, None, opts)
        child = ResourceOptions(parent=self)
        for warning in _warnings(trusts, duration):
            pulumi.log.warn(f"{name}: {warning}", self)

        agreed: dict[str, TrustArgs] = {}
        for key, each in trusts.items():
            agreed[key] = {**each}
            if not set(_SECRETS) & set(each):
                agreed[key]["external_id"] = random.RandomPassword(
                    f"{name}-{key}-external-id",
                    length=EXTERNAL_ID_LENGTH,
                    special=False,
                    opts=child,
                ).result
        if self_assuming:
            here = aws.get_caller_identity_output(opts=InvokeOutputOptions(parent=self))
            where["account"] = here.account_id

        def write(known: Mapping[str, Any]) -> str:
            with _args.naming(name):
                return _document(known["trusts"], _arn(role_name, **known["where"]))

        given: Any = {"trusts": agreed, "where": where}
        role = aws.iam.Role(
            name,
            name=role_name,
            assume_role_policy=Output.secret(given).apply(write),
            max_session_duration=duration,
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            opts=child,
        )
        if self_assuming:
            policies[_ASSUME_ITSELF] = role.arn.apply(lambda arn: to_json(trust.assuming(arn)))
        granted = give_role(name, role, policies, child)

        self.role_arn = once(granted, role.arn)
        ids: Any = {
            key: each["external_id"] for key, each in agreed.items() if "external_id" in each
        }
        self.external_ids = Output.secret(ids)
        self.register_outputs({"role_arn": self.role_arn, "external_ids": self.external_ids})


def _check_trusts(trusts: Mapping[str, TrustArgs], role_arn: str) -> None:
    if not trusts:
        raise ValueError("no trusts given; for nobody yet, give one without principals")
    made = {"external_id": "x" * EXTERNAL_ID_LENGTH}
    agreed: dict[str, Mapping[str, Any]] = {}
    for key, each in trusts.items():
        if all(secret in each for secret in _SECRETS):
            raise ValueError(f"trust '{key}' has an external ID and a session name, give one")
        agreed[key] = each if "session_name" in each else {**made, **each}
    _document(_args.standing_in(agreed), role_arn)


def _document(trusts: Mapping[str, Mapping[str, Any]], role_arn: str) -> str:
    policy = trust.delegated({key: _trusted(each) for key, each in trusts.items()}, role_arn)
    check_size("trust policy", policy)
    return to_json(policy)


def _trusted(given: Mapping[str, Any]) -> trust.Trusted:
    return trust.Trusted(**{key: each for key, each in given.items() if key != "whole_account"})


def _arn(role_name: str, partition: str, account: str) -> str:
    return f"arn:{partition}:iam::{account}:role/{role_name}"


def _warnings(trusts: Mapping[str, TrustArgs], duration: int) -> list[str]:
    """What is allowed, but may not be what was meant."""
    warnings = [
        f"trusts the whole account {trust.account_of(each)}: whoever may assume roles there can "
        "assume this one with the external ID; name a role or user if the consumer can tell you "
        "it, else set 'whole_account'"
        for trusted in trusts.values()
        for each in trusted["principals"]
        if trust.is_whole_account(each) and not trusted.get("whole_account", False)
    ]
    roles = [
        each for trusted in trusts.values() for each in trusted["principals"] if ":role/" in each
    ]
    if duration > CHAINED_SESSION and roles:
        warnings.append(
            f"sessions of up to {duration:,} seconds are only for users: AWS refuses more than "
            f"{CHAINED_SESSION:,} to {roles[0]}, since that is role chaining; allow no more"
        )
    return warnings
