"""`kind: pipeline`: what CI's roles can do on a cloud that enforces it, and that the role that
deploys really brings up projects of every shape."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from object_access.checks import pipeline
from object_access.checks.check import DENIED, State, run_all
from object_access.checks.subject import Subject
from object_access.rehearsal import bystanders
from object_access.rehearsal.cloud import ACCOUNT, Cloud
from object_access.rehearsal.engine import IN_PROCESS, deploying
from object_access.rehearsal.environments import projects_of
from object_access.rehearsal.provider import Provider
from object_access.workspace import KEY, Workspace

WORKSPACE = Workspace.at(Path(__file__).parents[2])
LIGHTLY = "311530292373"
STATE = ".pulumi/stacks/object-access"
ENVIRONMENT = {
    "namespace": "pipe-test",
    "protect": False,
    "projects": {
        "ci": {
            "kind": "pipeline",
            "github": "my-org/my-repo",
            "host": "git.pipe-test.example",
            "environments": {"dev": {}, "prod": {}},
            "people": [f"arn:aws:iam::{ACCOUNT}:role/administrator"],
            "force_destroy": True,
        }
    },
}
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/git.pipe-test.example/_services/token"
PROJECTS = {
    "lake": {
        "kind": "s3",
        "cors": [{"origins": ["https://app.example.com"], "methods": ["GET"]}],
        "places": {"raw": {"prefix": "raw/", "access": ["list", "read"]}},
        "holders": {
            "person": {"as": "user"},
            "managed": {"as": "user", "managed": True},
            "vendor": {"as": "role", "trusted": [LIGHTLY], "self_assuming": True},
            "machine": {"as": "machine"},
            "job": {"as": "job", "provider": OIDC, "subjects": ["repo:a/b:pull_request"]},
            "guest": {"as": "principal", "principals": [LIGHTLY]},
        },
    },
    "vision": {"kind": "valohai-s3", "multipart": True},
}


def settings(body):
    """The configuration, and the projects that it loads."""
    config = {KEY: body}
    return config, projects_of(WORKSPACE, "dev", config)


@pytest.fixture(scope="module")
def handed(cloud):
    """The hand-over of a pipeline that is there."""
    config, projects = settings(ENVIRONMENT)
    with deploying("object-access", "pipeline", Provider(cloud), IN_PROCESS) as deployment:
        run = deployment.up(WORKSPACE, config, projects)
        yield bystanders.with_keys(cloud, run.handovers)["ci"]
        deployment.destroy()


@pytest.fixture(scope="module")
def subject(cloud, handed):
    """The pipeline with everybody who is beside it."""
    others = bystanders.bystanders_of(cloud, {"ci": handed})
    return Subject(handed, cloud.target, others)


def results(subject, holder=""):
    """What comes of CI's own checks, by name."""
    checks = [each for each in pipeline.derived(subject) if each.scope.startswith(holder)]
    return {each.name: each for each in run_all({"ci": checks})}


def test_every_promise_is_kept(subject):
    """Roles that preview read, roles that deploy make what they may, and nothing else."""
    found = results(subject)

    assert {name for name, each in found.items() if each.state is not State.PASSED} == set()
    promised = {name.removeprefix("dev-deploys: ") for name in found if "dev-deploys" in name}
    assert len(promised) == 8
    assert len(found) == 2 * (len(promised) + 5)


def more(role, *actions):
    """A role that may do more."""
    policy = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return lambda cloud, handed: cloud.admin("iam").put_role_policy(
        RoleName=named(handed, role), PolicyName="more", PolicyDocument=document(policy)
    )


def less(role, policy):
    """A role without one of its policies."""
    return lambda cloud, handed: cloud.admin("iam").delete_role_policy(
        RoleName=named(handed, role), PolicyName=policy
    )


def never(role, *actions):
    """A role that may not do what it is for."""
    policy = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    return lambda cloud, handed: cloud.admin("iam").put_role_policy(
        RoleName=named(handed, role), PolicyName="more", PolicyDocument=document(policy)
    )


def trusting(role, subject):
    """A role that lets in others."""

    def change(cloud, handed):
        how = handed.holders[role].how
        issuer = how.provider.partition(":oidc-provider/")[2]
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": how.provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{issuer}:sub": subject},
            },
        }
        cloud.admin("iam").update_assume_role_policy(
            RoleName=named(handed, role), PolicyDocument=document(statement)
        )

    return change


