"""Which requests are worth asking about, so that the answers to them are the answers to all.

Every test in a policy is on one variable: the action, the resource, or one key of the context. The
tests on one variable cut its values into finitely many classes; here is one value of each. Asked
once for every combination, the evaluator has answered for every request. Nothing is decided here.
"""

import ipaddress
import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from .documents import VERSION
from .patterns import ANY, ANYTHING, Token, Tokens, TooMany, fits, literal, members, pattern
from .reference import actions, keys

Value = str | tuple[str, ...] | None
"""Of one key in one request; None where the request lacks it."""

MOST_VALUES = 4_000
"""Classes of one key; a key with more is told, not waited for."""
SOME = (ANY, *ANYTHING)
"""Any text but the empty one."""
ANYTHING_ELSE = "any-value"
"""What a variable stands for that nobody knows."""

ARN, ACCOUNT = "aws:principalarn", "aws:principalaccount"
"""Who asks, and whose account that is: the first says the second, too."""
ONE = frozenset({ARN, ACCOUNT, "sts:externalid"})
"""Requests have one value of these, however many a policy asks about."""
ALWAYS = frozenset({"aws:currenttime", "aws:epochtime", "aws:securetransport"})
"""Every request to AWS has these (IAM User Guide, "AWS global condition context keys")."""


class Element(NamedTuple):
    """An `Action` or `Resource` element, or its `Not...` form."""

    names: tuple[str, ...]
    negated: bool = False


class Test(NamedTuple):
    """One operator and key of a `Condition` block."""

    operator: str
    key: str
    wanted: tuple[str, ...]

    @property
    def base(self) -> str:
        """The operator without what surrounds it, and without its negation."""
        name = self.operator.rpartition(":")[2]
        return name.removesuffix("IfExists").replace("Not", "", 1)


@dataclass(frozen=True)
class Reading:
    """A statement, read for what it tests."""

    text: str
    """The same for the same statement."""
    allows: bool
    actions: Element
    resources: Element
    tests: tuple[Test, ...]
    variables: bool
    """Whether `${...}` stands for a value."""

    def __hash__(self) -> int:
        return hash(self.text)


@dataclass(frozen=True)
class Known:
    """What is known of every request of somebody."""

    values: Mapping[str, str] = field(default_factory=dict)
    """Keys that are always so."""
    absent: tuple[str, ...] = ()
    """What keys begin with that their requests never have, unless it is in `values`."""
    within: Mapping[str, Tokens] = field(default_factory=dict)
    """Keys that are always of a form. An open `ARN` stands for `ACCOUNT`, too."""
    taken: frozenset[str] = frozenset()
    """Values that are somebody else's."""

    def has(self, key: str) -> bool:
        """Whether nothing about a key is open."""
        return key in self.values or key.startswith(self.absent)


def read(document: Mapping[str, Any]) -> tuple[Reading, ...]:
    """The statements of a document that the evaluator takes."""
    variables = document.get("Version") == VERSION
    statements = document["Statement"]
    listing = [statements] if isinstance(statements, Mapping) else statements
    return tuple(
        _reading(json.dumps(each, sort_keys=True, ensure_ascii=False), variables)
        for each in listing
    )


@lru_cache(maxsize=65_536)
def _reading(text: str, variables: bool) -> Reading:  # noqa: FBT001 one key of the cache
    statement = json.loads(text)
    statement.pop("Sid", None)  # what it is called decides nothing
    return Reading(
        json.dumps(statement, sort_keys=True, ensure_ascii=False) + ("" if variables else " "),
        statement["Effect"] == "Allow",
        _element(statement, "Action"),
        _element(statement, "Resource", "*"),
        tuple(
            Test(operator, key.lower(), tuple(_listed(wanted)))
            for operator, given in statement.get("Condition", {}).items()
            for key, wanted in given.items()
        ),
        variables,
    )


def _element(statement: Mapping[str, Any], part: str, default: str = "") -> Element:
    negated = f"Not{part}" in statement
    found = statement.get(f"Not{part}" if negated else part, default)
    return Element(tuple(sorted(_listed(found))), negated)


def _listed(value: object) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


# --- actions ---


