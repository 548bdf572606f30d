"""What exists outside the program, and the people beside it."""

import json
from pathlib import Path

import pytest

from object_access import checks
from object_access.checks.check import State
from object_access.handover.model import S3
from object_access.rehearsal import bystanders, engine, environments
from object_access.workspace import KEY, Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)
LIGHTLY = "311530292373"
ROLE, USER = f"arn:aws:iam::{LIGHTLY}:role/path/theirs", f"arn:aws:iam::{LIGHTLY}:user/them"
READ = {"data": {"access": ["list", "read"]}}

PROJECTS = {
    "lake": {
        "kind": "lightly", "bucket": "adopted-lake", "adopt": True, "prefix": "in/", "output": "out/",
        "account": LIGHTLY,
    },
    "second": {
        "kind": "mountpoint", "bucket": "adopted-lake", "adopt": True, "region": "eu-west-1",
        "prefix": "cp/", "holder": "key", "access": "delete",
    },
    "kopah": {"kind": "kopah", "bucket": "adopted-kopah", "adopt": True},
}  # fmt: skip


def config(projects: dict) -> dict:
    """An environment with these."""
    return {KEY: {"namespace": "tests", "projects": projects}}


def run(cloud, name: str, projects: dict):
    """What a rehearsal does before its checks: what is there, the program, who is beside it."""
    loaded = environments.projects_of(WORKSPACE, name, config(projects))
    bystanders.provide(cloud, [each.project for each in loaded])
    made = engine.run(WORKSPACE, name, config(projects), cloud, lambda _: None)
    handed = bystanders.with_keys(cloud, made.handovers)
    return made, handed, bystanders.bystanders_of(cloud, handed)


@pytest.mark.thorough
def test_adopted_buckets_are_there_before_the_program_and_unchanged_after(cloud):
    """Every check is as promised, two projects share one bucket, and its settings are its own."""
    made, handed, others = run(cloud, "adopting", PROJECTS)
    results = checks.run_checks(handed, cloud.target, others)

    assert [each for each in results if each.state is State.FAILED] == []
    untried = {each.project for each in results if each.name == "the same keys without TLS"}
    assert untried == {"lake", "second"}
    assert not any(resource.type.startswith("aws:s3") for resource in made.resources)
    s3 = cloud.admin("s3")
    assert "Status" not in s3.get_bucket_versioning(Bucket="adopted-lake")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="adopted-lake")
    assert "Contents" not in s3.list_objects_v2(Bucket="adopted-lake")


def test_an_adopted_bucket_that_is_missing_stops_the_program(cloud):
    """Before anything is made."""
    projects = {"lake": {**PROJECTS["lake"], "bucket": "adopted-by-mistake"}}
    with pytest.raises(Exception, match="bucket 'adopted-by-mistake' does not exist"):
        engine.run(WORKSPACE, "adopting", config(projects), cloud, lambda _: None)


def test_the_machine_s_own_profiles_are_not_used(cloud, monkeypatch, tmp_path):
    """A rehearsal has the embedded stores' keys and no others, whatever this machine has."""
    (tmp_path / "credentials").write_text(
        "[kopah]\naws_access_key_id = A\naws_secret_access_key = B\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "kopah")

    _, handed, _ = run(cloud, "profiles", {"k": {"kind": "kopah", "bucket": "of-ours"}})

    where, how = handed["k"].where, handed["k"].holders["kopah"].how
    assert isinstance(where, S3)
    assert where.bucket == "of-ours"
    assert how.access_key_id == cloud.compatible["access_key_id"]


def test_whoever_is_trusted_is_there(cloud):
    """Roles and users of other accounts, roles that exist; each with keys, and somebody else in an
    account of which only some are named."""
    holders = {
        "role": {"as": "role", "trusted": [ROLE, USER]},
        "them": {"as": "principal", "principals": [USER]},
        "logs": {"as": "existing-role", "name": "logs-already"},
        "whole": {"as": "role", "trusted": ["999999999999"]},
    }
    project = {"kind": "s3", "bucket": "trusting", "places": READ, "holders": holders}

    _, _, others = run(cloud, "trusting", {"t": project})

    assert set(others.trusted) == {ROLE, USER, "role/logs-already", "999999999999"}
    assert set(others.neighbours) == {LIGHTLY}
    who = {
        name: cloud.target.client("sts", "us-east-1", keys).get_caller_identity()["Arn"]
        for name, keys in {**others.trusted, **others.neighbours}.items()
    }
    assert who[ROLE].startswith(f"arn:aws:sts::{LIGHTLY}:assumed-role/theirs/")
    assert who[USER] == USER
    assert who[LIGHTLY].startswith(f"arn:aws:iam::{LIGHTLY}:user/outsider-")
    assert ":assumed-role/logs-already/" in who["role/logs-already"]


def test_what_is_there_already_is_left_as_it_is(cloud):
    """A second rehearsal in the same cloud finds the first one's roles and buckets."""
    holders = {"logs": {"as": "existing-role", "name": "twice"}}
    adopting = {"kind": "s3", "bucket": "there-already-1", "adopt": True, "places": READ}
    logging = {
        "kind": "s3", "bucket": "made-anew-1", "places": READ,
        "access_logs": {"bucket": "logs-already-1"},
    }  # fmt: skip
    given = {"a": {**adopting, "holders": holders}, "b": {**logging, "holders": holders}}
    loaded = environments.projects_of(WORKSPACE, "twice", config(given))
    for _ in range(2):
        bystanders.provide(cloud, [each.project for each in loaded])

    there = {each["Name"] for each in cloud.admin("s3").list_buckets()["Buckets"]}
    assert {"there-already-1", "logs-already-1"} <= there


def test_the_settings_have_the_embedded_stores_in_place(cloud):
    """Of those that are somewhere else; nothing else in them is changed, and examples are projects."""
    given = config({"kopah": {"kind": "kopah", "bucket": "k-1"}, "lake": PROJECTS["lake"]})
    given[KEY]["examples"] = True
    before = json.dumps(given)
    loaded = environments.projects_of(WORKSPACE, "t", given)

    here = environments.at_rehearsal(given, loaded, cloud)[KEY]

    assert json.dumps(given) == before
    assert here["examples"] is False
    assert here["projects"]["kopah"]["endpoint"] == cloud.compatible["endpoint"]
    assert here["projects"]["lake"] == PROJECTS["lake"]
    user = cloud.swift["projects"]["rehearsal"]
    swift = here["projects"]["valohai-swift"]
    assert (swift["auth_url"], swift["username"]) == (cloud.swift["auth_url"], user["username"])
    needs = environments.needs_of(WORKSPACE, loaded)
    assert (needs.compatible, needs.swift) == (True, True)
    assert LIGHTLY in needs.accounts
