"""A role for a workload: a virtual machine, or a job in CI or Kubernetes. No key to lose."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, names
from ._grants import GrantArgs, give_role, partition_of, separate
from ._outputs import once
from .policies import trust
from .policies.documents import check_size, to_json


class WebIdentityArgs(TypedDict):
    """Whose tokens of an OpenID Connect provider are trusted."""

    provider_arn: Input[str]
    """ARN of the account's OpenID Connect provider."""
    subjects: Sequence[str]
    """Token subjects, such as "repo:my-org/my-repo:ref:refs/heads/main" or
    "system:serviceaccount:my-namespace:my-account". A "*" may stand for some branches, tags,
    environments or accounts, such as "repo:my-org/my-repo:ref:refs/heads/release/*"."""
    audience: NotRequired[str]
    """For whom the tokens are issued. Default: sts.amazonaws.com."""
    wide_subjects: NotRequired[bool]
    """Subjects such as "repo:my-org/*" are meant, which open other repositories, every branch or
    every pod. Default: False, they are refused."""


class WorkloadRoleArgs(TypedDict):
    """Inputs of `WorkloadRole`."""

    role_name: str
    """Name of the role and of its instance profile, up to 64 characters. Changing it makes
    others."""
    grants: Mapping[str, GrantArgs]
    """What the workload may do. A grant's key becomes its inline policy's name."""
    web_identity: NotRequired[WebIdentityArgs]
    """Trust a job's token instead of a virtual machine. Default: a virtual machine."""
    max_session_duration: NotRequired[int]
    """Longest session of a job in seconds, 3600 to 43200. Default: 3600."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of a managed policy that narrows the role. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the role. Default: none."""


class WorkloadRole(ComponentResource):
    """A role that EC2 gives to the instances with its instance profile, or that a job assumes
    with a token of its OpenID Connect provider. Credentials last hours and renew themselves."""

    role_arn: Output[str]
    """ARN of the role; known once its grants are in place."""
    instance_profile: Output[str]
    """Name of the instance profile to start machines with; empty where jobs are trusted."""

    def __init__(self, name: str, args: WorkloadRoleArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, WorkloadRoleArgs)
        with _args.naming(name):
            role_name = names.check_iam_name("role", args["role_name"])
            policies = separate(name, args["grants"], "role inline policies")
            duration = names.check_session_duration(args.get("max_session_duration", 3_600))
            tags = names.check_tags(args.get("tags", {}), "iam")
            job = args.get("web_identity")
            trusting = (
                _job(name, job) if job else _machines(name, partition_of(name, args["grants"]))
            )
        super().__init__("object-access:index:WorkloadRole", name, None, opts)
        child = ResourceOptions(parent=self)

        role = aws.iam.Role(
            name,
            name=role_name,
            assume_role_policy=trusting,
            max_session_duration=duration,
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            opts=child,
        )
        granted = give_role(name, role, policies, child)
        profile = Output.from_input("")
        if not job:
            profile = aws.iam.InstanceProfile(
                f"{name}-instances", name=role_name, role=role.name, tags=tags, opts=child
            ).name

        self.role_arn = once(granted, role.arn)
        self.instance_profile = once(granted, profile)
        self.register_outputs(
            {"role_arn": self.role_arn, "instance_profile": self.instance_profile}
        )


def _machines(name: str, partition: Input[str]) -> Input[str]:
    return _args.made(
        name,
        {"partition": partition},
        lambda known: to_json(trust.virtual_machines(known["partition"])),
    )


def _job(name: str, job: WebIdentityArgs) -> Input[str]:
    _args.check(name, job, WebIdentityArgs)

    def write(known: Mapping[str, Any]) -> str:
        audience = known.get("audience", "sts.amazonaws.com")
        wide = known.get("wide_subjects", False)
        policy = trust.web_identity(known["provider_arn"], audience, known["subjects"], wide=wide)
        check_size("trust policy", policy)
        return to_json(policy)

    return _args.made(name, job, write)
