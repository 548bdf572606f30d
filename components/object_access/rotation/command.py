"""`object-access rotate`: on the real stack, by its environment's file and Pulumi's CLI."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..checks import Bystanders, Target
from ..handover import source
from ..handover.model import Handover
from ..workspace import Workspace
from .rotate import Rotation


@dataclass(frozen=True)
class _Deployed:
    """A program that Pulumi's CLI deploys; the stack is called as the environment."""

    workspace: Workspace
    environment: str
    project: str
    yes: bool

    def settings(self) -> Mapping[str, Any]:
        files = self.workspace.module("environment_file")
        found = files.projects_in(self._text(), self._shown).get(self.project)
        if not isinstance(found, dict):
            raise ValueError(f"{self._shown} has no project '{self.project}' of its own")
        return found

    def change(self, **settings: list[str] | None) -> None:
        files = self.workspace.module("environment_file")
        new = files.changed(self._text(), self._shown, self.project, settings)
        files.write(self.workspace.file_of(self.environment), new)

    def up(self) -> None:
        if not shutil.which("pulumi"):
            raise ValueError("'pulumi' is not on PATH, install it")
        command = ["pulumi", "up", "--stack", self.environment]
        done = subprocess.run(
            [*command, *(["--yes"] if self.yes else [])],
            cwd=self.workspace.folder,
            stdout=sys.stderr,  # what to paste is all that goes to standard output
            check=False,
        )
        if done.returncode:
            raise ValueError("'pulumi up' did not succeed: run the same command again once it does")

    def handover(self) -> Handover:
        made = source.load("", self.environment, self.workspace.folder)
        return source.with_keys(source.pick(made, self.project))

    @property
    def _shown(self) -> str:
        return str(self.workspace.file_of(self.environment).relative_to(self.workspace.folder))

    def _text(self) -> str:
        try:
            return self.workspace.file_of(self.environment).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._shown} cannot be read: {error}") from None


def run(workspace: Workspace, environment: str, project: str, hours: float, *, yes: bool) -> int:
    """Take the next step; returns the exit code. Raises ValueError where it cannot be taken."""
    rotation = Rotation(
        _Deployed(workspace, environment, project, yes),
        Target(),
        source.keys_of(""),
        lambda text: sys.stdout.write(text.rstrip("\n") + "\n"),
        timedelta(hours=hours),
        bystanders=Bystanders(owner=source.openrc()),
    )
    return rotation.step()
