"""A store on which commands play, whatever its kind."""

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from ..policies.documents import PolicyDocument
from . import heard, places, surroundings
from .heard import Exchange, Heard, Page, Permission
from .places import Place, Places


class Store(ABC):
    """An embedded store with one bucket or container in it, and one user."""

    def __init__(self, name: str, seed: Path | None, holder: Mapping[str, Any]):
        self.name = name
        """Of the bucket or container; empty until the command names one."""
        self.seed = seed
        """A folder whose files are in it before each run."""
        self.holder = holder
        """Who holds access in the project that is made."""
        self.heard = Heard()
        self.variables: Mapping[str, str] = {}
        """By which a command finds it, as whoever may do what was last said in `reset`."""
        self.secrets: list[str] = []

    @abstractmethod
    def open(self, folder: Path, *, http: bool) -> AbstractContextManager[Self]:
        """Start it; files for the command go into the folder."""

    @abstractmethod
    def reset(self, access: Places | None, pages: Sequence[Page] = ()) -> None:
        """Make everything as it was before the first run. Whoever runs next has access to these
        places, or without them may do everything; these pages of a browser may, too, or all."""

    @abstractmethod
    def objects(self) -> dict[str, str]:
        """What is there: the digest of each object by its key."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """The address that stands for `{endpoint}` in a command."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Those of a project by which it finds the store: kind, bucket and the like."""

    def needed(self, exchanges: Iterable[Exchange]) -> list[Permission]:
        """What was needed of the bucket or container, each permission once."""
        return heard.permissions(exchanges, self.name)

    def places_of(self, asked: Collection[Permission], wanted: Collection[str]) -> dict[str, Place]:
        """The places of a project that may do all this."""
        return places.places_of(asked, wanted)

    def policy(self, access: Places) -> PolicyDocument | None:
        """What these places are to IAM; None where there is none."""
        return places.document_of(access, self.name)

    def not_covered(self, asked: Collection[Permission], access: Places) -> list[Permission]:
        """What of it these places do not allow."""
        return places.not_covered(asked, places.document_of(access, self.name))

    def seeds(self) -> Iterator[tuple[str, Path]]:
        """The keys and files that are in it before each run."""
        for path in sorted(self.seed.rglob("*")) if self.seed else ():
            if path.is_file():
                yield path.relative_to(self.seed or path).as_posix(), path

    def environment(self) -> dict[str, str]:
        """All variables of a command: the machine's, without those of other stores, and ours."""
        return {**surroundings.clean(os.environ), **self.variables}
