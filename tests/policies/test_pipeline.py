"""What CI may be given: no name by which it could change what it runs on, or another's."""

import pytest

from object_access.policies import reference
from object_access.policies.pipeline import Scope, check_names, deploying

PEOPLE = [
    "arn:aws:iam::111111111111:role/administrator",
    "arn:aws:iam::111111111111:user/acme-ops-team/ann",
]
OWN = {"dev": "acme-ci-dev", "prod": "acme-ci-prod"}


def test_names_of_environments_side_by_side():
    """Beginnings and whole names, which another one's name may be longer than."""
    check_names(
        {"dev": ["acme-dev-", "lake"], "prod": ["acme-prod-", "lakeside", "acme-state-"]},
        OWN,
        "acme-state",
        PEOPLE,
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acme-", "the roles of dev, 'acme-ci-dev-'"),
        ("acme-ci-dev-boundary", "the roles of dev"),
        ("acme-ci-prod-deploys", "the roles of prod"),
        ("ACME-CI-", "the roles of dev"),
        ("acme-state", "the state, 'acme-state'"),
        ("acme-prod-lake", "prod, 'acme-prod-'"),
        ("acme-prod-lake-", "prod, 'acme-prod-'"),
        ("administrator", f"'{PEOPLE[0]}'"),
        ("acme-ops-", f"'{PEOPLE[1]}'"),
        ("*", "no beginning of names"),
        ("a-", "no beginning of names"),
        ("acme*", "no beginning of names"),
        ("acme/", "no beginning of names"),
    ],
)
def test_names_that_would_let_it_change_something_else(name, said):
    """Its own roles and boundary, another environment's, the state, what another one makes."""
    given = {"dev": ["acme-dev-", name], "prod": ["acme-prod-"]}
    with pytest.raises(ValueError, match=r"^dev: name ") as refused:
        check_names(given, OWN, "acme-state", PEOPLE)
    assert said in str(refused.value)


def test_what_knows_of_the_boundary_asks_for_it():
    """Of all that it does to users and roles, wherever AWS tells a policy whose boundary that is
    and something could be gained. Of the rest nothing is: a role loses its description, or ends."""
    scope = Scope("aws", "111111111111", ["acme-dev-"])
    policy = deploying(scope, f"{scope.iam}:policy/boundary")
    unasked = {
        action
        for each in policy["Statement"]
        if each["Effect"] == "Allow" and "iam:PermissionsBoundary" not in str(each.get("Condition"))
        for action in each["Action"]
        if action.startswith("iam:") and reference.has_key(action, "iam:PermissionsBoundary")
    }

    assert unasked == {"iam:DeleteRole", "iam:GetRole", "iam:UpdateRole"}
