"""What pages in a browser may do more than before, with what somebody else has signed: decided for
every origin, method and header that they may ask with.

Source: S3 User Guide, "Using cross-origin resource sharing (CORS)": the first rule that fits.
"""

from collections.abc import Iterator, Sequence

from ..policies.classes import SOME
from ..policies.cors import METHODS, CorsRule, first_match
from ..policies.patterns import TooMany, literal, members, pattern
from .proof import Evidence


def gained(before: Evidence, now: Evidence) -> Iterator[tuple[str, str]]:
    """Where a page may do more, and a request that it may send now and could not before."""
    for root, rules in now.cors.items():
        old = before.cors.get(root, ())
        if list(rules) != list(old):
            try:
                found = next(_more(old, rules), "")
            except TooMany as error:
                found = f"requests of pages, which cannot be decided: {error}"
            if found:
                yield root, found


def _more(old: Sequence[CorsRule], new: Sequence[CorsRule]) -> Iterator[str]:
    both = (*old, *new)
    headers = _classes({each.lower() for rule in both for each in rule["AllowedHeaders"]})
    for origin in _classes({each for rule in both for each in rule["AllowedOrigins"]}):
        for method in METHODS:
            for asked in ((), *((each,) for each in headers), *_most(new, headers)):
                rule = first_match(new, origin, method, asked)
                was = first_match(old, origin, method, asked)
                said = f"{method} from pages of {origin}"
                said += f" with {', '.join(asked)}" if asked else ""
                if rule and not was:
                    yield said
                elif rule and was:
                    shown = {each.lower() for each in was["ExposeHeaders"]}
                    more = [each for each in rule["ExposeHeaders"] if each.lower() not in shown]
                    if more:
                        yield f"{said}, of whose answer they read {', '.join(more)}"


def _most(rules: Sequence[CorsRule], headers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All headers that a rule lets ask with: whoever allows these together allows some of them."""
    for rule in rules:
        fitting = (e for e in headers if first_match([rule], *_of(rule), [e]))
        yield tuple(fitting)


def _of(rule: CorsRule) -> tuple[str, str]:
    """An origin and a method that fit the rule."""
    return rule["AllowedOrigins"][0].replace("*", "x"), rule["AllowedMethods"][0]


def _classes(patterns: set[str]) -> tuple[str, ...]:
    """A text of every class, of those that no pattern fits, too. Only `*` stands for others."""
    tokens = (literal(each) if "*" not in each else pattern(each) for each in patterns)
    return members(frozenset(tokens), SOME)
