"""Every rule: what breaks it, what keeps to it, and that a preview's unknowns break nothing."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails import rules
from guardrails.rules import UNKNOWN, Resource
from object_access.policies import buckets, grants, trust
from object_access.policies.documents import document, to_json
from object_access.policies.grants import Access

OTHER, OWN = "210987654321", "123456789012"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ARN = "arn:aws:s3:::b"
FLAGS = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
SECRET = "a-canary-that-no-message-may-sing"


def resource(kind, *, protect=False, stack="dev", origins=None, **inputs):
    """A resource of the kind, under its token, called `it`."""
    module = next(
        (m for m, kinds in {
            "s3": ("Bucket",),
            "iam": ("User", "Role", "Group", "Policy", "AccessKey"),
            "objectstorage": ("Container",),
        }.items() if kind.startswith(kinds)), "",
    )  # fmt: skip
    token = f"{module}/{kind[0].lower()}{kind[1:]}:{kind}"
    provider = "openstack" if module == "objectstorage" else "aws"
    urn = f"urn:pulumi:{stack}::object-access::{provider}:{token}::it"
    return Resource(f"{provider}:{token}", inputs, "it", urn, protect, origins or {})


def bucket(**more):
    return resource("Bucket", **{"bucket": "b", **more})


def block(**more):
    return resource("BucketPublicAccessBlock", **{"bucket": "b", **FLAGS, **more})


def bucket_policy(policy=None, **more):
    return resource(
        "BucketPolicy", **{"bucket": "b", "policy": policy or to_json(buckets.private(ARN)), **more}
    )


def http(**changes):
    """The policy of a private bucket with its TLS statement changed."""
    [statement] = buckets.private(ARN)["Statement"]
    return to_json(document([{**statement, **changes}]))


def policy(action, resource_arn=ARN, **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource_arn, **more}
    return to_json(document([{k: v for k, v in statement.items() if v is not None}]))


def user_policy(*args, **more):
    return resource("UserPolicy", policy=policy(*args, **more))


def role(principal=None, condition=None, **more):
    """A role, by default one that trusts a user of the stack's own account."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": principal or {"AWS": f"arn:aws:iam::{OWN}:user/u"},
    }
    if condition:
        statement["Condition"] = condition
    trusting = to_json(document([statement]))
    inputs = {"arn": f"arn:aws:iam::{OWN}:role/r", "assumeRolePolicy": trusting, **more}
    return resource("Role", **inputs)


SUB, AUD = "token.example.org:sub", "token.example.org:aud"
HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def tokens(**conditions):
    """A role for the tokens of a provider."""
    return role({"Federated": f"arn:aws:iam::{OWN}:oidc-provider/token.example.org"}, conditions)


def foreign(condition=None, who=f"arn:aws:iam::{OTHER}:role/r", **more):
    return role({"AWS": who}, condition, **more)


def external(operator="StringEquals", value=SECRET, key="sts:ExternalId"):
    return {operator: {key: value}}


# A user, and a role, who may do anything with the bucket; and its policy that denies the rest.
HOLDER = resource("User", name="u", arn=f"arn:aws:iam::{OWN}:user/u")
FULL, FULL_ROLE = (
    resource(kind, **whose, policy=policy("s3:*", [ARN, f"{ARN}/*"]))
    for kind, whose in (("UserPolicy", {"user": "u"}), ("RolePolicy", {"role": "r"}))
)
CONFINING = bucket_policy(to_json(buckets.private(ARN, [f"arn:aws:iam::{OWN}:user/u"])))
CONFINING_ROLE = bucket_policy(to_json(buckets.private(ARN, [f"arn:aws:iam::{OWN}:role/r"])))


def cors(origins, methods):
    rule = {"allowedOrigins": origins, "allowedMethods": methods}
    return resource("BucketCorsConfiguration", bucket="b", corsRules=[rule])


def container(**inputs):
    return resource("Container", **inputs)


def key(**inputs):
    return resource("AccessKey", **{"user": "u", "createDate": "2026-10-30T00:00:00Z", **inputs})


def judge(name, *resources, **settings):
    """The messages of one rule."""
    [rule] = [each for each in rules.RULES if each.name == name]
    if name == "access-keys":
        settings.setdefault("now", NOW)
    return [found.message for found in rule.judge(resources, **settings)]


