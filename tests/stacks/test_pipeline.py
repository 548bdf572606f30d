"""`kind: pipeline`: its settings, and the policies that it makes of them."""

import json

import pytest

from object_access.policies import pipeline
from object_access.policies.documents import check_size
from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate
from object_access.rehearsal.engine import plain

ACCOUNT = "123456789012"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/ci-dev-boundary"
SCOPE = pipeline.Scope("aws", ACCOUNT, ["acme-dev-", "Lightly-S3"])
CI = {
    "kind": "pipeline",
    "github": "my-org/my-repo",
    "environments": {"dev": {}, "prod": {"names": ["prod-", "my-lake"]}},
    "people": [ANN],
}


def environment(**change):
    """An environment with a pipeline."""
    project = {key: each for key, each in {**CI, **change}.items() if each is not None}
    return {"namespace": "acme", "protect": False, "projects": {"ci": project}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"github": None}, "ci: github or gitlab must be given, one of the two"),
        ({"gitlab": "a/b"}, "ci: github or gitlab must be given, one of the two"),
        ({"github": "https://github.com/a/b"}, "must be like 'my-org/my-repo'"),
        ({"github": "my-org/*"}, "repository 'my-org/*' must be like 'my-org/my-repo'"),
        ({"host": "https://git.example.com"}, "must be a bare name, like 'git.example.com'"),
        ({"environments": {}}, "ci: environments is empty, name at least one"),
        ({"people": []}, "ci: people is empty, name at least one"),
        ({"people": ["ann"]}, "user or role 'ann'"),
        ({"environments": {"Dev": {}}}, "environment 'Dev'"),
        ({"environments": {"dev": {"names": ["*"]}}}, "name '*' is no beginning of names"),
        ({"environments": {"dev": {"names": ["a-"]}}}, "name 'a-' is no beginning of names"),
        (
            {"environments": {"dev": {"names": ["ci-pipeline-"]}}},
            "environments: dev: name 'ci-pipeline-' is also of the roles of dev",
        ),
        (
            {"environments": {"dev": {}, "prod": {"names": ["acme-dev-prod-"]}}},
            "environments: dev: name 'acme-dev-' is also of prod, 'acme-dev-prod-'",
        ),
        (
            {"environments": {"dev": {"previews": ["repo:my-org/my-repo:*"]}}},
            "opens every branch and pull request of the repository, name it in full",
        ),
        ({"places": {}}, "unknown setting 'places'"),
        ({"region": "Ireland"}, "region 'Ireland'"),
    ],
)
def test_a_wrong_setting_gets_one_line(program, paper, change, message):
    """Before anything is declared."""
    with pytest.raises(Exception, match=r"ci: ") as refused:
        program(environment(**change), "pipeline")

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert paper.declared == []


@pytest.mark.parametrize(
    ("change", "issuer", "deploys", "previews"),
    [
        ({}, "token.actions.githubusercontent.com",
         "repo:my-org/my-repo:environment:dev", "repo:my-org/my-repo:environment:dev-preview"),
        ({"host": "git.acme.com"}, "git.acme.com/_services/token",
         "repo:my-org/my-repo:environment:dev", "repo:my-org/my-repo:environment:dev-preview"),
        ({"github": None, "gitlab": "g/s/p"}, "gitlab.com",
         "project_path:g/s/p:ref_type:branch:ref:main",
         "project_path:g/s/p:ref_type:branch:ref:main"),
        ({"github": None, "gitlab": "g/p", "host": "git.acme.com", "adopt_provider": True},
         "git.acme.com", "project_path:g/p:ref_type:branch:ref:main",
         "project_path:g/p:ref_type:branch:ref:main"),
    ],
)  # fmt: skip
def test_who_is_trusted(handed, paper, change, issuer, deploys, previews):
    """Exact subjects and the exact audience, of one issuer, which is made unless it is there."""
    found = handed(environment(**change), "pipeline")

    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    for what, subject in (("deploys", deploys), ("reads", previews)):
        [trust] = json.loads(plain(paper.one("Role", f"ci-dev-{what}")["assumeRolePolicy"]))[
            "Statement"
        ]
        assert trust["Principal"] == {"Federated": provider}
        assert trust["Condition"].keys() == {"StringEquals"}
        said = trust["Condition"]["StringEquals"]
        assert said[f"{issuer}:aud"] == "sts.amazonaws.com"
        assert said[f"{issuer}:sub"][0] == subject
    made = [each for each in paper.declared if each.type.endswith(":OpenIdConnectProvider")]
    assert len(made) == (0 if "adopt_provider" in change else 1)
    assert found.holders["dev-deploys"].how.provider == provider


