"""Which stack file builds which kind of project."""

from collections.abc import Callable, Mapping
from typing import Any

from . import kopah, lightly, modelstore, mountpoint, settings, valohai_s3, valohai_swift

# What a project hands over: facts to paste, to save and to try, some of them outputs.
Handover = Mapping[str, Any]

_BUILD: Mapping[type, Callable[[Any], Handover]] = {
    settings.Kopah: kopah.build,
    settings.Lightly: lightly.build,
    settings.Modelstore: modelstore.build,
    settings.Mountpoint: mountpoint.build,
    settings.ValohaiS3: valohai_s3.build,
    settings.ValohaiSwift: valohai_swift.build,
}


def build(project: settings.Project) -> Handover:
    """Declare everything the project needs; returns what it hands over."""
    return _BUILD[type(project)](project)
