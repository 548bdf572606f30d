"""From what was asked of a bucket to our words: places, and the fewest verbs that cover it."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from .. import names
from ..policies.documents import PolicyDocument, document, sid_of
from ..policies.evaluate import Policies, Policy, Principal, Request, evaluate
from ..policies.grants import ACTIONS, WHOLE_ONLY, Access, grant
from .heard import Permission

FEW = 4
"""Folders at the top of a bucket that are places of their own; of more, the bucket is one."""
FEW_KEYS = 2
"""Objects at the top of a bucket that are named one by one; of more, the bucket is one place."""

# A part of a key that the next run names otherwise: numbers, dates, hashes and the two digits by
# which hashes are spread over folders, names made at random. A place ends before it.
_OF_A_RUN = re.compile(
    r"\d+|[0-9a-f]{2}|.*\d{4}-?[01]\d-?[0-3]\d.*|(?=.*\d)[0-9a-f]{8}[0-9a-f-]*"
    r"|(?=.*\d)[A-Za-z0-9_-]{20,}"
)


def of_a_run(part: str) -> bool:
    """Whether a part of a key looks like a name that the next run does not use."""
    return bool(_OF_A_RUN.fullmatch(part))


@dataclass(frozen=True)
class Place:
    """A part of a bucket, and what was done there."""

    prefix: str
    access: tuple[Access, ...]
    keys: tuple[str, ...] = ()
    exact: bool = False

    def body(self) -> dict[str, Any]:
        """It as a project has it."""
        told: dict[str, Any] = {"prefix": self.prefix, "keys": list(self.keys)}
        told = {key: value for key, value in told.items() if value}
        told["access"] = [str(verb) for verb in self.access]
        return told | ({"exact": True} if self.exact else {})

    def holds(self, key: str) -> bool:
        """Whether an object is in it."""
        return key in self.keys if self.keys else key.startswith(self.prefix)


Places = Mapping[str, Place]


def verb_of(action: str) -> Access | None:
    """The verb that gives an action and the fewest besides; None where only `full` does."""
    able = [verb for verb, actions in ACTIONS.items() if action in chain(*actions)]
    return min(able, key=lambda verb: len([*chain(*ACTIONS[verb])]), default=None)


def places_of(asked: Iterable[Permission], wanted: Collection[str] = ()) -> dict[str, Place]:
    """The places of a project that may do all this, as far as our verbs go; by names.

    `wanted` are prefixes to take for places; "" is the whole bucket. What lies in none of them is
    put into the deepest folder that all of it has in common.
    """
    found: dict[tuple[str, tuple[str, ...]], set[Access]] = {}
    exact = set()
    listed, on_objects, on_bucket = _by_verb(asked)
    beginnings = {key for keys in (*listed.values(), *on_objects.values()) for key in keys}
    for verb, prefixes in listed.items():
        below = set()
        for prefix in prefixes:
            if _is_folder(prefix, beginnings):
                exact.add(f"{prefix}/")
                below.add(f"{prefix}/")
            else:
                below.add(prefix)
        for place in _split(below, wanted, of_objects=False):
            found.setdefault(place, set()).add(verb)
    for verb, keys in on_objects.items():
        for place in _split(keys, wanted, of_objects=True):
            found.setdefault(place, set()).add(verb)
    whole: tuple[str, tuple[str, ...]] = ("", ())
    for verb in on_bucket:
        # Where it cannot be narrowed, anything but the whole bucket would be refused.
        anywhere = verb not in WHOLE_ONLY and found
        found.setdefault(next(iter(found)) if anywhere else whole, set()).add(verb)
    return _named(_without_repetition(found), exact)


def document_of(places: Places, bucket: str) -> PolicyDocument:
    """The policy of whoever holds access to these places."""
    arn = names.bucket_arn(bucket, "us-east-1")
    parts = [
        grant(
            arn,
            place.access,
            [place.prefix] if place.prefix else [],
            keys=place.keys,
            list_exact=place.exact,
            name=sid_of(name),
        )
        for name, place in places.items()
    ]
    return document(statement for part in parts for statement in part["Statement"])


def not_covered(asked: Iterable[Permission], policy: PolicyDocument) -> list[Permission]:
    """What of it the policy does not allow."""
    if not policy["Statement"]:
        return list(asked)
    policies = Policies((Policy("the places", policy),))
    user = Principal("user", "123456789012", "arn:aws:iam::123456789012:user/record", "AIDARECORD")
    return [
        each
        for each in asked
        if not evaluate(
            Request(user, each.action, each.arn, user.account, dict(each.conditions)), policies
        ).allowed
    ]


def without(places: Places, name: str, verb: Access) -> dict[str, Place]:
    """The places, with one verb less at one of them."""
    left = tuple(each for each in places[name].access if each is not verb)
    changed = {**places, name: replace(places[name], access=left)}
    return {key: place for key, place in changed.items() if place.access}


# --- where ---


def _by_verb(
    asked: Iterable[Permission],
) -> tuple[dict[Access, set[str]], dict[Access, set[str]], list[Access]]:
    """Prefixes of listings, keys of objects, and what is about the bucket, by verbs in order."""
    listed: dict[Access, set[str]] = {}
    on_objects: dict[Access, set[str]] = {}
    on_bucket: set[Access] = set()
    for each in asked:
        verb = verb_of(each.action)
        if verb is None:
            continue
        if each.action in ACTIONS[verb].listing:
            listed.setdefault(verb, set()).add(each.prefix or "")
        elif each.action in ACTIONS[verb].objects:
            on_objects.setdefault(verb, set()).add(each.key)
        else:
            on_bucket.add(verb)
    return listed, on_objects, sorted(on_bucket, key=[*Access].index)


def _is_folder(prefix: str, beginnings: Iterable[str]) -> bool:
    """Whether a listing asked for a folder without its "/"."""
    return bool(prefix) and any(each.startswith(f"{prefix}/") for each in beginnings)


def _split(
    keys: Collection[str], wanted: Collection[str], *, of_objects: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The places of one verb: those that are wanted, and the rest by common folders."""
    rest = set()
    for key in keys:
        inside = [each for each in wanted if key.startswith(each)]
        if inside:
            yield max(inside, key=len), ()
        else:
            rest.add(key)
    if not rest:
        return
    if common := _common(rest):
        yield common, ()
        return
    groups: dict[str, set[str]] = {}
    for key in rest:
        groups.setdefault(_common({key}).partition("/")[0], set()).add(key)
    at_top = groups.pop("", set())
    few = len(at_top) <= FEW_KEYS and all(_is_legal(f"{each}/") for each in at_top)
    if of_objects and not groups and few:
        yield "", tuple(sorted(at_top))
        return
    if at_top or len(groups) > FEW:
        yield "", ()
        return
    for group in groups.values():
        yield _common(group), ()


