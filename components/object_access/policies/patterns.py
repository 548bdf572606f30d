"""Patterns as sets of texts: which of them a text can fit together, and the shortest that does.

A pattern is a row of tokens. Several patterns cut all texts into classes: texts of one class fit
the same patterns. `members` walks the product of their automata breadth first and so finds the
shortest member of every class that has one. What is decided alike for all texts that fit the same
patterns is decided for every text by asking about these few.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

MOST_STATES = 20_000
"""Of one product: patterns that need more are told, not waited for."""


class Token(NamedTuple):
    """One sign of a text, or with `many` any number of them, none included."""

    signs: str
    """Which signs; with `but`, every sign except these."""
    but: bool = False
    many: bool = False


Tokens = tuple[Token, ...]

ANY = Token("", but=True)
ANYTHING = (Token("", but=True, many=True),)
_ARN_SEGMENTS = 5  # the colons after which a wildcard of an ARN may stand for colons, too


class TooMany(ValueError):
    """More classes than can be looked at."""


@lru_cache(maxsize=65_536)
def pattern(text: str, *, arn: bool = False, wild: bool = True, folded: bool = False) -> Tokens:
    """The tokens of a text with `*` and `?`, as IAM reads them.

    In an `arn` a wildcard stays within its segment, but for the last. Without `wild` the text is
    itself; `folded`, case makes no difference.
    """
    found: list[Token] = []
    colons = 0
    for sign in text:
        colons += sign == ":"
        if wild and sign in "*?":
            token = Token("" if not arn or colons >= _ARN_SEGMENTS else ":", True, sign == "*")
            if not (token.many and found and found[-1] == token):
                found.append(token)
        else:
            found.append(Token(_cases(sign) if folded else sign))
    return tuple(found)


def literal(text: str) -> Tokens:
    """The tokens of a text that stands for itself alone."""
    return pattern(text, wild=False)


def fits(tokens: Tokens, text: str) -> bool:
    """Whether the whole of a text fits a pattern."""
    return _regex(tokens).fullmatch(text) is not None


def after(tokens: Tokens, start: str) -> frozenset[Tokens]:
    """What may follow `start` in the texts of a pattern, as patterns: all of them together."""
    return frozenset(tokens[place:] for place in _places(tokens, start))


@lru_cache(maxsize=16_384)
def members(patterns: frozenset[Tokens], within: Tokens = ANYTHING) -> tuple[str, ...]:
    """The shortest text of every class that the patterns cut the texts of `within` into.

    Raises TooMany.
    """
    found: dict[int, str] = {}
    for accepted, text in _Product([within, *sorted(patterns)]).classes():
        found.setdefault(accepted, text)
    return tuple(found.values())


@lru_cache(maxsize=65_536)
def _regex(tokens: Tokens) -> re.Pattern[str]:
    parts = []
    for signs, but, many in tokens:
        one = "." if but and not signs else f"[{'^' if but else ''}{re.escape(signs)}]"
        parts.append(one + "*" * many)
    return re.compile("".join(parts), re.DOTALL)


def _cases(sign: str) -> str:
    """Both cases of a sign, where each is one sign."""
    cases = {sign, sign.lower(), sign.upper()}
    return "".join(sorted(each for each in cases if len(each) == 1))


def _places(tokens: Tokens, text: str) -> set[int]:
    """Where in a pattern one may be once a text has been read."""
    places = _onward(tokens, {0})
    for sign in text:
        read = {
            place if tokens[place].many else place + 1
            for place in places
            if place < len(tokens) and (sign in tokens[place].signs) != tokens[place].but
        }
        places = _onward(tokens, read)
    return places


def _onward(tokens: Tokens, places: Iterable[int]) -> set[int]:
    """These places, and those that are reached without reading anything."""
    found = set(places)
    for place, token in enumerate(tokens):
        if place in found and token.many:
            found.add(place + 1)
    return found


class _Product:
    """The automata of several patterns, walked as one. Where one may be in each of them is one
    number: a bit for every token, and one more for the end of each pattern."""

    def __init__(self, patterns: Sequence[Tokens]):
        self._start = self._ends = self._many = 0
        tokens: list[tuple[int, Token]] = []
        bit = 1
        for each in patterns:
            self._start |= bit
            for token in each:
                tokens.append((bit, token))
                self._many |= bit if token.many else 0
                bit <<= 1
            self._ends |= bit
            bit <<= 1
        # The first pattern is the one that all texts must fit.
        self._within_end = 1 << len(patterns[0])
        self._within = (self._within_end << 1) - 1
        signs = sorted({sign for _, token in tokens for sign in token.signs})
        # One sign stands for all that no pattern mentions.
        self._other = next(each for each in _plain_signs() if each not in signs)
        self._signs = [self._other, *signs]
        self._once = {
            sign: sum(bit for bit, t in tokens if not t.many and (sign in t.signs) != t.but)
            for sign in self._signs
        }
        self._again = {
            sign: sum(bit for bit, t in tokens if t.many and (sign in t.signs) != t.but)
            for sign in self._signs
        }
        self._mentions = {
            sign: sum(bit for bit, t in tokens if sign in t.signs) for sign in self._signs
        }

    def classes(self) -> Iterator[tuple[int, str]]:
        """The patterns that are fitted together, as bits, each with the shortest text; and again,
        with longer ones."""
        start = self._onward(self._start)
        seen, queue = {start}, deque([(start, "")])
        while queue:
            state, text = queue.popleft()
            if state & self._within_end:
                yield state & self._ends, text
            for sign in self._signs:
                if sign != self._other and not state & self._mentions[sign]:
                    continue  # here it is as good as the other one
                onward = self._onward((state & self._once[sign]) << 1 | (state & self._again[sign]))
                if onward & self._within and onward not in seen:
                    if len(seen) == MOST_STATES:
                        raise TooMany("the patterns overlap in more ways than can be looked at")
                    seen.add(onward)
                    queue.append((onward, text + sign))

    def _onward(self, state: int) -> int:
        while (further := state | (state & self._many) << 1) != state:
            state = further
        return state


def _plain_signs() -> Iterator[str]:
    """Signs to choose from for one that no pattern mentions, the most readable first."""
    yield from "xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW"
    yield from map(chr, range(0xC0, 0x10000))
