"""What an organisation's stacks must keep to, as plain functions: no engine and no cloud.

A rule takes resources and its settings, and tells what breaks it: one line that says what was
found, what is allowed and what to do. What only the cloud will know yet (`UNKNOWN` in a preview)
breaks no rule; it is judged when the engine asks again. No message repeats a condition's value or
metadata: external IDs and keys are in there.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, NamedTuple

from object_access.policies import cors, public, swift, trust
from object_access.policies.classes import (
    SOME,
    Known,
    combinations,
    contexts,
    read,
    resources_of,
)
from object_access.policies.evaluate import ANONYMOUS, Condition, Policy, Principal, Request
from object_access.policies.patterns import TooMany, after, members
from object_access.policies.reference import actions


class _Unknown(Enum):
    UNKNOWN = "known after the update"


UNKNOWN: Final = _Unknown.UNKNOWN
"""A value that the cloud has yet to make."""


@dataclass(frozen=True)
class Resource:
    """One resource of a stack, as the engine describes it."""

    type: str
    """Token such as "aws:s3/bucket:Bucket"."""
    inputs: Mapping[str, Any]
    """Properties by their names in the engine: camelCase."""
    name: str = ""
    urn: str = ""
    protect: bool = False
    origins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """URNs of the resources that a property comes from."""

    @property
    def kind(self) -> str:
        """The last part of the type."""
        return self.type.rpartition(":")[2]

    @property
    def stack(self) -> str:
        """The stack, which for this package is the environment."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}'"


class Violation(NamedTuple):
    """A broken rule, and where."""

    resource: Resource
    message: str


Violations = Iterator[Violation]

_EXTERNAL_ID = "sts:externalid"
_MOST = 10_000  # combinations of conditions that are looked at
_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_CONTAINER = "openstack:objectstorage/container:Container"
_STORE_BUCKET = "pulumi-python:dynamic/object-access:StoreBucket"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_ROLE = "aws:iam/role:Role"
_IDENTITY_POLICIES = (
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/policy:Policy",
)


_HOLDERS = {
    "aws:iam/userPolicy:UserPolicy": ("user", "aws:iam/user:User"),
    "aws:iam/rolePolicy:RolePolicy": ("role", _ROLE),
}
"""The inline policies of users and roles: the input that says whose, and the type of whom."""


# --- buckets ---


def private_buckets(resources: Sequence[Resource]) -> Violations:
    """Every bucket of the stack has a complete public access block."""
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    todo = "make it a PrivateBucket, or add a BucketPublicAccessBlock"
    for bucket, blocks in _with(resources, _BLOCK):
        if not blocks:
            yield Violation(
                bucket, f"{bucket} has no public access block, every bucket needs one; {todo}"
            )
        for block in blocks:
            off = [flag for flag in flags if block.inputs.get(flag) not in (True, UNKNOWN)]
            if off:
                yield Violation(
                    block, f"{block} leaves {_all(off)} off, all four must be true; turn them on"
                )


def buckets_with_policy(resources: Sequence[Resource]) -> Violations:
    """Every bucket of the stack has a policy, which `tls_only` then judges."""
    for bucket, policies in _with(resources, _BUCKET_POLICY):
        if not policies:
            yield Violation(
                bucket,
                f"{bucket} has no policy, so that it answers plain HTTP, and only TLS is allowed; "
                "make it a PrivateBucket, or add a BucketPolicy that denies the rest",
            )


def tls_only(resources: Sequence[Resource]) -> Violations:
    """A bucket's policy denies everyone everything over plain HTTP."""
    for resource in _of(resources, _BUCKET_POLICY):
        document, fault = _document(resource.inputs.get("policy"))
        if fault:
            yield Violation(resource, f"{resource}: {fault}")
        if document is None:
            continue
        try:
            policy = Policy("policy", document, "resource")
        except (TypeError, ValueError) as error:
            yield Violation(resource, f"{resource} cannot be judged: {error}; correct the policy")
            continue
        targets = _targets(resource, document)
        if not all(_refuses_http(document, policy, arn) for arn in targets):
            yield Violation(
                resource,
                f"{resource} lets plain HTTP through, only TLS is allowed; deny 's3:*' on the "
                "bucket and its objects to '*' where aws:SecureTransport is 'false', on no other "
                "condition",
            )


