"""Prints docs/checks.md: every check that there is, what it tries and what its colours mean."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "components"))

from object_access.checks import (
    administration,
    browser,
    consumers,
    s3,
    simulated,
    swift,
    verbs,
)
from object_access.checks.check import DENIED, Checks, State

FOLDER = Path(consumers.__file__).parent
INTRODUCTION = """\
# Checks

Made by `make docs` from `components/object_access/checks/`. Nobody writes down which checks a
project has: they follow from what it hands over, its places and verbs, holders, trust and pages.
Each verb at each place works; each other verb, the names beside a place, other buckets, plain HTTP,
no keys, wrong external IDs, longer sessions, pages elsewhere and some fifty ways to administer the
bucket or to become more are refused; the consumer's own client comes on top, where there is one.

`object-access rehearse` tries all of them on embedded stores; with `--from main` also on the way
from what `main` made. `object-access check` tries those that do no harm on the real one: it writes
small files under a name of its own, removes them, and touches nothing else. A role that only its
consumer can assume is asked of IAM's simulator there, and its trust is read.

| word | colour | what it means | what to do |
|---|---|---|---|
"""
MEANINGS = {
    State.PASSED: (
        "green",
        "It was tried, and came out as promised: it worked where it must, or it was refused with "
        "one of the codes that count as a refusal.",
        "nothing",
    ),
    State.FAILED: (
        "red",
        "It was refused where it must work, it worked where it must be refused, or it ended in "
        "something that is neither, such as a server that is down: that proves nothing.",
        "The answer of the store stands beside it; exit code 1.",
    ),
    State.NOT_TRIED: (
        "grey",
        "It is promised and cannot be tried here; why is said. It is never counted as green: where "
        "nothing of a project could be tried, the exit code is 2.",
        "[Why it may be](#not-tried), and what would let it be tried",
    ),
}
COLLECTIONS = (
    ("Of each holder at each place on S3", s3.PlaceChecks),
    ("Of each holder on S3", s3.HolderChecks),
    ("Of a bucket, whoever asks", s3.BucketChecks),
    ("Of a role that somebody else assumes", s3.RoleChecks),
    ("Of a holder that has an identity of its own elsewhere", s3.ForeignChecks),
    ("Of the role of a machine or a job", s3.AssumedChecks),
    ("Of Valohai's role for large uploads", s3.UploadRoleChecks),
    ("Of a role that only its consumer can assume, on a real cloud", simulated.SimulatedChecks),
    ("Of pages in a browser", browser.BrowserChecks),
    ("Of a container of Swift", swift.SwiftChecks),
    ("Of an application credential of Swift", swift.CredentialChecks),
    ("Of users of other OpenStack projects", swift.ListedChecks),
)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION + "\n".join(_meaning(state) for state in State), ""]
    for title, kind in COLLECTIONS:
        own = [*_rows(kind)]
        parts += [f"## {title}\n", *([f"{_sentence(kind)}\n"] if kind.__doc__ else [])]
        parts += _table(own)
    parts += [
        "## With the consumer's own client\n",
        "Beyond the promises that follow from the hand-over, what only its own program can show. It"
        " is tried where that program is installed: `make consumers` installs the ones that are "
        "Python packages.\n",
        "| consumer | must be | what is tried |",
        "|---|---|---|",
    ]
    for file in sorted(FOLDER.glob("[a-z]*.py")):
        client = import_module(f"{consumers.__name__}.{file.stem}").Client
        parts += [f"| {file.stem.replace('_', '-')} | {must} | {name} |"
                  for must, name, _ in _rows(client)]  # fmt: skip
    parts += [
        "",
        "## The ways\n",
        "`no other verb` and `nothing beside it` try each verb by each of its calls on S3:\n",
        "| verb | calls |",
        "|---|---|",
        *(f"| `{verb}` | {', '.join(own)} |" for verb, own in verbs.CALLS.items()),
        "",
        "Administering a bucket, in these "
        f"{len(administration.ADMINISTRATION)} ways: {', '.join(administration.ADMINISTRATION)}.\n",
        "Becoming more than one is, in these "
        f"{len(administration.ESCALATION)} ways: {', '.join(administration.ESCALATION)}.\n",
        "## Not tried\n",
        "Every reason that there is; `…` stands for what is particular to the case.\n",
        *(f"- {reason}" for reason in reasons()),
        "",
    ]
    return "\n".join(parts)


def _meaning(state: State) -> str:
    colour, meaning, todo = MEANINGS[state]
    return f"| {state.value} | {colour} | {meaning} | {todo} |"


def _sentence(kind: type) -> str:
    return " ".join(str(inspect.getdoc(kind)).split())


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    head = ["| must be | what is tried | counts as a refusal |", "|---|---|---|"]
    return [*head, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _rows(kind: type[Checks]) -> Iterator[tuple[str, str, str]]:
    """Must be, what is tried, codes; a class's own first, as they are tried."""
    names: dict[str, None] = {}
    for each in kind.__mro__:
        names |= dict.fromkeys(vars(each))
    for each in names:
        marked = inspect.getattr_static(kind, each)
        if hasattr(marked, "check"):
            name, promise, codes = marked.check
            shown = re.sub(r"\{(\w+)\}", "…", name)
            told = "" if not codes else "`AccessDenied`" if codes == frozenset(DENIED) else ""
            told = told or ", ".join(f"`{code}`" for code in sorted(codes))
            yield promise.value, shown, told


def reasons() -> list[str]:
    """Why a check may be left untried: the texts of every `NotTried` in the source."""
    found = set()
    for file in sorted(FOLDER.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NotTried":
                found.add(text_of(node.args[0]))
    return sorted(found - {"…"})


def text_of(node: ast.expr) -> str:
    """A text of the source, with `…` for what is put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(each) if isinstance(each, ast.Constant) else "…"
                       for each in node.values)  # fmt: skip
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return "…"


if __name__ == "__main__":
    sys.stdout.write(page())
