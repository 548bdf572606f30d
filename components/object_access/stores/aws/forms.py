"""Uploads by a browser's form: the policy document that the form carries.

Source: S3 API Reference, "Browser-based uploads using POST", "Creating a POST policy".
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from moto.core.utils import get_service_model
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from .messages import Answer, AwsError, Incoming, elements
from .models import xml

# Fields that the policy need not mention.
_FREE = frozenset({"x-amz-signature", "signature", "awsaccesskeyid", "file", "policy", "bucket"})
# Fields that say what the header of that name would.
_HEADERS = re.compile(
    "cache-control|content-(disposition|encoding|type)|expires|x-amz-meta-.+|x-amz-storage-class"
    "|x-amz-server-side-encryption.*|x-amz-website-redirect-location"
    "|x-amz-(checksum|sdk-checksum)-.+"
)
# Fields of the signature.
_SIGNED_WITH = frozenset(
    f"x-amz-{name}" for name in ("algorithm", "credential", "date", "security-token", "signature")
)
# Headers of the browser's own that condition keys are about.
_KEPT = {"HTTP_REFERER", "HTTP_USER_AGENT"}
_TIME = "%Y-%m-%dT%H:%M:%S"
LONGEST_FORM = 1_000  # parts
_STATUSES = {"200": 200, "201": 201, "204": 204}


class Form(NamedTuple):
    """A form: its fields by lower-case name, the file's name filled in, and the file's content."""

    fields: dict[str, str]
    content: bytes

    @property
    def key(self) -> str:
        """The key to write."""
        return self.fields.get("key", "")

    @property
    def status(self) -> int:
        """The status of the answer to a good upload: 204, or what the form asks for."""
        return _STATUSES.get(self.fields.get("success_action_status", ""), 204)


def read(incoming: Incoming) -> Form:
    """The form in the request's body. The file ends it: what comes after is not looked at. Other
    parts are fields, also where a client gave them a file's name."""
    _, options = parse_options_header(incoming.header("Content-Type"))
    if not options.get("boundary"):
        raise _malformed()
    decoder = MultipartDecoder(options["boundary"].encode(), max_parts=LONGEST_FORM)
    decoder.receive_data(incoming.body)
    decoder.receive_data(None)
    fields: dict[str, str] = {}
    try:
        while not isinstance(part := decoder.next_event(), Epilogue):
            if not isinstance(part, Field | File):
                continue
            content = b""
            while isinstance(data := decoder.next_event(), Data):
                content += data.data
                if not data.more_data:
                    break
            name = (part.name or "").lower()
            if name == "file":
                path = part.filename or "" if isinstance(part, File) else ""
                file_name = re.split(r"[/\\]", path)[-1]  # Windows' path, too (S3: POST Object)
                filled = {
                    name: value.replace("${filename}", file_name) for name, value in fields.items()
                }
                return Form(filled, content)
            fields.setdefault(name, content.decode())
    except (ValueError, RequestEntityTooLarge):
        raise _malformed() from None
    raise AwsError(400, "InvalidArgument", "POST requires exactly one file upload per request.")


def _malformed() -> AwsError:
    message = "The body of your POST request is not well-formed multipart/form-data."
    return AwsError(400, "MalformedPOSTRequest", message)


def as_put(incoming: Incoming, form: Form, bucket: str, now: datetime) -> Incoming:
    """The upload as a PUT of its own, once the form is found to keep to its policy."""
    if not form.key:
        raise AwsError(400, "InvalidArgument", "Bucket POST must contain a field named 'key'.")
    if form.fields.get("policy"):
        check_policy(form, bucket, now)
    said = {field: form.fields[field] for field in form.fields if _HEADERS.fullmatch(field)}
    for field, value in sorted(form.fields.items()):
        if field.startswith("x-amz-") and field not in said.keys() | _SIGNED_WITH:
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no {field} of forms")
        if field in said and not value.isprintable():
            raise AwsError(400, "InvalidArgument", f"{field} has signs that no header may have")
    # As they would have come as headers, byte by byte.
    said = {field: value.encode().decode("latin-1") for field, value in said.items()}
    headers = {f"HTTP_{field.upper().replace('-', '_')}": value for field, value in said.items()}
    if "acl" in form.fields:
        headers["HTTP_X_AMZ_ACL"] = form.fields["acl"]
    if "tagging" in form.fields:
        headers["HTTP_X_AMZ_TAGGING"] = _tags(form.fields["tagging"])
    # What the policy does not govern is left behind.
    sent = incoming.environ.items()
    return Incoming(
        {name: value for name, value in sent if not name.startswith("HTTP_") or name in _KEPT}
        | headers
        | {
            "REQUEST_METHOD": "PUT",
            "REQUEST_URI": f"/{bucket}/{quote(form.key)}",
            "PATH_INFO": f"/{bucket}/{form.key}",
            "QUERY_STRING": "",
            "CONTENT_TYPE": said.get("content-type", "binary/octet-stream"),
            "CONTENT_LENGTH": str(len(form.content)),
        },
        form.content,
    )


