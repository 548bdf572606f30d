"""The security token service: sessions of roles and users, and who one is.

moto's own lets expired and over-long sessions through, so this is written anew. Source: STS API
Reference, each action; IAM User Guide, "Pass session tags in AWS STS", "Monitor and control actions
taken with assumed roles" (source identity).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ...policies.evaluate import Policies, Policy, Principal, Request, evaluate
from .backend import PARTITION, Backend, compiled, split_arn
from .callers import Caller, Callers, Session, SessionKind
from .context import Call, Subject
from .decision import decide, require
from .messages import Answer, AwsError, elements, query_result
from .oidc import Issuer

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
EC2 = "ec2.amazonaws.com"
INSTANCE_SESSION = 21_600  # seconds: six hours, renewed by EC2 in time
CHAINED_MAXIMUM = 3_600  # seconds: a role assumed with a role's credentials
ROOT_MAXIMUM = 3_600  # seconds: what an account's root may ask for
LONGEST_POLICY = 2_048  # signs of a session's policies together
MOST_TAGS = 50
# What a session cannot have: named so that it is never taken and then ignored.
UNSERVED = {"ProvidedContexts", "SerialNumber", "TokenCode"}
# What may be said of a token by a trust policy ("Available keys for AWS OIDC federation").
TOKEN_KEYS = ("amr", "aud", "oaud", "sub")
_TAGS_CLAIM = "https://aws.amazon.com/"
_NOTHING = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"none:None","Resource":"*"}}'
)


# What sessions may ask STS for, beside who they are ("Compare AWS STS credentials").
_OF_SESSIONS: Mapping[SessionKind, set[str]] = {
    "role": {"AssumeRole", "AssumeRoleWithWebIdentity", "GetAccessKeyInfo"},
    "user": {"AssumeRole", "AssumeRoleWithWebIdentity"},
    "federated": {"AssumeRoleWithWebIdentity"},
}


@dataclass(frozen=True)
class _Marks:
    """What a session carries beside its rights."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    provider: str = ""


