"""What a change of the program changes in who can do what, the riskiest first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .model import NOTHING, Answer, Answers, Kind, Place, Principal, Verb
from .report import Report
from .tables import because, code, escape, place_name

MOST = 12  # rows of a comment that are seen without opening anything


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

    def risk(self) -> tuple[Any, ...]:
        """The riskiest comes first: what opens, of people outside, of the most power."""
        outside = {Kind.ANONYMOUS: 0, Kind.OUTSIDER: 1, None: 2}.get(self.kind, 3)
        turn = list(Turn).index(self.turn)
        return self.turn not in _OPENING, outside, -self.power, turn, self.who, self.where


def compare(before: Report, now: Report) -> list[Change]:
    """What changed between two reports of an environment, the riskiest first."""
    changes = [*_access(before, now), *_people(before, now), *_places(before, now)]
    changes += [
        Change(Turn.WIDENED, None, "not judged, look yourself", (), each, (), len(Verb))
        for each in sorted(now.findings.unknown - before.findings.unknown)
    ]
    return sorted(changes, key=Change.risk)


def widened(changes: list[Change]) -> bool:
    """Whether somebody can do more than before."""
    return any(change.turn in _OPENING for change in changes)


# --- access ---


def _access(before: Report, now: Report) -> Iterator[Change]:
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


def _reach(report: Report, who: str, place: Place) -> Answers:
    """What somebody may do at a place that a report may know only as a part of a larger one."""
    known = [
        each
        for end in range(len(place.prefix), -1, -1)
        if (each := place.root + place.prefix[:end]) in report.findings.places
    ]
    return report.findings.access.get((who, known[0]), NOTHING) if known else NOTHING


def _stays(before: Report, now: Report, who: str, place: Place) -> bool:
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


def _people(before: Report, now: Report) -> Iterator[Change]:
    for key, new in now.findings.principals.items():
        old = before.findings.principals.get(key)
        if old is not None:
            yield from (
                Change(turn, new.kind, new.name, (), what, (), power)
                for turn, what, power in _facts(old, new)
            )


def _facts(old: Principal, new: Principal) -> Iterator[tuple[Turn, str, int]]:
    def grown(key: str, words: Callable[[Any], str]) -> Iterator[tuple[Turn, str, int]]:
        was, has = old.facts.get(key), new.facts.get(key)
        if was != has and was is not None and has is not None:
            more = str(has) > str(was) if isinstance(has, str) else has > was
            yield Turn.WIDENED if more else Turn.NARROWED, f"{words(was)} → {words(has)}", 1

    yield from grown("longest_session", lambda value: f"sessions of {value:,} s")
    # "never" comes after every date.
    yield from grown("expires_at", lambda value: f"expires {value}")
    if old.facts.get("keys") != new.facts.get("keys"):
        yield Turn.CHANGED, f"{old.facts.get('keys', 0)} → {new.facts.get('keys', 0)} keys", 0
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


def _keys(
    old: Mapping[str, list[str]], new: Mapping[str, list[str]]
) -> Iterator[tuple[Turn, str, int]]:
    for key in sorted(old.keys() | new.keys()):
        before, now = set(old.get(key, ())), set(new.get(key, ()))
        if now - before:
            yield Turn.WIDENED, f"+ {', '.join(sorted(now - before))} on {key}", 2
        if before - now:
            yield Turn.NARROWED, f"- {', '.join(sorted(before - now))} on {key}", 2


def _assumers(principal: Principal) -> dict[str, bool]:
    return {
        each["who"]: bool(each.get("external_id_required"))
        for each in principal.facts.get("assumed_by", [])
    }


def _places(before: Report, now: Report) -> Iterator[Change]:
    guards: Mapping[str, tuple[str, str]] = {
        "public_access_blocked": ("public access is blocked", "public access is NO LONGER blocked"),
        "tls_only": ("plain HTTP is refused", "plain HTTP is NO LONGER refused"),
    }
    for key, new in now.findings.places.items():
        old = before.findings.places.get(key)
        if old is None or new.prefix:  # the parts of a bucket share its facts
            continue
        for fact, (kept, dropped) in guards.items():
            if fact in old.facts and fact in new.facts and old.facts[fact] != new.facts[fact]:
                turn = Turn.NARROWED if new.facts[fact] else Turn.WIDENED
                what = kept if new.facts[fact] else dropped
                yield Change(turn, None, "the bucket itself", (new.root,), what, (), len(Verb))
        for fact in ("encryption", "kms", "adopted", "versioned"):
            if old.facts.get(fact) != new.facts.get(fact):
                what = f"{fact}: {old.facts.get(fact, 'no')} → {new.facts.get(fact, 'no')}"
                yield Change(Turn.CHANGED, None, "the bucket itself", (new.root,), what)


# --- how it is shown ---


def headline(changes: list[Change]) -> str:
    """All of it in a few words."""
    if not changes:
        return "unchanged"
    counts = [(turn, sum(change.turn is turn for change in changes)) for turn in Turn]
    verdict = "widened" if widened(changes) else "not widened"
    return f"{verdict} ({', '.join(f'{count} {turn}' for turn, count in counts if count)})"


def markdown(environment: str, changes: list[Change], against: str) -> str:
    """A comment for a pull request, of about a screenful."""
    lines = [f"### Access in {code(environment)}: {headline(changes)}", ""]
    if not changes:
        return "\n".join([*lines, f"Against {code(against)}, nobody can do more or less.", ""])
    head = ["| | who | where | what | by |", "|---|---|---|---|---|"]
    rows = [_row(change) for change in changes]
    lines += [*head, *rows[:MOST]]
    if more := rows[MOST:]:
        summary = f"<details><summary>{len(more)} more, of less risk</summary>"
        lines += ["", summary, "", *head, *more, "", "</details>"]
    note = "+ can be done now, - could be done before. Decided from the program alone"
    return "\n".join([*lines, "", f"<sub>{note}, against {code(against)}.</sub>", ""])


def _row(change: Change) -> str:
    mark, _ = _MARKS[change.turn]
    who = f"{code(change.who)} {change.kind}" if change.kind else change.who
    where = "<br>".join(code(each) for each in change.where)
    cells = [f"{mark} {change.turn}", who, where, escape(change.what), escape("; ".join(change.by))]
    return f"| {' | '.join(cells)} |"


def table(environment: str, changes: list[Change], against: str) -> RenderableType:
    """The changes for a terminal."""
    title = Text(f"Access in {environment} against {against}: {headline(changes)}", "bold")
    if not changes:
        return title
    shown = Table(box=None, pad_edge=False)
    for heading in ("", "who", "where", "what", "by"):
        shown.add_column(heading, overflow="fold")
    for change in changes:
        _, style = _MARKS[change.turn]
        who = f"{change.who} [{change.kind}]" if change.kind else change.who
        cells = (who, "\n".join(change.where), change.what, "; ".join(change.by))
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
            }
            for change in changes
        ],
    }
