"""The consumers' own clients: a module for each consumer that has one, with a class `Client`.

What a hand-over promises by itself is tried anyway (`checks/s3.py`, `checks/swift.py`); here is
what only its own program can show.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ...handover.model import Key, Machine, Place, Profile, Role
from ..check import Checks, Failed, NotTried
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
            tools.profile(self._holder, self._subject.trusted(how))
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


class ToolChecks(ClientChecks):
    """What is promised to a tool that names its files itself. In a rehearsal it works at its place,
    as it will; elsewhere in a folder of its own there, which is removed again."""

    place = ""
    """Where it keeps its files."""

    def __init__(self, subject: Subject):
        if not subject.target.embedded:
            places = subject.handover.places
            own = replace(places[self.place], prefix=f"{places[self.place].prefix}{subject.name}/")
            moved = replace(subject.handover, places={**places, self.place: own})
            subject = Subject(moved, subject.target, subject.bystanders)
        super().__init__(subject)

    @property
    def _place(self) -> Place:
        return self._subject.handover.places[self.place]

    def _equip(self, tools: Clients) -> None:
        if not self._subject.target.embedded and not self._can("delete"):
            raise NotTried("what it writes could not be removed again")
        tools.files()

    def tidy(self) -> None:
        """Remove what the tool wrote."""
        if not self._subject.target.embedded and "_tools" in vars(self):
            with suppress(BotoCoreError, ClientError):
                self._sweep()
        super().tidy()

    def _sweep(self) -> None:
        listed = self._s3.get_paginator("list_objects_v2")
        for page in listed.paginate(Bucket=self._bucket, Prefix=self._place.prefix):
            for each in page.get("Contents", []):
                self._s3.delete_object(Bucket=self._bucket, Key=each["Key"])
