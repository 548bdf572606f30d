"""The evaluator, rule by rule: the decision, and the statement that made it."""

import re
import time

import pytest

from object_access.policies.evaluate import (
    ANONYMOUS,
    Policies,
    Policy,
    Principal,
    Reason,
    Request,
    evaluate,
)

HERE, THERE = "111111111111", "222222222222"
USER = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/ann", "AIDAANN")
ABROAD = Principal("user", THERE, f"arn:aws:iam::{THERE}:user/ann", "AIDAOTHER")
ROLE = f"arn:aws:iam::{HERE}:role/r"
SESSION = Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/s", "AROAR", ROLE)
OBJECT = "arn:aws:s3:::b/a/1"


def statement(effect="Allow", sid=None, /, **elements):
    """A statement on everything, with some elements in place of others."""
    given = {"Effect": effect, "Action": "s3:GetObject", "Resource": "*"} | elements
    if "NotAction" in elements:
        del given["Action"]
    if "NotResource" in elements or given["Resource"] is None:
        del given["Resource"]
    return given | ({"Sid": sid} if sid else {})


def policy(*statements, kind="identity", name="p"):
    """A compiled policy."""
    return Policy(name, {"Version": "2012-10-17", "Statement": list(statements)}, kind)


def ask(
    *identity, who=USER, action="s3:GetObject", resource=OBJECT, context=None,
    resource_policy=None, boundary=None, session=None,
):  # fmt: skip
    """Decide a request on something of account HERE."""
    request = Request(who, action, resource, HERE, context or {})
    return evaluate(request, Policies(identity, resource_policy, boundary, session))


# one condition, the context, does the statement hold; the source in a word
CONDITIONS = [
    ({"StringEquals": {"s3:prefix": "a/"}}, {"s3:prefix": "a/"}, True, "String"),
    ({"StringEquals": {"S3:Prefix": "a/"}}, {"s3:prefix": "a/"}, True, "keys have no case"),
    ({"StringEquals": {"s3:prefix": "a*"}}, {"s3:prefix": "a/"}, False, "no wildcards"),
    ({"StringEquals": {"s3:prefix": ["x", "a/"]}}, {"s3:prefix": "a/"}, True, "any of many"),
    ({"StringEquals": {"s3:prefix": "A/"}}, {"s3:prefix": "a/"}, False, "values have case"),
    ({"StringEqualsIgnoreCase": {"s3:prefix": "A/"}}, {"s3:prefix": "a/"}, True, "IgnoreCase"),
    ({"StringNotEqualsIgnoreCase": {"s3:prefix": "A/"}}, {"s3:prefix": "a/"}, False, "IgnoreCase"),
    ({"StringEquals": {"s3:prefix": ""}}, {"s3:prefix": ""}, True, "empty is a value"),
    ({"StringEquals": {"s3:prefix": ""}}, {}, False, "absent is none"),
    ({"StringNotEquals": {"s3:prefix": ["x", "a/"]}}, {"s3:prefix": "a/"}, False, "none of many"),
    ({"StringNotEquals": {"s3:prefix": "a/"}}, {}, True, "negated and absent"),
    ({"StringLike": {"s3:prefix": "a?1*"}}, {"s3:prefix": "a/1/x"}, True, "wildcards"),
    ({"StringNotLike": {"s3:prefix": "a*"}}, {"s3:prefix": "b"}, True, "wildcards"),
    ({"StringLikeIfExists": {"s3:prefix": "a*"}}, {}, True, "IfExists"),
    ({"StringLikeIfExists": {"s3:prefix": "a*"}}, {"s3:prefix": "b"}, False, "IfExists"),
    ({"Null": {"s3:prefix": "true"}}, {}, True, "Null"),
    ({"Null": {"s3:prefix": False}}, {"s3:prefix": "a"}, True, "Null"),
    ({"Bool": {"aws:SecureTransport": True}}, {"aws:securetransport": "true"}, True, "Bool"),
    ({"Bool": {"aws:SecureTransport": "false"}}, {}, False, "Bool and absent"),
    ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "10"}, True, "Numeric"),
    ({"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, False, "Numeric"),
    ({"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "ten"}, False, "no number"),
    ({"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True, "Numeric"),
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
     {"aws:currenttime": "2026-01-01T00:00:01Z"}, True, "Date"),
    ({"DateLessThan": {"aws:EpochTime": "2026-01-01T00:00:00Z"}},
     {"aws:epochtime": "1767225599"}, True, "Date, seconds"),
    ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}},
     {"aws:sourceip": "2001:db8::1"}, True, "IpAddress"),
    ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.1.1.1"}, False, "NotIp"),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}},
     {"aws:principalarn": USER.arn}, True, "Arn"),
    ({"ArnEquals": {"aws:PrincipalArn": "arn:*:user/ann"}},
     {"aws:principalarn": USER.arn}, False, "a wildcard stays in its segment"),
    ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/b*"}},
     {"aws:principalarn": USER.arn}, True, "Arn"),
    ({"BinaryEquals": {"k:b": "QmluYXJ5"}}, {"k:b": "QmluYXJ5"}, True, "Binary"),
    ({"StringEquals": {"s3:prefix": "${aws:username}/"}},
     {"s3:prefix": "ann/", "aws:username": "ann"}, True, "variables"),
    ({"StringLike": {"s3:prefix": "${aws:username}/*"}},
     {"s3:prefix": "bob/x", "aws:username": "*"}, False, "what a variable holds is literal"),
    ({"StringEquals": {"s3:prefix": "${aws:username}"}}, {"s3:prefix": ""}, False, "no value"),
    ({"StringEquals": {"s3:prefix": "${aws:username, 'all'}/"}}, {"s3:prefix": "all/"}, True, "default"),
    ({"StringLike": {"s3:prefix": "a${*}"}}, {"s3:prefix": "ab"}, False, "${*} is a star"),
    ({"StringLike": {"s3:prefix": "a${*}"}}, {"s3:prefix": "a*"}, True, "${*} is a star"),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ["a"]}, True, "ForAll"),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:tagkeys": ["a", "c"]}, False, "ForAll"),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True, "ForAll and absent"),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:tagkeys": ["c", "a"]}, True, "ForAny"),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {}, False, "ForAny and absent"),
    ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:prefix": "a"}},
     {"aws:securetransport": "true"}, False, "all must hold"),
]  # fmt: skip


