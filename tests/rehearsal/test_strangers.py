"""A program that is no copy of ours: `examples/python`, rehearsed and reported where it lies."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from object_access.rehearsal import provision

ROOT = Path(__file__).parents[2]
BUCKET = "aws:s3/bucket:Bucket"


@pytest.fixture
def command(tmp_path):
    """Run one of our commands in a copy of the program, far from this repository."""
    program = tmp_path / "program"
    shutil.copytree(ROOT / "examples/python", program)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "object_access", *words, "--format", "json"], cwd=program,
            env={**os.environ, "PATH": str(Path(sys.executable).parent)}, capture_output=True,
            text=True, timeout=180,
        )  # fmt: skip

    run.program = program
    return run


def test_it_is_rehearsed_by_one_command(command):
    """Ten buckets without names of their own, none of them ours; what it hands over is tried."""
    done = command("rehearse")
    told = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    kinds = [each["type"] for each in told["resources"]]
    assert kinds.count(BUCKET) == 10
    assert {each["project"] for each in told["checks"]} == {"reader"}
    assert sum(each["state"] == "as promised" for each in told["checks"]) >= 12


@pytest.mark.thorough
def test_a_promise_that_is_none_fails(command):
    """The grant says less than the hand-over: exit code 1."""
    main = command.program / "__main__.py"
    main.write_text(main.read_text().replace('"access": access,', '"access": [Access.LIST],'))
    done = command("rehearse")

    failed = {
        each["check"] for each in json.loads(done.stdout)["checks"] if "FAIL" in each["state"]
    }
    assert done.returncode == 1, done.stderr
    assert "raw/: read" in failed or any("read" in each for each in failed)


@pytest.mark.thorough
def test_without_a_hand_over_nothing_was_tried(command):
    """It is brought up, and what to export is said; that is never green."""
    main = command.program / "__main__.py"
    main.write_text(main.read_text().partition("# What `rehearse`")[0])
    done = command("rehearse")

    assert done.returncode == 2
    assert "export what object_access.handover.hand_over makes" in done.stderr


def test_it_is_reported_by_one_command(command):
    """The reader, at its prefix of the first bucket."""
    done = command("report")

    assert done.returncode == 0, done.stderr
    assert "raw/" in done.stdout
    assert "raw-reader" in done.stdout


def test_names_that_the_program_leaves_to_pulumi():
    """Made once, kept after; a prefix of the program's own begins it."""
    first = provision.checked(BUCKET, "Data", {}, {"tags": {}})
    again = provision.checked(BUCKET, "Data", first, {"tags": {"a": "b"}})

    assert first["bucket"].startswith("data-")
    assert len(first["bucket"]) == len("data-") + 7
    assert again["bucket"] == first["bucket"]
    assert provision.checked(BUCKET, "x", {}, {"bucketPrefix": "my-"})["bucket"][:3] == "my-"
    assert provision.checked(BUCKET, "x", {}, {"bucket": "mine"}) == {"bucket": "mine"}


def test_a_name_of_pulumis_is_replaced_beside_the_old_one():
    """One of the program's own goes first, since a name is there once."""
    made = provision.checked(BUCKET, "data", {}, {"region": "eu-west-1"})
    moved = provision.checked(BUCKET, "data", made, {"region": "us-east-1"})

    assert provision.difference(BUCKET, made, moved).replaces == ["region"]
    assert not provision.difference(BUCKET, made, moved).delete_first
    own = {"bucket": "mine", "region": "eu-west-1"}
    assert provision.difference(BUCKET, own, {**own, "region": "us-east-1"}).delete_first
