"""Prints docs/settings.md: every setting, with what `stacks/projects.py` says of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from typing import get_args

from stacks import projects, settings, shapes

INTRODUCTION = """\
# Settings

Made by `make docs` from `stacks/projects.py` and `stacks/settings.py`. An unknown setting is
refused with the nearest known one; so is a value that the cloud would refuse, before anything is
created.
Consumers have settings of their own beside these: `object-access consumers`.
"""


def table(shape: type) -> str:
    """The settings as a Markdown table."""
    rows = []
    for name, text in shapes.documented(shape).items():
        meaning, _, default = text.partition(" Default: ")
        rows.append(f"| `{name}` | {meaning} | {default.rstrip('.') or 'must be given'} |")
    return "\n".join(["| setting | meaning | default |", "|---|---|---|", *rows])


def part(title: str, shape: type) -> list[str]:
    """A heading, what it is, and its settings."""
    return [
        f"{title}\n",
        f"{str(shape.__doc__).partition(': `')[0].rstrip('.')}.\n",
        table(shape),
        "",
    ]


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## An environment\n", table(settings.Environment), ""]
    for kind, shape in projects.KINDS.items():
        parts += part(f"## `kind: {kind}`", shape)
    parts += part("## A place", projects.Place)
    for where, holders in (("S3", projects.Holder), ("Swift", projects.SwiftHolder)):
        for shape in get_args(holders):
            parts += part(f"## On {where}, a holder `as: {shape.TAG}`", shape)
    parts += part("## On a compatible store, a holder `as: profile`", projects.OperatorsKeys)
    parts += part("## A rule of `cors`", projects.CorsRule)
    parts += part("## `access_logs`", projects.AccessLogs)
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
