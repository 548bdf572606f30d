"""What buckets of every store have in common."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from . import _args
from .policies import cors

# How long the store keeps what is no longer wanted, in days.
ABORT_UPLOADS_AFTER = 7
KEEP_OLD_VERSIONS = 30


class CorsRuleArgs(TypedDict):
    """One CORS rule: which pages in a browser may send which requests."""

    origins: Sequence[str]
    """Origins such as "https://app.example.com", or "*"."""
    methods: Sequence[str]
    """Of GET, HEAD, PUT, POST and DELETE. With the origin "*" only GET and HEAD."""
    headers: NotRequired[Sequence[str]]
    """Request headers that the page may send. Default: none."""
    expose: NotRequired[Sequence[str]]
    """Response headers that the page may read. Default: none."""
    max_age_seconds: NotRequired[int]
    """How long a browser may remember the answer. Default: 3000."""


def cors_rules(name: str, given: Sequence[CorsRuleArgs]) -> list[cors.CorsRule]:
    """The checked rules, at most as many as S3 takes."""
    if len(given) > cors.MAX_RULES:
        raise ValueError(f"{len(given)} CORS rules given, S3 takes at most {cors.MAX_RULES}")
    for rule in given:
        _args.check(name, rule, CorsRuleArgs)
    return [cors.rule(**each) for each in given]
