"""The gate: who asks, what for, in which context, may they, and only then does moto answer."""

import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from . import bodies, cors, forms, kms, models, signatures
from .backend import APPS, Backend
from .callers import Callers
from .context import Call
from .decision import Judged, listen
from .iam import Iam
from .kms import Kms
from .messages import CLOSE, Answer, AwsError, Incoming, forward, query_error, request_id, s3_error
from .metadata import Metadata
from .s3 import S3
from .sts import Sts

_REASONS = {
    200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    411: "Length Required", 412: "Precondition Failed", 416: "Range Not Satisfiable",
    500: "Internal Server Error", 501: "Not Implemented",
}  # fmt: skip
_OF_S3 = ("s3", "s3control")
LONGEST_DRAIN = 4_194_304  # bytes of a refused body that are read, so that the client hears why


class Observer(Protocol):
    """Who is told of every request, in the thread that answers it."""

    def asked(self, incoming: Incoming) -> None:
        """It came, and nothing is decided yet."""

    def answered(self, incoming: Incoming, answer: Answer, judged: Sequence[Judged]) -> None:
        """It was answered so, after these decisions."""


class Gate:
    """A WSGI application that is S3, IAM, STS and KMS of several accounts on one address."""

    def __init__(self, store: Backend, observer: Observer | None = None):
        self._observer = observer
        self._store, self._callers = store, Callers(store)
        self._kms = Kms(store)
        self._s3, self._iam = S3(store, self._kms), Iam(store)
        self._sts = Sts(store, self._callers)
        self._metadata = Metadata(store, self._sts)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            incoming = Incoming(environ)
        except ValueError:
            environ[CLOSE]()
            start_response("400 Bad Request", [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        try:
            answer = self._observed(incoming, self._observer)
        except Exception:  # noqa: BLE001 a server answers, whatever happens
            # What we did not foresee is our fault, and never an Allow.
            traceback.print_exc(file=sys.stderr)
            answer = _told(
                incoming, AwsError(500, "InternalError", "The embedded AWS failed, see its log.")
            )
        answer.replace("x-amz-request-id", request_id())
        if not incoming.drain(LONGEST_DRAIN):
            answer.replace("Connection", "close")  # the server would read the rest for the next one
            incoming.environ[CLOSE]()
        if incoming.method == "HEAD":
            answer.body = b""  # its length is that of what GET would answer, which moto says
        else:
            answer.replace("Content-Length", str(len(answer.body)))
        status = f"{answer.status} {_REASONS.get(answer.status, 'Answer')}"
        start_response(status, answer.headers)
        return [answer.body]

    def _observed(self, incoming: Incoming, observer: Observer | None) -> Answer:
        if observer is None:
            return self._answer(incoming)
        observer.asked(incoming)
        judged = listen()
        answer = self._answer(incoming)
        observer.answered(incoming, answer, judged)
        return answer

    # --- the services ---

    def _answer(self, incoming: Incoming) -> Answer:
        now, service = datetime.now(UTC), _service(incoming)
        if answer := self._metadata.answer(incoming) or self._sts.issuer.answer(incoming, now):
            return answer
        try:
            if service == "s3":
                answer = self._s3_answer(incoming, now)
            else:
                answer = self._query_answer(incoming, service, now)
        except AwsError as error:
            answer = _told(incoming, error)
        if service == "s3" and incoming.method != "OPTIONS":
            cors.add_headers(self._store, incoming, answer)
        return answer

    def _s3_answer(self, incoming: Incoming, now: datetime) -> Answer:
        if incoming.method == "OPTIONS":
            return cors.preflight(self._store, incoming)
        is_form = incoming.header("Content-Type").startswith("multipart/form-data")
        about_more = incoming.query.keys() & models.sub_resources()
        if incoming.method == "POST" and is_form and not about_more:
            form = forms.read(incoming)
            claim = signatures.claim_of_form(form.fields, now)
            caller = self._callers.caller(claim, "s3", now)
            return self._s3.upload_form(incoming, form, caller, claim, now)
        claim = signatures.claim(incoming, now)
        caller = self._callers.caller(claim, "s3", now)
        return self._s3.answer(bodies.hoisted(incoming), caller, claim, now)

    def _query_answer(self, incoming: Incoming, service: str, now: datetime) -> Answer:
        if service not in ("iam", "kms", "sts", "s3control"):
            raise AwsError(
                501, "NotImplemented", f"the embedded AWS has S3, IAM, STS and KMS, no {service}"
            )
        incoming.check_document()
        claim = signatures.claim(incoming, now)
        action = "" if service == "kms" else incoming.form.get("Action", "")
        if claim is None and (service, action) not in Sts.UNSIGNED:
            raise AwsError(
                403, "MissingAuthenticationToken", "Request is missing Authentication Token"
            )
        caller = self._callers.caller(claim, service, now)
        if service == "s3control":
            return self._control_answer(Call(incoming, caller, claim, now, "", {}))
        if service == "kms":
            return self._kms.answer(Call(incoming, caller, claim, now, *Kms.given(incoming)))
        if not action:
            raise AwsError(400, "MissingAction", "The request is missing an action.")
        given = models.query_parameters(service, action, incoming.form)
        call = Call(incoming, caller, claim, now, action, given)
        return (self._sts if service == "sts" else self._iam).answer(call)

    def _control_answer(self, call: Call) -> Answer:
        """S3 Control, as far as Pulumi's and Terraform's AWS providers call it: tags."""
        found = re.fullmatch(r"/v20180820/tags/(arn:[^/]+)", call.incoming.path)
        names = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
        if not found or call.incoming.method not in names:
            raise AwsError(501, "NotImplemented", "of S3 Control, the embedded AWS has only tags")
        account = self._s3.require_tags(call, f"s3:{names[call.incoming.method]}", found[1])
        return forward(APPS["s3control"], call.incoming, HTTP_X_MOTO_ACCOUNT_ID=account)


def _told(incoming: Incoming, error: AwsError) -> Answer:
    """An error in the words of the service that was asked."""
    service = _service(incoming)
    tell = s3_error if service in _OF_S3 else kms.told if service == "kms" else query_error
    answer = tell(error)
    if region := error.details.get("Region"):
        answer.replace("x-amz-bucket-region", region)
    return answer


def _service(incoming: Incoming) -> str:
    if incoming.path.startswith("/v20180820/"):
        return "s3control"
    scope = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/", incoming.header("Authorization"))
    if scope:
        return scope[1]
    if incoming.header("X-Amz-Target").startswith(kms.TARGET):
        return "kms"
    form = "application/x-www-form-urlencoded"
    if (
        incoming.path == "/"
        and incoming.method == "POST"
        and incoming.header("Content-Type").startswith(form)
    ):
        return "sts"
    return "s3"
