"""The access report of one environment, as data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..policies.evaluate import Principal
from . import aws, compatible, swift, unjudged
from .model import Answer, Answers, Findings, Kind, Party, Place, Verb
from .program import ACCOUNT, Program
from .proof import Evidence, Thing, holder
from .reading import Written, sealed, written

FORMAT = 3  # of the JSON


@dataclass(frozen=True)
class AccessReport:
    """Who can do what, where, and by which statement. A pair of principal and place that is not in
    `findings.access` can do nothing, for no statement speaks of the two."""

    environment: str
    findings: Findings
    evidence: Evidence
    sealed: bool = False
    """Whether seals stand for external IDs, as in JSON."""
    account: str = ""
    """The AWS account that was looked at; nothing for a report from a program alone."""


def build(environment: str, program: Program, only: frozenset[str] | None = None) -> AccessReport:
    """The report of what a program declares, all of it sorted; with `only` some of the buckets
    that its policies name.

    Raises ValueError for a policy that AWS would refuse.
    """
    account = aws.Account(program, only)
    every = account.findings()
    for store in (swift, compatible):
        every.join(store.findings(program))
    evidence = account.evidence
    for each in (swift, compatible):
        each.decide_by(program, evidence)
    evidence.clouds = program.clouds
    unjudged.note(program, every)
    return AccessReport(environment, _sorted(every), evidence)


def empty(environment: str) -> AccessReport:
    """The report of an environment that does not exist yet."""
    return AccessReport(environment, Findings(), Evidence(ACCOUNT))


def _sorted(given: Findings) -> Findings:
    kinds = list(Kind)
    who = sorted(given.principals.values(), key=lambda each: (kinds.index(each.kind), each.name))
    where = sorted(given.places)
    rank = {each.id: number for number, each in enumerate(who)}
    pairs = sorted(given.access, key=lambda pair: (rank[pair[0]], pair[1]))
    return Findings(
        {each.id: each for each in who},
        {each: given.places[each] for each in where},
        {pair: given.access[pair] for pair in pairs},
        given.unknown,
    )


# --- as JSON ---


def to_json(report: AccessReport) -> str:
    """The report as text that is the same for the same program, and that `from_json` reads."""
    return json.dumps(to_data(report), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def to_data(report: AccessReport) -> dict[str, Any]:
    """The report in plain values."""
    found = report.findings
    return {
        "format": FORMAT,
        "environment": report.environment,
        "principals": [
            {"id": each.id, "kind": each.kind.value, "name": each.name, "facts": each.facts}
            for each in found.principals.values()
        ],
        "places": [
            {"id": each.id, "root": each.root, "prefix": each.prefix, "facts": dict(each.facts)}
            for each in found.places.values()
        ],
        "access": [
            {
                "principal": who,
                "place": where,
                **{verb.value: _plain(answer) for verb, answer in answers.items()},
            }
            for (who, where), answers in found.access.items()
        ],
        "not_judged": dict(sorted(found.unknown.items())),
        "evidence": _evidence(report.evidence),
    }


def from_json(text: str) -> AccessReport:
    """The report that `to_json` wrote. Raises ValueError for any other text."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"it has format {data['format']}, this is {FORMAT}")
        principals = [Party(Kind(e["kind"]), e["name"], e["facts"]) for e in data["principals"]]
        places = [Place(each["root"], each["prefix"], each["facts"]) for each in data["places"]]
        access = {(each["principal"], each["place"]): _answers(each) for each in data["access"]}
        found = Findings(
            {each.id: each for each in principals},
            {each.id: each for each in places},
            access,
            dict(data["not_judged"]),
        )
        return AccessReport(data["environment"], found, _evidence_of(data["evidence"], found), True)
    except (KeyError, TypeError, json.JSONDecodeError):
        raise ValueError("it is no JSON of an access report") from None


def _evidence(given: Evidence) -> dict[str, Any]:
    """The policies: what another report is compared with."""
    return {
        "account": given.account,
        "clouds": dict(given.clouds),
        "cors": {root: list(rules) for root, rules in given.cors.items()},
        "acls": dict(given.acls),
        "rules": {name: [list(rule) for rule in each] for name, each in given.rules.items()},
        "holders": {
            key: {
                "asker": asdict(each.asker),
                "context": dict(each.context),
                "policies": [_policy(own) for own in each.identity],
                "boundary": _policy(each.boundary),
            }
            for key, each in given.holders.items()
        },
        "things": [
            {
                "kind": each.kind,
                "arn": each.arn,
                "policy": _policy(each.own),
                "restricted": each.restricted,
            }
            for each in given.things.values()
        ],
    }


def _policy(given: Written | None) -> Any:
    return given and {"name": given.policy.name, "document": sealed(given.body)}


def _evidence_of(data: Any, found: Findings) -> Evidence:
    def policy(given: Any, kind: Any = "identity") -> Written | None:
        return given and written(given["name"], json.dumps(given["document"]), kind)

    things = {
        each["arn"]: Thing(
            each["kind"],
            each["arn"],
            policy(each["policy"], "trust" if each["kind"] == "role" else "resource"),
            each["restricted"],
        )
        for each in data["things"]
    }

    def trust(arn: str) -> Written | None:
        return things[arn].own if arn in things else None

    holders = {
        key: holder(
            found.principals[key],
            Principal(**each["asker"]),
            each["context"],
            [own for one in each["policies"] if (own := policy(one))],
            policy(each["boundary"]),
            trust(each["asker"]["role_arn"]),
        )
        for key, each in data["holders"].items()
    }
    others = (data[key] for key in ("acls", "rules", "cors", "clouds"))
    return Evidence(data["account"], holders, things, *others)


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer without what is empty."""
    values = ((each.name, getattr(answer, each.name)) for each in fields(answer))
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values
        if value != ()
    }


def _answers(each: Mapping[str, Any]) -> Answers:
    def answer(given: Mapping[str, Any]) -> Answer:
        details = {name: tuple(given[name]) for name in given if name != "allowed"}
        return Answer(given["allowed"], **details)

    return {verb: answer(each[verb.value]) for verb in Verb}
