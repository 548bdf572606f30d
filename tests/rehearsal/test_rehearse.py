"""`object-access rehearse`: the whole way, as a user goes it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from object_access.handover.model import MASK, Handover
from object_access.rehearsal import rehearse as rehearse_module
from object_access.rehearsal.cloud import starting
from object_access.workspace import KEY, Workspace

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "object_access", "rehearse"]
SERVE = [sys.executable, "-m", "object_access", "serve"]
# Without Pulumi's CLI, whatever this machine has: tests/engine/ has the ones with it.
ENVIRONMENT = {**os.environ, "PATH": str(Path(sys.executable).parent)}


SHIPPED = Workspace.at(ROOT).config_of("guides")[KEY]["projects"]


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*(SERVE[:-1] if arguments[:1] == ("serve",) else COMMAND), *arguments],
        cwd=ROOT,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture
def started(monkeypatch, cloud):
    """Rehearsals in this process, on the cloud that the tests share."""

    @contextmanager
    def already_running(*_, **__):
        yield SimpleNamespace(ready=lambda: cloud)

    monkeypatch.setattr(rehearse_module, "starting", already_running)


@pytest.fixture(scope="module")
def rehearsed() -> subprocess.CompletedProcess[str]:
    """One rehearsal of the shipped environment."""
    return command("--environment", "guides", "--format", "json")


def test_every_check_is_as_promised(rehearsed):
    """Exit code 0 and nothing failed; every project of every guide was tried, allowed and refused;
    only what is not installed or has no FUSE was not tried, with the reason."""
    report = json.loads(rehearsed.stdout)
    results = report["checks"]

    assert rehearsed.returncode == 0, rehearsed.stderr
    assert report["as_promised"] is True
    assert {each["state"] for each in results} <= {"as promised", "not tried"}
    for project in SHIPPED:
        assert {each["promise"] for each in results if each["project"] == project} == {
            "allowed",
            "refused",
        }
    why = {each["check"]: each["answer"] for each in results if each["state"] == "not tried"}
    assert set(why) <= {
        "mount-s3, as handed over, shows the file",
        "s3fs-fuse shows the file",
        "rclone reads the file",
    }
    assert all("not installed" in each or "FUSE" in each or "2129" in each for each in why.values())


def test_it_says_what_it_does_and_which_engine_ran(rehearsed):
    """Progress and warnings go to standard error, so that standard output can be piped."""
    assert "resources created in this process, without Pulumi's engine" in rehearsed.stderr
    assert re.search(r"\d+ as promised", rehearsed.stderr)


def test_secrets_are_masked(rehearsed):
    """Neither stream shows one, whichever it is: masked data are no hand-over."""
    handovers = json.loads(rehearsed.stdout)["handovers"]
    masked = {
        name for name, each in handovers.items() if MASK in json.dumps(each, ensure_ascii=False)
    }
    assert masked == set(SHIPPED) - {"mountpoint-guide"}  # where there is no key
    for name in masked:
        with pytest.raises(ValueError, match=f"the secrets of {name} are masked"):
            Handover.read(name, handovers[name])


@pytest.mark.thorough
def test_a_second_run_starts_clean_and_shows_secrets_when_asked_to():
    """The guides' fixed bucket names are free again; Markdown holds every check."""
    again = command("--environment", "dev", "--format", "markdown", "--show-secrets")
    assert again.returncode == 0, again.stderr
    [passed] = re.findall(r"## Rehearsal of dev: (\d+) as promised\n", again.stdout)
    assert again.stdout.count("| ok |") == int(passed) > 15
    assert MASK not in again.stdout


