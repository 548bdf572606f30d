"""What S3 says of parameters beyond botocore's model: ranges, tags, tokens, uploads.

Source: S3 API Reference, the operation of each; S3 User Guide, "Categorizing your objects using
tags", "Naming Amazon S3 objects", "Working with object metadata".
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from .backend import Backend
from .context import Call
from .messages import AwsError
from .models import malformed_xml

# Parameter -> the least and the most that it may be.
_RANGES = {
    "MaxBuckets": (1, 10_000),
    "MaxKeys": (0, 2**31 - 1),
    "MaxParts": (0, 2**31 - 1),
    "MaxUploads": (1, 1_000),
    "PartNumber": (1, 10_000),
    "PartNumberMarker": (0, 2**31 - 1),
}
_NEVER_EMPTY = ("ContinuationToken", "UploadId", "VersionId")
LONGEST_KEY = 1_024  # bytes
MOST_METADATA = 2_048  # bytes
MOST_TAGS = {"object": 10, "bucket": 50}


def check(call: Call, store: Backend, bucket: Any, key: str) -> None:
    """Refuse, 400 or 404, what S3 refuses and moto would take or choke on."""
    given = call.given
    for name, (least, most) in _RANGES.items():
        if name in given and not least <= given[name] <= most:
            raise _invalid(f"{name} must be between {least} and {most}", name, str(given[name]))
    for name in _NEVER_EMPTY:
        if given.get(name) == "":
            raise _invalid(f"{name} cannot be the empty string", name, "")
    if given.get("VersionIdMarker") and not given.get("KeyMarker"):
        raise _invalid(
            "A version-id marker cannot be specified without a key marker.", "version-id-marker", ""
        )
    if len(key.encode()) > LONGEST_KEY:
        raise AwsError(400, "KeyTooLongError", "Your key is too long")
    sent = call.incoming.environ.items()
    metadata = [(n, v) for n, v in sent if n.startswith("HTTP_X_AMZ_META_")]
    if sum(len(name) - len("HTTP_X_AMZ_META_") + len(value) for name, value in metadata) > (
        MOST_METADATA
    ):
        raise AwsError(
            400,
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum size",
        )
    _check_tags(list(_tags(given)), MOST_TAGS["object" if key else "bucket"])
    token = given.get("ContinuationToken")
    if bucket is not None and token and not store.gave_token(bucket, token):
        raise _invalid("The continuation token provided is incorrect", "continuation-token", token)
    _check_upload(given, bucket, key)


def _check_upload(given: Mapping[str, Any], bucket: Any, key: str) -> None:
    """Refuse an upload that is not there, and parts that are none."""
    parts = given.get("MultipartUpload", {}).get("Parts", ())
    if not all({"PartNumber", "ETag"} <= part.keys() for part in parts):
        raise malformed_xml()
    upload = given.get("UploadId")
    held = bucket.multiparts.get(upload) if upload else None
    if upload and (held is None or held.key_name != key):
        raise AwsError(
            404,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
            "have been aborted or completed.",
            UploadId=upload,
        )


def _tags(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags in a header or a body, one by one."""
    tagging = given.get("Tagging", "")
    if isinstance(tagging, str):
        yield from parse_qsl(tagging, keep_blank_values=True)
    else:
        yield from ((each["Key"], each["Value"]) for each in tagging["TagSet"])


def _check_tags(tags: list[tuple[str, str]], most: int) -> None:
    if len(tags) > most:
        noun = "Object" if most == MOST_TAGS["object"] else "Bucket"
        raise AwsError(400, "BadRequest", f"{noun} tags cannot be greater than {most}")
    if len({key for key, _ in tags}) < len(tags):
        raise AwsError(400, "InvalidTag", "Cannot provide multiple Tags with the same key")
    for key, value in tags:
        if not 1 <= len(key) <= 128:
            raise AwsError(400, "InvalidTag", "The TagKey you have provided is invalid")
        if len(value) > 256:
            raise AwsError(400, "InvalidTag", "The TagValue you have provided is invalid")
        if key.lower().startswith("aws:"):
            raise AwsError(400, "InvalidTag", "System tags cannot be added/updated by requester")


def _invalid(message: str, name: str, value: str) -> AwsError:
    return AwsError(400, "InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
