"""The role that Valohai's workers assume to upload outputs of more than 5 GB."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, names
from ._outputs import once
from .policies import trust
from .policies.documents import to_json
from .policies.grants import multipart_access


class MultipartUploadRoleArgs(TypedDict):
    """Inputs of `MultipartUploadRole`."""

    role_name: str
    """Name of the role, up to 64 characters. Changing it makes another role."""
    user_arn: Input[str]
    """ARN of the one user that may assume the role."""
    user_unique_id: Input[str]
    """Unique ID of that user, so that the trust follows a user who is made anew."""
    bucket_arn: Input[str]
    """ARN of the bucket to upload to."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of a managed policy that narrows the role. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the role. Default: none."""


class MultipartUploadRole(ComponentResource):
    """A role for multipart uploads to one bucket, trusted by exactly one user of the account,
    for sessions of at most one hour. It can read and write, not delete."""

    role_arn: Output[str]
    """ARN of the role; known once its policy is attached."""

    def __init__(
        self, name: str, args: MultipartUploadRoleArgs, opts: ResourceOptions | None = None
    ):
        _args.check(name, args, MultipartUploadRoleArgs)
        with _args.naming(name):
            role_name = names.check_iam_name("role", args["role_name"])
            tags = names.check_tags(args.get("tags", {}), "iam")
            policy = _args.made(
                name,
                {"bucket_arn": args["bucket_arn"]},
                lambda known: to_json(multipart_access(**known)),
            )
        super().__init__("object-access:index:MultipartUploadRole", name, None, opts)
        child = ResourceOptions(parent=self)

        user = Output.all(args["user_arn"], args["user_unique_id"])
        role = aws.iam.Role(
            name,
            name=role_name,
            assume_role_policy=user.apply(lambda ids: to_json(trust.user(*ids))),
            max_session_duration=3_600,
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            opts=child,
        )
        attached = aws.iam.RolePolicy(
            f"{name}-multipart",
            name="multipart",
            role=role.name,
            policy=policy,
            opts=child,
        )

        self.role_arn = once([attached.id], role.arn)
        self.register_outputs({"role_arn": self.role_arn})