@pytest.mark.parametrize("row", CONDITIONS, ids=lambda row: f"{row[0]} {row[1]}")
def test_conditions(row):
    """IAM JSON policy elements: Condition operators."""
    condition, context, expected, _ = row

    assert ask(policy(statement(Condition=condition)), context=context).allowed == expected


def test_the_deciding_statement_is_named():
    """By its Sid or its number, and its policy."""
    first = policy(statement(Action="s3:PutObject"), statement(), name="first")
    second = policy(statement("Deny", "Stop", Resource="arn:aws:s3:::b/b/*"), name="second")

    assert str(ask(first, second)) == "allowed by statement '#2' of first"
    assert (
        str(ask(first, second, resource="arn:aws:s3:::b/b/1"))
        == "denied by statement 'Stop' of second"
    )
    refused = ask(first, action="s3:DeleteObject")
    assert (refused.allowed, str(refused)) == (False, Reason.NO_IDENTITY.value)


def bucket(principal, effect="Allow", **more):
    """A bucket's policy of one statement."""
    return policy(
        statement(effect, **{"Principal": principal} | more), kind="resource", name="bucket"
    )


READ = policy(statement())
NONE = policy(statement(Action="s3:Nothing"))
WHO = [
    # who, own policy, bucket's principal, boundary, session policy, allowed
    (USER, NONE, {"AWS": USER.arn}, None, None, True),
    (USER, NONE, {"AWS": USER.unique_id}, None, None, True),
    (USER, NONE, {"AWS": USER.arn}, NONE, None, True),  # a user by name is not narrowed
    (USER, NONE, {"AWS": HERE}, None, None, False),  # the account leaves it to its own policies
    (USER, READ, {"AWS": HERE}, None, None, True),
    (USER, READ, {"AWS": HERE}, NONE, None, False),
    (USER, NONE, "*", None, None, True),
    (SESSION, NONE, {"AWS": ROLE}, None, None, True),
    (SESSION, NONE, {"AWS": ROLE}, NONE, None, False),
    (SESSION, NONE, {"AWS": ROLE}, None, NONE, False),
    (SESSION, NONE, {"AWS": SESSION.arn}, NONE, NONE, True),  # a session by name is not narrowed
    (SESSION, NONE, "*", None, NONE, True),  # neither is one by a wildcard
    (SESSION, NONE, "*", NONE, None, True),
    (SESSION, READ, {"AWS": THERE}, None, READ, True),
    (SESSION, READ, {"AWS": THERE}, None, NONE, False),
    (ABROAD, READ, {"AWS": ABROAD.arn}, None, None, True),
    (ABROAD, NONE, {"AWS": ABROAD.arn}, None, None, False),
    (ABROAD, READ, {"AWS": HERE}, None, None, False),
    (ABROAD, READ, {"AWS": f"arn:aws:iam::{THERE}:root"}, None, None, True),
    (ABROAD, READ, {"AWS": THERE}, NONE, None, False),
    (ANONYMOUS, NONE, "*", None, None, True),
    (ANONYMOUS, READ, {"AWS": HERE}, None, None, False),
    (Principal("root", HERE, f"arn:aws:iam::{HERE}:root"), NONE, {"AWS": THERE}, None, None, True),
    (Principal("service", arn="logs.amazonaws.com"), NONE, {"Service": "logs.amazonaws.com"}, None, None, True),
    (Principal("service", arn="logs.amazonaws.com"), NONE, {"Service": "ec2.amazonaws.com"}, None, None, False),
]  # fmt: skip


