"""What CI needs to preview and deploy an environment, and no more: the policies of its two roles,
the boundary of everything that it makes, and the policy of the key of its secrets.

The state: what `pulumi preview`, `up` and `destroy` of 3.260 were seen to ask of an S3 backend, and
`stack init` of the key. The rest: what pulumi-aws 7 asks for the resources of the components
(terraform-provider-aws, internal/service/s3 and iam). The pattern: IAM User Guide, "Permissions
boundaries for IAM entities", "Delegating responsibility to others using permissions boundaries".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..names import check_member
from .buckets import LEFT_TO_CONFINED
from .documents import PolicyDocument, Statement, document
from .grants import ACTIONS, Access, grant


class Part(NamedTuple):
    """A part of a stack's state, and what is done there."""

    path: str
    """A key, or a prefix that ends in "/"."""
    access: tuple[Access, ...]


_READ = (Access.READ,)
_KEPT = (Access.READ, Access.WRITE)
_LOCKS = (Access.READ, Access.WRITE, Access.DELETE)
# A preview takes no lock.
_PREVIEWS: Mapping[str, Part] = {
    "version": Part(".pulumi/meta.yaml", _READ),
    "state": Part(".pulumi/stacks/{program}/{environment}.json", _READ),
    "tags": Part(".pulumi/stacks/{program}/{environment}.pulumi-tags", _READ),
}
# An update deletes nothing but its lock.
_DEPLOYS: Mapping[str, Part] = {
    **_PREVIEWS,
    "state": Part(".pulumi/stacks/{program}/{environment}.json", _KEPT),
    "before": Part(".pulumi/stacks/{program}/{environment}.json.bak", _KEPT),
    "history": Part(".pulumi/history/{program}/{environment}/", (Access.WRITE,)),
    "backups": Part(".pulumi/backups/{program}/{environment}/", (Access.WRITE,)),
    "locks": Part(".pulumi/locks/organization/{program}/{environment}/", _LOCKS),
}

_READS_BUCKETS = (
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListTagsForResource",
)
_CHANGES_BUCKETS = (
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketCORS",
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
)
_READS_PRINCIPALS = (
    "iam:GetInstanceProfile",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAccessKeys",
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListInstanceProfilesForRole",
    "iam:ListPolicyVersions",
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
)
# Only of whoever has the boundary: what could give more than that. All else knows no such condition
# (Service Authorization Reference, "IAM"), or gives nothing.
_BOUNDED = (
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
)
_ATTACHES = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
)
_CHANGES_PRINCIPALS = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateAccessKey",
    "iam:CreateInstanceProfile",
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeleteAccessKey",
    "iam:DeleteInstanceProfile",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:DeleteRole",
    "iam:DeleteUser",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:TagPolicy",
    "iam:TagRole",
    "iam:TagUser",
    "iam:UntagInstanceProfile",
    "iam:UntagPolicy",
    "iam:UntagRole",
    "iam:UntagUser",
    "iam:UpdateAccessKey",
    "iam:UpdateRole",
)
_REMOVES_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions")
# Of a key all but its use, and but grants, by which others would use it.
_ADMINISTERS_KEY = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_IN_BUCKETS = sorted(
    {*LEFT_TO_CONFINED, *(each for group in ACTIONS.values() for part in group for each in part)}
)
_SHORTEST = 4  # signs of a beginning


class Scope(NamedTuple):
    """Whose names a pipeline may use, in which account."""

    partition: str
    account: str
    names: Sequence[str]
    """Beginnings of names, each ending in "-", and whole names."""

    def buckets(self) -> list[str]:
        """Their ARNs, as patterns."""
        return [f"arn:{self.partition}:s3:::{each}" for each in self._patterns()]

    def of_iam(self, *kinds: str) -> list[str]:
        """The ARNs of users, say, as patterns."""
        return [f"{self.iam}:{kind}/{each}" for kind in kinds for each in self._patterns()]

    @property
    def iam(self) -> str:
        """How ARNs of the account's IAM begin."""
        return f"arn:{self.partition}:iam::{self.account}"

    def _patterns(self) -> list[str]:
        return [f"{each}*" if each.endswith("-") else each for each in self.names]


def check_names(
    names: Mapping[str, Sequence[str]],
    own: Mapping[str, str],
    bucket_name: str,
    people: Sequence[str],
) -> None:
    """Refuse names for environments by which one could change what CI runs on, what another one
    makes, or become one of `people`, who are ARNs. `own` are what the names of the environments'
    roles begin with, `bucket_name` holds the state; `names` are beginnings, each ending in "-", and
    whole names.

    Raises ValueError with the one that will not do.
    """
    for environment, given in names.items():
        if not given:
            raise ValueError(
                f"{environment}: no names given, nothing could be deployed; give at least one"
            )
        for each in given:
            if not re.fullmatch(r"[A-Za-z0-9][\w.+=,@-]*", each, re.ASCII) or len(each) < _SHORTEST:
                raise ValueError(
                    f"{environment}: name '{each}' is no beginning of names, give at least "
                    f"{_SHORTEST} letters, digits and hyphens, with a hyphen at the end, or a "
                    "whole name"
                )
            taken = {
                f"the roles of {other}, '{start}-'": f"{start}-" for other, start in own.items()
            }
            taken[f"the state, '{bucket_name}'"] = bucket_name
            taken |= {f"'{person}'": person.partition("/")[2] for person in people}
            for other, theirs in names.items():
                if other != environment:
                    taken |= {f"{other}, '{name}'": name for name in theirs}
            for whose, name in taken.items():
                if _meet(each, name):
                    raise ValueError(
                        f"{environment}: name '{each}' is also of {whose}: it could be changed, "
                        "give another one"
                    )


