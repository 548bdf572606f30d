"""`object-access handover`: every format, where it is written, and what cannot be done."""

import json
import os
import shlex
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from object_access.handover import FORMATS, Handover, fields, model, next_step, render, source
from object_access.handover.model import MASK

ROOT = Path(__file__).parents[2]
KEY = {"as": "key", "access_key_id": "AKIAEXAMPLE", "secret_access_key": "se/cret+key"}
OTHER = {"as": "key", "access_key_id": "AKIAOUTPUT", "secret_access_key": "other+secret"}
PROFILE = {"as": "profile", "profile": "kopah"}
ROLE = {
    "as": "role", "role_arn": "arn:aws:iam::123456789012:role/Lightly", "external_id": "animals-7",
    "trusted": ["311530292373"], "longest_session": 43200,
}  # fmt: skip
OIDC = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
READ, WRITE, DELETE = ["list", "read"], ["list", "read", "write"], ["list", "read", "delete"]


def handover(where: dict, access: list[str], prefix: str = "", /, **holders: dict) -> dict:
    """What a program exports for a project with one place."""
    return {
        "where": where,
        "places": {"data": {"prefix": prefix, "access": access}},
        "holders": {name: {"how": how, "places": ["data"]} for name, how in holders.items()},
    }


def aws(bucket: str, region: str = "eu-west-1", **more: object) -> dict:
    """A bucket of AWS."""
    return {"as": "s3", "bucket": bucket, "region": region, **more}


STORE = aws("hilbert", "us-east-1", endpoint="https://s3.kopah.uw.edu")
SWIFT = {
    "as": "swift", "container": "my-project-data", "region": "RegionOne", "project_id": "0" * 32,
    "auth_url": "https://identity.example.org:5000/v3",
}  # fmt: skip
PASSWORD = {"as": "user", "username": "valohai", "password": "pass'word"}
CREDENTIAL = {"as": "credential", "credential_id": "4711", "secret": "s3cret"}
URLS = {"as": "temp-urls", "key": "temp-key", "signed_by": "account"}
MACHINE = {
    "as": "machine", "instance_profile": "erdos-vm",
    "role_arn": "arn:aws:iam::123456789012:role/erdos-vm",
}  # fmt: skip
FORM = {
    "destination": "the job's environment", "variables": True,
    "fields": {
        "MODELS": "{bucket}", "ROOT": "{data.folder}", "KEY_ID": "{me.access_key_id}",
        "SECRET": "{me.secret_access_key}", "In words": "{bucket} of {project} in {region}",
    },
}  # fmt: skip
GIVEN = {
    "valohai": handover(aws("my-valohai-bucket"), ["full"], me=KEY),
    "lightly": handover(aws("datalake"), READ, "in/", lightly=ROLE),
    "named": handover(
        aws("datalake"), READ, "in/", it=ROLE | {"external_id": "", "session_name": "shared-one"}
    ),
    "two-keys": handover(aws("datalake"), READ, "in/", input=KEY, output=OTHER),
    "registry": handover(aws("models", "eu-central-1"), WRITE, "team-a/", me=KEY) | {"form": FORM},
    "session": handover(aws("models"), WRITE, me=KEY | {"session_token": "tok+en"}),
    "machine": handover(aws("erdos", "us-west-2"), WRITE, "cp/", vm=MACHINE),
    "laptop": handover(aws("erdos", "us-west-2"), READ, me=KEY),
    "kopah": handover(STORE, [*WRITE, "delete"], us=PROFILE),
    "swift": handover(SWIFT, [*WRITE, "delete"], valohai=PASSWORD, urls=URLS),
    "robot": handover(SWIFT, READ, robot=CREDENTIAL),
    "job": handover(
        aws("artifacts"), WRITE,
        ci={"as": "job", "role_arn": "arn:aws:iam::123456789012:role/ci", "provider": OIDC,
            "subjects": ["repo:a/b"], "audience": "sts.amazonaws.com"},
    ),
    "runner": handover(
        aws("state"), READ,
        dev={"as": "runner", "role_arn": "arn:aws:iam::123456789012:role/dev", "provider": OIDC,
             "subjects": ["repo:a/b:environment:dev"], "audience": "sts.amazonaws.com",
             "environment": "dev", "deploys": True, "names": ["acme-dev-"], "strangers": {},
             "boundary": "arn:aws:iam::123456789012:policy/dev", "key": "arn:aws:kms:x:1:key/k"},
    ),
    "guest": handover(
        aws("artifacts"), READ, them={"as": "principal", "principals": ["111122223333"]}
    ),
    "existing": handover(aws("artifacts"), READ, logs={"as": "existing-role", "name": "logs"}),
}  # fmt: skip


