"""`object-access handover`: every format, where it is written, and what cannot be done."""

import json
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from object_access import handover as handoff

ROOT = Path(__file__).parents[2]
KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "se/cret+key"}
GIVEN = {
    "valohai": {"kind": "valohai-s3", "bucket": "my-valohai-bucket", "region": "eu-west-1", **KEYS},
    "lightly": {
        "kind": "lightly", "bucket": "datalake", "region": "eu-west-1", "prefix": "in/",
        "output": "out/", "separate": False, "access": "delegated", "account": "311530292373",
        "role_arn": "arn:aws:iam::123456789012:role/Lightly", "external_id": "farm-animals-7",
    },
    "two-keys": {
        "kind": "lightly", "bucket": "datalake", "region": "eu-west-1", "prefix": "in/",
        "output": "out/", "separate": True, "access": "user", **KEYS,
        "output_access_key_id": "AKIAOUTPUT", "output_secret_access_key": "other+secret",
    },
    "registry": {
        "kind": "modelstore", "bucket": "models", "region": "eu-central-1", "prefix": "team-a/", **KEYS,
    },
    "machine": {
        "kind": "mountpoint", "bucket": "erdos", "region": "us-west-2", "prefix": "cp/",
        "access": "write", "directory": "/mnt/erdos", "instance_profile": "erdos-vm",
        "role_arn": "arn:aws:iam::123456789012:role/erdos-vm",
    },
    "laptop": {
        "kind": "mountpoint", "bucket": "erdos", "region": "us-west-2", "prefix": "",
        "access": "read", "directory": "/mnt/erdos", **KEYS,
    },
    "kopah": {
        "kind": "kopah", "bucket": "hilbert", "endpoint": "https://s3.kopah.uw.edu",
        "profile": "kopah", "directory": "/mnt/hilbert", "not_offered": [],
    },
    "swift": {
        "kind": "valohai-swift", "container": "my-project-data", "region": "RegionOne",
        "auth_url": "https://identity.example.org:5000/v3", "project_id": "0" * 32,
        "username": "valohai", "temp_url_key": "temp-key", "password": "pass'word",
        "user_domain": "Default", "origin": "https://app.valohai.com", "key": "account",
    },
}  # fmt: skip
TEXTS = {
    ("registry", "env"): """\
AWS_ACCESS_KEY_ID=AKIAEXAMPLE
AWS_SECRET_ACCESS_KEY=se/cret+key
AWS_REGION=eu-central-1
AWS_DEFAULT_REGION=eu-central-1
MODEL_STORE_AWS_BUCKET=models
MODEL_STORE_REGION=eu-central-1
MODEL_STORE_AWS_ROOT_PREFIX=team-a
""",
    ("registry", "python"): """\
from modelstore import ModelStore

ModelStore.from_aws_s3(bucket_name="models", region="eu-central-1", root_prefix="team-a")
""",
    ("kopah", "aws-profile"): """\
# ~/.aws/credentials
[kopah]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = se/cret+key

# ~/.aws/config
[profile kopah]
region = us-east-1
endpoint_url = https://s3.kopah.uw.edu
s3 =
  addressing_style = path
request_checksum_calculation = when_required
response_checksum_validation = when_required
""",
    ("kopah", "s3cfg"): """\
[default]
access_key = AKIAEXAMPLE
secret_key = se/cret+key
host_base = s3.kopah.uw.edu
host_bucket = s3.kopah.uw.edu
bucket_location = us-east-1
use_https = True
public_url_use_https = True
""",
    ("valohai", "s3cfg"): """\
[default]
access_key = AKIAEXAMPLE
secret_key = se/cret+key
host_base = s3.eu-west-1.amazonaws.com
host_bucket = %(bucket)s.s3.eu-west-1.amazonaws.com
bucket_location = eu-west-1
use_https = True
public_url_use_https = True
""",
    ("kopah", "mount"): (
        "mount-s3 hilbert /mnt/hilbert --allow-delete --profile kopah "
        "--endpoint-url https://s3.kopah.uw.edu --force-path-style\n"
    ),
    ("machine", "mount"): "mount-s3 erdos /mnt/erdos --prefix cp/ --region us-west-2\n",
    ("laptop", "mount"): (
        "mount-s3 erdos /mnt/erdos --read-only --profile laptop --region us-west-2\n"
    ),
    ("machine", "fstab"): (
        "s3://erdos/cp/ /mnt/erdos mount-s3 _netdev,nosuid,nodev,nofail,rw,region=us-west-2 0 0\n"
    ),
    ("laptop", "fstab"): (
        "s3://erdos/ /mnt/erdos mount-s3 "
        "_netdev,nosuid,nodev,nofail,ro,profile=laptop,region=us-west-2 0 0\n"
    ),
    ("lightly", "aws-profile"): """\
# ~/.aws/config
[profile lightly]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Lightly
external_id = farm-animals-7
duration_seconds = 43200
source_profile = default
""",
    ("two-keys", "aws-profile"): """\
# ~/.aws/credentials
[two-keys]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = se/cret+key
[two-keys-output]
aws_access_key_id = AKIAOUTPUT
aws_secret_access_key = other+secret

# ~/.aws/config
[profile two-keys]
region = eu-west-1
[profile two-keys-output]
region = eu-west-1
""",
    ("machine", "python"): """\
import boto3

s3 = boto3.session.Session(region_name="us-west-2").client("s3")
s3.list_objects_v2(Bucket="erdos", Prefix="cp/")
""",
    ("swift", "form"): """\
Name          swift
Auth URL      https://identity.example.org:5000/v3
Auth version  3.0
Username      valohai
Password      pass'word
Container     my-project-data
Region        RegionOne
Temp URL key  temp-key
""",
    ("swift", "openrc"): f"""\
export OS_AUTH_URL=https://identity.example.org:5000/v3
export OS_IDENTITY_API_VERSION=3
export OS_REGION_NAME=RegionOne
export OS_PROJECT_ID={"0" * 32}
export OS_USER_DOMAIN_NAME=Default
export OS_USERNAME=valohai
export OS_PASSWORD='pass'"'"'word'
""",
    ("swift", "clouds"): f"""\
clouds:
  swift:
    region_name: RegionOne
    identity_api_version: 3
    auth:
      auth_url: https://identity.example.org:5000/v3
      project_id: '{"0" * 32}'
      user_domain_name: Default
      username: valohai
      password: pass'word
""",
    ("swift", "rclone"): f"""\
[swift]
type = swift
auth = https://identity.example.org:5000/v3
auth_version = 3
user = valohai
key = pass'word
domain = Default
tenant_id = {"0" * 32}
region = RegionOne
""",
    ("kopah", "rclone"): """\
[kopah]
type = s3
provider = Other
access_key_id = AKIAEXAMPLE
secret_access_key = se/cret+key
region = us-east-1
no_check_bucket = true
endpoint = https://s3.kopah.uw.edu
force_path_style = true
""",
    ("valohai", "form"): """\
Bucket name        my-valohai-bucket
Access key ID      AKIAEXAMPLE
Secret access key  se/cret+key
""",
}


