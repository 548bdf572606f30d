"""May the caller do this? The one place where the gate asks the evaluator."""

from contextvars import ContextVar
from typing import NamedTuple

from ...policies.evaluate import Decision, Policies, Policy, Request, evaluate
from .context import Call, Subject, context


class Judged(NamedTuple):
    """One decision, with what it was about."""

    call: Call
    request: Request
    decision: Decision


# What was decided on the request that this thread answers, where somebody observes.
_heard: ContextVar[list[Judged] | None] = ContextVar("heard", default=None)


def listen() -> list[Judged]:
    """The list that takes every decision of this thread, until the next one is asked for."""
    heard: list[Judged] = []
    _heard.set(heard)
    return heard


def decide(call: Call, subject: Subject, resource: Policy | None = None) -> Decision:
    """The decision on one permission; `resource` is the policy of what it is about, if any."""
    own = call.caller.policies
    request = Request(
        call.caller.principal,
        subject.action,
        subject.arn,
        subject.account if subject.owner is None else subject.owner,
        context(call, subject),
    )
    decision = evaluate(request, Policies(own.identity, resource, own.boundary, own.session))
    if (heard := _heard.get()) is not None:
        heard.append(Judged(call, request, decision))
    return decision


def require(call: Call, subject: Subject) -> None:
    """Refuse what the caller may not do to something that has no policy of its own."""
    decision = decide(call, subject)
    if not decision.allowed:
        raise call.caller.refused(subject.action, subject.arn, decision)
