"""Access control lists of buckets, as the statements of a bucket policy that allow the same.

Source: S3 User Guide, "Access control list (ACL) overview": who a grantee may be, what a permission
allows on a bucket, what canned lists stand for.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

OWNER = "owner"
"""What stands for the canonical ID of the account's own."""
ENFORCED = "BucketOwnerEnforced"
"""The ownership of objects with which S3 asks no list; what a new bucket has."""

_GROUPS = "http://acs.amazonaws.com/groups/"
EVERYBODY = f"{_GROUPS}global/AllUsers"
_SIGNED, _LOGS = f"{_GROUPS}global/AuthenticatedUsers", f"{_GROUPS}s3/LogDelivery"
# Group -> who that is in a policy, and on which condition; whether it is public.
_WHO: Mapping[str, tuple[Any, dict[str, Any], bool]] = {
    EVERYBODY: ("*", {}, True),
    _SIGNED: ("*", {"Condition": {"Null": {"aws:PrincipalArn": "false"}}}, True),
    _LOGS: ({"Service": "logging.s3.amazonaws.com"}, {}, False),
}
# Whoever may write makes new objects; what others own they neither replace nor delete.
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject",),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_EC2 = "Amazon EC2"


class Grant(NamedTuple):
    """One line of a list."""

    grantee: str
    """The address of a group, a canonical ID, or an address of mail."""
    permission: str


_CANNED: Mapping[str, tuple[Grant, ...]] = {
    "public-read": (Grant(EVERYBODY, "READ"),),
    "public-read-write": (Grant(EVERYBODY, "READ"), Grant(EVERYBODY, "WRITE")),
    "authenticated-read": (Grant(_SIGNED, "READ"),),
    "aws-exec-read": (Grant(_EC2, "READ"),),
    "log-delivery-write": (Grant(_LOGS, "WRITE"), Grant(_LOGS, "READ_ACP")),
    "private": (),
    # On buckets S3 ignores these.
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
}


def grants(declared: Mapping[str, Any]) -> list[Grant]:
    """The lines of a list as a program declares it, but for the owner's own. Raises ValueError for
    a canned one that S3 has not."""
    canned = declared.get("acl") or "private"
    if canned not in _CANNED:
        raise ValueError(f"'{canned}' is no canned ACL, use one of {', '.join(_CANNED)}")
    policy = declared.get("accessControlPolicy") or {}
    owner = (policy.get("owner") or {}).get("id", OWNER)
    found = [*_CANNED[canned]]
    for each in policy.get("grants") or []:
        given = each["grantee"]
        found.append(Grant(_grantee(given), each["permission"]))
    for each in declared.get("grants") or []:  # as an old bucket says it itself
        found += [Grant(_grantee(each), permission) for permission in each["permissions"]]
    return [each for each in found if each.grantee not in (OWNER, owner)]


def _grantee(given: Mapping[str, Any]) -> str:
    return str(given.get("uri") or given.get("id") or given.get("emailAddress"))


def unknown(listed: list[Grant]) -> Iterator[Grant]:
    """Lines about somebody whom only their own account knows."""
    return (each for each in listed if each.grantee not in _WHO)


def statements(listed: list[Grant], arn: str, *, public: bool) -> Iterator[dict[str, Any]]:
    """What the list of a bucket allows; without what is `public` where S3 ignores that."""
    for number, each in enumerate(listed, 1):
        if each.grantee not in _WHO:
            continue
        who, condition, is_public = _WHO[each.grantee]
        if public or not is_public:
            allowed = [*_ACTIONS] if each.permission == "FULL_CONTROL" else [each.permission]
            yield {
                "Sid": f"ACL {number}: {each.permission} to {each.grantee.rpartition('/')[2]}",
                "Effect": "Allow",
                "Principal": who,
                "Action": [action for one in allowed for action in _ACTIONS[one]],
                "Resource": [arn, f"{arn}/*"],
                **condition,
            }
