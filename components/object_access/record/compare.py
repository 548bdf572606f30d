"""What was recorded beside a project that there is: what it lacks, and what it has too much."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..policies.grants import Access
from .heard import Permission
from .places import Place, Places
from .store import Store


def places_in(project: Any) -> dict[str, Place]:
    """The places of a project of the program's, over all of its holders."""
    return {
        name: Place(each.prefix, tuple(each.access), tuple(each.keys), each.exact)
        for name, each in project.of(()).items()
    }


def lacks(store: Store, asked: Collection[Permission], given: Places) -> Iterator[str]:
    """What was asked and the project does not give, each once by place and verb."""
    missing = store.not_covered(asked, given)
    found = store.places_of(missing, ())
    for place in found.values():
        yield f"it lacks {', '.join(place.access)} on {_at(place)}"
    for action in sorted({each.action for each in store.not_covered(missing, found)}):
        yield f"it lacks {action}, which no verb gives"


def too_much(store: Store, asked: Collection[Permission], given: Places) -> Iterator[str]:
    """What the project gives and nothing asked for: verbs, and parts of the bucket."""
    for name, place in given.items():
        for verb in place.access:
            if verb is Access.FULL:
                yield from _instead(store, asked, name)
                continue
            alone = {name: replace(place, access=(verb,))}
            refused = store.not_covered(asked, alone)
            used = [each for each in asked if each not in refused]
            if not used:
                yield f"{verb} of {name} was not asked for"
                continue
            narrower = _only(store.places_of(used, ()))
            if narrower and narrower != place.prefix and not place.keys:
                given_on = f"it is given on {_at(place)}"
                yield f"{verb} of {name} was asked for below {narrower} only, {given_on}"


def _instead(store: Store, asked: Collection[Permission], name: str) -> Iterator[str]:
    """What is enough in place of everything, where our words can say it."""
    found = store.places_of(asked, ())
    if found and not store.not_covered(asked, found):
        enough = [f"{', '.join(each.access)} on {_at(each)}" for each in found.values()]
        yield f"full of {name} is everything; enough is {', and '.join(enough)}"


def _at(place: Place) -> str:
    return place.prefix or ", ".join(place.keys) or "the whole bucket"


def _only(found: Mapping[str, Place]) -> str:
    """The one prefix of these places; empty for several or for the whole bucket."""
    return next(iter(found.values())).prefix if len(found) == 1 else ""
