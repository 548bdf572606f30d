"""Reading policies: what they speak of, and requests that may meet what they ask for.

Nothing is decided here. What is read says which questions are worth asking; the evaluator answers.
"""

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from ..policies.classes import Reading, read
from ..policies.evaluate import Policy

PROBE = "object-access-probe"
"""What stands for a wildcard."""
EXTERNAL_ID = "sts:externalid"

_SIGNS = frozenset("*?$")
_SEAL = "external-ID-"


@dataclass(frozen=True)
class Written:
    """A policy, compiled, and as it was written."""

    policy: Policy
    body: Mapping[str, Any]

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """Its statements."""
        given = self.body["Statement"]
        return [given] if isinstance(given, Mapping) else given

    @cached_property
    def readings(self) -> frozenset[Reading]:
        """What its statements test."""
        return frozenset(read(self.body))


def written(
    name: str, document: Any, kind: Literal["identity", "resource", "trust"] = "identity"
) -> Written:
    """Read a document. Raises ValueError where AWS would refuse it."""
    try:
        body = parsed(document) if isinstance(document, str) else document
        return Written(Policy(name, body, kind), body)
    except (AttributeError, KeyError, TypeError, json.JSONDecodeError):
        raise ValueError(f"{name}: AWS would refuse this policy as malformed, correct it") from None


def parsed(text: str) -> Any:
    """The JSON of a policy. Raises ValueError for a key that stands twice: which one counts, nobody
    says."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"'{twice}' stands twice in a policy, keep one of the two")
        return found

    return json.loads(text, object_pairs_hook=once)


def shortest_id(document: Any) -> int:
    """How long the shortest external ID is that a trust asks for; 0 if it asks for none."""
    body = json.loads(document) if isinstance(document, str) else document
    given = body["Statement"]
    statements = [given] if isinstance(given, Mapping) else given
    found = [len(each) for one in statements for each in _values(one, EXTERNAL_ID)]
    return min(found, default=0)


def sealed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with a seal for every external ID: the same for the same, and all that a
    reader of it learns. What may stand for several is none, and stays."""
    text = json.dumps(body)
    if EXTERNAL_ID not in text.lower():
        return body
    copied: dict[str, Any] = json.loads(text)
    given = copied["Statement"]
    for statement in [given] if isinstance(given, Mapping) else given:
        for operator, keys in statement.get("Condition", {}).items():
            for key in [key for key in keys if key.lower() == EXTERNAL_ID]:
                wild = operator.removesuffix("IfExists").endswith("Like")
                keys[key] = [
                    each if wild and is_pattern(each) else seal(each) for each in listed(keys[key])
                ]
    return copied


@lru_cache(maxsize=4_096)
def seal(value: str) -> str:
    """What stands for a value that is told to nobody; slow to try out."""
    if value.startswith(_SEAL):
        return value
    made = hashlib.pbkdf2_hmac("sha256", value.encode(), b"an external ID", 10_000)
    return _SEAL + made.hex()[:16]


def listed(value: Any) -> list[str]:
    """An element that may be one value or several."""
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def is_pattern(text: str) -> bool:
    """Whether a text stands for others than itself."""
    return not _SIGNS.isdisjoint(text)


def like(pattern: str) -> re.Pattern[str]:
    """Whatever a pattern may stand for; a variable may stand for anything."""
    text = re.sub(r"\$\{[^}]*\}", "*", pattern)
    return re.compile("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in text))


def one_of(pattern: str, context: Mapping[str, str]) -> str:
    """One of the texts that a pattern stands for."""
    if not is_pattern(pattern):
        return pattern
    known = re.sub(
        r"\$\{([^},]*)[^}]*\}",
        lambda found: context.get(found[1].strip().lower(), found[1]),
        pattern,
    )
    return known.replace("*", PROBE).replace("?", "x")


def literal_start(pattern: str) -> str:
    """What everything begins with that a pattern stands for."""
    return re.split(r"[*?]|\$\{", pattern, maxsplit=1)[0]


def bucket_of(resource: str) -> str:
    """The bucket, or the pattern of buckets, of a resource; nothing if it is none of S3's."""
    if resource == "*":
        return resource
    return resource.rpartition(":::")[2].partition("/")[0] if ":s3:" in resource else ""


def buckets_allowed(statements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Buckets, or patterns of them, where statements may allow something."""
    for statement in statements:
        if statement["Effect"] == "Allow":
            # Whatever NotResource leaves may be anywhere.
            yield from (bucket_of(each) for each in listed(statement.get("Resource", "*")))


def key_patterns(statements: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Patterns of buckets, and of the keys in them, that statements speak of."""
    for statement in statements:
        prefixes = _values(statement, "s3:prefix")
        for resource in listed(statement.get("Resource", statement.get("NotResource", []))):
            if bucket := bucket_of(resource):
                key = resource.partition("/")[2]
                yield from ((bucket, each) for each in ([key] if key else prefixes))


def subjects(statement: Mapping[str, Any], issuer: str) -> list[str]:
    """Whose tokens of an issuer a statement trusts; none said is everybody's."""
    return _values(statement, f"{issuer}:sub") or ["anybody"]


def audiences(statement: Mapping[str, Any], issuer: str) -> list[str]:
    """For whom a statement wants an issuer's tokens to be; nothing where it does not say, word for
    word, or not to whom they are issued."""
    said = statement.get("Condition", {}).get("StringEquals", {})
    equal = [listed(each) for key, each in said.items() if key.lower() == f"{issuer}:aud".lower()]
    return equal[0] if equal and _values(statement, f"{issuer}:sub") else []


def _values(statement: Mapping[str, Any], wanted: str) -> list[str]:
    return [
        value
        for keys in statement.get("Condition", {}).values()
        for key, values in keys.items()
        if key.lower() == wanted.lower()
        for value in listed(values)
    ]


def unmet(statements: Iterable[Mapping[str, Any]], known: Iterable[str]) -> dict[str, str]:
    """A value for every key that conditions ask for and that is not `known`, such that they are
    met. Who asks is known: what is not said of them cannot be had."""
    found: dict[str, str] = {}
    for statement in statements:
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                lowered = key.lower()
                if lowered in known or lowered.startswith(("aws:principal", "aws:user", "s3:pre")):
                    continue
                allows = statement["Effect"] == "Allow"
                if (value := _meeting(operator, listed(values)[0], allows=allows)) is not None:
                    found[lowered] = value
    return found


def _meeting(operator: str, value: str, *, allows: bool) -> str | None:
    """A value that meets the condition of a statement that allows, or escapes one that denies."""
    base = operator.rpartition(":")[2].removesuffix("IfExists")
    if base == "Null":
        return PROBE if (value == "false") == allows else None
    if base.startswith("Numeric") and "Than" in base:
        return str(float(value) + (1 if ("Greater" in base) == allows else -1))
    if base == "Bool":
        return value if allows else {"true": "false"}.get(value.lower(), "true")
    if ("Not" in base) == allows:
        return PROBE
    if base.endswith("IpAddress"):
        return str(ipaddress.ip_network(value, strict=False).network_address)
    return one_of(value, {})
