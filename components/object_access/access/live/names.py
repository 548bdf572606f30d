"""The program's things, called as the account calls them.

A program does not know its account's number, the names that Pulumi finishes, unique IDs, secrets
and IDs of keys: placeholders stand for them, which are replaced here by what is there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..program import Program, read
from ..reading import EXTERNAL_ID, is_pattern, listed

_UNFINISHED = "-0000000"
"""How the names end that Pulumi finishes: with seven hexadecimal digits."""


def renamed(program: Program, names: Mapping[str, str]) -> Program:
    """The program with other texts in the place of some."""
    text = json.dumps(program)
    for old in sorted(names, key=len, reverse=True):
        text = text.replace(json.dumps(old)[1:-1], json.dumps(names[old])[1:-1])
    return read(text)


def unfinished(program: Program, kind: str) -> list[str]:
    """The names of a kind of resources that Pulumi finishes."""
    key = "bucket" if kind == "Bucket" else "name"
    names = {e.outputs[key] for e in program.resources if e.type.endswith(f":{kind}")}
    return sorted(name for name in names if name.endswith(_UNFINISHED))


def finished(names: Iterable[str], there: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Each with what it is called there; nothing where that may be none or several."""
    known = [*there]
    for name in names:
        start = re.escape(name.removesuffix(_UNFINISHED))
        found = [each for each in known if re.fullmatch(rf"{start}-[0-9a-f]{{7}}", each)]
        yield name, found[0] if len(found) == 1 else None


def external_ids(said: Any, there: Any) -> dict[str, str]:
    """Placeholders of a trust, with the secrets that stand there in their place: those that are as
    long, for a shorter one is another."""
    pairs = zip(_ids(said), _ids(there), strict=False)
    return {
        ours: theirs
        for ours, theirs in pairs
        if ours.startswith("placeholder") and not is_pattern(theirs) and len(theirs) >= len(ours)
    }


def _ids(document: Any) -> list[str]:
    body = json.loads(document) if isinstance(document, str) else document
    statements = body["Statement"]
    return [
        value
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
        for keys in statement.get("Condition", {}).values()
        for key, values in keys.items()
        if key.lower() == EXTERNAL_ID
        for value in listed(values)
    ]
