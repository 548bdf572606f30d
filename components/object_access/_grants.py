"""Grants as components take them, and the policies they make of them."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from . import _args, names
from .policies.documents import PolicyDocument, check_size, document, to_json
from .policies.grants import Access, grant


class GrantArgs(TypedDict):
    """One grant: verbs on one bucket, or on some prefixes of it."""

    bucket_arn: str
    """ARN of the bucket."""
    access: Sequence[Access]
    """What may be done there."""
    prefixes: NotRequired[Sequence[str]]
    """Keys to open, each ending in "/". Default: every key in the bucket."""
    kms_key_arn: NotRequired[str]
    """ARN of the KMS key that encrypts the objects. Default: S3's own key, which needs no grant."""


def separate(name: str, grants: Mapping[str, GrantArgs], kind: str) -> dict[str, PolicyDocument]:
    """A policy for each grant, all within the limit for `kind`, a key of `documents.LIMITS`."""
    policies = {}
    for key, args in _checked(name, grants).items():
        policies[names.check_iam_name("policy", key)] = _granted(args)
    check_size(kind, *policies.values())
    return policies


def joined(name: str, grants: Mapping[str, GrantArgs]) -> PolicyDocument:
    """One managed policy of all grants; a grant's key ends the names of its statements."""
    parts = [
        _granted(args, "".join(word.capitalize() for word in _words(key)))
        for key, args in _checked(name, grants).items()
    ]
    policy = document(statement for part in parts for statement in part["Statement"])
    check_size("managed policy", policy)
    return policy


def give_role(
    name: str, role: aws.iam.Role, policies: Mapping[str, PolicyDocument], child: ResourceOptions
) -> list[Output[str]]:
    """The inline policies of a role; returns their IDs, for outputs that wait for them."""
    return [
        aws.iam.RolePolicy(
            f"{name}-{key}", name=key, role=role.name, policy=to_json(policy), opts=child
        ).id
        for key, policy in policies.items()
    ]


def partition_of(grants: Mapping[str, GrantArgs]) -> str:
    """The partition that the granted buckets are in."""
    return next(iter(grants.values()))["bucket_arn"].split(":")[1]


def _checked(name: str, grants: Mapping[str, GrantArgs]) -> Mapping[str, GrantArgs]:
    if not grants:
        raise ValueError("no grants given, nothing would be allowed; give at least one")
    for key, args in grants.items():
        _args.check(f"{name}-{key}", args, GrantArgs)
    return grants


def _granted(args: GrantArgs, sid: str = "") -> PolicyDocument:
    return grant(
        args["bucket_arn"],
        args["access"],
        args.get("prefixes", ()),
        args.get("kms_key_arn", ""),
        sid,
    )


def _words(key: str) -> list[str]:
    # A `Sid` holds nothing but letters and digits.
    return "".join(sign if sign.isalnum() and sign.isascii() else " " for sign in key).split()
