"""What is found in an account, in the words of a program."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..program import Declared


@dataclass
class There:
    """What an account and a project hold, as if a program had declared it."""

    resources: list[Declared] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    """Access keys that the program does not make, with their users."""
    unread: list[str] = field(default_factory=list)
    """What the caller may not read, or nobody can judge."""

    def add(self, kind: str, name: str, outputs: Mapping[str, Any]) -> None:
        """Note a resource; `kind` is its type's, such as `aws:iam/user:User`."""
        self.resources.append(Declared(kind, name, outputs))

    def stand_in(self, resources: Iterable[Declared]) -> None:
        """Take the program's word for what cannot be read."""
        self.resources += resources
