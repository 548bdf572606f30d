"""The lights, as a table to look at, as Markdown for a pull request, as data."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from .check import Result, State

_MARKS = {
    State.GREEN: ("●", "green", "🟢"),
    State.RED: ("●", "bold red", "🔴"),
    State.SKIPPED: ("○", "dim", "⚪"),
}


def all_as_promised(lights: Iterable[Result]) -> bool:
    """Whether no light is red."""
    return all(light.state is not State.RED for light in lights)


def summary(lights: Sequence[Result]) -> str:
    """How many lights are in which state."""
    counts = [(state, sum(light.state is state for light in lights)) for state in State]
    return ", ".join(f"{count} {state.value}" for state, count in counts if count)


def table(lights: Iterable[Result]) -> Table:
    """A table for the terminal."""
    shown = Table(title="Lights", title_justify="left", box=None, pad_edge=False)
    for heading in ("", "project", "must be", "what was tried", "answer"):
        shown.add_column(heading)
    for light in lights:
        mark, style, _ = _MARKS[light.state]
        shown.add_row(
            Text(mark, style),
            light.project,
            light.promise.value,
            light.name,
            Text(light.answer, style),
        )
    return shown


def markdown(lights: Iterable[Result]) -> str:
    """A table for a pull request."""
    rows = [
        f"| {_MARKS[light.state][2]} | {light.project} | {light.promise.value} | {light.name} "
        f"| {light.answer.replace('|', '/')} |"
        for light in lights
    ]
    return "\n".join(
        ["| | project | must be | what was tried | answer |", "|---|---|---|---|---|", *rows]
    )


def data(lights: Iterable[Result]) -> list[dict[str, Any]]:
    """The lights for JSON."""
    return [
        {
            "project": light.project,
            "light": light.name,
            "promise": light.promise.value,
            "state": light.state.value,
            "answer": light.answer,
        }
        for light in lights
    ]
