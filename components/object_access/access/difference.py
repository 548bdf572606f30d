"""What a change of the program changes in who can do what, the riskiest first."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..policies.evaluate import Decision
from . import swift, unjudged
from .model import NOTHING, Answer, Answers, Kind, Party, Place, Verb
from .pages import gained as page_requests
from .program import MADE_BY, PROMISE, THE_USUAL
from .proof import Open, Witness
from .proof import compare as proven
from .reading import like
from .report import AccessReport, from_json, to_json
from .risks import IN_VERBS, by_risk, escalates, grouped, rank
from .tables import because, code, escape, place_name

_FEW = 3  # places that a change names
_LONG = 1_000  # signs of a secret of which nothing is said
# Whose access to S3 a proof decides.
_PROVEN = frozenset({Kind.ANONYMOUS, Kind.OUTSIDER, Kind.USER, Kind.ROLE})
_UNJUDGED = "not judged, look yourself"
_PASSWORDS = ("aws:referer", "aws:useragent")  # some take them for secrets
MOST = 12  # rows of a comment that are seen without opening anything
SIGNS = 30_000
"""Of an environment's comment at most: GitHub takes 65,536 for all of them together."""
_CELL, _NAMED = 600, 12  # signs of a cell, and places that it names
_MANY, _LIST = 5, 60  # changes that say the same are one row, and a list; signs around that


class Turn(StrEnum):
    """Which way access went."""

    ADDED = "added"
    WIDENED = "widened"
    CHANGED = "changed"
    NARROWED = "narrowed"
    REMOVED = "removed"


_MARKS = {
    Turn.ADDED: ("🔴", "bold red"),
    Turn.WIDENED: ("🟠", "yellow"),
    Turn.CHANGED: ("🔵", "blue"),
    Turn.NARROWED: ("🟢", "green"),
    Turn.REMOVED: ("⚪", "dim"),
}
_OPENING = (Turn.ADDED, Turn.WIDENED)


@dataclass(frozen=True)
class Change:
    """One change, of somebody at one or more places."""

    turn: Turn
    kind: Kind | None
    """What somebody is; nothing where the change is the place's own."""
    who: str
    where: tuple[str, ...]
    what: str
    by: tuple[str, ...] = ()
    power: int = 0
    """Of the strongest thing gained or lost, from 1 for list to 5 for administer."""
    witness: Witness | None = None
    """A request that is allowed now and was refused before."""
    also: tuple[str, ...] = ()
    """All actions that no verb stands for, of which `what` names a few."""

    def risk(self) -> tuple[Any, ...]:
        """The riskiest comes first: what opens, of people outside, of the most power."""
        outside = {Kind.ANONYMOUS: 0, Kind.OUTSIDER: 1, None: 2}.get(self.kind, 3)
        turn = list(Turn).index(self.turn)
        return self.turn not in _OPENING, outside, -self.power, turn, self.who, self.where