def _is_legal(prefix: str) -> bool:
    """Whether a place may have this prefix: IAM's patterns cannot say each that S3 takes."""
    try:
        names.check_prefix(prefix)
    except ValueError:
        return False
    return True


def stable_folder(key: str) -> str:
    """The folder that a key is in, above what is named anew by each run."""
    return _common([key])


def _common(keys: Iterable[str]) -> str:
    """The deepest folder that all keys are in, above what is named anew by each run."""
    paths = []
    for key in keys:
        folders = key.split("/")[:-1]
        stable = [not of_a_run(each) and _is_legal(f"{each}/") for each in folders]
        paths.append(folders[: stable.index(False)] if False in stable else folders)
    shortest, longest = min(paths), max(paths)
    shared = 0
    while shared < len(shortest) and shortest[shared] == longest[shared]:
        shared += 1
    return "".join(f"{each}/" for each in shortest[:shared])


def _without_repetition(
    found: Mapping[tuple[str, tuple[str, ...]], set[Access]],
) -> dict[tuple[str, tuple[str, ...]], list[Access]]:
    """The same, without a verb that a wider place gives already; the whole bucket comes last."""
    kept = {}
    for (prefix, keys), verbs in found.items():
        wider = [
            given
            for (other, other_keys), given in found.items()
            if not other_keys
            and (other, other_keys) != (prefix, keys)
            and all(each.startswith(other) for each in keys or [prefix])
        ]
        left = verbs - set().union(*wider)
        if left:
            kept[prefix, keys] = sorted(left, key=[*Access].index)
    return dict(sorted(kept.items(), key=lambda each: (not each[0][0] and not each[0][1], each[0])))


def _named(
    found: Mapping[tuple[str, tuple[str, ...]], Sequence[Access]], exact: Collection[str]
) -> dict[str, Place]:
    named: dict[str, Place] = {}
    for (prefix, keys), verbs in found.items():
        lists = Access.LIST in verbs or Access.LIST_VERSIONS in verbs
        place = Place(prefix, tuple(verbs), keys, exact=prefix in exact and lists)
        name = label(prefix.rstrip("/").rpartition("/")[2] or ("file" if keys else "bucket"))
        taken = 1
        while (new := name if taken == 1 else f"{name[:37]}-{taken}") in named:
            taken += 1
        named[new] = place
    return named


def label(text: str, otherwise: str = "place") -> str:
    """A name that projects, places and holders may have, made of any text."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")
    return words[:40].rstrip("-") or otherwise
