"""The report as one HTML page: a picture to look at, and a table that says the same.

In a report of many, those who are alike are looked at as one: the page opens such a class, or finds
somebody by name.
"""

import json
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from . import likeness, risks
from .headline import headline
from .model import Answer, Answers, Kind, Party, Place, Verb, strongest
from .report import AccessReport
from .tables import (
    HEADINGS,
    because,
    limits,
    notes,
    place_name,
    place_notes,
    powerless,
    remarks,
    title,
    whole,
)

_TEMPLATE = Path(__file__).with_name("page.html")
_SIGNED = (Kind.PAGE,)  # they need what somebody else has signed
MANY = 40
"""With more principals or places, those who are alike are shown as one."""
_ALIKE, _ONE_BY_ONE = 3, -1  # so many are shown as one; those of smaller classes


class _Spot(NamedTuple):
    """A place of the page: one of the report, or a whole bucket that has parts."""

    place: Place
    name: str
    """What it is called beside its bucket."""
    told: str
    """What it is called with it."""
    id: str
    alike: int


class _Link(NamedTuple):
    """What somebody may do at a place."""

    who: str
    where: str
    """The ID of a spot."""
    answers: Answers


class _Row(NamedTuple):
    """A line of the table."""

    number: int
    """Of its link."""
    link: _Link
    where: _Spot
    sort: tuple[Any, ...]
    """The same for lines that say the same of those who are alike."""

    @property
    def allowed(self) -> list[bool]:
        """For each verb."""
        return [self.link.answers[verb].allowed for verb in Verb]

    @property
    def reasons(self) -> list[str]:
        """What decides."""
        return [*because(self.link.answers), *limits(self.link.answers)]