def compare(before: AccessReport, now: AccessReport) -> list[Change]:
    """What changed between two reports of an environment, the riskiest first: in verbs and places
    what people want to know, and beyond them whatever a proof finds that somebody can do more."""
    renames, before = renamed(before, now)
    if before.sealed and not now.sealed:
        now = from_json(to_json(now))
    changes = [*_access(before, now), *_people(before, now), *_places(before, now), *renames]
    changes += _unjudged(before, now)
    proof = [*proven(before.evidence, now.evidence)]
    changes += [_open(each) for each in proof if isinstance(each, Open)]
    witnesses: dict[tuple[str, str], list[Witness]] = {}
    for each in proof:
        if isinstance(each, Witness):
            witnesses.setdefault((each.who.id, _root(each)), []).append(each)
    for who, where, what in swift.gained(before.evidence, now.evidence):
        said = f"+ {what}: allowed now, refused before"
        if any(each.who == who.name and each.turn is Turn.ADDED for each in changes):
            continue  # somebody new, of whom more is said already
        changes.append(Change(Turn.WIDENED, who.kind, who.name, (where,), said, (), 2))
    gained = {root for _, root in witnesses}
    pages = dict(page_requests(before.evidence, now.evidence))
    changes = [each for each in changes if not _unfounded(each, gained, pages)]
    for root, what in pages.items():
        _say(changes, root, f"{what}: allowed now, refused before")
    added = now.findings.principals.keys() - before.findings.principals.keys()
    opening: dict[str, list[int]] = {}
    for number, change in enumerate(changes):
        for name in _about(change) if change.turn in _OPENING else ():
            opening.setdefault(name, []).append(number)
    for (_, root), listed in witnesses.items():
        names = (listed[0].who.name, root.rpartition("/")[2])
        numbers = sorted({number for name in names for number in opening.get(name, ())})
        _attach(changes, [n for n in numbers if _says(changes[n], listed[0], root)], listed, added)
    return sorted(changes, key=Change.risk)


def widened(changes: list[Change]) -> bool:
    """Whether somebody can do more than before, or it could not be judged."""
    return any(change.turn in _OPENING for change in changes)


# --- what is proven ---


def _about(change: Change) -> set[str]:
    """Whose witnesses may belong to a change: who it is about, and by which roles."""
    roles = (each.removeprefix("as ").partition(": ") for each in change.by)
    return {change.who, *(role for role, colon, _ in roles if colon)}


def _attach(
    changes: list[Change], saying: list[int], found: list[Witness], added: Collection[str]
) -> None:
    """Put what somebody can do more at one place beside the changes that say so already, or make it
    one of its own."""
    first = min(found, key=lambda each: rank(each.names[0]))
    names = [name for each in found for name in each.names]
    said = names if first.where.kind == "role" else IN_VERBS
    beyond = [name for name in names if name not in said]
    for number in saying:
        change = changes[number]
        more = f"; and also: {grouped(beyond)}" if beyond else ""
        changes[number] = replace(
            change,
            what=change.what + more,
            witness=change.witness or _fitting(change, found),
            also=tuple(dict.fromkeys((*change.also, *beyond))),
        )
        beyond = []  # said once
    if not saying:
        who = first.who
        turn = Turn.ADDED if who.id in added else Turn.WIDENED
        power = len(Verb) if escalates(names) else 1
        by = tuple(dict.fromkeys(_by(each.decision) for each in found))
        where = tuple(dict.fromkeys(place_of(each.request.resource) for each in found))[:_FEW]
        told = f"+ {grouped(names)}"
        also = tuple(dict.fromkeys(names))
        changes.append(Change(turn, who.kind, who.name, where, told, by, power, first, also))


def _say(changes: list[Change], root: str, said: str) -> None:
    """Put what pages may do more beside the change that says so already, or make it one."""
    for number, each in enumerate(changes):
        there = any(where.startswith(root) for where in each.where)
        if each.kind is Kind.PAGE and each.turn in _OPENING and there:
            changes[number] = replace(each, what=f"{each.what}; {said}")
            return
    who = "pages in a browser"
    changes.append(Change(Turn.WIDENED, Kind.PAGE, who, (root,), f"+ {said}", (), 2))


def _fitting(change: Change, found: list[Witness]) -> Witness:
    """The witness that is the most about a change."""

    def fits(each: Witness) -> tuple[bool, bool]:
        place = place_of(each.request.resource)
        there = any(place.startswith(where.partition(" (")[0]) for where in change.where)
        return not there, each.names[0] not in IN_VERBS

    return min(found, key=fits)


