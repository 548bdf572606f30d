"""What decides about a program and stands beside it: git's attributes, Pulumi's files, settings."""

import subprocess
from pathlib import Path

import pytest
import yaml

from object_access.access import command, difference, invariants, report
from object_access.access import program as programs

PROGRAM = """
import pulumi_aws as aws
aws.iam.User("u", name="ann")
"""
NEVER = {"who": "outsiders", "may": "write", "where": "s3://farm/"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A program."""
    (tmp_path / "Pulumi.yaml").write_text("name: data\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def test_a_commit_is_checked_out_whole(folder, tmp_path_factory, capsys):
    """Whatever attributes keep out of archives, too; and what is the same is unchanged."""
    (folder / "parts.py").write_text("NAME = 'ann'\n")
    (folder / "__main__.py").write_text(PROGRAM.replace('"ann"', "__import__('parts').NAME"))
    (folder / ".gitattributes").write_text("* export-ignore\n*.py export-subst\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for step in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *step], cwd=folder, check=True)

    found = command.check_out(folder, "HEAD", tmp_path_factory.mktemp("then") / "it")

    for name in ("Pulumi.yaml", "__main__.py", "parts.py"):
        assert (found / name).read_text() == (folder / name).read_text()
    assert command.run([folder], "dev", "markdown", "HEAD", None) == 0
    assert "nobody can do more or less" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Pulumi.json", "Pulumi.yml"])
def test_a_second_file_of_the_project_is_refused(folder, name):
    """Pulumi reads one of the two, and nobody sees which."""
    (folder / name).write_text("{}")

    with pytest.raises(ValueError, match=f"{name} stands beside Pulumi.yaml"):
        programs._beside(folder, "dev")


@pytest.mark.parametrize("runtime", ["nodejs", {"name": "yaml"}])
def test_another_language_is_refused(folder, runtime):
    """Then `__main__.py` is not what Pulumi runs."""
    (folder / "Pulumi.yaml").write_text(yaml.dump({"name": "data", "runtime": runtime}))

    with pytest.raises(ValueError, match="and Python programs alone are judged"):
        programs._beside(folder, "dev")


@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("Pulumi.yaml", {"plugins": {"providers": [{"name": "aws", "path": "bin"}]}}),
        ("Pulumi.yaml", {"packages": {"mine": "./mine"}}),
        ("Pulumi.dev.yaml", {"environment": ["shared"]}),
    ],
)
def test_what_pulumi_runs_or_fetches_beside_it_is_not_judged(folder, file, more):
    """Where it is new, somebody looks."""
    before = programs._beside(folder, "dev")
    given = yaml.safe_load((folder / file).read_text()) if (folder / file).exists() else {}
    (folder / file).write_text(yaml.dump({**given, **more}))

    now = programs._beside(folder, "dev")

    changes = difference.compare(*(_report(folder, {}, beside) for beside in (before, now)))
    assert difference.widened(changes)
    assert "another cloud" in changes[0].what


def test_a_line_that_an_environment_promises_no_more(folder):
    """Dropped, or written so that it is none: said, or refused."""
    before = _report(folder, {"object-access:never": [NEVER]})

    [change] = difference.compare(before, _report(folder, {}))
    assert (change.turn, change.what[:25]) == (difference.Turn.WIDENED, "no longer promised: never")
    for config in ({"object-access:nevr": [NEVER]}, {"Never": [NEVER]}, {"never": [NEVER]}):
        with pytest.raises(ValueError, match="is unknown, write object-access:never"):
            invariants.read(config)


def test_another_environment_of_a_stack(folder):
    """What is read from production in development is told; from the same environment, it is not."""
    text = "import pulumi\npulumi.StackReference('org/network/{}')\n"
    told = []
    for name in ("dev", "prod"):
        (folder / "__main__.py").write_text(text.format(name))
        ran = programs._ran(folder, "dev", {}, programs.ACCOUNT, stacks={"network": {}})
        told.append(report.build("dev", programs.Program(ran.made)))

    assert not told[0].findings.unknown
    assert difference.widened(difference.compare(*told))


def test_a_program_with_assets(folder):
    """Files and archives of objects are read by their names alone."""
    asset = "import pulumi, pulumi_aws as aws\naws.s3.BucketObjectv2('o', bucket='b', key='o', source={})"
    for given in (
        "pulumi.FileAsset('Pulumi.yaml')",
        "pulumi.StringAsset('x')",
        "pulumi.AssetArchive({'a': pulumi.FileAsset('Pulumi.yaml')})",
    ):
        (folder / "__main__.py").write_text(asset.format(given))
        found = _report(folder, {})
        assert difference.compare(found, found) == []
        assert str(folder) not in report.to_json(found)


def _report(folder: Path, config: dict, beside: dict | None = None) -> report.AccessReport:
    ran = programs._ran(folder, "dev", config, programs.ACCOUNT)
    return report.build("dev", programs.Program(ran.made, clouds={**ran.clouds, **(beside or {})}))
