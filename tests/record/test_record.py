"""A command is recorded, replayed and told, on the embedded AWS."""

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import yaml

from object_access.policies.grants import Access
from object_access.record import command as commands
from object_access.record.run import Command
from object_access.record.surroundings import write_private
from stacks import consumers
from stacks.projects import Place, S3Project, User

from .conftest import TOOL

ROOT = Path(__file__).parents[2]


def project(**places):
    """A project of the program with these places."""
    return S3Project(
        name="theirs",
        environment="dev",
        namespace="",
        consumer="",
        bucket="of-theirs",
        places=places,
        holders={"it": User()},
    )


# --- what is recorded and proven ---


def test_the_access_is_exact_and_proven(record):
    """Each permission is named as IAM does, the places are enough, and every verb is missed."""
    told = record("PUT in/a", "HEAD in/a", "GET in/a", "LIST=in/", "DELETE in/a")

    assert told.code == 0
    assert told.places == {"in/": "list read write delete"}
    actions = {each["action"] for each in told.data["asked"]}
    assert actions == {"s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"}
    assert {"s3:prefix": "in/"}.items() <= told.data["asked"][2]["conditions"].items()
    assert told.data["replay"]["holds"]
    assert all(told.without.values())
    assert set(told.without) == {"list", "read", "write", "delete"}


def test_refusals_behind_exit_code_0_are_seen(record):
    """A tool that shrugs off every refusal still shows what it cannot do without."""
    told = record("-PUT in/a", "-GET in/a", "-LIST=in/", "-DELETE in/a")

    assert told.data["replay"]["holds"]
    assert told.without == {
        "list": "ListObjectsV2 refused",
        "read": "GetObject refused",
        "write": "GetObject, PutObject refused",  # what was not written is not there
        "delete": "DeleteObject refused",
    }


@pytest.mark.thorough
def test_a_look_for_what_is_not_there_is_a_listing(record):
    """S3 says so only to those who may list the bucket; a tool that takes a refusal for a no does
    not need it, and that is named."""
    told = record("PUT in/a", "-HEAD in/none")

    assert told.places == {"in/": "read write", "": "list"}
    assert told.data["replay"]["holds"]
    assert {verb for verb, missed in told.without.items() if not missed} == {"read", "list"}
    assert "without list of bucket: nothing missed it: unneeded" in told.err


def test_a_look_that_decides_what_is_done(record):
    """The same listing is needed by a tool that ends with the refusal."""
    told = record("PUT in/a", "!HEAD in/none", "LIST=in/")

    assert told.without["list"] == "exit code 1"


def test_names_made_anew(record):
    """Objects that each run names otherwise are compared without their names, and that is said."""
    told = record("~PUT out/", "LIST=out/")

    assert told.code == 0
    assert told.places == {"out/": "list write"}
    assert "names some of its objects anew" in told.data["replay"]["compared"]
    assert told.without["write"] == "exit code 1"


@pytest.mark.thorough
def test_contents_made_anew(record):
    """Objects that each run fills otherwise are the same but for that, and that is said."""
    other = record("RANDOM in/a")
    same = record("PUT in/a")

    assert (other.code, same.code) == (0, 0)
    assert other.data["replay"]["compared"].endswith("though with other contents")
    assert not same.data["replay"]["compared"].endswith("contents")


def test_conditions_that_matter(record):
    """The tags that a write sets are another permission, and told with it."""
    told = record("TAGGED in/a", replay=False)

    assert told.places == {"in/": "write write-tags"}
    [put] = [each for each in told.data["asked"] if each["action"] == "s3:PutObject"]
    assert put["conditions"] == {"s3:requestobjecttag/team": "red"}
    assert told.data["replay"] is None
    assert "nothing is proven" in told.err


def test_the_bucket_is_made_where_the_command_signs_for(record):
    """The first request says which bucket in which region; the project has both."""
    told = record("US in/a", replay=False)

    [made] = told.data["project"].values()
    assert (made["bucket"], made["region"]) == (told.bucket, "us-east-1")