def _unfounded(change: Change, gained: Collection[str], pages: Collection[str]) -> bool:
    """Whether a change only seems to open something: places may be cut otherwise than before, and
    pages named by other patterns. By a role that somebody else may become now, everything may open.
    """
    if change.kind is Kind.PAGE and change.turn in _OPENING:
        return not any(each.startswith((*pages,)) for each in change.where)
    if change.turn not in _OPENING or change.kind not in _PROVEN or not change.where:
        return False
    if not all(each.startswith("s3://") for each in (*gained, *change.where)):
        return False
    return not any(each.startswith((*gained,)) for each in change.where)


def _says(change: Change, witness: Witness, root: str) -> bool:
    """Whether a change tells already what a witness proves, by a role, too."""
    role, name = root.rpartition("/")[2], witness.who.name
    if change.kind is witness.who.kind and change.who == witness.who.name:
        through = f"as {role}: "
        return any(each.startswith(root) for each in change.where) or any(
            each.startswith(through) for each in change.by
        )
    if any(each.startswith(f"as {name}: ") for each in change.by):
        return any(each.startswith(root) for each in change.where)
    return change.who == role and name in change.what


def _root(witness: Witness) -> str:
    """The place as a report calls it, or everything elsewhere."""
    return place_of(witness.where.arn) + ("/" if witness.where.kind == "bucket" else "")


def place_of(resource: str) -> str:
    """A resource as a report calls it."""
    return "s3://" + resource.partition(":::")[2] if ":s3:::" in resource else resource


def _by(decision: Decision) -> str:
    return f"{decision.policy} > {decision.statement}" if decision.statement else decision.policy


def proof_of(witness: Witness) -> str:
    """A witness in words."""
    said = f"{witness.names[0]} on {place_of(witness.request.resource)}"
    conditions = [f"{key} = {_value(key, value)}" for key, value in witness.conditions.items()]
    return f"{said} with {', '.join(conditions)}" if conditions else said


def _value(key: str, value: Any) -> str:
    if key in _PASSWORDS:
        return "••••••••"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _request(witness: Witness) -> dict[str, Any]:
    """A witness as a request: what the evaluator, or a cloud, can be asked again."""
    request = witness.request
    context = {**request.context, **witness.conditions}
    context |= {key: _value(key, context[key]) for key in _PASSWORDS if key in context}
    return {
        "principal": {key: each for key, each in asdict(request.principal).items() if each},
        "action": request.action,
        "actions": list(witness.names),
        "resource": request.resource,
        "context": context,
    }


def _open(each: Open) -> Change:
    what = f"{each.who.name} at {each.where}: {each.why}"
    return Change(Turn.WIDENED, None, _UNJUDGED, (), what, (), len(Verb))


def _unjudged(before: AccessReport, now: AccessReport) -> Iterator[Change]:
    """What nobody here can judge, where it is new, says something else, or keeps nobody from
    anything any more."""
    old, new = before.findings.unknown, now.findings.unknown
    for each in sorted(each for each in new if old.get(each) != new[each]):
        yield Change(Turn.WIDENED, None, _UNJUDGED, (), each, (), len(Verb))
    for each in sorted(old.keys() - new.keys()):
        if unjudged.held(each, now.findings):
            what = f"{each}: it is gone, with whatever it kept somebody from"
            yield Change(Turn.WIDENED, None, _UNJUDGED, (), what, (), len(Verb))
    clouds, there = before.evidence.clouds, now.evidence.clouds
    if before.findings.principals or before.findings.places:
        several = len({each for key, each in there.items() if key.startswith(MADE_BY)}) > 1
        for key in sorted(clouds.keys() | there.keys()):
            was, has = clouds.get(key, "none"), there.get(key, "none")
            if key.startswith(PROMISE):
                what = f"no longer {key}" if has == "none" else ""
            elif key.startswith(MADE_BY) and "none" in (was, has):
                what = f"{key}: {has}" if several and has not in ("none", THE_USUAL) else ""
            else:
                what = f"another cloud, or as somebody else: {key}: {was} → {has}"
            if what and was != has:
                yield Change(Turn.WIDENED, None, _UNJUDGED, (), what, (), len(Verb))


