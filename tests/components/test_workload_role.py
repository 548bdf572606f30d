"""WorkloadRole: for machines, or for jobs with a token."""

import json

import pytest

from object_access import WorkloadRole
from object_access.policies.grants import Access

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ARGS = {
    "role_name": "mount",
    "grants": {"mount": {"bucket_arn": "arn:aws:s3:::erdos", "access": [Access.LIST, Access.READ]}},
}


def made(**change):
    """A program with one role; gives its outputs."""

    def program():
        role = WorkloadRole("mount", ARGS | change)
        return {"role_arn": role.role_arn, "profile": role.instance_profile}

    return program


def test_a_role_for_machines(declare, paper):
    """EC2 is trusted, and there is an instance profile to start machines with."""
    outputs = declare(made())

    assert paper.kinds() == ["InstanceProfile", "Role", "RolePolicy"]
    [statement] = json.loads(paper.one("Role")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert paper.one("InstanceProfile") == {"name": "mount", "role": "mount", "tags": {}}
    assert outputs["profile"] == ("mount", False)


def test_a_role_for_jobs(declare, paper):
    """The provider's tokens for that audience and subject; no instance profile."""
    subjects = ["repo:my-org/my-repo:ref:refs/heads/main"]
    outputs = declare(made(web_identity={"provider_arn": PROVIDER, "subjects": subjects}))

    assert paper.kinds() == ["Role", "RolePolicy"]
    [statement] = json.loads(paper.one("Role")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subjects,
        }
    }
    assert outputs["profile"] == ("", False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role_name": ""}, "mount: role name '' has 0 characters"),
        ({"grants": {}}, "mount: no grants given"),
        ({"max_session_duration": 50_000}, "mount: session duration 50000 given"),
        (
            {"web_identity": {"provider_arn": PROVIDER, "subjects": ["*"]}},
            "mount: subject '*' does not say whose tokens it means",
        ),
        (
            {"web_identity": {"provider_arn": PROVIDER, "subjects": ["repo:my-org/*"]}},
            "mount: subject 'repo:my-org/*' opens other repositories, name it in full",
        ),
        (
            {"web_identity": {"provider_arn": PROVIDER}},
            "mount: input 'subjects' is missing, WebIdentityArgs needs it",
        ),
        ({"oidc": {}}, "mount: unknown input 'oidc'"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """One line that names the component; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(made(**change))

    assert message in str(refused.value)
    assert paper.declared == []
    assert paper.components == []
