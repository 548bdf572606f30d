"""`object-access check PROJECT`: the same promises wherever the hand-over points."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from object_access.rehearsal import engine
from object_access.workspace import Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "laptop": {"kind": "mountpoint", "holder": "key", "access": "delete", "bucket": "lights-laptop"},
    "lake": {
        "kind": "lightly", "bucket": "lights-lake", "prefix": "in/", "output": "in/",
        "account": "311530292373",
    },
    "kopah": {"kind": "kopah", "bucket": "lights-kopah"},
    "valohai": {"kind": "valohai-s3", "bucket": "lights-valohai", "access": "narrow"},
}  # fmt: skip


@pytest.fixture(scope="module")
def handovers(cloud):
    """What `pulumi stack output --show-secrets --json` would print, deployed once."""
    config = {"object-access:environment": {"projects": PROJECTS, "protect": False}}
    return engine.run(WORKSPACE, "lights", config, cloud, lambda _: None, by_cli=False).handovers


@pytest.fixture
def command(cloud, handovers, tmp_path):
    """Run the command on a machine with the profiles of an operator and of Lightly's account."""
    lightly = cloud.aws["accounts"]["311530292373"]
    (tmp_path / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {keys['access_key_id']}\n"
            f"aws_secret_access_key = {keys['secret_access_key']}\n"
            for name, keys in (("kopah", cloud.compatible), ("lightly", lightly))
        )
    )

    def run(project, *arguments, endpoint=None, given=handovers):
        at = ["--endpoint", endpoint or cloud.target.endpoint, "--from", "-"]
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "object_access",
                "check",
                project,
                *at,
                "--format",
                "json",
                *arguments,
            ],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
                "AWS_CA_BUNDLE": cloud.target.ca_bundle,
            },
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=180,
        )

    return run


def keys_in(cloud, bucket):
    """Everything that is in the bucket, old versions not counted."""
    found = cloud.admin("s3").list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in found.get("Contents", [])]


def test_a_project_as_promised(command, cloud):
    """Exit code 0; every light in the JSON; nothing is left in the bucket, and what was there is
    untouched."""
    s3 = cloud.admin("s3", "us-west-2")
    s3.put_object(Bucket="lights-laptop", Key="data/precious", Body=b"x")
    done = command("laptop")

    lights = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert {light["state"] for light in lights} <= {"green", "skipped"}
    assert sum(light["state"] == "green" for light in lights) >= 8
    assert keys_in(cloud, "lights-laptop") == ["data/precious"]


def test_what_would_do_harm_is_left_to_rehearsals(command):
    """A store that is not embedded is never asked to open a bucket, to delete it, or to make keys."""
    lights = {light["light"]: light for light in json.loads(command("valohai").stdout)}

    for harmful in ("making the bucket public", "administering the bucket"):
        assert lights[harmful]["state"] == "skipped"
        assert "would do harm" in lights[harmful]["answer"]
    assert lights["another bucket of the account"]["state"] == "skipped"
    assert lights["managing users and keys"]["state"] == "green"


def test_a_role_needs_the_keys_of_the_account_that_it_trusts(command, cloud):
    """Without them its lights are skipped and say so; with --profile they are tried."""
    without = json.loads(command("lake").stdout)
    assert {light["state"] for light in without} == {"skipped", "green"}
    why = {light["answer"] for light in without if light["state"] == "skipped"}
    assert "needs keys of the trusted account 311530292373, give them by --profile" in why

    done = command("lake", "--profile", "lightly")
    lights = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert sum(light["state"] == "green" for light in lights) > 10
    assert keys_in(cloud, "lights-lake") == []


def test_any_endpoint_and_any_profile(command, cloud):
    """The lights of a compatible store, with the keys of a profile that is named."""
    endpoint = cloud.compatible["endpoint"]
    done = command("kopah", "--profile", "kopah", endpoint=endpoint)

    lights = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert sum(light["state"] == "green" for light in lights) >= 8


def test_a_broken_promise_is_exit_code_1(command, handovers):
    """The key was taken away: what must work does not, and no secret is shown."""
    given = {"laptop": {**handovers["laptop"], "secret_access_key": "not-the-secret"}}
    done = command("laptop", given=given)

    assert done.returncode == 1
    assert any(light["state"] == "red" for light in json.loads(done.stdout))
    assert "not-the-secret" not in done.stdout + done.stderr


def test_nobody_there_is_red_and_not_a_refusal(command):
    """A store that does not answer proves nothing."""
    done = command("valohai", endpoint="https://127.0.0.1:9")

    assert done.returncode == 1
    states = {light["state"] for light in json.loads(done.stdout)}
    assert "green" not in states


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vision"], "project 'vision' is not in this environment, there are kopah, lake"),
        (["kopah", "--profile", "kopha"], "profile 'kopha' has no keys, run 'aws configure"),
        (["laptop", "--format", "svg"], "format 'svg' is unknown, use one of table, json"),
        (["kopah", "--endpoint", "s3.kopah.uw.edu"], "did you mean 'https://s3.kopah.uw.edu'"),
    ],
)
def test_what_cannot_be_tried_is_one_line(command, arguments, message):
    """Exit code 2, before anything is tried."""
    done = command(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
