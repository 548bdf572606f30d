"""Questions about STS beyond roles and time: marks of sessions, tokens, federated users, the root."""

from datetime import UTC, datetime

import pytest
import requests

from .conftest import HERE, THERE, World, allow, answer, deny, policy

ISSUER = "ci.example.com"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TEAM = [{"Key": "team", "Value": "a"}]


def trust(user, *actions, **more):
    """A trust of that user for these actions."""
    return policy(allow(list(actions), None, Principal={"AWS": user["arn"]}, **more))


def keys_of(made):
    """The keys in an answer of STS."""
    given = made["Credentials"]
    return {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }


@pytest.mark.parametrize(
    ("sent", "right"),
    [({"Tags": TEAM}, "sts:TagSession"), ({"SourceIdentity": "alice"}, "sts:SetSourceIdentity")],
    ids=["tags", "source identity"],
)  # fmt: skip
def test_marks_need_their_own_right(world: World, sent, right):
    """In the trust (IAM: pass session tags; monitor and control actions, source identity)."""
    user = world.user()
    without, with_it = (
        world.role(trust(user, *actions))
        for actions in (["sts:AssumeRole"], ["sts:AssumeRole", right])
    )

    assert answer(lambda: world.session(user, without, **sent)) == "AccessDenied"
    assert answer(lambda: world.session(user, with_it, **sent)) == "ok"


def test_marks_are_of_the_request_and_of_the_session(world: World):
    """As aws:RequestTag when they are set, as aws:PrincipalTag and aws:SourceIdentity later."""
    bucket, user = world.bucket(), world.user()
    team = {"Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}}
    alice = {"Condition": {"StringEquals": {"sts:SourceIdentity": "alice"}}}
    me = {"Principal": {"AWS": user["arn"]}}
    trusted = policy(
        allow(["sts:AssumeRole", "sts:TagSession"], None, **me, **team),
        allow("sts:SetSourceIdentity", None, **me, **alice),
    )
    seen = {"StringEquals": {"aws:PrincipalTag/team": "a", "aws:SourceIdentity": "alice"}}
    role = world.role(trusted, allow("s3:*", Condition=seen))

    other = {"Tags": [{"Key": "team", "Value": "b"}], "SourceIdentity": "alice"}
    assert answer(lambda: world.session(user, role, **other)) == "AccessDenied"
    s3 = world.client("s3", world.session(user, role, Tags=TEAM, SourceIdentity="alice"))
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"


def test_a_session_s_tag_wins_over_its_role_s(world: World):
    """(IAM: session tags, override the role's tag of that key in any case)."""
    bucket, user = world.bucket(), world.user()
    role = world.role(
        trust(user, "sts:AssumeRole", "sts:TagSession"),
        allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}}),
        Tags=[{"Key": "Team", "Value": "b"}],
    )
    plain, tagged = (
        world.client("s3", world.session(user, role, **more)) for more in ({}, {"Tags": TEAM})
    )

    assert answer(lambda: plain.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"
    assert answer(lambda: tagged.get_object(Bucket=bucket, Key="a/1")) == "ok"


def test_a_chain_hands_on_what_is_transitive(world: World):
    """Tags, where they are said to be, and the source identity always; nobody may change them."""
    user, bucket = world.user(), world.bucket()
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    first = world.role(trust(user, *actions), allow("sts:*"))
    seen = {"StringEquals": {"aws:PrincipalTag/team": "a", "aws:SourceIdentity": "alice"},
            "Null": {"aws:PrincipalTag/other": "true"}}  # fmt: skip
    second = world.role(
        policy(allow(actions, None, Principal={"AWS": first})), allow("s3:*", Condition=seen)
    )
    tags = [*TEAM, {"Key": "other", "Value": "x"}]
    marked = {"Tags": tags, "TransitiveTagKeys": ["team"], "SourceIdentity": "alice"}
    chained = world.session(user, first, **marked)
    s3 = world.client("s3", world.session(chained, second))

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    again = {"Tags": [{"Key": "TEAM", "Value": "b"}]}
    assert answer(lambda: world.session(chained, second, **again)) == "ValidationError"
    somebody = {"SourceIdentity": "bob"}
    assert answer(lambda: world.session(chained, second, **somebody)) == "AccessDenied"


def test_managed_session_policies(world: World):
    """Narrow like one in the request (STS API: AssumeRole, PolicyArns)."""
    user, bucket = world.user(), world.bucket()
    role = world.role(trust(user, "sts:AssumeRole"), allow("s3:*"))
    own = world.managed(policy(allow("s3:PutObject")))
    arns = [{"arn": READ_ONLY}]
    reader = world.client("s3", world.session(user, role, PolicyArns=arns))
    both = world.client("s3", world.session(user, role, PolicyArns=[*arns, {"arn": own}]))
    put = {"Bucket": bucket, "Key": "a/1", "Body": b"x"}

    assert answer(lambda: reader.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: reader.put_object(**put)) == "AccessDenied"
    assert answer(lambda: both.put_object(**put)) == "ok"
    missing = [{"arn": f"arn:aws:iam::{HERE}:policy/none"}]
    assert (
        answer(lambda: world.session(user, role, PolicyArns=missing)) == "MalformedPolicyDocument"
    )


def test_a_federated_user(world: World):
    """Has of the user's rights those that the session's policy names; none without one, but what a
    bucket gives it by name (STS API: GetFederationToken)."""
    bucket, user = world.bucket(), world.user(allow(["s3:Get*", "sts:GetFederationToken"]))
    sts = world.client("sts", user)
    narrow = policy(allow("s3:*", f"arn:aws:s3:::{bucket}/a/*"))
    some = sts.get_federation_token(Name="guest", Policy=narrow)
    none = sts.get_federation_token(Name="guest2")
    arn = some["FederatedUser"]["Arn"]
    assert arn == f"arn:aws:sts::{HERE}:federated-user/guest"

    s3, bare = (world.client("s3", keys_of(each)) for each in (some, none))
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="b/1")) == "AccessDenied"
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="a/1", Body=b"")) == "AccessDenied"
    assert answer(lambda: bare.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"
    named = {"AWS": none["FederatedUser"]["Arn"]}
    text = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=named))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    assert answer(lambda: bare.get_object(Bucket=bucket, Key="b/1")) == "ok"

    mayless = world.client("sts", world.user(allow("s3:*")))
    assert answer(lambda: mayless.get_federation_token(Name="guest")) == "AccessDenied"