def test_the_key_rotates_and_the_state_is_private(handed, paper):
    """A key for each environment; the bucket is like any other of ours."""
    handed(environment(), "pipeline")

    for name in ("dev", "prod"):
        key = paper.one("Key", f"ci-{name}-key")
        assert key["enableKeyRotation"] is True
        assert key["deletionWindowInDays"] == 30
    assert paper.one("BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}
    block = paper.one("BucketPublicAccessBlock")
    assert {each for each in block.values() if isinstance(each, bool)} == {True}


# --- the policies, as the evaluator reads them ---


def may(document, action, resource, **context):
    """Whether a role with that policy may."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    role = f"arn:aws:iam::{ACCOUNT}:role/ci-dev-deploys"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-dev-deploys/s"
    who = Principal("role", ACCOUNT, session, "AROA", role)
    policies = Policies(identity=(Policy("cloud", document),))
    return evaluate(Request(who, action, resource, ACCOUNT, keys), policies).allowed


IAM = f"arn:aws:iam::{ACCOUNT}"
OURS = {"iam__permissionsboundary": BOUNDARY}
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("iam:CreateUser", f"{IAM}:user/acme-dev-x", OURS, True),
        ("iam:CreateUser", f"{IAM}:user/acme-dev-x", {}, False),
        ("iam:CreateUser", f"{IAM}:user/acme-dev-x", {"iam__permissionsboundary": ADMIN}, False),
        ("iam:CreateUser", f"{IAM}:user/acme-prod-x", OURS, False),
        ("iam:CreateUser", f"{IAM}:user/path/acme-dev-x", OURS, False),
        ("iam:CreateRole", f"{IAM}:role/Lightly-S3", OURS, True),
        ("iam:CreateRole", f"{IAM}:role/Lightly-S3-2", OURS, False),
        ("iam:PutUserPolicy", f"{IAM}:user/acme-dev-x", OURS, True),
        ("iam:PutUserPolicy", f"{IAM}:user/acme-dev-x", {}, False),
        ("iam:PutRolePolicy", f"{IAM}:role/ci-dev-deploys", OURS, False),
        ("iam:PutRolePermissionsBoundary", f"{IAM}:role/acme-dev-x", OURS, True),
        ("iam:PutRolePermissionsBoundary", f"{IAM}:role/acme-dev-x",
         {"iam__permissionsboundary": ADMIN}, False),
        ("iam:DeleteUserPermissionsBoundary", f"{IAM}:user/acme-dev-x", OURS, False),
        ("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/acme-dev-x", OURS, False),
        ("iam:AttachUserPolicy", f"{IAM}:user/acme-dev-x",
         {**OURS, "iam__policyarn": f"{IAM}:policy/acme-dev-p"}, True),
        ("iam:AttachUserPolicy", f"{IAM}:user/acme-dev-x",
         {**OURS, "iam__policyarn": ADMIN}, False),
        ("iam:AttachUserPolicy", f"{IAM}:user/acme-dev-x",
         {"iam__policyarn": f"{IAM}:policy/acme-dev-p"}, False),
        ("iam:CreatePolicyVersion", f"{IAM}:policy/acme-dev-p", {}, True),
        ("iam:CreatePolicyVersion", BOUNDARY, {}, False),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/acme-dev-x", OURS, True),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/acme-dev-x", {}, False),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/ci-dev-deploys", {}, False),
        ("iam:CreateLoginProfile", f"{IAM}:user/acme-dev-x", OURS, False),
        ("iam:AddUserToGroup", f"{IAM}:group/acme-dev-x", {}, False),
        ("iam:PassRole", f"{IAM}:role/acme-dev-x",
         {"iam__passedtoservice": "ec2.amazonaws.com"}, True),
        ("iam:PassRole", f"{IAM}:role/acme-dev-x",
         {"iam__passedtoservice": "lambda.amazonaws.com"}, False),
        ("iam:PassRole", f"{IAM}:role/ci-dev-deploys",
         {"iam__passedtoservice": "ec2.amazonaws.com"}, False),
        ("sts:AssumeRole", f"{IAM}:role/acme-dev-x", {}, False),
        ("s3:CreateBucket", "arn:aws:s3:::acme-dev-x", {}, True),
        ("s3:CreateBucket", "arn:aws:s3:::acme-prod-x", {}, False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme-dev-x", {}, True),
        ("s3:GetObject", "arn:aws:s3:::acme-dev-x/a", {}, False),
        ("s3:DeleteObject", "arn:aws:s3:::acme-dev-x/a", {}, False),
        ("kms:PutKeyPolicy", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/x", {}, False),
    ],
)  # fmt: skip
def test_what_the_role_that_deploys_may(action, resource, context, allowed):
    """Names of its own, and the boundary on all that it makes (IAM User Guide, "Permissions
    boundaries for IAM entities")."""
    assert may(pipeline.deploying(SCOPE, BOUNDARY), action, resource, **context) is allowed
    reads = pipeline.reading(SCOPE)
    assert not may(reads, action, resource, **context), "nor may the one that previews"


def test_it_removes_objects_where_it_is_told():
    """As `force_destroy` needs it, and nothing else."""
    wide = pipeline.deploying(SCOPE, BOUNDARY, removes_objects=True)

    assert may(wide, "s3:DeleteObjectVersion", "arn:aws:s3:::acme-dev-x/a")
    assert not may(wide, "s3:GetObject", "arn:aws:s3:::acme-dev-x/a")
    assert not may(wide, "s3:DeleteObjectVersion", "arn:aws:s3:::acme-prod-x/a")


def test_a_preview_s_policy_changes_nothing():
    """Not one action of it."""
    actions = {each for one in pipeline.reading(SCOPE)["Statement"] for each in one["Action"]}

    assert all(each.split(":")[1].startswith(("Get", "List")) for each in actions)


def test_the_policies_fit_with_many_names():
    """Five beginnings of 20 signs are within IAM's quotas."""
    scope = SCOPE._replace(names=[f"{number}{'n' * 18}-" for number in range(5)])
    check_size("role inline policies", pipeline.deploying(scope, BOUNDARY))
    check_size("managed policy", pipeline.boundary(scope))
