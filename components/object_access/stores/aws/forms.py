"""Uploads by a browser's form: the policy document that the form carries.

Source: S3 API Reference, "Browser-based uploads using POST", "Creating a POST policy".
"""

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from werkzeug.formparser import parse_form_data

from .messages import AwsError, Incoming

# Fields that the policy need not mention.
_FREE = frozenset({"x-amz-signature", "signature", "awsaccesskeyid", "file", "policy", "bucket"})
# Fields that say what the header of that name would.
HEADERS = re.compile(
    "cache-control|content-(disposition|encoding)|expires|x-amz-meta-.+|x-amz-storage-class"
    "|x-amz-server-side-encryption.*|x-amz-website-redirect-location"
)
_STATUSES = {"200": 200, "201": 201, "204": 204}


class Form(NamedTuple):
    """A form: its fields by lower-case name, the file's name and its content."""

    fields: dict[str, str]
    file_name: str
    content: bytes

    @property
    def key(self) -> str:
        """The key to write, the file's name filled in."""
        return self.fields.get("key", "").replace("${filename}", self.file_name)

    @property
    def status(self) -> int:
        """The status of the answer to a good upload: 204, or what the form asks for."""
        return _STATUSES.get(self.fields.get("success_action_status", ""), 204)


def read(incoming: Incoming) -> Form:
    """The form in the request's body."""
    environ = incoming.environ | {"wsgi.input": io.BytesIO(incoming.body)}
    _, given, files = parse_form_data(environ | {"CONTENT_LENGTH": str(len(incoming.body))})
    fields = {name.lower(): value for name, value in given.items()}
    if "file" in files:
        upload = files["file"]
        return Form(fields, (upload.filename or "").rsplit("/", 1)[-1], upload.stream.read())
    if "file" in fields:
        return Form(fields, "", fields["file"].encode())
    raise AwsError(400, "InvalidArgument", "POST requires exactly one file upload per request.")


def check_policy(form: Form, bucket: str, now: datetime) -> None:
    """Refuse a form that does not keep to its own policy."""
    policy = _policy(form.fields["policy"])
    try:
        expires = datetime.fromisoformat(policy["expiration"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise AwsError(
            400, "InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value"
        ) from None
    if now > expires:
        raise _refused("Policy expired.")
    values = {**form.fields, "bucket": bucket}
    mentioned = set()
    for operator, subject, wanted in map(_condition, policy.get("conditions", [])):
        if operator == "content-length-range":
            _check_length(len(form.content), int(subject), int(wanted))
            continue
        name = subject.lstrip("$").lower()
        mentioned.add(name)
        value = values.get(name, "")
        good = value == wanted if operator == "eq" else value.startswith(wanted)
        if not good:
            raise _refused(f"Policy Condition failed: {json.dumps([operator, f'${name}', wanted])}")
    extra = sorted(
        name for name in set(form.fields) - mentioned - _FREE if not name.startswith("x-ignore-")
    )
    if extra:
        raise _refused(f"Extra input fields: {extra[0]}")


def _condition(given: Any) -> tuple[str, str, str]:
    """The operator, the field and the value; or the range's name, its lower and its upper end."""
    if isinstance(given, dict) and len(given) == 1:
        given = ["eq", *given.popitem()]
    match given:
        case ["eq" | "starts-with" as operator, str(field), str(value)]:
            return operator, field, value
        case ["content-length-range", shortest, longest] if all(
            str(end).isdecimal() for end in (shortest, longest)
        ):
            return "content-length-range", str(shortest), str(longest)
    raise AwsError(
        400, "InvalidPolicyDocument", f"Invalid Policy: Invalid condition: {json.dumps(given)}"
    )


def _policy(encoded: str) -> Mapping[str, Any]:
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        policy = None
    if not isinstance(policy, dict):
        raise AwsError(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")
    return policy


def _check_length(given: int, shortest: int, longest: int) -> None:
    sizes = {"ProposedSize": str(given)}
    if given > longest:
        raise AwsError(
            400,
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            MaxSizeAllowed=str(longest),
            **sizes,
        )
    if given < shortest:
        raise AwsError(
            400,
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
            MinSizeAllowed=str(shortest),
            **sizes,
        )


def _refused(why: str) -> AwsError:
    return AwsError(403, "AccessDenied", f"Invalid according to Policy: {why}")
