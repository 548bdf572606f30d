"""What a grant allows: verbs on one bucket or one prefix of it, as IAM statements.

Every action is written out, listing is scoped to the prefix as objects are, and writing includes
what a broken-off multipart upload needs. Sources: S3 User Guide, "Policies and permissions",
"Multipart upload and permissions"; Mountpoint for S3, CONFIGURATION.md, "IAM permissions".
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from ..names import check_prefix
from .documents import PolicyDocument, Statement, document


class Access(StrEnum):
    """One verb of a grant."""

    LIST = "list"
    """List the keys under the prefix."""
    LIST_VERSIONS = "list-versions"
    """List old versions and delete markers under the prefix."""
    LOCATE = "locate"
    """Ask for the bucket's region."""
    READ = "read"
    """Read objects."""
    WRITE = "write"
    """Write objects, also in parts, and clean up after an upload that broke off."""
    DELETE = "delete"
    """Delete objects; in a bucket with versions that leaves a delete marker."""
    MULTIPART = "multipart"
    """Find and resume or abort multipart uploads; finding them is for whole buckets only."""
    FULL = "full"
    """Everything on the whole bucket (`s3:*`), for a consumer whose guide asks for it."""


class _Actions(NamedTuple):
    listing: tuple[str, ...] = ()  # on the bucket, and S3 sends `s3:prefix` with them
    bucket: tuple[str, ...] = ()  # on the bucket, without that key: a condition would kill them
    objects: tuple[str, ...] = ()


ACTIONS: Mapping[Access, _Actions] = {
    Access.LIST: _Actions(listing=("s3:ListBucket",)),
    Access.LIST_VERSIONS: _Actions(listing=("s3:ListBucketVersions",)),
    Access.LOCATE: _Actions(bucket=("s3:GetBucketLocation",)),
    Access.READ: _Actions(objects=("s3:GetObject",)),
    Access.WRITE: _Actions(objects=("s3:AbortMultipartUpload", "s3:PutObject")),
    Access.DELETE: _Actions(objects=("s3:DeleteObject",)),
    Access.MULTIPART: _Actions(
        bucket=("s3:ListBucketMultipartUploads",),
        objects=("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    ),
}


def grant(bucket_arn: str, access: Collection[Access], prefix: str = "") -> PolicyDocument:
    """The policy that allows `access` to the keys of a bucket that start with `prefix`.

    `prefix` is empty, for the whole bucket, or ends in `/`: `foo` would open `foobar/` too.
    Raises ValueError for another prefix, for no verb at all, and for a verb that cannot be
    narrowed to a prefix.
    """
    check_prefix(prefix)
    if not access:
        raise ValueError("a grant without access allows nothing, name at least one verb")
    if Access.FULL in access:
        return _full(bucket_arn, access, prefix)
    if prefix and Access.MULTIPART in access:
        raise ValueError(
            "multipart access lists the uploads of the whole bucket, "
            f"it cannot be granted on the prefix '{prefix}'; write access can abort its own"
        )
    listing = _merged(ACTIONS[verb].listing for verb in access)
    bucket = _merged(ACTIONS[verb].bucket for verb in access)
    objects = _merged(ACTIONS[verb].objects for verb in access)
    statements: list[Statement] = []
    if listing and prefix:
        statements.append(
            {
                "Sid": "List",
                "Effect": "Allow",
                "Action": listing,
                "Resource": bucket_arn,
                "Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}},
            }
        )
    elif listing:
        bucket = sorted([*bucket, *listing])
    if bucket:
        statements.append(_allow("Bucket", bucket, bucket_arn))
    if objects:
        statements.append(_allow("Objects", objects, f"{bucket_arn}/{prefix}*"))
    return document(statements)


def multipart_access(bucket_arn: str) -> PolicyDocument:
    """Valohai's policy for its multipart upload role, as its guide has it: one statement on the
    bucket and its objects."""
    verbs = (Access.LIST, Access.LIST_VERSIONS, Access.READ, Access.WRITE, Access.MULTIPART)
    actions = _merged(part for verb in verbs for part in ACTIONS[verb])
    return document([_allow("MultipartAccess", actions, [bucket_arn, f"{bucket_arn}/*"])])


def _full(bucket_arn: str, access: Collection[Access], prefix: str) -> PolicyDocument:
    if prefix or len(access) > 1:
        raise ValueError("full access stands alone and is for whole buckets, give no prefix")
    return document([_allow("FullAccess", "s3:*", [bucket_arn, f"{bucket_arn}/*"])])


def _allow(sid: str, actions: str | list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _merged(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return sorted({action for group in groups for action in group})
