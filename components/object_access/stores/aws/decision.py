"""May the caller do this? The one place where the gate asks the evaluator."""

from ...policies.evaluate import Decision, Policies, Policy, Request, evaluate
from .context import Call, Subject, context


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
    return evaluate(request, Policies(own.identity, resource, own.boundary, own.session))


def require(call: Call, subject: Subject) -> None:
    """Refuse what the caller may not do to something that has no policy of its own."""
    decision = decide(call, subject)
    if not decision.allowed:
        raise call.caller.refused(subject.action, subject.arn, decision)
