"""`never:` and `always:`: lines of an environment's file that are proven, and what breaks them."""

import runpy
from pathlib import Path

import pytest
import yaml

from object_access.access import invariants, report
from object_access.access import program as programs
from object_access.workspace import KEY

from .test_changes import ASSUME, FARM, TLS, alone, everyone, ip, only, source

ROOT = Path(__file__).parents[2]


@pytest.fixture
def found(tmp_path):
    """What is broken of some lines in a program."""

    def run(lines: str, **changes) -> list[str]:
        (tmp_path / "__main__.py").write_text(source(**changes))
        now = report.build("dev", programs.declared(tmp_path, "dev", {}))
        config = {f"object-access:{key}": each for key, each in yaml.safe_load(lines).items()}
        return [*invariants.broken(invariants.read(config), now)]

    return run


ONLY_ANN = {"it": ({"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},)}
# The line, the program's changes, and what proves that it is broken.
BROKEN = [
    ("never: [{who: outsiders, may: read, where: 's3://farm/its/'}]", {}, "it may: s3:GetObject on s3://farm/its/"),
    ("never: [{who: anyone, may: delete, where: 's3://farm/'}]", {"ann": (alone("s3:*", f"{FARM}/*"),)}, "ann may: s3:DeleteObject on s3://farm/x"),
    ("never: [{who: outsiders, may: read, where: 's3://farm/'}]", {"farm": (TLS, everyone())}, "anyone without login may: s3:GetObject"),
    ("never: [{who: ann, may: read, where: 's3://farm/data/'}]", {"ann": (only(ip("10.0.0.0/8")),)}, "with aws:sourceip = 10.0.0.0"),
    ("never: [{who: ann, may: 'iam:*', where: '*'}]", {"ann": (alone("iam:GetUser"),)}, "ann may: iam:GetUser"),
    ("never: [{who: ann, may: list, where: 's3://farm/data/'}]", {"ann": (alone("s3:ListBucket", FARM),)}, "ann may: s3:ListBucket on s3://farm"),
    ("never: [{who: ann, may: list, where: 's3://farm/data/'}]", {"ann": ({**alone("s3:ListBucket", FARM), "Condition": {"StringLike": {"s3:prefix": "data/a/*"}}},)}, "s3:prefix = data/a/"),
    ("never: [{who: anyone, may: 'sts:AssumeRole', where: 'arn:aws:iam::*:role/it'}]", {"it": (ASSUME,)}, "account 222222222222 may: sts:AssumeRole"),
    ("always: [{who: ann, may: read, where: 's3://farm/'}]", {}, "ann may not: s3:GetObject on s3://farm/"),
    ("always: [{who: ann, may: [list, read], where: 's3://farm/data/'}]", {}, "ann may not: s3:ListBucket on s3://farm"),
    ("always: [{who: ann, may: 's3:GetObject', where: 's3://farm/data/'}]", {"ann": (only(ip("10.0.0.0/8")),)}, "ann may not"),
    ("always: [{who: ann, may: 's3:GetObject', where: 's3://barn/'}]", {}, "not of this program"),
]  # fmt: skip
KEPT = [
    ("never: [{who: outsiders, may: read, where: 's3://farm/data/'}]", {}),
    ("never: [{who: outsiders, may: read, where: 's3://farm/its/'}]", ONLY_ANN | {"it": ({"Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::OWN:root"}},)}),
    ("never: [{who: anyone, may: [write, delete, administer], where: 's3://farm/'}]", {}),
    ("never: [{who: ann, may: list, where: 's3://farm/data/'}]", {"ann": ({**alone("s3:ListBucket", FARM), "Condition": {"StringLike": {"s3:prefix": "other/*"}}},)}),
    ("never: [{who: anyone, may: ['iam:*', 'kms:*'], where: '*'}]", {}),
    ("always: [{who: ann, may: 's3:GetObject', where: 's3://farm/data/'}]", {}),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "changes", "said"), BROKEN)
def test_a_broken_line_has_its_proof(found, lines, changes, said):
    """One line, with who, what and on which conditions."""
    [line] = found(lines, **changes)

    assert said in line


@pytest.mark.parametrize(("lines", "changes"), KEPT)
def test_a_line_that_holds_says_nothing(found, lines, changes):
    """For every request there is."""
    assert found(lines, **changes) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("never: read", "must be a list of lines"),
        ("never: [{who: ann}]", "must be like"),
        ("never: [{who: ann, may: look, where: 's3://farm/'}]", "'look' is neither an action"),
        ("always: [{who: bob, may: read, where: 's3://farm/'}]", "'bob' is nobody here"),
    ],
)
def test_a_line_that_is_none_is_refused(found, lines, said):
    """Before anything is judged."""
    with pytest.raises(ValueError, match=said):
        found(lines)


# --- at every preview, update and rehearsal ---

FILE = """
config:
  object-access:never: [{who: ann, may: %s, where: "s3://farm/"}]
"""


@pytest.fixture
def held(tmp_path):
    """Hold a program to its file."""
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(source())

    def run(verb: str) -> None:
        (tmp_path / "Pulumi.dev.yaml").write_text(FILE % verb)
        invariants.hold(tmp_path, "dev")

    return run


def test_a_program_is_held_to_its_file(held, monkeypatch):
    """In a run of its own, which does not start another."""
    held("delete")
    with pytest.raises(
        ValueError, match=r"broken: never: ann may read .*s3:GetObject on s3://farm/d"
    ):
        held("read")
    with pytest.raises(ValueError, match="'look' is neither an action"):
        held("look")
    monkeypatch.setenv("OBJECT_ACCESS_LOOK", "no")
    held("read")


def test_a_program_that_fails_is_not_held_to_be_right(tmp_path, held):
    """One line with what it said."""
    (tmp_path / "__main__.py").write_text("raise ValueError('no such thing')")

    with pytest.raises(ValueError, match="cannot be proven: ValueError: no such thing"):
        held("delete")


@pytest.mark.parametrize("lines", ["", '[{"who": "anyone", "may": "write", "where": "*"}]'])
def test_our_program_is_held_where_its_file_says_so(declare, monkeypatch, lines):
    """And else nothing is run or imported for that."""
    asked = []
    monkeypatch.setattr(invariants, "hold", lambda folder, name: asked.append((folder, name)))
    config = {KEY: '{"namespace": "n", "projects": {"farm": {"kind": "lightly"}}}'}
    if lines:
        config["object-access:never"] = lines

    declare(lambda: runpy.run_path(str(ROOT / "__main__.py")) and None, config)

    assert asked == ([(ROOT, "dev")] if lines else [])