@pytest.mark.parametrize(
    "row", WHO, ids=lambda row: f"{row[0].kind} {row[0].account} {row[2]} {row[5]}"
)
def test_who_is_named_and_how(row):
    """Policy evaluation logic: same account, cross-account, boundaries, session policies."""
    who, own, principal, boundary, session, expected = row

    decision = ask(
        own, who=who, resource_policy=bucket(principal), boundary=boundary, session=session
    )
    assert decision.allowed == expected


@pytest.mark.parametrize("where", ["identity", "resource", "boundary", "session"])
def test_a_deny_anywhere_wins(where):
    """Whatever all the others allow."""
    allowing = {
        "identity": (READ,), "resource": bucket("*"), "boundary": READ, "session": READ,
    }  # fmt: skip
    stop = statement("Deny", "Stop")
    denying = policy(stop if where != "resource" else stop | {"Principal": "*"},
                     kind="resource" if where == "resource" else "identity")  # fmt: skip
    given = allowing | {where: (READ, denying) if where == "identity" else denying}
    request = Request(SESSION, "s3:GetObject", OBJECT, HERE)

    assert evaluate(request, Policies(**allowing)).allowed
    decision = evaluate(request, Policies(**given))
    assert (decision.allowed, decision.statement) == (False, "Stop")


@pytest.mark.parametrize(
    ("principal", "own", "boundary", "context", "expected"),
    [
        ({"AWS": USER.arn}, NONE, None, {}, True),
        ({"AWS": HERE}, NONE, None, {}, False),
        ({"AWS": HERE}, policy(statement(Action="sts:AssumeRole")), None, {}, True),
        ({"AWS": THERE}, policy(statement(Action="*")), None, {}, False),
        ({"AWS": USER.arn}, NONE, READ, {}, False),
    ],
)
def test_a_role_s_trust_must_allow(principal, own, boundary, context, expected):
    """The user's own policies never suffice, and its boundary must allow, too."""
    trust = policy(
        statement(Action="sts:AssumeRole", Principal=principal, Resource=None), kind="trust"
    )

    decision = ask(
        own, resource_policy=trust, action="sts:AssumeRole", boundary=boundary, context=context
    )
    assert decision.allowed == expected


@pytest.mark.parametrize(
    ("external_id", "expected"), [("right", True), ("wrong", False), ("", False), (None, False)]
)
def test_an_external_id(external_id, expected):
    """The right one and no other; none at all is not the right one."""
    trust = policy(
        statement(Action="sts:AssumeRole", Principal={"AWS": HERE}, Resource=None,
                  Condition={"StringEquals": {"sts:ExternalId": "right"}}),
        kind="trust",
    )  # fmt: skip
    context = {} if external_id is None else {"sts:externalid": external_id}
    own = policy(statement(Action="sts:AssumeRole"))

    assert (
        ask(own, resource_policy=trust, action="sts:AssumeRole", context=context).allowed
        == expected
    )


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    "turned",
    [
        {"NotResource": "arn:aws:s3:::b/${aws:username}/*"},
        {"Condition": {"StringNotLike": {"s3:prefix": "${aws:username}/*"}}},
    ],
    ids=str,
)
def test_what_has_no_value_opens_nothing(effect, turned):
    """Not even by NotResource or a negated operator; what denies by them goes on denying."""
    made = {**statement(effect), **turned}
    if "NotResource" in turned:
        del made["Resource"]
    given = [made] if effect == "Allow" else [made, statement()]
    own = Policy("own", {"Version": "2012-10-17", "Statement": given})

    assert not ask(own, context={"s3:prefix": "x/"}).allowed
    named = ask(own, context={"s3:prefix": "x/", "aws:username": "ann"})
    assert named.allowed == (effect == "Allow")


@pytest.mark.parametrize("boundary", [None, READ])
def test_a_boundary_takes_away_what_a_not_principal_spares(boundary):
    """IAM User Guide, "Permissions boundaries": always denied, whoever is named."""
    spared = policy(
        statement("Deny", NotPrincipal={"AWS": [USER.arn, USER.account]}),
        kind="resource", name="bucket",
    )  # fmt: skip

    assert ask(READ, resource_policy=spared, boundary=boundary).allowed == (boundary is None)