def test_a_browser(record):
    """Its pages may do what they like at first, and in the replays what is left of that."""
    told = record("@https://page.example PUT in/a", "@https://page.example GET in/a")

    [made] = told.data["project"].values()
    assert made["cors"] == [
        {"origins": ["https://page.example"], "methods": ["GET", "PUT"], "expose": ["ETag"]}
    ]
    assert told.data["replay"]["holds"]


def test_what_is_there_before(record, tmp_path):
    """The files of a folder are in the bucket at the start of each run."""
    (tmp_path / "seed/in").mkdir(parents=True)
    (tmp_path / "seed/in/a").write_text("a")

    told = record("GET in/a", "DELETE in/a", seed=tmp_path / "seed")

    assert told.code == 0
    assert told.places == {"in/": "read delete"}


def test_places_that_are_wanted(record):
    """A place is given instead of found."""
    assert record("PUT in/x/y/a", places=("in/",), replay=False).places == {"in/": "write"}
    assert record("PUT in/x/y/a", places=("/",), replay=False).places == {"": "write"}


def test_a_place_at_which_nothing_was_asked(record):
    """A place that is wanted in vain is named: it may be misspelt."""
    told = record("PUT in/a", places=("runs/",), replay=False)

    assert told.places == {"in/": "write"}
    assert "nothing was asked at --place runs/" in told.err


# --- what our words do not give ---


def test_what_cannot_be_granted_is_named(record):
    """Other services, all buckets, the bucket's own policy: named, not granted, and the replay
    shows whether the tool does without."""
    told = record(
        "PUT in/a", "!iam:ListUsers", "!sts:GetCallerIdentity", "!sts:AssumeRole", "!BUCKETS",
        "!?acl",
    )  # fmt: skip

    assert told.code == 0
    assert told.places == {"in/": "write"}
    named = " ".join(told.data["not_granted"])
    for each in ("s3:GetBucketAcl", "iam:ListUsers", "sts:AssumeRole", "s3:ListAllMyBuckets"):
        assert f"{each} was asked" in named
    assert "sts:GetCallerIdentity was asked, which everybody may" in named
    assert "it did without s3:GetBucketAcl" in told.err


def test_what_it_cannot_do_without_and_no_verb_gives(record):
    """The replay is then not as the first run, and the exit code says so."""
    told = record("PUT in/a", "?acl")

    assert told.code == 1
    assert not told.data["replay"]["holds"]
    assert told.data["replay"]["missed"] == "exit code 1"
    assert "perhaps for want of s3:GetBucketAcl" in told.err


def test_a_tool_that_makes_its_bucket(record):
    """Named; in the replays the bucket is there, as the project's will be."""
    told = record("!PUT", "PUT in/a")

    assert told.code == 0
    assert told.places == {"in/": "write"}
    assert "s3:CreateBucket was asked: it makes its bucket itself" in told.err


# A GET that nobody signed, by the machine's own Python.
UNSIGNED = """
import os, ssl, sys, urllib.error, urllib.request
trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
try:
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + sys.argv[1], context=trust)
except urllib.error.HTTPError:
    pass
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "s3:GetObject +1x +pub/"),
        (
            "?AWSAccessKeyId=AKIAEXAMPLE&Expires=1&Signature=none",
            "GET object was answered InvalidRequest, before any permission was looked at",
        ),
    ],
)
def test_what_was_asked_without_our_key_is_no_need(record, query, says):
    """A request that nobody signed, or not with version 4, is refused to whoever may do everything:
    told, not granted."""
    script = '"$0" -Sc "$1" "$2" && "$0" -S "$3" unsigned "PUT in/a"'
    words = ("sh", "-c", script, sys.executable, UNSIGNED, f"/unsigned/pub/a{query}", TOOL[-1])
    told = record(command=words, replay=False)

    assert told.code == 0
    assert told.places == {"in/": "write"}
    assert re.search(says, told.err)


@pytest.mark.thorough
def test_signs_that_steer_a_terminal_are_not_printed(record):
    """A key may have them; they are shown as Python writes them."""
    told = record("PUT \N{RIGHT-TO-LEFT OVERRIDE}b/a", replay=False)

    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in told.err
    assert r"\u202eb/" in told.err


def test_a_copy_from_another_bucket_is_named(record):
    """Its source is another bucket's, though the request is for ours."""
    told = record("!COPY in/a", replay=False)

    assert told.places == {"in/": "write"}
    assert "'elsewhere' was asked for, too: record that one by itself" in told.err