def read(project: str) -> Handover:
    """A project's, with the keys that the operator's machine has."""
    found = Handover.read(project, GIVEN[project])
    for name, holder in found.holders.items():
        if isinstance(holder.how, model.Profile):
            keys = {key: value for key, value in KEY.items() if key != "as"}
            found = found.with_how(name, replace(holder.how, **keys))
    return found


TEXTS = {
    ("registry", "env"): """\
AWS_ACCESS_KEY_ID=AKIAEXAMPLE
AWS_SECRET_ACCESS_KEY=se/cret+key
AWS_REGION=eu-central-1
AWS_DEFAULT_REGION=eu-central-1
MODELS=models
ROOT=team-a
KEY_ID=AKIAEXAMPLE
SECRET=se/cret+key
""",
    ("session", "env"): """\
AWS_ACCESS_KEY_ID=AKIAEXAMPLE
AWS_SECRET_ACCESS_KEY=se/cret+key
AWS_SESSION_TOKEN=tok+en
AWS_REGION=eu-west-1
AWS_DEFAULT_REGION=eu-west-1
""",
    ("kopah", "env"): """\
AWS_ACCESS_KEY_ID=AKIAEXAMPLE
AWS_SECRET_ACCESS_KEY=se/cret+key
AWS_REGION=us-east-1
AWS_DEFAULT_REGION=us-east-1
AWS_ENDPOINT_URL_S3=https://s3.kopah.uw.edu
AWS_REQUEST_CHECKSUM_CALCULATION=when_required
AWS_RESPONSE_CHECKSUM_VALIDATION=when_required
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
    ("machine", "docker"): (
        "docker run --mount type=bind,source=/mnt/erdos,target=/checkpoints IMAGE\n"
    ),
    ("laptop", "docker"): (
        "docker run --mount type=bind,source=/mnt/erdos,target=/checkpoints,readonly IMAGE\n"
    ),
    ("machine", "aws-profile"): "# ~/.aws/config\n[profile machine]\nregion = us-west-2\n",
    ("lightly", "aws-profile"): """\
# ~/.aws/config
[profile lightly]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Lightly
external_id = animals-7
duration_seconds = 43200
source_profile = default
""",
    ("named", "aws-profile"): """\
# ~/.aws/config
[profile named]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Lightly
role_session_name = shared-one
duration_seconds = 43200
source_profile = default
""",
    ("two-keys", "aws-profile"): """\
# ~/.aws/credentials
[two-keys-input]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = se/cret+key
[two-keys-output]
aws_access_key_id = AKIAOUTPUT
aws_secret_access_key = other+secret

# ~/.aws/config
[profile two-keys-input]
region = eu-west-1
[profile two-keys-output]
region = eu-west-1
""",
    ("machine", "python"): """\
import boto3

s3 = boto3.session.Session(region_name="us-west-2").client("s3")
s3.list_objects_v2(Bucket="erdos", Prefix="cp/")
""",
    ("laptop", "python"): """\
import boto3

s3 = boto3.session.Session(profile_name="laptop").client("s3")
s3.list_objects_v2(Bucket="erdos", Prefix="")
""",
    ("swift", "python"): """\
import openstack

cloud = openstack.connect(cloud="swift")
print(list(cloud.object_store.objects("my-project-data")))
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
    ("robot", "openrc"): """\
export OS_AUTH_URL=https://identity.example.org:5000/v3
export OS_IDENTITY_API_VERSION=3
export OS_REGION_NAME=RegionOne
export OS_AUTH_TYPE=v3applicationcredential
export OS_APPLICATION_CREDENTIAL_ID=4711
export OS_APPLICATION_CREDENTIAL_SECRET=s3cret
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
    ("robot", "clouds"): """\
clouds:
  robot:
    region_name: RegionOne
    identity_api_version: 3
    auth_type: v3applicationcredential
    auth:
      auth_url: https://identity.example.org:5000/v3
      application_credential_id: '4711'
      application_credential_secret: s3cret
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
    ("robot", "rclone"): """\
[robot]
type = swift
auth = https://identity.example.org:5000/v3
auth_version = 3
application_credential_id = 4711
application_credential_secret = s3cret
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
no_head = true
endpoint = https://s3.kopah.uw.edu
force_path_style = true
""",
    ("swift", "form"): f"""\
Container           my-project-data
Auth url            https://identity.example.org:5000/v3
Region              RegionOne
Project id          {"0" * 32}
valohai: Username   valohai
valohai: Password   pass'word
urls: Temp URL key  temp-key
""",
    ("registry", "form"): """\
MODELS    models
ROOT      team-a
KEY_ID    AKIAEXAMPLE
SECRET    se/cret+key
In words  models of registry in eu-central-1
""",
    ("named", "form"): """\
Bucket        datalake
Region        eu-west-1
Role ARN      arn:aws:iam::123456789012:role/Lightly
Session name  shared-one
""",
}


