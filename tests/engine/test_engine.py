"""The same rehearsal by Pulumi's own engine and its AWS plugin."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs `pulumi` on PATH")


def test_the_engine_comes_to_the_same_lights():
    """Every light is as promised, the engine is named, and the project's files stay as they were."""
    environment_file = ROOT / "stacks/environments/Pulumi.guides.yaml"
    before = environment_file.read_bytes()

    done = subprocess.run(
        [sys.executable, "-m", "rehearsal", "--engine", "pulumi", "--format", "json"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["engine"] == "by Pulumi's engine"
    assert report["as_promised"] is True
    assert len(report["resources"]) == 26
    assert environment_file.read_bytes() == before