def cors_writes(resources: Sequence[Resource]) -> Violations:
    """Pages of any origin may read at most, not write."""
    for resource in _of(resources, "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"):
        rules = [_cors_rule(each) for each in _mappings(resource.inputs.get("corsRules"))]
        writes = [
            method
            for method in ("PUT", "POST", "DELETE")
            if any(cors.first_match([rule], origin, method) for rule in rules for origin in _ANYONE)
        ]
        if writes:
            yield Violation(
                resource,
                f"{resource} allows {_all(writes)} from every origin, which may read at most; "
                "name the origins that may write",
            )
    for container in _of(resources, _CONTAINER):
        metadata = container.inputs.get("metadata")
        given = metadata if isinstance(metadata, Mapping) else {}
        if any(
            key.lower() == swift.CORS_KEYS[0].lower() and "*" in _words(value)
            for key, value in given.items()
        ):
            yield Violation(
                container,
                f"{container} allows every origin, which to Swift means every method, too; "
                "name the origins",
            )


def swift_public(resources: Sequence[Resource]) -> Violations:
    """A container's access control lists let in nobody who is not named."""
    for container in _of(resources, _CONTAINER):
        for verb, key in (("read", "containerRead"), ("write", "containerWrite")):
            value = container.inputs.get(key)
            if isinstance(value, str) and (swift.is_public(value) or swift.LISTINGS in value):
                yield Violation(
                    container,
                    f"{container} has the {verb} ACL '{value}', which lets in people whom nobody "
                    "named; name projects, users or roles",
                )


def protected(resources: Sequence[Resource], stacks: Sequence[str] = ("prod*",)) -> Violations:
    """Stored data in stacks with these names cannot be deleted by mistake; `*` is a wildcard."""
    for store in _of(resources, *_BUCKETS, _CONTAINER, _STORE_BUCKET):
        if not any(fnmatchcase(store.stack, pattern) for pattern in stacks):
            continue
        # An adopted bucket is never deleted.
        if not store.protect and store.inputs.get("adopt") is not True:
            yield Violation(
                store,
                f"{store} can be deleted, which is not allowed in stack '{store.stack}'; leave "
                "'protect' on",
            )
        if store.inputs.get("forceDestroy", store.inputs.get("force_destroy")) is True:
            yield Violation(
                store,
                f"{store} would be deleted with its objects, which is not allowed in stack "
                f"'{store.stack}'; leave 'force_destroy' off",
            )


# --- principals ---


def external_id(
    resources: Sequence[Resource], accounts: Sequence[str] = (), length: float = 12
) -> Violations:
    """Whom a role trusts from another account must name one external ID, of at least this length.

    `accounts` are the organisation's own, beside the one that the role is in.
    """
    for role in _of(resources, _ROLE):
        own = {*accounts, _account(role.inputs.get("arn"))}
        document, _ = _document(role.inputs.get("assumeRolePolicy"))
        for statement in _allowing(document):
            if _asks_external_id(statement, length):
                continue
            for principal in _aws_principals(statement):
                account = _account(principal)
                if account and account not in own:
                    whole = trust.is_whole_account(principal)
                    who = f"the whole account {account}" if whole else f"'{principal}'"
                    yield Violation(
                        role,
                        f"{role} trusts {who} without an external ID of {length:.0f} or more signs "
                        "and no pattern, which another account must name; make it a "
                        "DelegatedRole, or list the account under 'accounts' if it is yours",
                    )


def oidc_trust(resources: Sequence[Resource], subjects: Sequence[str] = ()) -> Violations:
    """Tokens of a provider open a role only for subjects and audiences that are named in full.

    `subjects` are the exceptions: patterns, word for word, that are allowed.
    """
    for role in _of(resources, _ROLE):
        document, _ = _document(role.inputs.get("assumeRolePolicy"))
        for statement in _allowing(document):
            for provider in _federated(statement):
                issuer = provider.partition("oidc-provider/")[2]
                open_ = [
                    claim
                    for claim in ("sub", "aud")
                    if not _names(statement, f"{issuer}:{claim}", subjects)
                ]
                if issuer and open_:
                    yield Violation(
                        role,
                        f"{role} trusts tokens of {issuer} whatever their {_all(open_)}, and both "
                        "must be named in full; add StringEquals for it, or list the pattern "
                        "under 'subjects'",
                    )


