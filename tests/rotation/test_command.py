"""`object-access rotate`, with a stand-in for Pulumi's CLI."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PULUMI = """#!/bin/sh
echo "$@" >> "$PWD/asked"
case "$1" in stack) cat handed.json;; *) exit 255;; esac
"""
KEY = {"as": "key", "access_key_id": "AKIAEXAMPLE", "secret_access_key": "s" * 40}
ROLE = {
    "as": "role", "role_arn": "arn:aws:iam::123456789012:role/r", "trusted": ["111122223333"],
    "external_id": "abc", "session_name": "", "longest_session": 3600, "self_assuming": False,
}  # fmt: skip


@pytest.fixture
def rotated(tmp_path):
    """Run the command in a program of its own, whose stack hands this over."""
    for each in ("Pulumi.yaml", "__main__.py", "stacks"):
        (tmp_path / each).symlink_to(ROOT / each)
    (tmp_path / "Pulumi.yaml").unlink()
    (tmp_path / "Pulumi.yaml").write_text("name: object-access\nruntime: python\n")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        "config:\n  object-access:environment:\n    projects:\n      lab: {kind: s3}  # ours\n"
    )
    (tmp_path / "pulumi").write_text(PULUMI)
    (tmp_path / "pulumi").chmod(0o755)

    def run(how, *options):
        place = {"prefix": "", "keys": [], "access": ["read"], "exact": False}
        handed = {
            "consumer": "", "cors": [], "form": {}, "places": {"all": place},
            "where": {"as": "s3", "bucket": "b-1-b", "region": "eu-west-1"},
            "holders": {"it": {"how": how, "places": ["all"]}},
        }  # fmt: skip
        (tmp_path / "handed.json").write_text(json.dumps({"lab": handed}))
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [sys.executable, "-m", "object_access", "rotate", *options],
            cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        )  # fmt: skip
        return done, (tmp_path / "asked").read_text().splitlines(), file.read_text()

    return run


def test_the_file_says_what_is_meant_and_pulumi_makes_it_so(rotated):
    """A key more in the file, and `pulumi up`, whose failure is one line: the file stays as meant."""
    done, asked, text = rotated(KEY, "lab", "--yes")

    assert done.returncode == 2
    assert (
        done.stderr
        == "error: 'pulumi up' did not succeed: run the same command again once it does\n"
    )
    assert asked[-1] == "up --stack dev --yes"
    assert '      lab: {keys: [key, "20' in text
    assert text.endswith("kind: s3}  # ours\n")


def test_what_cannot_be_rotated(rotated):
    """Nothing is written, and nothing is run but the question what is handed over."""
    done, asked, text = rotated(ROLE, "lab", "-e", "dev")

    assert done.returncode == 2
    assert "lab has no key to rotate, but role" in done.stderr
    assert [each.split()[0] for each in asked] == ["stack"]
    assert "keys" not in text


def test_a_project_that_is_not_there(rotated):
    """One line names those that are."""
    done, _, _ = rotated(KEY, "lb")

    assert done.returncode == 2
    assert done.stderr == "error: project 'lb' is not in this environment, there are lab\n"
