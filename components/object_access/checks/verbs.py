"""How each verb of a grant is tried on S3: what must work where it is granted, and what must be
refused where it is not."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .subject import Call

BUCKET_VERBS = frozenset({"locate", "read-settings", "notify", "list-uploads"})
"""Verbs that are about the bucket as a whole, wherever they are granted."""


class At(NamedTuple):
    """What a call is about; nobody has such an upload, and an object without versions has the
    version "null"."""

    bucket: str
    prefix: str
    key: str
    upload: str = "no-upload-of-this-name"
    version: str = "null"


def calls(s3: Any, verb: str, at: At) -> dict[str, Call]:
    """The calls of S3 that a verb stands for, by what each does."""
    return {name: partial(call, s3, at) for name, call in _CALLS[verb].items()}


def _listing(s3: Any, at: At) -> object:
    return s3.list_objects_v2(Bucket=at.bucket, Prefix=at.prefix, MaxKeys=1)


def _versions(s3: Any, at: At) -> object:
    return s3.list_object_versions(Bucket=at.bucket, Prefix=at.prefix, MaxKeys=1)


def _parts(s3: Any, at: At) -> object:
    return s3.list_parts(Bucket=at.bucket, Key=at.key, UploadId=at.upload)


def _version(s3: Any, at: At) -> object:
    return s3.get_object(Bucket=at.bucket, Key=at.key, VersionId=at.version)


def _on_bucket(operation: str, **more: Any) -> Callable[[Any, At], object]:
    return lambda s3, at: getattr(s3, operation)(Bucket=at.bucket, **more)


def _on_object(operation: str, **more: Any) -> Callable[[Any, At], object]:
    return lambda s3, at: getattr(s3, operation)(Bucket=at.bucket, Key=at.key, **more)


_CALLS: Mapping[str, Mapping[str, Callable[[Any, At], object]]] = {
    "list": {"listing": _listing},
    "list-versions": {"listing versions": _versions},
    "locate": {"asking for the region": _on_bucket("get_bucket_location")},
    "read": {"reading": _on_object("get_object")},
    "write": {"writing": _on_object("put_object", Body=b"")},
    "delete": {"deleting": _on_object("delete_object")},
    "multipart": {
        "listing uploads": _on_bucket("list_multipart_uploads"),
        "listing parts": _parts,
    },
    "list-uploads": {"listing uploads": _on_bucket("list_multipart_uploads")},
    "list-parts": {"listing parts": _parts},
    "read-versions": {"reading a version": _version},
    "read-tags": {"reading tags": _on_object("get_object_tagging")},
    "write-tags": {
        "writing tags": _on_object(
            "put_object_tagging", Tagging={"TagSet": [{"Key": "check", "Value": "1"}]}
        )
    },
    "read-settings": {
        "asking for versioning": _on_bucket("get_bucket_versioning"),
        "asking for CORS rules": _on_bucket("get_bucket_cors"),
        "asking for encryption": _on_bucket("get_bucket_encryption"),
    },
    "write-acl": {"writing an ACL": _on_object("put_object_acl", ACL="bucket-owner-full-control")},
    "notify": {"asking for notifications": _on_bucket("get_bucket_notification_configuration")},
}
VERBS = tuple(_CALLS)
# Codes that say that the caller may, and that only the thing itself is not there.
NOT_THERE = frozenset(
    {
        "NoSuchKey",
        "NoSuchUpload",
        "NoSuchVersion",
        "NoSuchCORSConfiguration",
        "NoSuchTagSet",
        "404",
        "AccessControlListNotSupported",
    }
)