# --- what is called otherwise ---


def renamed(before: AccessReport, now: AccessReport) -> tuple[list[Change], AccessReport]:
    """What has another name only, and the earlier report with today's names.

    A resource is the same if the program calls it the same; its new name must be new to all that
    was there, its old one gone.
    """
    old, new = _called(before), _called(now)
    text, changes = "", []
    for key in old.keys() & new.keys():
        (was, _), (has, kind) = old[key], new[key]
        if was == has:
            continue
        text = text or to_json(before)
        if _word(has).search(text) or any(was == name for name, _ in new.values()):
            continue
        if _told_apart(text, was, has):
            continue
        text = _word(was).sub(has.replace("\\", r"\\"), text)
        what = f"is called {has} now, {was} before"
        changes.append(Change(Turn.CHANGED, kind, has, (), what))
    return changes, from_json(text) if changes else before


def _told_apart(text: str, was: str, has: str) -> bool:
    """Whether a pattern of some policy takes a new name otherwise than the old one: then whoever
    gets it is somebody else."""
    texts = {*_texts(json.loads(text)["evidence"])}
    patterns = {each for each in texts if "*" in each or "?" in each}
    named = {each for each in texts - patterns if was in each and _word(was).search(each)}

    def renamed(each: str) -> str:
        return _word(was).sub(lambda _: has, each)

    for each in patterns:
        then, now = like(each), like(renamed(each))
        if any(bool(then.fullmatch(o)) != bool(now.fullmatch(renamed(o))) for o in named):
            return True
    return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _called(report: AccessReport) -> dict[tuple[str, str], tuple[str, Kind | None]]:
    """What the program calls something -> its name."""
    found: dict[tuple[str, str], tuple[str, Kind | None]] = {}
    for who in report.findings.principals.values():
        if "declared_as" in who.facts:
            found[who.kind, who.facts["declared_as"]] = who.name, who.kind
    for place in report.findings.places.values():
        if "declared_as" in place.facts:
            name = place.root.rstrip("/").rpartition("/")[2]
            found[place.root.partition(":")[0], place.facts["declared_as"]] = name, None
    return found


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")


# --- access ---


def _access(before: AccessReport, now: AccessReport) -> Iterator[Change]:
    people = {**before.findings.principals, **now.findings.principals}
    places = {**before.findings.places, **now.findings.places}
    # Who may do something in a bucket, in either report: elsewhere nothing can have changed.
    roots: dict[str, dict[str, None]] = {}
    for report in (before, now):
        for who, where in report.findings.access:
            roots.setdefault(places[where].root, {})[who] = None
    alike: dict[tuple[Any, ...], list[str]] = {}
    for place in places.values():
        for who in roots.get(place.root, ()):
            change = _turn(_reach(before, who, place), _reach(now, who, place))
            if change:
                name = place_name(now if place.id in now.findings.places else before, place)
                kept = [
                    each.prefix
                    for each in places.values()
                    if each.id.startswith(place.id) and _stays(before, now, who, each)
                ]
                turn, *rest = change
                if kept:
                    name += f", but for {', '.join(sorted(kept))}"
                    turn = {Turn.REMOVED: Turn.NARROWED, Turn.ADDED: Turn.WIDENED}.get(turn, turn)
                alike.setdefault((who, turn, *rest), []).append(name)
    for (who, turn, what, by, power), names in alike.items():
        somebody = people[who]
        yield Change(turn, somebody.kind, somebody.name, tuple(sorted(names)), what, by, power)


def _reach(report: AccessReport, who: str, place: Place) -> Answers:
    """What somebody may do at a place that a report may know only as a part of a larger one."""
    known = [
        each
        for end in range(len(place.prefix), -1, -1)
        if (each := place.root + place.prefix[:end]) in report.findings.places
    ]
    return report.findings.access.get((who, known[0]), NOTHING) if known else NOTHING


