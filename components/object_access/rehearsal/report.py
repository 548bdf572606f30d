"""What a rehearsal shows: what was created, what is handed over, the checks."""

import io
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from ..checks import Result
from ..checks import report as checks_report
from ..handover import Field, Handover, fields, next_step
from .engine import Run
from .passage import Passage

FORMATS = ("table", "json", "markdown", "svg")
WIDTH = 128  # columns, where there is no terminal to ask


@dataclass(frozen=True)
class Outcome:
    """One rehearsal."""

    environment: str
    run: Run
    handovers: Mapping[str, Handover]
    results: Sequence[Result]
    passage: Passage | None
    """The way there from another state of the project, where one was asked for."""
    show_secrets: bool

    def write(self, shape: str, *, every: bool = False) -> None:
        """Print the report in one of `FORMATS`; `svg` is a picture of the whole table. A table
        shows a line for each project, or with `every` each check and resource."""
        if shape == "table":
            width = shutil.get_terminal_size((WIDTH, 0)).columns
            self._tables(Console(width=width), every=every)
        elif shape == "json":
            print(json.dumps(self._data(), indent=2, ensure_ascii=False))
        elif shape == "markdown":
            print(self._markdown())
        else:
            picture = Console(width=WIDTH, record=True, file=io.StringIO())
            self._tables(picture, every=True)
            title = f"object-access rehearse -e {self.environment} --all"
            # Without the fonts that Rich's picture would fetch: any monospaced one does.
            frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
            print(picture.export_svg(title=title, code_format=frame))

    def _value(self, field: Field) -> str:
        return field.value if self.show_secrets else field.masked

    def _tables(self, console: Console, *, every: bool) -> None:
        failed = checks_report.failures(self.results)
        if failed:
            console.print(*failed, "", sep="\n", soft_wrap=True)
        if self.passage:
            console.print(f"On the way from {self.passage.since}", style="bold", markup=False)
            for line in self.passage.lines():
                style = "bold red" if line.startswith("broken") else ""
                console.print(f"  {line}", style=style, markup=False, soft_wrap=True)
            console.print("")
        created = f"Created: {len(self.run.resources)} resources"
        console.print(created, style="bold", highlight=False)
        for thing, kinds in self._created().items() if every else ():
            # No table here and below: a value must stay in one piece, to be copied.
            told = ", ".join(kinds) if len(kinds) < 4 else f"{kinds[0]}, {len(kinds) - 1} settings"
            console.print(f"  {thing}  [dim]{told}", highlight=False, soft_wrap=True)
        console.print("")
        for handover in self.handovers.values():
            listed = fields(handover)
            console.print(_headline(handover), style="bold", markup=False)
            width = max((len(field.label) for field in listed), default=0)
            for field in listed:
                line = f"  {field.label:{width}}  {self._value(field)}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            if told := next_step(handover):
                console.print(f"  Next: {told}", markup=False, highlight=False, soft_wrap=True)
            console.print("")
        if every:
            console.print(checks_report.table(self.results, console.width))
        else:
            lines = [checks_report.by_project(self.results), *failed]
            console.print(*lines, sep="\n", soft_wrap=True, highlight=False)
        style = "bold red" if checks_report.exit_code(self.results) else "bold green"
        told = checks_report.summary(self.results)
        console.print(f"\n{told}", style=style, markup=False, highlight=False, soft_wrap=True)

    def _created(self) -> dict[str, list[str]]:
        """What was created, each thing with what belongs to it: a bucket with its settings."""
        things: dict[str, list[str]] = {}
        for made in sorted(self.run.resources, key=lambda made: made.name):
            owner = made.id if made.id.startswith("arn:") else made.id.split(":")[0].split("/")[0]
            owner = made.name if owner == "none" else owner  # a password has no ID
            things.setdefault(owner, []).append(_short(made.type))
        return things

    def _markdown(self) -> str:
        parts = [f"## Rehearsal of {self.environment}: {checks_report.summary(self.results)}", ""]
        if self.passage:
            parts += [f"### On the way from {self.passage.since}", ""]
            parts += [*(f"- {line}" for line in self.passage.lines()), ""]
        parts += [checks_report.markdown(self.results), ""]
        for handover in self.handovers.values():
            parts += [f"### {_headline(handover)}", ""]
            rows = [f"| {field.label} | `{self._value(field)}` |" for field in fields(handover)]
            parts += ["| field | value |", "|---|---|", *rows, ""]
        made = [
            f"| {_short(each.type)} | {each.name} | `{each.id}` |" for each in self.run.resources
        ]
        count = f"<details><summary>{len(made)} resources created</summary>"
        parts += [count, "", "| resource | name | id |", "|---|---|---|", *made, "", "</details>"]
        return "\n".join(parts)

    def _data(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "engine": self.run.engine,
            "as_promised": checks_report.exit_code(self.results) == 0,
            "summary": checks_report.summary(self.results),
            "resources": [
                {"type": each.type, "name": each.name, "id": each.id} for each in self.run.resources
            ],
            "handovers": {
                name: (handover if self.show_secrets else handover.masked()).data()
                for name, handover in self.handovers.items()
            },
            "checks": checks_report.data(self.results),
            **({"passage": self.passage.data()} if self.passage else {}),
        }


def _headline(handover: Handover) -> str:
    where = handover.form.destination
    return f"{handover.project}: paste into {where}" if where else f"{handover.project}: hand over"


def _short(token: str) -> str:
    """`aws:s3/bucket:Bucket` as `s3 Bucket`."""
    package, module, name = token.split(":")
    return f"{module.partition('/')[0]} {name}" if module != "index" else f"{package} {name}"
