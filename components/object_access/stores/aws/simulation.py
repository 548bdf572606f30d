"""IAM's policy simulator, answered by the evaluator that decides every request.

Source: IAM API Reference, SimulateCustomPolicy and SimulatePrincipalPolicy.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from ...policies.evaluate import (
    Decision,
    Policies,
    Policy,
    Principal,
    Reason,
    Request,
    evaluate,
)
from .backend import Backend, condition_keys, split_arn
from .context import Call
from .messages import AwsError, elements

ACTIONS = frozenset({"SimulateCustomPolicy", "SimulatePrincipalPolicy"})
# Parameters whose part in a decision is not simulated.
_UNSERVED = ("ResourceHandlingOption",)


def answer(call: Call, store: Backend) -> str:
    """The result of a simulation, as XML: a decision for each action on each resource."""
    given, account = call.given, call.caller.principal.account
    if left := [name for name in _UNSERVED if name in given]:
        raise AwsError(501, "NotImplemented", f"the embedded AWS simulates no {left[0]}")
    own, principal = _of_principal(call, store)
    texts = given.get("PolicyInputList", [])
    own += [_policy(f"PolicyInputList.{number}", text) for number, text in enumerate(texts, 1)]
    bounds = given.get("PermissionsBoundaryPolicyInputList", [])
    if len(bounds) > 1:
        raise AwsError(501, "NotImplemented", "the embedded AWS simulates one boundary at a time")
    boundary = _policy("PermissionsBoundaryPolicyInputList.1", bounds[0]) if bounds else None
    if "PolicySourceArn" in given and boundary is None:
        boundary = _holder_policies(call, store).boundary
    resource = (
        _policy("ResourcePolicy", given["ResourcePolicy"], "resource")
        if "ResourcePolicy" in given
        else None
    )
    policies = Policies(tuple(own), resource, boundary)
    context = _context(given.get("ContextEntries", ()))
    owner = _account(given.get("ResourceOwner", "")) or account
    wanted = {key.lower() for text in texts + bounds for key in condition_keys(text)}
    missing = sorted(wanted - context.keys())
    results = ""
    for action in given["ActionNames"]:
        for arn in given.get("ResourceArns", ["*"]):
            decision = evaluate(Request(principal, action, arn, owner, context), policies)
            results += f"<member>{_result(action, arn, decision, missing)}</member>"
    return f"<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"


def _of_principal(call: Call, store: Backend) -> tuple[list[Policy], Principal]:
    """Whose policies are tried, and who is taken to ask."""
    given = call.given
    source = given.get("PolicySourceArn", "")
    arn = given.get("CallerArn") or source or call.caller.principal.arn
    account, kind, name = split_arn(arn)
    if kind == "role":
        session = f"arn:aws:sts::{account}:assumed-role/{name}/simulated"
        principal = Principal("role", account, session, role_arn=arn)
    else:
        principal = Principal("user", account, arn)
    return (list(_holder_policies(call, store).identity) if source else []), principal


def _holder_policies(call: Call, store: Backend) -> Policies:
    account, kind, name = split_arn(call.given["PolicySourceArn"])
    own = call.caller.principal.account
    if account != own or kind not in ("user", "role", "group") or not store.holder(own, kind, name):
        raise AwsError(404, "NoSuchEntity", f"{kind or 'entity'} {name} cannot be found.")
    find = {
        "user": store.user_policies,
        "role": store.role_policies,
        "group": store.group_policies,
    }[kind]
    return find(account, name)


def _policy(name: str, text: str, kind: Any = "identity") -> Policy:
    try:
        return Policy(name, json.loads(text), kind)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise AwsError(400, "InvalidInput", f"{name}: {error}") from None


def _context(entries: Sequence[Mapping[str, Any]]) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {}
    for entry in entries:
        values = entry.get("ContextKeyValues", [])
        many = entry.get("ContextKeyType", "string").endswith("List")
        key = entry.get("ContextKeyName", "").lower()
        if not many and len(values) != 1:
            raise AwsError(400, "InvalidInput", f"{key} needs exactly one value")
        context[key] = values if many else values[0]
    return context


def _account(arn_or_number: str) -> str:
    return arn_or_number.split(":")[4] if ":" in arn_or_number else arn_or_number


def _result(action: str, arn: str, decision: Decision, missing: list[str]) -> str:
    words = "allowed" if decision.allowed else "implicitDeny"
    words = "explicitDeny" if decision.reason is Reason.EXPLICIT_DENY else words
    matched = "".join(_statements(decision))
    absent = "".join(f"<member>{escape(key)}</member>" for key in missing)
    told = {"EvalActionName": action, "EvalResourceName": arn, "EvalDecision": words}
    return (
        f"{elements(told)}<MatchedStatements>{matched}</MatchedStatements>"
        f"<MissingContextValues>{absent}</MissingContextValues>"
    )


def _statements(decision: Decision) -> Iterator[str]:
    if decision.statement:
        yield f"<member>{elements({'SourcePolicyId': decision.policy})}</member>"