def session_length(resources: Sequence[Resource], seconds: float = 3_600) -> Violations:
    """Sessions of a role are no longer than this, unless an external ID is asked for."""
    for role in _of(resources, _ROLE):
        longest = role.inputs.get("maxSessionDuration")
        document, _ = _document(role.inputs.get("assumeRolePolicy"))
        statements = _allowing(document)
        if not isinstance(longest, int | float) or longest <= seconds or not statements:
            continue
        if not all(_asks_external_id(each) for each in statements):
            yield Violation(
                role,
                f"{role} gives sessions of {longest:,.0f} seconds, {seconds:,.0f} are allowed "
                "without an external ID; shorten max_session_duration, or make it a DelegatedRole",
            )


def no_wildcards(resources: Sequence[Resource]) -> Violations:
    """No policy allows actions by wildcard, nor on unnamed places, nor anything to everyone.

    But for `s3:*` of a user or role on a bucket that is named: that is for `confined` to judge.
    """
    for resource in resources:
        for label, given in _policies(resource):
            document, fault = _document(given)
            where = f"{resource} {label}".strip()
            if fault:
                yield Violation(resource, f"{where}: {fault}")
            for statement in _allowing(document):
                if resource.type in _HOLDERS and _everything_in(statement):
                    continue
                for found, todo in _wildcards(statement):
                    yield Violation(resource, f"{where} allows {found}; {todo}")
        for arn in _managed(resource):
            if isinstance(arn, str) and ":iam::aws:policy/" in arn:
                yield Violation(
                    resource,
                    f"{resource} attaches '{arn}', whose actions are AWS's to widen; grant what is "
                    "needed with a PrefixPolicy",
                )


def confined(resources: Sequence[Resource], buckets: Mapping[str, str] | None = None) -> Violations:
    """Whoever may do `s3:*` with a bucket is denied to administer it, by the bucket's own policy.

    `buckets` are the exceptions: the names of buckets, each with the reason why.
    """
    excepted = {name for name, reason in (buckets or {}).items() if reason.strip()}
    for resource in resources:
        document, _ = _document(resource.inputs.get("policy"))
        if resource.type not in _HOLDERS:
            continue
        names = {name for each in _allowing(document) for name in _everything_in(each)}
        for name in sorted(names - excepted):
            if not _confines(resources, name, _holder(resources, resource)):
                yield Violation(
                    resource,
                    f"{resource} allows 's3:*' on bucket '{name}', whose policy lets it administer "
                    "the bucket; name it under 'confined' of a PrivateBucket, or give the bucket "
                    "and a reason under 'buckets'",
                )


def access_keys(
    resources: Sequence[Resource],
    most: float = 1,
    days: float = 90,
    now: datetime | None = None,
) -> Violations:
    """A user has one active key, two only while they are being rotated, and none is old."""
    by_user: dict[object, list[Resource]] = defaultdict(list)
    for key in _of(resources, "aws:iam/accessKey:AccessKey"):
        if key.inputs.get("status") == "Inactive":
            continue
        user = key.inputs.get("user")
        by_user[user if isinstance(user, str) else key.origins.get("user", key.name)].append(key)
        age = (now or datetime.now(UTC)) - _moment(key.inputs.get("createDate"))
        if age > timedelta(days=days):
            yield Violation(
                key,
                f"{key} is {age.days} days old, {days:.0f} are allowed; rotate it: add a second "
                "name to 'keys', apply, move the consumer over, drop the first name, apply",
            )
    for keys in by_user.values():
        if len(keys) > most:
            yield Violation(
                keys[0],
                f"{keys[0]} is one of {len(keys)} active keys of a user, {most:.0f} allowed except "
                "during a rotation; drop the old one once the consumer has moved over",
            )


# --- the table ---


@dataclass(frozen=True)
class Rule:
    """A rule with what the engine needs to know about it."""

    name: str
    description: str
    judge: Callable[..., Violations]
    """Takes resources, and the settings by name."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What can be configured, as JSON schemas; the defaults are the function's."""
    of: Literal["resource", "stack"] = "resource"
    """Judged one resource at a time, before each is made, or the whole stack at once, after."""
    mandatory: bool = True
    """Stops an update, or only warns."""


_TEXTS = {"type": "array", "items": {"type": "string"}}

