"""Questions about keys, trust and sessions, each with the answer that AWS documents and where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from object_access.stores.aws import callers

from .conftest import HERE, THERE, World, allow, answer, deny, policy

ASSUME = "sts:AssumeRole"
EXTERNAL = {"Condition": {"StringEquals": {"sts:ExternalId": "a-pass-phrase"}}}


def trust(principal, **more):
    """A trust policy of one statement."""
    return policy(allow(ASSUME, None, Principal=principal, **more))


# question, who is trusted, the asking user's account and own statements, what is sent, answer, source
TRUST = [
    ("the user by name, at home", {"AWS": "$ME"}, HERE, [], {}, "ok", "IAM: same account"),
    ("the account's root and the user's own policy", {"AWS": "arn:aws:iam::$HERE:root"}, HERE,
     [allow(ASSUME)], {}, "ok", "IAM: Principal"),
    ("the account's root alone", {"AWS": "arn:aws:iam::$HERE:root"}, HERE, [], {}, "AccessDenied",
     "IAM: Principal"),
    ("the account's number and the user's own policy", {"AWS": "$HERE"}, HERE, [allow(ASSUME)], {}, "ok",
     "IAM: Principal"),
    ("somebody else", {"AWS": "arn:aws:iam::$HERE:user/administrator"}, HERE, [allow(ASSUME)], {},
     "AccessDenied", "IAM: trust policies"),
    ("a service", {"Service": "ec2.amazonaws.com"}, HERE, [allow(ASSUME)], {}, "AccessDenied",
     "IAM: trust policies"),
    ("another account, both sides", {"AWS": "$ME"}, THERE, [allow(ASSUME)], {}, "ok", "IAM: cross-account"),
    ("another account, the trust alone", {"AWS": "$ME"}, THERE, [], {}, "AccessDenied",
     "IAM: cross-account"),
    ("another account, its own side alone", {"AWS": "$HERE"}, THERE, [allow(ASSUME)], {}, "AccessDenied",
     "IAM: cross-account"),
    ("the user's policy for another role", {"AWS": "$THERE"}, THERE,
     [allow(ASSUME, "arn:aws:iam::$HERE:role/other")], {}, "AccessDenied", "IAM: cross-account"),
]  # fmt: skip


@pytest.mark.parametrize("row", TRUST, ids=lambda row: row[0])
def test_trust(world: World, row):
    """Who may assume a role of this account."""
    _, principal, account, own, sent, expected, _ = row
    user = world.user(*own, account=account)
    given = {
        kind: name.replace("$ME", user["arn"]).replace("$HERE", HERE).replace("$THERE", THERE)
        for kind, name in principal.items()
    }
    role = world.role(trust(given))

    assert answer(lambda: world.session(user, role, **sent)) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"ExternalId": "a-pass-phrase"}, "ok"),
        ({}, "AccessDenied"),
        ({"ExternalId": "A-pass-phrase"}, "AccessDenied"),
        ({"ExternalId": "a-pass-phrase2"}, "AccessDenied"),
        ({"ExternalId": "*****"}, "ValidationError"),
        ({"ExternalId": "with space"}, "ValidationError"),
    ],
)
def test_external_id(world: World, sent, expected):
    """The right one, and no other, and never none (IAM: external ID)."""
    user = world.user(allow(ASSUME), account=THERE)
    role = world.role(trust({"AWS": THERE}, **EXTERNAL))

    assert answer(lambda: world.session(user, role, **sent)) == expected


def test_a_later_statement_may_trust(world: World):
    """Every statement is read (IAM: trust policies)."""
    user = world.user()
    role = world.role(
        policy(
            allow(ASSUME, None, Principal={"Service": "ec2.amazonaws.com"}),
            allow(ASSUME, None, Principal={"AWS": user["arn"]}),
        )
    )

    assert answer(lambda: world.session(user, role)) == "ok"


def test_an_arn_that_is_a_part_of_the_trusted_one(world: World):
    """`x` is not `x2` (IAM: Principal)."""
    iam = world.admin("iam")
    user = world.user(allow(ASSUME))
    longer = f"{user['name']}2"
    iam.create_user(UserName=longer)
    role = world.role(trust({"AWS": f"{user['arn']}2"}))

    assert answer(lambda: world.session(user, role)) == "AccessDenied"


def test_a_role_that_is_not_there(world: World):
    """It is refused, not missed (STS API: AssumeRole)."""
    user = world.user(allow(ASSUME))

    refused = answer(lambda: world.session(user, f"arn:aws:iam::{HERE}:role/none"))
    assert refused == "AccessDenied"


def test_a_user_made_anew_is_somebody_else(world: World):
    """Until the trust is written again (IAM: Principal, unique IDs)."""
    iam, user = world.admin("iam"), world.user()
    document = trust({"AWS": user["arn"]})
    role = world.role(document)
    assert answer(lambda: world.session(user, role)) == "ok"
    iam.delete_access_key(UserName=user["name"], AccessKeyId=user["access_key_id"])
    iam.delete_user(UserName=user["name"])
    iam.create_user(UserName=user["name"])
    key = iam.create_access_key(UserName=user["name"])["AccessKey"]
    again = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}

    assert answer(lambda: world.session(again, role)) == "AccessDenied"
    iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=document)
    assert answer(lambda: world.session(again, role)) == "ok"


def test_a_boundary_must_allow_assuming(world: World):
    """Even where the trust names the user (IAM: update a role trust policy)."""
    user = world.user(boundary=policy(allow("s3:*")))
    role = world.role(trust({"AWS": user["arn"]}))

    assert answer(lambda: world.session(user, role)) == "AccessDenied"


@pytest.mark.parametrize(
    ("maximum", "asked", "expected"),
    [
        (3600, 3600, "ok"),
        (3600, 3601, "ValidationError"),
        (3600, 899, "ValidationError"),
        (3600, 900, "ok"),
        (43200, 43200, "ok"),
        (43200, 43201, "ValidationError"),
    ],
)
def test_how_long(world: World, maximum, asked, expected):
    """900 s at least, at most what the role allows, never over 12 h (STS API: AssumeRole)."""
    user = world.user()
    role = world.role(trust({"AWS": user["arn"]}), maximum=maximum)
    sts = world.unchecked("sts", user)

    given = {"RoleArn": role, "RoleSessionName": "test", "DurationSeconds": asked}
    assert answer(lambda: sts.assume_role(**given)) == expected


@pytest.mark.parametrize(("asked", "expected"), [(3600, "ok"), (3601, "ValidationError")])
def test_a_role_assumed_by_a_role(world: World, asked, expected):
    """An hour at most, whatever the role allows (IAM: role chaining)."""
    user = world.user()
    first = world.role(trust({"AWS": user["arn"]}), allow(ASSUME))
    second = world.role(trust({"AWS": first}), maximum=43200)
    session = world.session(user, first)

    assert answer(lambda: world.session(session, second, DurationSeconds=asked)) == expected


def test_a_session_has_its_role_s_rights_and_no_more(world: World):
    """Not its user's (IAM: roles)."""
    bucket, user = world.bucket(), world.user(allow("s3:*"))
    role = world.role(trust({"AWS": user["arn"]}), allow("s3:GetObject"))
    s3 = world.client("s3", world.session(user, role))

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="a/1", Body=b"")) == "AccessDenied"