@pytest.mark.parametrize(("project", "shape"), TEXTS)
def test_the_texts(project, shape):
    """Each as its consumer reads it."""
    assert render(read(project), shape) == TEXTS[project, shape]


@pytest.mark.parametrize("project", GIVEN)
def test_every_format_of_every_project_is_text_or_one_line(project):
    """For every where and how: what cannot be had says so, and nothing else goes wrong."""
    texts = []
    for shape in FORMATS:
        try:
            text = render(read(project), shape)
        except ValueError as error:
            told = str(error)
        else:
            assert text.endswith("\n")
            texts.append(shape)
            continue
        assert told.startswith(f"{project} ")
        assert "use " in told or "--holder" in told
        assert "\n" not in told
    assert {"form", "json"} <= set(texts)


def test_every_where_and_how_is_held_here():
    """A way to get in that somebody adds has its formats judged as well."""
    hows = {type(holder.how) for name in GIVEN for holder in read(name).holders.values()}

    never = {model.Listed, model.UploadRole}  # they are in no form: nothing is pasted
    assert hows == set(model.How.__args__) - never
    assert {type(read(name).where) for name in GIVEN} == set(model.Where.__args__)


@pytest.mark.parametrize(
    ("project", "shape", "message"),
    [
        ("machine", "env", "nobody here who has keys to hand over: machines get theirs from their"),
        ("lightly", "s3cfg", "the consumer has its own, with which it assumes the role"),
        ("lightly", "python", "nobody here who logs in: the consumer has its own"),
        ("job", "env", "jobs have a token instead"),
        ("guest", "env", "the consumer has its own"),
        ("existing", "aws-profile", "has nobody who logs in by a profile"),
        ("two-keys", "env", "has several holders, name one with --holder: input, output"),
        ("two-keys", "mount", "has several holders, name one with --holder: input, output"),
        ("valohai", "mount", "has no places that 'me' can list, one is mounted"),
        ("swift", "s3cfg", "is on OpenStack, use form, openrc, clouds or rclone"),
        ("swift", "aws-profile", "is on OpenStack"),
        ("kopah", "openrc", "is not on OpenStack, use another format"),
        ("valohai", "config", "has no configuration file of its consumer's"),
        ("valohai", "yaml", "format 'yaml' is unknown, use one of form, json, env"),
    ],
)
def test_what_cannot_be_had(project, shape, message):
    """One line that says why, and what else to use."""
    with pytest.raises(ValueError, match=r"use (one|form|another)|--holder") as refused:
        render(read(project), shape)
    assert message in str(refused.value)


@pytest.mark.parametrize("shape", ["s3cfg", "env", "rclone", "aws-profile"])
def test_keys_that_this_machine_does_not_have(shape):
    """A profile that is not there gives no half a file."""
    with pytest.raises(ValueError, match="has no keys to hand over: the profile is not on this"):
        render(Handover.read("kopah", GIVEN["kopah"]), shape)


def test_a_password_that_nobody_has():
    """The form says where it is; a file cannot be had without it."""
    bare = read("swift").with_how("valohai", model.Password(username="valohai"))

    [told] = [each for each in fields(bare) if each.label == "valohai: Password"]
    assert (told.value, told.secret) == ("the one of this user; it is in OS_PASSWORD", False)
    with pytest.raises(ValueError, match="no password to hand over: set OS_PASSWORD, or use form"):
        render(bare, "openrc")


