"""The workflows of GitHub and GitLab: audited, pinned, without secrets, and their steps run with programs of ours."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
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
        writes = {name for name, level in permissions.items() if level == "write"}
        assert writes in (set(), {"pull-requests"}, {"id-token"}, {"id-token", "attestations"})


def test_what_a_fork_gets():
    """Three jobs, which can read the repository at most."""
    jobs = load(ROOT / ".github/workflows/pull-request.yml")["jobs"]
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    forks = {name: job for name, job in jobs.items() if ours not in job.get("if", "")}

    assert set(forks) == {"check", "access", "review"}
    assert all({*job["permissions"].values()} == {"read"} for job in forks.values())


def test_who_may_comment_runs_no_code_of_the_pull_request():
    """It checks nothing out; the report comes to it as a text."""
    [job] = [
        job
        for job in load(ROOT / ".github/workflows/pull-request.yml")["jobs"].values()
        if job["permissions"].get("pull-requests") == "write"
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
    """A checkout with two environments, and what judges it in one of its own."""
    folder = tmp_path / "stacks/environments"
    folder.mkdir(parents=True)
    (tmp_path / "judge/.ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/access-review", tmp_path / "judge/.ci")
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
        "git": 'case "$*" in ls-tree*) ;; *components/object_access/access*) exit 1;; *) exit 9;; esac',
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
        {"judge/.venv/bin/object-access": "exit 2", "git": "exit 0"},
        BASE="main",
        RUNNER_TEMP=str(checkout),
    )

    assert done.returncode == 2


def test_a_deleted_environment_is_told(checkout):
    """Its stack lives on, so somebody must agree."""
    output, gone = checkout / "output", "stacks/environments/Pulumi.lab.yaml"
    programs = {
        "judge/.venv/bin/object-access": "echo fine",
        "git": f'case "$*" in ls-tree*) echo {gone};; esac',
    }

    done = run_last_step(
        "access", checkout, programs, BASE="0123abc", RUNNER_TEMP=str(checkout),
        GITHUB_STEP_SUMMARY=str(checkout / "summary"), GITHUB_OUTPUT=str(output),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert output.read_text().startswith("widened=true\n")
    assert "lab: its file is gone" in output.read_text()
    assert "pulumi destroy --stack lab" in output.read_text()


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs `jq`, as GitHub's machines have it")
@pytest.mark.parametrize(
    ("reviews", "agreed"),
    [
        ([], False),
        ([("APPROVED", "0123abc", "MEMBER")], True),
        ([("COMMENTED", "0123abc", "MEMBER")], False),
        ([("APPROVED", "an earlier commit", "OWNER")], False),
        ([("APPROVED", "0123abc", "CONTRIBUTOR"), ("APPROVED", "0123abc", "NONE")], False),
        ([("CHANGES_REQUESTED", "0123abc", "OWNER"), ("APPROVED", "0123abc", "OWNER")], True),
    ],
)
def test_who_agrees_has_approved_this_very_commit(tmp_path, reviews, agreed):
    """Without environments or required reviewers, which not every plan of GitHub has."""
    listed = [
        {"state": state, "commit_id": commit, "author_association": who, "user": {"login": "ann"}}
        for state, commit, who in reviews
    ]
    (tmp_path / "reviews.json").write_text(json.dumps(listed))
    program = """echo "$@" > asked; jq -r "${@: -1}" reviews.json"""

    done = run_last_step(
        "review", tmp_path, {"gh": program},
        GITHUB_REPOSITORY="o/r", NUMBER="5", HEAD="0123abc", GH_TOKEN="none",
    )  # fmt: skip

    assert (done.returncode == 0) == agreed, done.stdout + done.stderr
    assert "repos/o/r/pulls/5/reviews" in (tmp_path / "asked").read_text()
    assert agreed or "approve 0123abc" in done.stdout


def left_behind(checkout, programs=(), **variables: str):
    """What the script says in that checkout, of a program called `farm`."""
    (checkout / "Pulumi.yaml").write_text("name: farm\nstackConfigDir: stacks/environments\n")
    for name, text in dict(programs).items():
        (checkout / name).write_text(f"#!/bin/sh\n{text}\n")
        (checkout / name).chmod(0o755)
    return subprocess.run(
        [sys.executable, ROOT / ".ci/left_behind.py"], cwd=checkout, capture_output=True, text=True,
        env={"PATH": f"{checkout}:{os.environ['PATH']}", **variables},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stacks", "left"),
    [(["dev", "prod"], ""), (["dev"], ""), (["organization/farm/lab"], "stack lab is still there")],
)
def test_a_stack_without_a_file_is_left_behind(checkout, stacks, left):
    """Asked of Pulumi, wherever its state is."""
    listed = json.dumps([{"name": name} for name in stacks])
    done = left_behind(checkout, {"pulumi": f"echo '{listed}'"}, PULUMI_BACKEND_URL="gs://state")

    assert left in done.stderr
    assert (done.returncode != 0) == bool(left), done.stderr


def test_in_a_bucket_only_names_are_looked_at(checkout, cloud):
    """A role of one environment may not read the state of another; other programs' are theirs."""
    admin, region = cloud.admin("s3"), "eu-west-1"
    where = {"LocationConstraint": region}
    admin.create_bucket(Bucket="left-behind-state", CreateBucketConfiguration=where)
    names = ["farm/dev.json", "farm/dev.json.bak", "farm/dev.pulumi-tags", "other/lab.json"]
    for name in names:
        admin.put_object(Bucket="left-behind-state", Key=f"a/.pulumi/stacks/{name}")
    variables = cloud.environment(swift=False)
    variables["PULUMI_BACKEND_URL"] = f"s3://left-behind-state/a?region={region}"

    assert left_behind(checkout, **variables).stderr == ""
    admin.put_object(Bucket="left-behind-state", Key="a/.pulumi/stacks/farm/lab.json.gz")
    assert "pulumi destroy --stack lab" in left_behind(checkout, **variables).stderr


CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-11-21\n\n- All.\n"


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "told"),
    [
        ("v1.2.0", "1.2.0", CHANGELOG, ""),
        ("v1.2.0-rc.1", "1.2.0-rc.1", CHANGELOG.replace("1.2.0", "1.2.0-rc.1"), ""),
        ("1.2.0", "1.2.0", CHANGELOG, "is not the version"),
        ("v1.2.1", "1.2.0", CHANGELOG, "is not the version"),
        ("v1.2", "1.2", CHANGELOG, "is not semantic"),
        ("v01.2.0", "01.2.0", CHANGELOG, "is not semantic"),
        ("v1.3.0", "1.3.0", CHANGELOG, "has no heading '## 1.3.0"),
        ("v1.2.0", "1.2.0", CHANGELOG.replace("ed\n", "ed\n- New."), "under 'Unreleased'"),
    ],
)
def test_a_tag_is_the_version_and_in_the_changelog(tag, version, changelog, told):
    """Before anything is built."""
    wrong = runpy.run_path(str(ROOT / ".ci/version.py"))["wrong"]

    assert (told in wrong(tag, version, changelog)) if told else not wrong(tag, version, changelog)


def test_our_own_version_is_semantic():
    """And this changelog has a place for what is next."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert re.fullmatch(runpy.run_path(str(ROOT / ".ci/version.py"))["SEMANTIC"], version)
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_what_publishes_runs_nothing_of_ours():
    """It gets files and passes them on; the job before it has no rights."""
    jobs = load(ROOT / ".github/workflows/release.yml")["jobs"]

    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert not [step for step in jobs["publish"]["steps"] if "run" in step or "checkout" in step]
    assert jobs["publish"]["needs"] == "build"


# --- GitLab ---

GITLAB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
SCRIPTS = {
    f"{name}-{key}": "\n".join(job[key])
    for name, job in GITLAB.items()
    for key in ("script", "before_script")
    if isinstance(job, dict) and key in job
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_gitlab_s_scripts_are_bash(name):
    """Every line of every job."""
    done = subprocess.run(["bash", "-n"], input=SCRIPTS[name], capture_output=True, text=True)

    assert done.stderr == ""


def test_gitlab_gives_credentials_to_the_default_branch_alone():
    """By tokens, with an environment that says whose they are; no job of a merge request."""
    every = {name: job for name, job in GITLAB.items() if isinstance(job, dict)}
    jobs = {name: job for name, job in every.items() if job.get("extends") == ".real"}

    assert set(jobs) == {"preview", "deploy", "drift"}
    for job in jobs.values():
        [rule] = job["rules"]
        assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"]
        assert rule["if"].startswith("$ENVIRONMENTS && ")
        assert job["environment"]["name"].startswith("$ENVIRONMENT")
    assert [name for name, job in every.items() if "id_tokens" in job] == [".real"]
    assert jobs["deploy"]["rules"][0]["when"] == "manual"


def test_gitlab_s_pulumi_is_the_locked_one():
    """The image has no digest here: nobody could look it up offline."""
    version = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)

    assert GITLAB[".real"]["image"] == f"pulumi/pulumi-python:{version[1]}"


@pytest.mark.parametrize(("code", "asks"), [(0, False), (3, True)])
def test_gitlab_waits_for_a_person_where_access_widens(checkout, code, asks):
    """The last step writes what the next pipeline is."""
    (checkout / "judge/.ci/access-review").write_text(f"echo told; exit {code}\n")
    script = GITLAB["access"]["script"][-1]

    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=checkout, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    [job] = yaml.safe_load((checkout / "agree.yml").read_text()).values()
    assert (job.get("when") == "manual") == asks
    assert (job.get("allow_failure") is False) == asks
    assert (checkout / "report.md").read_text() == "told\n"


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
