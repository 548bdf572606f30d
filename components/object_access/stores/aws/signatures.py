"""Who signed a request? Signature Version 4 in headers, URLs and forms, and Version 2 in URLs.

Source: IAM User Guide, "AWS Signature Version 4 for API requests", and S3 API Reference,
"Authenticating requests". Version 2 is there because boto3 still signs URLs with it by default.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote

from .messages import AwsError, Incoming

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
    kind: str = ALGORITHM
    # Each chunk of the body, or its trailer: what it is, the content, its signature.
    chunks: tuple[tuple[str, bytes, str], ...] = ()

    def check(self, secret: str) -> None:
        """Refuse the claim where the secret makes another signature."""
        if self.kind != ALGORITHM:
            digest = hmac.new(secret.encode(), self.to_sign, hashlib.sha1).digest()
            _compare(base64.b64encode(digest).decode(), self.signature)
            return
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
    if authorization:
        raise _malformed(
            "The authorization mechanism you have provided is not supported. "
            f"Please use {ALGORITHM}.",
            code="InvalidRequest",
        )
    if "X-Amz-Signature" in incoming.query:
        return _from_url(incoming, now)
    if {"Signature", "AWSAccessKeyId"} <= incoming.query.keys():
        return _from_old_url(incoming, now)
    return None


def claim_of_form(fields: Mapping[str, str]) -> Claim | None:
    """What the fields of a POST form claim; the policy document is what was signed."""
    policy = fields.get("policy", "").encode()
    if not policy and {"x-amz-signature", "signature"} & fields.keys():
        raise _malformed("Bucket POST must contain a field named 'policy'.", "InvalidArgument")
    token = fields.get("x-amz-security-token", "")
    if "x-amz-signature" in fields:
        access_key_id, day, region, service = _scope(fields.get("x-amz-credential", ""))
        return Claim(
            access_key_id,
            token,
            region,
            service,
            fields["x-amz-signature"],
            policy,
            day,
            auth_type="POST",
        )
    if "signature" in fields:
        return Claim(
            fields.get("awsaccesskeyid", ""),
            token,
            "",
            "s3",
            fields["signature"],
            policy,
            auth_type="POST",
            kind="AWS",
        )
    return None


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
    stamp = incoming.header("X-Amz-Date") or incoming.header("Date")
    age = now - _moment(stamp)
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
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise _malformed_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    access_key_id, day, region, service = _scope(query.get("X-Amz-Credential", ""), in_query=True)
    expires = query.get("X-Amz-Expires", "")
    if not expires.isdigit() or not 0 < int(expires) <= LONGEST_URL:
        raise _malformed_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {LONGEST_URL} seconds"
        )
    stamp = query.get("X-Amz-Date", "")
    signed = _moment(stamp)
    if now > signed + timedelta(seconds=int(expires)):
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


# Query parameters that Signature Version 2 signs as part of the resource.
_SUB_RESOURCES = frozenset(
    [
        "acl",
        "cors",
        "delete",
        "lifecycle",
        "location",
        "logging",
        "notification",
        "partNumber",
        "policy",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    ]
)


def _from_old_url(incoming: Incoming, now: datetime) -> Claim:
    query = incoming.query
    expires = query.get("Expires", "")
    if not expires.isdigit():
        raise AwsError(403, "AccessDenied", "Query-string authentication requires Expires")
    if now.timestamp() > int(expires):
        raise AwsError(403, "AccessDenied", "Request has expired", Expires=expires)
    amz = (
        {"x-amz-security-token": query["x-amz-security-token"]}
        if "x-amz-security-token" in query
        else {}
    )
    for key in incoming.environ:
        if key.startswith("HTTP_X_AMZ_"):
            amz[key[5:].lower().replace("_", "-")] = incoming.environ[key].strip()
    sub = "&".join(
        f"{key}={value}" if value else key
        for key, value in sorted(query.items())
        if key in _SUB_RESOURCES
    )
    lines = [
        incoming.method,
        incoming.header("Content-MD5"),
        incoming.header("Content-Type"),
        expires,
        *(f"{key}:{value}" for key, value in sorted(amz.items())),
        incoming.raw_path + (f"?{sub}" if sub else ""),
    ]
    return Claim(
        query["AWSAccessKeyId"],
        query.get("x-amz-security-token", ""),
        "",
        "s3",
        query["Signature"],
        "\n".join(lines).encode(),
        auth_type="REST-QUERY-STRING",
        kind="AWS",
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
    digest = hashlib.sha256(canonical.encode()).hexdigest()
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
            raise _incomplete()
        at, size = head.end(), int(head[1], 16)
        found.append(("PAYLOAD", body[at : at + size], head[2].decode()))
        at += size + 2 if size else 0  # the end of its line
    if str(sum(len(each[1]) for each in found)) != incoming.header("X-Amz-Decoded-Content-Length"):
        raise _incomplete()
    trailer, _, signature = body[at:].partition(b"x-amz-trailer-signature:")
    lines = b"".join(line.strip() + b"\n" for line in trailer.splitlines() if line)
    if payload != SIGNED_CHUNKS:
        found.append(("TRAILER", lines, signature.strip().decode("latin-1")))
    elif lines or signature:
        raise _incomplete()
    return tuple(found)


def _incomplete() -> AwsError:
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError(400, "IncompleteBody", message)


def _scope(credential: str, *, in_query: bool = False) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        refuse = _malformed_query if in_query else _malformed
        raise refuse(
            "the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        )
    return parts[0], parts[1], parts[2], parts[3]


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        message = "AWS authentication requires a valid Date or x-amz-date header"
        raise AwsError(403, "AccessDenied", message) from None


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
