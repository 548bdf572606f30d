"""How each verb of a grant is tried on S3: what must work where it is granted, and what must be
refused where it is not."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .subject import Call, Subject

BUCKET_VERBS = frozenset({"locate", "read-settings", "notify", "list-uploads"})
"""Verbs that are about the bucket as a whole, wherever they are granted."""

CHANGING = frozenset({"write", "delete", "write-tags", "write-acl"})
"""Verbs that change the very file that they are tried on."""


def calls(
    subject: Subject, s3: Any, verb: str, prefix: str, key: str, bucket: str = ""
) -> dict[str, Call]:
    """The calls of S3 that a verb stands for, by what each does, with this prefix or key; in the
    subject's bucket or another one."""
    # To whoever may not list, S3 refuses a version that is not there, which proves nothing.
    version = "null" if bucket else subject.versions.get(key, "null")
    more = {"VersionId": version} if verb == "read-versions" else {}
    return {
        name: partial(call, s3, bucket or subject.bucket, prefix, key, **more)
        for name, call in CALLS[verb].items()
    }


def all_calls(subject: Subject, s3: Any, prefix: str, key: str, bucket: str) -> dict[str, Call]:
    """The calls of every verb, in another bucket."""
    made: dict[str, Call] = {}
    for verb in VERBS:
        made |= calls(subject, s3, verb, prefix, key, bucket)
    return made


def _listing(s3: Any, bucket: str, prefix: str, _key: str) -> object:
    return s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)


def _versions(s3: Any, bucket: str, prefix: str, _key: str) -> object:
    return s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1)


def _on_bucket(operation: str, **more: Any) -> Callable[[Any, str, str, str], object]:
    return lambda s3, bucket, _prefix, _key: getattr(s3, operation)(Bucket=bucket, **more)


def _on_object(operation: str, **more: Any) -> Callable[..., object]:
    return lambda s3, bucket, _prefix, key, **version: getattr(s3, operation)(
        Bucket=bucket, Key=key, **more, **version
    )


_NOBODYS_UPLOAD = "no-upload-of-this-name"
CALLS: Mapping[str, Mapping[str, Callable[..., object]]] = {
    "list": {"listing": _listing},
    "list-versions": {"listing versions": _versions},
    "locate": {"asking for the region": _on_bucket("get_bucket_location")},
    "read": {"reading": _on_object("get_object")},
    "write": {"writing": _on_object("put_object", Body=b"")},
    "delete": {"deleting": _on_object("delete_object")},
    "multipart": {
        "listing uploads": _on_bucket("list_multipart_uploads"),
        "listing parts": _on_object("list_parts", UploadId=_NOBODYS_UPLOAD),
    },
    "list-uploads": {"listing uploads": _on_bucket("list_multipart_uploads")},
    "list-parts": {"listing parts": _on_object("list_parts", UploadId=_NOBODYS_UPLOAD)},
    "read-versions": {"reading a version": _on_object("get_object")},
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
VERBS = tuple(CALLS)
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