def everything(cloud, handed):
    """A boundary that bounds nothing."""
    cloud.admin("iam").create_policy_version(
        PolicyArn=handed.holders["dev-deploys"].how.boundary,
        PolicyDocument=document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        SetAsDefault=True,
    )


def for_everybody(cloud, handed):
    """A key that everybody uses who may do anything."""
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    cloud.admin("kms", "eu-west-1").put_key_policy(
        KeyId=handed.holders["dev-deploys"].how.key,
        PolicyName="default",
        Policy=document(statement),
    )
    more("dev-deploys", "kms:Encrypt")(cloud, handed)


def document(statement):
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def named(handed, holder):
    """The name of a holder's role."""
    return handed.holders[holder].how.role_arn.rpartition("/")[2]


SABOTAGE = [
    ("dev-deploys", trusting("dev-deploys", "repo:my-org/*"), "to be it: other"),
    ("dev-deploys", less("dev-deploys", "secrets"), "open the state's secrets"),
    ("dev-deploys", for_everybody, "to do more with keys"),
    ("dev-deploys", never("dev-deploys", "s3:CreateBucket"), "make bucket, user"),
    ("dev-deploys", more("dev-deploys", "iam:CreateUser"), "to make what is not under"),
    ("dev-deploys", more("dev-deploys", "s3:CreateBucket"), "to make what is not under"),
    ("dev-deploys", more("dev-deploys", "iam:DeleteUserPermissionsBoundary"), "to lift"),
    ("dev-deploys", more("dev-deploys", "iam:PutRolePolicy"), "to lift"),
    ("dev-deploys", more("dev-deploys", "iam:CreatePolicyVersion"), "to lift"),
    ("dev-deploys", everything, "what it makes: to do more"),
    ("dev-deploys", never("dev-deploys", "iam:DeleteUser"), "take down"),
    ("dev-previews", less("dev-previews", "cloud"), "look at bucket"),
    ("dev-previews", more("dev-previews", "iam:CreateAccessKey"), "to change anything"),
    ("dev-previews", trusting("dev-previews", "repo:*:pull_request"), "to be it: other"),
]


@pytest.mark.parametrize(
    ("holder", "sabotage", "broken"),
    [
        pytest.param(*row, marks=() if number % 4 == 0 else pytest.mark.thorough)
        for number, row in enumerate(SABOTAGE)
    ],
)
def test_a_broken_promise_fails(cloud, holder, sabotage, broken):
    """What was promised is tried: with more rights, or less, exactly that check fails."""
    unlike = uuid4().hex[:12]
    project = {
        **ENVIRONMENT["projects"]["ci"],
        "host": f"{unlike}.example",
        "environments": {"dev": {}},
    }
    body = {"namespace": unlike, "protect": False, "projects": {"ci": project}}
    config, projects = settings(body)
    with deploying("object-access", "pipeline", Provider(cloud), IN_PROCESS) as deployment:
        run = deployment.up(WORKSPACE, config, projects)
        handed = bystanders.with_keys(cloud, run.handovers)["ci"]
        sabotage(cloud, handed)
        others = bystanders.bystanders_of(cloud, {"ci": handed})
        found = results(Subject(handed, cloud.target, others), holder)

    failed = [name for name, each in found.items() if each.state is State.FAILED]
    assert any(name.startswith(f"{holder}: {broken}") for name in failed), failed


# --- a project, by the role that deploys ---


@pytest.fixture
def deployer(cloud, handed, subject):
    """The cloud as the role that deploys sees it, and the settings that it was given."""
    keys = subject.keys("dev-deploys")
    how = handed.holders["dev-deploys"].how
    bystanders.provide(
        cloud, [each.project for each in settings({"namespace": "x", "projects": PROJECTS})[1]]
    )
    return (
        Cloud({"aws": {**cloud.aws, "accounts": {ACCOUNT: vars(keys)}}}),
        {"protect": False, "namespace": "pipe", "prefix": how.names[0], "boundary": how.boundary},
    )