def _stays(before: AccessReport, now: AccessReport, who: str, place: Place) -> bool:
    """Whether somebody can do something at a place, and just what they could do before."""
    had, has = _reach(before, who, place), _reach(now, who, place)
    return any(answer.allowed for answer in has.values()) and _turn(had, has) is None


def _turn(before: Answers, now: Answers) -> tuple[Turn, str, tuple[str, ...], int] | None:
    gained = [verb for verb in Verb if _more(before[verb], now[verb])]
    lost = [verb for verb in Verb if _more(now[verb], before[verb])]
    if not gained and not lost:
        return None
    had = [verb for verb in Verb if before[verb].allowed]
    has = [verb for verb in Verb if now[verb].allowed]
    told = []
    if gained:
        told.append(f"+ {', '.join(_told(verb, before[verb], now[verb]) for verb in gained)}")
    if lost:
        told.append(f"- {', '.join(_told(verb, now[verb], before[verb]) for verb in lost)}")
    if kept := [verb for verb in had if verb in has and verb not in gained and verb not in lost]:
        told.append(f"still {', '.join(kept)}")
    if gained:
        turn = Turn.WIDENED if had else Turn.ADDED
    else:
        turn = Turn.NARROWED if has else Turn.REMOVED
    power = 1 + max(list(Verb).index(verb) for verb in gained or lost)
    deciding = {verb: now[verb] if gained else before[verb] for verb in gained or lost}
    by = because({**NOTHING, **deciding})
    return turn, "; ".join(told), tuple(by), power


def _more(less: Answer, more: Answer) -> bool:
    """Whether one answer allows what the other does not, or on fewer conditions."""
    if not more.allowed or not less.allowed:
        return more.allowed
    return not set(more.actions) <= set(less.actions) or not set(less.only_if) <= set(more.only_if)


def _told(verb: Verb, less: Answer, more: Answer) -> str:
    """A verb; where a part of it was allowed already, which part is new."""
    part = [each for each in more.actions if each not in less.actions] if less.allowed else []
    without = [each for each in less.only_if if each not in more.only_if] if less.allowed else []
    details = part + [f"without condition {each}" for each in without]
    details += [f"only if {each}" for each in more.only_if]
    return f"{verb} ({', '.join(details)})" if details else str(verb)


# --- facts ---


def _people(before: AccessReport, now: AccessReport) -> Iterator[Change]:
    for key, new in now.findings.principals.items():
        old = before.findings.principals.get(key)
        if old is not None:
            yield from (
                Change(turn, new.kind, new.name, (), what, (), power)
                for turn, what, power in _facts(old, new)
            )
        elif new.facts.get("keys") and before.findings.principals:
            what = "+ an access key, which lasts until somebody removes it"
            yield Change(Turn.ADDED, new.kind, new.name, (), what, (), 1)


def _facts(old: Party, new: Party) -> Iterator[tuple[Turn, str, int]]:
    def grown(key: str, words: Callable[[Any], str]) -> Iterator[tuple[Turn, str, int]]:
        was, has = old.facts.get(key), new.facts.get(key)
        if was != has and was is not None and has is not None:
            more = str(has) > str(was) if isinstance(has, str) else has > was
            yield Turn.WIDENED if more else Turn.NARROWED, f"{words(was)} → {words(has)}", 1

    yield from grown("longest_session", lambda value: f"sessions of {value:,} s")
    # "never" comes after every date.
    yield from grown("expires_at", lambda value: f"expires {value}")
    length, now = old.facts.get("external_id_length"), new.facts.get("external_id_length")
    if length and now and now < length:
        yield Turn.WIDENED, f"an external ID of {now} signs, of {length} before", len(Verb)
    yield from _access_keys(old, new)
    for each in sorted({*new.facts.get("profiles", ())} - {*old.facts.get("profiles", ())}):
        if "profiles" in old.facts:
            yield Turn.WIDENED, f"is the role of machines with profile {each}", len(Verb)
    yield from _of_credentials(old, new)
    was, has = _assumers(old), _assumers(new)
    for who in sorted(was.keys() | has.keys()):
        name = who.partition(":")[2]
        if who in has and who not in was:
            yield Turn.WIDENED, f"may be assumed by {name}", len(Verb)
        elif who not in has:
            yield Turn.NARROWED, f"may no longer be assumed by {name}", 0
        elif was[who] != has[who]:
            turn = Turn.NARROWED if has[who] else Turn.WIDENED
            said = "asks" if has[who] else "no longer asks"
            yield turn, f"{said} {name} for an external ID", len(Verb)
    yield from _keys(old.facts.get("kms", {}), new.facts.get("kms", {}))


