"""What a grant allows: verbs on one bucket or some prefixes of it, as IAM statements.

Every action is written out, listing is scoped to the prefix as objects are, and writing includes
what a broken-off multipart upload needs. Sources: S3 User Guide, "Policies and permissions",
"Multipart upload and permissions"; Service Authorization Reference, "Actions, resources, and
condition keys for Amazon S3"; Mountpoint for S3, CONFIGURATION.md, "IAM permissions".
"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from ..names import check_bucket_arn, check_kms_key_arn, check_object_key, check_prefix
from .documents import PolicyDocument, Statement, document


class Access(StrEnum):
    """One verb of a grant."""

    LIST = "list"
    """List the keys under the prefix."""
    LIST_VERSIONS = "list-versions"
    """List old versions and delete markers under the prefix."""
    LIST_UPLOADS = "list-uploads"
    """List unfinished multipart uploads, always those of the whole bucket."""
    LIST_PARTS = "list-parts"
    """List the parts of an unfinished multipart upload."""
    LOCATE = "locate"
    """Ask for the bucket's region."""
    READ = "read"
    """Read objects."""
    READ_VERSIONS = "read-versions"
    """Read old versions of objects."""
    READ_TAGS = "read-tags"
    """Read the tags of objects."""
    READ_SETTINGS = "read-settings"
    """Ask whether the bucket keeps versions, how it encrypts, and for its CORS rules."""
    WRITE = "write"
    """Write objects, also in parts, and clean up after an upload that broke off."""
    WRITE_TAGS = "write-tags"
    """Set the tags of objects."""
    WRITE_ACL = "write-acl"
    """Set the ACLs of objects, for consumers that send one with each. In a bucket whose ACLs are
    off S3 takes none but `bucket-owner-full-control`."""
    DELETE = "delete"
    """Delete objects; in a bucket with versions that leaves a delete marker."""
    MULTIPART = "multipart"
    """Find and resume or abort multipart uploads, always those of the whole bucket."""
    NOTIFY = "notify"
    """Read and replace what the bucket tells of, and to whom, always for the whole bucket."""
    FULL = "full"
    """Everything on the whole bucket (`s3:*`), for a consumer whose guide asks for it."""


class _Actions(NamedTuple):
    listing: tuple[str, ...] = ()  # on the bucket, and S3 sends `s3:prefix` with them
    bucket: tuple[str, ...] = ()  # on the bucket, without that key: a condition would kill them
    objects: tuple[str, ...] = ()