@pytest.mark.parametrize(
    ("username", "handed"), [("valohai", "of-this-user"), ("somebody-else", ""), ("", "")]
)
def test_another_user_s_password_is_never_handed_over(monkeypatch, username, handed):
    """That of the openrc file is this very user's, or is left where it is."""
    monkeypatch.setenv("OS_USERNAME", username)
    monkeypatch.setenv("OS_PASSWORD", "of-this-user")
    monkeypatch.setenv("OS_USER_DOMAIN_NAME", "theirs")
    bare = read("swift").with_how("valohai", model.Password(username="valohai"))

    how = source.with_keys(bare).holders["valohai"].how

    assert how.password == handed
    assert how.user_domain == ("theirs" if handed else "Default")


# --- several holders ---


@pytest.mark.parametrize(("holder", "mine", "other"), [
    ("input", "AKIAEXAMPLE", "AKIAOUTPUT"), ("output", "AKIAOUTPUT", "AKIAEXAMPLE"),
])  # fmt: skip
def test_one_of_several_holders(holder, mine, other):
    """The keys of the one who is named, and of nobody else."""
    for shape in ("env", "s3cfg", "rclone", "aws-profile"):
        text = render(read("two-keys"), shape, holder)
        assert mine in text
        assert other not in text
    assert f"--profile two-keys-{holder}" in render(read("two-keys"), "mount", holder)


@pytest.mark.parametrize("shape", ["env", "mount", "aws-profile", "openrc", "form", "config"])
def test_a_holder_that_is_none(shape):
    """Whatever the format: those that there are."""
    project = "swift" if shape == "openrc" else "two-keys"
    with pytest.raises(ValueError, match=r"has no holder 'nobody', there are \w+, \w+"):
        render(read(project), shape, "nobody")


# --- what is secret ---


def test_secrets_are_masked_by_their_fields():
    """Every one that the types call secret, and nothing else; in the form, too."""
    for project in GIVEN:
        found = read(project)
        masked = json.dumps(found.masked().data())
        for secret in found.secrets():
            assert secret not in masked
            assert secret not in repr(found)
        for label, value, secret in fields(found):
            assert (value in found.secrets()) == secret, label
    assert read("lightly").secrets() == {"animals-7"}
    assert read("swift").secrets() == {"pass'word", "temp-key"}
    assert read("session").secrets() == {"se/cret+key", "tok+en"}


def test_nothing_empty_is_masked():
    """What is not there is not pretended to be."""
    given = Handover.read("kopah", GIVEN["kopah"]).masked().holders["us"].how
    assert given == model.Profile(profile="kopah")


@pytest.mark.parametrize("project", ["valohai", "lightly", "swift", "robot"])
def test_masked_values_are_never_read_as_secrets(project):
    """Nothing could be done with them: the line says how to get the real ones."""
    with pytest.raises(ValueError, match=f"secrets of {project} are masked, print them with --sh"):
        Handover.read(project, read(project).masked().data())


def test_a_text_with_a_secret_in_it_is_one():
    """However it is wrapped."""
    form = {"fields": {"Line": "key={me.secret_access_key} of {bucket}", "Gone": "{me.role_arn}"}}
    found = Handover.read("valohai", GIVEN["valohai"] | {"form": form})

    [line] = fields(found)
    assert (line.value, line.masked) == ("key=se/cret+key of my-valohai-bucket", MASK)


@pytest.mark.parametrize("project", GIVEN)
def test_what_is_read_is_what_was_exported(project):
    """There and back, numbers as the engine's floats included."""
    floats = json.loads(json.dumps(GIVEN[project]), parse_int=float)

    assert Handover.read(project, floats) == Handover.read(project, GIVEN[project])
    assert Handover.read(project, read(project).data()) == read(project)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": {"as": "gcs"}}, "is no hand-over of ours: 'gcs'"),
        ({"where": {"bucket": "b"}}, "is no hand-over of ours: 'as'"),
        ({"where": {"as": "s3", "buckt": "b"}}, "is no hand-over of ours: "),
        ({"holders": {"me": {"how": {"as": "key"}, "places": []}}}, "is no hand-over of ours: "),
        ({"holders": ["me"]}, "is no hand-over of ours: "),
        ({"places": None}, "is no hand-over of ours: "),
        ({"odd": 1}, "is no hand-over of ours: "),
    ],
)
def test_what_is_no_hand_over(change, message):
    """One line with the project's name."""
    with pytest.raises(ValueError) as refused:
        Handover.read("valohai", GIVEN["valohai"] | change)
    assert message in str(refused.value)
    assert str(refused.value).startswith("'valohai' ")
    assert "\n" not in str(refused.value)


