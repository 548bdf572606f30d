"""A managed policy of exact grants."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, joined
from ._outputs import once


class PrefixPolicyArgs(TypedDict):
    """Inputs of `PrefixPolicy`."""

    policy_name: str
    """Name of the managed policy, up to 128 characters. Changing it makes another policy."""
    grants: Mapping[str, GrantArgs]
    """What it allows: up to 6,144 characters of policy, which is 15 grants or so."""
    roles: NotRequired[Sequence[str]]
    """Names of roles that exist, to attach it to. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the policy. Default: none."""


class PrefixPolicy(ComponentResource):
    """A managed policy for any number of prefixes and buckets, to attach to users, groups and
    roles. Listing is scoped to the prefixes as objects are."""

    policy_arn: Output[str]
    """ARN of the policy; known once it is attached to its roles."""

    def __init__(self, name: str, args: PrefixPolicyArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, PrefixPolicyArgs)
        with _args.naming(name):
            policy_name = names.check_iam_name("policy", args["policy_name"])
            policy = joined(name, args["grants"])
            roles = [names.check_iam_name("role", role) for role in args.get("roles", [])]
            tags = names.check_tags(args.get("tags", {}), "iam")
        super().__init__("object-access:index:PrefixPolicy", name, None, opts)

        child = ResourceOptions(parent=self)

        made = aws.iam.Policy(name, name=policy_name, policy=policy, tags=tags, opts=child)
        attached = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{role}", role=role, policy_arn=made.arn, opts=child
            ).id
            for role in roles
        ]

        self.policy_arn = once(attached, made.arn)
        self.register_outputs({"policy_arn": self.policy_arn})
