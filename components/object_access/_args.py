"""Checks of component arguments that a `TypedDict` does not make at run time."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any


def check(name: str, args: Mapping[str, Any], shape: type) -> None:
    """Refuse arguments that `shape`, a `TypedDict`, does not know, and missing ones.

    Raises TypeError with one line: whose arguments, which one, and what was probably meant.
    """
    required: frozenset[str] = vars(shape)["__required_keys__"]
    known: frozenset[str] = required | vars(shape)["__optional_keys__"]
    for key in args:
        if key not in known:
            raise TypeError(f"{name}: unknown input '{key}', {did_you_mean(key, known)}")
    for key in sorted(required - set(args)):
        raise TypeError(f"{name}: input '{key}' is missing, {shape.__name__} needs it")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest known word, or all of them."""
    close = get_close_matches(given, known, n=1)
    return f"did you mean '{close[0]}'" if close else f"known are {', '.join(sorted(known))}"


@contextmanager
def naming(who: str) -> Iterator[None]:
    """Put the name of who was given it before the message of a refused value."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None
