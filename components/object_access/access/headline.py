"""What matters most of a report, in a few sentences."""

from collections.abc import Iterable, Mapping, Sequence

from . import risks
from .model import Kind, Party, Verb, strongest
from .report import AccessReport
from .tables import place_name

_WHO = {
    Kind.OUTSIDER: ("an outsider", "No outsider gets in."),
    Kind.PAGE: (
        "a page in a browser, with a request that somebody else has signed,",
        "No page in a browser gets in.",
    ),
}


def headline(report: AccessReport) -> list[str]:
    """The most that anyone can do, then that of those who are not the program's own; last who can
    become more than they are."""
    found = report.findings
    reached: dict[Kind, dict[tuple[str, str], Verb]] = {}
    for (who, where), answers in found.access.items():
        if most := strongest(answers):
            reached.setdefault(found.principals[who].kind, {})[who, where] = most
    every = {pair: most for own in reached.values() for pair, most in own.items()}
    told = [f"The most that anyone can do is {_most(report, every)}."] if every else []
    world = reached.get(Kind.ANONYMOUS, {})
    told.append(
        f"Anyone without login can {_most(report, world, who=False)}."
        if world
        else "Nobody gets in without login."
    )
    for kind, (name, nobody) in _WHO.items():
        own = reached.get(kind)
        told.append(f"The most that {name} can do is {_most(report, own)}." if own else nobody)
    more = [_name(e) for e in found.principals.values() if risks.ESCALATION in _also(e)]
    if more:
        told.append(f"Who can become more than they are: {_first(more)}.")
    return told


def _also(principal: Party) -> Iterable[str]:
    groups: Iterable[str] = principal.facts.get("also", ())
    return groups


def _name(principal: Party) -> str:
    name: str = principal.facts.get("declared_as", principal.name)
    return name


def _most(report: AccessReport, pairs: Mapping[tuple[str, str], Verb], *, who: bool = True) -> str:
    """The strongest verb of some pairs, by whom and where: first who needs nobody's signature, and
    whole buckets before parts of them."""
    best = max(pairs.values(), key=list(Verb).index)
    found = report.findings
    able = [(found.principals[pair[0]], found.places[pair[1]]) for pair in pairs]
    able = [each for each, verb in zip(able, pairs.values(), strict=True) if verb is best]
    able.sort(key=lambda each: (each[0].kind is Kind.PAGE, bool(each[1].prefix)))
    listed = [(f"{_name(by)} at " if who else "") + place_name(report, at) for by, at in able]
    return f"{best}: {_first(listed)}" if who else f"{best} at {_first(listed)}"


def _first(names: Sequence[str]) -> str:
    more = len(names) - 1
    return names[0] + (f" and {more:,} more" if more else "")
