"""Checks: try what was handed over as its consumer will; show what works and what is refused."""

from collections.abc import Callable, Iterator, Mapping

from ..handover.model import Handover, Swift
from .check import Bystanders, Checks, Result, run_all
from .target import Target

__all__ = ["Bystanders", "Result", "Target", "run_checks"]


def run_checks(
    handovers: Mapping[str, Handover],
    target: Target,
    bystanders: Bystanders | None = None,
    watch: Callable[[Result], object] | None = None,
) -> list[Result]:
    """Try every project's hand-over where the target is; the results in the order of the projects.

    `watch` is told of each result as it comes, from several threads.
    """
    others = bystanders or Bystanders()
    listed = {name: list(_checks(handover, target, others)) for name, handover in handovers.items()}
    return run_all(listed, watch)


def _checks(handover: Handover, target: Target, bystanders: Bystanders) -> Iterator[Checks]:
    # Each brings the clients of its store, which take half a second to import.
    if isinstance(handover.where, Swift):
        from . import swift

        yield from swift.derived(handover, bystanders)
        return
    from . import pipeline, s3
    from .browser import BrowserChecks
    from .consumers import clients_of
    from .subject import Subject

    subject = Subject(handover, target, bystanders)
    yield from clients_of(subject)
    yield from pipeline.derived(subject)
    yield from s3.derived(subject)
    # What a bucket that we did not set up lets pages do is not ours to say.
    if handover.cors or not (handover.where.adopted or handover.where.endpoint):
        yield BrowserChecks(subject)
