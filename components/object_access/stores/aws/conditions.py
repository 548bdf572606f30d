"""Preconditions: what must be true of an object before it is written, copied or deleted. moto sees
to those of reads, of PutObject and of DeleteObject, and leaves out the others.

Source: S3 User Guide, "Add preconditions to S3 operations with conditional requests"; S3 API
Reference, CopyObject.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .backend import Backend
from .messages import AwsError
from .models import moment

_WRITES = {"CompleteMultipartUpload", "CopyObject", "PutObject"}


def check_write(operation: str, given: Mapping[str, Any], bucket: Any, key: str) -> None:
    """Refuse to write over an object that is not the one that the request means."""
    if operation not in _WRITES:
        return
    held = Backend.object(bucket, key)
    if given.get("IfNoneMatch", "*") != "*":
        raise AwsError(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )
    if "IfMatch" in given and held is None:
        raise AwsError(404, "NoSuchKey", "The specified key does not exist.", Key=key)
    taken = "IfNoneMatch" in given and held is not None
    if taken or not matches(given.get("IfMatch"), held):
        raise failed()


def check_source(given: Mapping[str, Any], held: Any) -> None:
    """Refuse to copy from what is not, or no longer, what the request means. A tag outweighs a
    time."""
    wanted, other = (given.get(f"CopySourceIf{kind}Match") for kind in ("", "None"))
    before, after = (given.get(f"CopySourceIf{kind}Since") for kind in ("Unmodified", "Modified"))
    if not matches(wanted, held) or (other and matches(other, held)):
        raise failed()
    changed = held.last_modified.replace(tzinfo=UTC, microsecond=0)
    if before and not wanted and changed > _utc(before):
        raise failed()
    if after and not other and changed <= _utc(after):
        raise failed()


def matches(wanted: str | None, held: Any) -> bool:
    """Whether the object has the entity tag that is wanted, with or without its quotes; any has
    `*`, and every object fits where none is wanted."""
    return wanted in (None, "*") or (
        held is not None and wanted.strip('"') == str(held.etag).strip('"')
    )


def failed() -> AwsError:
    """The refusal of what does not fit."""
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError(412, "PreconditionFailed", message)


def _utc(text: str) -> datetime:
    found = moment(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
