"""The results, as a table to look at, as Markdown for a pull request, as data.

What failed comes first and is told again at the end, in words: without colour it is as clear.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .check import Result, State

_STYLES = {State.PASSED: "green", State.FAILED: "bold red", State.NOT_TRIED: "yellow"}
_MARKS = {State.PASSED: "ok", State.FAILED: "FAIL", State.NOT_TRIED: "-"}
_ORDER = (State.FAILED, State.NOT_TRIED, State.PASSED)
_WORST = (State.FAILED, State.PASSED, State.NOT_TRIED)  # a project is one: tried and good is good


def exit_code(results: Sequence[Result]) -> int:
    """0 where every check that was tried is as promised, 1 where one is not, 2 where nothing of
    some project was tried: that proves nothing."""
    if any(result.state is State.FAILED for result in results):
        return 1
    tried = {result.project for result in results if result.state is State.PASSED}
    return 0 if tried and tried == {result.project for result in results} else 2


def summary(results: Sequence[Result]) -> str:
    """How many checks came out how, and why the others were not tried."""
    reasons = not_tried(results).most_common()
    told = ", ".join(f"{count} {why}" for why, count in reasons)
    return f"{counted(results)}: {told}" if told else counted(results)


def counted(results: Sequence[Result]) -> str:
    """How many checks came out how, failures first."""
    counts = Counter(result.state for result in results)
    told = (State.FAILED, State.PASSED, State.NOT_TRIED)
    return ", ".join(f"{counts[each]} {each.value}" for each in told if counts[each]) or (
        "nothing was tried"
    )


def not_tried(results: Iterable[Result]) -> Counter[str]:
    """Why checks were not tried, and how many each."""
    return Counter(result.answer for result in results if result.state is State.NOT_TRIED)


def by_project(results: Iterable[Result]) -> Text:
    """A line for each project."""
    projects: dict[str, list[Result]] = {}
    for result in results:
        projects.setdefault(result.project, []).append(result)
    width = max(map(len, projects), default=0)
    told = Text()
    told.append("Checks", "bold")
    for name, own in projects.items():
        state = next(each for each in _WORST if any(result.state is each for result in own))
        told.append(f"\n{_MARKS[state]:4}  ", _STYLES[state])
        told.append(f"{name:{width}}  {counted(own)}")
    return told


def table(results: Sequence[Result], width: int = 0) -> RenderableType:
    """A table for the terminal, what failed first; below 80 columns one line below the other."""
    ordered = sorted(results, key=lambda result: _ORDER.index(result.state))
    told = _lines(ordered) if width and width < 80 else _table(ordered)
    return Group(told, *failures(results))


def _table(results: Iterable[Result]) -> Table:
    shown = Table(
        title="Checks", title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for heading in ("", "project", "must be", "what was tried", "answer"):
        shown.add_column(heading, overflow="fold")
    for result in results:
        style = _STYLES[result.state]
        shown.add_row(
            Text(_MARKS[result.state], style),
            Text(result.project),
            result.promise.value,
            Text(result.name),
            Text(result.answer, style),
        )
    return shown


def _lines(results: Iterable[Result]) -> Text:
    told = Text("Checks\n")
    for result in results:
        told.append(f"{_MARKS[result.state]} ", _STYLES[result.state])
        told.append(f"{result.project}: {result.name} ({result.promise.value}): {result.answer}\n")
    return told


def failures(results: Iterable[Result]) -> list[Text]:
    """A line for each check that failed."""
    failed = [result for result in results if result.state is State.FAILED]
    return [
        Text(
            f"FAIL {result.project}: {result.name}: must be {result.promise.value}: "
            f"{result.answer}",
            "bold red",
        )
        for result in failed
    ]


def markdown(results: Sequence[Result]) -> str:
    """A table for a pull request, what failed first."""
    ordered = sorted(results, key=lambda result: _ORDER.index(result.state))
    rows = [
        f"| {_MARKS[each.state]} | {each.project} | {each.promise.value} | {_cell(each.name)} "
        f"| {_cell(each.answer)} |"
        for each in ordered
    ]
    head = ["| | project | must be | what was tried | answer |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def data(results: Iterable[Result]) -> list[dict[str, Any]]:
    """The results for JSON."""
    return [
        {
            "project": result.project,
            "check": result.name,
            "promise": result.promise.value,
            "state": result.state.value,
            "answer": result.answer,
        }
        for result in results
    ]
