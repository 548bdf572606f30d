"""Can anybody do more than before? Decided for every request, with one that proves it.

Two states of an account are compared: who there is, with their policies, and what has a policy of
its own. `policies.classes` cuts all requests into finitely many classes, the evaluator is asked
about one of each, before and now. What is allowed now and was refused before is a witness.
"""

import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from ..policies.classes import (
    ACCOUNT,
    ALWAYS,
    ARN,
    SOME,
    Actions,
    Element,
    Known,
    Reading,
    actions_of,
    combinations,
    contexts,
    read,
    resources_of,
    speaks_of,
    variables_of,
)
from ..policies.cors import CorsRule
from ..policies.evaluate import Decision, Policies, Policy, Principal, Request, evaluate
from ..policies.patterns import (
    ANYTHING,
    Token,
    Tokens,
    TooMany,
    after,
    fits,
    literal,
    members,
    pattern,
)
from ..policies.reference import arns, has_key
from . import outsiders
from .alike import Names, renamed
from .model import Party
from .reading import EXTERNAL_ID, Written, seal

MOST_QUESTIONS = 40_000
"""Of one action at one resource: what has more combinations is told, not waited for."""


@dataclass(frozen=True)
class Holder:
    """Somebody who asks, with the policies that are theirs."""

    shown: Party
    asker: Principal
    known: Known
    identity: tuple[Written, ...] = ()
    boundary: Written | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """The condition keys that say who they are."""

    @cached_property
    def readings(self) -> frozenset[Reading]:
        """What their own policies test."""
        own = [*self.identity, *([self.boundary] if self.boundary else [])]
        return frozenset(reading for each in own for reading in each.readings)

    @cached_property
    def state(self) -> tuple[str, ...]:
        """All that decides about them: the same where nothing has changed."""
        who, known = self.asker, self.known
        return (
            *(who.kind, who.account, who.arn, who.unique_id, who.role_arn),
            *(json.dumps(each, ensure_ascii=False) for each in sorted(known.values.items())),
            *(f"{key} is absent" for key in sorted(known.absent)),
            *(f"{key}:{''.join(map(_sign, of))}" for key, of in sorted(known.within.items())),
            *sorted({reading.text for each in self.identity for reading in each.readings}),
            *(["within", *sorted(e.text for e in self.boundary.readings)] if self.boundary else ()),
        )


@dataclass(frozen=True)
class Thing:
    """A bucket, a role or a key, with the policy that is its own."""

    kind: str
    arn: str
    own: Written | None = None
    restricted: bool = False
    """Whether S3 applies a public policy to the bucket's own account only."""

    @cached_property
    def opens(self) -> bool:
        """Whether its own policy lets anybody in whom it does not name, by their tags, say."""
        return any(
            each["Effect"] == "Allow" and outsiders.names_all(each)
            for each in (self.own.statements if self.own else ())
        )

    @cached_property
    def state(self) -> tuple[str, ...]:
        """All that decides about it, but for who asks."""
        own = ("own", *sorted(each.text for each in self.own.readings)) if self.own else ()
        return (*own, "restricted" if self.restricted else "")


@dataclass
class Evidence:
    """Everything of an account that decides about access."""

    account: str
    holders: dict[str, Holder] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    acls: Mapping[str, str] = field(default_factory=dict)
    """Of Swift's containers, by their addresses: who may read."""
    rules: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """Of OpenStack's application credentials: methods and paths; without any, all."""
    cors: dict[str, Sequence[CorsRule]] = field(default_factory=dict)
    """Of buckets and containers, by their addresses: what pages may send."""
    clouds: Mapping[str, str] = field(default_factory=dict)
    """Which clouds it is in, and as whom the program asks them."""
    guests: frozenset[str] = frozenset()
    """Holders who are of interest at the account's things only, by their IDs."""


