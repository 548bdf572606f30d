"""The proof that nobody can do more: against trying every request there is on small alphabets."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from object_access.access.model import Kind, Party
from object_access.access.proof import Evidence, Holder, Open, Thing, Witness, compare
from object_access.access.reading import written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Policies, Principal, Request, evaluate
from object_access.policies.reference import has_key

ACCOUNT = "123456789012"
FARM = "arn:aws:s3:::farm"
ANN = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAANN")
KEYS = ["".join(signs) for size in (1, 2, 3) for signs in itertools.product("a/x", repeat=size)]
# Every value of every key that the generated policies test, and one beside.
CONTEXTS: dict[str, list[Any]] = {
    "s3:prefix": [None, *("".join(s) for n in range(4) for s in itertools.product("ax", repeat=n))],
    "aws:sourceip": [None, "10.0.0.1", "10.0.1.1", "10.1.0.1", "11.0.0.1", "2001:db8::9"],
    "s3:max-keys": [None, *map(str, range(7))],
    "aws:securetransport": ["true", "false"],
    "aws:multifactorauthpresent": [None, "true", "false"],
    "aws:tagkeys": [None, *(list(c) for n in (1, 2, 3) for c in itertools.combinations("abx", n))],
    "aws:currenttime": [f"20{year}-06-01T00:00:00Z" for year in range(19, 24)],
}
PATTERNS = st.text("ax*?", min_size=1, max_size=3)
STRINGS = (
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
)
SUFFIX = st.sampled_from(["", "IfExists"])
MANY = st.sampled_from(["ForAllValues:", "ForAnyValue:"])
YEARS = st.sampled_from(["2020-01-01T00:00:00Z", "2021-06-01T00:00:00Z", "2022-01-01T00:00:00Z"])
NUMBERS = ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"]
MOMENTS = ["DateLessThan", "DateGreaterThanEquals", "DateNotEquals"]


def conditions(key: str, operators, values) -> st.SearchStrategy:
    """Conditions on one key."""
    several = st.lists(values, min_size=1, max_size=2)
    return st.builds(lambda op, given: {op: {key: given}}, operators, several)


CONDITIONS = st.one_of(
    st.just({}),
    conditions("s3:prefix", st.builds(str.__add__, st.sampled_from(STRINGS), SUFFIX), PATTERNS),
    conditions(
        "aws:SourceIp",
        st.sampled_from(["IpAddress", "NotIpAddress", "IpAddressIfExists"]),
        st.sampled_from(
            ["10.0.0.0/24", "10.0.0.0/16", "0.0.0.0/0", "10.0.1.1/32", "2001:db8::/32"]
        ),
    ),
    conditions("s3:max-keys", st.sampled_from(NUMBERS), st.sampled_from("135")),
    conditions("aws:SecureTransport", st.just("Bool"), st.sampled_from(["true", "false"])),
    conditions(
        "aws:MultiFactorAuthPresent", st.sampled_from(["Bool", "BoolIfExists"]), st.just("true")
    ),
    st.sampled_from([{"Null": {"s3:prefix": each}} for each in ("true", "false")]),
    conditions(
        "aws:TagKeys",
        st.builds(str.__add__, MANY, st.sampled_from(["StringEquals", "StringNotLike"])),
        st.sampled_from(["a", "b", "*", "?"]),
    ),
    conditions("aws:CurrentTime", st.sampled_from(MOMENTS), YEARS),
)
RESOURCES = st.one_of(
    st.sampled_from(["*", FARM, f"{FARM}/*", f"{FARM}*"]),
    st.builds(lambda key: f"{FARM}/{key}", st.text("a/x*?", min_size=1, max_size=3)),
)
ACTIONS = st.sampled_from(["s3:GetObject", "s3:Get*", "s3:*", "s3:PutObject", "s3:ListBucket", "*"])


@st.composite
def statements(draw, *, own: bool) -> dict[str, Any]:
    """One statement, of an identity or of the bucket."""
    made: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    made["NotAction" if draw(st.integers(0, 5)) == 0 else "Action"] = draw(ACTIONS)
    resources = draw(st.lists(RESOURCES, min_size=1, max_size=2))
    made["NotResource" if draw(st.integers(0, 5)) == 0 else "Resource"] = resources
    if own:
        made["Principal"] = draw(st.sampled_from(["*", {"AWS": ANN.arn}, {"AWS": ACCOUNT}]))
    return {**made, "Condition": draw(CONDITIONS)}


@st.composite
def states(draw) -> Evidence:
    """An account with one user and one bucket."""

    def document(*, own: bool) -> dict[str, Any]:
        listed = draw(st.lists(statements(own=own), min_size=1, max_size=3))
        return {"Version": "2012-10-17", "Statement": listed}

    boundary = draw(st.sampled_from([True, False, False]))
    ann = Holder(
        Party(Kind.USER, "ann", {}), ANN, Known(),
        (written("own", document(own=False)),),
        written("boundary", document(own=False)) if boundary else None,
    )  # fmt: skip
    own = written("bucket policy", document(own=True), "resource") if draw(st.booleans()) else None
    return Evidence(ACCOUNT, {ann.shown.id: ann}, {FARM: Thing("bucket", FARM, own)})


def allowed(state: Evidence, request: Request) -> bool:
    """What the evaluator says, asked directly."""
    [ann], [farm] = state.holders.values(), state.things.values()
    policies = Policies(
        [each.policy for each in ann.identity],
        farm.own.policy if farm.own else None,
        ann.boundary.policy if ann.boundary else None,
    )
    return evaluate(request, policies).allowed


def every_request(*several: Evidence):
    """All that can be asked of the farm: combinations of the keys that policies test."""
    tested = {
        test.key
        for state in several
        for holder in state.holders.values()
        for reading in [
            *holder.readings,
            *(r for t in state.things.values() if t.own for r in t.own.readings),
        ]
        for test in reading.tests
    }
    keys = sorted(tested)
    targets = [("s3:ListBucket", FARM), ("s3:GetBucketCORS", FARM)]
    targets += [
        (action, f"{FARM}/{key}") for action in ("s3:GetObject", "s3:PutObject") for key in KEYS
    ]
    size = len(targets)
    for key in keys:
        size *= len(CONTEXTS[key])
    step = max(1, size // 4_000)  # of the largest ones a part
    for number, (target, values) in enumerate(
        itertools.product(targets, itertools.product(*(CONTEXTS[key] for key in keys)))
    ):
        if number % step == 0:
            context = {
                key: value
                for key, value in zip(keys, values, strict=True)
                if value is not None and has_key(target[0], key)
            }
            yield Request(ANN, *target, ACCOUNT, {"aws:securetransport": "true", **context})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(states(), states())
def test_a_witness_exactly_where_more_is_allowed(before, now):
    """Whatever trying finds, the proof finds, and no witness is wrong."""
    hold_against_trying(before, now)


@pytest.mark.thorough
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(states(), states())
def test_a_witness_exactly_where_more_is_allowed_of_many(before, now):
    """The same of five times as many."""
    hold_against_trying(before, now)


def hold_against_trying(before: Evidence, now: Evidence) -> None:
    """Ask for everything there is to ask, and compare."""
    found = list(compare(before, now))
    there = [
        each
        for each in found
        if isinstance(each, Witness) and (each.request.resource + "/").startswith(f"{FARM}/")
    ]

    for each in there:
        if each.who.name == "ann":
            assert allowed(now, each.request)
            assert not allowed(before, each.request)
    more = next(
        (r for r in every_request(before, now) if allowed(now, r) and not allowed(before, r)), None
    )
    if more:
        assert there, more
    assert not any(isinstance(each, Open) for each in found)


@settings(max_examples=50, deadline=None)
@given(states())
def test_nothing_is_more_than_itself(state):
    """And it costs no question."""
    assert list(compare(state, state)) == []
