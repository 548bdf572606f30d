"""What counts as green, and what as red."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from object_access.checks import report
from object_access.checks.check import (
    Check,
    Checks,
    Failed,
    NotPromised,
    Promise,
    Refused,
    Result,
    Skip,
    State,
    allowed,
    none_allowed,
    refused,
    run_all,
    run_one,
)

DENIED = frozenset({"AccessDenied"})


def answering(code: str) -> ClientError:
    """The store's answer with this code."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


def raising(error: Exception):
    """An attempt that ends so."""

    def attempt():
        raise error

    return attempt


@pytest.mark.parametrize(
    ("promise", "attempt", "state", "answer"),
    [
        (Promise.ALLOWED, lambda: None, State.GREEN, "works"),
        (Promise.ALLOWED, raising(answering("AccessDenied")), State.RED, "AccessDenied"),
        (Promise.ALLOWED, raising(Failed("another file")), State.RED, "another file"),
        (Promise.REFUSED, lambda: None, State.RED, "was allowed"),
        (Promise.REFUSED, raising(answering("AccessDenied")), State.GREEN, "AccessDenied"),
        (Promise.REFUSED, raising(Refused("AccessDenied")), State.GREEN, "AccessDenied"),
        (Promise.REFUSED, raising(answering("InternalError")), State.RED, "InternalError"),
        (Promise.REFUSED, raising(answering("NoSuchBucket")), State.RED, "NoSuchBucket"),
        (Promise.REFUSED, raising(Failed("listing was allowed")), State.RED, "listing was allowed"),
        (
            Promise.REFUSED,
            raising(EndpointConnectionError(endpoint_url="https://127.0.0.1:1")),
            State.RED,
            'Could not connect to the endpoint URL: "https://127.0.0.1:1"',
        ),
        (Promise.REFUSED, raising(Skip("no role")), State.SKIPPED, "no role"),
    ],
)
def test_a_light(promise, attempt, state, answer):
    """Only the promised answer is green; a store that fails refuses nothing."""
    light = run_one("vision", Check("it", promise, attempt, DENIED))

    assert light == Result("vision", "it", promise, state, answer)


def test_all_must_be_refused():
    """One call that is let through, or fails otherwise, is named."""
    deny = raising(answering("AccessDenied"))

    with pytest.raises(Refused, match="AccessDenied"):
        none_allowed(DENIED, {"reading": deny, "writing": deny})
    with pytest.raises(Failed, match="writing was allowed"):
        none_allowed(DENIED, {"reading": deny, "writing": lambda: None})
    with pytest.raises(Failed, match="reading: SlowDown"):
        none_allowed(DENIED, {"reading": raising(answering("SlowDown")), "writing": deny})


class Two(Checks):
    """Two promises, and a helper that is none."""

    @refused("second")
    def a_method(self):
        raise answering("403")

    @allowed("first")
    def another(self):
        self.helper()

    def helper(self):
        """No promise."""


def test_promises_are_tried_in_the_order_in_which_they_are_written():
    """Side by side between projects, one after another within one."""
    lights = run_all({"a": Two(), "b": Two()})

    assert [(light.project, light.name, light.state) for light in lights] == [
        ("a", "second", State.GREEN),
        ("a", "first", State.GREEN),
        ("b", "second", State.GREEN),
        ("b", "first", State.GREEN),
    ]


def test_what_is_not_promised_is_not_shown():
    """Neither green nor skipped; and a subclass takes a promise back by overriding it."""

    class Base(Checks):
        @allowed("always")
        def always(self):
            """Works."""

        @allowed("not by everyone")
        def sometimes(self):
            """Works."""

    class Some(Base):
        @refused("never")
        def never(self):
            raise NotPromised

        def sometimes(self):
            """No promise."""

    assert [light.name for light in run_all({"a": Some()})] == ["always"]


def test_each_project_is_tidied_up_whatever_happens():
    """Also after a light that nobody foresaw going wrong, which is red and stops no other."""
    tidied, told = [], []

    class Broken(Checks):
        @allowed("works")
        def works(self):
            raise ZeroDivisionError("oh")

        def tidy(self):
            tidied.append(1)

    [light] = run_all({"a": Broken()}, told.append)

    assert (light.state, light.answer) == (State.RED, "ZeroDivisionError: oh")
    assert tidied == [1]
    assert told == [light]


def test_a_report_says_how_many_and_fails_on_one_red():
    """A skipped light is no failure, a red one is."""
    lights = [
        Result("vision", name, Promise.ALLOWED, state, "a|b")
        for name, state in (("one", State.GREEN), ("two", State.SKIPPED), ("three", State.RED))
    ]

    assert report.summary(lights) == "1 green, 1 red, 1 skipped"
    assert not report.all_as_promised(lights)
    assert report.all_as_promised(lights[:2])
    assert "| 🔴 | vision | allowed | three | a/b |" in report.markdown(lights)
    assert report.data(lights)[2]["state"] == "red"