def _access_keys(old: Party, new: Party) -> Iterator[tuple[Turn, str, int]]:
    names, keys = set(old.facts.get("key_names", ())), set(new.facts.get("key_names", ()))
    if names and keys and not names & keys:
        yield Turn.CHANGED, "every key is replaced at once: what uses the old one stops", 1
    if new.facts.get("secret_of", _LONG) < old.facts.get("secret_of", _LONG):
        yield Turn.WIDENED, f"its secret has {new.facts['secret_of']} signs only", len(Verb)
    count, counts = old.facts.get("keys", 0), new.facts.get("keys", 0)
    if count != counts:
        # During a rotation there are two; where there was none, somebody new gets in.
        turn = Turn.CHANGED if count else Turn.WIDENED
        yield turn, f"{count} → {counts} keys", 0 if count else 1


def _of_credentials(old: Party, new: Party) -> Iterator[tuple[Turn, str, int]]:
    """What an application credential may, beside its access rules; without roles, all of its
    user's."""
    if old.facts.get("unrestricted") is False and new.facts.get("unrestricted"):
        yield Turn.WIDENED, "may make other credentials", len(Verb)
    for each in sorted({*new.facts.get("elsewhere", ())} - {*old.facts.get("elsewhere", ())}):
        yield Turn.WIDENED, f"may call {each}", len(Verb)
    had, has = old.facts.get("roles"), new.facts.get("roles")
    if had and has is not None and (not has or {*has} - {*had}):
        yield Turn.WIDENED, f"roles: {', '.join(had)} → {', '.join(has) or 'all'}", len(Verb)


def _keys(
    old: Mapping[str, list[str]], new: Mapping[str, list[str]]
) -> Iterator[tuple[Turn, str, int]]:
    for key in sorted(old.keys() | new.keys()):
        before, now = set(old.get(key, ())), set(new.get(key, ()))
        if now - before:
            yield Turn.WIDENED, f"+ {', '.join(sorted(now - before))} on {key}", 2
        if before - now:
            yield Turn.NARROWED, f"- {', '.join(sorted(before - now))} on {key}", 2


def _assumers(principal: Party) -> dict[str, bool]:
    return {
        each["who"]: bool(each.get("external_id_required"))
        for each in principal.facts.get("assumed_by", [])
    }


def _places(before: AccessReport, now: AccessReport) -> Iterator[Change]:
    for key, new in now.findings.places.items():
        old = before.findings.places.get(key)
        if old is None or new.prefix:  # the parts of a bucket share its facts
            continue
        if old.facts.get("adopted") != new.facts.get("adopted"):
            turn, what = Turn.CHANGED, "is made by the program now"
            if new.facts.get("adopted"):
                turn = Turn.WIDENED
                what = "exists without the program now: its own settings are not judged"
            yield Change(turn, None, _ITSELF, (new.root,), what)
            continue
        for fact, (safe, kept, dropped) in _GUARDS.items():
            if old.facts.get(fact) != new.facts.get(fact) and fact in old.facts:
                held = new.facts.get(fact) == safe
                turn = Turn.NARROWED if held else Turn.WIDENED
                what = kept if held else dropped
                yield Change(turn, None, _ITSELF, (new.root,), what, (), len(Verb))
        for fact in ("encryption", "kms", "versioned"):
            if old.facts.get(fact) != new.facts.get(fact):
                what = f"{fact}: {old.facts.get(fact, 'no')} → {new.facts.get(fact, 'no')}"
                # Whoever reads what is encrypted by a key must be allowed to use that one.
                turn = Turn.WIDENED if fact == "kms" and fact in old.facts else Turn.CHANGED
                yield Change(turn, None, _ITSELF, (new.root,), what)