RULES = (
    Rule("private-buckets", "Buckets block public access.", private_buckets, of="stack"),
    Rule("buckets-with-policy", "Buckets have a policy.", buckets_with_policy, of="stack"),
    Rule("tls-only", "Buckets answer TLS only.", tls_only),
    Rule("cors-writes", "Not every page may write.", cors_writes),
    Rule("swift-public", "Containers let in only who is named.", swift_public),
    Rule(
        "protected",
        "Production data cannot be deleted by mistake.",
        protected,
        {"stacks": _TEXTS},
    ),
    # Over the whole stack, since only there a role's ARN tells which account it is in.
    Rule(
        "external-id",
        "Another account must name an external ID.",
        external_id,
        {
            "accounts": {"type": "array", "items": {"type": "string", "pattern": r"^\d{12}$"}},
            "length": {"type": "integer", "minimum": 2, "maximum": 1_224},
        },
        of="stack",
    ),
    Rule(
        "oidc-trust",
        "Tokens are trusted by subject and audience.",
        oidc_trust,
        {"subjects": _TEXTS},
    ),
    Rule(
        "session-length",
        "Sessions are short, unless an external ID is asked for.",
        session_length,
        {"seconds": {"type": "number", "minimum": 3_600, "maximum": 43_200}},
    ),
    Rule(
        "no-wildcards",
        "Policies name actions and principals.",
        no_wildcards,
    ),
    # Over the whole stack: the policy of the bucket has a say.
    Rule(
        "confined",
        "Full access to a bucket is without its administration.",
        confined,
        {
            "buckets": {
                "type": "object",
                "additionalProperties": {"type": "string", "minLength": 10},
            }
        },
        of="stack",
    ),
    # Warnings: refusing two keys, or an old one, would refuse the very update that rotates it.
    Rule(
        "access-keys",
        "Access keys are few and young.",
        access_keys,
        {
            "most": {"type": "integer", "minimum": 1, "maximum": 2},
            "days": {"type": "integer", "minimum": 1},
        },
        of="stack",
        mandatory=False,
    ),
)


# --- resources ---


def _of(resources: Iterable[Resource], *types: str) -> list[Resource]:
    return [each for each in resources if each.type in types]


def _with(resources: Iterable[Resource], kind: str) -> Iterator[tuple[Resource, list[Resource]]]:
    """Every bucket, and the settings of that kind which are about it, or may be."""
    buckets, settings = _of(resources, *_BUCKETS), _of(resources, kind)
    urns = frozenset(bucket.urn for bucket in buckets)
    for bucket in buckets:
        yield bucket, [each for each in settings if _is_about(each, bucket, urns)]


def _is_about(setting: Resource, bucket: Resource, buckets: frozenset[str]) -> bool:
    name = setting.inputs.get("bucket")
    if name is not UNKNOWN:
        return name in [bucket.inputs.get(key, UNKNOWN) for key in ("bucket", "id")]
    origins = setting.origins.get("bucket", frozenset())
    return bucket.urn in origins or not origins & buckets


def _policies(resource: Resource) -> Iterator[tuple[str, Any]]:
    """The policy documents of a resource, each with a word on which it is."""
    if resource.type in (*_IDENTITY_POLICIES, _BUCKET_POLICY):
        yield "", resource.inputs.get("policy")
    elif resource.type == _ROLE:
        yield "as its trust", resource.inputs.get("assumeRolePolicy")
        for inline in _mappings(resource.inputs.get("inlinePolicies")):
            yield "inline", inline.get("policy")
    elif resource.type in _BUCKETS and "policy" in resource.inputs:
        yield "inline", resource.inputs["policy"]


def _managed(resource: Resource) -> list[Any]:
    """ARNs of the managed policies that a resource attaches."""
    if not resource.type.startswith("aws:iam/"):
        return []
    many = resource.inputs.get("managedPolicyArns")
    return [resource.inputs.get("policyArn"), *(many if isinstance(many, list) else [])]


# --- policy documents ---


def _document(given: object) -> tuple[Mapping[str, Any] | None, str]:
    """The document, or None for one that is not known or cannot be read; and what is wrong."""
    document: object = given
    if isinstance(given, str):
        try:
            document = json.loads(given)
        except ValueError:
            return None, "the policy is no JSON; correct it"
    if document is None or not _known(document):
        return None, ""
    if isinstance(document, Mapping) and all(_is_statement(each) for each in _statements(document)):
        return document, ""
    return None, "the policy is malformed; correct it"


def _statements(document: Mapping[str, Any]) -> list[Any]:
    given = document.get("Statement")
    return given if isinstance(given, list) else [given]


def _is_statement(given: object) -> bool:
    if not isinstance(given, Mapping):
        return False
    condition = given.get("Condition", {})
    return isinstance(condition, Mapping) and all(
        isinstance(keys, Mapping) for keys in condition.values()
    )


def _known(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_known(each) for each in value.values())
    if isinstance(value, list):
        return all(_known(each) for each in value)
    return value is not UNKNOWN


