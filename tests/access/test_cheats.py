"""Widenings that were written to pass unseen: each as two programs, and words of what is said."""

import pytest

from object_access.access import difference, report
from object_access.access import program as programs

from .test_changes import (
    ASSUME,
    AUD,
    FARM,
    GROUP,
    JOINED,
    ONE_ARN,
    READ,
    SUB,
    TLS,
    TOKENS,
    WITH_ID,
    alone,
    also,
    credential,
    document,
    everyone,
    only,
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


def container(**settings: object) -> str:
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

OTHER = "other = aws.Provider('other', region='eu-west-1', profile='b')\n"
BY_OTHER = ", opts=pulumi.ResourceOptions(provider=other)"
MINE = {"Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::OWN:root"}}
NAMED = "aws.iam.Role('r', assume_role_policy=" + document([MINE]) + ", name_prefix='START')\n"
ADMINS = {"ann": (READ, alone("sts:AssumeRole", "arn:aws:iam::*:role/admin-*"))}
BOSSES = {
    **everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/boss*"}}),
    "Principal": {"AWS": "arn:aws:iam::OWN:root"},
}
THEIR = "aws.iam.UserPolicy('x', user='ann', policy={}{})\n"
ROLE = "aws.iam.Role('t', name='t', assume_role_policy={})\n"
ROLE += "aws.iam.RolePolicy('p', name='p', role='t', policy={})\n"
BRINGS_TAGS = document([{**ASSUME, "Action": ["sts:AssumeRole", "sts:TagSession"]}])
BY_TOKENS = document([{**TOKENS, "Condition": {"StringEquals": {SUB: "x", AUD: "y"}}}])
TAKES = """
d = aws.iam.get_policy_document(statements=[dict(actions=["s3:GetObject"], resources=["*"],
    principals=[dict(type="*", identifiers=["*"])], conditions=[
        dict(test="StringEquals", variable="aws:PrincipalOrgID", values=[each]) for each in {}])])
aws.s3.BucketPolicy("farm", bucket="farm", policy=d.json)
"""
DYNAMIC = """
from pulumi.dynamic import Resource, ResourceProvider
class Provider(ResourceProvider):
    def create(self, props):
        return None
class Made(Resource{}):
    def __init__(self):
        super().__init__(Provider(), "x", dict(endpoint="https://s3.example.org", bucket_name="b",
            profile="p", versioning=False, adopt=False, cors=[]))
Made()
"""
OURS = ", module='object-access', name='StoreBucket'"
NAMESAKES = """
class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("a:b:Part", name)
class Made(pulumi.CustomResource):
    def __init__(self, says, parent):
        super().__init__("command:local:Command", "x", {{"create": says}},
                         pulumi.ResourceOptions(parent=parent))
Made({!r}, Part("a"))
Made("the same", Part("b"))
"""
ALIAS = "k = aws.kms.Key('k')\n"
BY_ALIAS = {
    "ann": (alone("kms:Decrypt", Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/a"}}),)
}  # fmt: skip
OBJECT = "aws.s3.BucketObjectv2('o', bucket='farm', key='o', content='x'{})\n"
BY_OBJECT = {"ann": (only({"StringEquals": {"s3:ExistingObjectTag/a": "b"}}),)}
BETWEEN = {
    "NumericGreaterThan": {"s3:RequestObjectTag/a": "1.2"},
    "NumericLessThan": {"s3:RequestObjectTag/a": "1.4"},
}
GUESSED = "its secret has 3 signs only"
ZOO = "aws.s3.Bucket('zoo', bucket='zoo')\n"
IN_ZOO = {"ann": (READ, alone("s3:GetObject", "arn:aws:s3:::zoo/*"))}
# The same, for what stands beside the program or is handed around in it.
CHEATS += [
    ("two of one name, in two components", sneaky(NAMESAKES.format("a")), sneaky(NAMESAKES.format("b")), "command:local:Command x"),
    ("only when Pulumi runs it", PLAIN, sneaky("if __name__ == '__main__':\n    " + THEIR.format(ALL, "")), "s3:DeleteObject"),
    ("how a name begins", sneaky(NAMED.replace("START", "x-"), **ADMINS), sneaky(NAMED.replace("START", "admin-"), **ADMINS), "ann"),
    ("a user comes to a name that a pattern takes", sneaky("", farm=(TLS, BOSSES)), sneaky("", farm=(TLS, BOSSES)).replace('name="ann"', 'name="bossy"'), "read"),
    ("tags that sessions bring along", sneaky(ROLE.format(BRINGS_TAGS, document([READ]))), sneaky(ROLE.format(BRINGS_TAGS, document([READ, alone("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}})]))), "t: + "),
    ("whose tokens let a session in", sneaky(ROLE.format(BY_TOKENS, document([READ]))), sneaky(ROLE.format(BY_TOKENS, document([READ, alone("s3:*", Condition={"StringLike": {"aws:FederatedProvider": "*"}})]))), "t: + "),
    ("a key of somebody else's user", PLAIN, sneaky("aws.iam.AccessKey('k', user='administrator')"), "AccessKey k: of nobody"),
    ("a profile of somebody else's role", PLAIN, sneaky("aws.iam.InstanceProfile('k', role='administrator')"), "InstanceProfile k: of nobody"),
    ("a member of a group that seemed complete", sneaky(GROUP + JOINED.format("'ann'")), sneaky(GROUP + JOINED.format("'ann'") + "aws.iam.UserGroupMembership('m2', user='eve', groups=['devs'])"), "members of group devs"),
    ("a change that is not made", sneaky(THEIR.format(ALL, "")), sneaky(THEIR.format(document([READ]), ", opts=pulumi.ResourceOptions(ignore_changes=['policy'])")), "changes of policy are not made"),
    ("what stays when it is dropped", sneaky(THEIR.format(ALL, "")), sneaky(THEIR.format(ALL, ", opts=pulumi.ResourceOptions(retain_on_delete=True)")), "stays there when the program drops it"),
    ("a bucket in another account", sneaky(OTHER + BUCKET.format("logs", None)), sneaky(OTHER + "aws.s3.Bucket('logs', bucket='logs'" + BY_OTHER + ")"), "the usual provider → other"),
    ("a namesake with a Deny", sneaky(OTHER), sneaky(OTHER + "aws.iam.User('b', name='ann'" + BY_OTHER + ")\n" + THEIR.format(document([{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]), BY_OTHER), **also(alone("s3:PutObject"))), "ann is declared twice"),
    ("the account of another provider", sneaky(OTHER), sneaky(OTHER + "aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=other))\n" + BUCKET.format("logs", None)), "the account that other answers"),
    ("one key twice in the SDK's builder", HEAD + source(farm=(), more=TAKES.format(["o-1"])), HEAD + source(farm=(), more=TAKES.format(["o-2", "o-1"])), "read"),
    ("a dynamic resource's code", sneaky(DYNAMIC.format("")), sneaky(DYNAMIC.format("").replace("return None", "return eval('')")), "pulumi-python:dynamic"),
    ("a dynamic resource by our name", sneaky(DYNAMIC.format(OURS)), sneaky(DYNAMIC.format(OURS).replace("return None", "return eval('')")), "object-access:StoreBucket"),
    ("a bucket that replicates, by itself", sneaky(ZOO), sneaky(ZOO.replace("')\n", "', replication_configuration={'role': 'r', 'rules': [{'status': 'Enabled', 'destination': {'bucket': 'arn:aws:s3:::mine'}}]})\n")), "replicationConfiguration of bucket zoo"),
    ("a key comes to an alias", sneaky(ALIAS, **BY_ALIAS), sneaky(ALIAS + "aws.kms.Alias('a', name='alias/a', target_key_id=k.id)", **BY_ALIAS), "Alias a, which policies ask for"),
    ("a tag of an object", sneaky(OBJECT.format(""), **BY_OBJECT), sneaky(OBJECT.format(", tags={'a': 'b'}"), **BY_OBJECT), "tags of aws:s3/bucketObjectv2"),
    ("a number between two", PLAIN, sneaky("", **also(alone("s3:PutObject", f"{FARM}/*", Condition=BETWEEN))), "+ write"),
    ("a bucket that the program lets go of", sneaky(ZOO, **IN_ZOO), sneaky("", **IN_ZOO), "its own settings are not judged"),
    ("a policy that a budget gives", PLAIN, sneaky(ELSEWHERE.format("aws:budgets/budgetAction:BudgetAction", {})), "BudgetAction"),
    ("a target of events with a role", PLAIN, sneaky(ELSEWHERE.format("aws:cloudwatch/eventTarget:EventTarget", {"roleArn": "it"})), "EventTarget"),
    ("a key that can be guessed", container(metadata={"Temp-URL-Key": "k" * 40}), container(metadata={"Temp-URL-Key": "abc"}), GUESSED),
    ("a credential that can be guessed", credential(("GET", "c/*")), credential(("GET", "c/*")).replace("region=", "secret='abc', region="), GUESSED),
    ("a rule for another service", credential(("GET", "c/*")), credential(("GET", "c/*")).replace("access_rules=[", "access_rules=[{'method': 'GET', 'path': '/**', 'service': 'key-manager'}, "), "may call GET /** of key-manager"),
]  # fmt: skip


BY_TEAM = {**READ, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}}
BY_PAIR = {**READ, "Condition": {"StringEquals": {"aws:PrincipalTag/a:b": "c"}}}
BRINGS_NONE = BRINGS_TAGS.replace(', "sts:TagSession"', "")
BOUND = "aws.iam.User('eve', name='eve', permissions_boundary={})\n"
BOUND += "aws.iam.UserPolicyAttachment('e', user='eve', policy_arn={})\n"
ONE, TWO = (f"'arn:aws:iam::222222222222:policy/{each}'" for each in ("one", "two"))
SEALED = "aws.s3.BucketServerSideEncryptionConfiguration('e', bucket='farm', rules=[{{'apply_server_side_encryption_by_default': {}}}])\n"
BY_KEY = SEALED.format("{'sse_algorithm': 'aws:kms', 'kms_master_key_id': 'k'}")
OFF = "key = aws.kms.Key('key', is_enabled={})\n"


LATER = sneaky("""
b = aws.s3.Bucket("b", bucket="b")
aws.iam.UserPolicy("z", user="ann", policy=b.SAID.apply(lambda each: json.dumps(
    dict(Version="2012-10-17", Statement=dict(Effect="Allow", Action="s3:GetObject",
        Resource="arn:aws:s3:::" + str(each) + "/*")))))
""")
ONCE_SAID = f"""
def give(said):
    if said:
        {THEIR.format(ALL, "").strip()}
aws.s3.Bucket("b", bucket="b").hosted_zone_id.apply(give)
"""
SPARED = f"""
class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("a:b:Part", name)
for name, ignored in (("a", IGNORED), ("b", None)):
    given = pulumi.ResourceOptions(parent=Part(name), ignore_changes=ignored)
    {THEIR.format(document([READ]), ", opts=given").strip()}
"""


def tagged(tags: dict[str, str], statement: dict[str, object]) -> str:
    """A user with tags and a policy."""
    made = f"aws.iam.User('eve', name='eve', tags={tags})\n"
    return sneaky(f"{made}aws.iam.UserPolicy('e', user='eve', policy={document([statement])})")


def by(conditions: dict[str, object], who: object = "*") -> str:
    """Who may read if all is met."""
    return sneaky("", farm=(TLS, everyone(conditions, Principal=who)))


def everybodys(given: str) -> str:
    """A bucket for everybody who is something, and a user without any policy."""
    farm = (TLS, everyone({"StringEquals": {"aws:PrincipalTag/team": "a"}}),
            everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::OWN:user/adm/*"}}))  # fmt: skip
    return sneaky(f"aws.iam.User('eve', name='eve', {given})", farm=farm)


THEIRS = {"AWS": f"arn:aws:iam::{'2' * 12}:root"}
# What was tried when questions that differ in names alone had come to be asked once.
CHEATS += [
    ("a tag for which a policy waits", tagged({}, BY_TEAM), tagged({"team": "a"}, BY_TEAM), "+ read"),
    ("a tag whose colon is in its name", tagged({"a": "b:c"}, BY_PAIR), tagged({"a:b": "c"}, BY_PAIR), "+ read"),
    ("tags that a trust begins to let in", sneaky(ROLE.format(BRINGS_NONE, document([BY_TEAM]))), sneaky(ROLE.format(BRINGS_TAGS, document([BY_TEAM]))), "t: + "),
    ("a tag for which a bucket waits", everybodys("tags={}"), everybodys("tags={'team': 'a'}"), "eve: + "),
    ("a path for which a bucket waits", everybodys("path='/'"), everybodys("path='/adm/'"), "eve: + "),
    ("an ARN with a part of an account", PLAIN, by({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::2222*:user/x"}}, THEIRS), "account 222222222222: + "),
    ("an ARN with a text in its account", PLAIN, by({"StringLike": {"aws:PrincipalArn": "*2222*"}}, THEIRS), "account 222222222222: + "),
    ("an ARN and an account by parts of both", PLAIN, by({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::77*:user/*", "aws:PrincipalAccount": "77*7"}}), "any other account: + "),
    ("an account compared as a number", PLAIN, by({"NumericGreaterThan": {"aws:PrincipalAccount": "5"}}), "is compared as something else"),
    ("any of several accounts", PLAIN, by({"ForAnyValue:StringEquals": {"aws:PrincipalAccount": ["777777777777"]}}), "any other account: + "),
    ("any of several external IDs", PLAIN, sneaky("", it=(trusted({"ForAnyValue:StringEquals": {"sts:ExternalId": ["open-sesame-1234", "open-sesame-5678"]}}),)), "sts:AssumeRole"),
    ("a boundary from elsewhere that is gone", sneaky(BOUND.format(ONE, TWO)), sneaky(BOUND.format("None", TWO)), "boundary of user:eve: arn:aws:iam::222222222222:policy/one is not of this program: it is gone"),
    ("a policy from elsewhere that is gone", sneaky(BOUND.format(ONE, TWO)), sneaky(BOUND.format(ONE, TWO).partition("\n")[0]), "policy of user:eve: arn:aws:iam::222222222222:policy/two is not of this program: it is gone"),
    ("an organisation's policy that is gone", sneaky(ELSEWHERE.format("aws:organizations/policy:Policy", {})), PLAIN, "it is gone"),
    ("a policy of an endpoint that is gone", sneaky(ELSEWHERE.format("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", {})), PLAIN, "it is gone"),
    ("a policy of somebody else's bucket that is gone", sneaky("aws.s3.BucketPolicy('x', bucket='x', policy='{}')"), PLAIN, "it is gone"),
    ("objects that stay no more", sneaky(ELSEWHERE.format("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", {})), PLAIN, "it is gone"),
    ("no key is needed any more", sneaky(BY_KEY), sneaky(SEALED.format("{'sse_algorithm': 'AES256'}")), "kms: k → no"),
    ("another thing that only the cloud knows", LATER.replace("SAID", "hosted_zone_id"), LATER.replace("SAID", "bucket_domain_name"), "UserPolicy z: what it says is known once it is made"),
    ("only if the cloud says something", PLAIN, sneaky(ONCE_SAID), "+ list, read"),
    ("a namesake for whom changes are made", sneaky(SPARED.replace("IGNORED", "None")), sneaky(SPARED.replace("IGNORED", "['policy']")), "changes of policy are not made"),
    ("a container as a page", container(), container(metadata={"Web-Listings": "true"}), "web-listings: true"),
    ("a key that is enabled again", sneaky(OFF.format(False)), sneaky(OFF.format(True)), "kms:Decrypt"),
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


@pytest.mark.parametrize("gone", [
    BOUND.format(ONE, TWO), ELSEWHERE.format("aws:lambda/function:Function", {}),
    KEY.format("Active"), "aws.iam.UserLoginProfile('l', user='ann')\n",
    "aws.s3.BucketNotification('n', bucket='farm')\n", OFF.format(True),
])  # fmt: skip
def test_what_kept_nobody_from_anything_may_go(judge, gone):
    """Somebody with all that is theirs, and what only gives."""
    assert not difference.widened(difference.compare(judge(sneaky(gone)), judge(PLAIN)))


def test_what_is_harmless_is_not_said_to_be_judged_otherwise(judge):
    """A network, a name, a random value: nobody looks at these in vain."""
    kinds = ("aws:ec2/vpc:Vpc", "aws:route53/record:Record", "random:index/randomPet:RandomPet")

    now = judge(sneaky("".join(ELSEWHERE.format(kind, {}).replace('"x"', repr(kind)) for kind in kinds)))  # fmt: skip

    assert difference.compare(judge(PLAIN), now) == []