class Sts:
    """Answers STS's actions and begins sessions."""

    # Actions that come with a token in place of a signature.
    UNSIGNED = frozenset({("sts", "AssumeRoleWithWebIdentity")})

    def __init__(self, store: Backend, callers: Callers):
        self._store, self._callers = store, callers
        self.issuer = Issuer()
        self.actions = {
            "AssumeRole": self._assume_role,
            "AssumeRoleWithWebIdentity": self._assume_role_with_token,
            "GetAccessKeyInfo": self._access_key_info,
            "GetCallerIdentity": _identity,
            "GetFederationToken": self._federation_token,
            "GetSessionToken": self._session_token,
        }

    def answer(self, call: Call) -> Answer:
        """Do one action for a caller who has been authenticated."""
        if left := sorted(UNSERVED & call.given.keys()):
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no {left[0]} of sessions")
        if call.operation not in self.actions:
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no sts:{call.operation}")
        session, action = call.caller.session, call.operation
        if session and action not in {*_OF_SESSIONS[session.kind], "GetCallerIdentity"}:
            raise AwsError(403, "AccessDenied", f"Cannot call {action} with session credentials")
        return query_result(action, NAMESPACE, self.actions[action](call))

    # --- roles ---

    def _assume_role(self, call: Call) -> str:
        caller = call.caller
        if caller.principal.kind == "root":
            raise AwsError(403, "AccessDenied", "Roles may not be assumed by root accounts.")
        account, role = self._role(call)
        marks = _marks(call)
        actions = ["sts:AssumeRole"]
        actions += ["sts:TagSession"] if marks.tags else []
        actions += ["sts:SetSourceIdentity"] if marks.source_identity else []
        for action in actions:
            self._require_trust(call, action, account, role)
        chained = caller.principal.kind == "role"
        seconds = _length(call, role, CHAINED_MAXIMUM if chained else 43_200)
        session = self._role_session(
            account,
            role,
            call.given["RoleSessionName"],
            seconds,
            self._policy(call, account),
            marks,
        )
        more = {"SourceIdentity": marks.source_identity} if marks.source_identity else {}
        return _assumed(session) + elements(more)

    def _assume_role_with_token(self, call: Call) -> str:
        account, role = self._role(call)
        claims = self.issuer.claims(call.given["WebIdentityToken"], call.now)
        if special := sorted(name for name in claims if name.startswith(_TAGS_CLAIM)):
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no claim {special[0]}")
        issuer = str(claims.get("iss", "")).removeprefix("https://").rstrip("/")
        provider = f"arn:{PARTITION}:iam::{account}:oidc-provider/{issuer}"
        audience = self._audience(account, provider, claims)
        keys = _token_keys(issuer, audience, claims)
        trusted = Caller(Principal("federated", account, provider))
        self._require_trust(
            replace(call, caller=trusted, claims=keys),
            "sts:AssumeRoleWithWebIdentity",
            account,
            role,
        )
        seconds = _length(call, role, 43_200)
        session = self._role_session(
            account,
            role,
            call.given["RoleSessionName"],
            seconds,
            self._policy(call, account),
            _Marks(provider=provider),
        )
        told = {
            "SubjectFromWebIdentityToken": str(claims.get("sub", "")),
            "Provider": provider,
            "Audience": audience,
        }
        return _assumed(session) + elements(told)

    def _audience(self, account: str, provider: str, claims: Mapping[str, Any]) -> str:
        """For whom the token is: one of those whom the account's provider serves."""
        clients = self._store.audiences(account, provider)
        if clients is None:
            raise AwsError(
                400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for "
                f"{claims.get('iss')}",
            )  # fmt: skip
        named = claims.get("azp") or claims.get("aud", "")
        listed = named if isinstance(named, list) else [named]
        audience = next((str(each) for each in listed if each in clients), None)
        if audience is None:
            raise AwsError(400, "InvalidIdentityToken", "Incorrect token audience")
        return audience

    def _role(self, call: Call) -> tuple[str, Any]:
        """The account and the role that a request names. That there is none is not told."""
        arn = call.given["RoleArn"]
        account, kind, name = split_arn(arn) if arn.count(":") >= 5 else ("", "", "")
        role = self._store.role(account, name) if kind == "role" else None
        if role is None or role.arn != arn:
            raise _no_role(call, "sts:" + call.operation)
        return account, role

    def _require_trust(self, call: Call, action: str, account: str, role: Any) -> None:
        subject = Subject(action, role.arn, account, tags=self._store.tags(role))
        if not decide(call, subject, self._trust(role)).allowed:
            raise _no_role(call, action)

    def instance_session(self, account: str, role_name: str) -> Session | None:
        """A session as EC2 gives it to a machine; None where the role does not trust EC2."""
        role = self._store.role(account, role_name)
        machine = Principal("service", arn=EC2)
        request = Request(machine, "sts:AssumeRole", role.arn, account)
        if not evaluate(request, Policies(resource=self._trust(role))).allowed:
            return None
        name = "i-0abcdef1234567890"
        return self._role_session(account, role, name, INSTANCE_SESSION, None, _Marks())

    def _trust(self, role: Any) -> Policy:
        text = self._store.resolved(role.arn, role.assume_role_policy_document)
        return compiled(f"the trust policy of role {role.name}", text, "trust")

    def _role_session(
        self, account: str, role: Any, name: str, seconds: int, policy: Policy | None, marks: _Marks
    ) -> Session:
        arn = f"arn:{PARTITION}:sts::{account}:assumed-role/{role.name}/{name}"
        principal = Principal("role", account, arn, role.id, role.arn)
        return self._begin("role", principal, f"{role.id}:{name}", seconds, policy, marks)

    # --- users ---

    def _session_token(self, call: Call) -> str:
        caller = call.caller
        seconds = _seconds(call, 43_200)
        return _credentials(
            self._begin("user", caller.principal, caller.user_id, seconds, None, _Marks())
        )

    def _federation_token(self, call: Call) -> str:
        caller = call.caller
        account, name = caller.principal.account, call.given["Name"]
        arn = f"arn:{PARTITION}:sts::{account}:federated-user/{name}"
        tags = _tags(call)
        for action in ["sts:GetFederationToken", *(["sts:TagSession"] if tags else [])]:
            require(call, Subject(action, arn, account))
        own = caller.principal
        # Of the user's rights those that the session's policy names; without one, none.
        policy = self._policy(call, account) or compiled("the session policy", _NOTHING)
        principal = Principal("role", account, arn, own.unique_id, own.arn)
        session = self._begin(
            "federated",
            principal,
            f"{account}:{name}",
            _seconds(call, 43_200),
            policy,
            _Marks(tags),
        )
        who = elements({"FederatedUserId": session.user_id, "Arn": arn})
        return f"{_credentials(session)}<FederatedUser>{who}</FederatedUser>"

    def _access_key_info(self, call: Call) -> str:
        require(call, Subject("sts:GetAccessKeyInfo", "*", call.caller.principal.account))
        account = self._callers.account_of(call.given["AccessKeyId"])
        if not account:
            raise _invalid("The access key ID is not valid")
        return elements({"Account": account})

    # --- sessions ---

    def _policy(self, call: Call, account: str) -> Policy | None:
        """What the session is narrowed to: the policy that the request holds, and those it names,
        taken together."""
        texts = [call.given["Policy"]] if "Policy" in call.given else []
        for each in call.given.get("PolicyArns", ()):
            text = self._store.managed_policy(account, each.get("arn", ""))
            if text is None:
                raise AwsError(400, "MalformedPolicyDocument", f"No policy {each.get('arn')}")
            texts.append(text)
        if not texts:
            return None
        if sum(map(len, texts[:1] if "Policy" in call.given else ())) > LONGEST_POLICY:
            raise _invalid("Value at 'policy' failed to satisfy constraint: length at most 2048")
        try:
            if len(texts) == 1:
                return compiled("the session policy", texts[0])
            return compiled("the session policies", _together(texts))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise AwsError(400, "MalformedPolicyDocument", str(error)) from None

    def _begin(
        self,
        kind: SessionKind,
        principal: Principal,
        user_id: str,
        seconds: int,
        policy: Policy | None,
        marks: _Marks,
    ) -> Session:
        now = datetime.now(UTC)
        session = Session(
            access_key_id="ASIA" + secrets.token_hex(8).upper(),
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(96),
            issued=now,
            expires=now + timedelta(seconds=seconds),
            kind=kind,
            principal=principal,
            user_id=user_id,
            policy=policy,
            tags=marks.tags,
            transitive=marks.transitive,
            source_identity=marks.source_identity,
            provider=marks.provider,
        )
        self._callers.begin(session)
        return session