def test_a_program_exports_what_the_types_have():
    """A field that is misspelt or missing is found when the program runs, not when it is read."""
    with pytest.raises(TypeError, match="S3 has no buckt"):
        model.exported(model.S3, buckt="b")
    with pytest.raises(TypeError, match="Key needs secret_access_key"):
        model.exported(model.Key, access_key_id="A")


def test_what_comes_next_while_a_role_trusts_nobody():
    """It is told with the form, and no longer once the role trusts."""
    form = {"next": "Paste {lightly.role_arn}, then set 'trusted'."}
    waiting = handover(aws("datalake"), READ, lightly=ROLE | {"trusted": []}) | {"form": form}
    told = f"Paste {ROLE['role_arn']}, then set 'trusted'."

    assert next_step(Handover.read("lightly", waiting)) == told
    assert render(Handover.read("lightly", waiting), "form").endswith(f"\n\nNext: {told}\n")
    assert next_step(Handover.read("lightly", GIVEN["lightly"] | {"form": form})) == ""


def test_the_consumer_s_own_files():
    """One alone is the file itself; several stand below their names."""
    form = {"files": {"tool.ini": "[s3]\nbucket = {bucket}\nkey = {me.secret_access_key}\n"}}
    one = Handover.read("valohai", GIVEN["valohai"] | {"form": form})
    assert render(one, "config") == "[s3]\nbucket = my-valohai-bucket\nkey = se/cret+key\n"
    form["files"]["b.ini"] = "x\n"
    two = Handover.read("valohai", GIVEN["valohai"] | {"form": form})
    assert render(two, "config").startswith("# tool.ini\n[s3]\n")
    assert render(two, "config").endswith("\n# b.ini\nx\n")


def test_a_form_that_speaks_of_what_there_is_not():
    """A mistake in a consumer's file, told with its word."""
    found = Handover.read("valohai", GIVEN["valohai"] | {"form": {"fields": {"A": "{buckt}"}}})
    with pytest.raises(ValueError, match=r"its form speaks of '\{buckt\}', which no project has"):
        fields(found)


def test_values_survive_a_shell_and_yaml():
    """Whatever is in them."""
    hard = 'a\'b "$(c)" #:'
    keys = replace(read("valohai").holders["me"].how, secret_access_key=hard)
    listed = render(read("valohai").with_how("me", keys), "env").splitlines()
    assert [shlex.split(line)[0] for line in listed][1] == f"AWS_SECRET_ACCESS_KEY={hard}"
    assert all(len(shlex.split(line)) == 1 for line in listed)
    login = replace(read("swift").holders["valohai"].how, password=hard)
    clouds = yaml.safe_load(render(read("swift").with_how("valohai", login), "clouds"))
    assert clouds["clouds"]["swift"]["auth"]["password"] == hard


# --- the command ---


