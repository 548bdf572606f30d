"""The gate: who asks, may they, and only then does moto answer."""

import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ...policies.evaluate import ANONYMOUS, Policies, Principal, Request, evaluate
from . import forms, signatures
from .backend import APPS, Backend
from .iam import Iam
from .messages import (
    Answer,
    AwsError,
    Incoming,
    forward,
    query_error,
    request_id,
    s3_error,
)
from .metadata import Metadata
from .s3 import S3
from .signatures import Claim
from .sts import Caller, Session, Sts

_REASONS = {
    200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    412: "Precondition Failed", 416: "Range Not Satisfiable", 500: "Internal Server Error",
    501: "Not Implemented",
}  # fmt: skip


class Gate:
    """A WSGI application that is S3, IAM and STS of several accounts on one address."""

    def __init__(self, store: Backend):
        self._store, self._sts = store, Sts(store)
        self._s3, self._iam = S3(store), Iam(store)
        self._metadata = Metadata(store, self._sts)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        incoming = Incoming(environ)
        try:
            answer = self._answer(incoming)
        except Exception:  # noqa: BLE001 a server answers, whatever happens
            # What we did not foresee is our fault, and never an Allow.
            traceback.print_exc(file=sys.stderr)
            answer = s3_error(
                AwsError(500, "InternalError", "The embedded AWS failed, see its log.")
            )
        answer.replace("x-amz-request-id", request_id())
        if incoming.method == "HEAD":
            answer.body = b""  # its length is that of what GET would answer, which moto says
        else:
            answer.replace("Content-Length", str(len(answer.body)))
        status = f"{answer.status} {_REASONS.get(answer.status, 'Answer')}"
        start_response(status, answer.headers)
        return [answer.body]

    # --- the three services ---

    def _answer(self, incoming: Incoming) -> Answer:
        if answer := self._metadata.answer(incoming):
            return answer
        now = datetime.now(UTC)
        service = _service(incoming)
        try:
            if service == "s3":
                return self._s3_answer(incoming, now)
            return self._query_answer(incoming, service, now)
        except AwsError as error:
            return (s3_error if service in ("s3", "s3control") else query_error)(error)

    def _s3_answer(self, incoming: Incoming, now: datetime) -> Answer:
        try:
            if incoming.method == "OPTIONS":
                return self._s3.preflight(incoming)
            is_form = incoming.header("Content-Type").startswith("multipart/form-data")
            if incoming.method == "POST" and is_form:
                form = forms.read(incoming)
                claim = signatures.claim_of_form(form.fields)
                caller = self._caller(claim, "s3", now)
                context = _context(incoming, caller, claim, now)
                answer = self._s3.upload_form(incoming, form, caller, context)
            else:
                claim = signatures.claim(incoming, now)
                caller = self._caller(claim, "s3", now)
                context = _context(incoming, caller, claim, now)
                answer = self._s3.answer(incoming, caller, context, claim.region if claim else "")
        except AwsError as error:
            answer = s3_error(error)
            if region := error.details.get("Region"):
                answer.replace("x-amz-bucket-region", region)
        self._s3.add_cors(incoming, answer)
        return answer

    def _query_answer(self, incoming: Incoming, service: str, now: datetime) -> Answer:
        claim = signatures.claim(incoming, now)
        if claim is None:
            raise AwsError(
                403, "MissingAuthenticationToken", "Request is missing Authentication Token"
            )
        caller = self._caller(claim, service, now)
        context = _context(incoming, caller, claim, now)
        context["aws:resourceaccount"] = caller.principal.account
        if service == "s3control":
            return self._control_answer(incoming, caller, context)
        action = incoming.form.get("Action", "")
        if not action:
            raise AwsError(400, "MissingAction", "The request is missing an action.")
        if service == "sts":
            return self._sts.answer(action, incoming.form, caller, context)
        if service != "iam":
            raise AwsError(
                501, "NotImplemented", f"the embedded AWS has S3, IAM and STS, no {service}"
            )
        if caller.session and caller.principal.kind == "user":
            # GetSessionToken: "You cannot call any IAM API operations" without MFA.
            raise AwsError(
                403, "InvalidClientTokenId", "The security token included in the request is invalid"
            )
        context |= self._iam.context(action, incoming.form, caller)
        for resource in self._iam.resources(action, incoming.form, caller):
            self._require(f"iam:{action}", resource, caller, context)
        return self._iam.answer(action, incoming, caller)

    def _control_answer(
        self, incoming: Incoming, caller: Caller, context: dict[str, str]
    ) -> Answer:
        """S3 Control, as far as Pulumi's and Terraform's AWS providers call it: tags."""
        found = re.fullmatch(r"/v20180820/tags/(arn:[^/]+)", incoming.path)
        if not found:
            raise AwsError(501, "NotImplemented", "of S3 Control, the embedded AWS has only tags")
        action = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
        self._require(f"s3:{action[incoming.method]}", found[1], caller, context)
        return forward(APPS["s3control"], incoming, HTTP_X_MOTO_ACCOUNT_ID=caller.principal.account)

    def _require(self, action: str, resource: str, caller: Caller, context: dict[str, str]) -> None:
        request = Request(caller.principal, action, resource, caller.principal.account, context)
        decision = evaluate(request, caller.policies)
        if not decision.allowed:
            raise caller.refused(action, resource, decision)

    # --- who asks ---

    def _caller(self, claim: Claim | None, service: str, now: datetime) -> Caller:
        """Whom the signature proves.

        Raises AwsError where the key is unknown, inactive or expired, or the signature wrong.
        """
        if claim is None:
            return Caller(ANONYMOUS)
        signatures.check_service(claim, "s3" if service == "s3control" else service)
        if session := self._sts.session(claim.access_key_id):
            claim.check(session.secret)
            if claim.token != session.token:
                raise _bad_token(service)
            if now >= session.expires:
                status = 400 if service == "s3" else 403
                raise AwsError(status, "ExpiredToken", "The provided token has expired.")
            # By its unique ID: the name may be another's by now.
            account = session.principal.account
            holder = self._store.by_id(account, session.principal.unique_id)
            if holder is None:
                raise _bad_key(service, claim.access_key_id)
            if session.principal.kind == "user":
                return self._user(account, holder, session)
            own = self._store.role_policies(account, holder.name)
            policies = Policies(own.identity, None, own.boundary, session.policy)
            tags = self._store.principal_tags(holder)
            return Caller(session.principal, holder.name, session.user_id, policies, session, tags)
        key = self._store.key(claim.access_key_id)
        if key is None or not key.active:
            raise _bad_key(service, claim.access_key_id)
        claim.check(key.secret)
        if claim.token:
            raise _bad_token(service)
        return self._user(key.account, self._store.user(key.account, key.user_name))

    def _user(self, account: str, user: Any, session: Session | None = None) -> Caller:
        principal = Principal("user", account, user.arn, user.id)
        policies = self._store.user_policies(account, user.name)
        tags = self._store.principal_tags(user)
        return Caller(principal, user.name, user.id, policies, session, tags)


