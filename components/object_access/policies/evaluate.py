"""Is this request allowed, and which statement decides?

The rules are those of the IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
elements": an explicit Deny anywhere wins; within one account an Allow of the identity policies or
of the resource's policy suffices; across accounts both must allow; a permissions boundary and a
session policy narrow what the identity policies give; to assume a role, its trust policy must
allow. Documents are compiled once (`Policy`) and then asked any number of times (`evaluate`).
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Any, Literal

from .documents import VERSION, PolicyDocument

Context = Mapping[str, str | Sequence[str]]

PrincipalKind = Literal["user", "role", "root", "service", "federated", "anonymous"]
PolicyKind = Literal["identity", "resource", "trust"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `arn` is the user's, for a role that of its session, a service's name, or for a
    token that of the identity provider who issued it."""

    kind: PrincipalKind
    account: str = ""
    arn: str = ""
    unique_id: str = ""
    role_arn: str = ""


ANONYMOUS = Principal("anonymous")


@dataclass(frozen=True, slots=True)
class Request:
    """One question: may `principal` do `action` on `resource`, which `account` owns?

    `action` is one action such as `s3:GetObject`, `resource` one ARN, neither with wildcards.
    `context` maps condition keys (in lower case, such as `s3:prefix`) to a value or, for a key
    with many values, to a list.
    """

    principal: Principal
    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)


class Reason(Enum):
    """Why a request was decided as it was, in the words of AWS's own refusals."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "with an explicit deny"
    NO_IDENTITY = "because no identity-based policy allows"
    NO_RESOURCE = "because no resource-based policy allows"
    NO_BOUNDARY = "because no permissions boundary allows"
    NO_SESSION = "because no session policy allows"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the statement that gave it: `policy` is a policy's name, `statement` a
    `Sid`, or `#2` for the second statement where it has none. Both are empty where nothing
    decided, that is, where no statement allowed. `account root` has no statement either."""

    allowed: bool
    reason: Reason
    policy: str = ""
    statement: str = ""

    def __str__(self) -> str:
        if not self.statement:
            return self.reason.value
        verb = "allowed" if self.allowed else "denied"
        return f"{verb} by statement '{self.statement}' of {self.policy}"


class Match(IntEnum):
    """How closely a `Principal` element names the one who asks."""

    NOT = 0
    ACCOUNT = 1  # the whole account: its own identity policies must allow, too
    ROLE = 2  # the role: narrowed by the boundary and the session policy
    DIRECT = 3  # this very user or session, or anyone


# --- patterns ------------------------------------------------------------------------------------

_TOKENS = re.compile(r"\$\{(?P<variable>[^}]*)\}|(?P<mark>[*?:])|(?P<text>[^*?:$]+|\$)")
_compile = lru_cache(maxsize=16_384)(re.compile)


class Pattern:
    """Text with the wildcards `*` and `?` and policy variables such as `${aws:username}`.

    What a variable holds is literal, never a wildcard; one without a value or a default matches
    nothing. In an ARN a wildcard stays within its segment, and only the last segment may itself
    hold colons ("IAM JSON policy elements: Resource").
    """

    __slots__ = ("_fixed", "_parts")

    def __init__(
        self, pattern: str, *, arn: bool = False, wild: bool = True, variables: bool = True
    ):
        # (its kind: "$" for a variable, "*", or text; its name or a regular expression)
        self._parts: list[tuple[str, str]] = []
        colons = 0
        for found in _TOKENS.finditer(pattern):
            if found["variable"] is not None and variables:
                self._parts.append(("$", found["variable"]))
                continue
            mark = found["mark"] or ""
            colons += mark == ":"
            one = "." if not arn or colons >= 5 else "[^:]"
            if mark in ("*", "?") and wild:
                self._parts.append((mark, f"{one}*" if mark == "*" else one))
            else:
                self._parts.append(("", re.escape(found[0])))
        fixed = all(kind != "$" for kind, _ in self._parts)
        self._fixed = self._joined({}) if fixed else None

    def _joined(self, context: Context) -> re.Pattern[str] | None:
        """One regular expression that never goes back: of what stands between two `*`, the first
        place where it fits is the best, since it leaves most to what follows."""
        done, star, text = "", "", ""
        for kind, part in self._parts:
            if kind == "*":
                done += f"(?>{star}?{text})" if star else text
                star, text = part, ""
                continue
            value = _variable(part, context) if kind == "$" else part
            if value is None:
                return None
            text += re.escape(value) if kind == "$" else value
        return _compile(f"{done}{star}{text}", re.DOTALL)

    def resolves(self, context: Context) -> bool:
        """Whether all its variables have values."""
        return self._fixed is not None or self._joined(context) is not None

    def matches(self, value: str, context: Context) -> bool:
        """Whether the whole of `value` fits."""
        regex = self._fixed or self._joined(context)
        return regex is not None and regex.fullmatch(value) is not None


