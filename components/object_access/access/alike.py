"""Questions that differ in nothing but names: what is true of one of them is true of all.

A name is a whole part of texts, between colons, slashes and quotes. To swap two names in every
text there is swaps the answers, and changes none: unless a pattern with a wildcard inside a part
could tell them apart, a variable puts a name beside other signs, or a test ignores case. Where any
of these can be, nothing is said to be alike.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..policies.classes import ANYTHING_ELSE
from ..policies.reference import actions, arns, keys
from .reading import PROBE

_PART = re.compile(r'[^:/"]+')
# No number, date (which begins with its year), address or truth: those mean something.
_NAME = re.compile(
    r"(?!\d{4})(?=.*[g-z].*[g-z])(?=.*[\d.-])[\w+=,.@-]{5,}", re.ASCII | re.IGNORECASE
)
_MARK = "\0"


class Shape(NamedTuple):
    """A question without its names."""

    key: tuple[Any, ...]
    names: tuple[str, ...]
    """In the order in which the question speaks of them."""


class Names:
    """What a program calls its things and its people, by their ARNs and IDs."""

    def __init__(self, *known: Iterable[str]):
        found: dict[str, list[str]] = {}
        for number, each in enumerate(known):
            for text in each:
                for name in {*_PART.findall(text)}:
                    if _NAME.fullmatch(name) and name.lower() not in _words():
                        rest = renamed(text, {name: _MARK})
                        found.setdefault(name, []).append(f"{number} {rest}")
        spelt = Counter(name.lower() for name in found)
        # What all there is of a name decides, too: a number for each such list.
        lists: dict[tuple[str, ...], int] = {}
        self._of = {
            name: lists.setdefault(tuple(sorted(each)), len(lists))
            for name, each in found.items()
            if spelt[name.lower()] == 1
        }
        self._cut: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._templates: dict[str, int] = {}
        self._plain: dict[tuple[int, ...], tuple[str, tuple[str, ...]] | None] = {}

    def shape(self, texts: Iterable[str]) -> Shape | None:
        """The shape of a question with these texts; None where others like it may be answered
        differently."""
        cut = [self._cut.get(text) or self._read(text) for text in texts]
        numbers: dict[str, int] = {}
        for _, names in cut:
            for name in names:
                numbers.setdefault(name, len(numbers))
        templates = tuple(number for number, _ in cut)
        if templates not in self._plain:
            self._plain[templates] = self._left(templates)
        if (left := self._plain[templates]) is None:
            return None
        text, runs = left
        for name in numbers:
            lowered = name.lower()
            if lowered in text or any(run in lowered for run in runs):
                return None
        order = tuple(numbers[name] for _, names in cut for name in names)
        sizes = tuple(map(len, numbers)) if "?" in text else ()
        return Shape((templates, order, sizes, *map(self._of.get, numbers)), (*numbers,))

    def _read(self, text: str) -> tuple[int, tuple[str, ...]]:
        names: list[str] = []

        def cut(found: re.Match[str]) -> str:
            if found[0] not in self._of:
                return found[0]
            names.append(found[0])
            return _MARK

        template = _PART.sub(cut, text)
        number = self._templates.setdefault(template, len(self._templates))
        self._cut[text] = number, tuple(names)
        return self._cut[text]

    def _left(self, templates: Sequence[int]) -> tuple[str, tuple[str, ...]] | None:
        """All that is not a name, and what stands beside wildcards; None with variables."""
        every = [*self._templates]
        text = "\n".join(every[number] for number in dict.fromkeys(templates)).lower()
        parts = {part for part in _PART.findall(text) if "*" in part or "?" in part}
        runs = {run for part in parts for run in re.split(r"[*?]+", part) if run}
        return None if "${" in text else (text, tuple(runs))


def renamed(text: str, names: dict[str, str]) -> str:
    """A text with other names."""
    return _PART.sub(lambda found: names.get(found[0], found[0]), text)


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    """What means something, in lower case: AWS's words for resources, actions and conditions, and
    what stands in requests that no policy and no program has written."""
    known = "/".join((PROBE, ANYTHING_ELSE, *arns().values(), *actions(), *keys()))
    return frozenset(_PART.findall(known.lower()))