def test_whose_a_key_is(world: World):
    """(STS API: GetAccessKeyInfo)."""
    key = world.user(account=THERE)["access_key_id"]
    call = world.client("sts", world.user(allow("sts:GetAccessKeyInfo"))).get_access_key_info

    assert call(AccessKeyId=key)["Account"] == THERE
    assert answer(lambda: call(AccessKeyId="AKIAUNKNOWNUNKNOWN00")) == "ValidationError"
    without = world.client("sts", world.user())
    assert answer(lambda: without.get_access_key_info(AccessKeyId=key)) == "AccessDenied"


def test_the_root_of_an_account(world: World):
    """May everything at home that no bucket denies, and assumes no role (IAM: root user; STS API:
    AssumeRole)."""
    root, bucket = world.aws["roots"][HERE], world.bucket()
    s3, sts = world.client("s3", root), world.client("sts", root)
    role = world.role(policy(allow("sts:AssumeRole", None, Principal={"AWS": HERE})))

    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{HERE}:root"
    assert world.client("iam", root).get_user()["User"]["Arn"] == f"arn:aws:iam::{HERE}:root"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: world.session(root, role)) == "AccessDenied"
    text = policy(deny("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"
    locked = policy(deny("s3:*", f"arn:aws:s3:::{bucket}", Principal="*"))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=locked)
    assert answer(lambda: world.admin("s3").delete_bucket_policy(Bucket=bucket)) == "AccessDenied"
    assert answer(lambda: s3.delete_bucket_policy(Bucket=bucket)) == "ok"  # S3 API: PutBucketPolicy
    abroad = world.bucket(THERE)
    assert answer(lambda: s3.get_object(Bucket=abroad, Key="a/1")) == "AccessDenied"


# --- tokens ---


@pytest.fixture(scope="module")
def provider(world: World):
    """The ARN of the issuer that the account trusts."""
    made = world.admin("iam").create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )
    return made["OpenIDConnectProviderArn"]


def token(world, **claims):
    """A token of the rehearsal's issuer."""
    given = {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", "sub": "repo:a/b", **claims}
    made = requests.post(
        world.aws["tokens"], json=given, verify=world.aws["ca_bundle"], timeout=10
    )  # fmt: skip
    return made.text


def by_token(world, role, given):
    """Assume the role without a signature."""
    return world.client("sts", None).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="ci", WebIdentityToken=given
    )


def ci_role(world, provider, *statements):
    """A role for one repository."""
    only = {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{ISSUER}:sub": "repo:a/*"},
    }
    action = "sts:AssumeRoleWithWebIdentity"
    return world.role(
        policy(allow(action, None, Principal={"Federated": provider}, Condition=only)), *statements
    )


def test_a_role_of_ci(world: World, provider):
    """By a token, without keys, if it is for this repository (IAM: OIDC federation)."""
    bucket = world.bucket()
    role = ci_role(world, provider, allow("s3:GetObject"))
    made = by_token(world, role, token(world))
    s3 = world.client("s3", keys_of(made))

    assert made["Provider"] == provider
    assert made["SubjectFromWebIdentityToken"] == "repo:a/b"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="a/1", Body=b"")) == "AccessDenied"


NOW = int(datetime.now(UTC).timestamp())


@pytest.mark.parametrize(
    ("claims", "expected"),
    [({"sub": "repo:c/b"}, "AccessDenied"), ({"aud": "another"}, "InvalidIdentityToken"),
     ({"iss": "https://other.example.com"}, "InvalidIdentityToken"),
     ({"exp": NOW - 10}, "ExpiredTokenException"), ({"nbf": NOW + 600}, "ExpiredTokenException"),
     ({"azp": "another"}, "InvalidIdentityToken"),
     ({"https://aws.amazon.com/tags": {}}, "NotImplemented")],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)  # fmt: skip
def test_tokens_that_are_not_taken(world: World, provider, claims, expected):
    """(STS API: AssumeRoleWithWebIdentity, errors)."""
    role = ci_role(world, provider)

    assert answer(lambda: by_token(world, role, token(world, **claims))) == expected


@pytest.mark.parametrize(
    "change",
    [lambda text: text[:-8] + "AAAAAAAA", lambda text: "x" * 20, lambda text: text.rpartition(".")[0] + ".",
     lambda text: "eyJhbGciOiJub25lIn0." + text.split(".")[1] + "."],
    ids=["signature", "text", "no signature", "alg none"],
)  # fmt: skip
def test_tokens_of_somebody_else(world: World, provider, change):
    """(RFC 7519; STS API: InvalidIdentityToken)."""
    role = ci_role(world, provider)

    got = answer(lambda: by_token(world, role, change(token(world))))
    assert got in ("InvalidIdentityToken", "ValidationError")
