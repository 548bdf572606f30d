"""What the README shows works as shown."""

import dataclasses
import re
from pathlib import Path

import yaml

from stacks import settings

README = (Path(__file__).parent.parent / "README.md").read_text()


def block(language: str) -> str:
    """The one block in that language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return found


def test_the_components_example_declares_what_it_says(declare, paper):
    """A reader of one prefix, and a bucket that it cannot expose."""
    declare(lambda: exec(block("python"), {}))

    assert paper.one("Bucket")["bucket"] == "my-company-datasets"
    policy = paper.one("UserPolicy")["policy"]
    assert '"s3:prefix":"farm/*"' in policy
    assert "arn:aws:s3:::my-company-datasets/farm/*" in policy
    assert "datasets-reader" in paper.one("BucketPolicy")["policy"]


def test_the_settings_example_is_a_good_one(monkeypatch):
    """It passes every check."""
    body = yaml.safe_load(block("yaml"))["config"]["object-access:environment"]

    class Config:
        def get_object(self, key):
            return body if key == "environment" else None

    [project] = settings.load(Config(), "dev")
    assert (project.name, project.multipart) == ("vision", True)


def test_every_setting_is_described():
    """The tables name every setting and its default."""
    tables = re.findall(r"^\| `(\w+)` \| (.*?) \|", README, flags=re.MULTILINE)
    shown = {name for name, _ in tables}
    fixed = {"name", "environment"}

    wanted = {each.name for each in dataclasses.fields(settings.ValohaiS3)} - fixed
    wanted |= {each.name for each in dataclasses.fields(settings.Environment)}
    assert shown == wanted
