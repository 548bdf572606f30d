"""The closed loop: the same commands with only the access that was found, and with each verb of it
taken away in turn."""

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..policies.grants import Access
from . import places as words
from .heard import Exchange, Page, Permission
from .places import Places
from .run import PATIENCE, Command, Folder, again
from .store import Store

LONGEST = 3_600
"""Seconds that a command may take which has what it needs."""
ROUNDS = 3
"""Replays until what a tool names anew each time lies in the places."""


@dataclass(frozen=True)
class Played:
    """What came of all commands, one after another."""

    codes: tuple[int | None, ...]
    exchanges: tuple[Exchange, ...]
    objects: Mapping[str, str]
    seconds: tuple[float, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Taken:
    """A verb that was taken away from a place."""

    place: str
    verb: Access
    missed: str
    """By what that showed; empty where nothing missed it."""


@dataclass(frozen=True)
class Proof:
    """What the replays showed."""

    places: Places
    refused: tuple[Permission, ...]
    """What the replay was refused, and the first run was not, though our words give it."""
    beyond: tuple[Permission, ...]
    """What was asked and none of our words give but `full`."""
    missed: str
    """What else the replay lacked, in words; empty for nothing."""
    view: int
    """How closely two runs are alike: 0 by exact keys, 1 by keys without what is named anew, 2 by
    places, 3 not even so."""
    contents: bool
    """Whether the objects had the same contents, too."""
    said: str
    """The last words of a replay that went otherwise."""
    taken: tuple[Taken, ...]

    @property
    def holds(self) -> bool:
        """Whether the commands did the same with only that access."""
        return not self.refused and not self.missed


class Loop:
    """Plays commands again on a store."""

    def __init__(
        self,
        store: Store,
        commands: Sequence[Command],
        folders: Sequence[Folder],
        watch: Callable[[str], None] = lambda _: None,
    ):
        self._store, self._commands, self._folders = store, commands, folders
        self._watch = watch
        self.spent = 0.0
        """Seconds that the commands took."""

    def play(
        self, access: Places | None, limits: Sequence[float], pages: Sequence[Page] = ()
    ) -> Played:
        """Play all commands with this access, or with all, each for so many seconds at most."""
        self._store.reset(access, pages)
        codes, took, last = [], [], ""
        for command, folder, limit in zip(self._commands, self._folders, limits, strict=True):
            with folder.copied() as where:
                began = time.monotonic()
                code, said = again(self._store, command, where, limit)
            codes.append(code)
            took.append(time.monotonic() - began)
            self.spent += took[-1]
            last = said if code else last
        for secret in self._store.secrets:
            last = last.replace(secret, "***")
        exchanges = tuple(self._store.heard.take())
        return Played(tuple(codes), exchanges, self._store.objects(), tuple(took), last)

    def prove(self, first: Played, wanted: Collection[str], pages: Sequence[Page] = ()) -> Proof:
        """Find the access that the first run needed, and show that it is enough and what of it is
        needed."""
        asked = self._store.needed(first.exchanges)
        for _ in range(ROUNDS):
            access = self._store.places_of(asked, wanted)
            beyond = self._store.not_covered(asked, access)
            self._watch("replaying with only that access")
            played = self.play(access, [LONGEST] * len(self._commands), pages)
            view = _view(first, played, access)
            refused = _newly_refused(first, played, _sight(view, access), beyond)
            if not refused:
                break
            asked = [*asked, *refused]  # named anew: the places must hold this, too
        # The machine may be busier than it was: twice the time is no sign of waiting in vain.
        took = zip(first.seconds, played.seconds, strict=True)
        limits = [2 * max(both) + PATIENCE for both in took]
        sight = _sight(view, access)
        contents = view == 0 and first.objects == played.objects
        missed = _missed(first, played, sight, compared=view < _NOTHING)
        taken = []
        if not refused and not (missed and not beyond):
            base = played if missed else first
            for name, place in access.items():
                for verb in place.access:
                    self._watch(f"replaying without {verb} of {name}")
                    less = self.play(words.without(access, name, verb), limits, pages)
                    lacks = _missed(base, less, sight, compared=view < _NOTHING)
                    if not lacks and contents and base.objects != less.objects:
                        lacks = "other contents at the end"
                    taken.append(Taken(name, verb, lacks))
        return Proof(
            access,
            tuple(refused),
            tuple(beyond),
            missed,
            view,
            contents,
            played.said,
            tuple(taken),
        )


# --- two runs side by side ---

_NOTHING, _ERROR = 3, 400
Sight = Callable[[str], str]


def _sight(view: int, places: Places) -> Sight:
    """What two keys have in common that are taken for the same."""
    if view == 0:
        return lambda key: key
    if view == 1:
        return lambda key: "/".join(_without_names(each) for each in key.split("/"))
    return lambda key: next((name for name, each in places.items() if each.holds(key)), "")


def _without_names(part: str) -> str:
    stem, dot, end = part.partition(".")
    return "*" + dot + end if words.of_a_run(stem) else re.sub(r"\d+", "#", part)


_LISTS = {"GET container", "ListObjectVersions", "ListObjects", "ListObjectsV2"}


def _is_on_objects(exchange: Exchange) -> bool:
    """Whether a request reads or changes objects."""
    return exchange.method != "HEAD" and any(each.key for each in exchange.needed)


def _gives(exchange: Exchange) -> bool:
    """Whether a request lists, reads or changes objects: all others only ask."""
    return exchange.operation in _LISTS or _is_on_objects(exchange)


def _lacks(first: Played, other: Played, sight: Sight) -> set[tuple[str, str]]:
    """What the first run did to objects and the other did not, nor was refused."""
    done = {
        (each.operation, sight(_about(each)))
        for each in first.exchanges
        if each.status < _ERROR and _is_on_objects(each)
    }
    refused = {(each.operation, sight(_about(each))) for each in other.exchanges if each.refused}
    return done - _done(other, sight) - refused


def _view(first: Played, other: Played, places: Places) -> int:
    for view in range(_NOTHING):
        sight = _sight(view, places)
        same = {*map(sight, first.objects)} == {*map(sight, other.objects)}
        if same and not _lacks(first, other, sight):
            return view
    return _NOTHING


def _about(exchange: Exchange) -> str:
    """The key that a request is about, or the prefix of a listing."""
    prefix = exchange.needed[0].prefix if exchange.needed else None
    return exchange.key or prefix or ""


def _done(played: Played, sight: Sight) -> set[tuple[str, str]]:
    return {
        (each.operation, sight(_about(each))) for each in played.exchanges if each.status < _ERROR
    }


def _refusals(played: Played, sight: Sight) -> dict[tuple[str, str, str], Permission]:
    return {
        (each.action, each.bucket, sight(each.key or each.prefix or "")): each
        for exchange in played.exchanges
        for each in exchange.refused
    }


def _newly_refused(
    first: Played, played: Played, sight: Sight, beyond: Iterable[Permission]
) -> list[Permission]:
    before, known = _refusals(first, sight), {each.action for each in beyond}
    return [
        each
        for name, each in _refusals(played, sight).items()
        if name not in before and each.action not in known
    ]


def _missed(first: Played, played: Played, sight: Sight, *, compared: bool) -> str:
    """What a run lacks that the first one had; empty for nothing. `compared` says whether requests
    and objects of two runs are the same at all, as far as `sight` sees; where they are not, each
    kind of request must still be there.

    A refused request that gave or changed something before counts, whatever the tool makes of it:
    tools hide refusals behind exit code 0. A refused question counts by what then goes otherwise.
    """
    if played.codes != first.codes:
        ended = [f"exit code {code}" for code in played.codes if code is not None]
        return "it did not end" if None in played.codes else ended[-1]
    done = _done(first, sight)
    if refused := {
        each.operation
        for each in played.exchanges
        if _gives(each) and each.refused and (each.operation, sight(_about(each))) in done
    }:
        return f"{', '.join(sorted(refused))} refused"
    if first.exchanges and not played.exchanges:
        return "it asked nothing"
    alike: Sight = sight if compared else lambda _: ""
    if lacks := {operation for operation, _ in _lacks(first, played, alike)}:
        return f"no {', '.join(sorted(lacks))} any more"
    if {*map(alike, first.objects)} != {*map(alike, played.objects)}:
        return "other objects at the end"
    return ""
