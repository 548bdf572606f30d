"""The proof against an independent decision: the same pairs of policies, put to the solver cvc5.

OBJECT_ACCESS_PAIRS says how many pairs of each kind.
"""

import ipaddress
import os
import random
from typing import Any

import cvc5
import pytest

from object_access.access.model import Kind, Party
from object_access.access.proof import Evidence, Holder, Thing, Witness, compare
from object_access.access.reading import Written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Policy, Principal

PAIRS = int(os.environ.get("OBJECT_ACCESS_PAIRS", "80"))
ACCOUNT, FARM = "123456789012", "arn:aws:s3:::farm"
ANN = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAANN")
NETWORKS = ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "0.0.0.0/0", "10.0.0.1/32"]


class Solver:
    """Policies in the theory of strings and numbers: one unknown value, which may be absent."""

    def __init__(self, *, numbers: bool, empty: bool):
        self.tm = cvc5.TermManager()
        self.solver = cvc5.Solver(self.tm)
        self.solver.setLogic("QF_SLIA")
        sort = self.tm.getIntegerSort() if numbers else self.tm.getStringSort()
        self.value = self.tm.mkConst(sort, "value")
        self.there = self.tm.mkConst(self.tm.getBooleanSort(), "there")
        if numbers:
            low, high = self.tm.mkInteger(0), self.tm.mkInteger(str(2**32 - 1))
            self._given(self._all(
                self.tm.mkTerm(cvc5.Kind.LEQ, low, self.value),
                self.tm.mkTerm(cvc5.Kind.LEQ, self.value, high),
            ))  # fmt: skip
        elif not empty:  # tags may be: no other value is given empty
            self._given(
                self._not(self.tm.mkTerm(cvc5.Kind.EQUAL, self.value, self.tm.mkString("")))
            )

    def _given(self, term) -> None:
        self.solver.assertFormula(term)

    def _not(self, term):
        return self.tm.mkTerm(cvc5.Kind.NOT, term)

    def _all(self, *terms):
        return self.tm.mkTerm(cvc5.Kind.AND, self.tm.mkTrue(), self.tm.mkTrue(), *terms)

    def _any(self, *terms):
        return self.tm.mkTerm(cvc5.Kind.OR, self.tm.mkFalse(), self.tm.mkFalse(), *terms)

    def like(self, pattern: str, *, wild: bool = True):
        """The value fits a pattern."""
        empty = self.tm.mkTerm(cvc5.Kind.STRING_TO_REGEXP, self.tm.mkString(""))
        parts = [empty, empty]
        for sign in pattern:
            if wild and sign in "*?":
                parts.append(self.tm.mkRegexpAll() if sign == "*" else self.tm.mkRegexpAllchar())
            else:
                parts.append(self.tm.mkTerm(cvc5.Kind.STRING_TO_REGEXP, self.tm.mkString(sign)))
        regex = self.tm.mkTerm(cvc5.Kind.REGEXP_CONCAT, *parts)
        return self.tm.mkTerm(cvc5.Kind.STRING_IN_REGEXP, self.value, regex)

    def within(self, network: str):
        """The value is an address of a network."""
        found = ipaddress.ip_network(network)
        ends = (int(found.network_address), int(found.broadcast_address))
        low, high = (self.tm.mkInteger(str(each)) for each in ends)
        above = self.tm.mkTerm(cvc5.Kind.LEQ, low, self.value)
        return self._all(above, self.tm.mkTerm(cvc5.Kind.LEQ, self.value, high))

    def holds(self, condition: dict[str, Any]):
        """A condition, as the IAM User Guide has it ("Condition operators")."""
        terms = []
        for operator, keys in condition.items():
            base, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
            [wanted] = keys.values()
            if base.endswith("IpAddress"):
                fits = self._any(*map(self.within, wanted))
            else:
                fits = self._any(*(self.like(e, wild=base.endswith("Like")) for e in wanted))
            negated = "Not" in base
            fits = self._not(fits) if negated else fits
            absent = self._not(self.there)
            terms.append(
                self._any(absent, fits) if negated or if_exists else self._all(self.there, fits)
            )
        return self._all(*terms)

    def allows(self, statements: list[dict[str, Any]]):
        """Some statement allows, and none denies."""

        def fits(each: dict[str, Any]):
            if each.get("Condition"):
                return self.holds(each["Condition"])
            part = "NotResource" if "NotResource" in each else "Resource"
            keys = [resource.removeprefix(f"{FARM}/") for resource in each.get(part, [])]
            inside = self._any(*map(self.like, keys)) if FARM in str(each) else self.tm.mkTrue()
            return self._not(inside) if part == "NotResource" else inside

        allowing = [fits(each) for each in statements if each["Effect"] == "Allow"]
        denying = [fits(each) for each in statements if each["Effect"] == "Deny"]
        return self._all(self._any(*allowing), self._not(self._any(*denying)))

    def more(self, before: list[dict[str, Any]], now: list[dict[str, Any]]) -> bool:
        """Whether some value is allowed now and was not before."""
        self._given(self._all(self.allows(now), self._not(self.allows(before))))
        return self.solver.checkSat().isSat()


