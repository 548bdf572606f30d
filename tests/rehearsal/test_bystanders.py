"""Buckets that exist outside the program, and the people beside it."""

from pathlib import Path

import pytest

from object_access import checks
from object_access.checks.check import State
from object_access.rehearsal import bystanders, engine
from object_access.rehearsal.environments import projects_of
from object_access.workspace import Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)

PROJECTS = {
    "lake": {
        "kind": "lightly", "bucket": "adopted-lake", "adopt": True, "prefix": "in/", "output": "out/",
        "account": "311530292373",
    },
    "second": {
        "kind": "mountpoint", "bucket": "adopted-lake", "adopt": True, "region": "eu-west-1",
        "prefix": "cp/", "holder": "key", "access": "delete",
    },
    "kopah": {"kind": "kopah", "bucket": "adopted-kopah", "adopt": True},
}  # fmt: skip
CONFIG = {"object-access:environment": {"namespace": "tests", "projects": PROJECTS}}


def test_adopted_buckets_are_there_before_the_program_and_unchanged_after(cloud):
    """Every light is as promised, two projects share one bucket, and its settings are its own."""
    s3 = cloud.admin("s3")
    bystanders.provide_adopted(cloud, projects_of("adopting", CONFIG))
    before = s3.get_bucket_versioning(Bucket="adopted-lake").get("Status")

    made = engine.run(WORKSPACE, "adopting", CONFIG, cloud, lambda _: None, by_cli=False)
    handed = bystanders.with_keys(cloud, made.handovers)
    results = checks.run_checks(handed, cloud.target, bystanders.others_of(cloud, made))

    assert [light for light in results if light.state is State.RED] == []
    skipped = {light.project for light in results if light.name == "the same keys without TLS"}
    assert skipped == {"lake", "second"}
    assert not any(resource.type.startswith("aws:s3") for resource in made.resources)
    assert s3.get_bucket_versioning(Bucket="adopted-lake").get("Status") == before
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="adopted-lake")


def test_an_adopted_bucket_that_is_missing_stops_the_program(cloud):
    """Before anything is made."""
    projects = {"lake": {**PROJECTS["lake"], "bucket": "adopted-by-mistake"}}
    config = {"object-access:environment": {"projects": projects}}
    with pytest.raises(ValueError, match="bucket 'adopted-by-mistake' does not exist"):
        engine.run(WORKSPACE, "adopting", config, cloud, lambda _: None, by_cli=False)


def test_the_machine_s_own_profiles_are_not_used(cloud, monkeypatch, tmp_path):
    """A rehearsal has the embedded stores' keys and no others, whatever this machine has."""
    (tmp_path / "credentials").write_text(
        "[kopah]\naws_access_key_id = A\naws_secret_access_key = B\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "kopah")
    config = {
        "object-access:environment": {"projects": {"k": {"kind": "kopah", "bucket": "of-ours"}}}
    }

    made = engine.run(WORKSPACE, "profiles", config, cloud, lambda _: None, by_cli=False)

    assert made.handovers["k"]["bucket"] == "of-ours"
