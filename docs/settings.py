"""Prints docs/settings.md: every setting, with what `stacks/settings.py` says of it."""

import ast
import dataclasses
import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from stacks import settings

INTRODUCTION = """\
# Settings

Made by `make docs` from `stacks/settings.py`. An unknown setting is refused with the nearest
known one; so is a value that the cloud would refuse, before anything is created.
"""
_FIXED = {"name", "environment"}  # the project's key in the file, and the file's own name


def documented(shape: type) -> dict[str, str]:
    """The settings of a dataclass, its bases' first, with what stands below each."""
    found: dict[str, str] = {}
    for each in reversed(shape.__mro__):
        if not dataclasses.is_dataclass(each):
            continue
        [body] = ast.parse(inspect.getsource(each)).body
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                assert isinstance(field.target, ast.Name)
                found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return {name: " ".join(text.split()) for name, text in found.items() if name not in _FIXED}


def table(shape: type) -> str:
    """The settings as a Markdown table."""
    rows = []
    for name, text in documented(shape).items():
        meaning, _, default = text.partition(" Default: ")
        rows.append(f"| `{name}` | {meaning} | {default.rstrip('.') or 'must be given'} |")
    return "\n".join(["| setting | meaning | default |", "|---|---|---|", *rows])


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## An environment\n", table(settings.Environment), ""]
    for kind, shape in settings.KINDS.items():
        title = str(shape.__doc__).partition(":")[0]
        parts += [f"## `kind: {kind}`\n", f"{title}.\n", table(shape), ""]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