def test_another_bucket_is_named(record):
    """A recording is of one bucket."""
    told = record("!PUT in/a", bucket="another-one", replay=False)

    assert told.places == {}
    assert f"'{told.bucket}' was asked for, too: record that one by itself" in told.err


def test_keys_of_the_tool_s_own_configuration(record):
    """A request that is not signed with the keys that were given says where it went wrong."""
    told = record(command=("sh", "-c", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE " + " ".join(
        f"'{each}'" for each in (*TOOL, "some-bucket", "!GET a"))), replay=False)  # fmt: skip

    assert "it signed with keys of its own configuration" in told.err


# --- commands that go wrong ---


def test_a_command_that_fails(record):
    """Its exit code is told and what it asked, and no project is invented."""
    told = record("PUT in/a", "=3")

    assert told.code == 1
    assert (told.text, told.out) == ("", "")
    assert "ended with exit code 3" in told.err
    assert "s3:PutObject" in told.err


def test_a_command_that_asks_nothing(record):
    """It did not find the store: what it was given is said."""
    told = record("=0")

    assert told.code == 2
    assert "nothing was asked of the store at https://127.0.0.1:" in told.err


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"command": ("no-such-command",)}, "'no-such-command' is no command that is found here"),
        ({"bucket": "No_Bucket"}, "bucket"),
        ({"places": ("runs",)}, "prefix 'runs' does not end with '/'"),
        ({"seed": Path("nowhere")}, "seed 'nowhere' is no folder"),
        ({"kind": "swift", "shape": "iam"}, "Swift has no IAM"),
        ({"append": Path(__file__)}, "is no record to append to"),
        ({"append": Path("nowhere/file")}, "'nowhere/file' cannot be written"),
        ({"output": Path()}, "cannot be written, name a file"),
    ],
)
def test_what_is_refused(record, wish, says):
    """In one line, before anything runs."""
    with pytest.raises(ValueError, match=says):
        record(**{"command": ("true",), **wish})


def test_a_replay_that_asks_nothing_proves_nothing(record, tmp_path):
    """A tool that remembers outside of its folder what it has done, does nothing again."""
    once = 'test -e "$0" || { touch "$0"; exec "$@"; }'
    told = record(command=("sh", "-c", once, str(tmp_path / "done"), *TOOL, "once", "PUT in/a"))

    assert told.code == 1
    assert told.data["replay"]["missed"] == "it asked nothing"


def test_a_replay_that_does_less_proves_nothing(record, tmp_path):
    """Where runs cannot be compared by keys, each kind of request must still be there."""
    once = 'test -e "$0" || { touch "$0"; "$@" "PUT in/a"; }; "$@" LIST=in/'
    told = record(command=("sh", "-c", once, str(tmp_path / "done"), *TOOL, "less"))

    assert told.code == 1
    assert told.data["replay"]["missed"] == "no PutObject any more"


def test_a_failing_command_that_asks_nothing(record):
    """The exit code is told: it may be why nothing was asked."""
    told = record("=3")

    assert told.code == 2
    assert "ended with exit code 3, and nothing was asked" in told.err


@pytest.mark.thorough
def test_input_from_a_pipe(record, tmp_path):
    """It is not there in the replays, which then prove nothing, and the way out is said."""
    script = [
        "import sys", "from object_access.record.command import Wish, run",
        "sys.exit(run(Wish(tuple(sys.argv[1:]))))",
    ]  # fmt: skip
    words = ["sh", "-c", 'read word && exec "$@" "$word"; true', "sh", *TOOL, "piped"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script), *words],
        input="PUT in/a\n", cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 1
    assert "yet it went otherwise: it asked nothing" in done.stderr
    assert "its input was a pipe" in done.stderr


