"""`object-access check PROJECT`: the same promises wherever the hand-over points."""

import json
import os
from pathlib import Path

import pytest

from object_access.rehearsal import bystanders, engine, environments
from object_access.workspace import KEY, Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)
ROOT = Path(__file__).parents[2]
LIGHTLY = "311530292373"
READ, DELETE = ["list", "read"], ["list", "read", "write", "delete"]
SWIFT = {
    "kind": "valohai-swift", "container": "checked", "username": "valohai", "key": "container",
    "auth_url": "https://identity.example.org/v3", "project_id": "0" * 32,
}  # fmt: skip
PROJECTS = {
    "laptop": {"kind": "mountpoint", "holder": "key", "access": "delete", "bucket": "checks-laptop"},
    "lake": {
        "kind": "lightly", "bucket": "checks-lake", "prefix": "in/", "output": "in/",
        "account": LIGHTLY,
    },
    "kopah": {"kind": "kopah", "bucket": "checks-kopah"},
    "reader": {
        "kind": "s3", "bucket": "checks-reader", "places": {"data": {"access": READ}},
        "holders": {"me": {"as": "user"}},
    },
    "machine": {
        "kind": "s3", "bucket": "checks-machine", "places": {"data": {"access": READ}},
        "holders": {"vm": {"as": "machine"}},
    },
    "guest": {
        "kind": "s3", "bucket": "checks-guest", "places": {"data": {"access": READ}},
        "holders": {"them": {"as": "principal", "principals": [LIGHTLY]}},
    },
    "valohai": SWIFT,
    "robot": {
        **{key: SWIFT[key] for key in ("auth_url", "project_id")}, "kind": "swift",
        "container": "checked-2", "places": {"data": {"access": DELETE}},
        "holders": {"robot": {"as": "credential"},
                    "them": {"as": "listed", "elements": ["readers"]}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def handovers(cloud):
    """What `pulumi stack output --show-secrets --json` would print, deployed once."""
    config = {KEY: {"projects": PROJECTS, "protect": False}}
    loaded = environments.projects_of(WORKSPACE, "checked", config)
    bystanders.provide(cloud, [each.project for each in loaded])
    return engine.run(WORKSPACE, "checked", config, cloud, lambda _: None).handovers


@pytest.fixture
def command(cloud, handovers, tmp_path, invoke):
    """Run the command on a machine with the profiles of an operator and of Lightly's account."""
    lightly = cloud.aws["accounts"][LIGHTLY]
    (tmp_path / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {keys['access_key_id']}\n"
            f"aws_secret_access_key = {keys['secret_access_key']}\n"
            for name, keys in (("kopah", cloud.compatible), ("lightly", lightly))
        )
    )

    def run(project, *arguments, endpoint=None, given=handovers, **variables):
        shape = () if "--format" in arguments else ("--format", "json")
        at = ["--endpoint", endpoint or cloud.target.endpoint, "--from", "-", *shape]
        return invoke(
            "check", project, *at, *arguments,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
                "AWS_CA_BUNDLE": cloud.target.ca_bundle,
                "AWS_EC2_METADATA_DISABLED": "true",
                **variables,
            },
            given=json.dumps(given),
        )  # fmt: skip

    return run


def states(done) -> dict[str, str]:
    """What came of each check, by its name."""
    return {each["check"]: each["state"] for each in json.loads(done.stdout)}


def answers(done) -> set[str]:
    """Why something was not tried."""
    return {each["answer"] for each in json.loads(done.stdout) if each["state"] == "not tried"}


def counted(done, state: str) -> int:
    """How many came out so; the summary says the same."""
    count = sum(each["state"] == state for each in json.loads(done.stdout))
    assert f"{count} {state}" in done.stderr or not count
    return count


def keys_in(cloud, bucket):
    """Everything that is in the bucket, old versions not counted."""
    found = cloud.admin("s3").list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in found.get("Contents", [])]


def test_a_project_as_promised(command, cloud):
    """Exit code 0; every check in the JSON; nothing is left in the bucket, and what was there is
    untouched."""
    s3 = cloud.admin("s3", "us-west-2")
    s3.put_object(Bucket="checks-laptop", Key="data/precious", Body=b"x")
    done = command("laptop")

    assert done.returncode == 0, done.stdout
    assert counted(done, "as promised") >= 12
    assert counted(done, "FAIL") == 0
    assert keys_in(cloud, "checks-laptop") == ["data/precious"]


def test_what_would_do_harm_is_left_to_rehearsals(command, cloud):
    """A store that is not embedded is never asked to open a bucket, to delete it, or to make keys;
    it has nobody else's bucket or account either."""
    cloud.admin("s3").put_object(Bucket="checks-reader", Key="there", Body=b"x")
    done = command("reader")

    assert done.returncode == 0, done.stdout
    told = {each["check"]: each for each in json.loads(done.stdout)}
    harmful = [name for name in told if "administering" in name or "becoming more" in name]
    assert len(harmful) == 3
    assert all("would do harm" in told[name]["answer"] for name in harmful)
    assert {told[name]["state"] for name in (*harmful, "another bucket", "another account")} == {
        "not tried"
    }
    assert told["the whole bucket: read"]["state"] == "as promised"


