"""What counts as passed, as failed and as not tried, and how it is told."""

import io

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console

from object_access.checks import report
from object_access.checks.check import (
    Check,
    Checks,
    Failed,
    NotPromised,
    NotTried,
    Promise,
    Refused,
    Result,
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
        (Promise.ALLOWED, lambda: None, State.PASSED, "works"),
        (Promise.ALLOWED, raising(answering("AccessDenied")), State.FAILED, "AccessDenied"),
        (Promise.ALLOWED, raising(Failed("another file")), State.FAILED, "another file"),
        (Promise.REFUSED, lambda: None, State.FAILED, "was allowed"),
        (Promise.REFUSED, raising(answering("AccessDenied")), State.PASSED, "AccessDenied"),
        (Promise.REFUSED, raising(Refused("AccessDenied")), State.PASSED, "AccessDenied"),
        (Promise.REFUSED, raising(answering("InternalError")), State.FAILED, "InternalError"),
        (Promise.REFUSED, raising(answering("NoSuchBucket")), State.FAILED, "NoSuchBucket"),
        (
            Promise.REFUSED,
            raising(Failed("listing was allowed")),
            State.FAILED,
            "listing was allowed",
        ),
        (
            Promise.REFUSED,
            raising(EndpointConnectionError(endpoint_url="https://127.0.0.1:1")),
            State.FAILED,
            'Could not connect to the endpoint URL: "https://127.0.0.1:1"',
        ),
        (Promise.REFUSED, raising(NotTried("no role")), State.NOT_TRIED, "no role"),
    ],
)
def test_a_check(promise, attempt, state, answer):
    """Only the promised answer passes; a store that fails refuses nothing."""
    result = run_one("vision", Check("it", promise, attempt, DENIED))

    assert result == Result("vision", "it", promise, state, answer)


def test_all_must_be_refused():
    """One call that is let through, or fails otherwise, is named."""
    deny = raising(answering("AccessDenied"))

    with pytest.raises(Refused, match="AccessDenied"):
        none_allowed({"reading": deny, "writing": deny}, DENIED)
    with pytest.raises(Failed, match="writing: allowed"):
        none_allowed({"reading": deny, "writing": lambda: None}, DENIED)
    with pytest.raises(Failed, match="reading: SlowDown"):
        none_allowed({"reading": raising(answering("SlowDown")), "writing": deny}, DENIED)


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
    results = run_all({"a": [Two()], "b": [Two()]})

    assert [(each.project, each.name, each.state) for each in results] == [
        ("a", "second", State.PASSED),
        ("a", "first", State.PASSED),
        ("b", "second", State.PASSED),
        ("b", "first", State.PASSED),
    ]


def test_what_is_not_promised_is_not_shown():
    """Neither passed nor not tried; and a subclass takes a promise back by overriding it."""

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

    assert [each.name for each in run_all({"a": [Some()]})] == ["always"]


def test_each_project_is_tidied_up_whatever_happens():
    """Also after a check that nobody foresaw going wrong, which fails and stops no other."""
    tidied, told = [], []

    class Broken(Checks):
        @allowed("works")
        def works(self):
            raise ZeroDivisionError("oh")

        def tidy(self):
            tidied.append(1)

    [result] = run_all({"a": [Broken()]}, told.append)

    assert (result.state, result.answer) == (State.FAILED, "ZeroDivisionError: oh")
    assert tidied == [1]
    assert told == [result]


def test_what_is_not_promised_is_not_tried_either():
    """Unless it is told so: a subclass's own come first, with its words and whose they are."""

    class Named(Checks):
        scope = "ann: "

        @allowed("reads {what}")
        def reads(self):
            raise NotTried("nobody is here")

    named = Named()
    named.words = {"what": "cats"}
    [check] = named.listed()
    assert check.name == "ann: reads cats"
    assert run_one("a", check).state is State.NOT_TRIED


def test_nothing_to_refuse_is_no_promise():
    """An empty list of calls is not taken for so many refusals."""
    with pytest.raises(NotPromised):
        none_allowed({})


def test_every_call_that_is_let_through_is_named():
    """Not the first alone."""
    with pytest.raises(Failed, match="reading, listing: allowed"):
        none_allowed({"reading": lambda: None, "listing": lambda: None})


# --- how it is told ---


def result(name: str, state: State, project: str = "vision") -> Result:
    """What came of a check."""
    return Result(project, name, Promise.ALLOWED, state, f"answer|of {name}")


PASSED, NOT_TRIED, FAILED = (
    result(name, state)
    for name, state in (
        ("one", State.PASSED), ("two", State.NOT_TRIED), ("three", State.FAILED),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("results", "code", "summary"),
    [
        ([PASSED], 0, "1 as promised"),
        ([PASSED, NOT_TRIED], 0, "1 as promised, 1 not tried: 1 answer|of two"),
        ([PASSED, NOT_TRIED, FAILED], 1, "1 FAIL, 1 as promised, 1 not tried: 1 answer|of two"),
        ([NOT_TRIED, FAILED], 1, "1 FAIL, 1 not tried: 1 answer|of two"),
        ([NOT_TRIED, NOT_TRIED], 2, "2 not tried: 2 answer|of two"),
        ([], 2, "nothing was tried"),
    ],
)
def test_the_exit_code_and_the_summary(results, code, summary):
    """Nothing tried proves nothing; what was not tried is counted, says why, and is never as promised."""
    assert report.exit_code(results) == code
    assert report.summary(results) == summary


def printed(results, width: int, **options) -> str:
    """The table, as a terminal or a pipe gets it."""
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(report.table(results, width))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 79, 80, 128])
@pytest.mark.parametrize("options", [{"no_color": True}, {"force_terminal": False}])
def test_a_failure_is_told_in_words_first_and_again_at_the_end(width, options):
    """Without colour, at any width; nothing is cut off, however long it is."""
    long = result("a-name-" * 30, State.FAILED, "a-project")
    text = printed([PASSED, NOT_TRIED, FAILED, long], width, **options)

    assert "\x1b" not in text
    words = text.split()
    first = min(words.index(word) for word in ("ok", "-"))
    assert words.index("FAIL") < first
    assert words.count("FAIL") == 4
    assert text.replace("\n", "").rstrip().endswith(long.answer.replace(" ", "")) or (
        "".join(words).endswith("".join(long.answer.split()))
    )
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    for each in (PASSED, NOT_TRIED, FAILED):
        assert each.name in words or f"{each.name}:" in words


def test_a_name_is_no_markup():
    """What stands in brackets is a part of it, whoever wrote it."""
    told = result("[red]a[/red] [link=x]b", State.FAILED, "[p]")
    text = printed([told], 128)
    assert text.count("[red]a[/red] [link=x]b") == 4  # twice, each with its answer


def test_markdown_and_data_hold_everything():
    """A row for each, failures first; a sign that would end a cell does not."""
    rows = report.markdown([PASSED, NOT_TRIED, FAILED]).splitlines()

    assert rows[2] == "| FAIL | vision | allowed | three | answer/of three |"
    assert [row.split(" | ")[0] for row in rows[3:]] == ["| -", "| ok"]
    assert report.data([FAILED]) == [
        {
            "project": "vision", "check": "three", "promise": "allowed", "state": "FAIL",
            "answer": "answer|of three",
        }
    ]  # fmt: skip
