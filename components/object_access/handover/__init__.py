"""What a project hands over, in the form that its consumer takes."""

from collections.abc import Callable, Mapping

from . import formats, forms
from .forms import Field, fields, files, next_step
from .model import (
    MASK,
    S3,
    Credential,
    Handover,
    Job,
    Key,
    Machine,
    Place,
    Role,
    Swift,
    TempUrls,
    exported,
    hand_over,
)

__all__ = [
    "FORMATS",
    "MASK",
    "S3",
    "Credential",
    "Field",
    "Handover",
    "Job",
    "Key",
    "Machine",
    "Place",
    "Role",
    "Swift",
    "TempUrls",
    "exported",
    "fields",
    "files",
    "hand_over",
    "next_step",
    "render",
]

FORMATS: Mapping[str, Callable[[Handover, str], str]] = {
    "form": forms.form,
    "json": formats.as_json,
    "env": formats.env,
    "aws-profile": formats.aws_profile,
    "s3cfg": formats.s3cfg,
    "mount": formats.mount,
    "fstab": formats.fstab,
    "docker": formats.docker,
    "python": formats.python,
    "openrc": formats.openrc,
    "clouds": formats.clouds_yaml,
    "rclone": formats.rclone,
    "config": forms.config,
}


def render(handover: Handover, shape: str, holder: str = "") -> str:
    """A hand-over in one of `FORMATS`, with its secrets; `holder` names one of several.

    Raises ValueError where it cannot be had like that, such as a file with keys for a machine that
    has none.
    """
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")
    if holder and holder not in handover.holders:
        known = ", ".join(handover.holders)
        raise ValueError(f"{handover.project} has no holder '{holder}', there are {known}")
    try:
        return FORMATS[shape](handover, holder)
    except ValueError as error:
        raise ValueError(f"{handover.project} {error}") from None
