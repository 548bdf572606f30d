"""The security token service: sessions of roles and users, and who one is.

moto's own lets expired and over-long sessions through, so this is written anew. Source: STS API
Reference, AssumeRole, GetSessionToken, GetCallerIdentity.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ...policies.evaluate import (
    Decision,
    Policies,
    Policy,
    Principal,
    Reason,
    Request,
    evaluate,
)
from .backend import PARTITION, Backend, compiled, split_arn
from .messages import Answer, AwsError, elements, query_result

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
EC2 = "ec2.amazonaws.com"
INSTANCE_SESSION = 21_600  # seconds: six hours, renewed by EC2 in time
CHAINED_MAXIMUM = 3_600  # seconds: a role assumed with a role's credentials
# Parameters that would narrow or mark a session: none is taken and then ignored.
_LEFT_OUT = {
    "PolicyArns",
    "ProvidedContexts",
    "SerialNumber",
    "SourceIdentity",
    "Tags",
    "TokenCode",
    "TransitiveTagKeys",
}


@dataclass(frozen=True)
class Session:
    """Temporary credentials, and whom they stand for."""

    access_key_id: str
    secret: str
    token: str
    expires: datetime
    issued: datetime
    principal: Principal
    user_id: str
    policy: Policy | None = None


@dataclass(frozen=True)
class Caller:
    """Who sent a request, once the signature was checked."""

    principal: Principal
    name: str = ""
    user_id: str = ""
    policies: Policies = field(default_factory=Policies)
    session: Session | None = None
    tags: Mapping[str, str] = field(default_factory=dict)  # as condition keys

    def __str__(self) -> str:
        return f"User: {self.principal.arn or 'anonymous'}"

    def refused(self, action: str, resource: str, decision: Decision) -> AwsError:
        """The error that says who may not do what, and which kind of policy is missing."""
        why = decision.reason.value
        if decision.reason is not Reason.EXPLICIT_DENY:
            why = f"{why} the {action} action"
        message = f"{self} is not authorized to perform: {action} on resource: {resource} {why}"
        return AwsError(403, "AccessDenied", message)


class Sts:
    """Answers STS's actions and keeps the sessions."""

    def __init__(self, store: Backend):
        self._store = store
        self._sessions: dict[str, Session] = {}

    def session(self, access_key_id: str) -> Session | None:
        """The session with that access key."""
        return self._sessions.get(access_key_id)

    def answer(
        self, action: str, form: dict[str, str], caller: Caller, context: dict[str, str]
    ) -> Answer:
        """Do one action for a caller who has been authenticated."""
        if left := sorted(key for key in form if key.partition(".")[0] in _LEFT_OUT):
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no {left[0]} of sessions")
        if action == "GetCallerIdentity":
            return query_result(action, NAMESPACE, _identity(caller))
        if action == "AssumeRole":
            return query_result(action, NAMESPACE, self._assume_role(form, caller, context))
        if action == "GetSessionToken":
            return query_result(action, NAMESPACE, self._session_token(form, caller))
        raise AwsError(501, "NotImplemented", f"the embedded AWS has no sts:{action}")

    def _assume_role(self, form: dict[str, str], caller: Caller, context: dict[str, str]) -> str:
        arn = _checked(form, "RoleArn", r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", 20, 2_048)
        session_name = _checked(form, "RoleSessionName", r"[\w+=,.@-]*", 2, 64)
        duration = _duration(form, 3_600, 43_200)
        policy = _session_policy(form)
        if "ExternalId" in form:
            context["sts:externalid"] = _checked(form, "ExternalId", r"[\w+=,.@:/-]*", 2, 1_224)
        context["sts:rolesessionname"] = session_name
        account, _, role_name = split_arn(arn)
        context["aws:resourceaccount"] = account
        role = self._store.role(account, role_name)
        refused = AwsError(
            403,
            "AccessDenied",
            f"{caller} is not authorized to perform: sts:AssumeRole on resource: {arn}",
        )
        if role is None or role.arn != arn:
            raise refused
        trust = self._trust(role)
        policies = Policies(
            identity=caller.policies.identity,
            boundary=caller.policies.boundary,
            session=caller.policies.session,
            resource=trust,
        )
        request = Request(caller.principal, "sts:AssumeRole", arn, account, context)
        if not evaluate(request, policies).allowed:
            raise refused
        if caller.principal.kind == "role" and duration > CHAINED_MAXIMUM:
            raise _invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                "by role chaining"
            )
        if duration > int(role.max_session_duration or 3_600):
            raise _invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        session = self._role_session(account, role, session_name, duration, policy)
        assumed = elements({"AssumedRoleId": session.user_id, "Arn": session.principal.arn})
        return f"{_credentials(session)}<AssumedRoleUser>{assumed}</AssumedRoleUser>"

    def instance_session(self, account: str, role_name: str) -> Session | None:
        """A session as EC2 gives it to a machine; None where the role does not trust EC2."""
        role = self._store.role(account, role_name)
        machine = Principal("service", arn=EC2)
        request = Request(machine, "sts:AssumeRole", role.arn, account)
        if not evaluate(request, Policies(resource=self._trust(role))).allowed:
            return None
        return self._role_session(account, role, "i-0abcdef1234567890", INSTANCE_SESSION, None)

    def _trust(self, role: Any) -> Policy:
        name, text = f"the trust policy of role {role.name}", role.assume_role_policy_document
        return self._store.resource_policy(name, role.arn, text, "trust")

    def _role_session(
        self, account: str, role: Any, name: str, seconds: int, policy: Policy | None
    ) -> Session:
        arn = f"arn:{PARTITION}:sts::{account}:assumed-role/{role.name}/{name}"
        principal = Principal("role", account, arn, role.id, role.arn)
        return self._new_session(principal, f"{role.id}:{name}", seconds, policy)

    def _session_token(self, form: dict[str, str], caller: Caller) -> str:
        if caller.session:
            raise AwsError(
                403, "AccessDenied", "Cannot call GetSessionToken with session credentials"
            )
        duration = _duration(form, 43_200, 129_600)
        return _credentials(self._new_session(caller.principal, caller.user_id, duration, None))

    def _new_session(
        self, principal: Principal, user_id: str, seconds: int, policy: Policy | None
    ) -> Session:
        now = datetime.now(UTC)
        session = Session(
            access_key_id="ASIA" + secrets.token_hex(8).upper(),
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(96),
            issued=now,
            expires=now + timedelta(seconds=seconds),
            principal=principal,
            user_id=user_id,
            policy=policy,
        )
        self._sessions[session.access_key_id] = session
        return session


