"""Widenings that were written to pass unseen: each as two programs, and words of what is said."""

import pytest

from object_access.access import difference, report
from object_access.access import program as programs

from .test_changes import (
    ASSUME,
    FARM,
    ONE_ARN,
    READ,
    TLS,
    WITH_ID,
    alone,
    credential,
    document,
    everyone,
    source,
    trusted,
)

HEAD = "import json, pulumi, pulumi_aws as aws\n"
ALL = document([alone("s3:*")])
OPEN = document([{**everyone(), "Action": "s3:*"}])
ELSEWHERE = """
class Made(pulumi.CustomResource):
    def __init__(self, kind, name, props, opts=None):
        super().__init__(kind, name, props, opts)
Made({!r}, "x", {})
"""
REMOTE = """
class Remote(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("eks:index:Cluster", "x", {}, None, True)
Remote()
"""
PROVIDER = """
aws.iam.OpenIdConnectProvider("ci", url="https://token.example.org", client_id_lists={},
    thumbprint_lists={})
"""
PROFILE = (
    """
aws.iam.Role("reader", name="reader", assume_role_policy="""
    + document([{"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}])
    + """)
aws.iam.InstanceProfile("machines", name="machines", role=ROLE)
"""
)
KEY = "aws.iam.AccessKey('k', user='ann', status={!r})\n"
TRANSFORM = """
def wider(args):
    return pulumi.ResourceTransformResult(props={**args.props}, opts=args.opts)
"""
KEYED = "key = aws.kms.Key('key')\n"
OTHERS = {"Action": "kms:Decrypt", "Principal": {"AWS": ONE_ARN}, "Resource": "*"}
TAGGED = (
    "aws.iam.Role('they', name='they', tags=TAGS, assume_role_policy="
    + document([{"Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::OWN:root"}}])
    + ")\n"
)
BY_TAG = {
    **alone("sts:AssumeRole"), "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}},
}  # fmt: skip
HOOKED = """
hook = pulumi.ResourceHook("open", lambda args: None)
aws.s3.Bucket("b", bucket="b", opts=pulumi.ResourceOptions(
    hooks=pulumi.ResourceHookBinding(after_create=[hook])))
"""
SAML = {
    "Action": "sts:AssumeRoleWithSAML",
    "Principal": {"Federated": "arn:aws:iam::OWN:saml-provider/okta"},
}
BUCKET = "aws.s3.Bucket('logs', bucket={!r}, opts=pulumi.ResourceOptions(import_={!r}))\n"


def sneaky(text: str, **changes) -> str:
    """The usual program, and something beside it."""
    return HEAD + source(**changes, more=text)


def container(**settings: str) -> str:
    given = "".join(f", {key}={value!r}" for key, value in settings.items())
    return (
        "import pulumi_openstack as openstack\n"
        f"openstack.objectstorage.Container('c', name='c', region='R'{given})\n"
    )


CREDENTIAL = (
    container()
    + """
openstack.identity.ApplicationCredential("r", name="r", region="R", roles={}, unrestricted={})
"""
)
PLAIN = sneaky("")
# How it was tried, the programs before and now, and words of what is said.
CHEATS = [
    *((f"another provider: {kind}", PLAIN, sneaky(ELSEWHERE.format(kind, props)), kind)
      for kind, props in [
        ("aws-native:s3:BucketPolicy", {"bucket": "farm"}),
        ("aws:cloudformation/stack:Stack", {"templateBody": "{}"}),
        ("aws:cloudcontrol/resource:Resource", {"typeName": "AWS::IAM::UserPolicy"}),
        ("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", {}),
        ("aws:lambda/function:Function", {"role": "it"}),
        ("aws:ec2/instance:Instance", {"iamInstanceProfile": "machines"}),
        ("aws:ram/resourceShare:ResourceShare", {}),
        ("aws:cloudfront/distribution:Distribution", {}),
        ("aws:transfer/user:User", {"role": "it"}),
        ("aws:s3/accessPoint:AccessPoint", {"policy": "{}"}),
        ("aws:s3control/accessGrant:AccessGrant", {}),
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {}),
        ("aws:kms/grant:Grant", {}),
        ("aws:iam/userLoginProfile:UserLoginProfile", {"user": "ann"}),
        ("command:local:Command", {"create": "aws iam attach-user-policy"}),
        ("kubernetes:core/v1:ServiceAccount", {}),
        ("github:index/actionsSecret:ActionsSecret", {}),
        ("pulumi-python:dynamic:Resource", {}),
    ]),
    ("a machine that changes its profile", sneaky(ELSEWHERE.format("aws:ec2/instance:Instance", {"iamInstanceProfile": "a"})), sneaky(ELSEWHERE.format("aws:ec2/instance:Instance", {"iamInstanceProfile": "b"})), "aws:ec2/instance"),
    ("a component that is made elsewhere", PLAIN, sneaky(REMOTE), "made elsewhere: eks:index:Cluster"),
    ("a hook beside a resource", PLAIN, sneaky(HOOKED), "made elsewhere: aws:s3/bucket:Bucket b"),
    ("a transform of a resource", PLAIN, sneaky(TRANSFORM + "aws.s3.Bucket('b', bucket='b', opts=pulumi.ResourceOptions(transforms=[wider]))"), "made elsewhere: aws:s3/bucket:Bucket b"),
    ("a transform of all", PLAIN, HEAD + TRANSFORM + "pulumi.runtime.register_resource_transform(wider)\n" + source(), "a transform of every resource"),
    ("an import under an old name", sneaky(BUCKET.format("logs", None)), sneaky(BUCKET.format("payroll", "payroll")), "it is there already"),
    ("an audience more", sneaky(PROVIDER.format("['sts']", "['a']")), sneaky(PROVIDER.format("['sts', 'mine']", "['a']")), "whose tokens"),
    ("another certificate", sneaky(PROVIDER.format("['sts']", "['a']")), sneaky(PROVIDER.format("['sts']", "['b']")), "whose tokens"),
    ("a profile gets another role", sneaky(PROFILE.replace("ROLE", "'reader'")), sneaky(PROFILE.replace("ROLE", "'it'")), "is the role of machines with profile machines"),
    ("a key where there was none", PLAIN, sneaky(KEY.format("Active")), "0 → 1 keys"),
    ("a key that works again", sneaky(KEY.format("Inactive")), sneaky(KEY.format("Active")), "0 → 1 keys"),
    ("a key's policy apart from it, by its ID", sneaky(KEYED), sneaky(KEYED + f"aws.kms.KeyPolicy('p', key_id=key.id, policy={document([OTHERS])})"), "kms:Decrypt"),
    ("a key's policy apart from it, by its ARN", sneaky(KEYED), sneaky(KEYED + f"aws.kms.KeyPolicy('p', key_id=key.arn, policy={document([OTHERS])})"), "kms:Decrypt"),
    ("a policy of somebody else's key", PLAIN, sneaky(f"aws.kms.KeyPolicy('p', key_id='other', policy={document([OTHERS])})"), "of no key in this program"),
    ("a tag that policies ask for", sneaky(TAGGED.replace("TAGS", "{'team': 'b'}"), ann=(READ, BY_TAG)), sneaky(TAGGED.replace("TAGS", "{'team': 'a'}"), ann=(READ, BY_TAG)), "tags of aws:iam/role:Role they"),
    ("a member of the organisation, if there is one", PLAIN, sneaky("", farm=(TLS, everyone({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}))), "read"),
    ("all values of none", PLAIN, sneaky("", farm=(TLS, everyone({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ["o-1"]}}))), "read"),
    ("everybody but somebody", PLAIN, sneaky("", farm=(TLS, everyone({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}))), "read"),
    ("a condition on a key that no request has", sneaky("", farm=(TLS, everyone(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{FARM}/*"})), sneaky("", farm=(TLS, everyone(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{FARM}/*", "Condition": {"StringEquals": {"aws:PrincipalTag/none": "x"}}})), "read"),
    ("a Deny with a typing error", sneaky("", farm=(TLS, everyone(), {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{FARM}/*"})), sneaky("", farm=(TLS, everyone(), {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObjects", "Resource": f"{FARM}/*"})), "read"),
    ("tokens of a directory", PLAIN, sneaky("", it=(WITH_ID, SAML)), "bearers of tokens by arn"),
    ("two statements that only together are wide", PLAIN, sneaky("", it=(WITH_ID, trusted({"StringNotEquals": {"sts:ExternalId": "open-sesame-1234"}}), ASSUME)), "account 222222222222"),
    ("a session of a foreign role", PLAIN, sneaky("", farm=(TLS, {"Principal": {"AWS": "arn:aws:sts::222222222222:assumed-role/one/s"}, "Action": "s3:GetObject", "Resource": f"{FARM}/*"})), "read"),
    ("a policy for everything that is no pattern", PLAIN, sneaky("", ann=(READ, {"NotAction": "ec2:*", "NotResource": "arn:aws:s3:::none"})), "escalation"),
    ("another region of the same name", PLAIN, sneaky("", ann=(READ, alone("s3:GetObject", "arn:*:s3:::far?/*"))), "s3:GetObject"),
    ("a referrer by a longer word", container(), container(container_read=".referrer:*"), "anyone without login"),
    ("a container that is copied away", container(), container(container_sync_to="https://other/v1/a/c"), "its objects go to"),
    ("a credential that makes others", CREDENTIAL.format(["reader"], False), CREDENTIAL.format(["reader"], True), "may make other credentials"),
    ("a credential with more roles", CREDENTIAL.format(["reader"], False), CREDENTIAL.format(["reader", "member"], False), "roles: reader → member, reader"),
    ("a credential with all roles", CREDENTIAL.format(["reader"], False), CREDENTIAL.format([], False), "→ all"),
    ("a new credential for what is not of the program", container(), container() + credential(("GET", "other*/**")), "GET /v1/AUTH_"),
    ("a new credential where there is nothing", HEAD, credential(), "GET /"),
    ("a rule with dots", credential(("GET", "c/a.b")), credential(("GET", "c/.*")), "+ read"),
]  # fmt: skip


@pytest.fixture
def judge(tmp_path):
    """The report of a program."""

    def run(text: str) -> report.AccessReport:
        (tmp_path / "__main__.py").write_text(text)
        return report.build("dev", programs.declared(tmp_path, "dev", {}))

    return run


@pytest.mark.parametrize(
    ("before", "now", "said"), [row[1:] for row in CHEATS], ids=[row[0] for row in CHEATS]
)
def test_a_cheat_is_seen(judge, before, now, said):
    """As a widening, or as something that nobody judged; the report of itself says neither."""
    old, new = judge(before), judge(now)

    changes = difference.compare(old, new)

    assert difference.widened(changes)
    assert said in " ".join(f"{each.who}: {each.what}" for each in changes), changes
    assert difference.compare(new, new) == []


def test_a_key_that_stands_twice_in_a_policy_is_refused(judge):
    """Which of the two counts, nobody knows."""
    twice = ALL.replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')

    with pytest.raises(ValueError, match="'Effect' stands twice in a policy"):
        judge(sneaky(f"aws.iam.UserPolicy('x', user='ann', policy={twice})"))


def test_what_is_harmless_is_not_said_to_be_judged_otherwise(judge):
    """A network, a name, a random value: nobody looks at these in vain."""
    kinds = ("aws:ec2/vpc:Vpc", "aws:route53/record:Record", "random:index/randomPet:RandomPet")

    now = judge(sneaky("".join(ELSEWHERE.format(kind, {}).replace('"x"', repr(kind)) for kind in kinds)))  # fmt: skip

    assert difference.compare(judge(PLAIN), now) == []