def _variable(text: str, context: Context) -> str | None:
    """The value of `${key}` or `${key, 'default'}`; `${*}`, `${?}`, `${$}` are themselves."""
    if text in ("*", "?", "$"):
        return text
    key, _, default = text.partition(",")
    value = context.get(key.strip().lower())
    if isinstance(value, str):
        return value
    return default.strip().strip("'") if default and value is None else None


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _listed(value: object) -> list[str]:
    """A policy element that may be one value or a list, as a list of texts."""
    values = _each(value)
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


# --- conditions ----------------------------------------------------------------------------------

# A test of one value of the request against one value of the policy.
_Test = Callable[[str, Any, Context], bool]


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' is no number")
    return float(text)


def _moment(text: str) -> float:
    """Seconds since 1970, which a text may say itself; else a date of ISO 8601 as W3C profiles it,
    which may end with its month ("IAM JSON policy elements: Condition operators", dates)."""
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d\d", text) else text)
    except ValueError:
        raise ValueError(f"'{text}' is no date") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _compares(read: Callable[[str], float], holds: Callable[[float, float], bool]) -> _Test:
    def test(given: str, wanted: float, _: Context) -> bool:
        try:
            return holds(read(given), wanted)
        except ValueError:
            return False

    return test


def _within(given: str, wanted: ipaddress.IPv4Network | ipaddress.IPv6Network, _: Context) -> bool:
    try:
        return ipaddress.ip_address(given) in wanted
    except ValueError:
        return False


# Lower case, sign by sign: what is one letter stays one ("ß" is not "ss").
def _same_in_lower_case(given: str, wanted: Pattern, context: Context) -> bool:
    return wanted.matches(given.lower(), {key: _low(value) for key, value in context.items()})


def _low(value: str | Sequence[str]) -> str | list[str]:
    return value.lower() if isinstance(value, str) else [item.lower() for item in value]


def _matches(given: str, wanted: Pattern, context: Context) -> bool:
    return wanted.matches(given, context)


def _reading(**options: bool) -> Callable[..., Pattern]:
    return lambda text, variables: Pattern(text, variables=variables, **options)


def _plain(text: str, *, variables: bool) -> str:  # noqa: ARG001 one shape for all readers
    return text


def _truth(text: str, *, variables: bool) -> str:  # noqa: ARG001
    if text.lower() not in ("true", "false"):
        raise ValueError(f"'{text}' is neither true nor false")
    return text.lower()


def _lowered(text: str, *, variables: bool) -> Pattern:
    return Pattern(text.lower(), wild=False, variables=variables)


def _read_by(read: Callable[[str], Any]) -> Callable[..., Any]:
    """A value that is read once, when the policy is; it takes no variables."""
    return lambda text, variables: read(text)  # noqa: ARG005 one shape for all readers


