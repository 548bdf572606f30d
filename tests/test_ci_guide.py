"""docs/ci.md says what the workflows do, and its documents allow what it says."""

import json
import re
from pathlib import Path

import pytest
import yaml

from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/ci.md").read_text()
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
JOBS = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def test_the_guide_names_what_the_workflows_use():
    """Every variable, every environment and every required check."""
    texts = "".join(path.read_text() for path in WORKFLOWS)
    tables = set(re.findall(r"^\| `([\w-]+)`", GUIDE, flags=re.MULTILINE))
    variables = set(re.findall(r"vars\.(\w+)", texts))
    environments = {
        job["environment"].replace("${{ matrix.environment }}", "dev")
        for job in JOBS
        if "environment" in job
    }
    environments -= {"pypi"}  # of the maintainers alone

    assert tables | {"AWS_ROLE"} == variables | environments
    assert "`AWS_ROLE`" in GUIDE
    named = {job["name"] for job in JOBS}
    checks = re.findall(r"\*([^*\n]+)\*", GUIDE.partition("the checks")[2].partition(".")[0])
    assert len(checks) == 3
    assert set(checks) <= named


def blocks():
    """The two documents of the guide: the trust, and what the role may do."""
    trust, reads = map(json.loads, re.findall(r"```json\n(.*?)```", GUIDE, flags=re.DOTALL))
    return trust, reads


@pytest.mark.parametrize(
    ("subject", "allowed"),
    [
        ("repo:my-org/my-repo:environment:dev-preview", True),
        ("repo:my-org/my-repo:environment:dev-drift", True),
        ("repo:my-org/my-repo:environment:dev", False),
        ("repo:my-org/my-repo:pull_request", False),
        ("repo:my-org/my-repo:ref:refs/heads/main", False),
        ("repo:my-org/other:environment:dev-preview", False),
    ],
)
def test_the_guide_s_trust_is_for_its_environments_alone(subject, allowed):
    """Judged by the evaluator."""
    issuer = "token.actions.githubusercontent.com"
    request = Request(
        Principal("federated", arn=PROVIDER),
        "sts:AssumeRoleWithWebIdentity",
        "arn:aws:iam::123456789012:role/reading",
        "123456789012",
        {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject},
    )

    decision = evaluate(request, Policies(resource=Policy("trust", blocks()[0], "trust")))

    assert decision.allowed is allowed


def test_the_guide_s_reading_role_reads():
    """No action changes anything, and no object is read but the state's."""
    statements = {each["Sid"]: each for each in blocks()[1]["Statement"]}
    actions = {
        action
        for each in statements.values()
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }

    assert all(re.fullmatch(r"(s3|iam):(Get|List)\w+|kms:Decrypt", action) for action in actions)
    assert "s3:GetObject" not in statements["Buckets"]["Action"]
    assert all("state" in resource for resource in statements["State"]["Resource"])
