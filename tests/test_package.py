"""The wheel, as somebody else installs and imports it."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from . import ranges

ROOT = Path(__file__).parent.parent
PROGRAM = """
import pulumi
from object_access import Access, AccessUser, PrivateBucket

bucket = PrivateBucket("farm", {"bucket_name": "my-company-farm", "region": "eu-west-1"})
user = AccessUser(
    "reader",
    {
        "user_name": "reader",
        "grants": {"farm": {"bucket_arn": bucket.bucket_arn, "access": [Access.READ], %s}},
    },
)
pulumi.export("key", user.access_key_id)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """What a build makes of a copy of what git tracks; it changes nothing there."""
    folder = tmp_path_factory.mktemp("built")
    built = ranges.wheel(folder)
    source = folder / "source"
    left = {str(each.relative_to(source)) for each in source.rglob("*") if each.is_file()}
    assert left <= set(ranges.tracked()), "nothing untracked is left"
    return built


def test_it_holds_one_package(wheel):
    """`object_access` and nothing beside it, its types and data included, no tests."""
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()

    assert {name.split("/")[0].partition("-")[0] for name in names} == {"object_access"}
    assert "object_access/py.typed" in names
    assert "object_access/policies/reference/actions.json" in names
    assert not [name for name in names if "test" in name or "__pycache__" in name]


def test_every_direct_dependency_has_a_reason():
    """In CONTRIBUTING's table, which names nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    lists += project["project"]["optional-dependencies"].values()
    wanted = {re.match(r"[\w-]+", each)[0] for listed in lists for each in listed}
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## What is installed")[2]
    rows = [line.split("|") for line in table.partition("\n## ")[0].splitlines() if "`" in line]

    assert {each for row in rows[1:] for each in re.findall(r"`([\w-]+)`", row[2])} == wanted


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder that holds the wheel's content alone, for somebody else's PYTHONPATH."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ('"prefixes": ["a/"]', ""),
        ('"prefxes": ["a/"]', 'Extra key "prefxes" for TypedDict "GrantArgs"'),
        ('"keys": 1', 'Incompatible types (expression has type "int"'),
    ],
)
def test_mypy_sees_an_importers_mistakes(installed, tmp_path, key, told):
    """Strictly typed, a misspelt key of a grant is found before anything runs."""
    (tmp_path / "program.py").write_text(PROGRAM % key)
    # Pulumi's own packages take mypy a minute, and say nothing of ours.
    for name in ("pulumi_aws", "pulumi_openstack", "pulumi_random"):
        (tmp_path / f"{name}.pyi").write_text("def __getattr__(name: str) -> object: ...")
    cache = str(installed.parent / "mypy")  # what it learned of our imports, it knows
    command = ["--strict", "--follow-imports", "silent", "--cache-dir", cache, "program.py"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *command], cwd=tmp_path, env={"MYPYPATH": str(installed)},
        capture_output=True, text=True,
    )  # fmt: skip

    assert told in done.stdout
    assert (done.returncode == 0) == (not told), done.stdout


def test_the_library_needs_none_of_the_tools(installed, tmp_path):
    """Importing every component loads nothing that only the extra `rehearsal` brings."""
    code = (
        "import sys, json, object_access as o\n"
        "[getattr(o, name) for name in o.__all__]\n"
        "print(json.dumps([o.__file__, *sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    where, *modules = json.loads(done.stdout)

    assert Path(where).is_relative_to(installed)
    assert not {name.partition(".")[0] for name in modules} & {
        "moto", "flask", "cheroot", "rich", "typer", "openstack", "swift", "awscli", "stacks",
    }  # fmt: skip