_ITSELF = "the bucket itself"
# Fact -> (its safe value, what is said where it has come to that, and where it has left it).
_GUARDS: Mapping[str, tuple[Any, str, str]] = {
    "public_access_blocked": (
        True, "public access is blocked", "public access is NO LONGER blocked",
    ),
    "tls_only": (True, "plain HTTP is refused", "plain HTTP is NO LONGER refused"),
    "ownership": (
        "BucketOwnerEnforced", "access control lists are off", "access control lists are ON",
    ),
    "protected": (True, "is protected", "is NO LONGER protected: an update may delete it"),
    "force_destroy": (False, "is kept while it holds objects", "is deleted WITH its objects"),
}  # fmt: skip


# --- how it is shown ---


def headline(changes: list[Change], against: str = "an earlier program") -> str:
    """All of it in a few words. Here and below, with nothing to be `against`, the account is
    compared with its program."""
    if not changes:
        return "unchanged" if against else "the account is as the program says"
    counts = [(turn, sum(change.turn is turn for change in changes)) for turn in Turn]
    is_wider, is_not = _VERDICTS[bool(against)]
    verdict = is_wider if widened(changes) else is_not
    return f"{verdict} ({', '.join(f'{count} {turn}' for turn, count in counts if count)})"


_VERDICTS = {
    True: ("widened", "not widened"),
    False: ("the account is wider than the program", "the account is not wider than the program"),
}
_PROVES = {
    True: "allowed now, refused before",
    False: "allowed by the account, refused by the program",
}


def markdown(environment: str, changes: list[Change], against: str = "") -> str:
    """A comment for a pull request, of about a screenful, and never more than it may hold: what is
    not shown is counted."""
    lines = [f"### Access in {code(environment)}: {headline(changes, against)}", ""]
    if not changes:
        same = f"Against {code(against)}, nobody can do more or less."
        return "\n".join([*lines, *([same, ""] if against else [])])
    rows, lists, shown = _fitting_rows(_alike(changes), _PROVES[bool(against)])
    head = ["| | who | where | what | by |", "|---|---|---|---|---|"]
    lines += [*head, *rows[:MOST]]
    if more := rows[MOST:]:
        summary = f"<details><summary>{len(more)} more, of less risk</summary>"
        lines += ["", summary, "", *head, *more, "", "</details>"]
    for summary, names in lists:
        lines += ["", f"<details><summary>{summary}</summary>", "", *names, "", "</details>"]
    if cut := [each for each in changes if id(each) not in shown]:
        opening = sum(change.turn in _OPENING for change in cut)
        told = f"**{len(cut):,} changes more are NOT shown here, {opening:,} of which open"
        how = "`object-access report` with `--output FILE` lists them all."
        lines += ["", f"{told} something:** {how}"]
    note = "+ is allowed by the account, - by the program alone"
    if against:
        decided = f"Decided from the program alone, against {code(against)}"
        note = f"+ can be done now, - could be done before. {decided}"
    return "\n".join([*lines, "", f"<sub>{note}.</sub>", ""])


