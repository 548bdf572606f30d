"""What a project hands over, in the form that its consumer takes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MASK = "••••••••"


class Field(NamedTuple):
    """One field to paste."""

    label: str
    value: str
    secret: bool = False

    @property
    def masked(self) -> str:
        """The value, hidden where it is a secret."""
        return MASK if self.secret else self.value


def fields(handover: Mapping[str, Any]) -> list[Field]:
    """The fields of the consumer's form, in its order and with its labels."""
    return _FORMS[handover["kind"]](handover)


def masked(handover: Mapping[str, Any]) -> dict[str, Any]:
    """The hand-over with its secrets hidden, for a log or a report."""
    return {key: MASK if key in SECRETS else value for key, value in handover.items()}


def _valohai_s3(handover: Mapping[str, Any]) -> list[Field]:
    """Valohai: Project, Settings, Data stores, "Add S3 store"."""
    return [
        Field("Bucket name", handover["bucket"]),
        Field("Access key ID", handover["access_key_id"]),
        Field("Secret access key", handover["secret_access_key"], secret=True),
        Field("Multipart Upload IAM Role ARN", handover.get("multipart_role_arn", "")),
    ]


SECRETS = frozenset({"secret_access_key"})
DESTINATIONS = {"valohai-s3": "Valohai, Settings, Data stores, Add S3 store"}
_FORMS = {"valohai-s3": _valohai_s3}