def _identity(caller: Caller) -> str:
    return elements(
        {
            "Arn": caller.principal.arn,
            "UserId": caller.user_id,
            "Account": caller.principal.account,
        }
    )


def _credentials(session: Session) -> str:
    inside = elements(
        {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": session.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    return f"<Credentials>{inside}</Credentials>"


def _session_policy(form: dict[str, str]) -> Policy | None:
    if "Policy" not in form:
        return None
    if len(form["Policy"]) > 2_048:
        raise _invalid("Value at 'policy' failed to satisfy constraint: length at most 2048")
    try:
        return compiled("the session policy", form["Policy"])
    except (ValueError, json.JSONDecodeError) as error:
        raise AwsError(400, "MalformedPolicyDocument", str(error)) from None


def _checked(form: dict[str, str], name: str, pattern: str, shortest: int, longest: int) -> str:
    value, shown = form.get(name, ""), name[0].lower() + name[1:]
    if not shortest <= len(value) <= longest or not re.fullmatch(pattern, value, re.ASCII):
        raise _invalid(
            f"1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member "
            f"must have length between {shortest} and {longest} and satisfy regular expression "
            f"pattern: {pattern}"
        )
    return value


def _duration(form: dict[str, str], default: int, longest: int) -> int:
    given = form.get("DurationSeconds", str(default))
    if not given.isdigit() or not 900 <= int(given) <= longest:
        over = given.isdigit() and int(given) > longest
        rule = f"less than or equal to {longest}" if over else "greater than or equal to 900"
        raise _invalid(
            f"1 validation error detected: Value '{given}' at 'durationSeconds' failed to satisfy "
            f"constraint: Member must have value {rule}"
        )
    return int(given)


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)