def holder(
    shown: Party, asker: Principal, context: Mapping[str, str], identity: Iterable[Written],
    boundary: Written | None, trust: Written | None = None,
) -> Holder:  # fmt: skip
    """Somebody of the program's own account, of whom `context` says all that is known, but for
    what sessions of a role bring along, as its `trust` lets them."""
    values = {**context, "aws:principalisawsservice": "false"}
    within: dict[str, Tokens] = {}
    if asker.kind == "role":  # whoever assumes it names the session
        within["aws:userid"] = (*literal(f"{asker.unique_id}:"), *SOME)
        del values["aws:userid"]
    brought = _brought(trust) if trust else ()
    values = {key: value for key, value in values.items() if not key.startswith(brought)}
    never: tuple[str, ...] = _NEVER
    if ARN not in context:  # of a group's members, say, nothing else is known
        never, within[ARN] = (), outsiders.arns(asker.account)
    absent = tuple(each for each in never if each not in brought)
    return Holder(shown, asker, Known(values, absent, within), (*identity,), boundary, context)


# What AWS says of who asks, which is there or not by who it is.
_NEVER = ("aws:federatedprovider", "aws:principalservice", "aws:principaltag/", "aws:username")


def _brought(trust: Written) -> tuple[str, ...]:
    """What keys begin with that sessions may bring along: tags, and whose tokens let them in (IAM
    User Guide, "Pass session tags in AWS STS", "AWS global condition context keys")."""
    elements = frozenset(each.actions for each in trust.readings if each.allows)
    names = {name for group in actions_of(elements) for name in group.names}
    found = {"sts:TagSession": "aws:principaltag/",
             "sts:AssumeRoleWithWebIdentity": "aws:federatedprovider",
             "sts:AssumeRoleWithSAML": "aws:federatedprovider"}  # fmt: skip
    return tuple(dict.fromkeys(key for name, key in found.items() if name in names))


class Witness(NamedTuple):
    """A request that is allowed now and was refused before, and all actions of which that holds."""

    who: Party
    where: Thing
    request: Request
    names: tuple[str, ...]
    decision: Decision
    conditions: Mapping[str, Any]
    """What of the request's context matters, beside who asks."""


class Scope(NamedTuple):
    """What a question is about, where it is not about everything."""

    actions: Element
    places: frozenset[Tokens]
    prefix: str = ""
    """What the keys begin with that a listing shows."""


class Open(NamedTuple):
    """Something that could not be decided, and why."""

    who: Party
    where: str
    why: str


_LIST, _PREFIX = "s3:ListBucket", "s3:prefix"
_USUAL = ("aws:securetransport", "true")
# Whoever owns a resource elsewhere may allow everything: their policies are not ours to see.
_ELSEWHERE = Thing("elsewhere", "*")
_THEIRS = Policy(
    "the policy of who owns it",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    },
    "resource",
)
_NOT_OURS = "elsewhere"  # the account of a resource that is not the program's


def compare(before: Evidence, now: Evidence) -> Iterator[Witness | Open]:
    """Everything that somebody can do now and could not before."""
    holders = [*before.holders.values(), *now.holders.values()]
    alike = Alike(before.things.keys() | now.things.keys(), holders)
    for pair in _pairs(before, now):
        yield from alike.answers(_Question(*pair, now.account, alike.things, alike.names))


def allowed(now: Evidence, who: Iterable[Holder], scope: Scope) -> Iterator[Witness | Open]:
    """Everything of a scope that these may do, each with a request."""
    known = frozenset(now.things)
    names = frozenset(each.asker.role_arn or each.asker.arn for each in now.holders.values())
    for has in who:
        # Elsewhere nobody but the program's own is its to answer for.
        elsewhere = [_ELSEWHERE] if has.shown.id in now.holders else []
        for thing in (*now.things.values(), *elsewhere):
            if thing is _ELSEWHERE or any(reaches(each, thing) for each in scope.places):
                question = _Question(None, has, None, thing, now.account, known, names, scope)
                yield from question.answers()


