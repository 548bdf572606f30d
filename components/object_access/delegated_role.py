"""A role for a consumer in another account, who proves with an external ID for whom it acts."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, give_role, partition_of, separate
from ._outputs import once
from .policies import trust
from .policies.documents import check_size, to_json

# Letters and digits, so 190 bits; AWS advises a generated ID that is unique to the customer.
EXTERNAL_ID_LENGTH = 32
CHAINED_SESSION = 3_600  # seconds: the longest session that a role's own session can open


class DelegatedRoleArgs(TypedDict):
    """Inputs of `DelegatedRole`."""

    role_name: str
    """Name of the role, up to 64 characters. Changing it makes another role."""
    trusted: Sequence[str]
    """Who may assume it: accounts (12 digits), or ARNs of roles or users."""
    grants: Mapping[str, GrantArgs]
    """What the role may do. A grant's key becomes its inline policy's name."""
    external_id: NotRequired[Input[str]]
    """What the consumer must name, 2 to 1,224 letters, digits and _+=,.@:/-. Default: made by
    program."""
    max_session_duration: NotRequired[int]
    """Longest session in seconds, 3600 to 43200. Default: 3600."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of a managed policy that narrows the role. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the role. Default: none."""


class DelegatedRole(ComponentResource):
    """A role that others assume with an external ID, always: without one, a consumer could be
    talked into opening our buckets for another of its customers (the confused deputy)."""

    role_arn: Output[str]
    """ARN of the role; known once its grants are in place."""
    external_id: Output[str]
    """The external ID, a secret of the stack: consumers treat it like a passphrase."""

    def __init__(self, name: str, args: DelegatedRoleArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, DelegatedRoleArgs)
        with _args.naming(name):
            role_name = names.check_iam_name("role", args["role_name"])
            policies = separate(name, args["grants"], "role inline policies")
            duration = names.check_session_duration(args.get("max_session_duration", 3_600))
            tags = names.check_tags(args.get("tags", {}), "iam")
            given = args.get("external_id")
            # Of an ID that is not known yet, the rest of the document is checked all the same.
            known = given if isinstance(given, str) else "x" * EXTERNAL_ID_LENGTH
            trusted, partition = args["trusted"], partition_of(args["grants"])
            _trust(trusted, known, partition)
        shown = {**args} if given is None else {**args, "external_id": Output.secret(given)}
        super().__init__("object-access:index:DelegatedRole", name, shown, opts)
        child = ResourceOptions(parent=self)
        for warning in _warnings(trusted, duration):
            pulumi.log.warn(f"{name}: {warning}", self)

        if given is None:
            made = random.RandomPassword(
                f"{name}-external-id", length=EXTERNAL_ID_LENGTH, special=False, opts=child
            )
            given = made.result
        external_id = Output.secret(given)
        role = aws.iam.Role(
            name,
            name=role_name,
            assume_role_policy=external_id.apply(lambda text: _trust(trusted, text, partition)),
            max_session_duration=duration,
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            opts=child,
        )
        granted = give_role(name, role, policies, child)

        self.role_arn = once(granted, role.arn)
        self.external_id = external_id
        self.register_outputs({"role_arn": self.role_arn, "external_id": self.external_id})


def _trust(trusted: Sequence[str], external_id: str, partition: str) -> str:
    policy = trust.delegated(trusted, external_id, partition)
    check_size("trust policy", policy)
    return to_json(policy)


def _warnings(trusted: Sequence[str], duration: int) -> list[str]:
    """What is allowed, but may not be what was meant."""
    accounts = [each for each in trusted if trust.is_whole_account(each)]
    warnings = [
        f"trusts the whole account {trust.account_of(each)}: whoever may assume roles there can "
        "assume this one with the external ID; name a role or user if the consumer can tell you it"
        for each in accounts
    ]
    roles = [each for each in trusted if ":role/" in each]
    if duration > CHAINED_SESSION and (roles or accounts):
        who = roles[0] if roles else f"a role of account {trust.account_of(accounts[0])}"
        warnings.append(
            f"sessions of up to {duration:,} seconds are only for users: AWS refuses more than "
            f"{CHAINED_SESSION:,} to {who}, since that is role chaining"
        )
    return warnings
