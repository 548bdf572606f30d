"""The policy pack in Pulumi's own engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from object_access.rehearsal import engine, environments, plugin
from object_access.rehearsal.provider import Provider
from object_access.workspace import KEY, Workspace

ROOT = Path(__file__).parents[2]
PACK = ROOT / "guardrails"
# A preview of something new asks nothing of AWS, once the plugin may skip its own questions.
NO_CLOUD = {
    "aws:region": "eu-west-1",
    "aws:accessKey": "AKIAEXAMPLE",
    "aws:secretKey": "example",
    "aws:skipCredentialsValidation": "true",
    "aws:skipMetadataApiCheck": "true",
    "aws:skipRequestingAccountId": "true",
}
ANALYZER = "pulumi-analyzer-policy-python"  # which comes with the CLI
pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which(ANALYZER)),
    reason=f"needs `pulumi` and `{ANALYZER}` on PATH",
)

LOOSE = """
import json
import pulumi_aws as aws

trust = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
     "Action": "sts:AssumeRole"}]}
everything = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

bucket = aws.s3.Bucket("open")  # its name is only known after the update
aws.s3.BucketPublicAccessBlock("half", bucket=bucket.id, block_public_acls=True)
aws.iam.Role("theirs", assume_role_policy=json.dumps(trust), max_session_duration=43200)
user = aws.iam.User("user")
aws.iam.UserPolicy("all", user=user.name, policy=json.dumps(everything))
aws.iam.AccessKey("one", user=user.name)
aws.iam.AccessKey("two", user=user.name)
"""


@pytest.fixture
def preview(cloud):
    """What the workflows run, on a backend of its own, with the rehearsal's plugin."""
    with plugin.serving(Provider(cloud)) as plugins:
        yield lambda folder, stack: _preview(folder, stack, plugins)


def _preview(folder: Path, stack: str, plugins: dict[str, str]) -> subprocess.CompletedProcess[str]:
    variables = {
        **plugins,
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }
    done = subprocess.CompletedProcess([], 0, "", "")
    for command in (
        ["stack", "init", stack],
        ["preview", "--stack", stack, "--policy-pack", str(PACK),
         "--policy-pack-config", str(PACK / "config.json")],
    ):  # fmt: skip
        done = subprocess.run(
            ["pulumi", *command, "--non-interactive", "--color", "never"],
            cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    return done


@pytest.mark.parametrize("environment", ["dev", "guides"])
def test_a_shipped_environment_passes(tmp_path, preview, environment):
    """The pack starts, judges what is known in a preview, and refuses nothing."""
    config = Workspace.at(ROOT).config_of(environment)
    # But for OpenStack, which a preview looks at: there is none here.
    projects = config[KEY]["projects"]
    config[KEY]["projects"] = {
        name: each for name, each in projects.items() if each["kind"] != "valohai-swift"
    }
    engine._beside(Workspace.at(ROOT), tmp_path, environment, config | NO_CLOUD)
    loaded = environments.projects_of(Workspace.at(ROOT), environment, config)
    for profile in environments.profiles(loaded):
        keys = "aws_access_key_id = example\naws_secret_access_key = example\n"
        (tmp_path / "credentials").write_text(f"[{profile}]\n{keys}")

    done = preview(tmp_path, environment)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "guardrails" in done.stdout
    assert "[mandatory]" not in done.stdout
    assert "[advisory]" not in done.stdout


def test_a_loose_program_is_refused(tmp_path, preview):
    """Each violation is told, also of names that only the cloud will know."""
    project = {
        "name": "loose",
        "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
    }
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (tmp_path / "Pulumi.production.yaml").write_text(yaml.safe_dump({"config": NO_CLOUD}))
    (tmp_path / "__main__.py").write_text(LOOSE)

    done = preview(tmp_path, "production")

    assert done.returncode != 0
    for told in (
        "BucketPublicAccessBlock 'half' leaves 'blockPublicPolicy', 'ignorePublicAcls'",
        "Bucket 'open' has no policy",
        "Bucket 'open' can be deleted, which is not allowed in stack 'production'",
        "Role 'theirs' trusts the whole account 210987654321 without an external ID",
        "Role 'theirs' gives sessions of 43,200 seconds",
        "UserPolicy 'all' allows 's3:*'",
        "is one of 2 active keys of a user",
    ):
        assert told in done.stdout, done.stdout + done.stderr