class Alike:
    """Answers to questions that are asked once for all that differ in names alone."""

    def __init__(self, things: Collection[str], holders: Iterable[Holder]):
        askers = [each.asker for each in holders]
        self.things = frozenset(things)
        self.names = frozenset(each.role_arn or each.arn for each in askers)
        ids = {each.unique_id for each in askers}
        self._called = Names(self.things, self.names, {each.arn for each in askers}, ids)
        self._known: dict[tuple[Any, ...], tuple[tuple[str, ...], list[Witness | Open]]] = {}

    def answers(self, question: "_Question") -> Iterable[Witness | Open]:
        """The same as the question's own. What is found is asked again under its names."""
        found, names = self._found(question)
        if names is None:
            return found
        again = [question.again(each, names) for each in found]
        return question.answers() if None in again else [each for each in again if each]

    def beyond_verbs(
        self, now: Evidence, who: Holder, near: Sequence[Thing], verbs: Collection[str]
    ) -> tuple[str, ...]:
        """What somebody may do that no verb of a report stands for, at these things and
        elsewhere."""
        found: dict[str, None] = {}
        for thing in (*near, _ELSEWHERE):
            question = _Question(None, who, None, thing, now.account, self.things, frozenset())
            answers, names = self._found(question)
            for each in answers:
                told = each.names if isinstance(each, Witness) else ()
                found |= dict.fromkeys(renamed(name, names or {}) for name in told)
        return tuple(name for name in found if name not in verbs)

    def _found(self, question: "_Question") -> tuple[list[Witness | Open], dict[str, str] | None]:
        """The answers to a question of the same shape, and what its names are in this one; None
        where it is this one that was asked."""
        shape = self._called.shape(question.texts())
        if shape is not None and shape.key in self._known:
            names, found = self._known[shape.key]
            return found, dict(zip(names, shape.names, strict=True))
        found = [*question.answers()]
        if shape is not None:
            self._known[shape.key] = shape.names, found
        return found, None


def answers(now: Evidence, who: Holder, scope: Scope) -> Iterator[tuple[Request, bool]]:
    """Whether somebody may do a scope's actions on each class of its resources, with no condition
    met but TLS."""
    known = frozenset(now.things)
    for thing in now.things.values():
        if any(reaches(each, thing) for each in scope.places):
            question = _Question(None, who, None, thing, now.account, known, frozenset(), scope)
            yield from question.plainly()


def everybody(now: Evidence) -> dict[str, Holder]:
    """All who may ask: those whom the program makes, those whom policies name, and the rest, but
    for whoever has an account's own rights elsewhere."""
    found = {**now.holders, **_strangers(now, now)}
    return {key: each for key, each in found.items() if each.shown.name != outsiders.ELSEWHERE}


def _pairs(
    before: Evidence, now: Evidence
) -> Iterator[tuple[Holder | None, Holder, Thing | None, Thing]]:
    """Whoever may have gained something, and where."""
    askers = {**now.holders, **_strangers(before, now)}
    was = {
        **before.holders,
        **{key: each for key, each in askers.items() if key not in now.holders},
    }
    near = _Near(now, askers)
    for key, new in now.things.items():
        old = before.things.get(key)
        same_thing = old is not None and old.state == new.state
        # A policy that is gone denies nobody any more.
        for who in dict.fromkeys((*near.of(new), *(near.of(old) if old else ()))):
            has = askers[who]
            had = was.get(who)
            if same_thing and had is not None and had.state == has.state:
                continue
            yield had, has, old, new
    for who, has in now.holders.items():
        had = was.get(who)
        if who not in now.guests and (had is None or had.state != has.state):
            yield had, has, _ELSEWHERE, _ELSEWHERE
    # What no longer has a policy of its own is like all else of its account.
    for key in before.things.keys() - now.things.keys():
        old = before.things[key]
        for who in near.of(old):
            yield was.get(who), askers[who], old, replace(old, own=None)