class Actions(NamedTuple):
    """Actions between which no statement tells a difference."""

    names: tuple[str, ...]
    """As AWS spells them; one that AWS's reference lacks as a policy spells it, or as the shortest
    that a pattern stands for."""
    types: frozenset[str]
    """What they are about, in the reference's words, such as `bucket`; `*` for nothing in
    particular, and nothing where that is not known."""
    covered: frozenset[Element]
    """The elements that cover them."""

    @property
    def service(self) -> str:
        """The service that they are of."""
        return self.names[0].partition(":")[0].lower()


@lru_cache(maxsize=16_384)
def actions_of(elements: frozenset[Element]) -> tuple[Actions, ...]:
    """All actions that some of the elements cover, those together that all of them treat alike."""
    known = actions()
    ordered = sorted(elements)
    covering = {each: _covered(each) for each in ordered}
    groups: dict[tuple[frozenset[Element], frozenset[str], str], list[str]] = {}
    seen = set()
    for name, each in known.items():
        covered = frozenset(element for element in ordered if name in covering[element])
        seen.add(covered)
        if covered:
            types = each.types - {"*"} or each.types
            groups.setdefault((covered, types, _kind(name)), []).append(each.name)
    for name in _others(ordered):
        covered = frozenset(each for each in ordered if _covers(each, name.lower()))
        written = any(name in each.names for each in ordered)
        if covered and (written or covered not in seen):
            groups.setdefault((covered, frozenset(), name), []).append(name)
    return tuple(
        Actions(tuple(sorted(names, key=lambda name: name not in _TELLING)), types, covered)
        for (covered, types, _), names in groups.items()
    )


# The first of several actions stands for them all: one that everybody knows.
_TELLING = frozenset({"s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"})


def _kind(name: str) -> str:
    """The service, and whether to do it is to become somebody, which AWS decides differently."""
    service, _, action = name.partition(":")
    return f"{service} role" if action.startswith("assumerole") else service


@lru_cache(maxsize=16_384)
def _covered(element: Element) -> frozenset[str]:
    """The known actions that an element covers, in lower case."""
    plain = {name.lower() for name in element.names if not _is_pattern(name)}
    covered = plain & actions().keys()
    for name in element.names:
        if _is_pattern(name):
            regex = re.compile(re.escape(name.lower()).replace(r"\*", ".*").replace(r"\?", "."))
            covered |= {each for each in actions() if regex.fullmatch(each)}
    return frozenset(actions().keys() - covered if element.negated else covered)


def _covers(element: Element, name: str) -> bool:
    listed = (pattern(each.lower()) for each in element.names)
    return any(fits(each, name) for each in listed) is not element.negated


def _others(elements: Sequence[Element]) -> Iterator[str]:
    """Actions that AWS's reference lacks: those that are written out, and one for each class."""
    written = {name.lower(): name for each in elements for name in each.names}
    plain = (name for name in sorted(written) if not _is_pattern(name) and name not in actions())
    yield from (written[name] for name in plain)
    if any(map(_is_pattern, written)) or any(each.negated for each in elements):
        action = (*_SOME, Token(":"), *_SOME)
        found = members(frozenset(pattern(each) for each in written), action)
        yield from (name for name in found if name not in actions() and name not in written)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


_SOME = (Token("*?:$", but=True), Token("*?:$", but=True, many=True))


# --- resources and variables ---


def tokens_of(
    text: str, reading: Reading, known: Known, *, arn: bool = False, wild: bool = True,
    folded: bool = False,
) -> Tokens | None:  # fmt: skip
    """A pattern of a statement with what its variables stand for; None where one of them has no
    value, so that nothing fits."""
    if "${" not in text or not reading.variables:
        return pattern(text, arn=arn, wild=wild, folded=folded)
    found: list[Token] = []
    colons = 0
    for number, part in enumerate(re.split(r"\$\{([^}]*)\}", text)):
        if number % 2 == 0:
            # A wildcard after five colons stands for more: they are counted from the beginning.
            start = pattern(":" * colons + part, arn=arn, wild=wild, folded=folded)
            found += start[colons:]
            colons += part.count(":")
            continue
        value = _value_of(part, known)
        if value is None:
            return None
        found += pattern(value, wild=False, folded=folded)
    return tuple(found)


def variables_of(reading: Reading) -> set[str]:
    """The keys whose values the patterns of a statement hold."""
    if not reading.variables or "${" not in reading.text:
        return set()
    found = re.findall(r"\$\{([^},]*)[^}]*\}", reading.text)
    return {each.strip().lower() for each in found} - {"*", "?", "$"}