def test_a_folder_that_cannot_be_copied(record, monkeypatch):
    """The replays run in the folder itself, and that is said."""

    def unreadable(*_, **__):
        raise shutil.Error([("a", "b", "Permission denied")])

    monkeypatch.setattr(shutil, "copytree", unreadable)
    told = record("PUT in/a")

    assert told.code == 0
    assert "the replays ran in the command's own folder" in told.err


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)]
)
def test_ctrl_c_in_a_replay_leaves_nothing(tmp_path, number):
    """No process of the replay goes on, and no folder with keys stays."""
    mark = tmp_path / "replayed"
    script = 'if test -e "$0"; then echo $$ > "$0"; exec sleep 99; fi; touch "$0"; exec "$@"'
    (tmp_path / "tmp").mkdir()
    (tmp_path / "folder").mkdir()
    child = subprocess.Popen(
        [sys.executable, "-m", "object_access", "record", "--",
         "sh", "-c", script, mark, *TOOL, "left", "PUT in/a"],
        cwd=tmp_path / "folder", stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    until(lambda: mark.exists() and mark.read_text().endswith("\n"))
    child.send_signal(number)
    child.communicate(timeout=30)

    assert child.returncode != 0
    until(lambda: not Path(f"/proc/{int(mark.read_text())}").exists())
    assert [*(tmp_path / "tmp").glob("object-access-record-*")] == []


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_a_replay_leaves_no_process(record, tmp_path):
    """Not even one that went into a session of its own: it would ask in the next replay. What the
    first run leaves is the user's own, and said, for nobody hears what it asks later."""
    ids = tmp_path / "ids"
    script = 'setsid sleep 98 & echo $! >> "$0"; exec "$@"'
    told = record(command=("sh", "-c", script, str(ids), *TOOL, "daemon", "PUT in/a"))

    ours, *replayed = map(int, ids.read_text().split())
    os.kill(ours, signal.SIGKILL)  # of the first run, which is the user's own
    assert "it left processes running" in told.err
    assert len(replayed) == 2
    for each in replayed:
        until(lambda each=each: not runs(each))


def runs(process):
    """Whether a process is there and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def until(holds):
    """Wait for something that is to be so within half a minute."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- several commands, and such as run on ---


@pytest.mark.thorough
def test_several_commands_in_one_record(record, tmp_path):
    """The later one finds what the earlier one left, and all of them are replayed together."""
    file = tmp_path / "record.json"
    record("PUT in/a", append=file, replay=False)

    told = record("GET in/a", append=file)

    assert told.code == 0
    assert told.places == {"in/": "read write"}
    assert len(json.loads(file.read_text())["commands"]) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"words": ["true"], "folder": "gone", "stops_after": 0}, "folder gone, which is not"),
        ({"words": [], "folder": ".", "stops_after": 0}, "no record to append to"),
        ({"words": "true", "folder": ".", "stops_after": 0}, "no record to append to"),
        ({"words": [1], "folder": ".", "stops_after": 0}, "no record to append to"),
        ({"words": ["true"], "folder": ".", "stops_after": "x"}, "no record to append to"),
    ],
)
def test_a_record_that_is_none(record, tmp_path, command, says):
    """A file that somebody changed, or whose folder is gone, is refused before anything runs."""
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"kind": "s3", "bucket": "lab", "commands": [command]}))

    with pytest.raises(ValueError, match=says):
        record("PUT in/a", append=file)


def test_a_command_that_runs_until_it_is_interrupted(record):
    """It gets the signal, and the recording goes on; replays are interrupted after as long."""
    told = record("PUT in/a", "WAIT")

    assert told.code == 0
    assert told.places == {"in/": "write"}
    assert told.data["replay"]["holds"]


def test_serving_until_ctrl_c(record, monkeypatch):
    """Without a command the address is said and where the variables are, their secret not; what
    others ask meanwhile becomes a project."""
    told = {}
    wait = commands.serve

    def wait_for_a_visitor(store, folder, talk):
        def visit():
            lines = (folder / "variables").read_text().splitlines()
            told.update(line.split("=", 1) for line in lines)
            subprocess.run([*TOOL, "served", "PUT in/a"], env=told, check=True)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Timer(0.1, visit).start()
        wait(store, folder, talk)

    monkeypatch.setattr(commands, "serve", wait_for_a_visitor)
    shown = record()

    assert shown.code == 0
    assert shown.places == {"in/": "write"}
    assert "--env-file" in shown.err
    assert told["AWS_ENDPOINT_URL"] in shown.err
    assert told["AWS_SECRET_ACCESS_KEY"] not in shown.err + shown.text


