"""Lights: try what was handed over as its consumer will; show what works and what is refused."""

from collections.abc import Callable, Mapping
from typing import Any

from .kopah import Kopah
from .light import Light, Others, Tries, switch_all
from .lightly import Lightly
from .modelstore import Modelstore
from .mountpoint import Mountpoint
from .store import Store
from .valohai_s3 import ValohaiS3

__all__ = ["Light", "Others", "Store", "switch"]

Handover = Mapping[str, Any]


def _valohai_swift(project: str, handover: Handover, store: Store, others: Others) -> Tries:
    # Its clients are an extra, and take half a second to import.
    from .valohai_swift import ValohaiSwift

    return ValohaiSwift(project, handover, store, others)


_TRIES: Mapping[str, Callable[[str, Handover, Store, Others], Tries]] = {
    "kopah": Kopah,
    "lightly": Lightly,
    "modelstore": Modelstore,
    "mountpoint": Mountpoint,
    "valohai-s3": ValohaiS3,
    "valohai-swift": _valohai_swift,
}


def switch(
    handovers: Mapping[str, Handover],
    store: Store,
    others: Others | None = None,
    watch: Callable[[Light], object] | None = None,
) -> list[Light]:
    """Try every project's hand-over where the store is; the lights in the order of the projects.

    `watch` is told of each light as it goes on, from several threads.
    """
    others = others or Others()
    tries = {
        name: _TRIES[handover["kind"]](name, handover, store, others)
        for name, handover in handovers.items()
    }
    return switch_all(tries, watch)