def _value_of(text: str, known: Known) -> str | None:
    if text in ("*", "?", "$"):
        return text
    key, _, default = text.partition(",")
    name = key.strip().lower()
    if name in known.values:
        return known.values[name]
    if name.startswith(known.absent):
        return default.strip().strip("'") or None
    return _any(name, known)


def _any(key: str, known: Known) -> str:
    """A value of a key of which nothing else is known."""
    return members(frozenset(), known.within[key])[0] if key in known.within else ANYTHING_ELSE


# --- the context ---


def contexts(readings: Iterable[Reading], known: Known) -> dict[str, list[Value]]:
    """Every key that the statements test, with one value of each class, the plainest first.

    Raises TooMany.
    """
    tests: dict[str, list[tuple[Reading, Test]]] = {}
    for reading in readings:
        for test in reading.tests:
            tests.setdefault(test.key, []).append((reading, test))
        for key in variables_of(reading):
            tests.setdefault(key, [])
    of_accounts: frozenset[Tokens] = frozenset()
    if ARN in known.within and ACCOUNT in tests and not known.has(ACCOUNT):
        of_accounts = _of_accounts(tests.pop(ACCOUNT), known)
        tests.setdefault(ARN, [])
    return {
        key: _values(key, listed, known, of_accounts if key == ARN else frozenset())
        for key, listed in tests.items()
        if not known.has(key)
    }


def _of_accounts(listed: Sequence[tuple[Reading, Test]], known: Known) -> frozenset[Tokens]:
    """What tests say of an account, as patterns of the ARNs in it. Raises TooMany."""
    if any(_kind_of(test) not in ("text", "null") for _, test in listed):
        raise TooMany(f"{ACCOUNT} is compared as something else than a text")
    found = {each for reading, test in listed for each in _patterns(reading, test, known)}
    found.add(literal(ANYTHING_ELSE))
    start = pattern("arn:*:*::", arn=True)
    return frozenset(
        (*start, *(token._replace(signs=":") if token.but else token for token in each), Token(":"),
         *ANYTHING)
        for each in found
    )  # fmt: skip


def _kind_of(test: Test) -> str:
    return _READERS.get(test.base[:4], "text")


def _values(
    key: str, listed: Sequence[tuple[Reading, Test]], known: Known, more: frozenset[Tokens]
) -> list[Value]:
    by_kind: dict[str, list[tuple[Reading, Test]]] = {}
    for reading, test in listed:
        by_kind.setdefault(_kind_of(test), []).append((reading, test))
    by_kind.pop("null", None)
    cuts = {kind: _CUTS[kind](each, known) for kind, each in by_kind.items() if kind != "text"}
    texts = by_kind.get("text", [])
    patterns = {each for reading, test in texts for each in _patterns(reading, test, known)}
    patterns |= {literal(each) for each in cuts.get("bool", ())} | more
    if any(key in variables_of(reading) for reading, _ in listed):
        patterns.add(literal(_any(key, known)))
    if set(cuts) - {"bool"} and any(token.many for each in patterns for token in each):
        raise TooMany(f"{key} is compared as a text and as something else")
    # A prefix or delimiter may be given empty; all else that is empty is not given.
    within = known.within.get(key, ANYTHING if key.startswith("s3:") else SOME)
    singles = list(dict.fromkeys(
        each for kind, values in cuts.items() if kind != "bool" for each in values
    ))  # fmt: skip
    if "bool" in cuts and not texts:
        singles += sorted(cuts["bool"], reverse=True)
    elif patterns or not singles:
        singles += _free(frozenset(patterns or {literal(ANYTHING_ELSE)}), within, known.taken)
    several = [
        test for _, test in listed if test.operator.startswith(("ForAllValues:", "ForAnyValue:"))
    ]
    values: list[Value] = [*singles]
    if (several and key not in ONE) or _is_list(key):
        values = list(_subsets([str(each) for each in values], max(1, len(listed)), key))
    return values if key in ALWAYS or key in known.within else [None, *values]


def _free(patterns: frozenset[Tokens], within: Tokens, taken: frozenset[str]) -> Sequence[str]:
    """One of every class that is nobody else's."""
    found = members(patterns, within)
    while mine := {literal(each) for each in found if each in taken} - patterns:
        patterns |= mine
        found = members(patterns, within)
    return [each for each in found if each not in taken]


