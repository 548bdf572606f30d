"""`report --live`: the embedded AWS and OpenStack as a real account, with strangers by hand."""

import json
from pathlib import Path

import pytest
from moto.kms.models import kms_backends

from object_access.access import acls, command, difference, live, report, tables
from object_access.access import program as programs
from object_access.access.difference import Change, Turn
from object_access.access.live import names
from object_access.access.live.aws import _SETTINGS
from object_access.access.model import Verb
from object_access.access.report import AccessReport
from object_access.rehearsal import engine
from object_access.rehearsal.cloud import Cloud
from object_access.stores.aws import server
from object_access.workspace import KEY, Workspace

ROOT = Path(__file__).parents[2]
# Of no other test: whatever runs in one process shares what moto keeps.
HERE, THERE = "444455556666", "555566667777"
BUCKET, ARN = "farm-of-live", "arn:aws:s3:::farm-of-live"
READS = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
PROJECTS = {
    "farm": {"kind": "lightly", "bucket": BUCKET, "prefix": "in/"},
    "lab": {"kind": "valohai-s3", "bucket": "lab-of-live"},
}
CONFIG = {KEY: {"namespace": "live", "projects": PROJECTS}}


@pytest.fixture(scope="module")
def aws():
    """An AWS of its own, elsewhere others make strangers, too: with what the program declares."""
    with server.running([HERE, THERE]) as told:
        cloud = Cloud({"aws": told}, account=HERE)
        engine.run(Workspace.at(ROOT), "dev", CONFIG, cloud, lambda made: None)
        yield cloud


@pytest.fixture
def look(aws, monkeypatch):
    """What is found there, as an administrator or somebody else, who is in the variables."""

    def run(keys: dict[str, str] | None = None) -> tuple[AccessReport, list[Change]]:
        variables = aws.environment()
        if keys:
            variables["AWS_ACCESS_KEY_ID"] = keys["AccessKeyId"]
            variables["AWS_SECRET_ACCESS_KEY"] = keys["SecretAccessKey"]
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return live.look("dev", programs.declared(ROOT, "dev", CONFIG))

    return run


def allow(actions, resources="*", **more) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
    statement = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def opened(changes: list[Change]) -> dict[str, str]:
    """Whom the account allows more, and what."""
    found: dict[str, str] = {}
    for each in changes:
        if each.turn in (Turn.ADDED, Turn.WIDENED):
            found[each.who] = f"{found.get(each.who, '')}; {each.what}"
    return found


@pytest.fixture
def planted(aws):
    """Strangers, made by hand and removed again."""
    iam, s3 = aws.admin("iam"), aws.admin("s3")
    trust = allow("sts:AssumeRole", None, Principal={"Service": "ec2.amazonaws.com"})
    policy = s3.get_bucket_policy(Bucket="lab-of-live")["Policy"]
    for name in ("eve", "mallory", "sybil"):
        iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName="eve", PolicyName="p", PolicyDocument=allow("s3:GetObject", f"{ARN}/in/*")
    )
    iam.put_user_policy(
        UserName="sybil", PolicyName="p", PolicyDocument=allow("s3:*", "arn:aws:s3:::other/*")
    )
    iam.create_group(GroupName="devs")
    iam.put_group_policy(
        GroupName="devs", PolicyName="p", PolicyDocument=allow("s3:PutObject", f"{ARN}/*")
    )
    iam.add_user_to_group(GroupName="devs", UserName="mallory")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust)
    managed = iam.create_policy(PolicyName="m", PolicyDocument=allow("s3:DeleteObject"))
    managed = managed["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ops", PolicyArn=managed)
    iam.create_role(RoleName="audit", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName="audit", PolicyArn=READS)
    document = json.loads(policy)
    foreign = {"Principal": {"AWS": f"arn:aws:iam::{THERE}:root"}}
    more = json.loads(allow("s3:GetObject", "arn:aws:s3:::lab-of-live/*", **foreign))["Statement"]
    document["Statement"] += more
    s3.put_bucket_policy(Bucket="lab-of-live", Policy=json.dumps(document))
    [ours] = [e["UserName"] for e in iam.list_users()["Users"] if e["UserName"].startswith("lab-")]
    key = iam.create_access_key(UserName=ours)["AccessKey"]
    caller = iam.create_access_key(UserName="eve")["AccessKey"]
    yield caller
    iam.delete_access_key(UserName="eve", AccessKeyId=caller["AccessKeyId"])
    iam.delete_access_key(UserName=ours, AccessKeyId=key["AccessKeyId"])
    s3.put_bucket_policy(Bucket="lab-of-live", Policy=policy)
    iam.detach_role_policy(RoleName="ops", PolicyArn=managed)
    iam.delete_policy(PolicyArn=managed)
    iam.delete_role(RoleName="ops")
    iam.detach_role_policy(RoleName="audit", PolicyArn=READS)
    iam.delete_role(RoleName="audit")
    iam.remove_user_from_group(GroupName="devs", UserName="mallory")
    iam.delete_group_policy(GroupName="devs", PolicyName="p")
    iam.delete_group(GroupName="devs")
    for name in ("eve", "sybil"):
        iam.delete_user_policy(UserName=name, PolicyName="p")
    for name in ("eve", "mallory", "sybil"):
        iam.delete_user(UserName=name)


