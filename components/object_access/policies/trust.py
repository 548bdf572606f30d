"""Who may assume a role: its trust policy."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..names import check_external_id, check_principal, check_session_name
from .documents import PolicyDocument, Statement, document, sid_of


def user(arn: str, unique_id: str) -> PolicyDocument:
    """Trust exactly one IAM user.

    IAM stores the user's unique ID, not the ARN: a user that is deleted and made again under the
    same name is no longer trusted. So the ID stands in the `Sid`: when it changes, the document
    changes, and the next update makes IAM look the ARN up anew (IAM User Guide, "AWS JSON policy
    elements: Principal").
    """
    return document([_trust(f"Trust{unique_id}", {"AWS": arn})])


class Trusted(NamedTuple):
    """Whom one statement of a role's trust lets in, and what they must say.

    The external ID proves that the consumer acts for us and not for another of its customers (IAM
    User Guide, "The confused deputy problem"). A session name that only the consumer knows may
    stand in for it, where the consumer cannot send an ID. An account means whoever in it may
    assume roles; no principal is nobody yet.
    """

    principals: Sequence[str]
    external_id: str = ""
    session_name: str | None = None
    self_assuming: bool = False


def delegated(trusts: Mapping[str, Trusted], role_arn: str) -> PolicyDocument:
    """Trust accounts, roles and users who say what is agreed upon: one statement for each of
    `trusts`, named by its key.

    A bare account is in the partition of `role_arn`, the role's own ARN, which also says who a
    self-assuming role is. That role is trusted by way of its account, for IAM takes no role as a
    principal that does not exist yet. While nobody is trusted, a statement refuses everybody,
    since IAM takes no trust policy without a statement. Raises ValueError for what is no
    principal, external ID or session name.
    """
    partition = role_arn.split(":")[1]
    statements: list[Statement] = []
    for key, trusted in trusts.items():
        sid, says = f"Trust{sid_of(key)}", _says(trusted)
        named = [arn_of(principal, partition) for principal in trusted.principals]
        if not named:
            continue
        statements.append(_trust(sid, {"AWS": named}, {"StringEquals": says}))
        if trusted.self_assuming:
            account = {"AWS": arn_of(account_of(role_arn), partition)}
            itself = {"StringEquals": says, "ArnLike": {"aws:PrincipalArn": role_arn}}
            statements.append(_trust(f"{sid}Itself", account, itself))
    return document(statements or [{**_trust("NobodyYet", {"AWS": "*"}), "Effect": "Deny"}])


def assuming(role_arn: str) -> PolicyDocument:
    """What a self-assuming role must be allowed besides: to assume itself."""
    return document(
        [
            {
                "Sid": "AssumeItself",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": role_arn,
            }
        ]
    )


def virtual_machines(partition: str) -> PolicyDocument:
    """Trust the EC2 instances that are given the role's instance profile."""
    suffix = ".cn" if partition == "aws-cn" else ""
    return document([_trust("Instances", {"Service": f"ec2.amazonaws.com{suffix}"})])


# A pattern is narrow behind these: it stands for some branches, tags, environments or accounts of
# one repository, project or namespace (GitHub Docs, "OpenID Connect reference"; GitLab Docs, "ID
# token payload"; Kubernetes, "Managing Service Accounts").
_NARROW = re.compile(
    r"repo:[^/:]+/[^/:]+:(environment:|ref:refs/(heads|tags)/).+"
    r"|project_path:[^:]+/[^:]+:ref_type:(branch|tag):ref:.+"
    r"|system:serviceaccount:[^:]+:.+"
)
# What a wider one opens, by how it begins.
_OPENS: Mapping[str, str] = {
    r"repo:[^/:]+/[^/:]+:": "every branch and pull request of the repository",
    r"repo:": "other repositories",
    r"project_path:[^:]+/[^:]+:": "every branch of the project",
    r"project_path:": "other projects",
    r"system:serviceaccount:[^:]+:": "every pod of the namespace",
    r"system:serviceaccount:": "every pod of the cluster",
    "": "more than one token's holder",
}


def web_identity(
    provider_arn: str, audience: str, subjects: Sequence[str], *, wide: bool = False
) -> PolicyDocument:
    """Trust the tokens that an OpenID Connect provider issues for `audience` to `subjects`.

    `provider_arn` is the ARN of an `OpenIdConnectProvider` of the same account. A subject may be a
    pattern where that stays within one repository, project or namespace, and within some of its
    branches, tags, environments or accounts; a `wide` one may open more of an owner's: `repo:*`,
    everyone's repositories, never. Raises ValueError for such a subject or audience, and for what
    is no provider.
    """
    found = re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:oidc-provider/(\S+)", provider_arn)
    if not found:
        raise ValueError(
            f"'{provider_arn}' is no OpenID Connect provider, give an ARN like "
            "'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com'"
        )
    if not audience or not subjects:
        raise ValueError("a token needs an audience and at least one subject, give both")
    if _is_pattern(audience):
        raise ValueError(f"audience '{audience}' is taken word for word, name it in full")
    for said_so in (audience, *subjects):
        # "${<issuer>:sub}" is whatever the token says (IAM User Guide, "Policy variables").
        if "${" in said_so:
            raise ValueError(
                f"'{said_so}' holds a policy variable, which may be whatever a token says, name it "
                "in full"
            )
    for subject in subjects:
        _check_subject(subject, wide=wide)
    issuer = found[1]
    alike = "StringLike" if any(map(_is_pattern, subjects)) else "StringEquals"
    said: dict[str, dict[str, Any]] = {"StringEquals": {f"{issuer}:aud": audience}}
    said.setdefault(alike, {})[f"{issuer}:sub"] = [*subjects]
    return document(
        [
            _trust(
                "WebIdentity",
                {"Federated": provider_arn},
                said,
                action="sts:AssumeRoleWithWebIdentity",
            )
        ]
    )


def _check_subject(subject: str, *, wide: bool) -> None:
    if not re.match(r"[^*?]+:[^*?:/]+([:/]|\Z)", subject):
        raise ValueError(
            f"subject '{subject}' does not say whose tokens it means, give one like "
            "'repo:my-org/my-repo:ref:refs/heads/main'"
        )
    start = re.split(r"[*?]", subject)[0]
    if start == subject or wide or _NARROW.fullmatch(start):
        return
    opened = next(what for begins, what in _OPENS.items() if re.match(begins, start))
    raise ValueError(
        f"subject '{subject}' opens {opened}, name it in full; if all of that is meant, set "
        "'wide_subjects'"
    )


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def account_of(principal: str) -> str:
    """The account of a principal that `check_principal` accepts."""
    return principal if principal.isdigit() else principal.split(":")[4]


def is_whole_account(principal: str) -> bool:
    """Whether a principal means everyone in its account whom that account lets assume roles."""
    return principal.isdigit() or principal.endswith(":root")


def arn_of(principal: str, partition: str) -> str:
    """A principal that `check_principal` accepts as a policy names it: an account by its root."""
    if check_principal(principal).isdigit():
        return f"arn:{partition}:iam::{principal}:root"
    return principal


def _says(trusted: Trusted) -> dict[str, str]:
    if trusted.session_name is not None:
        return {"sts:RoleSessionName": check_session_name(trusted.session_name)}
    return {"sts:ExternalId": check_external_id(trusted.external_id)}


def _trust(
    sid: str,
    principal: Mapping[str, Any],
    condition: Mapping[str, Any] | None = None,
    action: str = "sts:AssumeRole",
) -> Statement:
    made: Statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action}
    return {**made, "Condition": condition} if condition else made