@pytest.fixture
def command(tmp_path, invoke):
    """Run it in a home with the operator's keys in it; what is given comes by standard input."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        "[kopah]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = se/cret+key\n"
    )

    def run(*arguments, given=GIVEN, source=("--from", "-"), **variables):
        return invoke(
            "handover", *arguments, *source,
            env={"HOME": str(tmp_path), "PATH": str(Path(sys.executable).parent), **variables},
            given=given if isinstance(given, str) else json.dumps(given),
        )  # fmt: skip

    return run


def test_it_prints_what_was_asked_for(command):
    """From outputs, and from a rehearsal's JSON; the profile's keys come from this machine."""
    assert command("kopah", "--format", "s3cfg").stdout == TEXTS["kopah", "s3cfg"]
    rehearsed = {"environment": "guides", "handovers": GIVEN}
    assert (
        command("registry", "--format", "env", given=rehearsed).stdout == TEXTS["registry", "env"]
    )
    done = command("two-keys", "--format", "env", "--holder", "output")
    assert "AKIAOUTPUT" in done.stdout
    assert Handover.read("machine", json.loads(command("machine", "--format", "json").stdout)) == (
        read("machine")
    )


def test_a_file_is_for_its_owner_alone(command, tmp_path):
    """Nobody else can read it, whatever the mask of new files is, and nothing is printed."""
    path = tmp_path / "kopah.s3cfg"
    before = os.umask(0)
    try:
        done = command("kopah", "--format", "s3cfg", "--output", str(path))
    finally:
        os.umask(before)

    assert (done.returncode, done.stdout) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == TEXTS["kopah", "s3cfg"]
    assert "se/cret" not in done.stderr


def test_nothing_is_overwritten(command, tmp_path):
    """Unless forced; then the rights are right all the same."""
    path = tmp_path / "profile"
    path.write_text("mine")
    path.chmod(0o644)
    refused = command("valohai", "--output", str(path))
    assert (refused.returncode, path.read_text()) == (2, "mine")
    assert "exists already: choose another name, or --force" in refused.stderr
    forced = command("valohai", "--output", str(path), "--force")
    assert (forced.returncode, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)


def test_nothing_lands_in_a_repository(command, tmp_path):
    """Neither by its name, nor by a link from outside, whether or not what it names is there."""
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    inside, linked = repository / "deep/secrets.env", tmp_path / "by-a-folder"
    inside.parent.mkdir()
    linked.symlink_to(inside.parent)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(repository / "deep/not-there")
    nowhere = repository / "deep/nowhere"
    nowhere.symlink_to(tmp_path / "elsewhere")
    for path in (inside, linked / "secrets.env", dangling, nowhere):
        done = command("registry", "--format", "env", "--output", str(path))
        assert done.returncode == 2
        assert "is in the git work tree" in done.stderr or "exists already" in done.stderr
    assert sorted(each.name for each in inside.parent.iterdir()) == ["nowhere"]
    assert not (tmp_path / "elsewhere").exists()

    forced = command("registry", "--format", "env", "--output", str(inside), "--force")
    assert forced.returncode == 0
    assert sorted(each.name for each in inside.parent.iterdir()) == ["nowhere", "secrets.env"]


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["vision"], GIVEN, "project 'vision' is not in this environment, there are existing, gu"),
        (["valohai", "--format", "xml"], GIVEN, "format 'xml' is unknown"),
        (["two-keys", "--format", "env"], GIVEN, "name one with --holder: input, output"),
        (["valohai"], "{", "file '-' is no JSON"),
        (["valohai"], "[]", "hands nothing over"),
        (["valohai"], {"valohai": "x"}, "hands nothing over"),
        (["valohai"], {"valohai": read("valohai").masked().data()}, "are masked, print them with"),
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
    """Which is installed separately; a stand-in for it shows what is asked, and what it says."""
    done = command("valohai", source=())
    assert "'pulumi' is not on PATH, install it or give a file with --from" in done.stderr

    pulumi, asked, outputs = (tmp_path / name for name in ("pulumi", "asked", "outputs"))
    outputs.write_text(json.dumps(GIVEN))
    pulumi.write_text(f'#!/bin/sh\necho "$@" > {asked}\ncat {outputs}\n')
    pulumi.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = command("laptop", "--format", "mount", "--stack", "prod", source=(), PATH=path)
    assert done.stdout == TEXTS["laptop", "mount"]
    assert asked.read_text().split() == [
        "stack", "output", "--show-secrets", "--json", "--stack", "prod",
    ]  # fmt: skip
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/Pulumi.yaml").write_text("name: elsewhere\n")
    pulumi.write_text("#!/bin/sh\npwd >&2\nexit 1\n")
    done = command("laptop", "--program", str(tmp_path / "elsewhere"), source=(), PATH=path)
    assert done.stderr == f"error: 'pulumi stack output' said: {tmp_path}/elsewhere\n"
    pulumi.write_text("#!/bin/sh\necho 'error: no stack selected' >&2\nexit 1\n")
    done = command("laptop", source=(), PATH=path)
    assert done.stderr == "error: 'pulumi stack output' said: no stack selected\n"
