"""A managed policy of exact grants."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, joined
from .policies.documents import to_json


class PrefixPolicyArgs(TypedDict):
    """Inputs of `PrefixPolicy`."""

    policy_name: str
    """Name of the managed policy, up to 128 characters. Changing it makes another policy."""
    grants: Mapping[str, GrantArgs]
    """What it allows: up to 6,144 characters of policy, which is 15 grants or so."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the policy. Default: none."""


class PrefixPolicy(ComponentResource):
    """A managed policy for any number of prefixes and buckets, to attach to users, groups and
    roles. Listing is scoped to the prefixes as objects are."""

    policy_arn: Output[str]
    """ARN of the policy."""

    def __init__(self, name: str, args: PrefixPolicyArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, PrefixPolicyArgs)
        with _args.naming(name):
            policy_name = names.check_iam_name("policy", args["policy_name"])
            policy = joined(name, args["grants"])
            tags = names.check_tags(args.get("tags", {}), "iam")
        super().__init__("object-access:index:PrefixPolicy", name, {**args}, opts)

        made = aws.iam.Policy(
            name,
            name=policy_name,
            policy=to_json(policy),
            tags=tags,
            opts=ResourceOptions(parent=self),
        )

        self.policy_arn = made.arn
        self.register_outputs({"policy_arn": self.policy_arn})
