"""The consumers' own clients: a module for each consumer that has one, with a class `Client`.

What a hand-over promises by itself is tried anyway (`checks/s3.py`, `checks/swift.py`); here is
what only its own program can show.
"""

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ...handover.model import Key, Machine, Place, Profile, Role
from ..check import Checks, Failed
from ..clients import Clients
from ..subject import Subject, can

CONTENT = b"check"


def clients_of(subject: Subject) -> Iterator[Checks]:
    """The checks with the consumer's own client, where it has one."""
    name = subject.handover.consumer.replace("-", "_")
    if name and find_spec(f"{__name__}.{name}"):
        yield import_module(f"{__name__}.{name}").Client(subject)


class ClientChecks(Checks):
    """What a consumer's own client is promised, as one holder at one place."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self._holder = next(iter(subject.handover.holders))
        self._bucket, self._region, self._name = subject.bucket, subject.region, subject.name

    @property
    def _place(self) -> Place:
        return next(iter(self._subject.handover.place_of(self._holder).values()))

    @cached_property
    def _keys(self) -> Key:
        return self._subject.keys(self._holder)

    @cached_property
    def _s3(self) -> Any:
        return self._subject.s3(self._holder)

    @cached_property
    def _tools(self) -> Clients:
        """The clients, equipped as this holder is."""
        tools, how = self._subject.tools, self._subject.handover.holders[self._holder].how
        if isinstance(how, Machine):
            self._keys  # noqa: B018 this must be that machine
            tools.instance(self._holder, self._subject.metadata(how))
        elif isinstance(how, Role):
            tools.profile(self._holder, self._subject.trusted(how)[0])
        elif isinstance(how, Key | Profile):
            self._keys  # noqa: B018 they must be there
            tools.profile(self._holder)
        self._equip(tools)
        return tools

    def _equip(self, tools: Clients) -> None:
        """Give the clients what this consumer has besides."""

    def _can(self, verb: str) -> bool:
        return can(self._place, verb)

    def _file(self) -> str:
        """The key of a file that is there."""
        return self._subject.seed(self._holder, self._place)

    def _same(self, read: bytes) -> None:
        if read != CONTENT:
            raise Failed("the file that was read is another one")

    def tidy(self) -> None:
        """Remove what was written."""
        self._subject.tidy()