def test_the_role_that_deploys_brings_up_every_shape_of_project(cloud, deployer):
    """It makes them, changes them and takes them down; nobody whom it makes is without the
    boundary, and nothing has a name of another environment."""
    as_role, given = deployer
    provider = Provider(as_role)
    with deploying("object-access", "dev", provider, IN_PROCESS) as deployment:
        made = deployment.up(WORKSPACE, *settings({**given, "projects": PROJECTS})).resources
        named = [each.id for each in made if each.type.endswith((":User", ":Role", ":Bucket"))]
        again = deployment.up(WORKSPACE, *settings({**given, "projects": PROJECTS})).changes
        tagged = {**given, "tags": {"team": "vision"}, "projects": PROJECTS}
        changed = deployment.up(WORKSPACE, *settings(tagged)).changes
        deployment.destroy()

    iam, s3 = cloud.admin("iam"), cloud.admin("s3")
    left = [
        *(each["UserName"] for each in iam.list_users()["Users"]),
        *(each["RoleName"] for each in iam.list_roles()["Roles"]),
        *(each["Name"] for each in s3.list_buckets()["Buckets"]),
    ]
    assert len(named) == 9
    assert all(each.startswith("pipe-test-dev-") for each in named)
    assert again == []
    assert {each.verb for each in changed} == {"updated"}
    assert [each for each in left if each.startswith("pipe-test-dev-")] == []


def test_somebody_who_was_there_before_gains_nothing(cloud, subject, handed):
    """Under its names, but without the boundary: neither their trust nor their policies change."""
    admin, name = cloud.admin("iam"), f"{handed.holders['dev-deploys'].how.names[0]}before"
    trust = {"RoleName": name, "AssumeRolePolicyDocument": pipeline._TO_MACHINES}
    admin.create_role(**trust)
    iam = subject.client("iam", subject.keys("dev-deploys"))
    mine = {"RoleName": name, "PolicyDocument": trust["AssumeRolePolicyDocument"]}

    assert not allowed(iam.update_assume_role_policy, **mine)
    assert not allowed(iam.put_role_policy, **mine, PolicyName="x")
    assert allowed(
        iam.put_role_permissions_boundary,
        RoleName=name,
        PermissionsBoundary=handed.holders["dev-deploys"].how.boundary,
    )
    assert allowed(iam.update_assume_role_policy, **mine)
    admin.delete_role(RoleName=name)


@pytest.mark.parametrize("left_out", ["prefix", "boundary"])
def test_without_its_names_or_its_boundary_nothing_is_made(deployer, left_out):
    """Whoever forgets them in the environment's file is refused by AWS."""
    as_role, given = deployer
    body = {**given, left_out: "", "projects": {"lake": PROJECTS["lake"]}}
    with deploying("object-access", "dev", Provider(as_role), IN_PROCESS) as deployment:
        with pytest.raises(RuntimeError, match="AccessDenied"):
            deployment.up(WORKSPACE, *settings(body))
        deployment.destroy()


@pytest.mark.parametrize(
    ("holder", "key", "reads", "writes"),
    [
        ("dev-previews", f"{STATE}/dev.json", True, False),
        ("dev-previews", f"{STATE}/prod.json", False, False),
        ("dev-previews", f"{STATE}/dev-2.json", False, False),
        ("dev-previews", ".pulumi/meta.yaml", True, False),
        ("dev-previews", ".pulumi/history/object-access/dev/x.json", False, False),
        ("dev-deploys", f"{STATE}/dev.json", True, True),
        ("dev-deploys", f"{STATE}/dev.json.bak", True, True),
        ("dev-deploys", f"{STATE}/prod.json", False, False),
        ("dev-deploys", ".pulumi/meta.yaml", True, False),
        ("dev-deploys", ".pulumi/history/object-access/dev/x.json", False, True),
        ("dev-deploys", ".pulumi/locks/organization/object-access/dev/x.json", True, True),
        ("dev-deploys", ".pulumi/locks/organization/object-access/prod/x.json", False, False),
    ],
)
def test_each_reads_and_writes_the_state_of_its_environment(
    cloud, handed, subject, holder, key, reads, writes
):
    """As Pulumi's S3 backend asks; of another environment it sees the names."""
    where = {"Bucket": handed.where.bucket, "Key": key}
    cloud.admin("s3", "eu-west-1").put_object(**where, Body=b"state")
    s3 = subject.s3(holder)

    assert allowed(s3.get_object, **where) is reads
    assert allowed(s3.put_object, **where, Body=b"mine") is writes
    assert key in {each["Key"] for each in s3.list_objects_v2(Bucket=where["Bucket"])["Contents"]}


def allowed(call, **given):
    """Whether the cloud does it."""
    try:
        call(**given)
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            return False
        raise
    return True


def test_a_role_without_state_is_told_that_there_is_none(subject, handed):
    """Not that it is forbidden, at which Pulumi ends: a stack's first preview has no tags."""
    with pytest.raises(ClientError, match="NoSuchKey"):
        subject.s3("dev-previews").get_object(
            Bucket=handed.where.bucket, Key=f"{STATE}/dev.pulumi-tags"
        )