def test_an_account_as_its_program_says(look):
    """Nobody but its administrator reaches more; names, secrets and IDs are no difference."""
    now, changes = look()

    assert opened(changes).keys() == {"administrator"}
    assert not now.findings.unknown
    assert tables.title(now).endswith(f"account {HERE}")
    assert now.findings.principals["user:administrator"].facts["stranger"]


def test_known_administrators_are_no_strangers(aws, tmp_path, monkeypatch, capsys):
    """Whoever the environment names is shown as known; nobody else, and no pattern, may be."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    arn = aws.admin("sts").get_caller_identity()["Arn"]
    known = {KEY: {**CONFIG[KEY], "administrators": [arn]}}
    said = programs.declared(ROOT, "dev", known)
    monkeypatch.setattr(command, "_run", lambda *_: said)
    (tmp_path / "Pulumi.yaml").write_text("name: object-access\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")

    def code(config: dict) -> int:
        (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
        return command.run([tmp_path], "dev", "table", "", None, live=True)

    assert code(known) == 0
    told = capsys.readouterr().out
    assert "known administrator" in told
    assert "NOT of the program" not in told
    assert code({KEY: {**CONFIG[KEY], "administrators": [f"{arn}-2"]}}) == 3
    with pytest.raises(ValueError, match="a pattern, name one user or role"):
        code({KEY: {**CONFIG[KEY], "administrators": ["arn:aws:iam::444455556666:user/*"]}})
    with pytest.raises(ValueError, match="administrators must be a list of ARNs"):
        code({KEY: {**CONFIG[KEY], "administrators": arn}})


def test_strangers_are_shown(look, planted):
    """By a policy of their own, of a group, of a role, of a bucket; and a key more. Who reaches
    other buckets only is nobody here."""
    now, changes = look()
    told = opened(changes)

    assert planted
    assert "+ read" in told["eve"]
    assert "+ write" in told["mallory"]
    assert "+ delete" in told["ops"]
    assert "+ list, read" in told["audit"]
    assert "read" in told[f"account {THERE}"]
    [key] = [what for who, what in told.items() if who.startswith("lab-")]
    assert "which the program does not make" in key
    people = {each.name for each in now.findings.principals.values()}
    assert {"eve", "mallory", "ops"} <= people
    assert "sybil" not in people
    assert "NOT of the program" in tables.notes(now.findings.principals["role:ops"])
    witness = next(each.witness for each in changes if each.who == "eve" and each.witness)
    assert witness.request.resource.startswith(f"{ARN}/in/")
    shown = difference.markdown("dev", changes)
    assert "the account is wider than the program" in shown
    assert "allowed by the account, refused by the program" in shown


LAB = "arn:aws:s3:::lab-of-live"
ISSUER = "arn:aws:iam::444455556666:oidc-provider/token.example.org"


@pytest.fixture
def disguised(aws):
    """Strangers who come by something else than a policy of their own, removed again."""
    iam, s3, kms = aws.admin("iam"), aws.admin("s3"), aws.admin("kms")
    policy = s3.get_bucket_policy(Bucket="lab-of-live")["Policy"]
    block = s3.get_public_access_block(Bucket="lab-of-live")["PublicAccessBlockConfiguration"]
    encrypted = s3.get_bucket_encryption(Bucket="lab-of-live")["ServerSideEncryptionConfiguration"]
    s3.delete_public_access_block(Bucket="lab-of-live")
    rule = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket="lab-of-live", OwnershipControls=rule)
    s3.put_bucket_acl(Bucket="lab-of-live", ACL="public-read")
    document = json.loads(policy)
    for more in (
        allow("s3:GetObject", f"{LAB}/shared/*", Principal="*"),
        allow("s3:GetObject", f"{LAB}/shared/*", Effect="Deny",
              NotPrincipal={"AWS": f"arn:aws:iam::{THERE}:root"}),
    ):  # fmt: skip
        document["Statement"] += json.loads(more)["Statement"]
    s3.put_bucket_policy(Bucket="lab-of-live", Policy=json.dumps(document))
    # A boundary leaves one of all, a later version of a policy gives what the first did not.
    narrow = iam.create_policy(PolicyName="b", PolicyDocument=allow("s3:GetObject", f"{ARN}/in/*"))
    narrow = narrow["Policy"]["Arn"]
    grown = iam.create_policy(PolicyName="v", PolicyDocument=allow("s3:GetObject", f"{LAB}/none"))
    grown = grown["Policy"]["Arn"]
    iam.create_policy_version(
        PolicyArn=grown, PolicyDocument=allow("s3:PutObject", f"{LAB}/*"), SetAsDefault=True
    )
    # A role: of users moto tells no boundary.
    trust = allow("sts:AssumeRole", None, Principal={"Service": "ec2.amazonaws.com"})
    iam.create_role(RoleName="bound", AssumeRolePolicyDocument=trust, PermissionsBoundary=narrow)
    iam.put_role_policy(RoleName="bound", PolicyName="p", PolicyDocument=allow("s3:*"))
    iam.create_user(UserName="late")
    iam.attach_user_policy(UserName="late", PolicyArn=grown)
    iam.create_role(
        RoleName="ci",
        AssumeRolePolicyDocument=allow(
            "sts:AssumeRoleWithWebIdentity", None, Principal={"Federated": ISSUER},
            Condition={"StringLike": {"token.example.org:sub": "repo:*"}},
        ),
    )  # fmt: skip
    iam.put_role_policy(
        RoleName="ci", PolicyName="p", PolicyDocument=allow("s3:GetObject", f"{ARN}/*")
    )
    key = json.loads(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{HERE}:root"}))
    foreign = allow("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{THERE}:root"})
    key["Statement"] += json.loads(foreign)["Statement"]
    made = kms.create_key(Policy=json.dumps(key))["KeyMetadata"]["Arn"]
    region = made.split(":")[3]
    kms_backends[HERE][region].create_grant(  # which the gate lets nobody do
        made, f"arn:aws:iam::{THERE}:root", ["Decrypt"], "g", {}, ""
    )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made}
    s3.put_bucket_encryption(
        Bucket="lab-of-live",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    yield made
    s3.put_bucket_encryption(Bucket="lab-of-live", ServerSideEncryptionConfiguration=encrypted)
    for name in ("bound", "ci"):
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)
    iam.detach_user_policy(UserName="late", PolicyArn=grown)
    iam.delete_user(UserName="late")
    iam.delete_policy_version(PolicyArn=grown, VersionId="v1")
    for arn in (narrow, grown):
        iam.delete_policy(PolicyArn=arn)
    s3.put_bucket_policy(Bucket="lab-of-live", Policy=policy)
    s3.put_bucket_acl(Bucket="lab-of-live", ACL="private")
    rule = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket="lab-of-live", OwnershipControls=rule)
    s3.put_public_access_block(Bucket="lab-of-live", PublicAccessBlockConfiguration=block)


@pytest.mark.thorough
def test_strangers_in_disguise_are_shown(look, disguised):
    """By a list, by what a NotPrincipal spares, by a later version of a policy, by tokens, by a
    key's policy; and within a boundary no more than it leaves."""
    now, changes = look()
    told, may = opened(changes), now.findings.access

    assert may["anonymous:anyone without login", "s3://lab-of-live/"][Verb.LIST].allowed
    assert "s3:GetObject" in told[f"root of account {THERE}"]
    assert "write" in told["late"]
    assert "+ read" in told["repo:* by token.example.org"]
    assert "read" in told["bound"]
    assert not may["role:bound", f"s3://{BUCKET}/in/"][Verb.WRITE].allowed
    assert "kms:Decrypt" in told[f"account {THERE}"], disguised
    assert f"Decrypt to arn:aws:iam::{THERE}:root" in told["not judged, look yourself"]