class _Near:
    """Who may be allowed something where: others are not asked there."""

    def __init__(self, now: Evidence, askers: Mapping[str, Holder]):
        self._by_name: dict[str, list[str]] = {}
        self._patterns: list[tuple[str, list[Tokens]]] = []
        self._everybody = [*askers]
        self._outside = [key for key in askers if key not in now.holders]
        for key, holder in now.holders.items():
            for name in _names(holder):
                self._by_name.setdefault(name, []).append(key)
            wide: list[Tokens] = []
            for reading in holder.readings:
                if not reading.allows:
                    continue
                if reading.resources.negated or "*" in reading.resources.names:
                    wide.append(ANYTHING)
                for tokens in resources_of([reading], holder.known):
                    text = _start(tokens)
                    if text is None:
                        wide.append(tokens)
                    else:
                        self._by_name.setdefault(text, []).append(key)
            if wide:
                self._patterns.append((key, wide))

    def of(self, thing: Thing) -> list[str]:
        """Those who may be allowed something there."""
        if thing.opens:
            return self._everybody
        found = dict.fromkeys(self._outside if thing.own else ())
        for name in (thing.arn, *(thing.own.policy.principals if thing.own else ())):
            found |= dict.fromkeys(self._by_name.get(name, ()))
        for key, wide in self._patterns:
            if any(reaches(tokens, thing) for tokens in wide):
                found[key] = None
        return [*found]


def _start(tokens: Tokens) -> str | None:
    """The bucket, or the one other resource, of a pattern; None if it may be of several."""
    text = "".join(
        each.signs[0] for each in itertools.takewhile(lambda e: not (e.but or e.many), tokens)
    )
    if ":s3:::" in text and "/" in text:
        return text.partition("/")[0]
    return text if len(text) == len(tokens) else None


def reaches(tokens: Tokens, thing: Thing) -> bool:
    """Whether a pattern is about a thing, or a part of it."""
    return fits(tokens, thing.arn) or bool(after(tokens, f"{thing.arn}/"))


# --- one asker, one thing ---


