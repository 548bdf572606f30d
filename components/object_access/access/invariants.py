"""What must never be allowed, and what always: lines of an environment's file, proven.

    config:
      object-access:never:
        - {who: outsiders, may: [write, delete], where: "s3://datalake/raw/"}
      object-access:always:
        - {who: vision-dev-valohai, may: read, where: "s3://datalake/raw/"}

`who` is `anyone`, `outsiders` (all who are not of the account, and the roles that they can become),
or somebody whom the program makes, by its own name or that of the resource; `may` is one or more
verbs of the report, or actions such as `iam:*`; `where` is a bucket, a part of it, an ARN, or `*`.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from ..policies.classes import Element
from ..policies.patterns import ANYTHING, Tokens, fits, literal, pattern
from ..policies.reference import actions
from ..workspace import Workspace
from . import program as programs
from . import report
from .difference import place_of, proof_of
from .model import Kind, Verb
from .proof import Evidence, Holder, Open, Scope, Witness, allowed, answers, everybody, reaches
from .queries import ADMINISTER, LISTING, OBJECTS
from .report import AccessReport

_ACTIONS: Mapping[Verb, tuple[str, ...]] = {
    Verb.LIST: tuple(LISTING),
    **{verb: tuple(listed) for verb, listed in OBJECTS.items()},
    Verb.ADMINISTER: (*OBJECTS[Verb.ADMINISTER], *ADMINISTER),
}
_RULES: tuple[Literal["never"], Literal["always"]] = ("never", "always")
_OUTSIDE = (Kind.ANONYMOUS, Kind.OUTSIDER)


@dataclass(frozen=True)
class Invariant:
    """One line: who may never, or must always be able to, do what where."""

    rule: Literal["never", "always"]
    who: str
    may: tuple[str, ...]
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.who} may {', '.join(self.may)} at {self.where}"


def read(config: Mapping[str, Any]) -> list[Invariant]:
    """The invariants of an environment. Raises ValueError with the line that is none."""
    found = []
    for key in config:
        namespace, _, name = key.rpartition(":")
        meant = get_close_matches(name.lower(), _RULES, 1, 0.8)
        if meant and namespace in ("", "object-access") and key != f"object-access:{meant[0]}":
            raise ValueError(f"'{key}' is unknown, write object-access:{meant[0]}")
    for rule in _RULES:
        given = config.get(f"object-access:{rule}") or []
        if not isinstance(given, list):
            raise ValueError(f"{rule} must be a list of lines like '{_EXAMPLE}'")
        for each in given:
            if not isinstance(each, dict) or set(each) != {"who", "may", "where"}:
                raise ValueError(f"{rule}: {each!r:.99} must be like '{_EXAMPLE}'")
            may = each["may"] if isinstance(each["may"], list) else [each["may"]]
            where = str(each["where"])
            if not where.startswith(("s3://", "arn:")) and where != "*":
                raise ValueError(f"{rule}: '{where}' must begin with s3:// or arn:, or be *")
            for one in may:
                if one not in list(Verb) and not _is_action(str(one)):
                    raise ValueError(
                        f"{rule}: '{one}' is neither an action such as 's3:PutObject' nor one of "
                        f"{', '.join(Verb)}"
                    )
            found.append(Invariant(rule, str(each["who"]), (*map(str, may),), str(each["where"])))
    return found


def hold(folder: Path, environment: str) -> None:
    """For a program, which calls this before it declares anything: so every preview, update and
    rehearsal proves its invariants. It is run once more for that, without any cloud.

    Raises ValueError in one line for one that is broken, with its proof, or that is none.
    """
    if os.environ.get(programs.LOOK) == "no":  # this is that run
        return
    workspace = Workspace.at(folder)
    rules = read(workspace.config_of(environment))
    try:
        declared = programs.declared_at(workspace.folder, environment)
    except RuntimeError as error:
        raise ValueError(f"never and always cannot be proven: {error}") from None
    now = report.build(environment, declared or programs.Program([]))
    if lines := [*broken(rules, now)]:
        raise ValueError(f"broken: {'; '.join(lines)}")


def _is_action(text: str) -> bool:
    """Whether AWS has such actions; of services that the list lacks, whoever writes it knows."""
    service, colon, _ = text.lower().partition(":")
    known = [each for each in actions() if each.startswith(f"{service}:")]
    return bool(colon) and (not known or any(fits(pattern(text.lower()), each) for each in known))


_EXAMPLE = "{who: outsiders, may: write, where: s3://bucket/prefix/}"


def broken(invariants: Iterable[Invariant], report: AccessReport) -> Iterator[str]:
    """One line for every invariant that does not hold, with a request that proves it. Raises
    ValueError for somebody, or a place, that the program does not know."""
    for each in invariants:
        who, scope = _who(each, report.evidence), _scope(each)
        known = report.evidence.things.values()
        if each.who == "outsiders" and not any(reaches(e, t) for t in known for e in scope.places):
            raise ValueError(f"{each}: nothing of this program lies there")
        if each.rule == "never":
            for found in allowed(report.evidence, who, scope):
                yield f"{each}; but {_told(found)}"
                break
        else:
            yield from _refused(each, report.evidence, who)


def _told(found: Witness | Open) -> str:
    if isinstance(found, Open):
        return f"that cannot be decided for {found.who.name}: {found.why}"
    by = f"{found.decision.policy} > {found.decision.statement}"
    return f"{found.who.name} may: {proof_of(found)}, by {by}"


def _refused(invariant: Invariant, now: Evidence, who: Iterable[Holder]) -> Iterator[str]:
    """What an `always` lacks: each action is asked for on every class of keys."""
    for holder in who:
        for action in _actions(invariant.may):
            scope = _scope(invariant)._replace(actions=Element((action,)))
            asked = [*answers(now, holder, scope)]
            refused = [place_of(request.resource) for request, yes in asked if not yes]
            if refused or not asked:
                where = refused[0] if refused else "it, which is not of this program"
                yield f"{invariant}; but {holder.shown.name} may not: {action} on {where}"
                return


def _who(invariant: Invariant, now: Evidence) -> list[Holder]:
    everyone = everybody(now)
    if invariant.who == "anyone":
        return [*everyone.values()]
    if invariant.who == "outsiders":
        outside = [each for each in everyone.values() if each.shown.kind in _OUTSIDE]
        return [*outside, *_become(outside, now)]
    found = [
        each
        for each in everyone.values()
        if invariant.who in (each.shown.name, each.shown.facts.get("declared_as"))
    ]
    if not found:
        names = sorted(each.shown.name for each in now.holders.values())
        raise ValueError(
            f"{invariant}: '{invariant.who}' is nobody here, use anyone, outsiders or one of "
            f"{', '.join(names) or 'nobody'}"
        )
    return found


def _become(who: list[Holder], now: Evidence) -> list[Holder]:
    """The roles that somebody may become, also by way of others."""
    roles = {each.asker.role_arn: each for each in now.holders.values() if each.asker.role_arn}
    found: dict[str, Holder] = {}
    asking = who
    while asking:
        scope = Scope(Element(("sts:AssumeRole*",)), frozenset(map(literal, roles)))
        new = {
            each.request.resource
            for each in allowed(now, asking, scope)
            if isinstance(each, Witness) and each.request.resource in roles
        } - found.keys()
        found |= {arn: roles[arn] for arn in new}
        asking = [roles[arn] for arn in sorted(new)]
    return [*found.values()]


def _actions(may: Iterable[str]) -> tuple[str, ...]:
    verbs = {verb.value: listed for verb, listed in _ACTIONS.items()}
    return tuple(action for each in may for action in verbs.get(each, (each,)))


def _scope(invariant: Invariant) -> Scope:
    actions = Element(tuple(sorted(_actions(invariant.may))))
    if not invariant.where.startswith("s3://"):
        every = invariant.where == "*"
        place = ANYTHING if every else pattern(invariant.where, arn=True)
        return Scope(actions, frozenset((place,)))
    bucket, _, prefix = invariant.where.removeprefix("s3://").partition("/")
    arn: Tokens = pattern(f"arn:*:s3:::{bucket}", arn=True)
    keys = (*arn, *literal(f"/{prefix}"), *ANYTHING)
    return Scope(actions, frozenset((arn, keys)), prefix)
