"""The same rehearsal by Pulumi's own engine and its AWS plugin."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs `pulumi` on PATH")


def test_the_engine_comes_to_the_same_results():
    """Every check is as promised, the engine is named, and the project's files stay as they were."""
    environment_file = ROOT / "stacks/environments/Pulumi.guides.yaml"
    before = environment_file.read_bytes()

    reports = {}
    for engine in ("pulumi", "in-process"):
        done = subprocess.run(
            [sys.executable, "-m", "object_access", "rehearse", "-e", "guides", "--engine", engine, "--format", "json"],
            cwd=ROOT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        reports[engine] = json.loads(done.stdout)

    by_engine, here = reports["pulumi"], reports["in-process"]
    assert by_engine["engine"] == "by Pulumi's engine"
    assert by_engine["as_promised"] is True
    assert declared(by_engine) == declared(here)
    assert tried(by_engine) == tried(here)
    assert environment_file.read_bytes() == before


def declared(report):
    """What was created, by its declared name."""
    return sorted((each["type"], each["name"]) for each in report["resources"])


def tried(report):
    """Every check and what came of it."""
    return {(each["project"], each["check"]): each["state"] for each in report["checks"]}
