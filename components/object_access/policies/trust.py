"""Who may assume a role: its trust policy."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..names import check_external_id, check_principal
from .documents import PolicyDocument, Statement, document


def user(arn: str, unique_id: str) -> PolicyDocument:
    """Trust exactly one IAM user.

    IAM stores the user's unique ID, not the ARN: a user that is deleted and made again under the
    same name is no longer trusted. So the ID stands in the `Sid`: when it changes, the document
    changes, and the next update makes IAM look the ARN up anew (IAM User Guide, "AWS JSON policy
    elements: Principal").
    """
    return document([_trust(f"Trust{unique_id}", {"AWS": arn})])


def delegated(principals: Sequence[str], external_id: str, partition: str) -> PolicyDocument:
    """Trust accounts, roles or users who give the external ID.

    The ID proves that the consumer acts for us and not for another of its customers (IAM User
    Guide, "The confused deputy problem"). An account means whoever in it may assume roles.
    Raises ValueError for what is no principal and no external ID.
    """
    if not principals:
        raise ValueError("no principal to trust, name at least one account, role or user")
    named = [_arn(principal, partition) for principal in principals]
    condition = {"StringEquals": {"sts:ExternalId": check_external_id(external_id)}}
    return document([_trust("Delegated", {"AWS": named}, condition)])


def virtual_machines(partition: str) -> PolicyDocument:
    """Trust the EC2 instances that are given the role's instance profile."""
    suffix = ".cn" if partition == "aws-cn" else ""
    return document([_trust("Instances", {"Service": f"ec2.amazonaws.com{suffix}"})])


def web_identity(provider_arn: str, audience: str, subjects: Sequence[str]) -> PolicyDocument:
    """Trust the tokens that an OpenID Connect provider issues for `audience` to `subjects`.

    `provider_arn` is the ARN of an `OpenIdConnectProvider` of the same account. A subject may hold
    `*`, but not in its first part, which says whose it is: `repo:*` would trust everyone's
    repositories. Raises ValueError for such a subject, and for what is no provider.
    """
    found = re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:oidc-provider/(\S+)", provider_arn)
    if not found:
        raise ValueError(
            f"'{provider_arn}' is no OpenID Connect provider, give an ARN like "
            "'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'"
        )
    if not audience or not subjects:
        raise ValueError("a token needs an audience and at least one subject, give both")
    for subject in subjects:
        if not re.match(r"[^*?]+:[^*?:/]+([:/]|\Z)", subject):
            raise ValueError(
                f"subject '{subject}' does not say whose tokens it means, give one like "
                "'repo:my-org/my-repo:ref:refs/heads/main'"
            )
    issuer = found[1]
    return document(
        [
            _trust(
                "WebIdentity",
                {"Federated": provider_arn},
                {
                    "StringEquals": {f"{issuer}:aud": audience},
                    "StringLike": {f"{issuer}:sub": [*subjects]},
                },
                action="sts:AssumeRoleWithWebIdentity",
            )
        ]
    )


def account_of(principal: str) -> str:
    """The account of a principal that `check_principal` accepts."""
    return principal if principal.isdigit() else principal.split(":")[4]


def is_whole_account(principal: str) -> bool:
    """Whether a principal means everyone in its account whom that account lets assume roles."""
    return principal.isdigit() or principal.endswith(":root")


def _arn(principal: str, partition: str) -> str:
    if check_principal(principal).isdigit():
        return f"arn:{partition}:iam::{principal}:root"
    return principal


def _trust(
    sid: str,
    principal: Mapping[str, Any],
    condition: Mapping[str, Any] | None = None,
    action: str = "sts:AssumeRole",
) -> Statement:
    made: Statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action}
    return {**made, "Condition": condition} if condition else made
