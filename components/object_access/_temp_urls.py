"""Keys that sign temporary URLs, made by program."""

from collections.abc import Sequence

import pulumi_random as random
from pulumi import ComponentResource, Output, ResourceOptions

from ._outputs import once

_LENGTH = 32  # letters and digits, so 190 bits


def make(name: str, keys: Sequence[str], parent: ComponentResource) -> list[Output[str]]:
    """A random key for each name, secret from birth."""
    return [
        random.RandomPassword(
            f"{name}-{key}", length=_LENGTH, special=False, opts=ResourceOptions(parent=parent)
        ).result
        for key in keys
    ]


def last(secrets: Sequence[Output[str]], stored: Output[str]) -> Output[str]:
    """The key to hand over, known once it is in the store; empty if there is none."""
    key = secrets[-1] if secrets else Output.from_input("")
    return Output.secret(once([stored], key))