def test_a_role_alone_needs_the_keys_of_whom_it_trusts(command, cloud):
    """Without them nothing of it can be tried, which is said; nobody's being kept out is."""
    done = command("lake")

    assert done.returncode == 0
    assert {name for name, state in states(done).items() if state != "not tried"} == {
        "anyone without keys",
        "wrong keys",
        "its own pages and others, by preflight: what no rule names",
    }
    assert any("only the consumer can assume the role" in why for why in answers(done))
    assert counted(done, "not tried") >= 5

    done = command("lake", "--profile", "lightly")
    assert done.returncode == 0, done.stdout
    assert counted(done, "as promised") > 10
    assert states(done)["a session of 12 hours for whom it trusts"] == "as promised"
    assert keys_in(cloud, "checks-lake") == []


def test_a_machine_is_tried_on_itself(command):
    """Anywhere else its checks are not tried, and say where they can be."""
    done = command("machine")

    assert any("try it on a machine with the instance profile" in why for why in answers(done))
    assert counted(done, "FAIL") == 0


def test_somebody_else_s_principals_have_their_own_keys(command):
    """Which only they have."""
    done = command("guest")

    assert f"needs keys of {LIGHTLY}, which only it has" in answers(done)
    assert counted(done, "FAIL") == 0


def test_any_endpoint_and_any_profile(command, cloud):
    """The checks of a compatible store, with the keys of a profile that is named."""
    done = command("kopah", "--profile", "kopah", endpoint=cloud.compatible["endpoint"])

    assert done.returncode == 0, done.stderr
    assert counted(done, "as promised") >= 8


def test_a_compatible_store_without_its_keys(command, handovers):
    """What could not be tried is said; that nobody is let in, is tried."""
    holders = {"kopah": {"how": {"as": "profile", "profile": "other"}, "places": ["bucket"]}}
    done = command("kopah", given={"kopah": {**handovers["kopah"], "holders": holders}})

    assert done.returncode == 0
    assert set(states(done).values()) == {"as promised", "not tried"}
    assert any("needs the keys of profile 'other', see --profile" in why for why in answers(done))


# --- Swift ---


@pytest.fixture
def openrc(cloud):
    """The variables of the user's openrc file."""
    user = cloud.swift["projects"]["rehearsal"]
    return {
        "OS_USERNAME": user["username"],
        "OS_PASSWORD": user["password"],
        "OS_USER_DOMAIN_NAME": user["user_domain"],
    }


def test_swift_with_the_openrc_file_tries_everything(command, openrc):
    """But for what needs other people; the password is shown nowhere."""
    done = command("valohai", **openrc)

    assert done.returncode == 0, done.stdout
    assert {name for name, state in states(done).items() if state == "not tried"} == {
        "another project's user, and a user without a role"
    }
    assert counted(done, "as promised") >= 18
    assert openrc["OS_PASSWORD"] not in done.stdout + done.stderr


@pytest.mark.parametrize("change", [{"OS_PASSWORD": ""}, {"OS_USERNAME": "somebody-else"}])
def test_swift_without_the_user_s_password_proves_nothing(command, openrc, change):
    """Another user's is never tried for it: nothing is, which is exit code 2."""
    done = command("valohai", **openrc | change)

    assert done.returncode == 2
    assert set(states(done).values()) == {"not tried"}
    assert counted(done, "not tried") >= 15
    assert any("load its openrc file" in why for why in answers(done))


def test_a_container_without_a_user_of_its_own(command, openrc):
    """By its credential, and what others must be refused by whoever has the project's openrc file."""
    alone, loaded = command("robot"), command("robot", **openrc)

    assert states(alone)["robot: what was granted in the container"] == "as promised"
    assert states(alone)["anyone without a login"] == "not tried"
    assert states(loaded)["anyone without a login"] == "as promised"
    assert states(loaded)["them: what was granted in the container"] == "not tried"
    assert (alone.returncode, loaded.returncode) == (0, 0), loaded.stdout


# --- when it fails ---


def test_a_broken_promise_is_exit_code_1(command, handovers):
    """The key was taken away: what must work does not, in words, and no secret is shown."""
    given = json.loads(json.dumps(handovers["laptop"]))
    given["holders"]["mountpoint"]["how"]["secret_access_key"] = "not-the-secret"
    done = command("laptop", "--format", "table", given={"laptop": given}, COLUMNS="60")

    assert done.returncode == 1
    assert "FAIL laptop: the whole bucket: read" in done.stdout
    assert "\x1b" not in done.stdout
    assert all(len(line) <= 60 for line in done.stdout.splitlines())
    assert "not-the-secret" not in done.stdout + done.stderr


@pytest.mark.thorough
def test_nobody_there_is_a_failure_and_not_a_refusal(command):
    """A store that does not answer proves nothing."""
    done = command("reader", endpoint="https://127.0.0.1:9")

    assert done.returncode == 1
    assert "as promised" not in states(done).values()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vision"], "project 'vision' is not in this environment, there are guest, kopah, lake"),
        (["kopah", "--profile", "kopha"], "profile 'kopha' has no keys, run 'aws configure"),
        (["lake", "--profile", "kopha"], "profile 'kopha' has no keys, run 'aws configure"),
        (["laptop", "--format", "svg"], "format 'svg' is unknown, use one of table, json"),
        (["kopah", "--endpoint", "s3.kopah.uw.edu"], "did you mean 'https://s3.kopah.uw.edu'"),
    ],
)
def test_what_cannot_be_tried_is_one_line(command, arguments, message):
    """Exit code 2, before anything is tried; for whoever reads JSON, as JSON."""
    done = command(*arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    if "--format" not in arguments:
        assert message in json.loads(done.stdout)["error"]
