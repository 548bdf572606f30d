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
    """Meets a fault once: at the change of a resource by its type and name, or at the change of
    this number, counted from 1; never with 0."""

    def __init__(self, cloud: Any, fault: str = "fails", at: int | tuple[str, str] = 0):
        super().__init__(cloud)
        self._counting = Lock()
        self.expect(fault, at)

    def expect(self, fault: str, at: int | tuple[str, str]) -> None:
        """Meet another one from now on."""
        self.answer, self.done = FAULTS[fault]
        self.at, self.changes, self.met = at, 0, False
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
            met = not self.met and self.at in (self.changes, given[:2])
            self.met |= met
        if met and not self.done:
            self.instead()
        made = verb(*given)
        if met:
            self.instead()
        return made