@dataclass(frozen=True)
class _Question:
    """Whether somebody can do more at one thing."""

    was: Holder | None
    has: Holder
    old: Thing | None
    new: Thing
    account: str
    things: frozenset[str]
    names: frozenset[str]
    """The ARNs of everybody whom the program makes or made: they are asked themselves."""
    scope: Scope | None = None

    def texts(self) -> Iterator[str]:
        """All that decides about it."""
        for who, thing in ((self.was, self.old), (self.has, self.new)):
            yield from who.state if who else ("nobody",)
            yield "at"
            yield from (thing.kind, thing.arn, *thing.state) if thing else ("nothing",)

    def again(self, found: "Witness | Open", names: dict[str, str]) -> "Witness | Open | None":
        """What was found of a question alike, under this one's names; None if it does not hold."""
        if isinstance(found, Open):
            return Open(self.has.shown, self.new.arn, renamed(found.why, names))
        group = Actions(
            tuple(renamed(each, names) for each in found.names), frozenset(), frozenset()
        )
        asked = found.request
        context = {
            key: renamed(value, names)
            if isinstance(value, str)
            else [renamed(each, names) for each in value]
            for key, value in asked.context.items()
            if key not in self.has.known.values
        }
        resource = renamed(asked.resource, names)
        if not self._gained(group, resource, context):
            return None
        return self._told(group, resource, context)

    def answers(self) -> Iterator[Witness | Open]:
        """One witness for all actions that are alike."""
        before, now = _tested(self.was, self.old), _tested(self.has, self.new)
        elements = {each.actions for _, each in before | now}
        wanted = {self.scope.actions} if self.scope else set()
        for group in actions_of(frozenset(elements | wanted)):
            if not wanted <= group.covered:
                continue
            mine = {each for each in now if each[1].actions in group.covered}
            theirs = {each for each in before if each[1].actions in group.covered}
            if not any(each.allows for _, each in mine) or (self._alike and mine == theirs):
                continue
            for part in _by_keys(group, {each for _, each in mine | theirs}):
                try:
                    witness = self._first(part, {each for _, each in mine | theirs})
                except TooMany as error:
                    yield Open(self.has.shown, self.new.arn, f"{_named(part)}: {error}")
                    continue
                if witness:
                    yield witness
                elif free := self._free(each for _, each in mine ^ theirs):
                    why = f"{_named(part)}: ${{{free}}} is not the program's to know"
                    yield Open(self.has.shown, self.new.arn, why)

    def plainly(self) -> Iterator[tuple[Request, bool]]:
        """The answers without any condition."""
        if (scope := self.scope) is None:
            return
        readings = {each for _, each in _tested(self.has, self.new)}
        patterns = resources_of(readings, self.has.known) | scope.places
        elements = frozenset((scope.actions, *(each.actions for each in readings)))
        for group in actions_of(elements):
            if scope.actions not in group.covered:
                continue
            for resource in _resources(self.new, group, patterns, self.has, self.things):
                if any(fits(each, resource) for each in scope.places):
                    listing = _LIST in group.names and scope.prefix
                    context = {_PREFIX: scope.prefix} if listing else {}
                    request = self._request(group, resource, context)
                    yield request, _decide(request, self.has, self.new).allowed

    @cached_property
    def _alike(self) -> bool:
        """Whether nothing but statements can have changed."""
        return (
            self.was is not None
            and self.was.asker == self.has.asker
            and self.was.known == self.has.known
            and (self.was.boundary is None) == (self.has.boundary is None)
            and (self.old.restricted if self.old else False) == self.new.restricted
        )

    def _free(self, readings: Iterable[Reading]) -> str:
        """A variable of a changed statement that nobody here knows."""
        keys = {key for each in readings for key in variables_of(each)}
        return min((key for key in keys if not self.has.known.has(key)), default="")

    def _first(self, group: Actions, readings: set[Reading]) -> Witness | None:
        places = self.scope.places if self.scope else frozenset((ANYTHING,))
        patterns = resources_of(readings, self.has.known) | (places if self.scope else frozenset())
        for resource in _resources(self.new, group, patterns, self.has, self.things):
            speaking = [each for each in readings if speaks_of(each, resource, self.has.known)]
            if not any(each.allows for each in speaking) or not any(
                fits(each, resource) for each in places
            ):
                continue
            values = {
                key: each
                for key, each in contexts([*speaking, *self._listing], self.has.known).items()
                if has_key(group.names[0], key)
            }
            for context in combinations(values, MOST_QUESTIONS):
                if self._shown(context) and self._gained(group, resource, context):
                    return self._witness(group, resource, context)
        return None

    @cached_property
    def _listing(self) -> tuple[Reading, ...]:
        """A test that cuts listings by the prefix in question, too."""
        if not self.scope or not self.scope.prefix:
            return ()
        text = _glob(self.scope.prefix)
        test = {"Condition": {"StringLike": {_PREFIX: text}}, "Effect": "Deny", "Action": _LIST}
        return read({"Version": "2012-10-17", "Statement": test})

    def _shown(self, context: Mapping[str, Any]) -> bool:
        """Whether a listing would show what is in question; all else does."""
        if not self.scope or _PREFIX not in context:
            return True
        asked, wanted = str(context[_PREFIX]), self.scope.prefix
        return asked.startswith(wanted) or wanted.startswith(asked)

    def _witness(self, group: Actions, resource: str, context: Mapping[str, Any]) -> Witness:
        """The request, without what need not be said of it."""
        plain = {**self._request(group, resource, context).context}
        plain = {key: each for key, each in plain.items() if not self.has.known.has(key)}
        for key in sorted(plain.keys() - ALWAYS, reverse=True):
            less = {k: v for k, v in plain.items() if k != key}
            if self._gained(group, resource, less):
                plain = less
        return self._told(group, resource, plain)

    def _told(self, group: Actions, resource: str, context: Mapping[str, Any]) -> Witness:
        request = self._request(group, resource, context)
        decision = _decide(request, self.has, self.new)
        told = {
            key: seal(value) if key == EXTERNAL_ID and value in self._wanted else value
            for key, value in context.items()
            if (key, value) != _USUAL
        }
        return Witness(self.has.shown, self.new, request, group.names, decision, told)

    @cached_property
    def _wanted(self) -> frozenset[str]:
        """External IDs that policies name: they are told to nobody."""
        tested = _tested(self.was, self.old) | _tested(self.has, self.new)
        tests = (test for _, each in tested for test in each.tests if test.key == EXTERNAL_ID)
        return frozenset(value for test in tests for value in test.wanted)

    def _gained(self, group: Actions, resource: str, context: Mapping[str, Any]) -> bool:
        """Whether a request is allowed that was not."""
        request = self._request(group, resource, context)
        if not _possible(request.context, self.has.asker, self.account, self.names):
            return False
        if not _decide(request, self.has, self.new).allowed:
            return False
        if self.was is None:
            return True
        # They could bring along what was open, and nothing else.
        brought = {k: v for k, v in request.context.items() if not self.was.known.has(k)}
        known = {**brought, **self.was.known.values}
        then = replace(request, principal=self.was.asker, context=known)
        return not _decide(then, self.was, self.old).allowed

    def _request(self, group: Actions, resource: str, context: Mapping[str, Any]) -> Request:
        where = _NOT_OURS if self.new is _ELSEWHERE else self.account
        whole = {**dict([_USUAL]), **context, **self.has.known.values}
        if ARN in context:  # whose account it is, it says itself
            whole.setdefault(ACCOUNT, outsiders.account_of(context[ARN]))
        return Request(self.has.asker, group.names[0], resource, where, whole)


