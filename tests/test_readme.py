"""What the README shows works as shown."""

import dataclasses
import re
import runpy
from pathlib import Path

import yaml
from typer.main import get_command

from object_access import handover as handoff
from object_access.cli import app
from stacks import projects, settings, shapes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    """The one block in that language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return found


def test_the_components_example_declares_what_it_says(declare, paper):
    """A reader of one prefix, and a bucket that it cannot expose."""
    declare(lambda: exec(block("python"), {}))

    assert paper.one("Bucket")["bucket"] == "my-company-datasets"
    policy = paper.one("UserPolicy")["policy"]
    assert '"s3:prefix":["farm/*","barn/*"]' in policy
    assert "arn:aws:s3:::my-company-datasets/farm/*" in policy
    assert "datasets-reader" in paper.one("BucketPolicy")["policy"]


def test_the_settings_example_is_a_good_one(monkeypatch):
    """It passes every check."""
    body = yaml.safe_load(block("yaml"))["config"]["object-access:environment"]

    class Config:
        def get_object(self, key):
            return body if key == "environment" else None

    [loaded] = settings.load(Config(), "dev")
    assert (loaded.project.name, list(loaded.project.holders)) == (
        "vision",
        ["valohai", "multipart"],
    )


def test_the_page_of_settings_is_current():
    """`make docs` writes it; no setting is without a description."""
    made = runpy.run_path(str(ROOT / "docs/settings.py"))

    assert made["page"]() == (ROOT / "docs/settings.md").read_text(), "run `make docs`"
    for shape in (*projects.KINDS.values(), settings.Environment):
        wanted = {each.name for each in dataclasses.fields(shape)}
        assert wanted - set(shapes.documented(shape)) <= {
            "name", "environment", "namespace", "consumer",
        }, "those are what the loader fills in"  # fmt: skip


def test_the_guides_examples_are_those_that_are_rehearsed():
    """Word for word."""
    page = (ROOT / "docs/guides.md").read_text()
    shipped = yaml.safe_load((ROOT / "stacks/environments/Pulumi.guides.yaml").read_text())
    projects = shipped["config"]["object-access:environment"]["projects"]

    shown = {}
    for example in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL):
        shown |= yaml.safe_load(example)
    assert {name: projects[name] for name in shown} == shown
    assert {each["kind"] for each in shown.values()} == {
        "kopah", "lightly", "modelstore", "mountpoint", "valohai-s3", "valohai-swift",
    }  # fmt: skip


def test_the_commands_shown_know_their_options():
    """Every `--format` in README and guides is one, every command has every option."""
    pages = README + (ROOT / "docs/guides.md").read_text()
    commands = re.findall(r"object-access ([a-z]+)([^\n`#]*)", pages)
    assert len(commands) > 10
    for name, options in commands:
        known = get_command(app).commands[name].params
        for option in re.findall(r"--[a-z-]+", options):
            assert any(option in each.opts for each in known), (name, option)
        shape = re.search(r"--format (\S+)", options)
        if shape and name == "handover":
            assert shape[1] in handoff.FORMATS
    for shape in handoff.FORMATS:
        assert f"`{shape}`" in README or f"--format {shape}" in README
