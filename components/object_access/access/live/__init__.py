"""The account as it is, beside the program: who else reaches its buckets, and where it is wider.

`aws` and `swift` read what is there, with the caller's own credentials and calls that only read,
and tell it as what a program would declare; so the same judge decides both, and the difference
between them is a difference like any other. `names` calls the program's things as the account does.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..difference import Change, Turn, compare
from ..model import Findings, Kind, Party, strongest
from ..program import Program
from ..report import AccessReport, build
from . import aws, swift
from .there import There

# What is said of those whom the program makes only, or known of them.
_OF_OURS = ("also", "declared_as", "kms", "longest_session")


def look(
    environment: str, program: Program, administrators: Collection[str] = ()
) -> tuple[AccessReport, list[Change]]:
    """The report of the account over what the program makes or names, and in what it differs from
    the program: what is ADDED or WIDENED the account allows, and the program does not. Those whose
    ARNs are `administrators` are shown, and no difference, unless the program makes them.

    Raises ValueError in one line where there are no credentials, or those of another account.
    """
    there = There()
    said = aws.look(program, there)
    said = swift.look(said, there)
    mine = build(environment, said)
    buckets = frozenset(
        each.root.removeprefix("s3://").rstrip("/") for each in mine.findings.places.values()
    )
    found = build(environment, Program(there.resources, said.account, said.clouds), buckets)
    for what in there.unread:
        found.findings.leave(what)
    for each in mine.findings.places.values():
        if not each.root.startswith(("s3://", "swift://")):
            found.findings.leave(f"{each.root}: such a store is not read")
    account = _narrowed(found, mine)
    known = _known(account, administrators)
    changes = compare(_adopting(mine, account), account)
    return account, sorted(
        (each for each in (*changes, *map(_key, there.keys)) if not _of(each, known)),
        key=Change.risk,
    )


def _of(change: Change, known: Collection[tuple[Kind | None, str]]) -> bool:
    """Whether a change is about nobody but known administrators."""
    becomes = {f"may be assumed by {name}" for _, name in known}
    return (change.kind, change.who) in known or change.what in becomes


def _known(account: AccessReport, administrators: Collection[str]) -> set[tuple[Kind | None, str]]:
    """Note who of the strangers is a known administrator: who they are, in the words of changes."""
    found = set[tuple[Kind | None, str]]()
    for key, each in account.evidence.holders.items():
        who = account.findings.principals[key]
        if "stranger" in who.facts and (each.asker.role_arn or each.asker.arn) in administrators:
            del who.facts["stranger"]
            who.facts["administrator"] = True
            found.add((who.kind, who.name))
    return found


def _key(key: tuple[str, str]) -> Change:
    user, identifier = key
    what = f"+ access key {identifier}, which the program does not make"
    return Change(Turn.ADDED, Kind.USER, user, (), what, (), 1)


def _narrowed(found: AccessReport, mine: AccessReport) -> AccessReport:
    """Those of the program, and everybody else who reaches its buckets or containers."""
    old, ours = found.findings, mine.findings.principals
    reach = {who for (who, _), answers in old.access.items() if strongest(answers)}
    people = {
        key: each if key in ours else _stranger(each)
        for key, each in old.principals.items()
        if key in reach or key in ours or each.kind is Kind.ANONYMOUS
    }
    access = {pair: each for pair, each in old.access.items() if pair[0] in people}
    holders = {key: each for key, each in found.evidence.holders.items() if key in people}
    roles = {each.asker.role_arn for each in holders.values()}
    evidence = replace(
        found.evidence,
        holders=holders,
        things={
            arn: each
            for arn, each in found.evidence.things.items()
            if each.kind != "role" or arn in roles
        },
        guests=frozenset(holders.keys() - mine.evidence.holders.keys()),
    )
    return AccessReport(
        found.environment,
        Findings(people, old.places, access, old.unknown),
        evidence,
        account=found.evidence.account,
    )


def _stranger(who: Party) -> Party:
    facts: dict[str, Any] = {k: v for k, v in who.facts.items() if k not in _OF_OURS}
    return who._replace(facts={**facts, "stranger": True})


def _adopting(mine: AccessReport, account: AccessReport) -> AccessReport:
    """The program's report: of what it leaves alone it says what is so, and of what is not judged
    whatever is not read there."""
    places = {
        key: each._replace(facts=account.findings.places[key].facts)
        if each.facts.get("adopted") and key in account.findings.places
        else each
        for key, each in mine.findings.places.items()
    }
    unknown = {k: v for k, v in mine.findings.unknown.items() if k in account.findings.unknown}
    return replace(mine, findings=replace(mine.findings, places=places, unknown=unknown))
