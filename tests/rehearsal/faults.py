"""What can happen to a call that changes the cloud."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from object_access.rehearsal.provider import Provider

# What a cloud or its line answers, and whether it was done all the same.
FAULTS = {
    "fails": ("InternalError: We encountered an internal error", False),
    "throttles": ("Throttling: Rate exceeded", False),
    "times out": ("ReadTimeoutError: Read timeout on endpoint URL", False),
    "times out, and is done": ("ReadTimeoutError: Read timeout on endpoint URL", True),
}


class Faulty(Provider):
    """Meets a fault at the change of this number, counted from 1; at none with 0."""

    def __init__(self, cloud: Any, fault: str = "fails", at: int = 0):
        super().__init__(cloud)
        self.answer, self.done = FAULTS[fault]
        self.at, self.changes, self._counting = at, 0, Lock()
        self.instead: Callable[[], object] = self._answer

    def _answer(self) -> None:
        raise RuntimeError(f"{self.answer} (injected)")

    def create(self, *given: Any) -> Any:
        return self._meet(super().create, given)

    def update(self, *given: Any) -> Any:
        return self._meet(super().update, given)

    def delete(self, *given: Any) -> Any:
        return self._meet(super().delete, given)

    def _meet(self, verb: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        with self._counting:
            self.changes += 1
            met = self.changes == self.at
        if met and not self.done:
            self.instead()
        made = verb(*given)
        if met:
            self.instead()
        return made