def test_variables_need_the_newer_version():
    """In a 2008 document `${...}` is text."""
    old = Policy("old", {"Statement": [statement(Resource="arn:aws:s3:::b/${aws:username}")]})
    context = {"aws:username": "ann"}

    assert not ask(old, resource="arn:aws:s3:::b/ann", context=context).allowed
    assert ask(old, resource="arn:aws:s3:::b/${aws:username}", context=context).allowed


@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        ({"Statement": []}, "identity", "at least one statement"),
        ({"Version": "2020-01-01", "Statement": [statement()]}, "identity", "2012-10-17"),
        ({"Statement": [statement()], "Sid": "x"}, "identity", "unknown element 'Sid'"),
        ({"Statement": [statement("Permit")]}, "identity", "Effect must be Allow or Deny"),
        ({"Statement": [statement(Actions="x")]}, "identity", "unknown element 'Actions'"),
        ({"Statement": [statement(Action="GetObject")]}, "identity", "'GetObject' is no action"),
        ({"Statement": [statement(Resource="b/*")]}, "identity", "must be '*' or an ARN"),
        ({"Statement": [statement(Resource=None)]}, "identity", "exactly one of Resource"),
        ({"Statement": [statement(Principal="*")]}, "identity", "takes no Principal"),
        ({"Statement": [statement()]}, "resource", "exactly one of Principal"),
        ({"Statement": [statement(Principal="*")]}, "trust", "takes no Resource"),
        ({"Statement": [statement(Principal="ann")]}, "resource", "is no principal"),
        ({"Statement": [statement(Principal={"AWS": "arn:aws:iam::1:user/*"})]}, "resource", "wildcard"),
        ({"Statement": [statement(Condition={"StringIs": {"a": "b"}})]}, "identity", "StringIs"),
        ({"Statement": [statement("Allow", "x"), statement("Deny", "x")]}, "identity", "share a Sid"),
        ({"Statement": [statement(Action=[])]}, "identity", "is empty"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused(document, kind, message):
    """A document that could never be attached is not judged."""
    with pytest.raises(ValueError, match=message.replace("*", r"\*")):
        Policy("p", document, kind)


@pytest.mark.parametrize("stars", [6, 40])
def test_many_wildcards_cost_nothing(stars):
    """A pattern is read once from left to right, never back (each star once cost ten times more)."""
    own = policy(statement(Resource="arn:aws:s3:::b/" + "*a" * stars + "*z"))
    fits, misses = (f"arn:aws:s3:::b/{'a' * 1_000}{end}" for end in ("z", "y"))
    began = time.process_time()

    assert ask(own, resource=fits).allowed
    assert not ask(own, resource=misses).allowed
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "given", "holds"),
    [("StringEqualsIgnoreCase", "s3:prefix", "straße", "STRASSE", False),
     ("StringEqualsIgnoreCase", "s3:prefix", "straße", "Straße", True),
     ("StringEqualsIgnoreCase", "s3:prefix", "k", "\u212a", True),
     ("DateGreaterThan", "aws:CurrentTime", "2024-02", "2024-02-02T00:00:00Z", True),
     ("DateGreaterThan", "aws:CurrentTime", "2024-02", "2024-01-31T00:00:00Z", False)],
)  # fmt: skip
def test_what_is_the_same(operator, key, wanted, given, holds):
    """Letters one by one; dates that end with a month (IAM: condition operators; W3C's ISO 8601)."""
    own = policy(statement(Condition={operator: {key: wanted}}))

    assert ask(own, context={key.lower(): given}).allowed == holds


@pytest.mark.parametrize(
    ("named", "spared"),
    [([USER.arn], False), ([USER.account], False), ([USER.arn, USER.account], True),
     ([USER.arn, f"arn:aws:iam::{USER.account}:root"], True)],
)  # fmt: skip
def test_who_is_spared_by_a_not_principal(named, spared):
    """A user with its account (IAM: JSON policy elements, NotPrincipal with Deny)."""
    bucket = policy(statement("Deny", NotPrincipal={"AWS": named}), kind="resource", name="bucket")

    assert ask(READ, resource_policy=bucket).allowed == spared


@pytest.mark.parametrize(
    ("operator", "value"),
    [("NumericEquals", "many"), ("NumericEquals", "nan"), ("DateEquals", "soon"), ("Bool", "yes"),
     ("IpAddress", "10.0.0.0/99")],
)  # fmt: skip
def test_values_that_are_none(operator, value):
    """Are refused with the policy, not passed over in silence (IAM: condition operators)."""
    with pytest.raises(ValueError, match=re.escape(value)):
        policy(statement(Condition={operator: {"s3:max-keys": value}}))