# --- what is printed ---


def test_the_project_can_be_pasted(record):
    """The lines are a project of the program's."""
    told = record("PUT in/a", "LIST=in/", shape="project", replay=False)

    [(name, body)] = yaml.safe_load(told.text).items()
    assert name.startswith("python")
    assert len(told.text.splitlines()) == 7
    given = {key: value for key, value in body.items() if key not in ("kind", "holders")}
    given["places"] = {
        key: Place(**{**each, "access": tuple(map(Access, each["access"]))})
        for key, each in given["places"].items()
    }
    made = S3Project(name=name, environment="dev", namespace="", consumer="",
                     holders={"it": User()}, **given)  # fmt: skip
    assert made.bucket == told.bucket


def test_the_consumer_s_file_is_one(record, tmp_path, monkeypatch):
    """The program takes it, and its example is the project that was recorded."""
    told = record(
        "PUT x/in/a", "GET x/out/b", shape="consumer", replay=False, seed=seeded(tmp_path)
    )
    monkeypatch.setattr(consumers, "FOLDER", tmp_path / "consumers")
    consumers.FOLDER.mkdir()
    (consumers.FOLDER / "tool.yaml").write_text(told.text)
    consumers.known.cache_clear()
    try:
        [tool] = consumers.load().values()
        made, _ = tool.fill_in(tool.example)
    finally:
        consumers.known.cache_clear()
        consumers.one.cache_clear()

    assert made["places"] == {
        "in": {"prefix": "x/in/", "access": ["write"]},
        "out": {"prefix": "x/out/", "access": ["read"]},
    }


def seeded(tmp_path):
    (tmp_path / "seed/x/out").mkdir(parents=True)
    (tmp_path / "seed/x/out/b").write_text("b")
    return tmp_path / "seed"


