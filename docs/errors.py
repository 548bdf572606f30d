"""Prints docs/errors.md: every exit code of every command, and every error that tells what to do.

The texts are read from the source: what is particular to a case stands as `…`.
"""

import ast
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "components"))

from typer.main import get_command

from object_access.cli import app

text_of = runpy.run_path(str(Path(__file__).with_name("checks.py")))["text_of"]
HOUSE = "components/object_access"
# What the embedded stores answer is AWS's own; what checks answer is on the page of the checks.
ELSEWHERE = (f"{HOUSE}/stores/aws", f"{HOUSE}/checks")
FAMILIES = {
    "Which program, which environment": (
        "Go to the folder of your program, or name it with `--program`; name the environment with "
        "`-e`.",
        (f"{HOUSE}/workspace.py", f"{HOUSE}/cli.py"),
    ),
    "Settings of an environment": (
        "The line names the project and the setting; [settings.md](settings.md) has them all. "
        "Nothing was created.",
        ("stacks/settings.py", "stacks/projects.py", "stacks/shapes.py", "stacks/new.py",
         "stacks/environment_file.py"),
    ),
    "A consumer's file": (
        "It is a file of `stacks/consumers/`: [consumers.md](consumers.md) tells how one is "
        "written.",
        ("stacks/consumers",),
    ),
    "What a cloud would refuse": (
        "A name, a number or a policy that AWS, Swift or IAM does not take. It is told before "
        "anything is created.",
        (f"{HOUSE}/names.py", f"{HOUSE}/policies"),
    ),
    "Inputs of a component": (
        "For programs of your own: the component, the input, and what it takes "
        "(`pydoc object_access.PrivateBucket`, say).",
        (HOUSE,),
    ),
    "What there is already": (
        "The program looked at its cloud first. It would delete, take over or overwrite what is "
        "not its own, or what holds data: [life.md](life.md) has the ways that do not.",
        ("stacks",),
    ),
    "Reports": (
        "Nothing was judged, exit code 2; a line that begins `broken:` is a promise under `never` "
        "or `always` that does not hold, exit code 1.",
        (f"{HOUSE}/access",),
    ),
    "Rehearsals and embedded stores": (
        "The program failed as it would on the cloud, or a store did not start; what stands above "
        "the line says which.",
        (f"{HOUSE}/rehearsal", f"{HOUSE}/stores"),
    ),
    "Hand-overs": (
        "Another `--format` or `--holder`, or a file with its secrets; see "
        "[formats.md](formats.md).",
        (f"{HOUSE}/handover",),
    ),
    "Rotations": ("Nothing is lost: run the same command again.", (f"{HOUSE}/rotation",)),
    "Records": ("See [record.md](record.md).", (f"{HOUSE}/record",)),
}  # fmt: skip
TOLD = ("ValueError", "TypeError", "RuntimeError", "LookupError", "_Refused")
INTRODUCTION = """\
# Errors, and what to do

Made by `make docs` from the source. An error is one line on standard error that begins `error:`. It
says whose value, what was given, what is allowed and what to do. With `--format json`, standard
output has `{"error": "..."}` as well. Look for a few of its words on this page; `…` stands for what
is particular to your case.

## Exit codes

| code | meaning |
|---|---|
"""
CODES = """\
| 130 | Ctrl-C; what was started is stopped and removed |

| command | its own words |
|---|---|
"""


def page() -> str:
    """The whole page."""
    commands = get_command(app)
    general = str(commands.epilog).removeprefix("Exit codes: ").rstrip(".")
    rows = [f"| {code} | {meaning} |" for code, _, meaning in
            (each.partition(" ") for each in general.split("; ") )]  # fmt: skip
    parts = [INTRODUCTION + "\n".join(rows) + "\n" + CODES.rstrip()]
    for name, command in commands.commands.items():  # type: ignore[attr-defined]
        parts.append(f"| `object-access {name}` | {_exit_codes(command.help)} |")
    parts += ["", "A wrong option, a missing argument or an unknown word is exit code 2, too.", ""]
    found = families()
    for title, (todo, _) in FAMILIES.items():
        parts += [f"## {title}\n", f"{todo}\n", *(f"- {text}" for text in sorted(found[title])), ""]
    return "\n".join(parts)


def _exit_codes(told: str) -> str:
    """The sentence of a command's help, or that it is as of all."""
    _, found, rest = " ".join(told.split()).partition("Exit code")
    return f"Exit code{rest}" if found else "0, or 2 where what was asked for cannot be done"


def families() -> dict[str, set[str]]:
    """The texts of every family: a file belongs to the one that names it the most exactly."""
    found: dict[str, set[str]] = {title: set() for title in FAMILIES}
    homes = {home: title for title, (_, listed) in FAMILIES.items() for home in listed}
    for folder in (HOUSE, "stacks"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            if name.startswith(ELSEWHERE):
                continue
            home = max((each for each in homes if name.startswith(each)), key=len)
            found[homes[home]] |= set(_texts(ast.parse(file.read_text())))
    return found


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        if getattr(node.exc.func, "id", "") in TOLD:
            text = " ".join(text_of(node.exc.args[0]).split())
            if sum(each.isalpha() for each in text) > 12:  # more than what another error says
                yield text.replace("<", "&lt;").replace("{…}", "…").replace("*", "\\*")


if __name__ == "__main__":
    sys.stdout.write(page())
