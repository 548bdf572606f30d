"""DelegatedRole: others, an external ID always, exact grants."""

import json

import pulumi
import pytest
from pulumi.runtime import rpc

from object_access import DelegatedRole
from object_access.policies.grants import Access
from object_access.rehearsal.engine import plain

BUCKET = "arn:aws:s3:::datalake"
LIGHTLY = "311530292373"
ARGS = {
    "role_name": "Lightly-S3-Integration",
    "trusted": [LIGHTLY],
    "external_id": "farm-animals-7",
    "max_session_duration": 43_200,
    "grants": {
        "input": {"bucket_arn": BUCKET, "access": [Access.LIST, Access.READ], "prefixes": ["in/"]},
        "output": {"bucket_arn": BUCKET, "access": [Access.WRITE], "prefixes": ["out/"]},
    },
}


def made(**change):
    """A program with one role; gives its outputs."""

    def program():
        role = DelegatedRole("lightly", ARGS | change)
        return {"role_arn": role.role_arn, "external_id": role.external_id}

    return program


def test_the_guide_s_role(declare, paper):
    """Exact name, twelve hours, the account with its external ID, a policy for each grant."""
    outputs = declare(made())

    assert paper.kinds() == ["Role", "RolePolicy", "RolePolicy"]
    role = paper.one("Role")
    assert (role["name"], role["maxSessionDuration"]) == ("Lightly-S3-Integration", 43_200)
    trust = plain(role["assumeRolePolicy"])
    assert json.loads(trust)["Statement"] == [
        {
            "Sid": "Delegated",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{LIGHTLY}:root"]},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "farm-animals-7"}},
        }
    ]
    assert {each.inputs["name"] for each in paper.declared if each.type.endswith("RolePolicy")} == {
        "input",
        "output",
    }
    arn = "arn:aws:iam::123456789012:role/Lightly-S3-Integration"
    assert outputs == {"role_arn": (arn, False), "external_id": ("farm-animals-7", True)}


def test_the_external_id_is_made_by_program_where_none_is_given(declare, paper):
    """Random, 32 letters and digits, a secret wherever it goes."""
    args = {key: value for key, value in ARGS.items() if key != "external_id"}

    def program():
        role = DelegatedRole("lightly", args)
        return {"external_id": role.external_id}

    outputs = declare(program)

    password = paper.one("RandomPassword", "lightly-external-id")
    assert (password["length"], password["special"]) == (32, False)
    value, secret = outputs["external_id"]
    assert secret
    trust = paper.one("Role")["assumeRolePolicy"]
    assert rpc.is_rpc_secret(trust)
    assert value in plain(trust)


def test_the_external_id_never_becomes_an_input_in_the_open(declare, paper):
    """Neither of the component nor of the role: state and diffs show what is no secret."""
    declare(made())

    assert rpc.is_rpc_secret(paper.one("Role")["assumeRolePolicy"])


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({}, ["trusts the whole account 311530292373", "only for users"]),
        ({"max_session_duration": 3_600}, ["trusts the whole account 311530292373"]),
        ({"trusted": [f"arn:aws:iam::{LIGHTLY}:role/worker"]}, ["role chaining"]),
        ({"trusted": [f"arn:aws:iam::{LIGHTLY}:role/worker"], "max_session_duration": 3_600}, []),
        ({"trusted": [f"arn:aws:iam::{LIGHTLY}:user/worker"]}, []),
    ],
)
def test_warnings(declare, monkeypatch, change, warnings):
    """What is allowed, but may not be what was meant."""
    said = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))

    declare(made(**change))

    assert len(said) == len(warnings)
    for text, part in zip(said, warnings, strict=True):
        assert text.startswith("lightly: ")
        assert part in text
        assert "farm-animals-7" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"external_id": "x"}, "lightly: external ID has 1 characters, 2 to 1,224"),
        ({"external_id": "a b c"}, "lightly: external ID has ' '"),
        ({"external_id": ""}, "lightly: external ID has 0 characters"),
        ({"trusted": ["*"]}, "lightly: principal '*' is everyone"),
        ({"trusted": []}, "lightly: no principal to trust"),
        ({"trusted": ["31153029237"]}, "lightly: principal '31153029237' is no principal"),
        ({"max_session_duration": 43_201}, "lightly: session duration 43201 given"),
        ({"max_session_duration": 900}, "lightly: session duration 900 given"),
        ({"grants": {}}, "lightly: no grants given"),
        ({"role_name": "a b"}, "lightly: role name 'a b' has ' '"),
        ({"max_sesion_duration": 3_600}, "did you mean 'max_session_duration'"),
        (
            {"trusted": [f"arn:aws:iam::{LIGHTLY}:user/{'u' * 60}{n}" for n in range(30)]},
            "lightly: the trust policy would have 3,",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """One line that names the component; nothing was registered, and no ID is repeated."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(made(**change))

    assert message in str(refused.value)
    assert paper.declared == []
    assert paper.components == []