@pytest.mark.thorough
@pytest.mark.usefixtures("started")
def test_without_colour_at_60_columns(monkeypatch, capfd):
    """Piped, as in CI: nothing is lost, and no line of a check is broken by a sign for a terminal."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    code = rehearse_module.rehearse(ROOT, "dev", "table", every=True, engine="in-process")
    shown = capfd.readouterr()

    assert code == 0, shown.err
    assert "\x1b" not in shown.out + shown.err
    assert "read by a presigned link" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--environment", "prdo"],
            "error: environment 'prdo' does not exist, there are ",
        ),
        (["--environment", "../dev"], "error: environment '../dev' does not exist"),
        (["--format", "xml"], "error: format 'xml' is unknown, use one of table, json, markdown"),
        (["--engine", "terraform"], "error: engine 'terraform' is unknown, use one of auto"),
        (["-e", "guides", "--engine", "pulumi"], "error: 'pulumi' is not on PATH"),
        (["serve", "--accounts", "12"], "error: account '12' must be 12 digits"),
        (["serve", "--accounts", "1" * 12 + "," + "1" * 12], "error: an account is named twice"),
        (
            ["serve", "--stores", "gcs"],
            "error: store 'gcs' is unknown, use some of aws, compatible, swift",
        ),
        (["serve", "--port", "70000"], "less than or equal to 65535"),
    ],
)
def test_a_wrong_request_gets_one_line(arguments, message):
    """Exit code 2, nothing started, nothing on standard output."""
    done = command(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# --- a CLI that cannot run ---


@pytest.mark.parametrize(
    ("script", "host", "fault"),
    [
        ("echo 'broken here' >&2; exit 1", True, "'pulumi version' fails (broken here)"),
        ("echo v3.0.0", False, "'pulumi-language-python' is not on PATH"),
    ],
)
def test_a_cli_that_cannot_run_is_told_in_one_line(
    monkeypatch, tmp_path, capsys, script, host, fault
):
    """Whoever leaves the choice gets the rehearsal in this process, whoever asks for it an
    error."""
    for name, line in {"pulumi": script, "pulumi-language-python": "true"}.items():
        if name == "pulumi" or host:
            (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
            (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    talk = Console(stderr=True, highlight=False)

    assert rehearse_module._chosen("auto", talk) == "in-process"
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(fault)
    assert line.endswith("this rehearsal is done in-process")
    with pytest.raises(ValueError, match=re.escape(fault)) as error:
        rehearse_module._chosen("pulumi", talk)
    assert str(error.value).endswith("or use --engine in-process")


# --- programs that fail ---


GOOD = "config: {'object-access:environment': {projects: {a: {kind: valohai-s3, bucket: abc-1}}}}"


@pytest.fixture
def program(monkeypatch, tmp_path, started):
    """Rehearse a program of this test's own, with settings of its own; gives the exit code."""
    (tmp_path / "Pulumi.yaml").write_text("name: object-access\nruntime: python\n")
    shutil.copy(ROOT / "__main__.py", tmp_path)
    monkeypatch.syspath_prepend(ROOT)

    def run(code: str | None = None, settings: str = GOOD) -> int:
        (tmp_path / "Pulumi.test.yaml").write_text(settings)
        if code is not None:
            (tmp_path / "__main__.py").write_text(code)
        return rehearse_module.rehearse(
            tmp_path, "test", "table", keep=False, show_secrets=False, engine="in-process"
        )

    return run


HALF_WAY = """
import pulumi, pulumi_aws as aws
user = aws.iam.User("one", name="one")
key = aws.iam.AccessKey("two", user=user.name)
def fail(secret):
    raise ArithmeticError(f"could not use {secret}")
pulumi.export("x", key.secret.apply(fail))
"""
REFUSED = """
import pulumi_aws as aws
aws.s3.Bucket("one", bucket="Not_A_Bucket", region="eu-west-1")
"""
UNKNOWN = """
import pulumi_aws as aws
aws.sqs.Queue("one")
"""


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (HALF_WAY, "error: ArithmeticError: could not use ••••••••"),
        (REFUSED, "InvalidBucketName"),
        (UNKNOWN, "aws:sqs/queue:Queue cannot be rehearsed without its official plugin yet"),
        ('import pulumi\nraise pulumi.RunError("in words")', "error: in words"),
        ("import nonsense", "ModuleNotFoundError: No module named 'nonsense'"),
    ],
)
def test_a_program_that_fails_half_way(program, capfd, code, message):
    """Its error is shown without a secret in it, and the exit code is 1."""
    assert program(code) == 1

    shown = capfd.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err + shown.out
    assert shown.out == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("config: [", "error: Pulumi.test.yaml:1: expected the node content"),
        ("config: {}", "error: environment 'test': nothing is set"),
        (
            "config: {'object-access:environment': {projects: {a: {kind: valohai-s3, regoin: x}}}}",
            "error: a: unknown setting 'regoin', did you mean 'region'",
        ),
        (
            "config: {'object-access:token': {secure: v1:xyz}}",
            "error: object-access:token is encrypted, which only Pulumi's engine can read",
        ),
        (
            "config: {'object-access:environment': {projects: {a: {external_id: {secure: x}}}}}",
            "error: object-access:environment is encrypted",
        ),
    ],
)
def test_settings_that_are_wrong(program, capfd, settings, message):
    """One line, before anything is started."""
    assert program(settings=settings) == 2

    assert message in capfd.readouterr().err


# --- nothing is left behind ---


