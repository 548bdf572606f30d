"""What buckets of every store have in common."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from pulumi import ComponentResource, ResourceOptions

from . import _args
from .policies import cors

# How long the store keeps what is no longer wanted, in days.
ABORT_UPLOADS_AFTER = 7
KEEP_OLD_VERSIONS = 30


class Removal(StrEnum):
    """When stored data may be deleted with what holds it. It counts once it was applied."""

    KEEP = "keep"
    """Never: Pulumi refuses to."""
    EMPTY = "empty"
    """When nothing is stored there any more."""
    DESTROY = "destroy"
    """With everything that is stored there."""
    LEAVE = "leave"
    """Never, but Pulumi lets go of it: it stays where it is, with its objects and settings."""


def removal(args: Mapping[str, Any]) -> Removal:
    """The checked `removal` of a component's arguments; from another language it is a text."""
    given = args.get("removal", Removal.KEEP)
    if given not in (words := [each.value for each in Removal]):
        raise ValueError(f"removal '{given}' is unknown, use one of {', '.join(words)}")
    return Removal(given)


def holding(parent: ComponentResource, removal: Removal, **more: Any) -> ResourceOptions:
    """The options of what holds the data, so that it goes only as `removal` says."""
    return ResourceOptions(
        parent=parent,
        protect=removal is Removal.KEEP,
        retain_on_delete=removal is Removal.LEAVE,
        **more,
    )


class CorsRuleArgs(TypedDict):
    """One CORS rule: which pages in a browser may send which requests."""

    origins: Sequence[str]
    """Origins such as "https://app.example.com", or "*"."""
    methods: Sequence[str]
    """Of GET, HEAD, PUT, POST and DELETE. With the origin "*" only GET and HEAD, but for
    `as_documented`."""
    headers: NotRequired[Sequence[str]]
    """Request headers that the page may send. Default: none."""
    expose: NotRequired[Sequence[str]]
    """Response headers that the page may read. Default: none."""
    max_age_seconds: NotRequired[int]
    """How long a browser may remember the answer, in seconds. Default: 3000."""
    as_documented: NotRequired[bool]
    """Let pages of every origin write: the consumer's own documentation has the rule so. Default:
    False."""


def cors_rules(name: str, given: Sequence[CorsRuleArgs]) -> list[cors.CorsRule]:
    """The checked rules, at most as many as S3 takes."""
    if len(given) > cors.MAX_RULES:
        raise ValueError(f"{len(given)} CORS rules given, S3 takes at most {cors.MAX_RULES}")
    for rule in given:
        _args.check(name, rule, CorsRuleArgs)
    return [cors.rule(**each) for each in given]