# (rule, resources, settings, what the message says)
BROKEN = [
    ("private-buckets", [bucket()], {}, "Bucket 'it' has no public access block"),
    ("private-buckets", [bucket(), block(bucket="other")], {}, "has no public access block"),
    *(
        ("private-buckets", [bucket(), block(**{flag: value})], {}, f"leaves '{flag}' off")
        for flag in FLAGS
        for value in (False, None)
    ),
    ("private-buckets", [resource("BucketV2", bucket="b")], {}, "has no public access block"),
    ("buckets-with-policy", [bucket()], {}, "answers plain HTTP"),
    ("buckets-with-policy", [bucket(), bucket_policy(bucket="other")], {}, "has no policy"),
    ("tls-only", [bucket_policy(http(Resource=[ARN]))], {}, "lets plain HTTP through"),
    ("tls-only", [bucket_policy(http(Resource=f"{ARN}/*"))], {}, "lets plain HTTP through"),
    ("tls-only", [bucket_policy(http(Action="s3:GetObject"))], {}, "lets plain HTTP through"),
    ("tls-only", [bucket_policy(http(Principal={"AWS": OTHER}))], {}, "lets plain HTTP through"),
    ("tls-only", [bucket_policy(http(Effect="Allow"))], {}, "lets plain HTTP through"),
    (
        "tls-only",
        [bucket_policy(http(Condition={"Bool": {"aws:SecureTransport": "true"}}))],
        {},
        "lets plain HTTP through",
    ),
    ("tls-only", [bucket_policy(bucket="c")], {}, "lets plain HTTP through"),
    ("tls-only", [bucket_policy("{")], {}, "is no JSON"),
    ("tls-only", [bucket_policy("[]")], {}, "is malformed"),
    ("tls-only", [bucket_policy(http(Action="everything"))], {}, "cannot be judged"),
    ("external-id", [foreign()], {}, f"trusts 'arn:aws:iam::{OTHER}:role/r' without an external"),
    ("external-id", [foreign(who=OTHER)], {}, f"trusts the whole account {OTHER} without"),
    ("external-id", [foreign(who=f"arn:aws:iam::{OTHER}:root")], {}, "trusts the whole account"),
    ("external-id", [foreign(who=[f"arn:aws:iam::{OWN}:user/u", OTHER])], {}, OTHER),
    ("external-id", [foreign(arn=UNKNOWN)], {"accounts": [OWN]}, "list the account under"),
    # MFA proves who asks, not for whom.
    ("external-id", [foreign({"Bool": {"aws:MultiFactorAuthPresent": "true"}})], {}, "without"),
    ("external-id", [foreign(external("StringEqualsIfExists"))], {}, "without an external ID"),
    ("external-id", [foreign(external("StringNotEquals"))], {}, "without an external ID"),
    ("external-id", [foreign(external("StringLike", "*"))], {}, "without an external ID"),
    ("external-id", [foreign(external("Null", "false"))], {}, "without an external ID"),
    ("external-id", [foreign(external("StringLike", "customer-7-*"))], {}, "and no pattern"),
    ("external-id", [foreign(external("StringLike", "????????*"))], {}, "and no pattern"),
    ("external-id", [foreign(external(value="short"))], {}, "of 12 or more signs"),
    ("external-id", [foreign(external(value=[SECRET, "short"]))], {}, "of 12 or more signs"),
    ("oidc-trust", [tokens(StringEquals={AUD: "sts"})], {}, "whatever their 'sub'"),
    ("oidc-trust", [tokens(StringEquals={SUB: "repo:o/r:ref"})], {}, "whatever their 'aud'"),
    ("oidc-trust", [tokens(StringLike={SUB: "repo:*", AUD: "*"})], {}, "'sub', 'aud'"),
    ("oidc-trust", [tokens(StringEqualsIfExists={SUB: "a"}, StringEquals={AUD: "s"})], {}, "'sub'"),
    ("oidc-trust", [tokens(StringNotEquals={SUB: "a"}, StringEquals={AUD: "s"})], {}, "'sub'"),
    (
        "tls-only",
        [bucket_policy(http(Condition={**HTTP, "NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))],
        {},
        "lets plain HTTP through",
    ),
    (
        "tls-only",
        [
            bucket_policy(
                http(
                    Condition={
                        **HTTP,
                        "StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"},
                    }
                )
            )
        ],
        {},
        "lets plain HTTP through",
    ),
    ("tls-only", [bucket_policy(http(Resource=[ARN, f"{ARN}/?*/*"]))], {}, "lets plain HTTP"),
    ("no-wildcards", [user_policy(["s3:GetObject"], "*")], {}, "something on '*', and places"),
    ("no-wildcards", [user_policy(["s3:GetObject"], f"{ARN}*/x")], {}, "and places must be named"),
    ("no-wildcards", [user_policy(["kms:Decrypt"], "arn:aws:kms:*:1:key/*")], {}, "key/*"),
    ("no-wildcards", [user_policy(["s3:GetObject"], None, NotResource=ARN)], {}, "NotResource"),
    (
        "no-wildcards",
        [
            bucket_policy(
                policy(
                    "s3:GetObject",
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalAccount": OTHER}},
                )
            )
        ],
        {},
        "everyone, and principals",
    ),
    ("external-id", [foreign(external("Equals"))], {}, "without an external ID"),
    ("external-id", [foreign(external("ForAllValues:StringEquals"))], {}, "without an external"),
    (
        "session-length",
        [role(maxSessionDuration=43_200.0)],
        {},
        "sessions of 43,200 seconds, 3,600",
    ),
    ("session-length", [role(maxSessionDuration=7_201)], {"seconds": 7_200.0}, "7,200 are allowed"),
    (
        "session-length",
        [role({"Service": "ec2.amazonaws.com"}, maxSessionDuration=43_200)],
        {},
        "43,200",
    ),
    ("no-wildcards", [user_policy("*")], {}, "allows '*', and actions must be named"),
    ("no-wildcards", [user_policy(["s3:GetObject", "s3:Get*"])], {}, "allows 's3:Get*'"),
    ("no-wildcards", [user_policy("s3:Ge?Object")], {}, "allows 's3:Ge?Object'"),
    ("no-wildcards", [user_policy("s3:*", ["*"])], {}, "allows 's3:*', and actions"),
    ("no-wildcards", [user_policy("s3:*", f"{ARN}*")], {}, "allows 's3:*', and actions"),
    ("no-wildcards", [user_policy("s3:*", [])], {}, "allows 's3:*', and actions"),
    ("no-wildcards", [user_policy(["s3:*", "iam:*"])], {}, "allows 's3:*', 'iam:*', and actions"),
    ("confined", [FULL], {}, "allows 's3:*' on bucket 'b', whose policy lets it administer"),
    ("confined", [HOLDER, FULL, bucket_policy()], {}, "on bucket 'b', whose policy lets"),
    ("confined", [HOLDER, FULL], {"buckets": {"b": " "}}, "'buckets'"),
    ("confined", [FULL, CONFINING], {}, "bucket 'b'"),
    ("confined", [HOLDER, FULL, bucket_policy("no")], {}, "bucket 'b'"),
    ("confined", [role(name="r"), FULL_ROLE, CONFINING], {}, "RolePolicy 'it' allows 's3:*'"),
    ("no-wildcards", [user_policy(None, NotAction="iam:*")], {}, "whatever NotAction does not"),
    (
        "no-wildcards",
        [resource("RolePolicy", policy=policy("s3:G*"))],
        {},
        "RolePolicy 'it' allows",
    ),
    ("no-wildcards", [resource("GroupPolicy", policy=policy("s3:*"))], {}, "allows 's3:*'"),
    ("no-wildcards", [resource("Policy", policy=policy("s3:*"))], {}, "allows 's3:*'"),
    ("no-wildcards", [resource("Policy", policy=json.loads(policy("s3:*")))], {}, "allows 's3:*'"),
    ("no-wildcards", [role(inlinePolicies=[{"policy": policy("s3:*")}])], {}, "inline allows"),
    ("no-wildcards", [role("*")], {}, "as its trust allows everyone"),
    ("no-wildcards", [role({"AWS": "*"}, external())], {}, "allows everyone"),
    ("no-wildcards", [bucket_policy(policy("s3:GetObject", Principal="*"))], {}, "allows everyone"),
    (
        "no-wildcards",
        [bucket_policy(policy("s3:GetObject", NotPrincipal={"AWS": OTHER}))],
        {},
        "whatever NotPrincipal does not name",
    ),
    (
        "no-wildcards",
        [
            bucket_policy(
                policy(
                    "s3:GetObject", Principal="*", Condition={"IpAddress": {"aws:SourceIp": "all"}}
                )
            )
        ],
        {},
        "allows everyone",
    ),
    (
        "no-wildcards",
        [resource("UserPolicyAttachment", policyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")],
        {},
        "AWS's to widen",
    ),
    (
        "no-wildcards",
        [role(managedPolicyArns=["arn:aws-cn:iam::aws:policy/AdministratorAccess"])],
        {},
        "attaches",
    ),
    ("no-wildcards", [resource("Policy", policy="no")], {}, "is no JSON"),
    ("access-keys", [key(), key()], {}, "is one of 2 active keys"),
    ("access-keys", [key(createDate="2026-07-01T00:00:00Z")], {}, "is 123 days old, 90 are"),
    ("access-keys", [key(createDate="2026-10-01T00:00:00")], {"days": 30.0}, "31 days old, 30 are"),
    (
        "access-keys",
        [key(user=UNKNOWN, origins={"user": frozenset({"urn:u"})}) for _ in "ab"],
        {},
        "one of 2",
    ),
    ("cors-writes", [cors(["*"], ["GET", "PUT"])], {}, "allows 'PUT' from every origin"),
    ("cors-writes", [cors(["https://*"], ["POST", "DELETE"])], {}, "'POST', 'DELETE'"),
    ("cors-writes", [cors(["http*"], ["POST"])], {}, "allows 'POST'"),
    ("cors-writes", [cors(["https://a.example.com", "*"], ["POST"])], {}, "allows 'POST'"),
    (
        "cors-writes",
        [container(metadata={"access-control-allow-origin": "https://a.example.com *"})],
        {},
        "name the origins",
    ),
    *(
        (
            "swift-public",
            [container(**{f"container{verb}": acl})],
            {},
            f"{verb.lower()} ACL '{acl}'",
        )
        for verb in ("Read", "Write")
        for acl in (".r:*", ".r:*,.rlistings", ".rlistings", "*:*", ".r:example.com", ".referrer:*")
    ),
    *(
        ("protected", [resource(kind, stack=stack)], settings, f"not allowed in stack '{stack}'")
        for kind, stack, settings in (
            ("Bucket", "prod", {}),
            ("Container", "production", {}),
            ("Bucket", "live-eu", {"stacks": ["live-*"]}),
        )
    ),
    ("protected", [bucket(protect=True, stack="prod", forceDestroy=True)], {}, "with its objects"),
]

# The same, without a message: there is none.
KEPT = [
    ("private-buckets", [bucket(), block()], {}),
    ("private-buckets", [bucket(id="b-1", bucket=UNKNOWN), block(bucket="b-1")], {}),
    ("private-buckets", [bucket(), block(**dict.fromkeys(FLAGS, UNKNOWN))], {}),
    # In a preview the name comes from the bucket, or nobody can tell from where.
    (
        "private-buckets",
        [bucket(), block(bucket=UNKNOWN, origins={"bucket": frozenset({bucket().urn})})],
        {},
    ),
    ("private-buckets", [bucket(bucket=UNKNOWN), block(bucket=UNKNOWN)], {}),
    ("buckets-with-policy", [bucket(), bucket_policy()], {}),
    ("tls-only", [bucket_policy()], {}),
    ("tls-only", [bucket_policy(json.loads(http()))], {}),
    ("tls-only", [bucket_policy(http(Action="*", Principal={"AWS": "*"}))], {}),
    ("tls-only", [bucket_policy(http(Resource="*"))], {}),
    ("tls-only", [bucket_policy(bucket=UNKNOWN)], {}),
    ("tls-only", [bucket_policy(UNKNOWN)], {}),
    ("external-id", [role()], {}),
    ("external-id", [role({"AWS": OWN})], {}),
    ("external-id", [foreign()], {"accounts": [OTHER]}),
    ("external-id", [foreign(external(), OTHER)], {}),
    ("external-id", [foreign(external(key="STS:externalid", value=[SECRET]))], {}),
    ("external-id", [role({"AWS": "AIDAUNIQUEIDOFAUSER"})], {}),
    ("external-id", [role({"Service": "ec2.amazonaws.com"})], {}),
    ("external-id", [role(assumeRolePolicy=UNKNOWN)], {}),
    ("session-length", [role(maxSessionDuration=3_600), role()], {}),
    ("session-length", [foreign(external(), maxSessionDuration=43_200)], {}),
    ("session-length", [role(maxSessionDuration=7_200)], {"seconds": 7_200}),
    ("session-length", [role(maxSessionDuration=UNKNOWN)], {}),
    ("session-length", [role(maxSessionDuration=43_200, assumeRolePolicy=UNKNOWN)], {}),
    ("no-wildcards", [user_policy(["s3:ListAllMyBuckets"], "*")], {}),
    ("no-wildcards", [user_policy(["s3:GetObject"], f"{ARN}/a/*.csv")], {}),
    ("oidc-trust", [tokens(StringEquals={SUB: ["repo:o/r:ref"], AUD: "sts"})], {}),
    ("oidc-trust", [tokens(StringLike={SUB: "repo:o/r:*"}, StringEquals={AUD: "sts"})],
     {"subjects": ["repo:o/r:*"]}),
    ("oidc-trust", [role()], {}),
    ("no-wildcards", [FULL], {}),
    ("confined", [FULL], {"buckets": {"b": "its guide asks for it"}}),
    ("confined", [HOLDER, FULL, CONFINING], {}),
    ("confined", [HOLDER, FULL, bucket_policy(UNKNOWN)], {}),
    ("confined", [resource("User", name="u", arn=UNKNOWN), FULL, bucket_policy()], {}),
    ("confined", [role(name="r"), FULL_ROLE, CONFINING_ROLE], {}),
    ("confined", [user_policy(["s3:GetObject"])], {}),
    ("no-wildcards", [resource("UserPolicy", policy=UNKNOWN)], {}),
    ("no-wildcards", [bucket_policy()], {}),
    ("no-wildcards", [role()], {}),
    (
        "no-wildcards",
        [
            bucket_policy(
                policy(
                    "s3:GetObject",
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
                )
            )
        ],
        {},
    ),
    ("no-wildcards", [resource("UserPolicyAttachment", policyArn=f"arn:aws:iam::{OWN}:policy/p")], {}),
    ("no-wildcards", [resource("UserPolicyAttachment", policyArn=UNKNOWN)], {}),
    ("access-keys", [key(), key(user="other"), key(status="Inactive")], {}),
    ("access-keys", [key(), key()], {"most": 2.0}),
    ("access-keys", [key(createDate=UNKNOWN)], {}),
    ("access-keys", [key(createDate="2026-08-03T00:00:00Z")], {}),
    ("cors-writes", [cors(["*"], ["GET", "HEAD"])], {}),
    ("cors-writes", [cors(["https://app.valohai.com", "https://*.example.com"], ["POST"])], {}),
    ("cors-writes", [resource("BucketCorsConfiguration", corsRules=UNKNOWN)], {}),
    ("cors-writes", [container(metadata={"Access-Control-Allow-Origin": "https://a.b"})], {}),
    ("cors-writes", [container(metadata=UNKNOWN)], {}),
    ("swift-public", [container(containerRead="", containerWrite=UNKNOWN)], {}),
    ("swift-public", [container(containerRead=f"{'0' * 32}:*,.r:-*")], {}),
    ("protected", [bucket(protect=True, stack="prod"), container(stack="dev")], {}),
    ("protected", [bucket(stack="dev", forceDestroy=True)], {}),
    (
        "protected",
        [
            Resource(
                "pulumi-python:dynamic/object-access:StoreBucket",
                {"adopt": True},
                urn="urn:pulumi:prod::x::y::z",
            )
        ],
        {},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "resources", "settings", "message"), BROKEN)
def test_what_breaks_it(name, resources, settings, message):
    """One line each, that says what was found, and no secret."""
    found = judge(name, *resources, **settings)

    assert len(found) == 1
    assert message in found[0]
    assert "\n" not in found[0]
    assert ";" in found[0], "what to do follows a semicolon"
    assert SECRET not in found[0]


@pytest.mark.parametrize(("name", "resources", "settings"), KEPT)
def test_what_keeps_to_it(name, resources, settings):
    """Nothing is said."""
    assert judge(name, *resources, **settings) == []


def test_no_rule_is_without_both():
    """Every rule is broken above, and kept to."""
    names = {rule.name for rule in rules.RULES}
    assert {row[0] for row in BROKEN} == names
    assert {row[0] for row in KEPT} == names


def test_what_the_components_write():
    """The documents that the rules are made for, from the functions that make them."""
    narrow = grants.grant(ARN, [Access.LIST, Access.READ, Access.WRITE], ["farm/"])
    them = trust.Trusted([OTHER], "an-external-id")
    delegated = trust.delegated({"them": them}, f"arn:aws:iam::{OWN}:role/r")
    given = [
        resource("Policy", policy=to_json(narrow)),
        role(assumeRolePolicy=to_json(delegated), maxSessionDuration=43_200),
        role(assumeRolePolicy=to_json(trust.user(f"arn:aws:iam::{OWN}:user/u", "AIDA"))),
        role(assumeRolePolicy=to_json(trust.virtual_machines("aws"))),
        bucket_policy(to_json(buckets.private(ARN, [f"arn:aws:iam::{OWN}:user/u"]))),
    ]

    assert [message for rule in rules.RULES for message in judge(rule.name, *given)] == []


TEXTS = st.sampled_from(
    ["", "*", "s3:*", "Allow", "Deny", ARN, "arn:", OTHER, "{}", "[]", "2012-10-17", "Bool", "PUT"]
)
KEYS = st.sampled_from(
    ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "AWS", "Condition",
     "StringEquals", "sts:ExternalId", "policy", "allowedOrigins", "NotAction", "aws:SourceIp"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXTS | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
# What at least looks like a policy gets further in.
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        part: TEXTS | st.lists(TEXTS, max_size=2) | ANYTHING
        for part in ("Action", "Principal", "Resource", "NotAction", "NotPrincipal")
    }
    | {"Condition": st.dictionaries(KEYS, st.dictionaries(KEYS, ANYTHING, max_size=2), max_size=2)},
)
DOCUMENTS = st.builds(
    lambda statements: {"Version": "2012-10-17", "Statement": statements},
    STATEMENTS | st.lists(STATEMENTS, max_size=2),
)
PROPERTIES = (
    "policy", "bucket", "assumeRolePolicy", "maxSessionDuration", "user", "createDate", "arn",
    "corsRules", "containerRead", "metadata", "policyArn", "inlinePolicies", *FLAGS,
)  # fmt: skip
KINDS = (
    "Bucket", "BucketPublicAccessBlock", "BucketPolicy", "BucketCorsConfiguration", "Role",
    "UserPolicy", "AccessKey", "Container", "UserPolicyAttachment",
)  # fmt: skip


@given(
    st.lists(
        st.builds(
            lambda kind, inputs: resource(kind, stack="prod", **inputs),
            st.sampled_from(KINDS),
            st.dictionaries(
                st.sampled_from(PROPERTIES),
                ANYTHING | (DOCUMENTS | ANYTHING).map(lambda each: json.dumps(each, default=str)),
            ),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_nothing_makes_a_rule_fail(resources):
    """Whatever other programs declare is judged, in lines."""
    for rule in rules.RULES:
        assert all("\n" not in message for message in judge(rule.name, *resources))


@given(st.dictionaries(st.sampled_from(PROPERTIES), st.just(UNKNOWN)), st.sampled_from(KINDS))
def test_what_nobody_knows_yet_breaks_no_rule(inputs, kind):
    """Only what is missing altogether, and what a bucket lacks, can be told in a preview."""
    given = resource(kind, protect=True, **dict.fromkeys(FLAGS, True) | inputs)
    silent = {rule.name for rule in rules.RULES} - {"private-buckets", "buckets-with-policy"}

    assert [message for name in silent for message in judge(name, given)] == []


def test_a_policy_that_a_bucket_says_itself_is_read():
    """As one of its own resource."""
    everything = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})  # fmt: skip

    assert not [*rules.no_wildcards([bucket()])]
    assert [*rules.no_wildcards([bucket(policy=everything)])]
