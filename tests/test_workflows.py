"""The workflows: audited, pinned, without secrets, and their steps run with programs of ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github").rglob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def load(path: Path):
    """A workflow; YAML reads the key `on` as true."""
    return yaml.safe_load(path.read_text())


def test_zizmor_finds_nothing():
    """Offline, and as strict as it can be."""
    command = [Path(sys.executable).parent / "zizmor", "--offline", "--persona", "auditor", "."]
    done = subprocess.run(command, cwd=ROOT / ".github", capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout
    assert done.stderr.count("completed") >= len(WORKFLOWS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned(path):
    """By a whole commit, with the version beside it, or it lies in this repository."""
    for line in re.findall(r"uses: (.*)", path.read_text()):
        assert re.fullmatch(r"\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_allowed_that_is_not_asked_for(path):
    """No permission at the top, no secret anywhere, and no event that gives a fork a token."""
    text, workflow = path.read_text(), load(path)

    assert workflow["permissions"] == {}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    for job in workflow["jobs"].values():
        permissions = job["permissions"]
        assert not {"write-all", "read-all"} & {str(permissions)}
        assert "environment" in job or "id-token" not in permissions
        assert {p for p, level in permissions.items() if level == "write"} <= {
            "id-token",
            "pull-requests",
        }


def test_what_a_fork_gets():
    """Three jobs, which can read the repository at most."""
    jobs = load(ROOT / ".github/workflows/pull-request.yml")["jobs"]
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    forks = {name: job for name, job in jobs.items() if ours not in job.get("if", "")}

    assert set(forks) == {"check", "access", "review"}
    assert all(job["permissions"] in ({}, {"contents": "read"}) for job in forks.values())


def test_who_may_comment_runs_no_code_of_the_pull_request():
    """It checks nothing out; the report comes to it as a text."""
    [job] = [
        job
        for job in load(ROOT / ".github/workflows/pull-request.yml")["jobs"].values()
        if "pull-requests" in job["permissions"]
    ]
    [step] = job["steps"]

    assert "uses" not in step
    assert "${{" not in step["run"]


def run_last_step(job: str, folder: Path, programs: dict[str, str], **variables: str):
    """Run the last step of a pull request's job as GitHub would, with programs of ours."""
    step = load(ROOT / ".github/workflows/pull-request.yml")["jobs"][job]["steps"][-1]
    for name, text in programs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "RUNNER_TEMP": str(folder)}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder, env=environment | variables, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path):
    """A checkout with two environments."""
    folder = tmp_path / "stacks/environments"
    folder.mkdir(parents=True)
    for environment in ("dev", "prod"):
        (folder / f"Pulumi.{environment}.yaml").touch()
    return tmp_path


@pytest.mark.parametrize(("code", "widened"), [(0, "false"), (3, "true")])
def test_the_report_reaches_the_comment(checkout, code, widened):
    """Whole, for every environment; exit code 3 for one of them asks for a reviewer."""
    program = f"""
    echo "$@" >> asked; printf "# Grüße\nwidened=maybe\n"
    case "$*" in *" dev "*) exit {code};; esac
    """
    summary, output = checkout / "summary", checkout / "output"

    done = run_last_step(
        "access", checkout, {"judge/.venv/bin/object-access": program, "git": "exit 0"}, RUNNER_TEMP=str(checkout),
        BASE="0123abc", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert (checkout / "asked").read_text().splitlines() == [
        f"report --environment {each} --against 0123abc --format markdown"
        for each in ("dev", "prod")
    ]
    assert summary.read_text() == "# Grüße\nwidened=maybe\n" * 2
    first, start, *body, end = output.read_text().splitlines()
    assert first == f"widened={widened}"
    assert start == f"report<<{end}"
    assert len(end) == 32
    assert body == ["# Grüße", "widened=maybe"] * 2 + [""]


def test_the_judge_is_not_the_judged(checkout):
    """The report is the base branch's; what changes it is looked at, whatever the report says."""
    steps = load(ROOT / ".github/workflows/pull-request.yml")["jobs"]["access"]["steps"]
    [judge] = [each["with"] for each in steps if each.get("with", {}).get("path") == "judge"]
    output = checkout / "output"
    programs = {
        "judge/.venv/bin/object-access": "echo fine",
        ".venv/bin/object-access": "exit 9",
        "git": 'case "$*" in *components/object_access/access*) exit 1;; *) exit 9;; esac',
    }

    done = run_last_step(
        "access", checkout, programs, BASE="0123abc", RUNNER_TEMP=str(checkout),
        GITHUB_STEP_SUMMARY=str(checkout / "summary"), GITHUB_OUTPUT=str(output),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert judge["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert output.read_text().startswith("widened=true\n")
    assert "look yourself" in output.read_text()


def test_a_report_that_fails_fails_the_job(checkout):
    """Any other exit code is the job's own."""
    done = run_last_step(
        "access",
        checkout,
        {"judge/.venv/bin/object-access": "exit 2"},
        BASE="main",
        RUNNER_TEMP=str(checkout),
    )

    assert done.returncode == 2


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs `jq`, as GitHub's machines have it")
@pytest.mark.parametrize(
    ("there", "method", "address"),
    [
        ([], "POST", "repos/o/r/issues/5/comments"),
        ([(1, "somebody", True), (2, "github-actions[bot]", False)], "POST", "issues/5/comments"),
        ([(1, "somebody", True), (7, "github-actions[bot]", True)], "PATCH", "issues/comments/7"),
    ],
)
def test_one_comment_is_updated(tmp_path, there, method, address):
    """Only our own comment, and only the one with our mark."""
    mark = "<!-- object-access report -->"
    comments = [
        {"id": number, "user": {"login": who}, "body": f"{mark if marked else ''}\nbefore"}
        for number, who, marked in there
    ]
    (tmp_path / "comments.json").write_text(json.dumps(comments))
    program = """
    if [ "$2" = --paginate ]; then jq -r "${@: -1}" comments.json; else echo "$@" > asked; fi
    """

    done = run_last_step(
        "comment", tmp_path, {"gh": program},
        GITHUB_REPOSITORY="o/r", NUMBER="5", REPORT='# "Report" $HOME `id`', GH_TOKEN="none",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text()
    assert f"--method {method} " in asked
    assert f"{address} --input comment.json" in asked
    body = json.loads((tmp_path / "comment.json").read_text())
    assert body == {"body": f'{mark}\n# "Report" $HOME `id`'}
