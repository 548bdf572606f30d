"""What a rehearsal shows: what was created, what is handed over, the lights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from lights import Light
from lights import report as lights_report
from stacks import handoff

from .engine import Run

FORMATS = ("table", "json", "markdown")


@dataclass(frozen=True)
class Report:
    """One rehearsal."""

    environment: str
    run: Run
    lights: Sequence[Light]
    show_secrets: bool

    def print(self, console: Console, format: str) -> None:
        """Write the report in one of `FORMATS`."""
        if format == "table":
            self._tables(console)
        elif format == "json":
            print(json.dumps(self._data(), indent=2, ensure_ascii=False))
        else:
            print(self._markdown())

    def _value(self, field: handoff.Field) -> str:
        return field.value if self.show_secrets else field.masked

    def _tables(self, console: Console) -> None:
        made = Table(title="Created", title_justify="left", box=None, pad_edge=False)
        for heading in ("resource", "name", "id"):
            made.add_column(heading)
        for resource in self.run.resources:
            made.add_row(_short(resource.type), resource.name, resource.id)
        console.print(made, "")
        for name, handover in self.run.handovers.items():
            fields = Table(
                title=f"{name}: paste into {handoff.DESTINATIONS[handover['kind']]}",
                title_justify="left", box=None, pad_edge=False, show_header=False,
            )  # fmt: skip
            for field in handoff.fields(handover):
                fields.add_row(field.label, self._value(field))
            console.print(fields, "")
        console.print(lights_report.table(self.lights), "")

    def _markdown(self) -> str:
        parts = [f"## Rehearsal of {self.environment}: {lights_report.summary(self.lights)}", ""]
        parts += [lights_report.markdown(self.lights), ""]
        for name, handover in self.run.handovers.items():
            parts += [f"### {name}: paste into {handoff.DESTINATIONS[handover['kind']]}", ""]
            rows = [f"| {field.label} | `{self._value(field)}` |" for field in handoff.fields(handover)]
            parts += ["| field | value |", "|---|---|", *rows, ""]
        made = [f"| {_short(each.type)} | {each.name} | `{each.id}` |" for each in self.run.resources]
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


def _short(token: str) -> str:
    """`aws:s3/bucket:Bucket` as `s3 Bucket`."""
    package, module, name = token.split(":")
    return f"{module.partition('/')[0]} {name}" if module != "index" else f"{package} {name}"

