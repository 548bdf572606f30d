"""The template and the examples in other languages on Pulumi's own engine: what they declare is
made on the embedded cloud, and what it hands over is tried where it is."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from object_access.rehearsal import plugin
from object_access.rehearsal.provider import Provider

ROOT = Path(__file__).parents[2]
TYPESCRIPT = pytest.mark.skipif(
    not shutil.which("npm") or os.environ.get("OBJECT_ACCESS_NPM") != "install",
    reason="set OBJECT_ACCESS_NPM=install to try TypeScript, whose packages come by npm",
)
pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs `pulumi` on PATH")


@pytest.fixture
def engine(cloud, tmp_path):
    """Runs a command, of Pulumi or of ours, in a folder; `made` notes what that makes."""
    made = []
    with plugin.serving(Provider(cloud, made.append)) as variables:

        def run(folder: Path, *words: str) -> str:
            done = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, timeout=300,
                env={
                    **os.environ, **cloud.environment(swift=False), **variables,
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "PULUMI_BACKEND_URL": f"file://{tmp_path}",
                    "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                },
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run.made = made
        yield run


@pytest.mark.parametrize("language", ["yaml", pytest.param("typescript", marks=TYPESCRIPT)])
def test_an_example_is_deployed(cloud, engine, tmp_path, language):
    """Up, up again without a change, and what it made: a bucket, and a reader of one folder."""
    folder = tmp_path / "examples" / language
    for part in ("plugin", f"examples/{language}"):
        shutil.copytree(ROOT / part, tmp_path / part)
    # Names of its own: the cloud is shared, and one of the two is made first.
    for file in folder.glob("*.*"):
        own = file.read_text().replace("my-company-datasets", f"{language}-datasets")
        file.write_text(own.replace("datasets-reader", f"{language}-reader"))
    # With what is installed here, instead of an environment of its own.
    (tmp_path / "plugin/requirements.txt").unlink()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (tmp_path / "plugin/PulumiPlugin.yaml").write_text(json.dumps({"runtime": runtime}))

    if language == "typescript":
        engine(folder, "pulumi", "install", "--non-interactive")
    engine(folder, "pulumi", "stack", "init", "dev", "--non-interactive")
    engine(folder, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    first = len(engine.made)
    engine(folder, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    key = json.loads(engine(folder, "pulumi", "stack", "output", "--json"))["key"]

    assert first > 5
    assert len(engine.made) == first
    who = cloud.admin("iam").get_access_key_last_used(AccessKeyId=key)["UserName"]
    assert who == f"{language}-reader"
    assert cloud.admin("iam").list_user_policies(UserName=who)["PolicyNames"]
    assert cloud.admin("s3").head_bucket(Bucket=f"{language}-datasets")


def test_the_template_becomes_a_project_that_is_checked_and_handed_over(cloud, engine, tmp_path):
    """`pulumi new`, `up`, and from another folder `check` and `handover`."""
    folder = tmp_path / "engine-new"
    new = ["pulumi", "new", ROOT / "templates/python", "--dir", folder, "--name", folder.name]
    engine(tmp_path, *new, "--yes", "--generate-only", "--description", "It is new")
    project = folder / "Pulumi.yaml"
    project.write_text(project.read_text().replace("virtualenv: venv", f"virtualenv: {sys.prefix}"))
    engine(folder, "pulumi", "stack", "init", "dev", "--non-interactive")
    engine(folder, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")

    ours = ["--program", folder, "--stack", "dev"]
    target = cloud.target
    at = ["--endpoint", target.endpoint, "--ca-bundle", target.ca_bundle]
    tried = json.loads(
        engine(tmp_path, "object-access", "check", "reader", *ours, *at, "--format", "json")
    )
    handed = engine(tmp_path, "object-access", "handover", "reader", *ours, "--format", "env")

    assert len(tried) > 10
    assert {each["state"] for each in tried} <= {"as promised", "not tried"}
    assert "AWS_ACCESS_KEY_ID=" in handed