def _service(incoming: Incoming) -> str:
    if incoming.path.startswith("/v20180820/"):
        return "s3control"
    scope = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/", incoming.header("Authorization"))
    if scope:
        return scope[1]
    form = "application/x-www-form-urlencoded"
    if (
        incoming.path == "/"
        and incoming.method == "POST"
        and incoming.header("Content-Type").startswith(form)
    ):
        return "sts"
    return "s3"


def _context(
    incoming: Incoming, caller: Caller, claim: Claim | None, now: datetime
) -> dict[str, str]:
    """The condition keys that every request has ("AWS global condition context keys")."""
    context = {
        "aws:securetransport": str(incoming.secure).lower(),
        "aws:sourceip": incoming.source_ip,
        "aws:currenttime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(now.timestamp())),
        "aws:useragent": incoming.header("User-Agent"),
        "aws:principaltype": "Anonymous",
        "aws:viaawsservice": "false",
    }
    if referer := incoming.header("Referer"):
        context["aws:referer"] = referer
    if claim is not None:
        context["s3:authtype"] = claim.auth_type
        context["s3:signatureversion"] = claim.kind
        context["s3:signatureage"] = str(int(claim.age.total_seconds() * 1_000))
        if claim.region:
            context["aws:requestedregion"] = claim.region
    principal = caller.principal
    if principal.kind == "anonymous":
        return context
    context["aws:principalisawsservice"] = "false"
    context["aws:principalaccount"] = principal.account
    context["aws:principalarn"] = principal.role_arn or principal.arn
    context["aws:userid"] = caller.user_id
    context["aws:principaltype"] = "User" if principal.kind == "user" else "AssumedRole"
    if principal.kind == "user":
        context["aws:username"] = caller.name
    if caller.session:
        context["aws:multifactorauthpresent"] = "false"  # long-lived keys do not say
        context["aws:tokenissuetime"] = caller.session.issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**context, **caller.tags}


def _bad_key(service: str, access_key_id: str) -> AwsError:
    if service == "s3":
        return AwsError(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            AWSAccessKeyId=access_key_id,
        )
    return AwsError(
        403, "InvalidClientTokenId", "The security token included in the request is invalid."
    )


def _bad_token(service: str) -> AwsError:
    if service == "s3":
        return AwsError(
            400, "InvalidToken", "The provided token is malformed or otherwise invalid."
        )
    return AwsError(
        403, "InvalidClientTokenId", "The security token included in the request is invalid."
    )
