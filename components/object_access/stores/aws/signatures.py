"""Who signed a request? Signature Version 4 in headers, URLs and forms.

Source: IAM User Guide, "AWS Signature Version 4 for API requests", and S3 API Reference,
"Authenticating requests". Version 2 is refused, as S3 does for every bucket that was made since
June 2020 (S3 API Reference, "Signature Version 2 turned off").
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from .messages import AwsError, Incoming, incomplete
from .models import regions

ALGORITHM = "AWS4-HMAC-SHA256"
CLOCK_SKEW = timedelta(minutes=15)
LONGEST_URL = 604_800  # seconds, seven days
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
# What stands in place of the body's hash.
_UNHASHED = {
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    SIGNED_CHUNKS,
    f"{SIGNED_CHUNKS}-TRAILER",
}
_CHUNK = re.compile(rb"([0-9a-fA-F]+);chunk-signature=([0-9a-f]{64})\r\n")
_EMPTY = hashlib.sha256(b"").hexdigest()
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Claim:
    """What a signature claims: it must be the `signature` that `expected` makes of the secret."""

    access_key_id: str
    token: str
    region: str
    service: str
    signature: str
    to_sign: bytes
    day: str = ""
    auth_type: str = "REST-HEADER"  # as S3's condition key s3:authType has it
    age: timedelta = timedelta()
    kind: str = ALGORITHM  # as S3's condition key s3:signatureversion has it
    # Each chunk of the body, or its trailer: what it is, the content, its signature.
    chunks: tuple[tuple[str, bytes, str], ...] = ()

    def check(self, secret: str) -> None:
        """Refuse the claim where the secret makes another signature."""
        key = _signing_key(secret, self.day, self.region, self.service)
        _compare(hmac.new(key, self.to_sign, hashlib.sha256).hexdigest(), self.signature)
        previous = self.signature
        for what, content, signature in self.chunks:
            stamp, scope = self.to_sign.decode().split("\n")[1:3]
            lines = [f"{ALGORITHM}-{what}", stamp, scope, previous]
            lines += [_EMPTY] if what == "PAYLOAD" else []
            to_sign = "\n".join([*lines, hashlib.sha256(content).hexdigest()])
            _compare(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), signature)
            previous = signature


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )


def claim(incoming: Incoming, now: datetime) -> Claim | None:
    """What the request's headers or URL claim; None for an unsigned one.

    Raises AwsError for a signature that is malformed, too old or too far ahead.
    """
    authorization = incoming.header("Authorization")
    if authorization.startswith(ALGORITHM):
        return _from_header(incoming, authorization, now)
    if authorization or {"Signature", "AWSAccessKeyId"} & incoming.query.keys():
        raise _unsupported()
    if any(name.lower() == "x-amz-signature" for name in incoming.query):
        return _from_url(incoming, now)
    return None


def claim_of_form(fields: Mapping[str, str], now: datetime) -> Claim | None:
    """What the fields of a POST form claim; the policy document is what was signed."""
    policy = fields.get("policy", "").encode()
    if {"signature", "awsaccesskeyid"} & fields.keys():
        raise _unsupported()
    if "x-amz-signature" not in fields:
        return None
    if not policy:
        raise _malformed("Bucket POST must contain a field named 'policy'.", "InvalidArgument")
    if fields.get("x-amz-algorithm") != ALGORITHM:
        raise _malformed_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    access_key_id, day, region, service = _scope(fields.get("x-amz-credential", ""), in_query=True)
    signed = _moment(fields.get("x-amz-date", ""))
    _check_day(day, signed, in_query=True)
    return Claim(
        access_key_id,
        fields.get("x-amz-security-token", ""),
        region,
        service,
        fields["x-amz-signature"],
        policy,
        day,
        auth_type="POST",
        age=now - signed,
    )


def check_service(claim: Claim, service: str) -> None:
    """Refuse what was signed for another service than the one that is asked."""
    if claim.service != service:
        refuse = _malformed if claim.auth_type == "REST-HEADER" else _malformed_query
        raise refuse(
            "Error parsing the X-Amz-Credential parameter; incorrect service "
            f'"{claim.service}". This endpoint belongs to "{service}".'
        )


def _from_header(incoming: Incoming, authorization: str, now: datetime) -> Claim:
    found = re.fullmatch(
        rf"{ALGORITHM} +Credential=([^, ]+),? *SignedHeaders=([^, ]+),? *Signature=([0-9a-f]+)",
        authorization,
    )
    if not found:
        raise _malformed("The authorization header is malformed.")
    access_key_id, day, region, service = _scope(found[1])
    moment = _moment(incoming.header("X-Amz-Date") or incoming.header("Date"))
    stamp, age = moment.strftime(_TIME), now - moment
    _check_day(day, moment)
    if abs(age) > CLOCK_SKEW:
        raise AwsError(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
            MaxAllowedSkewMilliseconds="900000",
        )
    payload = incoming.header("X-Amz-Content-Sha256") or hashlib.sha256(incoming.body).hexdigest()
    to_sign = _string_to_sign(
        incoming, found[2], payload, stamp, f"{day}/{region}/{service}", set()
    )
    _check_payload(incoming, payload)
    return Claim(
        access_key_id,
        incoming.header("X-Amz-Security-Token"),
        region,
        service,
        found[3],
        to_sign,
        day,
        age=age,
        chunks=_chunks(incoming, payload),
    )


def _from_url(incoming: Incoming, now: datetime) -> Claim:
    query = incoming.query
    if query.get("X-Amz-Algorithm") != ALGORITHM or "X-Amz-Signature" not in query:
        raise _malformed_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    access_key_id, day, region, service = _scope(query.get("X-Amz-Credential", ""), in_query=True)
    expires = query.get("X-Amz-Expires", "")
    seconds = int(expires) if re.fullmatch(r"\d{1,6}", expires, re.ASCII) else 0
    if not 0 < seconds <= LONGEST_URL:
        raise _malformed_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {LONGEST_URL} seconds"
        )
    stamp = query.get("X-Amz-Date", "")
    signed = _moment(stamp)
    _check_day(day, signed, in_query=True)
    if now - signed > timedelta(seconds=seconds):
        raise AwsError(403, "AccessDenied", "Request has expired", **{"X-Amz-Expires": expires})
    if signed - now > CLOCK_SKEW:
        raise AwsError(403, "AccessDenied", "Request is not yet valid")
    payload = query.get("X-Amz-Content-Sha256") or incoming.header(
        "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"
    )
    to_sign = _string_to_sign(
        incoming,
        query.get("X-Amz-SignedHeaders", ""),
        payload,
        stamp,
        f"{day}/{region}/{service}",
        {"X-Amz-Signature"},
    )
    _check_payload(incoming, payload)
    return Claim(
        access_key_id,
        query.get("X-Amz-Security-Token", ""),
        region,
        service,
        query["X-Amz-Signature"],
        to_sign,
        day,
        "REST-QUERY-STRING",
        now - signed,
        chunks=_chunks(incoming, payload),
    )


def _string_to_sign(
    incoming: Incoming,
    signed_headers: str,
    payload: str,
    stamp: str,
    scope: str,
    left_out: set[str],
) -> bytes:
    names = signed_headers.split(";")
    if "host" not in names:
        raise _malformed("SignedHeaders must include host.")
    if scope.endswith("/s3"):
        _check_signed(incoming, names)
    headers = "".join(f"{name}:{' '.join(incoming.header(name).split())}\n" for name in names)
    query = "&".join(
        f"{key}={value}"
        for key, value in sorted(
            (_encoded(key), _encoded(value))
            for key, value in incoming.query_pairs
            if key not in left_out
        )
    )
    canonical = "\n".join(
        (
            incoming.method,
            _encoded(incoming.raw_path, safe="/"),
            query,
            headers,
            signed_headers,
            payload,
        )
    )
    # What stands in a header was decoded byte by byte; nothing that is signed has other signs.
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    return f"{ALGORITHM}\n{stamp}\n{scope}/aws4_request\n{digest}".encode()


def _check_signed(incoming: Incoming, names: list[str]) -> None:
    """Refuse x-amz- headers that nobody signed. The payload's hash is signed in any case."""
    given = {key[5:].lower().replace("_", "-") for key in incoming.environ if key[:5] == "HTTP_"}
    signed = {name.replace("_", "-") for name in names} | {"x-amz-content-sha256"}
    if unsigned := sorted(name for name in given - signed if name.startswith("x-amz-")):
        raise AwsError(
            403,
            "AccessDenied",
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(unsigned),
        )


