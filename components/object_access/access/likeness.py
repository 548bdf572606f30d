"""Who and what is alike: hundreds of projects of one shape are looked at as one.

Colours are refined until they are stable (Weisfeiler and Leman): two principals are alike if they
are of one sort and may do the same at places that are alike, two places if those who are alike may
do the same there. Names play no part in it.
"""

import json
from collections.abc import Hashable, Mapping

from .model import Answer, Findings, Party, Place

Colours = dict[str, int]
"""ID -> the number of its class. Principals, places and buckets never share one."""
# Facts that are names; who may become a role is an edge.
_NAMES = ("declared_as", "assumed_by", "key_names", "profiles", "kms")


def classes(found: Findings) -> Colours:
    """The class of every principal and place, by ID; the numbers follow the order of the report."""
    beside: dict[str, list[tuple[int, str]]] = {}
    ways: dict[Hashable, int] = {}

    def join(one: str, how: Hashable, other: str) -> None:
        way = ways.setdefault(how, len(ways))
        beside.setdefault(one, []).append((way, other))
        beside.setdefault(other, []).append((way, one))

    for place in found.places.values():
        join(place.id, "in", bucket(place.root))
    for (who, where), answers in found.access.items():
        if any(each.allowed for each in answers.values()):
            join(who, tuple(_sort(each) for each in answers.values()), where)
    for principal in found.principals.values():
        for each in principal.facts.get("assumed_by", ()):
            join(principal.id, ("assumes", each.get("external_id_required")), each["who"])
    colours = _numbered(
        {
            **dict.fromkeys(beside, ("bucket",)),  # and who is no principal of the report
            **{each.id: _of_principal(each) for each in found.principals.values()},
            **{each.id: _of_place(each) for each in found.places.values()},
        }
    )
    while True:
        finer = _numbered(
            {
                each: (colour, *sorted((way, colours[o]) for way, o in beside.get(each, ())))
                for each, colour in colours.items()
            }
        )
        if len({*finer.values()}) == len({*colours.values()}):
            return colours
        colours = finer


def bucket(root: str) -> str:
    """The ID of a bucket beside its places, of which the first has the same address."""
    return f"bucket {root}"


def _numbered(keys: Mapping[str, Hashable]) -> Colours:
    numbers: dict[Hashable, int] = {}
    return {each: numbers.setdefault(key, len(numbers)) for each, key in keys.items()}


def _sort(answer: Answer) -> Hashable:
    """What somebody may do, whatever its statements are called."""
    return answer.allowed, answer.actions, answer.denied, answer.only_if


def _of_principal(each: Party) -> Hashable:
    keys = sorted(each.facts.get("kms", {}).values())
    return each.kind.value, _told(each.facts), json.dumps(keys)


def _of_place(each: Place) -> Hashable:
    scheme = each.root.partition(":")[0]
    return scheme, bool(each.prefix), _told(each.facts), "kms" in each.facts


def _told(facts: Mapping[str, object]) -> str:
    kept = {key: value for key, value in facts.items() if key not in _NAMES}
    return json.dumps(kept, sort_keys=True, default=str)