def test_a_session_policy_narrows(world: World):
    """What role and session policy both allow (IAM: session policies)."""
    bucket, user = world.bucket(), world.user()
    role = world.role(trust({"AWS": user["arn"]}), allow("s3:*"))
    s3 = world.client("s3", world.session(user, role, Policy=policy(allow("s3:GetObject"))))

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="a/1", Body=b"")) == "AccessDenied"
    with_nonsense = answer(lambda: world.session(user, role, Policy="{}"))
    assert with_nonsense == "MalformedPolicyDocument"


def test_an_expired_session(world: World, monkeypatch):
    """It worked, and no longer does (S3: ExpiredToken; IAM: ExpiredToken)."""
    bucket, user = world.bucket(), world.user()
    role = world.role(trust({"AWS": user["arn"]}), allow("s3:*"))
    keys = world.session(user, role, DurationSeconds=900)
    s3 = world.client("s3", keys)
    assert answer(lambda: s3.head_bucket(Bucket=bucket)) == "ok"

    # The session's end comes nearer instead of the clock going on: signatures have a clock, too.
    known = callers.Callers._of_session
    past = datetime.now(UTC) - timedelta(seconds=1)
    monkeypatch.setattr(
        callers.Callers, "_of_session",
        lambda self, session, *more: known(self, replace(session, expires=past), *more),
    )  # fmt: skip

    assert answer(lambda: s3.list_objects_v2(Bucket=bucket)) == "ExpiredToken"
    assert answer(lambda: world.client("sts", keys).get_caller_identity()) == "ExpiredToken"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"session_token": "wrong"}, "InvalidToken"),
        ({"session_token": None}, "InvalidToken"),
        ({"secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "ASIAUNKNOWNUNKNOWN00"}, "InvalidAccessKeyId"),
    ],
)
def test_a_session_s_keys_belong_together(world: World, change, expected):
    """All three of them (S3: error codes)."""
    user = world.user()
    role = world.role(trust({"AWS": user["arn"]}), allow("s3:*"))
    keys = world.session(user, role) | change
    s3 = world.client_in("eu-west-1", "s3", keys)

    assert answer(s3.list_buckets) == expected


