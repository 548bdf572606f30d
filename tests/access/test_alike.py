"""Questions that differ in names alone are answered once: nothing else may be taken for alike."""

import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from object_access.access.alike import Names
from object_access.access.model import Kind, Party
from object_access.access.proof import (
    Alike,
    Evidence,
    Holder,
    Open,
    Thing,
    _pairs,
    _Question,
    compare,
)
from object_access.access.reading import written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Principal

ACCOUNT = "123456789012"
IAM = f"arn:aws:iam::{ACCOUNT}:user"


def team(name: str, own: Any, bucket: Any = None, **context: str) -> tuple[Holder, Thing]:
    """A user and a bucket, both called so, each with statements."""
    asker = Principal("user", ACCOUNT, f"{IAM}/{name}", f"AIDAEXAMPLE{name.upper()}")
    known = {"aws:principalarn": asker.arn, "aws:username": name, **context}
    policies = (written("own", _document(own)),) if own else ()
    holder = Holder(Party(Kind.USER, name, {}), asker, Known(known), policies)
    there = written("bucket", _document(bucket), "resource") if bucket else None
    return holder, Thing("bucket", f"arn:aws:s3:::{name}", there)


def _document(statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def account(*teams: tuple[Holder, Thing]) -> Evidence:
    """Everything that these have."""
    holders, things = zip(*teams, strict=True)
    return Evidence(
        ACCOUNT, {each.shown.id: each for each in holders}, {each.arn: each for each in things}
    )


def told(found: Any) -> list[Any]:
    """What was found, but for which request of a class stands for it."""
    return sorted(
        (each.who.id, each.where, each.why)
        if isinstance(each, Open)
        else (each.who.id, each.where.arn, each.names)
        for each in found
    )


def one_by_one(before: Evidence, now: Evidence) -> list[Any]:
    """The answer to every question, each asked itself."""
    things = before.things.keys() | now.things.keys()
    alike = Alike(things, [*before.holders.values(), *now.holders.values()])
    return [
        found
        for pair in _pairs(before, now)
        for found in _Question(*pair, now.account, alike.things, alike.names).answers()
    ]


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str, **more: Any) -> dict[str, Any]:
    """A statement, of whomever."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


# --- what must not be taken for alike: {} is the team's own name ---

PLAIN = allow("s3:GetObject", "arn:aws:s3:::{}/*")
DIFFERENT = {
    "a pattern that ends as one name does": [
        PLAIN, deny("s3:GetObject", "arn:aws:s3:::*-one01/*"),
    ],
    "a pattern that begins as one name does": [
        PLAIN, deny("s3:GetObject", "arn:aws:s3:::alpha*"),
    ],
    "a pattern with a sign of one name": [
        PLAIN, deny("s3:GetObject", "arn:aws:s3:::????a-*/*"),
    ],
    "a pattern as long as one name": [
        PLAIN, deny("s3:GetObject", "arn:aws:s3:::???????????/*"),
    ],
    "the other's name": [PLAIN, deny("s3:GetObject", "arn:aws:s3:::alpha-one01/*")],
    "a name of both, in small and in capitals": [
        PLAIN,
        deny("s3:GetObject", "arn:aws:s3:::{}/*",
             Condition={"StringEqualsIgnoreCase": {"aws:username": "ALPHA-ONE01"}}),
    ],
    "a condition on one name": [
        PLAIN,
        deny("s3:GetObject", "arn:aws:s3:::{}/*",
             Condition={"StringLike": {"aws:username": "*-two002"}}),
    ],
    "a variable that makes one name": [
        PLAIN, deny("s3:GetObject", "arn:aws:s3:::alpha-${{s3:prefix}}/*"),
    ],
    "a variable of the name within a key": [
        allow("s3:GetObject", "arn:aws:s3:::{}/home-${{aws:username}}"),
        deny("s3:GetObject", "arn:aws:s3:::*/home-alpha*"),
    ],
}  # fmt: skip


# And what some names mean.
WITH_KEY = allow("s3:GetObject", "arn:aws:s3:::{}/*", Condition={"StringLike": {"s3:{}": "*"}})
UNTIL_2021 = allow(
    "s3:GetObject", "arn:aws:s3:::{}/*",
    Condition={"DateGreaterThan": {"aws:CurrentTime": "{}"},
               "DateLessThan": {"aws:CurrentTime": "20210101T000000Z"}},
)  # fmt: skip
MEANING = [
    (WITH_KEY, "max-keys", "foo-keys"),
    (WITH_KEY, "X-Amz-ACL", "x-amz-lca"),
    (UNTIL_2021, "20190101T000000Z", "20240101T000000Z"),
    (UNTIL_2021, "2019-W01-1T00Z", "2024-W01-1T00Z"),
]


def named(statements: Any, name: str) -> Any:
    """Statements with a team's name in them."""
    if isinstance(statements, str):
        return statements.format(name)
    if isinstance(statements, list):
        return [named(each, name) for each in statements]
    return {named(key, name): named(each, name) for key, each in statements.items()}


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("statements", "names"),
    [
        *((each, ["alpha-one01", "gamma-two002"]) for each in DIFFERENT.values()),
        *(([each], names) for each, *names in MEANING),
    ],
    ids=[*DIFFERENT, *(first for _, first, _ in MEANING)],
)
def test_what_could_tell_two_names_apart_is_asked_of_both(
    statements: Any, names: list[str], turn: int
) -> None:
    """Whoever comes first, the second one's answer is their own."""
    names = names[::turn]
    before = account(*(team(name, None) for name in names))
    now = account(*(team(name, named(statements, name)) for name in names))
    assert told(compare(before, now)) == told(one_by_one(before, now))


