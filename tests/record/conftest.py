"""Recordings of a small tool that starts at once."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from object_access.record.command import Wish, run

TOOL = (sys.executable, "-S", str(Path(__file__).with_name("tool.py")))
_NUMBERS = count(1)


@dataclass
class Told:
    """What a recording came to."""

    code: int
    text: str
    """What was made: JSON, unless another format was asked for."""
    out: str
    err: str
    bucket: str

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON."""
        return dict(json.loads(self.text))

    @property
    def places(self) -> dict[str, Any]:
        """The places of its project, by their prefixes, the whole bucket by nothing."""
        [project] = self.data["project"].values()
        return {
            each.get("prefix", ",".join(each.get("keys", ""))): " ".join(each["access"])
            for each in project["places"].values()
        }

    @property
    def without(self) -> dict[str, str]:
        """What was missed without each verb, wherever it was."""
        return {each["verb"]: each["missed"] for each in self.data["replay"]["without"]}


@pytest.fixture
def record(tmp_path, monkeypatch, capfd) -> Callable[..., Told]:
    """Record the tool with these words, in a folder of its own; gives what was told."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PWD", str(folder))
    bucket = f"recorded-{next(_NUMBERS)}"

    def recorded(*words: str, given: Any = None, **wish: Any) -> Told:
        capfd.readouterr()
        command = (*TOOL, bucket, *words) if words else ()
        made = tmp_path / "made"
        made.unlink(missing_ok=True)
        told = Wish(wish.pop("command", command), **{"shape": "json", "output": made, **wish})
        code = run(told, (lambda: given) if given else None)
        shown = capfd.readouterr()
        text = made.read_text() if made.exists() else ""
        return Told(code, text, shown.out, shown.err, bucket)

    return recorded
