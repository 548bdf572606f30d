"""Which web page may send a request to a bucket, and read the answer.

Source: S3 User Guide, "Using cross-origin resource sharing".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...policies.cors import CorsRule, first_match
from . import operations
from .backend import Backend
from .messages import Answer, AwsError, Incoming


def preflight(store: Backend, incoming: Incoming) -> Answer:
    """Answer a browser's question whether a page may send a request."""
    origin = incoming.header("Origin")
    method = incoming.header("Access-Control-Request-Method")
    if not origin or not method:
        raise AwsError(400, "BadRequest", "Insufficient information. Origin request header needed.")
    bucket = store.bucket(operations.target(incoming)[0])
    if bucket is None or not bucket.cors:
        raise AwsError(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    asked = incoming.header("Access-Control-Request-Headers")
    rule = first_match(_rules(bucket), origin, method, asked.split(","))
    if rule is None:
        raise AwsError(
            403,
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. This is usually because the "
            "evalution of Origin, request method / Access-Control-Request-Method or "
            "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
        )
    headers = _headers(rule, origin)
    if asked:
        headers.append(("Access-Control-Allow-Headers", asked.lower()))
    return Answer(200, headers)


def add_headers(store: Backend, incoming: Incoming, answer: Answer) -> None:
    """Say which page may read the answer, and nothing else about it."""
    answer.headers = [
        header for header in answer.headers if not header[0].lower().startswith("access-control-")
    ]
    origin = incoming.header("Origin")
    bucket = store.bucket(operations.target(incoming)[0]) if origin else None
    # S3 goes by the method that a preflight names, where another request has that header, too.
    method = incoming.header("Access-Control-Request-Method") or incoming.method
    if bucket is not None and (rule := first_match(_rules(bucket), origin, method)):
        answer.headers += _headers(rule, origin)


def check(configuration: Mapping[str, Any]) -> None:
    """Refuse rules that S3 refuses."""
    for name, value in _values(configuration.get("CORSRules", ())):
        if name in ("AllowedOrigins", "AllowedHeaders") and value.count("*") > 1:
            raise AwsError(
                400,
                "InvalidRequest",
                f'{name[:-1]} "{value}" can not have more than one wildcard.',
            )
        if name == "AllowedMethods" and value not in ("GET", "PUT", "POST", "DELETE", "HEAD"):
            raise AwsError(
                400,
                "InvalidRequest",
                f"Found unsupported HTTP method in CORS config. Unsupported method is {value}",
            )


def _values(rules: Any) -> Iterator[tuple[str, str]]:
    for rule in rules:
        for name, values in rule.items():
            for value in values if isinstance(values, list) else ():
                yield name, value


def _rules(bucket: Any) -> list[CorsRule]:
    return [
        {
            "AllowedOrigins": _listed(rule.allowed_origins),
            "AllowedMethods": _listed(rule.allowed_methods),
            "AllowedHeaders": _listed(rule.allowed_headers),
            "ExposeHeaders": _listed(rule.exposed_headers),
            "MaxAgeSeconds": int(rule.max_age_seconds or 0),
        }
        for rule in bucket.cors
    ]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _headers(rule: CorsRule, origin: str) -> list[tuple[str, str]]:
    everyone = "*" in rule["AllowedOrigins"]
    headers = [
        ("Access-Control-Allow-Origin", "*" if everyone else origin),
        ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
        ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    ]
    if not everyone:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if rule["ExposeHeaders"]:
        headers.append(("Access-Control-Expose-Headers", ", ".join(rule["ExposeHeaders"])))
    if rule["MaxAgeSeconds"]:
        headers.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    return headers