def _decide(request: Request, holder: Holder, thing: Thing | None) -> Decision:
    """The evaluator's answer, with what S3 and KMS add to it."""
    own = thing.own.policy if thing and thing.own else None
    if thing is _ELSEWHERE:
        own = _THEIRS
    elif thing and thing.restricted and holder.asker.account != request.account:
        own = None
    boundary = holder.boundary.policy if holder.boundary else None
    policies = Policies([each.policy for each in holder.identity], own, boundary)
    decision = evaluate(request, policies)
    if decision.allowed and thing and own:
        action = request.action.lower()
        direct, statement = own.allowed(request, action, request.context)
        if thing.kind == "key" and not direct:
            # "Unless the key policy explicitly allows it, you cannot use IAM policies to allow
            # access to a KMS key" (KMS Developer Guide, "Key policies").
            return replace(decision, allowed=False)
        if direct and holder.asker.account != request.account and thing is not _ELSEWHERE:
            return replace(decision, policy=own.name, statement=statement)
    return decision


# --- resources ---


def _resources(
    thing: Thing, group: Actions, patterns: frozenset[Tokens], holder: Holder,
    known: frozenset[str],
) -> Iterator[str]:  # fmt: skip
    """One resource of every class on which these actions can be asked for at a thing."""
    if thing is _ELSEWHERE:
        yield from _elsewhere(group, patterns, holder, known)
    elif thing.kind == "bucket":
        if group.service == "s3" and (not group.types or "bucket" in group.types):
            yield thing.arn
        if group.service == "s3" and (not group.types or "object" in group.types):
            start = f"{thing.arn}/"
            keys = frozenset(rest for each in patterns for rest in after(each, start))
            yield from (start + key for key in members(keys, SOME))
    elif thing.kind == "role":
        if group.service == "sts" and (not group.types or "role" in group.types):
            yield thing.arn
    elif group.service == "kms" and (not group.types or "key" in group.types):
        yield thing.arn


def _elsewhere(
    group: Actions, patterns: frozenset[Tokens], holder: Holder, known: frozenset[str]
) -> Iterator[str]:
    if "*" in group.types:
        yield "*"
        return
    partition = (holder.asker.role_arn or holder.asker.arn).split(":")[1] or "aws"
    kinds = [(group.service, each) for each in sorted(group.types, key=len)]
    forms = [_form(arns()[kind], partition) for kind in kinds if kind in arns()]
    if not forms:
        forms = [pattern(f"arn:{partition}:{group.service}:*:*:?*", arn=True)]
    # What the program knows is asked about there.
    theirs = _of_service(known, group)
    here = frozenset(each for each in patterns if _start(each) not in theirs)
    wide = [each for each in here if _start(each) is None]
    named = frozenset(
        tokens
        for arn in (theirs if wide else ())
        if any(reaches(each, Thing("", arn)) for each in wide)
        for tokens in (literal(arn), (*literal(f"{arn}/"), *SOME))
    )
    for form in forms:
        for resource in members(here | named, form):
            if resource.partition("/")[0] not in theirs and resource not in theirs:
                yield resource


