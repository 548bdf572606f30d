"""Grants as components take them, and the policies they make of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict, TypeVar

import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from . import _args, names
from .policies.documents import PolicyDocument, check_size, document, sid_of, to_json
from .policies.grants import grant

_T = TypeVar("_T")


class GrantArgs(TypedDict):
    """One grant: verbs on one bucket, or on some prefixes or keys of it."""

    bucket_arn: Input[str]
    """ARN of the bucket."""
    access: Sequence[str]
    """What may be done there: verbs of `Access`, such as `Access.READ`, or their names, such as
    "read"."""
    prefixes: NotRequired[Sequence[str]]
    """Beginnings of the keys to open, each ending in "/". Default: with no `keys` either, every key
    in the bucket."""
    keys: NotRequired[Sequence[str]]
    """Whole keys to open, such as that of a state file. Of them, listing may ask for each key
    alone; S3 then answers with all that begins with it. Default: none."""
    list_exact: NotRequired[bool]
    """Listing may also ask for a prefix without its "/", as some consumers do to test it; S3 then
    shows the names of its neighbours that begin alike. Default: False."""
    kms_key_arn: NotRequired[Input[str]]
    """ARN of the KMS key that encrypts the objects. Default: S3's own key, which needs no grant."""


def separate(
    name: str, grants: Mapping[str, GrantArgs], kind: str, *others: PolicyDocument
) -> dict[str, Input[str]]:
    """A policy for each grant, as JSON: all of them, and `others` of the same principal, within the
    limit for `kind`, a key of `documents.LIMITS`."""

    def write(known: Mapping[str, GrantArgs]) -> dict[str, str]:
        policies = {
            names.check_iam_name("policy", key): _granted(args) for key, args in known.items()
        }
        check_size(kind, *policies.values(), *others)
        return {key: to_json(policy) for key, policy in policies.items()}

    written = _written(name, grants, write)
    return {key: written[key] for key in grants}


def joined(name: str, grants: Mapping[str, GrantArgs]) -> Input[str]:
    """One managed policy of all grants, as JSON; a grant's key ends the names of its statements."""

    def write(known: Mapping[str, GrantArgs]) -> str:
        parts = [_granted(args, sid_of(key)) for key, args in known.items()]
        policy = document(statement for part in parts for statement in part["Statement"])
        check_size("managed policy", policy)
        return to_json(policy)

    return _written(name, grants, write)


def give_role(
    name: str, role: aws.iam.Role, policies: Mapping[str, Input[str]], child: ResourceOptions
) -> list[Output[str]]:
    """The inline policies of a role; returns their IDs, for outputs that wait for them."""
    return [
        aws.iam.RolePolicy(f"{name}-{key}", name=key, role=role.name, policy=policy, opts=child).id
        for key, policy in policies.items()
    ]


def partition_of(name: str, grants: Mapping[str, GrantArgs]) -> Input[str]:
    """The partition that the granted buckets are in."""
    _check(name, grants)
    first = {"bucket_arn": next(iter(grants.values()))["bucket_arn"]}
    return _args.made(
        name, first, lambda known: names.check_bucket_arn(known["bucket_arn"]).split(":")[1]
    )


def _written(
    name: str, grants: Mapping[str, GrantArgs], write: Callable[[Mapping[str, GrantArgs]], _T]
) -> _T | Output[_T]:
    """What `write` makes of the grants, checked now as far as they are known."""
    _check(name, grants)
    return _args.made(name, grants, write)


def _check(name: str, grants: Mapping[str, GrantArgs]) -> None:
    if not grants:
        raise ValueError("no grants given, nothing would be allowed; give at least one")
    for key, args in grants.items():
        _args.check(f"{name}-{key}", args, GrantArgs)


def _granted(args: Mapping[str, Any], sid: str = "") -> PolicyDocument:
    return grant(
        args["bucket_arn"],
        args["access"],
        args.get("prefixes", ()),
        keys=args.get("keys", ()),
        list_exact=args.get("list_exact", False),
        kms_key_arn=args.get("kms_key_arn", ""),
        name=sid,
    )