@pytest.mark.parametrize(
    ("change", "service", "expected"),
    [
        ({"secret_access_key": "wrong"}, "s3", "SignatureDoesNotMatch"),
        ({"secret_access_key": "wrong"}, "sts", "SignatureDoesNotMatch"),
        ({"access_key_id": "AKIAUNKNOWNUNKNOWN00"}, "s3", "InvalidAccessKeyId"),
        ({"access_key_id": "AKIAUNKNOWNUNKNOWN00"}, "iam", "InvalidClientTokenId"),
        ({"session_token": "surplus"}, "s3", "InvalidToken"),
    ],
)
def test_a_user_s_keys_belong_together(world: World, change, service, expected):
    """Each service has its own words for it (S3, IAM: error codes)."""
    client = world.client_in("eu-west-1", service, world.user(allow("*")) | change)
    call = {"s3": "list_buckets", "sts": "get_caller_identity", "iam": "list_users"}[service]

    assert answer(getattr(client, call)) == expected


def test_an_inactive_key_and_a_deleted_one(world: World):
    """Neither works, an active one does again (IAM API: UpdateAccessKey)."""
    iam, user = world.admin("iam"), world.user(allow("s3:*"))
    key = {"UserName": user["name"], "AccessKeyId": user["access_key_id"]}
    s3 = world.client("s3", user)

    iam.update_access_key(**key, Status="Inactive")
    assert answer(s3.list_buckets) == "InvalidAccessKeyId"
    iam.update_access_key(**key, Status="Active")
    assert answer(s3.list_buckets) == "ok"
    iam.delete_access_key(**key)
    assert answer(s3.list_buckets) == "InvalidAccessKeyId"


def test_who_one_is(world: World):
    """GetCallerIdentity is never refused, even by a Deny (STS API)."""
    user = world.user(deny("*"))

    identity = world.client("sts", user).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (HERE, user["arn"])
    assert identity["UserId"].startswith("AIDA")


def test_who_a_session_is(world: World):
    """The assumed role and the session's name (STS API: GetCallerIdentity)."""
    user = world.user()
    role = world.role(trust({"AWS": user["arn"]}))

    identity = world.client("sts", world.session(user, role)).get_caller_identity()
    name = role.rpartition("/")[2]
    assert identity["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/{name}/test"
    assert identity["UserId"].endswith(":test")


def test_a_user_s_own_session(world: World):
    """It may do what the user may on S3, and nothing on IAM (STS API: GetSessionToken)."""
    user = world.user(allow("*"))
    made = world.client("sts", user).get_session_token(DurationSeconds=900)["Credentials"]
    keys = {
        "access_key_id": made["AccessKeyId"],
        "secret_access_key": made["SecretAccessKey"],
        "session_token": made["SessionToken"],
    }

    assert answer(world.client("s3", keys).list_buckets) == "ok"
    assert answer(world.client("iam", keys).list_users) == "InvalidClientTokenId"
    assert answer(world.client("sts", keys).get_session_token) == "AccessDenied"
    sts = world.unchecked("sts", user)
    assert answer(lambda: sts.get_session_token(DurationSeconds=899)) == "ValidationError"