@lru_cache(maxsize=64)
def _by_service(known: frozenset[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for arn in known:
        service = arn.split(":")[2].replace("iam", "sts")
        found.setdefault(service, set()).add(arn)
    return {service: frozenset(each) for service, each in found.items()}


def _of_service(known: frozenset[str], group: Actions) -> frozenset[str]:
    return _by_service(known).get(group.service, frozenset())


@lru_cache(maxsize=256)
def _form(arn: str, partition: str) -> Tokens:
    """All ARNs of a type of resource."""
    found: list[Token] = []
    for number, part in enumerate(re.split(r"\$\{(\w+)\}", arn)):
        if number % 2 == 0:
            found += literal(part)
        elif part == "Partition":
            found += literal(partition)
        else:
            but = {"BucketName": "/", "Region": ":", "Account": ":"}.get(part, "")
            found += (Token(but, True), Token(but, True, True))
    return tuple(found)


# --- askers whom the program does not make ---


def _strangers(before: Evidence, now: Evidence) -> dict[str, Holder]:
    """Everybody else who may ask: those whom a policy names, and those whom none does."""
    statements = [
        statement
        for evidence in (before, now)
        for each in evidence.things.values()
        if each.own
        for statement in each.own.statements
    ]
    ours = {name for each in now.holders.values() for name in _names(each)}
    ours |= {now.account, f"arn:aws:iam::{now.account}:root"}
    every = itertools.chain(before.holders.values(), now.holders.values())
    taken = frozenset(each.asker.role_arn or each.asker.arn for each in every)
    found = []
    for who, known, everything in outsiders.unnamed(now.account, taken):
        found.append(
            Holder(who.shown, who.asker, known, (outsiders.EVERYTHING,) if everything else ())
        )
    for who, known in outsiders.named(statements, ours):
        # Their own account may allow them everything, which we cannot see. Of ours, it does not.
        theirs = who.asker.account != now.account
        found.append(Holder(who.shown, who.asker, known, (outsiders.EVERYTHING,) if theirs else ()))
    return {each.shown.id: each for each in found}


def _sign(token: Token) -> str:
    return token.signs if not (token.but or token.many) else repr(token)


def _names(holder: Holder) -> set[str]:
    return {holder.asker.arn, holder.asker.role_arn, holder.asker.unique_id} - {""}


def _tested(holder: Holder | None, thing: Thing | None) -> set[tuple[str, Reading]]:
    """What decides about somebody at a thing: statements, each with what its policy is for."""
    found = {("own", each) for each in (thing.own.readings if thing and thing.own else ())}
    if holder:
        found |= {("identity", each) for one in holder.identity for each in one.readings}
        found |= {("boundary", e) for e in (holder.boundary.readings if holder.boundary else ())}
    return found


def _possible(
    context: Mapping[str, Any], asker: Principal, account: str, names: frozenset[str]
) -> bool:
    """Whether what a request says of who asks goes together."""
    arn, theirs = context.get(ARN, ""), context.get(ACCOUNT, "")
    if arn in names and arn != (asker.role_arn or asker.arn):
        return False
    accounts = {each for each in (outsiders.account_of(arn), theirs) if each}
    if len(accounts) > 1:
        return False
    return accounts <= {account} if asker.account == account else account not in accounts


def _glob(text: str) -> str:
    """A pattern of all that begins with a text."""
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text) + "*"


def _by_keys(group: Actions, readings: Iterable[Reading]) -> Iterator[Actions]:
    """The actions of a group, those together that have the same of the keys that are tested."""
    tested = frozenset(test.key for each in readings for test in each.tests)
    return (group._replace(names=names) for names in _parts(group.names, tested))


@lru_cache(maxsize=4_096)
def _parts(names: tuple[str, ...], tested: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    keys = sorted(tested)
    parts: dict[tuple[bool, ...], list[str]] = {}
    for name in names:
        parts.setdefault(tuple(has_key(name, key) for key in keys), []).append(name)
    return tuple(map(tuple, parts.values()))


def _named(group: Actions) -> str:
    more = f" and {len(group.names) - 1} more" if len(group.names) > 1 else ""
    return f"{group.names[0]}{more}"
