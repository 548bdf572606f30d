"""What a project hands over, in the form that its consumer takes."""

from collections.abc import Callable, Mapping
from typing import Any

from . import forms, texts
from .forms import DESTINATIONS, MASK, Field, fields

__all__ = ["DESTINATIONS", "FORMATS", "MASK", "SECRETS", "Field", "fields", "masked", "render"]

SECRETS = frozenset(
    part + name for part in ("", "output_") for name in ("secret_access_key", "external_id")
) | {"temp_url_key", "password"}
FORMATS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "form": forms.form,
    "json": texts.as_json,
    "env": texts.env,
    "aws-profile": texts.aws_profile,
    "s3cfg": texts.s3cfg,
    "mount": texts.mount,
    "fstab": texts.fstab,
    "python": texts.python,
    "openrc": texts.openrc,
    "clouds": texts.clouds_yaml,
    "rclone": texts.rclone,
}


def render(project: str, handover: Mapping[str, Any], shape: str) -> str:
    """The hand-over of a project in one of `FORMATS`, with its secrets.

    Raises ValueError where the consumer cannot take it like that, such as a file with keys for a
    machine that has none.
    """
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")
    try:
        return FORMATS[shape](project, handover)
    except ValueError as error:
        raise ValueError(f"{project} {error}") from None


def masked(handover: Mapping[str, Any]) -> dict[str, Any]:
    """The hand-over with its secrets hidden, for a log or a report."""
    return {key: MASK if key in SECRETS else value for key, value in handover.items()}