def reached(endpoint: str) -> bool:
    """Whether somebody answers there."""
    host, port = endpoint.rpartition("//")[2].split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def gone(endpoint: str, seconds: float = 10) -> bool:
    """Whether nobody answers there any longer, soon."""
    until = time.monotonic() + seconds
    while reached(endpoint) and time.monotonic() < until:
        time.sleep(0.05)
    return not reached(endpoint)


def test_the_servers_stop_when_the_program_fails():
    """Whatever ends the rehearsal, the embedded cloud ends with it."""
    with pytest.raises(ArithmeticError), starting() as soon:
        endpoint = soon.ready().target.endpoint
        assert reached(endpoint)
        raise ArithmeticError

    assert gone(endpoint)


@pytest.mark.thorough
def test_a_killed_rehearsal_leaves_no_server():
    """`--keep` serves on; when its process is killed, the embedded cloud ends by itself."""
    with subprocess.Popen(
        [*COMMAND, "--keep", "--environment", "dev"], cwd=ROOT, env=ENVIRONMENT, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as kept:  # fmt: skip
        line = next(line for line in kept.stderr if "AWS_ENDPOINT_URL" in line)
        endpoint = line.strip().rpartition("=")[2]
        assert reached(endpoint)
        kept.send_signal(signal.SIGKILL)

    assert gone(endpoint)


def running(session: int) -> list[str]:
    """The processes of a session, children that have a session of their own not counted."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, own = each.read_text().rpartition(")")[2].split()[:4]
            if int(own) == session and state != "Z":
                found.append(each.parent.name)
    return found


# When it is interrupted: while stores start, while the program runs, while checks are tried.
MOMENTS = {
    "at once": ("guides", None),
    "the stores answer": ("guides", "the embedded AWS answers"),
    "the program has run": ("dev", "resources created"),
    "a long program has run": ("guides", "resources created"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    "moment",
    [*list(MOMENTS)[:3], pytest.param("a long program has run", marks=pytest.mark.thorough)],
)
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)]
)
def test_ctrl_c_leaves_nothing_behind(tmp_path, moment, number):
    """Within 5 s it has ended, with every process that it started, and its files are gone; Ctrl-C of
    a terminal reaches its whole group at once."""
    environment, wanted = MOMENTS[moment]
    with subprocess.Popen(
        [*COMMAND, "--environment", environment], cwd=ROOT, text=True, start_new_session=True,
        env=ENVIRONMENT | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as done:  # fmt: skip
        if wanted:
            assert any(wanted in line for line in done.stderr)
        else:
            appears(tmp_path)
        began = time.monotonic()
        os.killpg(done.pid, number)
        done.stderr.read()
        assert done.wait(timeout=60) == 130
        took = time.monotonic() - began

    assert running(done.pid) == []
    assert [each.name for each in tmp_path.iterdir()] == []
    assert took < 5


def appears(folder: Path, seconds: float = 30) -> None:
    """Wait until something is in the folder."""
    until = time.monotonic() + seconds
    while not list(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_cleanly(number):
    """It prints one line of JSON, and ends with exit code 0, its files removed."""
    with subprocess.Popen(
        [*SERVE, "--stores", "aws", "--accounts", "111111111111,222222222222"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE,
    ) as served:  # fmt: skip
        aws = json.loads(served.stdout.readline())["aws"]
        assert set(aws["accounts"]) == {"111111111111", "222222222222"}
        assert Path(aws["ca_bundle"]).is_file()
        assert reached(aws["endpoint"])
        assert reached(aws["http_endpoint"])
        served.send_signal(number)

    assert served.returncode == 0
    assert gone(aws["endpoint"])
    assert not Path(aws["ca_bundle"]).exists()


def test_a_port_in_use():
    """The line says which, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--stores", "aws", "--http-port", str(port))

    assert done.returncode == 2
    assert done.stderr == (
        f"error: port {port} is in use, give --http-port another one or leave it out for any "
        "free one\n"
    )


def test_the_compatible_store_is_served_and_ends_with_its_parent():
    """Ours and somebody else's keys; when the process is killed, the store's own process ends."""
    with subprocess.Popen(
        [*SERVE, "--stores", "compatible"], cwd=ROOT, text=True, stdout=subprocess.PIPE
    ) as served:
        store = json.loads(served.stdout.readline())["compatible"]
        assert reached(store["endpoint"])
        assert store["access_key_id"] != store["somebody_else"]["access_key_id"]
        served.send_signal(signal.SIGKILL)

    assert gone(store["endpoint"])
