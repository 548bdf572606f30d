"""Protocols of Pulumi, served in this process on loopback by plain objects."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]

_MAXIMUM = 400 * 1024 * 1024  # bytes of a message, as Pulumi has it
_THREADS = 64  # so many answers may be under way at once


@contextmanager
def listening(*services: tuple[Callable[[Any, Any], None], object]) -> Iterator[int]:
    """Serve until the end of the block; gives the port.

    Each service is the function by which gRPC adds it, and whose methods answer: `GetSchema` is
    `GetSchema` or `get_schema`. What has no method, or returns nothing, is answered by nothing;
    what a method raises is told in one line.
    """
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[(f"grpc.max_{way}_message_length", _MAXIMUM) for way in ("send", "receive")],
    )
    for add, answering in services:
        add(_Service(answering), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None)


class _Service:
    def __init__(self, answering: object):
        self._answering = answering

    def __getattr__(self, name: str) -> Callable[[Any, Any], Any]:
        snake = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        answering = self._answering
        method = getattr(answering, name, None) or getattr(answering, snake, None)

        def answer(request: Any, context: Any) -> Any:
            try:
                found = method(request) if method else None
                return empty_pb2.Empty() if found is None else found
            except Exception as error:  # noqa: BLE001 the other side tells of it
                context.abort(grpc.StatusCode.UNKNOWN, " ".join(str(error).split()))

        return answer


def from_struct(message: Any) -> dict[str, Any]:
    """The values of a message; what is null is not there."""
    found = json_format.MessageToDict(message)
    return {key: each for key, each in found.items() if each is not None}


def to_struct(values: Mapping[str, Any]) -> Any:
    """A message of these values."""
    return json_format.ParseDict(dict(values), struct_pb2.Struct())
