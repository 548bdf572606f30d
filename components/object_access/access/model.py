"""What an access report is made of."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Verb(StrEnum):
    """What one may do at a place, in the order of its power."""

    LIST = "list"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMINISTER = "administer"


class Kind(StrEnum):
    """Who somebody is, in the order in which a reviewer wants to know of their access."""

    ANONYMOUS = "anonymous"
    OUTSIDER = "outsider"
    PAGE = "page"
    TEMP_URL = "temp-url"
    KEYS = "keys"
    CREDENTIAL = "credential"
    USER = "user"
    ROLE = "role"


class Party(NamedTuple):
    """Somebody who may ask."""

    kind: Kind
    name: str
    facts: dict[str, Any]
    """What else is known: keys, sessions, who may become this one."""

    @property
    def id(self) -> str:
        """The same in every report."""
        return f"{self.kind}:{self.name}"


class Place(NamedTuple):
    """A bucket or container, or a part of it."""

    root: str
    """Address of the whole: `s3://<bucket>/`, `swift://<container>/`, `https://<store>/<bucket>/`"""
    prefix: str
    """What the names of its objects begin with; empty for all that no other place has."""
    facts: Mapping[str, Any]
    """What else is known: encryption, whether plain HTTP is refused."""

    @property
    def id(self) -> str:
        """The same in every report."""
        return self.root + self.prefix


@dataclass(frozen=True, slots=True)
class Answer:
    """May somebody do one thing at one place?"""

    allowed: bool
    by: tuple[str, ...] = ()
    """The statements that allow it, as `<policy> > <Sid>`."""
    actions: tuple[str, ...] = ()
    """What of it they may do, in the words of the store."""
    denied: tuple[str, ...] = ()
    """What of it a statement denies, whatever others allow."""
    denied_by: tuple[str, ...] = ()
    """Those statements."""
    only_if: tuple[str, ...] = ()
    """Keys of conditions that a request must meet; their values may be secrets."""


REFUSED = Answer(False)
Answers = Mapping[Verb, Answer]
NOTHING: Answers = dict.fromkeys(Verb, REFUSED)


@dataclass
class Findings:
    """What is known of one store, or of all of them."""

    principals: dict[str, Party] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    access: dict[tuple[str, str], Answers] = field(default_factory=dict)
    """By the IDs of principal and place. A pair that is not there can do nothing: no statement
    names the two."""
    unknown: dict[str, str] = field(default_factory=dict)
    """What may give or take access, and is not judged here; with a seal of what it says."""

    def add(self, who: Party, where: Place, answers: Answers) -> None:
        """Note what somebody may do somewhere."""
        self.principals.setdefault(who.id, who)
        self.places.setdefault(where.id, where)
        self.access[who.id, where.id] = answers

    def leave(self, what: str, says: Any = None) -> None:
        """Note what is not judged."""
        # Two of one name, in two components, are not one.
        text = self.unknown.get(what, "") + json.dumps(says, sort_keys=True, default=str)
        self.unknown[what] = hashlib.sha256(text.encode()).hexdigest()[:16]

    def join(self, other: "Findings") -> None:
        """Take in what is known of another store. Nobody is known of two with different facts but
        pages and the world, who have none."""
        self.principals |= other.principals
        self.places |= other.places
        self.access |= other.access
        self.unknown |= other.unknown


def strongest(answers: Answers) -> Verb | None:
    """The most powerful thing that is allowed, or nothing."""
    return next((verb for verb in reversed(Verb) if answers[verb].allowed), None)


def places_of(root: str, prefixes: set[str], facts: Mapping[str, Any]) -> Iterator[Place]:
    """The parts of a bucket, the rest of it first."""
    for prefix in sorted({"", *prefixes}):
        yield Place(root, prefix, facts)