def _marks(call: Call) -> _Marks:
    """What a session is marked with: the request's tags and source identity, and what a chain of
    roles hands on, which nobody may change on the way."""
    before, tags = call.caller.session, _tags(call)
    inherited = {
        key: value
        for key, value in (before.tags if before else {}).items()
        if before and key.lower() in before.transitive
    }
    if taken := sorted(key for key in tags if key.lower() in {each.lower() for each in inherited}):
        raise _invalid(f"One of the specified transitive tag keys can't be set: {taken[0]}")
    wanted = {key.lower() for key in call.given.get("TransitiveTagKeys", ())}
    if not wanted <= {key.lower() for key in tags}:
        raise _invalid("The specified transitive tag key must be included in the requested tags.")
    source, given = before.source_identity if before else "", call.given.get("SourceIdentity", "")
    if source and given and source != given:
        raise _no_role(call, "sts:SetSourceIdentity")
    transitive = frozenset(wanted | {key.lower() for key in inherited})
    return _Marks(tags | inherited, transitive, source or given)


def _tags(call: Call) -> dict[str, str]:
    given = call.given.get("Tags", ())
    tags = {each["Key"]: each["Value"] for each in given}
    if len(given) > MOST_TAGS or len({key.lower() for key in tags}) < len(given):
        raise _invalid("Duplicate tag keys found, or more than 50 tags")
    if any(key.lower().startswith("aws:") for key in tags):
        raise _invalid("Tag keys may not start with aws:")
    return tags


def _token_keys(issuer: str, audience: str, claims: Mapping[str, Any]) -> dict[str, str]:
    """What a token says, as condition keys. `azp`, where it is given, takes the place of `aud`."""
    said = {"aud": audience, "sub": claims.get("sub"), "amr": claims.get("amr")}
    if "azp" in claims:
        said["oaud"] = claims.get("aud")
    start = issuer.lower()
    return {f"{start}:{name}": value for name, value in said.items() if value}


def _length(call: Call, role: Any, longest: int) -> int:
    seconds = int(call.given.get("DurationSeconds", 3_600))
    if seconds > longest:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if seconds > int(role.max_session_duration or 3_600):
        raise _invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def _seconds(call: Call, default: int) -> int:
    """How long keys of a user are good; those of an account's root are for an hour at most."""
    wanted = int(call.given.get("DurationSeconds", default))
    return min(wanted, ROOT_MAXIMUM) if call.caller.principal.kind == "root" else wanted


def _together(texts: list[str]) -> str:
    """One policy that allows what any of these allows, and denies what any denies."""
    documents = [json.loads(text) for text in texts]
    versions = {each.get("Version") for each in documents}
    if len(versions) > 1:
        raise AwsError(
            501, "NotImplemented", "the embedded AWS has no session policies of two versions"
        )
    listed = (
        each["Statement"] if isinstance(each["Statement"], list) else [each["Statement"]]
        for each in documents
    )
    statements = [
        {name: value for name, value in statement.items() if name != "Sid"}
        for statements in listed
        for statement in statements
    ]
    return json.dumps({"Version": versions.pop(), "Statement": statements})


def _no_role(call: Call, action: str) -> AwsError:
    resource = call.given["RoleArn"]
    return AwsError(
        403,
        "AccessDenied",
        f"{call.caller} is not authorized to perform: {action} on resource: {resource}",
    )


def _identity(call: Call) -> str:
    caller = call.caller
    return elements(
        {
            "Arn": caller.principal.arn,
            "UserId": caller.user_id,
            "Account": caller.principal.account,
        }
    )


def _assumed(session: Session) -> str:
    assumed = elements({"AssumedRoleId": session.user_id, "Arn": session.principal.arn})
    return f"{_credentials(session)}<AssumedRoleUser>{assumed}</AssumedRoleUser>"


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


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)
