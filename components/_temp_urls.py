"""Keys that sign temporary URLs, made by program."""

from collections.abc import Sequence

import pulumi_random as random
from pulumi import ComponentResource, Output, ResourceOptions

from .names import check_label

_LENGTH = 32  # letters and digits, so 190 bits


def check_keys(keys: Sequence[str], *, least: int) -> Sequence[str]:
    """The names of the keys, or ValueError where Swift cannot have so many."""
    if not least <= len(keys) <= 2 or len(set(keys)) < len(keys):
        allowed = "none, one or two" if least == 0 else "one or two"
        raise ValueError(f"keys {list(keys)} given, {allowed} of different names are allowed")
    for key in keys:
        check_label("key name", key)
    return keys


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
    return Output.secret(Output.all(key, stored).apply(lambda both: both[0]))
