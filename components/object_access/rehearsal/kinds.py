"""What a resource type is to a rehearsal: its verbs, and what its plugin cannot change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from .cloud import Cloud

Inputs = Mapping[str, Any]
Outputs = Mapping[str, Any]
Realized = tuple[str, dict[str, Any]]
"""An ID, and what only the cloud knows."""
Found = tuple[dict[str, Any], dict[str, Any]]
"""Inputs as they are now, and what only the cloud knows."""


@dataclass(frozen=True)
class Kind:
    """A resource type."""

    create: "Callable[[Cloud, Inputs], Realized]"
    read: "Callable[[Cloud, str, Outputs], Found | None]"
    update: "Callable[[Cloud, str, Outputs, Inputs], dict[str, Any]]"
    """Gets the ID, the outputs until now and the inputs from now on; returns what only the cloud
    knows and may have changed."""
    delete: "Callable[[Cloud, str, Outputs], None]"
    replaces: frozenset[str]
    """The inputs for which the official plugin makes it anew; "*" is all of them. Sources: the
    schemas of terraform-provider-aws and terraform-provider-openstack ("ForceNew"), which the
    plugins wrap, read 2026-11-21."""
    named: str = ""
    """The input that is its name in the cloud. Where the program gives it, the old resource is
    deleted before the new one is made (pulumi-terraform-bridge, auto-naming)."""
    computed: frozenset[str] = frozenset()
    """The outputs that are no inputs."""
    arn: str = ""
    """Where its ID is an ARN with its name: how the ARN goes on after "iam::<account>:"."""

    def id_of(self, cloud: "Cloud", inputs: Inputs) -> str:
        """The ID of one that is there already under the name that the program gives it."""
        name = str(inputs[self.named])
        if not self.arn:
            return name
        last = name.removeprefix("https://")  # an issuer's name is its address
        return f"arn:{cloud.partition}:iam::{cloud.account}:{self.arn}/{last}"


def gone(error: Exception) -> bool:
    """Whether an error says that there is no such thing."""
    if isinstance(error, ClientError):
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 404)
    return isinstance(error, Gone)


class Gone(RuntimeError):
    """There is no such thing."""


def whole(value: Any) -> Any:
    """Numbers arrive as floats by way of the engine's wire format."""
    return int(value) if isinstance(value, float) else value


def tags(inputs: Inputs) -> list[dict[str, str]]:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in (inputs.get("tags") or {}).items()]


def tags_of(answer: Mapping[str, Any], key: str = "Tags") -> dict[str, str]:
    """Tags as the plugin tells them."""
    return {each["Key"]: each["Value"] for each in answer.get(key, [])}
