"""docs/new-tool.md, done as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/new-tool.md").read_text()


@pytest.fixture
def copy(tmp_path):
    """A copy of the program, as a newcomer has it."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    return tmp_path


@pytest.mark.thorough
def test_the_walk_through_is_true(copy):
    """Its file is written and its commands are run, in their order: each ends well and prints the
    lines that the page shows of it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    steps = re.findall(r"```(yaml|console)\n(.*?)```", PAGE, flags=re.DOTALL)
    [name] = re.findall(r"`(stacks/consumers/\S+\.yaml)`:\n\n```yaml", PAGE)
    commands = 0
    for language, text in steps:
        if language == "yaml":
            (copy / name).write_text(text)
            continue
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            commands += 1
            done = subprocess.run(
                command, shell=True, cwd=copy, env={**os.environ, "PATH": path, "COLUMNS": "100"},
                capture_output=True, text=True, timeout=200,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}: {done.stderr}"
            assert not [line for line in shown if line not in done.stdout], command
    assert commands == PAGE.count("\n$ ") == 8
