"""Asking the evaluator what somebody may do in a bucket, by requests that stand for a verb."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..policies import public
from ..policies.cors import CorsRule, first_match
from ..policies.evaluate import Decision, Policies, Policy, Principal, Request, evaluate
from .acls import Grant
from .model import Answer, Answers, Party, Place, Verb, places_of
from .reading import PROBE, Written, buckets_allowed, is_pattern, like, one_of, unmet

# What stands for a verb. All of it is asked, so that a part of it is found, too.
LISTING = ("s3:ListBucket", "s3:ListBucketVersions")
OBJECTS: Mapping[Verb, Sequence[str]] = {
    Verb.READ: ("s3:GetObject", "s3:GetObjectVersion"),
    Verb.WRITE: ("s3:PutObject",),
    Verb.DELETE: ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    Verb.ADMINISTER: ("s3:BypassGovernanceRetention", "s3:PutObjectAcl"),
}
ADMINISTER = sorted(
    [
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketAcl",
        "s3:PutBucketCORS",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutBucketWebsite",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
    ]
)


@dataclass
class Bucket:
    """A bucket, with all that has a say in who reaches it."""

    name: str
    facts: dict[str, Any]
    partition: str
    account: str
    written: Written | None = None
    block: dict[str, bool] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    """Of its access control list, but for its owner's."""
    cors: list[CorsRule] = field(default_factory=list)
    patterns: set[str] = field(default_factory=set)
    """Patterns of keys that policies speak of."""
    prefixes: set[str] = field(default_factory=set)
    """What these begin with."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.partition}:s3:::{self.name}"

    @property
    def policy(self) -> Policy | None:
        """Its own policy."""
        return self.written.policy if self.written else None

    @cached_property
    def opens(self) -> bool:
        """Whether its own policy gives anybody anything."""
        return self.written is not None and any(buckets_allowed(self.written.statements))

    @cached_property
    def restricted(self) -> bool:
        """Whether its policy is public, and S3 applies it to its own account only."""
        return bool(
            self.written
            and self.block.get("restrictPublicBuckets")
            and public.is_public({"Statement": self.written.statements})
        )

    def places(self) -> Iterator[Place]:
        """What is spoken of in it, and the rest."""
        yield from places_of(f"s3://{self.name}/", self.prefixes, self.facts)

    @cached_property
    def probes(self) -> Mapping[str, list[str]]:
        """Keys that stand for each place, by its prefix: some within it and, for the places around
        it, some beside and above, and one for every pattern. Variables stand as they were written.
        """
        keys = {PROBE, f"a/b/{PROBE}"}
        keys |= {each.replace("*", PROBE).replace("?", "x") for each in self.patterns}
        for prefix in self.prefixes:
            keys |= {prefix + PROBE, f"{prefix}a/b/{PROBE}"}
            folders = prefix.split("/")[:-1]
            for depth in range(1, len(folders) + 1):
                above = "/".join(folders[:depth])
                keys |= {f"{above}-beside/{PROBE}", f"{above}/{PROBE}"}
        found: dict[str, list[str]] = {prefix: [] for prefix in ("", *self.prefixes)}
        for key in sorted(keys):
            found[max((each for each in found if key.startswith(each)), key=len)].append(key)
        return found

    def tls_only(self) -> bool:
        """Whether plain HTTP is refused even to the account's owner."""
        asker = Principal("root", self.account, f"arn:{self.partition}:iam::{self.account}:root")
        context = {"aws:securetransport": "false"}
        request = Request(asker, "s3:GetObject", f"{self.arn}/{PROBE}", self.account, context)
        return not evaluate(request, Policies(resource=self.policy)).allowed


