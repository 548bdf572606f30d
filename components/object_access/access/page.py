"""The report as one HTML page: a picture to look at, and a table that says the same."""

import json
from pathlib import Path
from typing import Any

import jinja2

from . import risks
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
)

_TEMPLATE = Path(__file__).with_name("page.html")
_SIGNED = (Kind.PAGE,)  # they need what somebody else has signed


def html(report: AccessReport) -> str:
    """The page. It fetches nothing, and its own rules forbid it to."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found = report.findings
    people = list(found.principals.values())
    who = {each.id: number for number, each in enumerate(people)}
    places = _side_by_side(report, who)
    where = {each.id: number for number, each in enumerate(places)}
    links = [
        _link(who[pair[0]], where[pair[1]], found.principals[pair[0]], answers)
        for pair, answers in found.access.items()
    ]
    return environment.from_string(_TEMPLATE.read_text()).render(
        title=title(report),
        environment=report.environment,
        verbs=[verb.value for verb in Verb],
        groups=_groups(people, who),
        buckets=_buckets(report, places),
        links=links,
        data=_script(links),
        summary=_summary(report),
        remarks=remarks(report),
        escalation=risks.ESCALATION,
        nobody={each.id for each in powerless(report)},
    )


def _side_by_side(report: AccessReport, who: dict[str, int]) -> list[Place]:
    """The places, each bucket beside those who reach it, so that few lines cross."""
    beside: dict[str, list[int]] = {}
    for (person, place), answers in report.findings.access.items():
        if strongest(answers):
            root = report.findings.places[place].root
            beside.setdefault(root, []).append(who[person])

    def middle(root: str) -> float:
        reached = beside.get(root, [len(who)])
        return sum(reached) / len(reached)

    return sorted(
        report.findings.places.values(),
        key=lambda each: (middle(each.root), each.root, each.prefix),
    )


def _groups(people: list[Party], who: dict[str, int]) -> list[dict[str, Any]]:
    groups = []
    for kind in Kind:
        if members := [each for each in people if each.kind is kind]:
            shown = [
                {
                    "number": who[each.id],
                    "id": each.id,
                    "name": each.name,
                    "short": each.facts.get("declared_as", each.name),
                    "notes": [line for line in notes(each) if not line.startswith("and also")],
                    "assumed": _assumed(each),
                    "also": _also(each),
                }
                for each in members
            ]
            groups.append({"heading": HEADINGS[kind], "people": shown})
    return groups


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


def _buckets(report: AccessReport, places: list[Place]) -> list[dict[str, Any]]:
    buckets: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(places):
        bucket = buckets.setdefault(each.root, {"root": each.root, "places": []})
        bucket.setdefault("notes", place_notes(each))
        whole = place_name(report, each)
        name = each.prefix or ("the rest" if whole != each.id else "all of it")
        bucket["places"].append({"number": number, "id": whole, "name": name})
    return list(buckets.values())


def _link(who: int, where: int, principal: Party, answers: Answers) -> dict[str, Any]:
    most = strongest(answers)
    return {
        "who": who,
        "where": where,
        "power": list(Verb).index(most) + 1 if most else 0,
        "signed": principal.kind in _SIGNED,
        "reasons": [*because(answers), *limits(answers)] or _refusals(answers),
        "answers": [(verb.value, answers[verb].allowed, _why(answers[verb])) for verb in Verb],
    }


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


def _refusals(answers: Answers) -> list[str]:
    return sorted({_why(each) for each in answers.values()})


def _script(links: list[dict[str, Any]]) -> str:
    """The links for the page's script; nothing in it can end the element that it stands in."""
    text = json.dumps(links, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _summary(report: AccessReport) -> str:
    """What matters most, in one sentence."""
    best: dict[Kind, Verb] = {}
    for (who, _), answers in report.findings.access.items():
        kind, most = report.findings.principals[who].kind, strongest(answers)
        if most and list(Verb).index(most) >= list(Verb).index(best.get(kind, Verb.LIST)):
            best[kind] = most
    world = best.get(Kind.ANONYMOUS)
    told = f"Anyone without login can {world}." if world else "Nobody gets in without login."
    if outside := best.get(Kind.OUTSIDER):
        told += f" The most that an outsider can do is {outside}."
    else:
        told += " No outsider gets in."
    people, places = len(report.findings.principals), len(report.findings.places)
    return f"{told} {people} principals, {places} places."