def _encoded(text: str, safe: str = "") -> str:
    # Decoded first: clients differ in what they leave unencoded, the signature does not.
    return quote(unquote(text), safe=f"{safe}-_.~")


def _check_payload(incoming: Incoming, payload: str) -> None:
    """Refuse a body that is not the one whose hash was signed."""
    if re.fullmatch(r"[0-9a-f]{64}", payload):
        given = hashlib.sha256(incoming.body).hexdigest() if incoming.body else _EMPTY
        if given != payload:
            raise AwsError(
                400,
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
    elif payload not in _UNHASHED:
        raise _malformed(
            f"x-amz-content-sha256 must be {', '.join(sorted(_UNHASHED))} or a valid sha256 value.",
            "InvalidArgument",
        )


def _chunks(incoming: Incoming, payload: str) -> tuple[tuple[str, bytes, str], ...]:
    """What was signed one by one: the chunks of the body, the last of them empty, and a trailer."""
    if not payload.startswith(SIGNED_CHUNKS):
        return ()
    body, at, size = incoming.body, 0, 1
    found = []
    while size:
        head = _CHUNK.match(body, at)
        if head is None:
            raise incomplete()
        at, size = head.end(), int(head[1], 16)
        found.append(("PAYLOAD", body[at : at + size], head[2].decode()))
        at += size + 2 if size else 0  # the end of its line
    if str(sum(len(each[1]) for each in found)) != incoming.header("X-Amz-Decoded-Content-Length"):
        raise incomplete()
    trailer, _, signature = body[at:].partition(b"x-amz-trailer-signature:")
    lines = b"".join(line.strip() + b"\n" for line in trailer.splitlines() if line)
    if payload != SIGNED_CHUNKS:
        found.append(("TRAILER", lines, signature.strip().decode("latin-1")))
    elif lines or signature:
        raise incomplete()
    return tuple(found)


def _scope(credential: str, *, in_query: bool = False) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    refuse = _malformed_query if in_query else _malformed
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise refuse(
            "the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        )
    if parts[2] not in regions():
        raise refuse(f"the region '{parts[2]}' is wrong")
    return parts[0], parts[1], parts[2], parts[3]


def _moment(stamp: str) -> datetime:
    """The time of a request: as `X-Amz-Date` has it, or as HTTP's own `Date` does."""
    try:
        return datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "AWS authentication requires a valid Date or x-amz-date header"
        raise AwsError(403, "AccessDenied", message) from None


def _check_day(day: str, signed: datetime, *, in_query: bool = False) -> None:
    """Refuse a credential scope of another day than the request's."""
    if day != signed.strftime("%Y%m%d"):
        refuse = _malformed_query if in_query else _malformed
        raise refuse(f'Invalid credential date "{day}". This date is not the same as X-Amz-Date.')


def _unsupported() -> AwsError:
    return _malformed(
        f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
        code="InvalidRequest",
    )


def _malformed(message: str, code: str = "AuthorizationHeaderMalformed") -> AwsError:
    return AwsError(400, code, message)


def _malformed_query(message: str) -> AwsError:
    return AwsError(400, "AuthorizationQueryParametersError", message)


@lru_cache(maxsize=1_024)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