@dataclass
class Identity:
    """Somebody who asks, with the policies of their own."""

    shown: Party
    asker: Principal
    context: Mapping[str, str]
    """The condition keys that say who they are."""
    written: list[Written] = field(default_factory=list)
    boundary: Written | None = None
    roles: "list[Identity]" = field(default_factory=list)
    """The roles that they may become."""

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Their own policies."""
        return tuple(each.policy for each in self.written)

    def decide(self, action: str, resource: str) -> Decision:
        """Whether their own policies alone allow something."""
        request = Request(self.asker, action, resource, self.asker.account, self.context)
        boundary = self.boundary.policy if self.boundary else None
        return evaluate(request, Policies(self.policies, None, boundary))

    @cached_property
    def named(self) -> frozenset[str]:
        """Buckets, and patterns of them, where their own policies may allow something."""
        return frozenset(name for each in self.written for name in buckets_allowed(each.statements))

    def speaks_of(self, bucket: str) -> bool:
        """Whether their own policies may allow something there. In doubt, yes: it is asked then."""
        return bucket in self.named or any(
            is_pattern(each) and like(each).fullmatch(bucket) for each in self.named
        )


class Hearing:
    """Somebody, all that they may become, and one bucket."""

    def __init__(self, identity: Identity, bucket: Bucket):
        self._bucket = bucket
        self._as = [identity, *identity.roles]
        own = bucket.written.statements if bucket.written else []
        # By source: what conditions ask for beyond who asks, and a value that meets them.
        self._unmet = [
            unmet([*own, *(s for each in source.written for s in each.statements)], _KNOWN)
            for source in self._as
        ]
        self._administer = _Heard()
        for action in ADMINISTER:
            self._ask(self._administer, action, [(bucket.arn, {})])

    def answers(self, place: Place) -> Answers:
        """What may be done at a place of the bucket."""
        keys, arn = self._bucket.probes[place.prefix], self._bucket.arn
        listing = [{"s3:prefix": key} for key in (place.prefix, *keys)]
        answers: dict[Verb, Answer] = {}
        heard = _Heard()
        for action in LISTING:
            unprefixed: list[Mapping[str, str]] = [] if place.prefix else [{}]
            self._ask(heard, action, [(arn, each) for each in [*unprefixed, *listing]])
        answers[Verb.LIST] = heard.answer()
        for verb, actions in OBJECTS.items():
            heard = self._administer.copy() if verb is Verb.ADMINISTER else _Heard()
            for action in actions:
                self._ask(heard, action, [(f"{arn}/{key}", {}) for key in keys])
            answers[verb] = heard.answer()
        return answers

    def _ask(
        self, heard: "_Heard", action: str, targets: Iterable[tuple[str, Mapping[str, str]]]
    ) -> None:
        """Ask for one action in every way, until one is allowed."""
        for resource, extra in targets:
            for source, more in zip(self._as, self._unmet, strict=True):
                context = {"aws:securetransport": "true", **extra, **source.context}
                asked = one_of(resource, context)
                decision, needed = self._decide(source, action, asked, context), set[str]()
                if not decision.allowed and more:
                    met = self._decide(source, action, asked, {**more, **context})
                    if met.allowed:
                        decision, needed = met, set(more)
                through = f"as {source.shown.name}: " if source is not self._as[0] else ""
                heard.note(action, decision, through, needed)
                if decision.allowed:
                    return

    def _decide(
        self, source: Identity, action: str, resource: str, context: Mapping[str, str]
    ) -> Decision:
        asker, own, account = source.asker, self._bucket.policy, self._bucket.account
        at_home = asker.account == account
        if self._bucket.restricted and not at_home:
            own = None
        request = Request(asker, action, resource, account, context)
        boundary = source.boundary.policy if source.boundary else None
        decision = evaluate(request, Policies(source.policies, own, boundary))
        if decision.allowed and own and not at_home:
            # Across accounts both must allow, and their own policies are not ours to see.
            _, statement = own.allowed(request, action.lower(), request.context)
            return Decision(True, decision.reason, own.name, statement)
        return decision


class _Heard:
    """What came of the requests that stand for one verb at one place."""

    def __init__(self) -> None:
        self.by: dict[str, None] = {}
        self.actions: dict[str, None] = {}
        self.denied: dict[str, str] = {}
        self.only_if: set[str] = set()

    def copy(self) -> "_Heard":
        """Another one that knows what this one knows."""
        other = _Heard()
        other.by, other.actions = dict(self.by), dict(self.actions)
        other.denied, other.only_if = dict(self.denied), set(self.only_if)
        return other

    def note(self, action: str, decision: Decision, through: str, needed: set[str]) -> None:
        """Keep an answer."""
        statement = f"{decision.policy} > {decision.statement}" if decision.statement else ""
        if decision.allowed:
            self.by[through + (statement or decision.policy)] = None
            self.actions[action] = None
            self.denied.pop(action, None)
            self.only_if |= needed
        elif statement:
            self.denied.setdefault(action, statement)

    def answer(self) -> Answer:
        """All of it together."""
        return Answer(
            bool(self.actions),
            tuple(self.by),
            tuple(sorted(self.actions)),
            tuple(sorted(self.denied)),
            tuple(dict.fromkeys(self.denied.values())),
            tuple(sorted(self.only_if)),
        )


_KNOWN = frozenset({"aws:securetransport"})

_METHODS: Mapping[Verb, Sequence[str]] = {
    Verb.LIST: ("GET",),
    Verb.READ: ("GET", "HEAD"),
    Verb.WRITE: ("POST", "PUT"),
    Verb.DELETE: ("DELETE",),
}


def of_pages(rules: Sequence[CorsRule], origin: str) -> Answers:
    """What a browser lets pages of an origin do, with what somebody else has signed."""
    answers = {Verb.ADMINISTER: Answer(False)}
    for verb, methods in _METHODS.items():
        found = {method: first_match(rules, origin, method) for method in methods}
        allowed = {method: rules.index(rule) + 1 for method, rule in found.items() if rule}
        by = tuple(f"CORS > #{number}" for number in sorted(set(allowed.values())))
        answers[verb] = Answer(bool(allowed), by, tuple(sorted(allowed)))
    return {verb: answers[verb] for verb in Verb}