@pytest.fixture
def home(tmp_path):
    """A home directory with the operator's keys in it."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        "[kopah]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = se/cret+key\n"
    )
    return tmp_path


@pytest.fixture
def command(home):
    """Run the command in that home; what is given comes by standard input."""

    def run(*arguments, given=GIVEN, source=("--from", "-")):
        return subprocess.run(
            [sys.executable, "-m", "object_access", "handover", *arguments, *source],
            cwd=ROOT,
            env={"HOME": str(home), "PATH": str(Path(sys.executable).parent)},
            input=given if isinstance(given, str) else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize(("project", "shape"), TEXTS)
def test_the_texts(project, shape):
    """Each as its consumer reads it."""
    given = GIVEN[project] | (KEYS if project == "kopah" else {})
    assert handoff.render(project, given, shape) == TEXTS[project, shape]


@pytest.mark.parametrize("project", GIVEN)
def test_every_format_of_every_project_is_text_or_one_line(project):
    """What its consumer cannot take says so, and nothing else goes wrong."""
    given = GIVEN[project] | (KEYS if project == "kopah" else {})
    texts = 0
    for shape in handoff.FORMATS:
        text = refusal = ""
        try:
            text = handoff.render(project, given, shape)
        except ValueError as error:
            refusal = str(error)
        assert text.endswith("\n") or (refusal.startswith(f"{project} ") and "use " in refusal)
        texts += bool(text)
    assert texts >= 3


@pytest.mark.parametrize(
    ("project", "shape", "message"),
    [
        ("machine", "env", "they get theirs from instance profile erdos-vm"),
        ("lightly", "s3cfg", "they are the consumer's own"),
        ("lightly", "python", "is used by its consumer in another account"),
        ("two-keys", "env", "has a key for input and one for output"),
        ("kopah", "s3cfg", "they are not in profile 'kopah' of this machine"),
        ("valohai", "mount", "is not a project to mount"),
        ("swift", "s3cfg", "is on OpenStack, use form, openrc, clouds or rclone"),
        ("swift", "aws-profile", "is on OpenStack"),
        ("kopah", "openrc", "is not on OpenStack, use another format"),
        ("valohai", "yaml", "format 'yaml' is unknown, use one of form, json, env"),
    ],
)
def test_what_a_consumer_cannot_take(project, shape, message):
    """One line that says why, and what else to use."""
    with pytest.raises(ValueError, match=r"use (one|form|another)") as refused:
        handoff.render(project, GIVEN[project], shape)
    assert message in str(refused.value)


def test_variables_survive_a_shell():
    """Whatever is in them."""
    hard = GIVEN["registry"] | {"secret_access_key": 'a\'b "$(c)"'}
    for line in handoff.render("registry", hard, "env").splitlines():
        assert len(shlex.split(line)) == 1
    assert 'AWS_SECRET_ACCESS_KEY=a\'b "$(c)"' in shlex.split(
        handoff.render("registry", hard, "env")
    )


def test_it_prints_what_was_asked_for(command):
    """From outputs, and from a rehearsal's JSON; the profile's keys come from this machine."""
    assert command("valohai").stdout == TEXTS["valohai", "form"]
    assert command("kopah", "--format", "s3cfg").stdout == TEXTS["kopah", "s3cfg"]
    rehearsed = {"environment": "guides", "handovers": GIVEN}
    assert (
        command("registry", "--format", "env", given=rehearsed).stdout == TEXTS["registry", "env"]
    )
    assert json.loads(command("machine", "--format", "json").stdout) == GIVEN["machine"]


def test_a_file_is_for_its_owner_alone(command, tmp_path):
    """Nobody else can read it, and nothing is printed."""
    path = tmp_path / "kopah.s3cfg"
    done = command("kopah", "--format", "s3cfg", "--output", str(path))

    assert (done.returncode, done.stdout) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == TEXTS["kopah", "s3cfg"]
    assert "se/cret" not in done.stderr


def test_nothing_is_overwritten_and_nothing_lands_in_a_repository(command, tmp_path):
    """Unless forced; then the rights are right all the same."""
    path = tmp_path / "profile"
    path.write_text("mine")
    path.chmod(0o644)
    assert "exists already" in command("valohai", "--output", str(path)).stderr
    assert path.read_text() == "mine"
    forced = command("valohai", "--output", str(path), "--force")
    assert (forced.returncode, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)

    subprocess.run(["git", "init", "-q", str(tmp_path / "repository")], check=True)
    inside = tmp_path / "repository" / "deep" / "secrets.env"
    inside.parent.mkdir()
    done = command("registry", "--format", "env", "--output", str(inside))
    assert done.returncode == 2
    assert "is in the git work tree" in done.stderr
    assert not inside.exists()
    assert (
        command("registry", "--format", "env", "--output", str(inside), "--force").returncode == 0
    )
    assert [each.name for each in inside.parent.iterdir()] == ["secrets.env"]


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["vision"], GIVEN, "project 'vision' is not in this environment, there are kopah, laptop"),
        (["valohai", "--format", "xml"], GIVEN, "format 'xml' is unknown"),
        (["valohai"], "{", "file '-' is no JSON"),
        (["valohai"], "[]", "hands nothing over"),
        (["valohai"], {"valohai": "x"}, "hands nothing over"),
        (["valohai", "--output", "/nonexistent/x"], GIVEN, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line(command, arguments, given, message):
    """Exit code 2, and no secret in it."""
    done = command(*arguments, given=given)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "se/cret" not in done.stderr


def test_without_a_file_it_asks_pulumi(command, tmp_path):
    """Which is installed separately; a small stand-in for it shows what is asked."""
    done = command("valohai", source=())
    assert "'pulumi' is not on PATH, install it or give a file with --from" in done.stderr
