"""What we ship keeps to our own rules."""

import json
from pathlib import Path

import pytest

from guardrails import rules

from .conftest import ENVIRONMENTS

# The very file that the workflows give to the engine.
CONFIG = json.loads((Path(rules.__file__).parent / "config.json").read_text())


def judge(resources, config):
    """The messages of every rule, by its name."""
    found = {
        rule.name: [each.message for each in rule.judge(resources, **config.get(rule.name, {}))]
        for rule in rules.RULES
    }
    return {name: messages for name, messages in found.items() if messages}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_shipped_environment_breaks_no_rule(environment, emitted):
    """Every rule is mandatory or a warning; neither says anything."""
    assert judge(emitted(environment), CONFIG) == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_exception_is_needed(environment, emitted):
    """All rules hold with their defaults, too: of Valohai's `s3:*`, for one."""
    assert judge(emitted(environment), {}) == {}


def test_components_beside_the_shipped_environments(declare, described):
    """A container with all it can have, and roles for machines, jobs and delegates."""
    from object_access import DelegatedRole, SwiftContainer, WorkloadRole
    from object_access.policies.grants import Access

    grants = {"data": {"bucket_arn": "arn:aws:s3:::my-bucket", "access": [Access.READ]}}
    provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"

    def program():
        SwiftContainer(
            "data",
            {
                "container_name": "data",
                "region": "RegionOne",
                "cors": {"origins": ["https://app.valohai.com"]},
                "access": {"read": [f"{'0' * 32}:*"], "write": ["editors"]},
            },
        )
        WorkloadRole(
            "job",
            {
                "role_name": "job",
                "grants": grants,
                "web_identity": {
                    "provider_arn": provider,
                    "subjects": ["repo:org/repo:*"],
                    "wide_subjects": True,
                },
            },
        )
        DelegatedRole(
            "consumer",
            {
                "role_name": "consumer",
                "trusts": {"them": {"principals": ["arn:aws:iam::210987654321:role/consumer"]}},
                "grants": grants,
                "max_session_duration": 43_200,
            },
        )

    declare(program)

    resources = described()
    assert {each.kind for each in resources} >= {"Container", "Role", "RolePolicy"}
    # That any branch may is for whoever writes the exceptions to say.
    assert judge(resources, {"oidc-trust": {"subjects": ["repo:org/repo:*"]}}) == {}
