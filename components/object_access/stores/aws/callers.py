"""Who sent a request: a user, a session, the root of an account, or nobody who signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ...policies.evaluate import ANONYMOUS, Decision, Policies, Policy, Principal, Reason
from . import signatures
from .backend import Backend
from .messages import AwsError
from .signatures import Claim

SessionKind = Literal["role", "user", "federated"]


@dataclass(frozen=True)
class Session:
    """Temporary credentials, and whom they stand for: a role, a user, or one whom a user vouched
    for (`GetFederationToken`)."""

    access_key_id: str
    secret: str
    token: str
    expires: datetime
    issued: datetime
    kind: SessionKind
    principal: Principal
    user_id: str
    policy: Policy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()  # of the tags' keys, those that chaining hands on
    source_identity: str = ""
    provider: str = ""  # who issued the token that it was given for


@dataclass(frozen=True)
class Caller:
    """Who sent a request, once the signature was checked."""

    principal: Principal
    name: str = ""
    user_id: str = ""
    policies: Policies = field(default_factory=Policies)
    session: Session | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"User: {self.principal.arn or 'anonymous'}"

    def refused(self, action: str, resource: str, decision: Decision) -> AwsError:
        """The error that says who may not do what, and which kind of policy is missing."""
        why = decision.reason.value
        if decision.reason is not Reason.EXPLICIT_DENY:
            why = f"{why} the {action} action"
        message = f"{self} is not authorized to perform: {action} on resource: {resource} {why}"
        return AwsError(403, "AccessDenied", message)


class Callers:
    """Finds whom a signature proves; keeps the sessions."""

    def __init__(self, store: Backend):
        self._store = store
        self._sessions: dict[str, Session] = {}

    def begin(self, session: Session) -> None:
        """From now on the session's keys are known."""
        self._sessions[session.access_key_id] = session

    def account_of(self, access_key_id: str) -> str:
        """The account of an access key of any kind; nothing for an unknown one."""
        if session := self._sessions.get(access_key_id):
            return session.principal.account
        key = self._store.key(access_key_id)
        return key.account if key else ""

    def caller(self, claim: Claim | None, service: str, now: datetime) -> Caller:
        """Whom the claim proves.

        Raises AwsError where the key is unknown, inactive or expired, or the signature wrong.
        """
        if claim is None:
            return Caller(ANONYMOUS)
        signatures.check_service(claim, "s3" if service == "s3control" else service)
        if session := self._sessions.get(claim.access_key_id):
            return self._of_session(session, claim, service, now)
        key = self._store.key(claim.access_key_id)
        if key is None or not key.active:
            raise _bad_key(service, claim.access_key_id)
        claim.check(key.secret)
        if claim.token:
            raise _bad_token(service)
        if not key.user_name:
            arn = f"arn:aws:iam::{key.account}:root"
            return Caller(Principal("root", key.account, arn, key.account), "", key.account)
        self._store.used(claim.access_key_id, key.account, service, claim.region)
        return self._user(key.account, self._store.user(key.account, key.user_name), None)

    def _of_session(self, session: Session, claim: Claim, service: str, now: datetime) -> Caller:
        claim.check(session.secret)
        if claim.token != session.token:
            raise _bad_token(service)
        if now >= session.expires:
            status = 400 if service == "s3" else 403
            raise AwsError(status, "ExpiredToken", "The provided token has expired.")
        account = session.principal.account
        if session.principal.kind == "root":
            return Caller(session.principal, "", session.user_id, session=session)
        # By its unique ID: the name may be another's by now.
        holder = self._store.by_id(account, session.principal.unique_id)
        if holder is None:
            raise _bad_key(service, claim.access_key_id)
        if session.kind == "user":
            return self._user(account, holder, session)
        find = self._store.role_policies if session.kind == "role" else self._store.user_policies
        own = find(account, holder.name)
        policies = Policies(own.identity, None, own.boundary, session.policy)
        tags = _merged(self._store.tags(holder), session.tags)
        return Caller(session.principal, holder.name, session.user_id, policies, session, tags)

    def _user(self, account: str, user: Any, session: Session | None) -> Caller:
        principal = Principal("user", account, user.arn, user.id)
        policies = self._store.user_policies(account, user.name)
        return Caller(principal, user.name, user.id, policies, session, self._store.tags(user))


def _merged(own: Mapping[str, str], of_session: Mapping[str, str]) -> dict[str, str]:
    """Tags whose keys are the same in all but case are one, and the session's wins."""
    given = {key.lower() for key in of_session}
    kept = {key: value for key, value in own.items() if key.lower() not in given}
    return {**kept, **of_session}


def _bad_key(service: str, access_key_id: str) -> AwsError:
    if service == "s3":
        return AwsError(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            AWSAccessKeyId=access_key_id,
        )
    return _bad_token(service)


def _bad_token(service: str) -> AwsError:
    if service == "s3":
        return AwsError(
            400, "InvalidToken", "The provided token is malformed or otherwise invalid."
        )
    return AwsError(
        403, "InvalidClientTokenId", "The security token included in the request is invalid."
    )
