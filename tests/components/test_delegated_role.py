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
    "trusts": {"lightly": {"principals": [LIGHTLY], "external_id": "farm-animals-7"}},
    "max_session_duration": 43_200,
    "grants": {
        "input": {"bucket_arn": BUCKET, "access": [Access.LIST, Access.READ], "prefixes": ["in/"]},
        "output": {"bucket_arn": BUCKET, "access": [Access.WRITE], "prefixes": ["out/"]},
    },
}


GRANT = {"bucket_arn": BUCKET, "access": [Access.READ]}


def trusting(*principals):
    """Arguments that trust these, with an external ID made by program."""
    return {"trusts": {"them": {"principals": principals}}}


def saying(external_id):
    """Arguments with this external ID."""
    return {"trusts": {"them": {"principals": [LIGHTLY], "external_id": external_id}}}


def naming(session_name, **more):
    """Arguments with this session name."""
    return {"trusts": {"b": {"principals": [LIGHTLY], "session_name": session_name, **more}}}


def made(**change):
    """A program with one role; gives its outputs."""

    def program():
        role = DelegatedRole("lightly", ARGS | change)
        return {"role_arn": role.role_arn, "external_ids": role.external_ids}

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
            "Sid": "TrustLightly",
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
    assert outputs == {
        "role_arn": (arn, False),
        "external_ids": ({"lightly": "farm-animals-7"}, True),
    }


def test_the_external_id_is_made_by_program_where_none_is_given(declare, paper):
    """Random, 32 letters and digits, a secret wherever it goes."""
    outputs = declare(made(trusts={"lightly": {"principals": [LIGHTLY]}}))

    password = paper.one("RandomPassword", "lightly-lightly-external-id")
    assert (password["length"], password["special"]) == (32, False)
    value, secret = outputs["external_ids"]
    assert secret
    trust = paper.one("Role")["assumeRolePolicy"]
    assert rpc.is_rpc_secret(trust)
    assert value["lightly"] in plain(trust)


@pytest.mark.parametrize("flowing", [False, True])
@pytest.mark.parametrize("what", ["external_id", "session_name"])
def test_what_is_agreed_upon_never_becomes_an_input_in_the_open(declare, paper, what, flowing):
    """Neither of the component nor of the role: state, diffs and logs show what is no secret."""
    given = pulumi.Output.from_input("farm-animals-7") if flowing else "farm-animals-7"
    outputs = declare(made(trusts={"them": {"principals": [LIGHTLY], what: given}}))

    assert "farm-animals-7" not in str(paper.components)
    [component] = paper.components
    assert component.inputs == {}
    trust = paper.one("Role")["assumeRolePolicy"]
    assert rpc.is_rpc_secret(trust)
    assert "farm-animals-7" in plain(trust)
    assert outputs["external_ids"][1] is True


def test_each_trust_has_an_external_id_of_its_own(declare, paper):
    """RudderStack with Snowflake: one role, two consumers, neither of whom can act as the other;
    and who uses a session name has no external ID."""
    outputs = declare(
        made(
            trusts={
                "rudder": {"principals": ["422074288268"], "external_id": "workspace-1"},
                "snow-flake": {"principals": [f"arn:aws:iam::{LIGHTLY}:user/abc"]},
                "clickhouse": {"principals": [LIGHTLY], "session_name": "known-to-us-alone"},
            }
        )
    )

    statements = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))["Statement"]
    assert {each["Sid"]: each["Condition"] for each in statements} == {
        "TrustRudder": {"StringEquals": {"sts:ExternalId": "workspace-1"}},
        "TrustSnowFlake": {
            "StringEquals": {"sts:ExternalId": "password-of-lightly-snow-flake-external-id"}
        },
        "TrustClickhouse": {"StringEquals": {"sts:RoleSessionName": "known-to-us-alone"}},
    }
    assert outputs["external_ids"] == (
        {"rudder": "workspace-1", "snow-flake": "password-of-lightly-snow-flake-external-id"},
        True,
    )


def test_nobody_yet(declare, paper):
    """The first of two steps: there is a role to name, and an external ID, but nobody gets in."""
    outputs = declare(made(trusts={"snowflake": {"principals": []}}))

    [statement] = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))["Statement"]
    assert statement == {
        "Sid": "NobodyYet",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
    }
    assert list(outputs["external_ids"][0]) == ["snowflake"]


