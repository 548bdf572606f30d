"""Lights: try what was handed over as its consumer will; show what works and what is refused."""

from collections.abc import Callable, Mapping
from typing import Any

from .light import Light, Probe, Tries, switch_all
from .store import Store
from .valohai_s3 import ValohaiS3

__all__ = ["Light", "Store", "switch"]

Handover = Mapping[str, Any]

_TRIES: Mapping[str, Callable[[Handover, Store, Handover | None], Tries]] = {
    "valohai-s3": ValohaiS3,
}


def switch(
    handovers: Mapping[str, Handover], store: Store, outsider: Handover | None = None
) -> list[Light]:
    """Try every project's hand-over where the store is; the lights in the order of the projects."""
    probes: dict[str, list[Probe]] = {
        name: _TRIES[handover["kind"]](handover, store, outsider).probes()
        for name, handover in handovers.items()
    }
    return switch_all(probes)
