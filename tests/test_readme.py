"""What the README and its examples show works as shown."""

import dataclasses
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import yaml

from stacks import projects, settings
from stacks.shapes import documented

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_components_example_declares_what_it_says(declare, paper):
    """A reader of one prefix, and a bucket that it cannot expose."""
    page = (ROOT / "docs/programs.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    declare(lambda: exec(example, {}))

    assert paper.one("Bucket")["bucket"] == "my-company-datasets"
    policy = paper.one("UserPolicy")["policy"]
    assert '"s3:prefix":["farm/*","barn/*"]' in policy
    assert "arn:aws:s3:::my-company-datasets/farm/*" in policy
    assert "datasets-reader" in paper.one("BucketPolicy")["policy"]


def test_the_settings_examples_are_good_ones():
    """Each passes every check."""
    first, second = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    bodies = [
        {"namespace": "my-company", **yaml.safe_load(first)},
        yaml.safe_load(second)["config"]["object-access:environment"],
    ]
    for body, names in zip(bodies, (["vision", "backups", "anything"], ["vision"]), strict=True):
        config = SimpleNamespace(get_object=lambda _, body=body: body)
        assert [each.project.name for each in settings.load(config, "dev")] == names


def test_no_setting_is_without_a_description():
    """And every holder that can be written is on the page."""
    holders = runpy.run_path(str(ROOT / "docs/settings.py"))["HOLDERS"]
    for kind, shape in projects.KINDS.items():
        wanted = {each.name for each in dataclasses.fields(shape) if each.init}
        assert set(documented(shape)) == wanted - projects.FIXED
        for holder in holders.get(kind, ()):  # those of CI are made of its environments
            fields = {each.name for each in dataclasses.fields(holder)}
            assert set(documented(holder)) == fields
    known = {each.TAG for each in get_args(projects.Holder)}
    assert {each.TAG for each in holders["s3"]} == known
    known = {each.TAG for each in get_args(projects.SwiftHolder)}
    assert {each.TAG for each in holders["swift"]} == known


def test_the_guides_examples_are_those_that_are_rehearsed():
    """Word for word."""
    page = (ROOT / "docs/guides.md").read_text()
    shipped = yaml.safe_load((ROOT / "stacks/environments/Pulumi.guides.yaml").read_text())
    projects = shipped["config"]["object-access:environment"]["projects"]

    shown = {}
    for example in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL):
        shown |= yaml.safe_load(example)
    assert {name: projects[name] for name in shown} == shown
    assert len({each["kind"] for each in shown.values()}) == 6
