"""What a rehearsal shows: what was created, what is handed over, the lights."""

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from .. import handover as handoff
from ..checks import Result
from ..checks import report as lights_report
from .engine import Run

FORMATS = ("table", "json", "markdown", "svg")
WIDTH = 128  # columns, where there is no terminal to ask


@dataclass(frozen=True)
class Report:
    """One rehearsal."""

    environment: str
    run: Run
    lights: Sequence[Result]
    show_secrets: bool

    def write(self, shape: str) -> None:
        """Print the report in one of `FORMATS`; `svg` is a picture of the table."""
        # Beside a terminal's width, as much as the longest row needs.
        console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
        if shape == "table":
            self._tables(console)
        elif shape == "json":
            print(json.dumps(self._data(), indent=2, ensure_ascii=False))
        elif shape == "markdown":
            print(self._markdown())
        else:
            picture = Console(width=WIDTH, record=True, file=io.StringIO())
            self._tables(picture)
            title = f"make rehearse environment={self.environment}"
            # Without the fonts that Rich's picture would fetch: any monospaced one does.
            frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
            print(picture.export_svg(title=title, code_format=frame))

    def _value(self, field: handoff.Field) -> str:
        return field.value if self.show_secrets else field.masked

    def _tables(self, console: Console) -> None:
        console.print(f"Created: {len(self.run.resources)} resources", style="bold italic")
        for thing, kinds in self._created().items():
            # No table here and below: a value must stay in one piece, to be copied.
            told = ", ".join(kinds) if len(kinds) < 4 else f"{kinds[0]}, {len(kinds) - 1} settings"
            console.print(f"  {thing}  [dim]{told}", highlight=False, soft_wrap=True)
        console.print("")
        for name, handover in self.run.handovers.items():
            fields = handoff.fields(name, handover)
            console.print(_headline(name, handover), style="bold", markup=False)
            width = max(len(field.label) for field in fields)
            for field in fields:
                line = f"  {field.label:{width}}  {self._value(field)}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            console.print("")
        console.print(lights_report.table(self.lights))

    def _created(self) -> dict[str, list[str]]:
        """What was created, each thing with what belongs to it: a bucket with its settings."""
        things: dict[str, list[str]] = {}
        for made in sorted(self.run.resources, key=lambda made: made.name):
            owner = made.id if made.id.startswith("arn:") else made.id.split(":")[0].split("/")[0]
            owner = made.name if owner == "none" else owner  # a password has no ID
            things.setdefault(owner, []).append(_short(made.type))
        return things

    def _markdown(self) -> str:
        parts = [f"## Rehearsal of {self.environment}: {lights_report.summary(self.lights)}", ""]
        parts += [lights_report.markdown(self.lights), ""]
        for name, handover in self.run.handovers.items():
            parts += [f"### {_headline(name, handover)}", ""]
            rows = [
                f"| {field.label} | `{self._value(field)}` |"
                for field in handoff.fields(name, handover)
            ]
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
            "as_promised": lights_report.all_as_promised(self.lights),
            "resources": [vars(resource) for resource in self.run.resources],
            "handovers": {
                name: dict(handover) if self.show_secrets else handoff.masked(handover)
                for name, handover in self.run.handovers.items()
            },
            "lights": lights_report.data(self.lights),
        }


def _headline(name: str, handover: Mapping[str, Any]) -> str:
    return f"{name}: paste into {handoff.DESTINATIONS[handover['kind']]}"


def _short(token: str) -> str:
    """`aws:s3/bucket:Bucket` as `s3 Bucket`."""
    package, module, name = token.split(":")
    return f"{module.partition('/')[0]} {name}" if module != "index" else f"{package} {name}"
