"""CORS rules of a bucket: which pages in a browser may send which requests."""

import re
from collections.abc import Iterable, Sequence
from typing import TypedDict

from ..names import check_origin
from .evaluate import Pattern

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
MAX_RULES = 100  # S3 User Guide, "Elements of a CORS configuration"


class CorsRule(TypedDict):
    """One rule, with the element names of S3's API."""

    AllowedOrigins: list[str]
    AllowedMethods: list[str]
    AllowedHeaders: list[str]
    ExposeHeaders: list[str]
    MaxAgeSeconds: int


def rule(
    origins: Sequence[str],
    methods: Sequence[str],
    headers: Sequence[str] = (),
    expose: Sequence[str] = (),
    max_age_seconds: int = 3_000,
    *,
    as_documented: bool = False,
) -> CorsRule:
    """A checked rule.

    Raises ValueError for what is no origin, for a method that CORS does not know, and for
    writing from every origin, unless the consumer's own documentation wants just that.
    """
    for origin in origins:
        check_origin(origin)
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"CORS method '{method}' is unknown, use some of {', '.join(METHODS)}")
    for header in (*headers, *expose):
        if (
            not re.fullmatch(r"[\w!#$%&'+.^`|~-]*\*?[\w!#$%&'+.^`|~-]*", header, re.ASCII)
            or not header
        ):
            raise ValueError(f"CORS header {header!r} is no header's name, which may hold one '*'")
    if max_age_seconds < 0:
        raise ValueError(f"CORS max_age {max_age_seconds} is negative, give seconds")
    if not origins or not methods:
        raise ValueError("a CORS rule needs at least one origin and one method")
    writes = sorted(set(methods) - {"GET", "HEAD"})
    if "*" in origins and writes and not as_documented:
        raise ValueError(
            f"CORS origin '*' with {writes[0]} lets every page write, name the origins that may, "
            "or set 'as_documented' where the consumer's documentation has it so"
        )
    return {
        "AllowedOrigins": [*origins],
        "AllowedMethods": [*methods],
        "AllowedHeaders": [*headers],
        "ExposeHeaders": [*expose],
        "MaxAgeSeconds": max_age_seconds,
    }


def first_match(
    rules: Iterable[CorsRule], origin: str, method: str, headers: Iterable[str] = ()
) -> CorsRule | None:
    """The rule that S3 applies: the first that fits origin, method and every asked-for header."""
    asked = [header.strip().lower() for header in headers if header.strip()]
    for candidate in rules:
        allowed = [header.lower() for header in candidate["AllowedHeaders"]]
        if (
            _fits(origin, candidate["AllowedOrigins"])
            and method in candidate["AllowedMethods"]
            and all(_fits(header, allowed) for header in asked)
        ):
            return candidate
    return None


def _fits(value: str, patterns: Iterable[str]) -> bool:
    return any(_pattern(pattern).matches(value, {}) for pattern in patterns)


def _pattern(pattern: str) -> Pattern:
    # Only `*` is a wildcard here; a `?` cannot stand in an origin or a header's name.
    return Pattern(pattern, variables=False)