def html(report: AccessReport) -> str:
    """The page. It fetches nothing, and its own rules forbid it to."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found = report.findings
    colours = likeness.classes(found)
    links = _links(report)
    spots = _spots(report, colours, {each.where for each in links})
    many = max(len(found.principals), len(spots)) > MANY
    sizes = Counter(colours[each] for each in found.principals)

    def section(each: Party) -> tuple[int, int]:
        own = colours[each.id]
        return list(Kind).index(each.kind), own if many and sizes[own] >= _ALIKE else _ONE_BY_ONE

    people = sorted(found.principals.values(), key=section)
    rank = {each.id: number for number, each in enumerate(people)}
    spots = _side_by_side(spots, links, rank)
    where = {each.id: number for number, each in enumerate(spots)}
    links.sort(key=lambda each: (rank[each.who], where[each.where]))
    rows = [
        _Row(number, each, spot, (colours[each.who], spot.alike, _bits(each.answers)))
        for number, each in enumerate(links)
        if strongest(each.answers) and (spot := spots[where[each.where]])
    ]
    return environment.from_string(_TEMPLATE.read_text()).render(
        title=title(report),
        environment=report.environment,
        verbs=[verb.value for verb in Verb],
        sections=[
            _section([*own], rows, rank, many=many, alike=colour != _ONE_BY_ONE)
            for (_, colour), own in groupby(people, section)
        ],
        data=_script(_data(report, people, spots, links, colours, many=many)),
        headline=headline(report),
        counts=f"{len(people):,} principals, {len(found.places):,} places.",
        remarks=remarks(report),
        escalation=risks.ESCALATION,
        many=many,
    )


# --- places ---


def _links(report: AccessReport) -> list[_Link]:
    """What is known of each pair; who may do the same everywhere in a bucket may do it in the whole
    of it."""
    found = report.findings
    parts: dict[str, set[str]] = {}
    for each in found.places.values():
        parts.setdefault(each.root, set()).add(each.id)
    own: dict[tuple[str, str], dict[str, Answers]] = {}
    for (who, where), answers in found.access.items():
        own.setdefault((who, found.places[where].root), {})[where] = answers
    links = []
    for (who, root), known in own.items():
        first = next(iter(known.values()))
        complete = strongest(first) and 1 < len(parts[root]) == len(known)
        if complete and all(each == first for each in known.values()):
            links.append(_Link(who, _whole(root), first))
        else:
            links += [_Link(who, where, answers) for where, answers in known.items()]
    return links


def _whole(root: str) -> str:
    return f"{root} as a whole"


def _spots(report: AccessReport, colours: likeness.Colours, linked: set[str]) -> list[_Spot]:
    found = report.findings.places
    spots = []
    for each in found.values():
        told = place_name(report, each)
        name = each.prefix or told.removeprefix(each.id).strip(" ()")
        spots.append(_Spot(each, name, told, each.id, colours[each.id]))
        if not each.prefix and _whole(each.root) in linked:
            told, colour = f"{each.root} ({whole(each)})", colours[likeness.bucket(each.root)]
            spots.append(_Spot(each, whole(each), told, _whole(each.root), colour))
    return spots


def _side_by_side(spots: list[_Spot], links: list[_Link], rank: dict[str, int]) -> list[_Spot]:
    """The places, each bucket beside those who reach it, so that few lines cross."""
    root = {each.id: each.place.root for each in spots}
    beside: dict[str, list[int]] = {}
    for each in links:
        if strongest(each.answers):
            beside.setdefault(root[each.where], []).append(rank[each.who])

    def middle(spot: _Spot) -> float:
        reached = beside.get(spot.place.root, [len(rank)])
        return sum(reached) / len(reached)

    order = {each.place.root: middle(each) for each in spots}
    return sorted(
        spots,
        key=lambda e: (order[e.place.root], e.place.root, e.place.prefix, e.id == e.place.id),
    )


# --- the table ---


def _section(
    people: list[Party],
    rows: list[_Row],
    rank: Mapping[str, int],
    *,
    many: bool,
    alike: bool,
) -> dict[str, Any]:
    """Principals of one kind, or of one class of it: what each may do, and what else is known."""
    names = {each.id: each.name for each in people}
    own = [each for each in rows if each.link.who in names]
    sorts = Counter(each.sort for each in own)
    seen: set[tuple[Any, ...]] = set()
    shown = []
    for each in own:
        same = sorts[each.sort] if many and sorts[each.sort] >= _ALIKE else 1
        more = same > 1 and each.sort in seen
        seen.add(each.sort)
        shown.append((each, names[each.link.who], 0 if more else same - 1, more))
    return {
        "heading": HEADINGS[people[0].kind] + (f": {len(people):,} alike" if alike else ""),
        "alike": alike,
        "rows": shown,
        "folded": any(more for *_, more in shown),
        "people": [
            {
                "number": rank[each.id],
                "name": each.name,
                "notes": [line for line in notes(each) if not line.startswith("and also")],
                "also": _also(each),
            }
            for each in people
        ],
    }


def _also(principal: Party) -> list[tuple[str, str]]:
    """What no verb stands for: groups of actions, the riskiest first, each with a line."""
    groups = principal.facts.get("also", {})
    return list(zip(groups, risks.told(groups), strict=True))


def _assumed(principal: Party) -> list[str]:
    """Who may become a role, short enough for its box."""
    return [
        f"assumed by {each['who'].partition(':')[2]}"
        + (", with external ID" if each.get("external_id_required") else "")
        for each in principal.facts.get("assumed_by", [])
    ]


# --- the picture ---


def _data(
    report: AccessReport,
    people: list[Party],
    spots: list[_Spot],
    links: list[_Link],
    colours: likeness.Colours,
    *,
    many: bool,
) -> dict[str, Any]:
    """What the script draws. Answers are many and often the same: each is there once."""
    nobody = {each.id for each in powerless(report)}
    rank = {each.id: number for number, each in enumerate(people)}
    where = {each.id: number for number, each in enumerate(spots)}
    answers: dict[str, int] = {}
    flat: list[int] = []
    for each in links:
        told = json.dumps(_answers(each.answers))
        flat += (rank[each.who], where[each.where], answers.setdefault(told, len(answers)))
    return {
        "many": many,
        "alike": _ALIKE,
        "verbs": [verb.value for verb in Verb],
        "kinds": [HEADINGS[kind] for kind in Kind],
        "signed": [list(Kind).index(kind) for kind in _SIGNED],
        "who": [
            {
                "name": each.name,
                "short": each.facts.get("declared_as", each.name),
                "kind": list(Kind).index(each.kind),
                "alike": colours[each.id],
                "lines": _assumed(each) + (["refused everywhere"] if each.id in nobody else []),
                "notes": notes(each),
                "risk": risks.ESCALATION in each.facts.get("also", {}),
                "idle": each.id in nobody,
            }
            for each in people
        ],
        "where": [
            {"id": each.told, "name": each.name, "root": each.place.root, "alike": each.alike}
            for each in spots
        ],
        "roots": {each.place.root: place_notes(each.place) for each in spots},
        "answers": [json.loads(each) for each in answers],
        "links": flat,
    }


def _answers(answers: Answers) -> tuple[int, list[str]]:
    """The verbs that are allowed, as bits, and which statement decides which of them."""
    reasons: dict[str, list[str]] = {}
    for verb in Verb:
        answer = answers[verb]
        said = ("allowed by " if answer.allowed else "refused, ") + _why(answer)
        reasons.setdefault(said, []).append(verb.value)
    return _bits(answers), [f"{', '.join(verbs)}: {said}" for said, verbs in reasons.items()]


def _bits(answers: Answers) -> int:
    return sum(1 << number for number, verb in enumerate(Verb) if answers[verb].allowed)


def _why(answer: Answer) -> str:
    """Which statement decided, in a few words."""
    if answer.allowed:
        told = ", ".join(answer.by)
        if answer.denied:
            told += f"; but {', '.join(answer.denied_by)} denies {', '.join(answer.denied)}"
        return told + (f"; only if {', '.join(answer.only_if)}" if answer.only_if else "")
    if answer.denied:
        return f"denied by {', '.join(answer.denied_by)}"
    return "no statement allows it"


def _script(data: Mapping[str, Any]) -> str:
    """Data for the page's script; nothing in it can end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