def _allowing(document: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The statements that allow something."""
    statements = _statements(document) if document else []
    return [each for each in statements if each.get("Effect") == "Allow"]


def _wildcards(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a statement allows by wildcard, and what to do about it."""
    for part in ("NotAction", "NotPrincipal"):
        if part in statement:
            named = part.removeprefix("Not")
            yield f"whatever {part} does not name", f"name what is allowed under '{named}'"
    wild = [each for each in _listed(statement.get("Action")) if set("*?") & set(each)]
    if wild:
        yield (
            f"{_all(wild)}, and actions must be named",
            "name them (object_access.policies.grants has the lists), or, where a consumer needs "
            "'s3:*', grant it on a bucket that is named",
        )
    if "NotResource" in statement:
        yield "whatever NotResource does not name", "name what is allowed under 'Resource'"
    if not wild and "Principal" not in statement and (wide := _wide(statement)):
        yield (
            f"something on {_all(wide)}, and places must be named",
            "name the bucket, key, role or user",
        )
    if "Principal" in statement and _opens(statement):
        yield "everyone, and principals must be named", "name accounts, roles or users"


def _wide(statement: Mapping[str, Any]) -> list[str]:
    """The resources of a statement that may be of more than one bucket, key, role or user. What is
    asked for on none in particular, such as `s3:ListAllMyBuckets`, needs `*`."""
    known = actions()
    asked = [known.get(each.lower()) for each in _listed(statement.get("Action"))]
    if asked and all(each and each.types == {"*"} for each in asked):
        return []
    return [each for each in _listed(statement.get("Resource")) if not _NAMED.match(each)]


# What follows the service, region and account is literal: as a whole, or a bucket and a slash.
_NAMED = re.compile(r"arn:[^:]+:(s3:::[^*?$/]+(/|\Z)|[^:]+:[^:]*:[^:]*:[^*?$]+\Z)")
# Conditions by which everyone is somebody of an organisation or account that is named.
_OURS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})


