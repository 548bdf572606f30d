"""What could not be tried is not green."""

from typing import Any

import pytest

from object_access.checks import Result, Target, report, run_checks
from object_access.checks.check import Promise, State
from object_access.handover.model import Handover

LISTED = {"as": "listed", "elements": ["0123456789abcdef0123456789abcdef:*"]}
URLS = {"as": "temp-urls", "key": "x" * 20}
SWIFT = {
    "as": "swift",
    "container": "lake",
    "auth_url": "https://identity.example.org/v3",
    "region": "RegionOne",
    "project_id": "0" * 32,
}


def handover(how: dict[str, Any]) -> Handover:
    """A container, and one holder."""
    return Handover.read(
        "lake",
        {
            "where": SWIFT,
            "places": {"all": {"access": ["list", "read"]}},
            "holders": {"them": {"how": how, "places": ["all"]}},
        },
    )


@pytest.mark.parametrize("how", [LISTED, URLS], ids=lambda how: how["as"])
def test_holders_who_cannot_be_tried_are_told_of(how):
    """Nobody of the project logs in: each promise of theirs is listed as not tried, exit 2."""
    results = run_checks({"lake": handover(how)}, Target())

    assert results
    assert {each.state for each in results} == {State.NOT_TRIED}
    assert report.exit_code(results) == 2


def test_a_container_without_temporary_urls_promises_none():
    """There is nothing to try, and nothing is said of them."""
    results = run_checks({"lake": handover(LISTED)}, Target())

    assert not [each.name for each in results if "temporary URL" in each.name]


def one(project: str, state: State) -> Result:
    return Result(project, "reading", Promise.ALLOWED, state, "why")


def test_one_project_of_which_nothing_was_tried_is_exit_2():
    """However many others are as promised."""
    tried, other = one("a", State.PASSED), one("b", State.NOT_TRIED)

    assert report.exit_code([tried]) == 0
    assert report.exit_code([tried, other]) == 2
    assert report.exit_code([tried, other, one("c", State.FAILED)]) == 1


def test_a_project_without_any_check_is_told_of():
    """It is no project that passed."""
    nobody = Handover.read("lake", {"where": SWIFT, "places": {}, "holders": {}})

    results = run_checks({"lake": nobody}, Target())

    assert results
    assert report.exit_code(results) == 2