def _alike(changes: list[Change]) -> list[list[Change]]:
    """Changes that say the same of others, together, where they are many; the riskiest first."""
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for each in changes:
        key = each.turn, each.kind, each.what, each.power, each.also, each.witness is None
        groups.setdefault(key, []).append(each)
    return [part for own in groups.values()
            for part in ([own] if len(own) >= _MANY else [[each] for each in own])]  # fmt: skip


def _fitting_rows(
    groups: list[list[Change]], proves: str
) -> tuple[list[str], list[tuple[str, list[str]]], set[int]]:
    """As many rows as a comment holds; then, of those who are alike, a list of names with its
    summary; and which changes are shown by that."""
    rows = [_row(first, proves, len(others)) for first, *others in groups]
    sizes = [*accumulate(len(each) + 1 for each in rows)]
    fitting = sum(each <= SIGNS for each in sizes)
    room = SIGNS - (sizes[fitting - 1] if fitting else 0)
    shown = {id(first) for first, *_ in groups[:fitting]}
    lists: list[tuple[str, list[str]]] = []
    for first, *others in groups[:fitting]:
        told = f"alike: {first.turn}, {escape(_short(first.what))}"
        names: list[str] = []
        room -= len(told) + _LIST
        for each in others:
            name = f"- {_who(each)} at {', '.join(_where(each)) or 'all'}"
            if len(name) >= room:
                break
            room -= len(name) + 1
            names.append(name)
            shown.add(id(each))
        if names:
            lists.append((f"{len(names):,} {told}", names))
    return rows[:fitting], lists, shown


def _who(change: Change) -> str:
    return f"{code(_short(change.who))} {change.kind}" if change.kind else change.who


def _where(change: Change) -> list[str]:
    named = [code(_short(each)) for each in change.where[:_NAMED]]
    more = len(change.where) - len(named)
    return [*named, f"and {more:,} places more"] if more else named


def _row(change: Change, proves: str, alike: int = 0) -> str:
    mark, _ = _MARKS[change.turn]
    who = _who(change) + (f"<br>**and {alike:,} alike**, below" if alike else "")
    what = escape(_short(change.what))
    if change.witness:
        what += f"<br>{proves}: {code(_short(proof_of(change.witness)))}"
    by = escape(_short("; ".join(change.by)))
    cells = [f"{mark} {change.turn}", who, "<br>".join(_where(change)), what, by]
    return f"| {' | '.join(cells)} |"


def _short(text: str) -> str:
    """A text as long as a cell may be, which says so where it was longer."""
    return text if len(text) <= _CELL else f"{text[:_CELL]} … ({len(text) - _CELL:,} signs more)"


def table(environment: str, changes: list[Change], against: str = "") -> RenderableType:
    """The changes for a terminal."""
    than = f" against {against}" if against else ""
    title = Text(f"Access in {environment}{than}: {headline(changes, against)}", "bold")
    if not changes:
        return title
    shown = Table(box=None, pad_edge=False)
    for heading in ("", "who", "where", "what", "by"):
        shown.add_column(heading, overflow="fold")
    for change in changes:
        _, style = _MARKS[change.turn]
        who = f"{change.who} [{change.kind}]" if change.kind else change.who
        what = change.what
        if change.witness:
            what += f"\n{_PROVES[bool(against)]}: {proof_of(change.witness)}"
        cells = (who, "\n".join(change.where), what, "; ".join(change.by))
        shown.add_row(Text(change.turn, style), *(Text(cell) for cell in cells))
    return Group(title, shown)


def data(environment: str, changes: list[Change], against: str) -> dict[str, Any]:
    """The changes for JSON."""
    return {
        "environment": environment,
        "against": against,
        "widened": widened(changes),
        "changes": [
            {
                "turn": change.turn.value,
                "kind": change.kind.value if change.kind else None,
                "who": change.who,
                "where": list(change.where),
                "what": change.what,
                "by": list(change.by),
                "also": by_risk(change.also),
                "witness": _request(change.witness) if change.witness else None,
            }
            for change in changes
        ],
    }