def test_the_same_under_other_names_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And every answer is a request of its own, that is allowed now and was not."""
    asked = []
    answers = _Question.answers
    monkeypatch.setattr(_Question, "answers", lambda self: asked.append(self) or answers(self))
    names = [f"project-{number:03}" for number in range(20)]
    before = account(*(team(name, None) for name in names))
    now = account(*(team(name, named([PLAIN], name)) for name in names))
    found = [*compare(before, now)]
    assert len(found) == len(names)
    assert len(asked) < len(names)
    resources = {each.request.resource for each in found if not isinstance(each, Open)}
    assert {each.partition("/")[0] for each in resources} == {f"arn:aws:s3:::{n}" for n in names}


def test_two_who_ask_as_one_are_both_told_of() -> None:
    """What is the same to the last sign, names included, is still somebody else's."""
    [(holder, thing)] = [team("anna", named([PLAIN], "anna"))]
    other = replace(holder, shown=Party(Kind.ROLE, "anna", {}))
    both = {each.shown.id: each for each in (holder, other)}
    before, now = (Evidence(ACCOUNT, each, {thing.arn: thing}) for each in ({}, both))
    assert {each.who.id for each in compare(before, now)} == {*both}


@pytest.mark.parametrize("name", ["user", "object-access-probe", "true", "12345", "infinity",
                                  "oidc-provider", "fe80", "2024-01-01t00", "any-value"])  # fmt: skip
def test_what_means_something_is_no_name(name: str) -> None:
    """Numbers, dates, addresses and words of the policy language stay where they are."""
    names = Names([f"arn:aws:s3:::{name}", "arn:aws:s3:::another-name"])
    shape = names.shape([f"arn:aws:s3:::{name}"])
    assert shape is not None
    assert shape.names == ()


def test_names_that_stand_elsewhere_otherwise_are_told_apart() -> None:
    """One of two buckets is a user's name, too: what is known of the two is not the same."""
    names = Names(["arn:aws:s3:::first-1", "arn:aws:s3:::second-2"], [f"{IAM}/first-1"])
    first, second = (names.shape([f"arn:aws:s3:::{each}"]) for each in ("first-1", "second-2"))
    assert first is not None
    assert second is not None
    assert first.key != second.key


# --- and of any two teams ---

NAMES = st.sampled_from(
    [
        "alpha-1",
        "alpha-2",
        "alpha-12",
        "beta-x1",
        "gamma.y2",
        "Alpha-1",
        "delta",
        "max-keys",
        "20190101T000000Z",
        "20240101T000000Z",
    ]
)
PIECES = st.sampled_from(["{0}", "{1}", "*", "?", "alpha", "-1", "a", "/", "data", "x1", "{0}/*"])
RESOURCES = st.lists(PIECES, min_size=1, max_size=4).map(
    lambda each: "arn:aws:s3:::" + "".join(each)
)
TESTS = st.sampled_from([
    {},
    {"Condition": {"StringLike": {"s3:prefix": "{0}*"}}},
    {"Condition": {"StringEquals": {"s3:prefix": ["{0}", "{1}/"]}}},
    {"Condition": {"StringEqualsIgnoreCase": {"aws:username": "{0}"}}},
    {"Condition": {"StringNotEquals": {"aws:username": "alpha-1"}}},
    {"Condition": {"ArnLike": {"aws:PrincipalArn": f"{IAM}/*-1"}}},
    {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": f"{IAM}/{{0}}"}}},
    {"Condition": {"StringLike": {"s3:{0}": "*"}}},
    {"Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalTag/{0}": ["{1}"]}}},
])  # fmt: skip
ACTIONS = st.sampled_from(["s3:GetObject", "s3:ListBucket", "s3:*", "s3:Get*", "sts:AssumeRole"])
STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, resource, test: {
            "Effect": effect, "Action": action, "Resource": resource, **test,
        },
        st.sampled_from(["Allow", "Allow", "Deny"]), ACTIONS, RESOURCES, TESTS,
    ),
    min_size=1, max_size=3,
)  # fmt: skip


def filled(value: Any, *names: str) -> Any:
    """Statements in which two names stand."""
    if isinstance(value, str):
        return value.replace("{0}", names[0]).replace("{1}", names[1])
    if isinstance(value, list):
        return [filled(each, *names) for each in value]
    return {filled(key, *names): filled(each, *names) for key, each in value.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(NAMES, min_size=3, max_size=4, unique=True),
    own=STATEMENTS,
    there=st.none() | STATEMENTS,
)
@example(
    names=["alpha-1", "alpha-12", "beta-x1"], own=[allow("s3:*", "arn:aws:s3:::{0}*")], there=None
)
def test_any_two_teams(names: list[str], own: Any, there: Any) -> None:
    """Teams with the same statements under their own names: the answers are those to each."""
    pairs = [*zip(names, names[1:] + names[:1], strict=True)]
    before = account(*(team(name, None) for name in names))
    whose = {"Principal": {"AWS": f"{IAM}/{{0}}"}}
    bucket = [{**each, **whose} for each in there or () if each["Action"].startswith("s3:")]
    now = account(
        *(
            team(name, filled(own, name, other), filled(bucket, name, other) or None)
            for name, other in pairs
        )
    )
    assert told(compare(before, now)) == told(one_by_one(before, now))


def test_a_name_within_a_longer_word_is_not_taken_out() -> None:
    """Then what else stands in that word might decide."""
    names = Names(["arn:aws:s3:::alpha-1"])
    for sign in string.ascii_letters + "-*?$.":
        assert names.shape([f"arn:aws:s3:::{sign}alpha-1/x", "alpha-1"]) is None
    assert names.shape(["arn:aws:s3:::alpha-1/x", "alpha-1"]) is not None