def text(draw: random.Random) -> str:
    return "".join(draw.choice("ab/*?") for _ in range(draw.randint(1, 4)))


def by_keys(draw: random.Random) -> dict[str, Any]:
    """A statement on keys of the bucket."""
    part = draw.choice(["Resource", "Resource", "Resource", "NotResource"])
    keys = [f"{FARM}/{text(draw)}" for _ in range(draw.randint(1, 3))]
    return {"Action": "s3:GetObject", part: keys}


def by_tags(draw: random.Random) -> dict[str, Any]:
    """A statement with a test of a text."""
    operator = draw.choice(["StringLike", "StringNotLike", "StringEquals", "StringNotEquals"])
    operator += draw.choice(["", "IfExists"])
    wanted = [text(draw) for _ in range(draw.randint(1, 3))]
    condition = {operator: {"s3:ExistingObjectTag/a": wanted}}
    return {"Action": "s3:GetObject", "Resource": [f"{FARM}/*"], "Condition": condition}


def by_address(draw: random.Random) -> dict[str, Any]:
    """A statement with a test of an address."""
    operator = draw.choice(["IpAddress", "NotIpAddress", "IpAddressIfExists"])
    condition = {operator: {"aws:SourceIp": draw.sample(NETWORKS, draw.randint(1, 2))}}
    return {"Action": "s3:GetObject", "Resource": [f"{FARM}/*"], "Condition": condition}


def by_id(draw: random.Random) -> dict[str, Any]:
    """A statement of a trust."""
    condition = by_tags(draw)["Condition"]
    [(operator, given)] = condition.items()
    [wanted] = given.values()
    who = {"AWS": "arn:aws:iam::222222222222:root"}
    return {"Action": "sts:AssumeRole", "Principal": who,
            "Condition": {operator: {"sts:ExternalId": wanted}}}  # fmt: skip


def evidence(statements: list[dict[str, Any]], *, trust: bool) -> Evidence:
    """An account with one user, one bucket and one role."""
    body = {"Version": "2012-10-17", "Statement": statements}
    own = Written(Policy("own", body, "trust" if trust else "identity"), body)
    role = f"arn:aws:iam::{ACCOUNT}:role/it"
    if trust:
        return Evidence(ACCOUNT, {}, {role: Thing("role", role, own)})
    known = Known(within={})
    ann = Holder(Party(Kind.USER, "ann", {}), ANN, known, (own,))
    return Evidence(ACCOUNT, {ann.shown.id: ann}, {FARM: Thing("bucket", FARM)})


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", [by_keys, by_tags, by_address, by_id])
def test_a_solver_decides_alike(kind):
    """Whether there is more, of every pair."""
    draw = random.Random(kind.__name__)
    found = {True: 0, False: 0}
    for _ in range(PAIRS):
        before, now = (
            [
                {"Effect": draw.choice(["Allow", "Allow", "Deny"]), **kind(draw)}
                for _ in range(draw.randint(1, 3))
            ]
            for _ in range(2)
        )
        trust = kind is by_id
        given = (evidence(each, trust=trust) for each in (before, now))
        more = [e for e in compare(*given) if isinstance(e, Witness) and _ours(e)]
        found[bool(more)] += 1
        assert bool(more) is Solver(numbers=kind is by_address, empty=kind is by_tags).more(
            before, now
        ), (before, now)
    assert min(found.values()) > PAIRS // 20  # both answers were given


def _ours(witness: Witness) -> bool:
    """Of what the solver is asked about: the bucket's objects by IPv4, and the role."""
    request = witness.request
    if request.resource.startswith("arn:aws:iam"):
        return True
    here = request.resource.startswith(f"{FARM}/")
    return here and ":" not in str(request.context.get("aws:sourceip", ""))