def test_a_role_that_assumes_itself(declare, paper):
    """Databricks: the trust names the role by its account, as it does not exist yet, and the role
    may assume itself."""
    declare(
        made(
            trusts={
                "unity": {
                    "principals": [f"arn:aws:iam::{LIGHTLY}:role/master"],
                    "external_id": "0000",
                    "self_assuming": True,
                }
            }
        )
    )

    itself = "arn:aws:iam::123456789012:role/Lightly-S3-Integration"
    _, trusted = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))["Statement"]
    assert trusted["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert trusted["Condition"] == {
        "StringEquals": {"sts:ExternalId": "0000"},
        "ArnLike": {"aws:PrincipalArn": itself},
    }
    [allowed] = json.loads(paper.one("RolePolicy", "lightly-assume-itself")["policy"])["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == ("sts:AssumeRole", itself)


@pytest.mark.parametrize("what", ["external_id", "session_name"])
def test_a_secret_that_turns_out_wrong_is_told_and_not_shown(declare, paper, what):
    """As soon as it is known; the role is then not made."""
    given = {"principals": [LIGHTLY], what: pulumi.Output.secret("not good")}
    with pytest.raises(ValueError, match=r"lightly: (external ID|session name) has ' '") as refused:
        declare(made(trusts={"them": given}))

    assert "not good" not in str(refused.value)
    assert "Role" not in paper.kinds()


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({}, ["trusts the whole account 311530292373"]),
        ({"trusts": {"them": {"principals": [LIGHTLY], "whole_account": True}}}, []),
        (trusting(f"arn:aws:iam::{LIGHTLY}:role/worker"), ["role chaining"]),
        ({**trusting(f"arn:aws:iam::{LIGHTLY}:role/worker"), "max_session_duration": 3_600}, []),
        (trusting(f"arn:aws:iam::{LIGHTLY}:user/worker"), []),
        (trusting(), []),
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
        (saying("x"), "lightly: external ID has 1 characters, 2 to 1,224"),
        (saying("a b c"), "lightly: external ID has ' '"),
        (saying(""), "lightly: external ID has 0 characters"),
        (trusting("*"), "lightly: principal '*' is everyone"),
        ({"trusts": {}}, "lightly: no trusts given"),
        (trusting() | {"trusted": [LIGHTLY]}, "lightly: unknown input 'trusted'"),
        ({"trusts": {"a": {"principal": LIGHTLY}}}, "lightly-a: unknown input 'principal'"),
        (
            {"trusts": {"a": {"principals": LIGHTLY}}},
            f"lightly-a: input 'principals' is the text '{LIGHTLY}'",
        ),
        ({"trusts": [LIGHTLY]}, "lightly: input 'trusts' is given as list, give a mapping"),
        (naming("a b"), "lightly: session name has ' '"),
        (naming("a"), "lightly: session name has 1 characters, 2 to 64"),
        (naming(""), "lightly: session name has 0 characters"),
        (
            naming("a-good-name", external_id="farm-animals-7"),
            "lightly: trust 'b' has an external ID and a session name",
        ),
        (
            {
                **trusting(),
                "grants": {"assume-itself": GRANT},
            },
            "lightly: grant 'assume-itself' has the role's own name",
        ),
        (
            {"trusts": {"a-b": {"principals": [LIGHTLY]}, "a_b": {"principals": [LIGHTLY]}}},
            "lightly: two statements have the Sid 'TrustAB'",
        ),
        (trusting("31153029237"), "lightly: principal '31153029237' is no principal"),
        ({"max_session_duration": 43_201}, "lightly: session duration 43201 given"),
        ({"max_session_duration": 900}, "lightly: session duration 900 given"),
        ({"grants": {}}, "lightly: no grants given"),
        ({"role_name": "a b"}, "lightly: role name 'a b' has ' '"),
        ({"max_sesion_duration": 3_600}, "did you mean 'max_session_duration'"),
        (
            trusting(*(f"arn:aws:iam::{LIGHTLY}:user/{'u' * 60}{n}" for n in range(30))),
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