def _opens(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is for everyone. An organisation's own members are not; an account that
    a condition names is one that `Principal` should."""
    try:
        if public.is_public({"Statement": [statement]}):
            return True
        keys = {key.lower() for each in statement.get("Condition", {}).values() for key in each}
        everyone = public.is_public({"Statement": [{**statement, "Condition": {}}]})
    except (AttributeError, TypeError, ValueError):  # what is no condition holds nobody off
        return True
    return everyone and "aws:principalaccount" in keys and not keys & _OURS


def _everything_in(statement: Mapping[str, Any]) -> set[str]:
    """The buckets on which a statement allows `s3:*`, where it allows nothing else."""
    if set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        return set()
    arns = _listed(statement.get("Resource"))
    named = _listed(statement.get("Action")) == ["s3:*"] and all(map(_NAMED.match, arns))
    return {arn.partition(":::")[2].partition("/")[0] for arn in arns} if named else set()


def _holder(resources: Sequence[Resource], policy: Resource) -> Any:
    """The ARN of the user or role whose inline policy it is; unknown as long as it is."""
    key, kind = _HOLDERS[policy.type]
    name, origins = policy.inputs.get(key, UNKNOWN), policy.origins.get(key, frozenset())
    for each in _of(resources, kind):
        if each.inputs.get("name") == name or each.urn in origins:
            return each.inputs.get("arn", UNKNOWN)
    return UNKNOWN if name is UNKNOWN else None


def _confines(resources: Sequence[Resource], bucket: str, arn: Any) -> bool:
    """Whether the bucket's policy denies them whatever is not named in it; what is not known yet
    may."""
    for each in _of(resources, _BUCKET_POLICY):
        given = each.inputs.get("policy")
        if each.inputs.get("bucket") not in (bucket, UNKNOWN) or arn is None:
            continue
        if arn is UNKNOWN or not _known(given):
            return True
        document, _ = _document(given)
        try:
            policy = Policy("policy", document or {}, "resource")
        except (TypeError, ValueError):  # for `tls_only` to tell
            continue
        # No such action exists, so that only a statement on all but some of them is about it.
        asked, context = "s3:anything", {"aws:principalarn": arn, "aws:securetransport": "true"}
        who = Principal("user", _account(arn), arn)
        there = f"arn:{arn.split(':')[1]}:s3:::{bucket}"
        return all(
            policy.denied(Request(who, asked, place, ""), asked, context)
            for place in (there, f"{there}/key")
        )
    return False


def _asks_external_id(statement: Mapping[str, Any], length: float = 0) -> bool:
    """Whether a statement of a trust refuses who names no external ID, or a wrong one: by a list
    of IDs, each of this length at least."""
    return any(
        key.lower() == _EXTERNAL_ID
        and not _holds_without(operator, key, values)
        and _literal(operator, values)
        and all(len(each) >= length for each in _listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _names(statement: Mapping[str, Any], claim: str, exceptions: Sequence[str]) -> bool:
    """Whether a statement accepts but the values of a claim that it names in full."""
    return any(
        key.lower() == claim.lower()
        and not _holds_without(operator, key, values)
        and all(each in exceptions or _literal(operator, each) for each in _listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _literal(operator: str, values: object) -> bool:
    wild = operator.rpartition(":")[2].startswith(("StringLike", "Arn"))
    signs = "*?$" if wild else "$"
    return not any(set(signs) & set(each) for each in _listed(values))


def _holds_without(operator: str, key: str, values: object) -> bool:
    """Whether a condition holds for a request without the key, or with a value like no other."""
    try:
        condition = Condition(operator, key, values, variables=True)
        return condition.holds({}) or condition.holds({key.lower(): "\uffff"})
    except ValueError:  # an operator that IAM does not know: it refuses the role
        return True


def _federated(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    return _listed(principal.get("Federated")) if isinstance(principal, Mapping) else []


def _aws_principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    return _listed(principal.get("AWS")) if isinstance(principal, Mapping) else []


def _account(principal: object) -> str:
    """The account in a principal or another ARN; nothing for what has none, such as the unique ID
    that IAM leaves in the place of a principal who is gone."""
    if not isinstance(principal, str):
        return ""
    if principal.isdigit():
        return principal
    parts = principal.split(":")
    return parts[4] if principal.startswith("arn:") and len(parts) > 5 else ""


def _targets(resource: Resource, document: Mapping[str, Any]) -> list[str]:
    """ARNs of the buckets that a bucket's policy is about: its own, or in a preview, where that
    may be unknown, those that it names."""
    named = {
        arn.partition("/")[0]
        for statement in _statements(document)
        for arn in _listed(statement.get("Resource"))
        if ":s3:::" in arn
    }
    bucket = resource.inputs.get("bucket")
    if not isinstance(bucket, str):
        return sorted(named)
    partition = next((arn.split(":")[1] for arn in sorted(named)), "aws")
    return [f"arn:{partition}:s3:::{bucket}"]


def _refuses_http(document: Mapping[str, Any], policy: Policy, bucket_arn: str) -> bool:
    """Whether every plain request is denied: to anybody, for any key, whatever else it says."""
    # No such action exists, so that only a statement on all of them is about it.
    action, plain = "s3:anything", {"aws:securetransport": "false"}
    known, denying = Known(plain), [each for each in read(document) if not each.allows]
    patterns = resources_of(denying, known)
    keys = members(frozenset(e for p in patterns for e in after(p, f"{bucket_arn}/")), SOME)
    askers = [ANONYMOUS, *(Principal("user", _account(e), e) for e in sorted(policy.principals))]
    try:
        return all(
            policy.denied(Request(asker, action, arn, ""), action, {**context, **plain})
            for context in combinations(contexts(denying, known), _MOST)
            for arn in (bucket_arn, *(f"{bucket_arn}/{key}" for key in keys))
            for asker in askers
        )
    except TooMany:
        return False


# --- values ---

# Origins that no rule names; a rule that fits one of them fits every page there is.
_ANYONE = ("https://anyone.invalid", "http://anyone.invalid")


def _cors_rule(given: Mapping[str, Any]) -> cors.CorsRule:
    return {
        "AllowedOrigins": _listed(given.get("allowedOrigins")),
        "AllowedMethods": [method.upper() for method in _listed(given.get("allowedMethods"))],
        "AllowedHeaders": [],
        "ExposeHeaders": [],
        "MaxAgeSeconds": 0,
    }


def _moment(given: object) -> datetime:
    """When a key was made; the end of time for one that is yet to be made."""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _mappings(given: object) -> list[Mapping[str, Any]]:
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []


def _listed(given: object) -> list[str]:
    """The known texts of what may be one or several."""
    several = given if isinstance(given, list | tuple) else [given]
    return [each for each in several if isinstance(each, str)]


def _words(given: object) -> list[str]:
    return given.split() if isinstance(given, str) else []


def _all(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
