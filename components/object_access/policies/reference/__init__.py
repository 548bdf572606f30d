"""AWS's actions and condition keys: what exists, as the Service Authorization Reference has it.

`actions.json` tells its source and date; `docs/actions.py` writes it from a newer copy.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple


class Action(NamedTuple):
    """One action: its level of access ("Read", "Write", ...), the types of resources that it is
    about ("bucket"; "*" for none in particular), and its condition keys in lower case, those of
    the resources included."""

    name: str
    level: str
    types: frozenset[str]
    keys: frozenset[str]


@lru_cache(maxsize=1)
def _given() -> Any:
    return json.loads(files(__package__).joinpath("actions.json").read_text())


@lru_cache(maxsize=1)
def actions() -> Mapping[str, Action]:
    """Every action by its name in lower case, such as `s3:getobject`."""
    found = {}
    for service, given in _given()["services"].items():
        for name, each in given["actions"].items():
            of_types = {
                key for kind in each["types"] if kind != "*" for key in given["types"][kind]["keys"]
            }
            keys_ = frozenset(each["keys"]) | of_types
            found[f"{service}:{name}".lower()] = Action(
                f"{service}:{name}", each["level"], frozenset(each["types"]), keys_
            )
    return found


@lru_cache(maxsize=1)
def keys() -> Mapping[str, str]:
    """Every condition key with the type of its values, such as `Numeric` or `ArrayOfString`. A key
    with a free end is written with `*`: `s3:requestobjecttag/*`."""
    given = _given()
    own = {key: kind for each in given["services"].values() for key, kind in each["keys"].items()}
    return own | dict(given["global"])


def known_key(key: str) -> str:
    """The condition key as `keys` has it; nothing where there is none of that name."""
    lowered = key.lower()
    if lowered in keys():
        return lowered
    mark = "/" if "/" in lowered else ":"
    service, _, name = lowered.partition(":")
    open_ended = f"{service}:{name.partition(mark)[0]}{mark}*"
    return open_ended if open_ended in keys() else ""


def services() -> frozenset[str]:
    """The services whose actions are here."""
    return frozenset(name.partition(":")[0] for name in actions())


@lru_cache(maxsize=1)
def global_keys() -> frozenset[str]:
    """The condition keys that requests to any service have."""
    return frozenset(_given()["global"])


@lru_cache(maxsize=2_048)
def matching(pattern: str) -> tuple[Action, ...]:
    """The actions that a pattern such as `s3:Get*` covers, whatever its case."""
    wanted = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return tuple(each for name, each in actions().items() if re.fullmatch(wanted, name))


def keys_of(pattern: str) -> frozenset[str]:
    """The condition keys that any action has which a pattern covers, but for the global ones."""
    return frozenset(key for action in matching(pattern) for key in action.keys)


@lru_cache(maxsize=1)
def arns() -> Mapping[tuple[str, str], str]:
    """The ARNs of every type of resource, by service and type, with `${Account}` and the like."""
    return {
        (service, name): each["arn"]
        for service, given in _given()["services"].items()
        for name, each in given["types"].items()
    }


@lru_cache(maxsize=16_384)
def has_key(action: str, key: str) -> bool:
    """Whether requests for an action may have a condition key. In doubt they may: where the action
    or the key is not known, the key is one of any request, or, as in STS, one call asks for
    several actions at once."""
    found, name = actions().get(action.lower()), known_key(key)
    if found is None or not name or name in _given()["global"] or name in found.keys:
        return True
    service = found.name.partition(":")[0]
    if service == "sts":
        return True
    types = _given()["services"][service]["types"]
    return any(name in types[each]["keys"] for each in found.types & types.keys())
