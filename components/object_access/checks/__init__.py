"""Checks: try what was handed over as its consumer will; show what works and what is refused."""

from collections.abc import Callable, Mapping
from typing import Any

from .check import Checks, Others, Result, run_all
from .kopah import Kopah
from .lightly import Lightly
from .modelstore import Modelstore
from .mountpoint import Mountpoint
from .target import Target
from .valohai_s3 import ValohaiS3

__all__ = ["Others", "Result", "Target", "run_checks"]

Handover = Mapping[str, Any]


def _valohai_swift(project: str, handover: Handover, target: Target, others: Others) -> Checks:
    # Its clients are an extra, and take half a second to import.
    from .valohai_swift import ValohaiSwift

    return ValohaiSwift(project, handover, target, others)


_CHECKS: Mapping[str, Callable[[str, Handover, Target, Others], Checks]] = {
    "kopah": Kopah,
    "lightly": Lightly,
    "modelstore": Modelstore,
    "mountpoint": Mountpoint,
    "valohai-s3": ValohaiS3,
    "valohai-swift": _valohai_swift,
}


def run_checks(
    handovers: Mapping[str, Handover],
    target: Target,
    others: Others | None = None,
    watch: Callable[[Result], object] | None = None,
) -> list[Result]:
    """Try every project's hand-over where the store is; the results in the order of the projects.

    `watch` is told of each result as it comes, from several threads.
    """
    others = others or Others()
    checks = {
        name: _CHECKS[handover["kind"]](name, handover, target, others)
        for name, handover in handovers.items()
    }
    return run_all(checks, watch)
