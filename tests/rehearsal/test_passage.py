"""`object-access rehearse --from`: the way from one state of the project to another."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from object_access.checks import Result
from object_access.checks.check import Bystanders, Promise, State
from object_access.rehearsal import passage as passages
from object_access.rehearsal import rehearse as rehearse_module
from object_access.rehearsal.passage import Walk
from object_access.rehearsal.provider import Change

ROOT = Path(__file__).parents[2]
READER = {
    "kind": "s3",
    "places": {"raw": {"prefix": "raw/", "access": ["list", "read"]}},
    "holders": {"reader": {"as": "user"}},
}


@pytest.fixture
def way(monkeypatch, tmp_path, cloud, capsys):
    """Commit a state of the settings, change them, and rehearse the way; gives the exit code and
    what was said as JSON."""

    @contextmanager
    def already_running(*_, **__):
        yield SimpleNamespace(ready=lambda: cloud)

    monkeypatch.setattr(rehearse_module, "starting", already_running)
    monkeypatch.syspath_prepend(ROOT)
    (tmp_path / "Pulumi.yaml").write_text("name: object-access\nruntime: python\n")
    shutil.copy(ROOT / "__main__.py", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("*.pyc"))

    def write(projects):
        config = {"object-access:environment": {"protect": False, "projects": projects}}
        (tmp_path / "Pulumi.way.yaml").write_text(yaml.safe_dump({"config": config}))

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def go(before, now, since="HEAD"):
        git("init", "--quiet")
        write(before)
        git("add", ".")
        git("commit", "--quiet", "--message", "before")
        write(now)
        code = rehearse_module.rehearse(tmp_path, "way", "json", engine="in-process", since=since)
        return code, json.loads(capsys.readouterr().out)

    return go


@pytest.mark.thorough
def test_a_key_beside_the_old_one_breaks_nothing(way):
    """It must be pasted; whoever has the old one goes on, after every single change."""
    before = {"lab": {**READER, "bucket": "way-beside"}}
    now = {"lab": {**READER, "bucket": "way-beside", "keys": ["key", "next"], "tags": {"a": "b"}}}

    code, told = way(before, now)

    passage = told["passage"]
    assert code == 0
    assert passage["broken"] == []
    assert passage["promises"] >= 8
    assert passage["paste_again"] == {"lab": ["Access key ID", "Secret access key"]}
    assert {(each["step"], each["name"]) for each in passage["changes"]} == {
        ("created", "lab-reader-next"),
        ("updated", "lab"),
        ("updated", "lab-reader"),
    }


def test_a_key_instead_of_the_old_one_names_the_moment(way):
    """The promises that whoever has the old key had, and the change after which they broke."""
    before = {
        "shed": {**READER, "bucket": "way-instead"},
        "gone": {**READER, "bucket": "way-gone"},
    }
    now = {"shed": {**READER, "bucket": "way-instead", "keys": ["next"]}}

    code, told = way(before, now)

    passage = told["passage"]
    moment = "deleted shed-reader-key (aws:iam/accessKey:AccessKey)"
    assert code == 1
    assert told["as_promised"] is True  # at the end, with the new key
    assert passage["gone"] == ["gone"]
    assert {(each["after"], each["until"]) for each in passage["broken"]} == {(moment, None)}
    assert "raw/: list" in {each["check"] for each in passage["broken"]}
    assert {each["promise"] for each in passage["broken"]} == {"allowed"}
    assert any(line.startswith(f"broken: shed: after {moment}") for line in passage["told"])


@pytest.mark.parametrize(
    ("since", "line"),
    [
        ("no-such-ref", "'no-such-ref' is neither a file, nor a folder, nor a commit"),
        (str(ROOT), f"at '{ROOT}': environment 'way' does not exist"),
    ],
)
def test_a_state_that_cannot_be_had_gets_one_line(way, since, line):
    """Exit code 2, before anything starts."""
    code, told = way({}, {"lab": {**READER, "bucket": "way-nowhere"}}, since)

    assert code == 2
    assert line in told["error"]


# --- moments, without a cloud ---


def result(name, *, fine=True, promise=Promise.ALLOWED, answer="works"):
    return Result("lab", name, promise, State.PASSED if fine else State.FAILED, answer)


@pytest.fixture
def walked(monkeypatch):
    """Try these results before and after changes called 1, 2, ...; gives the passage."""

    def walk(*moments):
        tried = iter(moments)
        monkeypatch.setattr(passages, "run_checks", lambda *_: next(tried))
        way = Walk({}, Bystanders(), None)
        way.begin()
        for number in range(1, len(moments)):
            way.step(Change("updated", "aws:iam/user:User", str(number), "id"))
        return way.end("main", {}, [], list(moments[-1]))

    return walk


def test_a_promise_that_breaks_for_a_while_is_told_from_when_until_when(walked):
    """The first moment, and the change that mended it."""
    broken = result("list", fine=False, answer="AccessDenied")

    [found] = walked([result("list")], [broken], [broken], [result("list")]).broken

    assert (found.after.name, found.until.name) == ("1", "3")
    assert (
        found.moment
        == "lab: after updated 1 (aws:iam/user:User), until updated 3 (aws:iam/user:User)"
    )


def test_a_refusal_breaks_where_something_is_allowed(walked):
    """Who cannot log in any more is refused still; who was let in was not."""
    kept = result("nothing beside it", promise=Promise.REFUSED, answer="AccessDenied")
    locked_out = result(
        "nothing beside it", fine=False, promise=Promise.REFUSED, answer="InvalidKey"
    )
    let_in = result("nothing beside it", fine=False, promise=Promise.REFUSED, answer="was allowed")

    assert walked([kept], [locked_out], [kept]).broken == []
    assert len(walked([kept], [let_in], [kept]).broken) == 1


def test_only_what_both_promise_counts(walked):
    """Not what was broken before, nor what the new state does not promise."""
    before = [result("list"), result("write", fine=False)]
    between = [result("list", fine=False), result("write", fine=False)]

    found = walked(before, between, [result("read")])

    assert (found.promises, found.broken) == (0, [])


def test_what_is_created_and_deleted_is_replaced(walked):
    """By its type and name."""
    passage = walked([], [])
    passage.changes[:] = [
        Change(verb, "aws:iam/role:Role", "it", verb) for verb in ("created", "deleted")
    ]

    assert passage.steps() == {("aws:iam/role:Role", "it"): "replaced"}