def test_what_may_not_be_read_is_not_judged(look, planted):
    """By name, and what the program says stands for it: whoever it makes is not said to be gone."""
    now, changes = look(planted)

    assert any(
        each.startswith("users, groups, roles and policies") for each in now.findings.unknown
    )
    assert "BucketPolicy of bucket farm-of-live (AccessDenied)" in now.findings.unknown
    assert difference.widened(changes)
    assert not [each for each in changes if each.turn is Turn.REMOVED]


def test_credentials_that_are_none(look):
    """One line, before anything is judged."""
    with pytest.raises(ValueError, match="AWS knows no caller: InvalidClientTokenId"):
        look({"AccessKeyId": "AKIANOBODY", "SecretAccessKey": "none"})


def test_another_account(look, monkeypatch):
    """The program says which one it is for."""
    monkeypatch.setitem(CONFIG, "aws:allowedAccountIds", [THERE])

    with pytest.raises(ValueError, match=f"account {HERE}, the program is for {THERE}"):
        look()


RAW = """
import pulumi_aws as aws
aws.s3.Bucket("farm", bucket="farm-of-live", region="eu-west-1")
"""


def test_the_command_in_every_shape(aws, tmp_path, monkeypatch, capsys):
    """The difference first, then who reaches what; exit code 3 since somebody does."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "Pulumi.yaml").write_text("name: raw\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(RAW)
    found = live.look("dev", programs.declared(tmp_path, "dev", {}))
    monkeypatch.setattr(live, "look", lambda *_: found)
    monkeypatch.setattr(command, "_run", lambda folders, environment: None)
    shown = {}
    for shape in ("table", "json", "markdown", "html"):
        assert command.run([tmp_path], "dev", shape, "", None, live=True) == 3
        shown[shape] = capsys.readouterr().out

    data = json.loads(shown["json"])
    assert data["widened"]
    assert data["account"] == HERE
    assert "administrator" in {each["who"] for each in data["changes"]}
    assert "user:administrator" in {each["id"] for each in data["report"]["principals"]}
    for shape in ("table", "markdown"):
        first, _, then = shown[shape].partition("Who reaches what of environment dev")
        assert "the account is wider than the program" in first
        assert "administrator" in then
    assert f"account {HERE}" in shown["html"]
    with pytest.raises(ValueError, match="leave --against out"):
        command.run([tmp_path], "dev", "table", "main", None, live=True)


def test_names_that_pulumi_finishes():
    """By seven hexadecimal digits, if there is one such."""
    there = ["a-0a1b2c3", "b-0a1b2c3", "b-1111111", "c-long"]

    found = dict(names.finished(["a-0000000", "b-0000000", "c-0000000"], there))

    assert found == {"a-0000000": "a-0a1b2c3", "b-0000000": None, "c-0000000": None}


def test_a_shorter_external_id_is_another():
    """A placeholder stands for a secret as long as the program makes it."""
    said, there = (
        allow("sts:AssumeRole", None, Condition={"StringEquals": {"sts:ExternalId": each}})
        for each in ("placeholderABCDEFGH", "short")
    )

    assert names.external_ids(said, there) == {}
    longer = there.replace("short", "s" * 19)
    assert names.external_ids(said, longer) == {"placeholderABCDEFGH": "s" * 19}


CONTAINER = """
import pulumi_openstack as openstack
openstack.objectstorage.Container("c", name="live-data", region="RegionOne")
openstack.objectstorage.Container("d", name="never-deployed", region="RegionOne")
"""


def test_containers(cloud, tmp_path, monkeypatch):
    """What their lists let in, keys of temporary URLs, and other credentials of the same user."""
    pytest.importorskip("keystone", reason="Keystone and Swift need Linux")
    (tmp_path / "__main__.py").write_text(CONTAINER)
    for name, value in cloud.environment(swift=True).items():
        monkeypatch.setenv(name, value)
    storage, http = cloud.openstack._storage, cloud.openstack._http
    http.put(f"{storage}/live-data")
    _, before = live.look("dev", programs.declared(tmp_path, "dev", {}))
    http.post(
        f"{storage}/live-data",
        headers={
            "X-Container-Read": ".r:*",
            "X-Container-Write": "*:*",
            "X-Container-Meta-Temp-Url-Key": "k" * 32,
        },
    )
    _, changes = live.look("dev", programs.declared(tmp_path, "dev", {}))
    http.delete(f"{storage}/live-data")
    told = opened(changes)

    assert not {"anyone without login", "key of live-data"} & opened(before).keys()
    assert "read" in told["anyone without login"]
    assert "write" in told["every user of the OpenStack cloud"]
    assert "read, write, delete" in told["key of live-data"]
    assert not [each for each in changes if each.where == ("swift://never-deployed/",) and each.power
                and each.turn in (Turn.ADDED, Turn.WIDENED)]  # fmt: skip


def test_lists_and_buckets_that_are_old():
    """Who a list of S3 names, and a bucket that asks lists since nobody said otherwise."""
    grant = {"Grantee": {"Type": "Group", "URI": acls.EVERYBODY}, "Permission": "READ"}
    [acl] = [each for each in _SETTINGS if each.kind == "BucketAcl"]
    told = acl.told({"Owner": {"ID": "o"}, "Grants": [grant]})
    [ownership] = [each for each in _SETTINGS if each.kind == "BucketOwnershipControls"]
    resources = [
        programs.Declared("aws:s3/bucket:Bucket", "b", {"bucket": "b", "arn": "arn:aws:s3:::b"}),
        programs.Declared("aws:s3/bucketAcl:BucketAcl", "b", {"bucket": "b", **told}),
        programs.Declared(
            "aws:s3/o:BucketOwnershipControls", "b", {"bucket": "b", **ownership.nothing}
        ),
    ]

    found = report.build("dev", programs.Program(resources))

    assert found.findings.access["anonymous:anyone without login", "s3://b/"][Verb.LIST].allowed
