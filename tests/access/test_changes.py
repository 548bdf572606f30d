"""Every way to widen access that somebody thought of, and changes that widen nothing: each as a
change of a program, with what the difference says of it and the request that proves it."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from object_access.access import acls, difference, outsiders, report
from object_access.access import program as programs
from object_access.access.difference import Change, Turn
from object_access.access.model import Kind
from object_access.access.proof import Witness
from object_access.policies.evaluate import Policies, evaluate

ROOT = Path(__file__).parents[2]

FARM, OTHER = "arn:aws:s3:::farm", "arn:aws:iam::222222222222"
READ = {"Action": "s3:GetObject", "Resource": f"{FARM}/data/*"}
TLS = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [FARM, f"{FARM}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip
ASSUME = {"Action": "sts:AssumeRole", "Principal": {"AWS": f"{OTHER}:root"}}
WITH_ID = {**ASSUME, "Condition": {"StringEquals": {"sts:ExternalId": "open-sesame-1234"}}}
BLOCK = """
aws.s3.BucketPublicAccessBlock("block", bucket="farm", block_public_acls=True,
    block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True)
"""


def only(condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Reading, on a condition."""
    return {**READ, **more, "Condition": condition}


def everyone(condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A statement of the bucket that lets everybody read."""
    given = {"Principal": "*", "Action": "s3:GetObject", "Resource": f"{FARM}/*", **more}
    return {**given, "Condition": condition} if condition else given


def trusted(condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A statement of the role's trust."""
    given = {**ASSUME, **more}
    return {**given, "Condition": condition} if condition else given


def document(statements: list[dict[str, Any]]) -> str:
    """As Python source."""
    listed = [{"Effect": "Allow", **each} for each in statements]
    text = json.dumps({"Version": "2012-10-17", "Statement": listed})
    return f"{text!r}.replace('OWN', own)"


def source(
    *, ann=(READ,), farm=(TLS,), it=(WITH_ID,), boundary=(), more: str = "", key=()
) -> str:  # fmt: skip
    """A program with the user ann, the bucket farm and the role it."""
    bound = (
        f'bound = aws.iam.Policy("bound", name="bound", policy={document([*boundary])})'
        if boundary
        else ""
    )
    lines = [
        "import pulumi_aws as aws",
        "own = aws.get_caller_identity().account_id",
        bound,
        f'ann = aws.iam.User("ann", name="ann"{", permissions_boundary=bound.arn" if boundary else ""})',
        f'aws.iam.UserPolicy("own", name="own", user=ann.name, policy={document([*ann])})',
        'aws.s3.Bucket("farm", bucket="farm", region="eu-west-1")',
        f'aws.s3.BucketPolicy("farm", bucket="farm", policy={document([*farm])})' if farm else "",
        f'it = aws.iam.Role("it", name="it", assume_role_policy={document([*it])})',
        'aws.iam.RolePolicy("its", name="its", role=it.name, policy='
        + document([{"Action": "s3:GetObject", "Resource": f"{FARM}/its/*"}]) + ")",
        f'aws.kms.Key("key", policy={document([*key])})' if key else "",
        more,
    ]  # fmt: skip
    return "\n".join(lines)


@pytest.fixture
def judge(tmp_path):
    """The report of a program."""

    def run(text: str, config: dict[str, Any] | None = None) -> report.AccessReport:
        (tmp_path / "__main__.py").write_text(text)
        return report.build("dev", programs.declared(tmp_path, "dev", config or {}))

    return run


def also(*statements: dict[str, Any]) -> dict[str, Any]:
    """Ann's policy with more statements."""
    return {"ann": (READ, *statements)}


def alone(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Action": action, "Resource": resource, **more}


def ip(text: str) -> dict[str, Any]:
    return {"IpAddress": {"aws:SourceIp": text}}


def org(text: str) -> dict[str, Any]:
    return {"StringLike": {"aws:PrincipalOrgID": text}}


DENY_PEM = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{FARM}/data/*.pem"}
TOKENS = {
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "arn:aws:iam::OWN:oidc-provider/token.example.org"},
}
SUB, AUD = "token.example.org:sub", "token.example.org:aud"


def tokens(**conditions: dict[str, Any]) -> dict[str, Any]:
    return {"it": ({**TOKENS, "Condition": conditions},)}


def arn_like(text: str) -> dict[str, Any]:
    return {"ArnLike": {"aws:PrincipalArn": text}}


OWNED = """
aws.s3.BucketOwnershipControls("o", bucket="farm", rule={{"object_ownership": {!r}}})
"""
LISTS = OWNED.format("ObjectWriter")
ACL = 'aws.s3.BucketAcl("acl", bucket="farm", {})\n'
GROUP = f"""
devs = aws.iam.Group("devs", name="devs")
aws.iam.GroupPolicy("theirs", name="theirs", group=devs.name, policy={document([READ, alone("s3:PutObject", f"{FARM}/*")])})
"""
JOINED = 'aws.iam.GroupMembership("m", name="m", group="devs", users=[{}])\n'
EVERYTHING = f"every = aws.iam.Policy('every', name='every', policy={document([alone('s3:*')])})\n"
ONE_ARN = f"{OTHER}:role/one"
ANYBODY, NOBODY = "any other account", "anyone without login"
ROLE = "arn:aws:iam::123456789012:role/it"
# What is changed, before and now, who gains, and the witness: action, resource, conditions.
WIDER: list[tuple[str, dict, dict, str, tuple[str, str, dict[str, Any]]]] = [
    *((f"one more action: {action}", {}, also(alone(action, where)), "ann", (action, shown, {}))
      for action, where, shown in [
        ("iam:PutUserPolicy", "*", "arn:aws:iam::x:user/x"),
        ("iam:AttachRolePolicy", "*", "arn:aws:iam::x:role/x"),
        ("iam:CreateAccessKey", "*", "arn:aws:iam::x:user/x"),
        ("iam:PassRole", "*", "arn:aws:iam::x:role/x"),
        ("iam:UpdateAssumeRolePolicy", "*", "arn:aws:iam::x:role/x"),
        ("sts:AssumeRole", "*", "arn:aws:iam::x:role/x"),
        ("kms:Decrypt", "*", "arn:aws:kms:x:x:key/x"),
        ("kms:CreateGrant", "*", "arn:aws:kms:x:x:key/x"),
        ("s3:AbortMultipartUpload", f"{FARM}/*", f"{FARM}/x"),
        ("s3:ListBucketMultipartUploads", FARM, FARM),
        ("s3:GetBucketLocation", FARM, FARM),
        ("s3:PutObjectRetention", f"{FARM}/*", f"{FARM}/x"),
        ("s3:PutObjectTagging", f"{FARM}/*", f"{FARM}/x"),
        ("s3:PutObjectAcl", f"{FARM}/data/*", f"{FARM}/data/"),
        ("s3:PutBucketAcl", FARM, FARM),
        ("s3:PutBucketPolicy", FARM, FARM),
        ("s3:CreateAccessPoint", "*", "arn:aws:s3:x:x:accesspoint/x"),
        ("s3:PutInventoryConfiguration", FARM, FARM),
        ("s3:PutReplicationConfiguration", FARM, FARM),
        ("s3:ReplicateObject", f"{FARM}/*", f"{FARM}/x"),
        ("s3:PutAccountPublicAccessBlock", "*", "*"),
        ("s3:ListAllMyBuckets", "*", "*"),
        ("ec2:RunInstances", "*", "arn:aws:ec2:::x"),
        ("s3:GetObject", "arn:aws:s3:::elsewhere/*", "arn:aws:s3:::elsewhere/x"),
    ]),
    ("iam by a wildcard", {}, also(alone("iam:*")), "ann", ("iam:AcceptDelegationRequest", "arn:aws:iam::x:delegation-request/x", {})),
    ("a wildcard of buckets", {}, also(alone("s3:GetObject", "arn:aws:s3:::f*")), "ann", ("s3:GetObject", f"{FARM}/x", {})),
    ("a pattern within a place", {"ann": (alone("s3:GetObject", f"{FARM}/data/*/public/*"),)}, {}, "ann", ("s3:GetObject", f"{FARM}/data/", {})),
    ("a Deny of a pattern goes", also(DENY_PEM), {}, "ann", ("s3:GetObject", f"{FARM}/data/.pem", {})),
    ("a Deny of a pattern shrinks", also(DENY_PEM), also({**DENY_PEM, "Resource": f"{FARM}/data/?*.pem"}), "ann", ("s3:GetObject", f"{FARM}/data/.pem", {})),
    ("NotAction", {"ann": (alone("s3:GetObject", f"{FARM}/*"),)}, {"ann": ({"NotAction": "s3:PutObject", "Resource": f"{FARM}/*"},)}, "ann", ("s3:AbortMultipartUpload", f"{FARM}/x", {})),
    ("NotResource", {}, {"ann": ({"Action": "s3:GetObject", "NotResource": f"{FARM}/secret/*"},)}, "ann", ("s3:GetObject", f"{FARM}/x", {})),
    ("an address range", {"ann": (only(ip("203.0.113.0/24")),)}, {"ann": (only(ip("203.0.113.0/23")),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:sourceip": "203.0.112.0"})),
    ("every address", {"ann": (only(ip("203.0.113.0/24")),)}, {"ann": (only(ip("0.0.0.0/0")),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:sourceip": "192.0.2.1"})),
    ("a condition goes", {"ann": (only(ip("203.0.113.0/24")),)}, {}, "ann", ("s3:GetObject", f"{FARM}/data/", {})),
    ("IfExists", {"ann": (only({"StringEquals": {"s3:ExistingObjectTag/a": "b"}}),)}, {"ann": (only({"StringEqualsIfExists": {"s3:ExistingObjectTag/a": "b"}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {})),
    ("a tag's value", {"ann": (only({"StringEquals": {"s3:ExistingObjectTag/a": "b"}}),)}, {"ann": (only({"StringLike": {"s3:ExistingObjectTag/a": "*"}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"s3:existingobjecttag/a": ""})),
    ("case no longer counts", {"ann": (only({"StringEquals": {"s3:ExistingObjectTag/a": "b"}}),)}, {"ann": (only({"StringEqualsIgnoreCase": {"s3:ExistingObjectTag/a": "b"}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"s3:existingobjecttag/a": "B"})),
    ("a date moves", {"ann": (only({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),)}, {"ann": (only({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:currenttime": "2026-01-01T00:00:00Z"})),
    ("a number grows", {"ann": (only({"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}),)}, {"ann": (only({"NumericLessThan": {"aws:MultiFactorAuthAge": "61"}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:multifactorauthage": "60"})),
    ("any of several", {"ann": (only({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}}),)}, {"ann": (only({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:tagkeys": ["a", "x"]})),
    ("a boundary goes", {"boundary": (alone("s3:GetObject", f"{FARM}/data/a/*"),)}, {}, "ann", ("s3:GetObject", f"{FARM}/data/", {})),
    ("a boundary grows", {"boundary": (alone("s3:GetObject", f"{FARM}/data/a/*"),)}, {"boundary": (alone("s3:GetObject", f"{FARM}/data/a*"),)}, "ann", ("s3:GetObject", f"{FARM}/data/a", {})),
    ("plain HTTP", {}, {"farm": ()}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:securetransport": "false"})),
    ("plain HTTP, for others", {}, {"farm": ()}, outsiders.ELSEWHERE, ("s3:GetObject", f"{FARM}/x", {"aws:securetransport": "false"})),
    ("plain HTTP but for an address", {}, {"farm": ({**TLS, "Condition": {**TLS["Condition"], "NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}},)}, "ann", ("s3:GetObject", f"{FARM}/data/", {"aws:securetransport": "false", "aws:sourceip": "192.0.2.1"})),
    ("the world reads", {}, {"farm": (TLS, everyone())}, NOBODY, ("s3:GetObject", f"{FARM}/x", {})),
    ("an organisation reads", {}, {"farm": (TLS, everyone(org("o-1")))}, ANYBODY, ("s3:GetObject", f"{FARM}/x", {"aws:principalorgid": "o-1"})),
    ("any organisation reads", {"farm": (TLS, everyone(org("o-1")))}, {"farm": (TLS, everyone(org("o-*")))}, ANYBODY, ("s3:GetObject", f"{FARM}/x", {"aws:principalorgid": "o-"})),
    ("whose ARN fits reads", {"farm": (TLS, everyone(arn_like(ONE_ARN)))}, {"farm": (TLS, everyone(arn_like(f"{OTHER}:role/*")))}, ANYBODY, ("s3:GetObject", f"{FARM}/x", {"aws:principalarn": f"{OTHER}:role/"})),
    ("a foreign account reads, by a condition", {}, {"farm": (TLS, everyone({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}))}, ANYBODY, ("s3:GetObject", f"{FARM}/x", {"aws:principalaccount": "222222222222"})),
    ("a foreign role writes", {}, {"farm": (TLS, {"Principal": {"AWS": ONE_ARN}, "Action": "s3:PutObject", "Resource": f"{FARM}/*"})}, ONE_ARN, ("s3:PutObject", f"{FARM}/x", {})),
    ("a service writes", {}, {"farm": (TLS, {"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"{FARM}/*"})}, "service logging.s3.amazonaws.com", ("s3:PutObject", f"{FARM}/x", {})),
    ("a service without its source", {"farm": (TLS, {"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"{FARM}/*", "Condition": {"StringEquals": {"aws:SourceAccount": "OWN"}}})}, {"farm": (TLS, {"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"{FARM}/*"})}, "service logging.s3.amazonaws.com", ("s3:PutObject", f"{FARM}/x", {})),
    ("a NotPrincipal spares somebody", {"farm": (TLS, everyone(), {"Effect": "Deny", "NotPrincipal": {"AWS": [f"{OTHER}:root"]}, "Action": "s3:*", "Resource": f"{FARM}/*"})}, {"farm": (TLS, everyone())}, NOBODY, ("s3:GetObject", f"{FARM}/x", {})),
    ("an external ID goes", {}, {"it": (ASSUME,)}, "account 222222222222", ("sts:AssumeRole", ROLE, {})),
    ("an external ID becomes a pattern", {}, {"it": (trusted({"StringLike": {"sts:ExternalId": "open*"}}),)}, "account 222222222222", ("sts:AssumeRole", ROLE, {"sts:externalid": "open"})),
    ("an external ID of any eight signs", {}, {"it": (trusted({"StringLike": {"sts:ExternalId": "????????*"}}),)}, "account 222222222222", ("sts:AssumeRole", ROLE, {"sts:externalid": "xxxxxxxx"})),
    ("an external ID only if there is one", {}, {"it": (trusted({"StringEqualsIfExists": {"sts:ExternalId": "open-sesame-1234"}}),)}, "account 222222222222", ("sts:AssumeRole", ROLE, {})),
    ("MFA goes", {"it": (trusted({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),)}, {"it": (ASSUME,)}, "account 222222222222", ("sts:AssumeRole", ROLE, {})),
    ("an address of a trust goes", {"it": (trusted(ip("203.0.113.0/24")),)}, {"it": (ASSUME,)}, "account 222222222222", ("sts:AssumeRole", ROLE, {})),
    ("a trust of everybody whose ARN fits", {}, {"it": (WITH_ID, trusted(arn_like(f"{OTHER}:role/*"), Principal={"AWS": "*"}))}, ANYBODY, ("sts:AssumeRole", ROLE, {"aws:principalarn": f"{OTHER}:role/"})),
    ("a trust of a service", {}, {"it": (WITH_ID, trusted(Principal={"Service": "ec2.amazonaws.com"}))}, "service ec2.amazonaws.com", ("sts:AssumeRole", ROLE, {})),
    ("tagging of sessions", {}, {"it": (WITH_ID, {**WITH_ID, "Action": "sts:TagSession"})}, "account 222222222222", ("sts:TagSession", ROLE, {"sts:externalid": "sealed"})),
    ("a subject becomes a pattern", tokens(StringEquals={SUB: "repo:a/b:ref", AUD: "sts"}), tokens(StringLike={SUB: "repo:a/*", AUD: "sts"}), "bearers of tokens by token.example.org", ("sts:AssumeRoleWithWebIdentity", ROLE, {SUB: "repo:a/", AUD: "sts"})),
    ("a subject goes", tokens(StringEquals={SUB: "repo:a/b:ref", AUD: "sts"}), tokens(StringEquals={AUD: "sts"}), "bearers of tokens by token.example.org", ("sts:AssumeRoleWithWebIdentity", ROLE, {AUD: "sts"})),
    ("an audience goes", tokens(StringEquals={SUB: "repo:a/b:ref", AUD: "sts"}), tokens(StringEquals={SUB: "repo:a/b:ref"}), "bearers of tokens by token.example.org", ("sts:AssumeRoleWithWebIdentity", ROLE, {SUB: "repo:a/b:ref"})),
    ("a key's policy", {"key": ({"Principal": {"AWS": "arn:aws:iam::OWN:root"}, "Action": "kms:*", "Resource": "*"},)},
     {"key": ({"Principal": {"AWS": "arn:aws:iam::OWN:root"}, "Action": "kms:*", "Resource": "*"}, {"Principal": {"AWS": ONE_ARN}, "Action": "kms:Decrypt", "Resource": "*"})}, ONE_ARN, ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/key", {})),
    ("the account in a key's policy", {"ann": (alone("kms:Decrypt"),), "key": ({"Principal": {"AWS": ONE_ARN}, "Action": "kms:Encrypt", "Resource": "*"},)},
     {"ann": (alone("kms:Decrypt"),), "key": ({"Principal": {"AWS": ONE_ARN}, "Action": "kms:Encrypt", "Resource": "*"}, {"Principal": {"AWS": "arn:aws:iam::OWN:root"}, "Action": "kms:Decrypt", "Resource": "*"})}, "ann", ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/key", {})),
    ("a public policy without its block", {"farm": (TLS, everyone()), "more": BLOCK}, {"farm": (TLS, everyone())}, ANYBODY, ("s3:GetObject", f"{FARM}/x", {})),
    ("a list of everybody", {"more": LISTS}, {"more": LISTS + ACL.format("acl='public-read'")}, NOBODY, ("s3:ListBucket", FARM, {})),
    ("a list of everybody who signs", {"more": LISTS}, {"more": LISTS + ACL.format("acl='authenticated-read'")}, ANYBODY, ("s3:ListBucket", FARM, {"aws:principalarn": "arn:x:x::x:x"})),
    ("a list that lets everybody write", {"more": LISTS + ACL.format("acl='public-read'")}, {"more": LISTS + ACL.format("acl='public-read-write'")}, NOBODY, ("s3:PutObject", f"{FARM}/x", {})),
    ("a list that lets everybody write lists", {"more": LISTS}, {"more": LISTS + ACL.format(f"access_control_policy={{'owner': {{'id': 'o'}}, 'grants': [{{'grantee': {{'type': 'Group', 'uri': {acls.EVERYBODY!r}}}, 'permission': 'WRITE_ACP'}}]}}")}, NOBODY, ("s3:PutBucketAcl", FARM, {})),
    ("public lists are no longer ignored", {"more": LISTS + ACL.format("acl='public-read'") + BLOCK}, {"more": LISTS + ACL.format("acl='public-read'")}, NOBODY, ("s3:ListBucket", FARM, {})),
    ("the account blocks no more", {"more": LISTS + ACL.format("acl='public-read'") + "aws.s3.AccountPublicAccessBlock('a', ignore_public_acls=True)"}, {"more": LISTS + ACL.format("acl='public-read'")}, NOBODY, ("s3:ListBucket", FARM, {})),
    ("lists are on again", {"more": ACL.format("acl='public-read'")}, {"more": LISTS + ACL.format("acl='public-read'")}, NOBODY, ("s3:ListBucket", FARM, {})),
    ("a member of a group", {"more": GROUP + JOINED.format("")}, {"more": GROUP + JOINED.format("'ann'")}, "ann", ("s3:PutObject", f"{FARM}/x", {})),
    ("a member by the user's own list", {"more": GROUP}, {"more": GROUP + "aws.iam.UserGroupMembership('m', user='ann', groups=['devs'])"}, "ann", ("s3:PutObject", f"{FARM}/x", {})),
    ("a group whose members nobody says", {}, {"more": GROUP}, "members of group devs", ("s3:GetObject", f"{FARM}/data/", {})),
    ("a policy of a group", {"more": GROUP + JOINED.format("'ann'") + EVERYTHING}, {"more": GROUP + JOINED.format("'ann'") + EVERYTHING + "aws.iam.GroupPolicyAttachment('a', group='devs', policy_arn=every.arn)"}, "ann", ("s3:DeleteObject", f"{FARM}/x", {})),
    ("a policy given to several at once", {"more": EVERYTHING}, {"more": EVERYTHING + "aws.iam.PolicyAttachment('a', users=['ann'], policy_arn=every.arn)"}, "ann", ("s3:DeleteObject", f"{FARM}/x", {})),
    ("a policy that others have", {"more": EVERYTHING.replace("s3:*", "s3:Get*")}, {"more": EVERYTHING}, "whoever is given policy every", ("s3:DeleteObject", f"{FARM}/x", {})),
    ("an account with the number of the report", {}, {"it": (WITH_ID, trusted(Principal={"AWS": "arn:aws:iam::123456789012:root"}))}, "account 123456789012", ("sts:AssumeRole", "arn:aws:iam::999999999999:role/it", {})),
]  # fmt: skip


def proof(changes: list[Change], who: str, action: str) -> list[Witness]:
    """The witnesses of somebody for an action."""
    found = [each.witness for each in changes if each.witness and each.witness.who.name == who]
    covering = [each for each in found if action in each.names]
    return covering or found


@pytest.mark.parametrize(
    ("before", "now", "who", "expected"), [row[1:] for row in WIDER], ids=[row[0] for row in WIDER]
)
def test_a_widening_is_told_with_a_witness(judge, before, now, who, expected):
    """Who, what, where and on which conditions; and the way back widens nothing for them."""
    old, new = judge(source(**before)), judge(source(**now))
    changes = difference.compare(old, new)

    assert difference.widened(changes)
    found = proof(changes, who, expected[0])
    assert found, [(each.who, each.what) for each in changes]
    action, resource, conditions = expected
    given = {
        key: "sealed" if str(value).startswith("external-ID-") else value
        for key, value in found[0].conditions.items()
    }
    assert action in found[0].names
    assert (found[0].request.resource, given) == (
        resource,
        {k.lower(): v for k, v in conditions.items()},
    )
    assert not proof(difference.compare(new, old), who, "")


# What is changed, the program before and now.
NOT_WIDER: list[tuple[str, dict, dict]] = [
    ("nothing", {}, {}),
    ("a Deny more", {}, also(DENY_PEM)),
    ("a condition more", {}, {"ann": (only(ip("203.0.113.0/24")),)}),
    ("a narrower address", {"ann": (only(ip("203.0.112.0/23")),)}, {"ann": (only(ip("203.0.113.0/24")),)}),
    ("the same twice", {}, {"ann": (READ, {**READ, "Sid": "Again"})}),
    ("in two halves", {"ann": (only(ip("10.0.0.0/8")),)}, {"ann": (only(ip("10.0.0.0/9")), only(ip("10.128.0.0/9")))}),
    ("as a pattern of the same", {"ann": (alone("s3:GetObject", f"{FARM}/a*"), alone("s3:GetObject", f"{FARM}/*"))}, {"ann": (alone("s3:GetObject", f"{FARM}/*"),)}),
    ("an action in another case", {}, {"ann": ({**READ, "Action": "S3:getobject"},)}),
    ("an object's action on a bucket", {}, also(alone("s3:GetObject", FARM))),
    ("what a Deny takes away at once", {}, also(alone("s3:PutObject", f"{FARM}/*"), {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})),
    ("what a boundary takes away", {"boundary": (READ,)}, {"boundary": (READ,), **also(alone("iam:*"))}),
    ("a narrower boundary", {"boundary": (alone("s3:*"),)}, {"boundary": (READ,)}),
    ("all addresses, in halves", {"ann": (only({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),)}, {"ann": (only({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}}),)}),
    ("a public policy that is blocked", {"more": BLOCK}, {"farm": (TLS, {**everyone(), "Principal": {"AWS": f"{OTHER}:root"}, "Effect": "Deny"}), "more": BLOCK}),
    ("a trust that asks for MFA", {"it": (ASSUME,)}, {"it": (trusted({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),)}),
    ("an organisation instead of the world", {"farm": (TLS, everyone())}, {"farm": (TLS, everyone(org("o-1")))}),
    ("a variable that is known", {"ann": (alone("s3:GetObject", f"{FARM}/ann/*"),)}, {"ann": (alone("s3:GetObject", f"{FARM}/${{aws:username}}/*"),)}),
    ("a list that ownership switches off", {}, {"more": ACL.format("acl='public-read'")}),
    ("a public list that is ignored", {"more": LISTS + BLOCK}, {"more": LISTS + BLOCK + ACL.format("acl='public-read'")}),
    ("a private list", {"more": LISTS}, {"more": LISTS + ACL.format("acl='private'")}),
    ("the owner's own line", {"more": LISTS}, {"more": LISTS + ACL.format("access_control_policy={'owner': {'id': aws.s3.get_canonical_user_id().id}, 'grants': [{'grantee': {'type': 'CanonicalUser', 'id': aws.s3.get_canonical_user_id().id}, 'permission': 'FULL_CONTROL'}]}")}),
    ("a policy moves to a group", {"ann": (READ, alone("s3:PutObject", f"{FARM}/*")), "more": GROUP}, {"more": GROUP + JOINED.format("'ann'")}),
    ("other names of statements", {}, {"ann": ({**READ, "Sid": "Other"},)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now"), [r[1:] for r in NOT_WIDER], ids=[r[0] for r in NOT_WIDER]
)
def test_what_widens_nothing_is_not_said_to(judge, before, now):
    """No false alarm."""
    changes = difference.compare(judge(source(**before)), judge(source(**now)))

    assert not difference.widened(changes), changes


# --- Swift, clouds and what is not access ---

ID = "0" * 32


def container(read: str, more: str = "") -> str:
    return f"""
import pulumi_openstack as openstack
openstack.objectstorage.Container("c", name="c", region="R", container_read={read!r})
{more}
"""


def credential(*rules: tuple[str, str]) -> str:
    listed = [
        {"method": m, "path": f"/v1/AUTH_{ID}/{p}", "service": "object-store"} for m, p in rules
    ]
    return f"""
import pulumi_openstack as openstack
openstack.identity.ApplicationCredential("r", name="r", region="R", access_rules={listed!r})
"""


PROVIDER = """
import pulumi, pulumi_aws as aws
other = aws.Provider("other", region="eu-west-1", {})
aws.s3.Bucket("farm", bucket="farm", opts=pulumi.ResourceOptions(provider=other))
"""
BUCKET = """
import pulumi, pulumi_aws as aws
aws.s3.Bucket("farm", bucket="farm", region="eu-west-1", force_destroy={}, opts=pulumi.ResourceOptions(protect={}))
"""
USER = "import pulumi_aws as aws\naws.iam.User('u', name='u')\naws.iam.AccessKey({!r}, user='u')\n"
TOLD = 'aws.s3.BucketNotification("told", bucket="farm", eventbridge={})'


def pages(origins: str, methods: str = "GET", headers: str = "", expose: str = "") -> str:
    """A program whose bucket lets pages in."""
    rule = {
        "allowed_origins": origins.split(), "allowed_methods": methods.split(),
        "allowed_headers": headers.split(), "expose_headers": expose.split(),
    }  # fmt: skip
    return source(more=f'aws.s3.BucketCorsConfiguration("c", bucket="farm", cors_rules=[{rule!r}])')


def swift_pages(origins: str, expose: str = "") -> str:
    """A program whose container lets pages in."""
    names = {"Access-Control-Allow-Origin": origins, "Access-Control-Expose-Headers": expose}
    return f"""
import pulumi_openstack as openstack
openstack.objectstorage.Container("c", name="c", region="R", metadata={names!r})
"""


A, B = "https://a.example.org", "https://b.example.org"
# What is changed, the programs before and now, and words of what is said.
SAID = [
    ("pages of a whole domain", pages(A), pages("https://*.example.org"), "GET from pages of https://.example.org"),
    ("pages of all the world", pages(A), pages("*"), "GET from pages of "),
    ("pages may write", pages(A), pages(A, "GET PUT"), f"PUT from pages of {A}"),
    ("a header more", pages(A, "PUT"), pages(A, "PUT", "x-amz-acl"), f"PUT from pages of {A} with x-amz-acl"),
    ("all headers", pages(A, "PUT", "content-*"), pages(A, "PUT", "*"), f"PUT from pages of {A} with x"),
    ("an answer's header", pages(A), pages(A, expose="ETag"), "of whose answer they read ETag"),
    ("a container's pages", swift_pages(A), swift_pages(f"{A} {B}"), f"GET from pages of {B}"),
    ("what they read there", swift_pages(A), swift_pages(A, "X-Newest"), "they read X-Newest"),
    ("all of a domain", container(".r:www.example.org"), container(".r:.org"), "Referer: https://.org/"),
    ("nobody is kept out", container(".r:.org,.r:-bad.org"), container(".r:.org"), "Referer: https://bad.org/"),
    ("the order of elements", container(".r:.org,.r:-bad.org"), container(".r:-bad.org,.r:.org"), "https://bad.org/"),
    ("another method", credential(("GET", "c/*")), credential(("GET", "c/*"), ("PUT", "c/*")), f"PUT /v1/AUTH_{ID}/c/x"),
    ("every depth", credential(("GET", "c/*")), credential(("GET", "c/**")), f"GET /v1/AUTH_{ID}/c/"),
    ("every container", credential(("GET", "c/*")), credential(("GET", "*/*")), f"GET /v1/AUTH_{ID}/"),
    ("no rule at all", credential(("GET", "c/*")), credential(), "GET /"),
    ("another profile", PROVIDER.format("profile='a'"), PROVIDER.format("profile='b'"), "profile: a → b"),
    ("another role", PROVIDER.format("assume_roles=[{'role_arn': 'a'}]"), PROVIDER.format("assume_roles=[{'role_arn': 'b'}]"), "assumeRoles"),
    ("no longer protected", BUCKET.format(False, True), BUCKET.format(False, False), "NO LONGER protected"),
    ("deleted with its objects", BUCKET.format(False, True), BUCKET.format(True, True), "deleted WITH its objects"),
    ("lists of access", source(more=OWNED.format("BucketOwnerEnforced")), source(more=OWNED.format("ObjectWriter")), "access control lists are ON"),
    ("two policies of a bucket", source(), source(more='aws.s3.BucketPolicy("z", bucket="farm", policy=' + document([TLS]) + ")"), "declared twice"),
    ("a type that nobody knows", source(), source(more=TOLD.format(False)), "bucketNotification"),
    ("a known one that changes", source(more=TOLD.format(False)), source(more=TOLD.format(True)), "bucketNotification"),
    ("a list for somebody by their ID", source(more=LISTS), source(more=LISTS + ACL.format("access_control_policy={'owner': {'id': 'o'}, 'grants': [{'grantee': {'type': 'CanonicalUser', 'id': 'c4n0n1c4l'}, 'permission': 'READ'}]}")), "the ACL of bucket farm: READ to c4n0n1c4l"),
    ("a list beside a blocked public policy", source(farm=(TLS, everyone()), more=LISTS + BLOCK), source(farm=(TLS, everyone()), more=LISTS + BLOCK + ACL.format("acl='public-read'")), "beside a public policy that is blocked"),
    ("members that somebody else's group gets", source(), source(more='aws.iam.UserGroupMembership("m", user="ann", groups=["admins"])'), "admins is no group of this program"),
    ("a policy of AWS", source(), source(more='aws.iam.UserPolicyAttachment("a", user=ann.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess")'), "AdministratorAccess is not of this program"),
    ("a variable of others", source(), source(farm=(TLS, {"Principal": {"AWS": f"{OTHER}:root"}, "Action": "s3:GetObject", "Resource": f"{FARM}/${{aws:PrincipalTag/team}}/*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}})), "s3:GetObject"),
    ("a weaker external ID", source(), source(it=(trusted({"StringEquals": {"sts:ExternalId": "ab"}}),)), "an external ID of 2 signs, of 16 before"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "said"), [row[1:] for row in SAID], ids=[row[0] for row in SAID]
)
def test_what_opens_otherwise_is_said(judge, before, now, said):
    """By Swift's rules, by another cloud, by what guards a bucket, and what nobody can judge."""
    changes = difference.compare(judge(before), judge(now))

    assert difference.widened(changes)
    assert said in " ".join(each.what for each in changes), changes


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (pages("https://*.example.org"), pages(A)),
        (pages("*"), pages("https://*")),
        (pages(f"{A} {B}", "GET PUT", "*"), pages(B, "GET", "content-type")),
        (swift_pages("*"), swift_pages(A)),
    ],
)
def test_pages_called_otherwise_are_no_more(judge, before, now):
    """Fewer of them, by another pattern."""
    assert not difference.widened(difference.compare(judge(before), judge(now)))


def test_what_is_told_and_opens_nothing(judge):
    """Every key at once; another name."""
    replaced = difference.compare(judge(USER.format("one")), judge(USER.format("two")))
    named = difference.compare(
        judge(source()), judge(source().replace('name="ann"', 'name="anna"'))
    )

    assert "every key is replaced at once" in replaced[0].what
    assert [each.what for each in named] == ["is called anna now, ann before"]
    assert not difference.widened([*replaced, *named])


def test_a_policy_is_read_from_the_sdk_s_own_builder(judge):
    """`get_policy_document`, names that Pulumi makes, and inputs that are no text."""
    text = """
import pulumi_aws as aws
bucket = aws.s3.Bucket("b")
user = aws.iam.User("u")
made = aws.iam.get_policy_document_output(statements=[{"actions": ["s3:GetObject"],
    "resources": [bucket.arn.apply(lambda arn: arn + "/*")]}])
aws.iam.UserPolicy("p", user=user.name, policy=made.json)
"""
    found = judge(text)

    assert granted(found) == {("user:u-0000000", "s3://b-0000000/", "read")}


# --- settings of projects ---

PLACES = {"raw": {"prefix": "raw/", "access": ["list", "read"]}}
IN_OUT = {**PLACES, "out": {"access": ["list", "read", "write", "delete"]}}
ORIGIN = {"origins": ["https://labels.example.com"], "methods": ["GET"]}
STORE = {"container": "c", "auth_url": "https://identity.example.org/v3", "project_id": "0" * 32}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "s3": [
        {"bucket": "my-company-labels", "places": places, "holders": {"h": holder}, **more}
        for places in (PLACES, IN_OUT)
        for holder in (
            {"as": "user"},
            {"as": "role", "trusted": ["111122223333"]},
            {"as": "role", "trusted": ["arn:aws:iam::111122223333:role/reader"]},
            {"as": "machine", "places": [*places][:1]},
            {"as": "principal", "principals": ["111122223333"]},
        )
        for more in (
            ({}, {"adopt": True, "versioning": True}, {"cors": [ORIGIN]})
            if holder == {"as": "user"}
            else ({},)
        )
        if not (more.get("adopt") and holder["as"] == "principal")
    ],
    "swift": [
        {**STORE, "places": {"all": {"access": access}}, "holders": {"h": holder}, **more}
        for access, holder in (
            (["list", "read", "write", "delete"], {"as": "user", "username": "u"}),
            (["read"], {"as": "temp-urls"}),
            (["read", "write", "delete"], {"as": "temp-urls", "signed_by": "account"}),
            (["list", "read"], {"as": "credential"}),
            (["list", "read", "write", "delete"], {"as": "credential"}),
        )
        for more in ({}, {"origins": ["https://labels.example.com"]})
    ],
    "compatible": [
        {
            "bucket": "my-company-labels",
            "endpoint": f"https://{host}",
            "profile": "p",
            "places": {"all": {"access": ["list", "read", "write", "delete"]}},
            "holders": {"h": {"as": "profile"}},
            **more,
        }
        for host in ("s3.example.org", "s3.example.com")
        for more in ({}, {"adopt": True}, {"versioning": True})
    ],
    "kopah": [{"bucket": each} for each in ("hilbert-1920384756", "other-1920384756")],
    "valohai-swift": [
        {**STORE, "username": "valohai", **more}
        for more in ({}, {"key": "container"}, {"origin": "https://labels.example.com"})
    ],
    "mountpoint": [
        {"access": access, "prefix": prefix, **more}
        for access in ("read", "write", "delete")
        for prefix in ("", "raw/", "raw/a/")
        for more in ({}, {"holder": "key"})
    ],
    "modelstore": [
        {"delete": delete, **more}
        for delete in (True, False)
        for more in ({}, {"prefix": "m/"}, {"keys": ["key", "next"]})
    ],
    "lightly": [
        {},
        {"prefix": "in/"},
        {"prefix": "in/", "output": "out/"},
        {"prefix": "in/", "output": "out/", "separate": True},
        {"access": "user", "prefix": "in/", "output": "in/out/"},
        {"external_id": "open-sesame-1234"},
    ],
    "valohai-s3": [
        {"access": access, "multipart": multipart}
        for access in ("documented", "narrow")
        for multipart in (True, False)
    ],
}


def granted(found: report.AccessReport) -> set[tuple[str, str, str]]:
    """Who may do what where, as the report's own questions find it."""
    return {
        (who, where, verb)
        for (who, where), answers in found.findings.access.items()
        for verb, answer in answers.items()
        if answer.allowed
    }


@pytest.mark.parametrize("kind", SETTINGS)
def test_no_false_alarm_on_any_pair_of_settings(kind):
    """Whatever is said to open has a witness that the evaluator confirms, and what the report's own
    questions find wider is said."""
    found = []
    for each in SETTINGS[kind]:
        body = {"namespace": "tests", "projects": {"x": {"kind": kind, **each}}}
        config = {"object-access:environment": body}
        found.append(report.build("dev", programs.declared(ROOT, "dev", config)))

    for before, now in itertools.product(found, repeat=2):
        changes = difference.compare(before, now)
        if before is now:
            assert changes == []
        more = {who for who, _, _ in granted(now) - granted(before)}
        for change in changes:
            if change.turn in (Turn.ADDED, Turn.WIDENED) and change.where and change.kind:
                said = change.witness or "allowed now, refused before" in change.what
                assert said or f"{change.kind}:{change.who}" in more, change
                if change.kind in (Kind.ANONYMOUS, Kind.OUTSIDER, Kind.USER, Kind.ROLE):
                    assert change.witness or not change.where[0].startswith("s3://"), change
        places = before.findings.places.keys() == now.findings.places.keys()
        if places and granted(now) - granted(before):
            assert difference.widened(changes)
        for change in changes:
            if change.witness:
                confirm(before, now, change.witness)


def confirm(before: report.AccessReport, now: report.AccessReport, witness: Witness) -> None:
    """Ask the evaluator about a witness, with the policies as they stand in either report."""
    asked = replace(witness.request, account=now.evidence.account)
    answers = []
    ours = {**before.evidence.holders, **now.evidence.holders}
    for each in (before, now):
        holder = each.evidence.holders.get(witness.who.id)
        thing = each.evidence.things.get(witness.where.arn)
        own = thing.own.policy if thing and thing.own else None
        theirs = witness.who.name != "others of this account, without any policy"
        unseen = [outsiders.EVERYTHING.policy] if theirs and witness.who.id not in ours else []
        policies = [one.policy for one in holder.identity] if holder else unseen
        answers.append(evaluate(asked, Policies(policies, own)).allowed)
    assert answers == [False, True], witness