ACTIONS: Mapping[Access, _Actions] = {
    Access.LIST: _Actions(listing=("s3:ListBucket",)),
    Access.LIST_VERSIONS: _Actions(listing=("s3:ListBucketVersions",)),
    Access.LIST_UPLOADS: _Actions(bucket=("s3:ListBucketMultipartUploads",)),
    Access.LIST_PARTS: _Actions(objects=("s3:ListMultipartUploadParts",)),
    Access.LOCATE: _Actions(bucket=("s3:GetBucketLocation",)),
    Access.READ: _Actions(objects=("s3:GetObject",)),
    Access.READ_VERSIONS: _Actions(objects=("s3:GetObjectVersion",)),
    Access.READ_TAGS: _Actions(objects=("s3:GetObjectTagging",)),
    Access.READ_SETTINGS: _Actions(
        bucket=("s3:GetBucketCORS", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration")
    ),
    Access.WRITE: _Actions(objects=("s3:AbortMultipartUpload", "s3:PutObject")),
    Access.WRITE_TAGS: _Actions(objects=("s3:PutObjectTagging",)),
    Access.WRITE_ACL: _Actions(objects=("s3:PutObjectAcl",)),
    Access.DELETE: _Actions(objects=("s3:DeleteObject",)),
    Access.MULTIPART: _Actions(
        bucket=("s3:ListBucketMultipartUploads",),
        objects=("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    ),
    Access.NOTIFY: _Actions(bucket=("s3:GetBucketNotification", "s3:PutBucketNotification")),
}

WHOLE_ONLY: Mapping[Access, str] = {
    Access.LIST_UPLOADS: "lists the uploads of the whole bucket",
    Access.MULTIPART: "lists the uploads of the whole bucket",
    Access.NOTIFY: "replaces the notifications of the whole bucket",
    Access.FULL: "is everything on the whole bucket",
}
"""What no prefix can narrow, and what it would open besides."""

# What S3 does with the key in the caller's name; a part of a multipart upload decrypts, too (AWS
# Knowledge Center, "multipart upload with a KMS key").
_READ_KEY, _WRITE_KEY = ("kms:Decrypt",), ("kms:Decrypt", "kms:GenerateDataKey")
_KEY_ACTIONS: Mapping[Access, tuple[str, ...]] = {
    Access.READ: _READ_KEY,
    Access.READ_VERSIONS: _READ_KEY,
    Access.WRITE: _WRITE_KEY,
    Access.FULL: _WRITE_KEY,
}


def grant(
    bucket_arn: str,
    access: Collection[str],
    prefixes: Collection[str] = (),
    *,
    keys: Collection[str] = (),
    list_exact: bool = False,
    kms_key_arn: str = "",
    name: str = "",
) -> PolicyDocument:
    """The policy that allows `access`, verbs of `Access`, to some keys of a bucket: those that
    start with one of `prefixes`, and the very `keys`. With neither it is about the whole bucket.

    A prefix ends in `/`, for `foo` would open `foobar/` too. Listing is asked for by the start of
    keys: under a prefix any, of `keys` only each key itself (which shows those that begin with it,
    such as a lock beside it). With `list_exact` the prefix `foo/` may also be asked for as `foo`;
    the answer shows the names of keys in `foobar/`, too. Objects that a KMS key encrypts need
    `kms_key_arn` to be read or written. `name` ends every `Sid`, so that several grants fit into
    one document. Raises ValueError for what is no verb, ARN, prefix or key, for no verb at all,
    and for a verb that cannot be narrowed.
    """
    check_bucket_arn(bucket_arn)
    verbs = verbs_of(access)
    place = [*map(check_prefix, prefixes), *map(check_object_key, keys)]
    for verb in verbs:
        if place and verb in WHOLE_ONLY:
            raise ValueError(
                f"{verb} access {WHOLE_ONLY[verb]}, it cannot be granted on '{place[0]}'; "
                "give it by a grant of its own without prefixes and keys"
            )
    if Access.FULL in verbs:
        if len(verbs) > 1:
            raise ValueError("full access stands alone, it is everything already")
        statements = [_allow("FullAccess", "s3:*", [bucket_arn, f"{bucket_arn}/*"])]
    else:
        bare = [prefix[:-1] for prefix in prefixes if list_exact]
        listed = [*(f"{prefix}*" for prefix in prefixes), *bare, *keys]
        objects = [*(f"{prefix}*" for prefix in prefixes), *keys] or ["*"]
        statements = _narrow(bucket_arn, verbs, listed, objects)
    if kms_key_arn and (actions := _merged(_KEY_ACTIONS.get(verb, ()) for verb in verbs)):
        statements.append(_allow("Key", actions, check_kms_key_arn(kms_key_arn)))
    return document({**each, "Sid": each["Sid"] + name} for each in statements)


def verbs_of(access: Collection[str]) -> list[Access]:
    """The verbs by their names. Raises ValueError for none and for an unknown one."""
    if not access:
        raise ValueError("a grant without access allows nothing, name at least one verb")
    words = [verb.value for verb in Access]
    for word in access:
        if word not in words:
            close = get_close_matches(str(word), words, n=1)
            meant = f"did you mean '{close[0]}'" if close else f"use some of {', '.join(words)}"
            raise ValueError(f"access '{word}' is unknown, {meant}")
    return [Access(word) for word in access]


def multipart_access(bucket_arn: str) -> PolicyDocument:
    """Valohai's policy for its multipart upload role, as its guide has it: one statement on the
    bucket and its objects."""
    check_bucket_arn(bucket_arn)
    verbs = (Access.LIST, Access.LIST_VERSIONS, Access.READ, Access.WRITE, Access.MULTIPART)
    actions = _merged(part for verb in verbs for part in ACTIONS[verb])
    return document([_allow("MultipartAccess", actions, [bucket_arn, f"{bucket_arn}/*"])])


def _narrow(
    bucket_arn: str, access: Collection[Access], listed: list[str], objects: list[str]
) -> list[Statement]:
    listing = _merged(ACTIONS[verb].listing for verb in access)
    bucket = _merged(ACTIONS[verb].bucket for verb in access)
    on_objects = _merged(ACTIONS[verb].objects for verb in access)
    statements: list[Statement] = []
    if listing and listed:
        statements.append(
            {
                **_allow("List", listing, bucket_arn),
                "Condition": {"StringLike": {"s3:prefix": _one_or_many(listed)}},
            }
        )
    elif listing:
        bucket = sorted([*bucket, *listing])
    if bucket:
        statements.append(_allow("Bucket", bucket, bucket_arn))
    if on_objects:
        under = [f"{bucket_arn}/{each}" for each in objects]
        statements.append(_allow("Objects", on_objects, _one_or_many(under)))
    return statements


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _allow(sid: str, actions: str | list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _merged(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return sorted({action for group in groups for action in group})
