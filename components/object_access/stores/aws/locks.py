"""Object lock: who may set, shorten or lift it, and what it keeps from being deleted.

Source: S3 User Guide, "Locking objects with Object Lock", "How S3 Object Lock works".
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .backend import Backend
from .messages import Answer, AwsError, elements
from .models import malformed_xml

LONGEST_DEFAULT = {"Days": 36_500, "Years": 100}
_OF_UPLOADS = {"ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"}


def check(operation: str, given: Mapping[str, Any], bucket: Any, key: str, now: datetime) -> None:
    """Refuse what an object's lock, or a bucket's, does not allow. That the caller may bypass
    governance, where the request asks for it, has been decided before."""
    bypass = bool(given.get("BypassGovernanceRetention"))
    version = given.get("VersionId", "")
    if given.keys() & _OF_UPLOADS or operation in ("PutObjectRetention", "PutObjectLegalHold"):
        if not bucket.object_lock_enabled:
            raise _invalid("Bucket is missing Object Lock Configuration")
        _check_upload(given, now)
    if operation == "PutObjectRetention":
        held = Backend.object(bucket, key, version)
        _check_change(held, given.get("Retention", {}), now, bypass=bypass)
    elif operation in ("PutBucketVersioning", "PutObjectLockConfiguration"):
        _check_bucket(given, bucket)
    elif operation == "DeleteObject" and protects(bucket, key, version, now, bypass=bypass):
        raise _protected()


def _check_upload(given: Mapping[str, Any], now: datetime) -> None:
    lock = given.keys() & {"ObjectLockMode", "ObjectLockRetainUntilDate"}
    if len(lock) == 1:
        raise _invalid(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        )
    if lock:
        _check_future(given["ObjectLockRetainUntilDate"], now)


def _check_bucket(given: Mapping[str, Any], bucket: Any) -> None:
    status = given.get("VersioningConfiguration", {"Status": "Enabled"}).get("Status")
    if bucket.object_lock_enabled and status != "Enabled":
        raise _bad_state(
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed."
        )
    if "ObjectLockConfiguration" in given:
        if not bucket.is_versioned:
            raise _bad_state("Versioning must be 'Enabled' on the bucket to apply a Object Lock")
        _check_default(given["ObjectLockConfiguration"])


def configure(bucket: Any, configuration: Mapping[str, Any]) -> None:
    """Lock a bucket from now on, with this default for new versions; moto takes only empty ones."""
    rule = configuration.get("Rule", {}).get("DefaultRetention", {})
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = rule.get("Mode", "")
    bucket.default_lock_days = rule.get("Days", 0)
    bucket.default_lock_years = rule.get("Years", 0)


def protects(bucket: Any, key: str, version: str, now: datetime, *, bypass: bool) -> bool:
    """Whether a lock keeps this version from being deleted for good. Without a version nothing is:
    the object goes behind a marker."""
    held = Backend.object(bucket, key, version) if version else None
    if held is None:
        return False
    mode, until = _retention(held)
    retained = until is not None and until > now and not (mode == "GOVERNANCE" and bypass)
    return retained or held.lock_legal_status == "ON"


def asked(given: Mapping[str, Any]) -> tuple[str, str, str]:
    """The mode, the end and the legal hold that an upload asks for; each may be empty."""
    names = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")
    mode, until, hold = (str(given.get(name, "")) for name in names)
    return mode, until, hold


def remember(lock: tuple[str, str, str], bucket: Any, made: Any) -> None:
    """Lock a new object as its upload asked for or, where it did not, as the bucket's default does:
    moto forgets what an upload of parts asked for."""
    mode, until, hold = lock
    if not until and bucket.has_default_lock:
        mode, until = bucket.default_lock_mode, bucket.default_retention()
    made.lock_mode, made.lock_until = mode or None, until or None
    made.lock_legal_status = hold or None


def told(bucket: Any, key: str, version: str) -> Answer:
    """What GetObjectRetention answers; moto has not got it."""
    held = Backend.object(bucket, key, version)
    if held is None:
        raise AwsError(404, "NoSuchKey", "The specified key does not exist.", Key=key)
    if not held.lock_until:
        raise AwsError(
            404,
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )
    inside = elements({"Mode": held.lock_mode or "", "RetainUntilDate": held.lock_until})
    body = f"<Retention>{inside}</Retention>".encode()
    return Answer(200, [("Content-Type", "application/xml")], body)


def _check_change(held: Any, wanted: Mapping[str, Any], now: datetime, *, bypass: bool) -> None:
    """A lock may be made longer; shorter, or lifted, under governance by who may bypass it."""
    if bool(wanted.get("Mode")) != bool(wanted.get("RetainUntilDate")):
        raise malformed_xml()
    new = _check_future(wanted["RetainUntilDate"], now) if wanted else None
    mode, until = _retention(held) if held is not None else ("", None)
    if until is None or until <= now:
        return
    stays = new is not None and new >= until and wanted["Mode"] == mode
    stricter = new is not None and new >= until and mode == "GOVERNANCE"
    if not (stays or stricter or (mode == "GOVERNANCE" and bypass)):
        raise _protected()


def _check_default(configuration: Mapping[str, Any]) -> None:
    rule = configuration.get("Rule", {}).get("DefaultRetention", {})
    lengths = [rule[unit] for unit in LONGEST_DEFAULT if unit in rule]
    if rule and (len(lengths) != 1 or "Mode" not in rule):
        raise malformed_xml()
    if any(length < 1 for length in lengths):
        raise AwsError(
            400, "InvalidArgument", "Default retention period must be a positive integer value."
        )
    if any(rule.get(unit, 0) > most for unit, most in LONGEST_DEFAULT.items()):
        raise AwsError(400, "InvalidArgument", "Default retention period is too large.")


def _retention(held: Any) -> tuple[str, datetime | None]:
    until = _moment(held.lock_until) if held.lock_until else None
    return held.lock_mode or "", until


def _check_future(text: str, now: datetime) -> datetime:
    until = _moment(text)
    if until is None or until <= now:
        raise AwsError(400, "InvalidArgument", "The retain until date must be in the future!")
    return until


def _moment(text: str) -> datetime | None:
    if not re.match(r"\d{4}-?\d\d-?\d\d", text, re.ASCII):
        return None  # Python knows weeks, too
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _protected() -> AwsError:
    return AwsError(403, "AccessDenied", "Access Denied because object protected by object lock.")


def _bad_state(message: str) -> AwsError:
    return AwsError(409, "InvalidBucketState", message)


def _invalid(message: str) -> AwsError:
    return AwsError(400, "InvalidRequest", message)
