"""What a grant allows: verbs on one bucket or some prefixes of it, as IAM statements.

Every action is written out, listing is scoped to the prefix as objects are, and writing includes
what a broken-off multipart upload needs. Sources: S3 User Guide, "Policies and permissions",
"Multipart upload and permissions"; Mountpoint for S3, CONFIGURATION.md, "IAM permissions".
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from ..names import check_kms_key_arn, check_prefix
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

# What S3 does with the key in the caller's name; a part of a multipart upload decrypts, too (AWS
# Knowledge Center, "multipart upload with a KMS key").
_READ_KEY, _WRITE_KEY = ("kms:Decrypt",), ("kms:Decrypt", "kms:GenerateDataKey")
_KEY_ACTIONS: Mapping[Access, tuple[str, ...]] = {
    Access.READ: _READ_KEY,
    Access.WRITE: _WRITE_KEY,
    Access.FULL: _WRITE_KEY,
}


def grant(
    bucket_arn: str,
    access: Collection[Access],
    prefixes: Collection[str] = (),
    kms_key_arn: str = "",
    name: str = "",
) -> PolicyDocument:
    """The policy that allows `access` to the keys of a bucket that start with one of `prefixes`.

    Without prefixes it is about the whole bucket; each ends in `/`, for `foo` would open `foobar/`
    too. Objects that a KMS key encrypts need `kms_key_arn` to be read or written. `name` ends
    every `Sid`, so that several grants fit into one document. Raises ValueError for another
    prefix, for no verb at all, and for a verb that cannot be narrowed to a prefix.
    """
    for prefix in prefixes:
        check_prefix(prefix)
    if not all(prefixes):
        raise ValueError("prefix '' is the whole bucket, give no prefixes at all for that")
    if not access:
        raise ValueError("a grant without access allows nothing, name at least one verb")
    if Access.FULL in access:
        statements = [_full(bucket_arn, access, prefixes)]
    else:
        if prefixes and Access.MULTIPART in access:
            raise ValueError(
                "multipart access lists the uploads of the whole bucket, it cannot be granted on "
                f"the prefix '{min(prefixes)}'; write access can abort its own"
            )
        statements = _narrow(bucket_arn, access, prefixes)
    if kms_key_arn and (actions := _merged(_KEY_ACTIONS.get(verb, ()) for verb in access)):
        statements.append(_allow("Key", actions, check_kms_key_arn(kms_key_arn)))
    return document({**each, "Sid": each["Sid"] + name} for each in statements)


def multipart_access(bucket_arn: str) -> PolicyDocument:
    """Valohai's policy for its multipart upload role, as its guide has it: one statement on the
    bucket and its objects."""
    verbs = (Access.LIST, Access.LIST_VERSIONS, Access.READ, Access.WRITE, Access.MULTIPART)
    actions = _merged(part for verb in verbs for part in ACTIONS[verb])
    return document([_allow("MultipartAccess", actions, [bucket_arn, f"{bucket_arn}/*"])])


def _full(bucket_arn: str, access: Collection[Access], prefixes: Collection[str]) -> Statement:
    if prefixes or len(access) > 1:
        raise ValueError("full access stands alone and is for whole buckets, give no prefix")
    return _allow("FullAccess", "s3:*", [bucket_arn, f"{bucket_arn}/*"])


def _narrow(
    bucket_arn: str, access: Collection[Access], prefixes: Collection[str]
) -> list[Statement]:
    listing = _merged(ACTIONS[verb].listing for verb in access)
    bucket = _merged(ACTIONS[verb].bucket for verb in access)
    objects = _merged(ACTIONS[verb].objects for verb in access)
    statements: list[Statement] = []
    if listing and prefixes:
        under = [f"{prefix}*" for prefix in prefixes]
        statements.append(
            {
                **_allow("List", listing, bucket_arn),
                "Condition": {"StringLike": {"s3:prefix": _one_or_many(under)}},
            }
        )
    elif listing:
        bucket = sorted([*bucket, *listing])
    if bucket:
        statements.append(_allow("Bucket", bucket, bucket_arn))
    if objects:
        under = [f"{bucket_arn}/{prefix}*" for prefix in prefixes or [""]]
        statements.append(_allow("Objects", objects, _one_or_many(under)))
    return statements


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _allow(sid: str, actions: str | list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _merged(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return sorted({action for group in groups for action in group})