def _subsets(values: Sequence[str], most: int, key: str) -> Iterator[Value]:
    """Sets of values. No more of them than there are tests: each needs one at most to hold, or
    to fail."""
    count = 0
    for size in range(1, min(most, len(values)) + 1):
        for each in itertools.combinations(values, size):
            count += 1
            if count > MOST_VALUES:
                raise TooMany(f"{key} has more sets of values than can be looked at")
            yield tuple(sorted(each))


@lru_cache(maxsize=1_024)
def _is_list(key: str) -> bool:
    return keys().get(key, "").startswith("Array")


def _patterns(reading: Reading, test: Test, known: Known) -> Iterator[Tokens]:
    arn = test.base.startswith("Arn")
    wild = arn or test.base.endswith("Like")
    for text in test.wanted:
        folded = test.base.endswith("IgnoreCase")
        found = tokens_of(text, reading, known, arn=arn, wild=wild, folded=folded)
        if found is not None:
            yield found


# Beginning of an operator -> how its values are cut.
_READERS = {
    "Bool": "bool",
    "Null": "null",
    "Nume": "number",
    "Date": "date",
    "IpAd": "address",
}


def _bools(_: Sequence[tuple[Reading, Test]], __: Known) -> list[str]:
    return ["true", "false"]


def _numbers(listed: Sequence[tuple[Reading, Test]], _: Known) -> list[str]:
    """The ends, and one number between each two and beyond."""
    cuts = sorted({float(text) for _, test in listed for text in test.wanted if _is_number(text)})
    return [f"{each:.15g}" for each in _around(cuts)]


def _dates(listed: Sequence[tuple[Reading, Test]], _: Known) -> list[str]:
    cuts = sorted(
        {moment for _, test in listed for text in test.wanted if (moment := _moment(text))}
    )
    return [
        datetime.fromtimestamp(each, UTC).isoformat().replace("+00:00", "Z")
        for each in _around(cuts)
    ]


def _around(cuts: Sequence[float]) -> list[float]:
    if not cuts:
        return [0.0]
    between = [
        (low + high) // 2 if high - low > 1 else (low + high) / 2
        for low, high in itertools.pairwise(cuts)
    ]
    return sorted({*cuts, *between, cuts[0] - 1, cuts[-1] + 1})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> float | None:
    if _is_number(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _addresses(listed: Sequence[tuple[Reading, Test]], _: Known) -> list[str]:
    """The first address of every range and the first one behind it."""
    # Addresses that nobody uses as a sender stand for all that no range holds.
    beside = ("192.0.2.1", "0.0.0.0")  # noqa: S104 nothing is bound
    found: dict[Any, None] = dict.fromkeys(map(ipaddress.ip_address, beside))
    for text in sorted({text for _, test in listed for text in test.wanted}):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        found[network.network_address] = None
        if int(network.broadcast_address) < 2**network.max_prefixlen - 1:
            found[network.broadcast_address + 1] = None
    found |= dict.fromkeys(map(ipaddress.ip_address, ("2001:db8::1", "::")))
    return [str(each) for each in found]


_CUTS = {"bool": _bools, "number": _numbers, "date": _dates, "address": _addresses}

# --- combinations ---


def combinations(values: Mapping[str, list[Value]], most: int) -> Iterator[dict[str, Any]]:
    """Every context, those with the fewest keys first in each. Raises TooMany."""
    count = 1
    for each in values.values():
        count *= len(each)
    if count > most:
        raise TooMany(f"{count:,} combinations of conditions, more than can be looked at")
    for chosen in itertools.product(*values.values()):
        yield {
            key: [*value] if isinstance(value, tuple) else value
            for key, value in zip(values, chosen, strict=True)
            if value is not None
        }


def resources_of(readings: Collection[Reading], known: Known) -> frozenset[Tokens]:
    """The patterns of resources that statements name, but for `*` alone."""
    return frozenset(
        found
        for reading in readings
        for text in reading.resources.names
        if text != "*" and (found := _resource(text, reading, known)) is not None
    )


def _resource(text: str, reading: Reading, known: Known) -> Tokens | None:
    return tokens_of(text, reading, known, arn=True)


def speaks_of(reading: Reading, resource: str, known: Known) -> bool:
    """Whether a statement is about a resource."""
    named = any(
        name == "*" or ((tokens := _resource(name, reading, known)) and fits(tokens, resource))
        for name in reading.resources.names
    )
    return named is not reading.resources.negated
