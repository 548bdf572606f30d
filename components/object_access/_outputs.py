"""Outputs that wait."""

from collections.abc import Sequence

from pulumi import Output


def once(done: Sequence[Output[str]], value: Output[str]) -> Output[str]:
    """The value, but not before everything in `done` exists."""
    return Output.all(value, *done).apply(lambda values: values[0])