def _meet(one: str, two: str) -> bool:
    """Whether something may be called by both. IAM knows no case (IAM User Guide, "IAM
    identifiers")."""
    short, long = sorted((one.lower(), two.lower()), key=len)
    return long.startswith(short) if short.endswith("-") else short == long


def state(program: str, environment: str, *, deploys: bool) -> dict[str, Part]:
    """The parts of a stack's state that a preview reads or an update changes, by names of ours."""
    return {
        name: part._replace(path=part.path.format(program=program, environment=environment))
        for name, part in (_DEPLOYS if deploys else _PREVIEWS).items()
    }


def of_state(bucket_arn: str, parts: Iterable[Part]) -> PolicyDocument:
    """What a role does with these, and that it lists the bucket: it sees the names of all states,
    and the contents of its own. S3 tells whoever may not list that what is not there is forbidden
    (API reference, "GetObject"), at which Pulumi ends."""
    paths: dict[tuple[Access, ...], list[str]] = {}
    for part in parts:
        paths.setdefault(part.access, []).append(part.path)
    granted = [grant(bucket_arn, [Access.LIST])]
    for access, own in paths.items():
        prefixes = [each for each in own if each.endswith("/")]
        keys = [each for each in own if each not in prefixes]
        name = "".join(each.capitalize() for each in access)
        granted.append(grant(bucket_arn, access, prefixes, keys=keys, name=f"State{name}"))
    return document(statement for each in granted for statement in each["Statement"])


def reading(scope: Scope) -> PolicyDocument:
    """What a preview reads of the cloud: settings of buckets and principals, and no object."""
    return document(_reads(scope))


def deploying(scope: Scope, boundary: str, *, removes_objects: bool = False) -> PolicyDocument:
    """What an update does with the cloud: buckets, and users and roles that have the boundary,
    which it cannot change. `boundary` is the ARN of that."""
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": boundary}}
    ours = {"ArnLike": {"iam:PolicyARN": scope.of_iam("policy")}}
    holders = scope.of_iam("user", "role")
    principals = scope.of_iam("user", "role", "policy", "instance-profile")
    statements = [
        *_reads(scope),
        _allow("Buckets", _CHANGES_BUCKETS, scope.buckets()),
        _allow("Bounded", _BOUNDED, holders, bounded),
        _allow("OwnPolicies", _ATTACHES, holders, {"ArnEquals": bounded["ArnEquals"], **ours}),
        _allow("Principals", _CHANGES_PRINCIPALS, principals),
        _allow(
            "ToMachines",
            ("iam:PassRole",),
            scope.of_iam("role"),
            {"StringEquals": {"iam:PassedToService": f"ec2.{_host(scope.partition)}"}},
        ),
    ]
    # A pattern's "*" stands for "/", too: in a path that begins so, any name would do.
    if pathed := [f"{each}/*" for each in principals if each.endswith("*")]:
        statements.append({**_allow("NoPaths", ("iam:*",), pathed), "Effect": "Deny"})
    if removes_objects:
        buckets = scope.buckets()
        both = [*buckets, *(f"{each}/*" for each in buckets)]
        statements.append(_allow("Objects", _REMOVES_OBJECTS, both))
    return document(statements)


def boundary(scope: Scope) -> PolicyDocument:
    """The most that whatever an update makes can ever do: use objects of its buckets, by way of S3
    their keys, and assume its roles."""
    buckets = scope.buckets()
    via_s3 = {"StringLike": {"kms:ViaService": f"s3.*.{_host(scope.partition)}"}}
    return document(
        [
            _allow("Objects", _IN_BUCKETS, [*buckets, *(f"{each}/*" for each in buckets)]),
            _allow(
                "KeysOfObjects",
                ("kms:Decrypt", "kms:GenerateDataKey"),
                [f"arn:{scope.partition}:kms:*:{scope.account}:key/*"],
                via_s3,
            ),
            _allow("Roles", ("sts:AssumeRole",), scope.of_iam("role")),
        ]
    )


def secrets(key_arn: str) -> PolicyDocument:
    """What both roles do with the key: open the data key, by which the state is encrypted."""
    return document([_allow("Secrets", ("kms:Decrypt",), [key_arn])])


def key(scope: Scope, decrypts: Sequence[str], people: Sequence[str]) -> PolicyDocument:
    """The policy of the key. Whoever the account lets may administer it; to decrypt is left to the
    roles `decrypts` and to `people`, who also encrypt: they make stacks. All are ARNs.

    They stand in a condition: a principal who is made anew, or not there yet, would break the
    policy. Raises ValueError for what is no ARN of a user or role.
    """
    root = {"AWS": f"{scope.iam}:root"}
    everybody = [*decrypts, *map(check_member, people)]
    return document(
        [
            {**_allow("Administration", _ADMINISTERS_KEY, ["*"]), "Principal": root},
            {**_allow("Use", ("kms:Decrypt",), ["*"], _one_of(everybody)), "Principal": root},
            {**_allow("Making", ("kms:Encrypt",), ["*"], _one_of(people)), "Principal": root},
        ]
    )


def _reads(scope: Scope) -> list[Statement]:
    principals = scope.of_iam("user", "role", "policy", "instance-profile")
    return [
        _allow("ReadBuckets", _READS_BUCKETS, scope.buckets()),
        _allow("ReadPrincipals", _READS_PRINCIPALS, principals),
    ]


def _one_of(arns: Iterable[str]) -> Mapping[str, Any]:
    return {"ArnEquals": {"aws:PrincipalArn": [*arns]}}


def _host(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _allow(
    sid: str,
    actions: Iterable[str],
    resources: Sequence[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    made: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [*actions],
        "Resource": [*resources],
    }
    return {**made, "Condition": condition} if condition else made