def test_the_policy_as_iam_takes_it(record):
    """Printed as JSON, into a file where that is wanted."""
    told = record("PUT in/a", shape="iam", replay=False)
    printed = record("PUT in/a", shape="iam", replay=False, output=None)

    [statement] = json.loads(told.text)["Statement"]
    assert (told.out, printed.out) == ("", told.text)
    assert statement["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert statement["Resource"] == f"arn:aws:s3:::{told.bucket}/in/*"


def test_no_secret_is_told(record):
    """Not by a failing replay, whose last words are shown, nor in any other way."""
    told = record("PUT in/a", "ENV", "?acl")
    secret = told.out.strip()

    assert told.code == 1
    assert "| ***" in told.err
    assert secret
    assert secret not in told.err + told.text


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("dvc", "push"), "dvc push"),
        (("aws", "s3", "sync", "--quiet"), "aws sync"),
        (("s3cmd", "--secret_key", "hunter", "put"), "s3cmd"),
        (("sh", "hunter"), "sh"),
    ],
)
def test_a_name_has_no_value_of_an_option(words, name):
    """A command is told by its program and its verb; what follows an option may be a secret."""
    assert Command(words, ".").name == name


def test_no_half_of_a_secret_is_told(record):
    """Of a replay that says a lot only whole lines are shown, for half a secret is not known."""
    shout = 'for i in $(seq 2000); do printf %s "$AWS_SECRET_ACCESS_KEY"; done; echo; echo whole'
    words = ("sh", "-c", f'{shout}; "$@"', "sh", *TOOL, "loud", "PUT in/a", "?acl")
    told = record(command=words)

    assert told.code == 1
    assert [line for line in told.err.splitlines() if line.startswith("  | ")] == ["  | whole"]


def test_what_is_written_is_for_its_owner(tmp_path):
    """A file that was there and that others may read is closed first; a device stays one."""
    file = tmp_path / "file"
    file.touch(mode=0o644)
    write_private(file, "text")
    os.mkfifo(tmp_path / "pipe")
    read = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_private(tmp_path / "pipe", "text")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.read(read, 9) == b"text"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(read)


# --- beside a project that there is ---


def test_beside_a_project(record):
    """What it lacks, and what it gives and nobody asked for, by verbs and by prefixes."""
    theirs = project(
        files=Place(prefix="in/", access=(Access.READ, Access.DELETE)),
        all=Place(access=(Access.LIST,)),
    )
    told = record("PUT in/a", "GET in/a", "LIST=in/", replay=False, given=theirs)

    assert told.code == 1
    beside = told.err.partition("beside the project 'theirs':")[2].split("\n  ")
    assert [each.strip() for each in beside if each] == [
        "it lacks write on in/",
        "delete of files was not asked for",
        "list of all was asked for below in/ only, it is given on the whole bucket",
    ]


def test_beside_a_project_that_is_just_that(record):
    """Nothing is lacking, and nothing too much."""
    theirs = project(files=Place(prefix="in/", access=(Access.WRITE,)))
    told = record("PUT in/a", replay=False, given=theirs)

    assert told.code == 0
    assert "it gives just that" in told.err


@pytest.mark.thorough
def test_beside_a_project_with_everything(record):
    """What would be enough instead."""
    theirs = project(all=Place(access=(Access.FULL,)))
    told = record("PUT in/a", "!?acl", given=theirs, replay=False)
    other = record("PUT in/a", "-HEAD in/none", given=theirs, replay=False)

    assert "full of all" not in told.err, "no verbs are enough for that"
    assert (
        "full of all is everything; enough is read, write on in/, and list on the whole bucket"
        in other.err
    )


def test_the_command_line(tmp_path):
    """Options come before the command, whose own are its own; a file on standard input is there in
    each replay, too."""
    (tmp_path / "words").write_text("PUT in/x/a\n")
    command = [sys.executable, "-m", "object_access", "record", "--place", "in/", "--name", "mine",
               "sh", "-ec", 'read word; exec "$@" "$word"', "sh", *TOOL, "lab"]  # fmt: skip
    with (tmp_path / "words").open() as words:
        done = subprocess.run(
            command, cwd=tmp_path, stdin=words, capture_output=True, text=True, timeout=120
        )

    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["mine"] == {
        "kind": "s3",
        "bucket": "lab",
        "places": {"in": {"prefix": "in/", "access": ["write"]}},
        "holders": {"mine": {"as": "user"}},
    }
    assert "no new refusal" in done.stderr
    assert "without write of in: exit code 1" in done.stderr


@pytest.mark.thorough
def test_what_is_pasted_rehearses_green(record, tmp_path):
    """The project as it was printed, in an environment's file of a copy of the program."""
    told = record("PUT in/a", "GET in/a", "-HEAD in/none", shape="project", replay=False)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    head = "config:\n  object-access:environment:\n    protect: false\n    projects:\n"
    file = tmp_path / "stacks/environments/Pulumi.recorded.yaml"
    file.write_text(head + textwrap.indent(told.text, " " * 6))

    done = subprocess.run(
        [sys.executable, "-m", "object_access", "rehearse", "-e", "recorded", "--engine",
         "in-process"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "as promised" in done.stdout


@pytest.mark.thorough
def test_more_places_than_a_user_s_own_policy_holds(record):
    """The project then asks for a managed one; what no policy of IAM holds is refused, with the way
    out."""
    far = "x" * 200
    words = [f"PUT {far}{number}/{far}/{verb}/a" for number in (1, 2) for verb in "pq"]
    told = record(*words, *(f"LIST={word[4:]}" for word in words), places=tuple(
        word[4:-1] for word in words))  # fmt: skip

    assert told.code == 0, told.err
    [made] = told.data["project"].values()
    assert made["holders"] == {"python": {"as": "user", "managed": True}}
    with pytest.raises(ValueError, match="AWS takes at most 6,144"):
        record(*(f"PUT {far}/{far}/{letter}/a" for letter in "abcdefghijklmnop"), replay=False,
               places=tuple(f"{far}/{far}/{letter}/" for letter in "abcdefghijklmnop"))  # fmt: skip