def answer(form: Form, bucket: str, put: Answer) -> Answer:
    """What a browser is told of a good upload: where it is sent on to, or the form's status."""
    etag = [header for header in put.headers if header[0].lower() == "etag"]
    key = quote(form.key)
    redirect = form.fields.get("success_action_redirect", "")
    # What is no URL is taken for none (S3 API: POST Object, success_action_redirect).
    if re.match(r"https?://", redirect) and redirect.isascii() and redirect.isprintable():
        mark = "&" if "?" in redirect else "?"
        tag_ = quote(etag[0][1]) if etag else ""
        return Answer(303, [("Location", f"{redirect}{mark}bucket={bucket}&key={key}&etag={tag_}")])
    body = b""
    if form.status == 201:
        body = (
            f"<PostResponse>{elements({'Bucket': bucket, 'Key': form.key})}</PostResponse>".encode()
        )
    return Answer(form.status, etag, body)


def _tags(document: str) -> str:
    """The tags of a form's document as a header has them."""
    shape = get_service_model("s3").shape_for("Tagging")
    tags = xml(shape, document.encode())["TagSet"]
    return urlencode([(each["Key"], each["Value"]) for each in tags])


def check_policy(form: Form, bucket: str, now: datetime) -> None:
    """Refuse a form that does not keep to its own policy."""
    policy = _policy(form.fields["policy"])
    try:
        expires = datetime.strptime(_in_seconds(policy["expiration"]), f"{_TIME}%z")
    except (KeyError, TypeError, ValueError):
        raise _invalid("Invalid 'expiration' value") from None
    if not isinstance(policy.get("conditions"), list):
        raise _invalid("Policy has no list of conditions")
    if now > expires:
        raise _refused("Policy expired.")
    values = {**form.fields, "bucket": bucket}
    mentioned = set()
    for operator, subject, wanted in map(_condition, policy["conditions"]):
        if operator == "content-length-range":
            _check_length(len(form.content), int(subject), int(wanted))
            continue
        name = subject.lstrip("$").lower()
        mentioned.add(name)
        value = values.get(name, "")
        # "Content-Types [...] that include commas are interpreted as lists" (S3: POST policy).
        listed = value.split(",") if name == "content-type" else [value]
        starts = all(each.lstrip().startswith(wanted) for each in listed)
        if not (value == wanted if operator == "eq" else starts):
            raise _refused(f"Policy Condition failed: {json.dumps([operator, f'${name}', wanted])}")
    extra = sorted(
        name for name in set(form.fields) - mentioned - _FREE if not name.startswith("x-ignore-")
    )
    if extra:
        raise _refused(f"Extra input fields: {extra[0]}")


def _condition(given: Any) -> tuple[str, str, str]:
    """The operator, the field and the value; or the range's name, its lower and its upper end."""
    if isinstance(given, dict) and len(given) == 1:
        given = ["eq", *next(iter(given.items()))]
    if isinstance(given, list) and given and isinstance(given[0], str):
        given = [given[0].lower(), *given[1:]]
    match given:
        case ["eq" | "starts-with" as operator, str(field), str(value)]:
            return operator, field, value
        case ["content-length-range", shortest, longest] if all(
            re.fullmatch(r"\d{1,19}", str(end), re.ASCII) for end in (shortest, longest)
        ):
            return "content-length-range", str(shortest), str(longest)
    raise _invalid(f"Invalid condition: {json.dumps(given)}")


def _in_seconds(stamp: str) -> str:
    """A time in UTC without fractions; ValueError for any other."""
    found = re.fullmatch(r"([-\dT:]+)(\.\d+)?Z", stamp, re.ASCII)
    if not found:
        raise ValueError(stamp)
    return f"{found[1]}+0000"


def _policy(encoded: str) -> Mapping[str, Any]:
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        raise _invalid("Invalid JSON.")
    return policy


def _invalid(why: str) -> AwsError:
    return AwsError(400, "InvalidPolicyDocument", f"Invalid Policy: {why}")


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
