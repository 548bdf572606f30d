"""The verbs of every resource type on one embedded cloud, and whoever is told of each change."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from shlex import quote
from threading import Lock
from typing import Any, TypeVar

from . import provision
from .cloud import Cloud
from .kinds import Inputs, Outputs, Realized

_T = TypeVar("_T")
# How AWS says that a name is taken, by a resource that an `up` made and could not note any more.
_TAKEN = ("AlreadyExistsException", "BucketAlreadyOwnedByYou", "EntityAlreadyExists")


@dataclass(frozen=True)
class Change:
    """Something was done to a resource."""

    verb: str
    """created, updated or deleted"""
    type: str
    name: str
    id: str

    def __str__(self) -> str:
        return f"{self.verb} {self.name} ({self.type})"


# Told of every change once it is done.
Watcher = Callable[[Change], object]


class Provider:
    """What stands in for Pulumi's plugins; both engines change the cloud by these verbs alone."""

    def __init__(self, cloud: Cloud, watch: Watcher = lambda _: None, *, one_by_one: bool = False):
        """`one_by_one`: nothing else changes until `watch` has returned."""
        self.cloud, self.watch = cloud, watch
        self._turn: AbstractContextManager[Any] = Lock() if one_by_one else nullcontext()

    @contextmanager
    def noting(self, changes: list[Change]) -> Iterator[None]:
        """Until the end of the block, every change is noted here, too."""
        told = self.watch

        def note(change: Change) -> None:
            changes.append(change)
            told(change)

        self.watch = note
        try:
            yield
        finally:
            self.watch = told

    def create(self, token: str, name: str, inputs: Inputs, parent: str = "") -> Realized:
        """Returns its ID and outputs; `parent` is a URN. Raises RuntimeError for what the cloud
        refuses; where the name is taken by what an earlier run made and did not live to note, it
        says how to take that over."""
        with self._turn:
            try:
                made = self._do(token, name, lambda: provision.create(self.cloud, token, inputs))
            except RuntimeError as error:
                if not any(code in str(error) for code in _TAKEN):
                    raise
                found = provision.kind_of(token).id_of(self.cloud, inputs)
                above = f" --parent parent={quote(parent)}" if parent else ""
                raise RuntimeError(
                    f"{error} If it is of an earlier run that was killed, take it over: "
                    f"pulumi import {token} {name} {found}{above} --yes --protect=false "
                    "--generate-code=false"
                ) from None
            self.watch(Change("created", token, name, made[0]))
            return made

    def read(
        self, token: str, name: str, identifier: str, state: Outputs, inputs: Inputs
    ) -> tuple[Outputs, Inputs] | None:
        """Its outputs and inputs as they are now; None where it is gone."""
        return self._do(
            token, name, lambda: provision.read(self.cloud, token, identifier, state, inputs)
        )

    def update(
        self, token: str, name: str, identifier: str, state: Outputs, inputs: Inputs
    ) -> Outputs:
        """Returns its outputs."""
        with self._turn:
            outputs = self._do(
                token, name, lambda: provision.update(self.cloud, token, identifier, state, inputs)
            )
            self.watch(Change("updated", token, name, identifier))
            return outputs

    def delete(self, token: str, name: str, identifier: str, state: Outputs) -> None:
        """One that is gone already is no error."""
        with self._turn:
            self._do(token, name, lambda: provision.delete(self.cloud, token, identifier, state))
            self.watch(Change("deleted", token, name, identifier))

    def _do(self, token: str, name: str, verb: Callable[[], _T]) -> _T:
        """Call the cloud; what it refuses is told in one line, with whose it was.

        Raises LookupError for a type that is not known."""
        provision.kind_of(token)
        try:
            return verb()
        except Exception as error:  # noqa: BLE001 whatever a cloud's client raises
            told = self.cloud.without_secrets(str(error))
            raise RuntimeError(f"{name} ({token}): {told}") from None
