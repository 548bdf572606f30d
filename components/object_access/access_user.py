"""An IAM user with exactly the access it was granted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, separate
from ._outputs import once


class AccessUserArgs(TypedDict):
    """Inputs of `AccessUser`."""

    user_name: str
    """Name of the IAM user, up to 64 characters. Changing it makes another user."""
    grants: NotRequired[Mapping[str, GrantArgs]]
    """What the user may do. A grant's key becomes its inline policy's name.
    Default: only what `managed_policies` allow."""
    managed_policies: NotRequired[Mapping[str, Input[str]]]
    """ARNs of managed policies, such as a `PrefixPolicy`'s, by names of yours. Default: none."""
    keys: NotRequired[Sequence[str]]
    """Names of the user's access keys; the last one is handed over. To rotate without an
    interruption add a second name, apply, move the consumer over, drop the first name, apply.
    Default: one key named "key"."""
    inactive: NotRequired[Sequence[str]]
    """Those of `keys` that are switched off, before they go; not the last one. Default: none."""
    key_days: NotRequired[int]
    """Age in days from which a key that is handed over is warned of. Default: 0, never."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of a managed policy that narrows every grant. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the user. Default: none."""


class AccessUser(ComponentResource):
    """A user without a password, its grants as inline policies, and one access key, or two
    while a key is being rotated."""

    user_name: Output[str]
    """Name of the user; known once its grants are in place."""
    user_arn: Output[str]
    """ARN of the user; known once its grants are in place."""
    unique_id: Output[str]
    """ID that changes when the user is made anew under the same name."""
    access_key_id: Output[str]
    """ID of the last key; known once the grants are in place."""
    secret_access_key: Output[str]
    """Secret of the last key; itself a secret of the stack."""

    def __init__(self, name: str, args: AccessUserArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, AccessUserArgs)
        with _args.naming(name):
            user_name = names.check_iam_name("user", args["user_name"])
            managed = args.get("managed_policies", {})
            policies = (
                {}
                if managed and "grants" not in args
                else separate(name, args.get("grants", {}), "user inline policies")
            )
            if clash := sorted(set(managed) & set(policies)):
                raise ValueError(f"'{clash[0]}' names a grant and a managed policy, rename one")
            keys = names.check_keys(args.get("keys", ["key"]))
            inactive = names.check_inactive(args.get("inactive", []), keys)
            tags = names.check_tags(args.get("tags", {}), "iam")
        super().__init__("object-access:index:AccessUser", name, None, opts)
        child = ResourceOptions(parent=self)

        user = aws.iam.User(
            name,
            name=user_name,
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            # Keys that a failed update made and Pulumi could not note go with their user.
            force_destroy=True,
            # AWS renames a user in place, but its keys and policies are made anew: IAM then counts
            # the keys of both names as one user's, and has no room for a third.
            opts=ResourceOptions(parent=self, replace_on_changes=["name"]),
        )
        granted = [
            aws.iam.UserPolicy(
                f"{name}-{key}", name=key, user=user.name, policy=policy, opts=child
            ).id
            for key, policy in policies.items()
        ]
        granted += [
            aws.iam.UserPolicyAttachment(
                f"{name}-{key}", user=user.name, policy_arn=arn, opts=child
            ).id
            for key, arn in managed.items()
        ]
        made = [
            aws.iam.AccessKey(
                f"{name}-{key}",
                user=user.name,
                status="Inactive" if key in inactive else None,
                opts=child,
            )
            for key in keys
        ]
        if days := args.get("key_days", 0):
            made[-1].create_date.apply(lambda created: _warn_of_age(name, created, days, self))

        self.user_name = once(granted, user.name)
        self.user_arn = once(granted, user.arn)
        self.unique_id = user.unique_id
        self.access_key_id = once(granted, made[-1].id)
        self.secret_access_key = Output.secret(once(granted, made[-1].secret))
        self.register_outputs(
            {
                "user_name": self.user_name,
                "user_arn": self.user_arn,
                "unique_id": self.unique_id,
                "access_key_id": self.access_key_id,
                "secret_access_key": self.secret_access_key,
                "keys": list(keys),
            }
        )


def _warn_of_age(name: str, created: str | None, days: int, where: pulumi.Resource) -> None:
    """Tell that a key is old; `created` is nothing where the cloud does not tell."""
    if not created:
        return
    age = datetime.now(UTC) - datetime.fromisoformat(created)
    if age > timedelta(days=days):
        pulumi.log.warn(
            f"{name}: the key that is handed over is {age.days} days old, {days} are meant: rotate "
            "it ('object-access rotate'), or raise 'key_days'",
            where,
        )