_EQUAL, _LIKE, _ARN = _reading(wild=False), _reading(), _reading(arn=True)
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}
# Operator -> (how a value of the policy is read, how one value is tested). The negated operators
# are the same tests, turned round as a whole: `NotEquals [a, b]` is neither a nor b.
_OPERATORS: dict[str, tuple[Callable[..., Any], _Test]] = {
    "StringEquals": (_EQUAL, _matches),
    "StringEqualsIgnoreCase": (_lowered, _same_in_lower_case),
    "StringLike": (_LIKE, _matches),
    "ArnEquals": (_ARN, _matches),
    "ArnLike": (_ARN, _matches),
    "Bool": (_truth, lambda given, wanted, _: given.lower() == wanted),
    "BinaryEquals": (_plain, lambda given, wanted, _: given == wanted),
    "IpAddress": (_read_by(_network), _within),
    **{
        f"Numeric{name}": (_read_by(_number), _compares(_number, holds))
        for name, holds in _ORDER.items()
    },
    **{
        f"Date{name}": (_read_by(_moment), _compares(_moment, holds))
        for name, holds in _ORDER.items()
    },
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")


class Condition:
    """One operator and key of a `Condition` block, with the values it wants."""

    __slots__ = (
        "_if_absent", "_key", "_must_resolve", "_negated", "_null", "_quantifier", "_test",
        "_wanted",
    )  # fmt: skip

    def __init__(
        self, operator: str, key: str, values: object, *, variables: bool, allows: bool = False
    ):
        found = _OPERATOR.fullmatch(operator)
        quantifier, base, if_exists = found.groups() if found else (None, operator, None)
        self._key, self._quantifier = key.lower(), quantifier
        self._null = (
            {"true": True, "false": False}.get(_listed(values)[0]) if base == "Null" else None
        )
        if base == "Null" and self._null is not None and not (quantifier or if_exists):
            return
        self._negated = base in _NEGATED
        positive = _NEGATED.get(base, base)
        if positive not in _OPERATORS:
            raise ValueError(f"unknown condition operator '{operator}'")
        read, self._test = _OPERATORS[positive]
        self._wanted = [read(text, variables=variables) for text in _listed(values)]
        # A key that the request lacks: only a negated operator, IfExists and ForAllValues hold.
        self._if_absent = bool(if_exists) or (
            quantifier == "ForAllValues" if quantifier else self._negated
        )
        patterns = [want for want in self._wanted if isinstance(want, Pattern)]
        self._must_resolve = patterns if allows and self._negated else []  # see _Statement

    def holds(self, context: Context) -> bool:
        """Whether the request's context satisfies it."""
        given = context.get(self._key)
        if self._null is not None:
            return self._null == (given is None)
        if given is None or (not given and not isinstance(given, str)):
            return self._if_absent
        if not all(pattern.resolves(context) for pattern in self._must_resolve):
            return False
        values = [given] if isinstance(given, str) else given
        if self._quantifier == "ForAllValues":
            return all(self._one(value, context) for value in values)
        if self._quantifier == "ForAnyValue" or not self._negated:
            return any(self._one(value, context) for value in values)
        return all(self._one(value, context) for value in values)

    def _one(self, value: str, context: Context) -> bool:
        return self._negated != any(self._test(value, want, context) for want in self._wanted)


# --- statements and policies ---------------------------------------------------------------------

_ACTION = re.compile(r"[a-zA-Z0-9-]+:[\w*?]+|\*")


class Actions:
    """An `Action` or `NotAction` element; actions are compared without regard to case."""

    __slots__ = ("_names", "_patterns")

    def __init__(self, actions: Iterable[str]):
        lowered = []
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise ValueError(f"'{action}' is no action, write one as 'service:Name'")
            lowered.append(action.lower())
        self._names = frozenset(action for action in lowered if not set("*?") & set(action))
        self._patterns = [Pattern(action) for action in lowered if set("*?") & set(action)]

    def match(self, action: str) -> bool:
        """Whether the element covers the action, given in lower case."""
        return action in self._names or any(item.matches(action, {}) for item in self._patterns)


class Resources:
    """A `Resource` or `NotResource` element."""

    __slots__ = ("_any", "_patterns")

    def __init__(self, resources: Iterable[str], *, variables: bool):
        listed = list(resources)
        self._any = "*" in listed
        self._patterns: list[Pattern] = []
        for resource in listed:
            if resource != "*" and resource.count(":") < 5:
                raise ValueError(f"resource '{resource}' must be '*' or an ARN")
            self._patterns.append(Pattern(resource, arn=True, variables=variables))

    @property
    def patterns(self) -> list[Pattern]:
        """What it names, but for `*`."""
        return self._patterns

    def match(self, resource: str, context: Context) -> bool:
        """Whether the element covers this ARN."""
        return self._any or any(item.matches(resource, context) for item in self._patterns)


class Principals:
    """A `Principal` or `NotPrincipal` element."""

    __slots__ = ("_aws", "_everyone", "_providers", "_services")

    def __init__(self, element: object):
        by_kind = element if isinstance(element, Mapping) else {"AWS": element}
        unknown = set(by_kind) - {"AWS", "Service", "Federated", "CanonicalUser"}
        if unknown or (isinstance(element, str) and element != "*"):
            raise ValueError(f"'{element}' is no principal, write '*' or {{'AWS': ARN}}")
        self._aws = frozenset(_listed(by_kind.get("AWS", [])))
        self._services = frozenset(_listed(by_kind.get("Service", [])))
        self._providers = frozenset(_listed(by_kind.get("Federated", [])))
        self._everyone = "*" in self._aws
        if "CanonicalUser" in by_kind:
            raise ValueError("a principal by its canonical ID is not judged, name its account")
        for kind, names in by_kind.items():
            if not names or not all(isinstance(name, str) and name for name in _each(names)):
                raise ValueError(f"principals of {kind} must be texts")
        for name in self._aws:
            if "*" in name and name != "*":
                raise ValueError(f"principal '{name}' has a wildcard, only '*' alone may")
            if not _PRINCIPAL.fullmatch(name):
                raise ValueError(f"'{name}' is no account, user, role or session")

    @property
    def named(self) -> frozenset[str]:
        """The AWS principals as they were written: ARNs, account numbers, unique IDs or `*`."""
        return self._aws

    def match(self, principal: Principal) -> Match:
        """How closely the element names the one who asks."""
        who = {principal.arn, principal.unique_id} - {""}
        match = Match.NOT
        if principal.kind == "service":
            match = Match.DIRECT if principal.arn in self._services else Match.NOT
        elif principal.kind == "federated":
            match = Match.DIRECT if principal.arn in self._providers else Match.NOT
        elif (principal.kind == "user" and who & self._aws) or (
            principal.kind == "role" and principal.arn in self._aws
        ):
            match = Match.DIRECT
        elif self._everyone:
            # "Permissions boundaries and session policies do not limit" what a wildcard grants (IAM
            # User Guide, "How AWS enforcement code logic evaluates requests").
            match = Match.DIRECT
        elif principal.kind == "role" and {principal.role_arn, principal.unique_id} & self._aws:
            match = Match.ROLE
        elif principal.account and self._names_account(principal):
            match = Match.DIRECT if principal.kind == "root" else Match.ACCOUNT
        return match

    def spare(self, principal: Principal) -> bool:
        """Whether a Deny by NotPrincipal leaves out the one who asks: it must name the account,
        too, and both the role and the session ("AWS JSON policy elements: NotPrincipal")."""
        if self._everyone or principal.kind not in ("user", "role"):
            return self.match(principal) is Match.DIRECT
        named = {principal.arn, principal.unique_id} & self._aws
        role = principal.kind == "user" or {principal.role_arn, principal.unique_id} & self._aws
        return bool(named and role and self._names_account(principal))

    def _names_account(self, principal: Principal) -> bool:
        return any(
            name == principal.account or _root_of(name) == principal.account for name in self._aws
        )


# "AWS JSON policy elements: Principal": accounts, users, roles, sessions, and the unique IDs that
# stand for those that were deleted. Groups are none.
_PRINCIPAL = re.compile(
    r"\*|\d{12}|A[A-Z]{3}[A-Z0-9]+"
    r"|arn:[\w-]+:iam::\d{12}:(root|(user|role)/\S+)"
    r"|arn:[\w-]+:sts::\d{12}:(assumed-role/\S+/\S+|federated-user/\S+)"
)


@lru_cache(maxsize=4_096)
def _root_of(arn: str) -> str:
    """The account whose root an ARN names, or nothing."""
    found = re.fullmatch(r"arn:[^:]+:iam::(\d{12}):root", arn)
    return found[1] if found else ""


class _Statement:
    """One statement, compiled."""

    __slots__ = (
        "_must_resolve", "actions", "allows", "conditions", "name", "principals", "resources",
        "turned",
    )  # fmt: skip

    def __init__(self, element: Mapping[str, Any], name: str, kind: PolicyKind, *, variables: bool):
        self.name = name
        _check_elements(element, kind)
        self.allows = element["Effect"] == "Allow"
        # Which elements are given as their Not... form.
        self.turned = {
            part for part in ("Action", "Resource", "Principal") if "Not" + part in element
        }
        self.actions = Actions(_listed(_either(element, "Action")))
        self.resources = Resources(_listed(_either(element, "Resource", "*")), variables=variables)
        self.principals = Principals(_either(element, "Principal")) if kind != "identity" else None
        self.conditions = [
            Condition(operator, key, values, variables=variables, allows=self.allows)
            for operator, keys in element.get("Condition", {}).items()
            for key, values in keys.items()
        ]
        # What has no value is nothing that a resource or a key differs from: "any attempt to match
        # it fails and causes the statement to be invalid" (IAM User Guide, "Variables and tags").
        # One that denies goes on, since AWS says elsewhere that it "might" be invalid.
        turned = self.allows and "Resource" in self.turned
        self._must_resolve = self.resources.patterns if turned else []

    def match(
        self, request: Request, action: str, context: Context, *, bounded: bool = False
    ) -> Match:
        """How closely the statement fits the request; `NOT` where any element does not. Who is
        `bounded` by a permissions boundary is never spared by a NotPrincipal."""
        if self.actions.match(action) == ("Action" in self.turned):
            return Match.NOT
        who = Match.DIRECT
        if self.principals is not None:
            who = self.principals.match(request.principal)
            if "Principal" in self.turned:
                spared = self.principals.spare(request.principal) and not bounded
                who = Match.NOT if spared else Match.DIRECT
            if not who:
                return Match.NOT
        if self.resources.match(request.resource, context) == ("Resource" in self.turned):
            return Match.NOT
        if not all(pattern.resolves(context) for pattern in self._must_resolve):
            return Match.NOT
        return who if all(item.holds(context) for item in self.conditions) else Match.NOT


def _either(element: Mapping[str, Any], part: str, default: str = "") -> Any:
    return element.get(part, element.get("Not" + part, default))


def _check_elements(element: Mapping[str, Any], kind: PolicyKind) -> None:
    """Refuse what IAM refuses as a malformed statement."""
    known = {"Sid", "Effect", "Condition"}
    for part in ("Action", "Resource", "Principal"):
        known |= {part, "Not" + part}
        given = [name for name in (part, "Not" + part) if name in element]
        wanted = {
            "Action": True,
            "Resource": kind != "trust",
            "Principal": kind != "identity",
        }[part]
        if len(given) != wanted:
            rule = f"needs exactly one of {part} and Not{part}" if wanted else f"takes no {part}"
            raise ValueError(f"a statement of this {kind} policy {rule}")
        if wanted and not element[given[0]]:
            raise ValueError(f"the {given[0]} of a statement is empty")
    if element.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(f"Effect must be Allow or Deny, not '{element.get('Effect')}'")
    if "NotPrincipal" in element and (kind == "trust" or element["Effect"] == "Allow"):
        raise ValueError("NotPrincipal stands only where a resource's policy denies")
    if unknown := set(element) - known:
        raise ValueError(f"unknown element '{min(unknown)}' in a statement")


class Policy:
    """A policy document, compiled, under the name by which a decision will call it.

    `kind` says what it is attached to: an `identity` (also for boundaries and session policies),
    a `resource` such as a bucket, or a role as its `trust`. Raises ValueError for a document
    that AWS refuses as malformed.
    """

    __slots__ = ("_allows", "_denies", "name")

    def __init__(
        self, name: str, document: PolicyDocument | Mapping[str, Any], kind: PolicyKind = "identity"
    ):
        if not isinstance(document, Mapping):
            raise ValueError("a policy is one JSON object")
        version = document.get("Version", "2008-10-17")
        if version not in (VERSION, "2008-10-17"):
            raise ValueError(f"Version must be {VERSION}, not '{version}'")
        if unknown := set(document) - {"Version", "Id", "Statement"}:
            raise ValueError(f"unknown element '{min(unknown)}' in a policy")
        elements: Any = document.get("Statement") or []
        elements = [elements] if isinstance(elements, Mapping) else elements
        if not elements or not all(isinstance(element, Mapping) for element in elements):
            raise ValueError("a policy needs at least one statement, each a JSON object")
        sids = [element["Sid"] for element in elements if element.get("Sid")]
        if len(sids) != len(set(sids)):
            raise ValueError("two statements share a Sid")
        self.name = name
        compiled = [
            _Statement(
                element, element.get("Sid") or f"#{number}", kind, variables=version == VERSION
            )
            for number, element in enumerate(elements, 1)
        ]
        self._allows = [statement for statement in compiled if statement.allows]
        self._denies = [statement for statement in compiled if not statement.allows]

    @property
    def principals(self) -> frozenset[str]:
        """Every AWS principal that a statement names."""
        return frozenset().union(
            *(item.principals.named for item in self._allows + self._denies if item.principals)
        )

    def denied(
        self, request: Request, action: str, context: Context, *, bounded: bool = False
    ) -> str:
        """The name of the statement that denies, or nothing."""
        found = (s.name for s in self._denies if s.match(request, action, context, bounded=bounded))
        return next(found, "")

    def allowed(self, request: Request, action: str, context: Context) -> tuple[Match, str]:
        """The statement that allows most directly, and how directly."""
        best, name = Match.NOT, ""
        for statement in self._allows:
            match = statement.match(request, action, context)
            if match > best:
                best, name = match, statement.name
                if best is Match.DIRECT:
                    break
        return best, name


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that has a say in one request."""

    identity: Sequence[Policy] = ()
    resource: Policy | None = None
    boundary: Policy | None = None
    session: Policy | None = None


# --- the decision --------------------------------------------------------------------------------


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide one request. For `sts:AssumeRole`, `policies.resource` is the role's trust policy."""
    action = request.action.lower()
    context = {key.lower(): value for key, value in request.context.items()}
    every = [*policies.identity, policies.resource, policies.boundary, policies.session]
    # "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a
    # permissions boundary policy attached" (IAM User Guide, "Permissions boundaries").
    bounded = policies.boundary is not None
    for policy in every:
        if policy and (statement := policy.denied(request, action, context, bounded=bounded)):
            return Decision(False, Reason.EXPLICIT_DENY, policy.name, statement)

    def allow(policy: Policy | None) -> tuple[Match, Decision]:
        match, statement = policy.allowed(request, action, context) if policy else (Match.NOT, "")
        name = policy.name if policy else ""
        return match, Decision(bool(match), Reason.ALLOWED, name, statement)

    direct, by_resource = allow(policies.resource)
    if request.principal.kind in ("anonymous", "federated", "service"):
        return by_resource if direct else Decision(False, Reason.NO_RESOURCE)
    narrowed = None
    if policies.boundary and not allow(policies.boundary)[0]:
        narrowed = Reason.NO_BOUNDARY
    elif policies.session and not allow(policies.session)[0]:
        narrowed = Reason.NO_SESSION
    is_trust = action.startswith("sts:assumerole") or (
        policies.resource is not None and action in ("sts:tagsession", "sts:setsourceidentity")
    )
    # "No AWS principal has any permissions to a KMS key unless [...] provided explicitly" by the
    # key's own policy (KMS Developer Guide, "Key policies in AWS KMS").
    has_key = action.startswith("kms:") and policies.resource is not None
    at_home = request.principal.account == request.account

    if at_home and direct >= Match.ROLE:
        # The resource's policy suffices. A grant to a role is narrowed all the same, one to a
        # user or to a session by name is not; but a boundary must always allow assuming a role.
        exempt = direct is Match.DIRECT and not is_trust
        decision = by_resource
    elif (is_trust or has_key or not at_home) and not direct:
        return Decision(False, Reason.NO_RESOURCE)
    else:
        exempt = False
        decision = _by_identity(request.principal, (allow(policy) for policy in policies.identity))
    if decision.allowed and narrowed and not exempt:
        return Decision(False, narrowed)
    return decision


def _by_identity(asker: Principal, answers: Iterable[tuple[Match, Decision]]) -> Decision:
    if asker.kind == "root":
        return Decision(True, Reason.ALLOWED, "account root")
    allowed = (decision for match, decision in answers if match)
    return next(allowed, Decision(False, Reason.NO_IDENTITY))
