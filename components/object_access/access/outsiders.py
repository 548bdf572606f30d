"""Who may ask beside those whom a program makes: by how a policy names them, and everybody else."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..policies.classes import ACCOUNT, ARN, SOME, Known
from ..policies.evaluate import ANONYMOUS, Principal
from ..policies.patterns import Tokens, pattern
from .model import Kind, Party
from .reading import PROBE, listed, written

STRANGER = "000000000000"
"""An account that nobody names."""
ANYBODY = "any other account"
ELSEWHERE = "others of this account, by policies elsewhere"
"""Whoever has rights in the program's own account that it does not say, such as administrators."""
NOBODY = Party(Kind.ANONYMOUS, "anyone without login", {})
EVERYTHING = written(
    "its own policies",
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
)
"""What their own account may allow them, which we cannot see."""


class Outsider(NamedTuple):
    """Somebody of another account, or of none."""

    shown: Party
    asker: Principal
    context: Mapping[str, str]
    """What is known of every request of theirs."""


def by_name(name: str) -> Outsider:
    """Somebody whom a policy names: an account, a role, a user, or by `*` a stranger."""
    account = account_of(name) or STRANGER
    whole = name == "*" or name.isdigit() or name.endswith(":root")
    arn = f"arn:aws:iam::{account}:user/{PROBE}" if whole else name
    shown = ANYBODY if name == "*" else f"account {account}" if whole else name
    is_role = ":role/" in arn
    session = re.sub(r":iam:(.*):role/(?:.*/)?", r":sts:\1:assumed-role/", arn) + f"/{PROBE}"
    asker = (
        Principal("role", account, session, "", arn) if is_role else Principal("user", account, arn)
    )
    context = {
        "aws:principalarn": arn,
        "aws:principalaccount": account,
        "aws:principaltype": "AssumedRole" if is_role else "User",
    }
    return Outsider(Party(Kind.OUTSIDER, shown, {}), asker, context)


def service(name: str) -> Outsider:
    """A service of AWS."""
    return Outsider(Party(Kind.OUTSIDER, f"service {name}", {}), Principal("service", arn=name), {})


def account_of(name: str) -> str:
    """The account of a principal, by how a policy names it."""
    return name if name.isdigit() else (name.split(":") + [""] * 5)[4]


# --- for a proof: all that is not fixed is open ---


def named(
    statements: Iterable[Mapping[str, Any]], ours: Collection[str]
) -> Iterator[tuple[Outsider, Known]]:
    """Everybody whom statements name and who is not ours."""
    every = list(statements)
    for kind, names in (
        (kind, sorted({name for each in every for name in _of_kind(each, kind)}))
        for kind in ("AWS", "Service", "Federated")
    ):
        for name in names:
            if kind == "Service":
                yield service(name), _UNSIGNED
            elif kind == "Federated":
                issuer = name.partition("oidc-provider/")[2] or name
                shown = Party(Kind.OUTSIDER, f"bearers of tokens by {issuer}", {})
                yield Outsider(shown, Principal("federated", arn=name), {}), _UNSIGNED
            elif name != "*" and name not in ours:
                found = by_name(name)
                whole = found.shown.name.startswith("account ")
                number = found.context[ACCOUNT]
                yield found, _of_account(number) if whole else Known(found.context)
    for name in sorted({each for s in every for each in _of_kind(s, "AWS", ("NotPrincipal",))}):
        if name not in ours and (account_of(name) == name or name.endswith(":root")):
            # It spares who is named, and of an account that is its root user alone.
            number = account_of(name)
            arn = f"arn:aws:iam::{number}:root"
            context = {ARN: arn, ACCOUNT: number}
            shown = Party(Kind.OUTSIDER, f"root of account {number}", {})
            yield Outsider(shown, Principal("root", number, arn), context), Known(context)


def unnamed(account: str, taken: frozenset[str]) -> Iterator[tuple[Outsider, Known, bool]]:
    """Everybody else, and whether their own policies allow them everything. The ARNs that are
    `taken` are somebody's who is asked themselves."""
    yield Outsider(NOBODY, ANONYMOUS, {}), _UNSIGNED, False
    yield by_name("*"), Known(within={ARN: arns()}), True
    arn = f"arn:aws:iam::{account}:user/{PROBE}"
    other = Principal("user", account, arn)
    for name, everything in (
        (ELSEWHERE, True),
        ("others of this account, without any policy", False),
    ):
        shown = Party(Kind.USER, name, {})
        yield Outsider(shown, other, {}), replace(_of_account(account), taken=taken), everything


def _of_account(number: str) -> Known:
    """What is known of anybody in an account."""
    return Known({ACCOUNT: number}, within={ARN: arns(number)})


def arns(account: str = "") -> Tokens:
    """All ARNs of principals, or those of an account: `arn:aws:iam::<account>:...`."""
    return (*pattern(f"arn:?*:?*::{account or '?*'}:", arn=True), *SOME)


_UNSIGNED = Known(
    absent=("aws:principalarn", "aws:principalaccount", "aws:principaltag", "aws:user")
)


def names_all(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about everybody."""
    return "*" in _of_kind(statement, "AWS", ("Principal",))


def _of_kind(
    statement: Mapping[str, Any], kind: str, parts: Iterable[str] = ("Principal", "NotPrincipal")
) -> list[str]:
    found: list[str] = []
    for part in parts:
        element = statement.get(part, {})
        by_kind = element if isinstance(element, Mapping) else {"AWS": element}
        found += listed(by_kind.get(kind, []))
    return found
