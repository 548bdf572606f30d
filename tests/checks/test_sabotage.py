"""A light that cannot go red proves nothing: break each promise, and see its light go red."""

import importlib
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from object_access.checks.valohai_s3 import ELSEWHERE

from object_access import checks
from object_access import handover as handoff
from object_access.checks.check import State
from object_access.policies import buckets, cors, grants, swift
from object_access.policies.documents import document, to_json
from object_access.policies.grants import Access
from object_access.rehearsal import bystanders, engine, provision
from object_access.workspace import Workspace
from stacks import valohai_s3
from stacks.settings import ValohaiAccess

WORKSPACE = Workspace.at(Path(__file__).parent)

SWIFT = {
    "kind": "valohai-swift",
    "auth_url": "https://identity.example.org/v3",
    "project_id": "0" * 32,
    "username": "valohai",
    "adopt_key": True,
}
PROJECTS = {
    "valohai": {"kind": "valohai-s3", "access": "narrow", "multipart": True},
    "valohai-documented": {"kind": "valohai-s3", "multipart": True},
    "lightly": {"kind": "lightly", "prefix": "in/", "output": "out/", "account": "311530292373"},
    "lightly-keys": {
        "kind": "lightly", "prefix": "in/", "output": "out/", "access": "user", "separate": True,
    },
    "modelstore": {"kind": "modelstore", "prefix": "team/", "append_only": True},
    "machine": {"kind": "mountpoint", "prefix": "cp/", "access": "delete"},
    "laptop": {"kind": "mountpoint", "prefix": "cp/", "access": "read", "holder": "key"},
    "uploader": {"kind": "mountpoint", "prefix": "cp/", "access": "write", "holder": "key"},
    "kopah": {"kind": "kopah"},
    "swift": SWIFT,
    "swift-container": {**SWIFT, "key": "container"},
}  # fmt: skip
_NUMBERS = count(1)


@pytest.fixture
def reds(cloud):
    """Rehearse one project; gives the names of the red lights and what they answered."""

    def run(project: str, change_others=lambda others: others) -> dict[str, str]:
        # The environment's name makes this run's names its own.
        config = {
            "object-access:environment": {
                "namespace": "tests",
                "projects": {project: PROJECTS[project]},
            }
        }
        made = engine.run(
            WORKSPACE, f"test-{next(_NUMBERS)}", config, cloud, lambda _: None, by_cli=False
        )
        others = change_others(bystanders.others_of(cloud, made))
        handed = bystanders.with_keys(cloud, made.handovers)
        results = checks.run_checks(handed, cloud.target, others)
        assert len(results) >= 8
        return {light.name: light.answer for light in results if light.state is State.RED}

    return run


@pytest.mark.parametrize("project", PROJECTS)
def test_without_sabotage_no_light_is_red(reds, project):
    """The ground the others stand on."""
    assert reds(project) == {}


def grant_too(*actions: str, resource: str = "*"):
    """Sabotage: every grant allows something more."""
    original = grants.grant

    def generous(*args):
        more = {"Sid": "Sabotage", "Effect": "Allow", "Action": [*actions], "Resource": resource}
        return document([*original(*args)["Statement"], more])

    return generous


def trust_the_account(arn, unique_id):
    """Sabotage: whoever may assume roles in the account may assume this one."""
    root = f"{arn.rpartition(':')[0]}:root"
    trusted = {"AWS": [arn, root]}
    return document([{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}])


def open_to_all(cloud, inputs):
    """Sabotage: instead of its policy, the bucket gets one that lets everyone read and list."""
    s3, bucket = cloud.admin("s3"), inputs["bucket"]
    s3.delete_public_access_block(Bucket=bucket)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=to_json(document([statement])))
    return bucket, {}


def realized(token, function):
    """Sabotage: one type of resource is created in another way."""
    return ("object_access.rehearsal.provision", "_TYPES", {**provision._TYPES, token: function})


def also_elsewhere(origins, *args, real=cors.rule, **more):
    """Sabotage: another origin may do what the app's may."""
    return real(origins if "*" in origins else [*origins, ELSEWHERE], *args, **more)


def all_but(access: Access):
    """Sabotage: one verb of the narrow grant is missing."""
    kept = [verb for verb in valohai_s3._ACCESS[ValohaiAccess.NARROW] if verb is not access]
    return {ValohaiAccess.NARROW: kept}


def grant_in_the_bucket_too(*actions: str):
    """Sabotage: every grant allows something more, in the whole of its bucket."""
    original = grants.grant

    def generous(arn, *args):
        more = {
            "Sid": "Sabotage",
            "Effect": "Allow",
            "Action": [*actions],
            "Resource": [arn, f"{arn}/*"],
        }
        return document([*original(arn, *args)["Statement"], more])

    return generous


def grant_less(action: str, prefix: str = ""):
    """Sabotage: an action is missing from the statements about that prefix."""
    original = grants.grant

    def stingy(*args):
        statements = original(*args)["Statement"]
        for each in statements:
            if prefix in str(each):
                each["Action"] = [kept for kept in each["Action"] if kept != action]
        return document([each for each in statements if each["Action"]])

    return stingy


def anyone_may(principals, external_id, _partition):
    """Sabotage: whoever knows the external ID is trusted, from whatever account."""
    condition = {"StringEquals": {"sts:ExternalId": external_id}}
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ]
    )


def no_external_id(principals, _external_id, partition):
    """Sabotage: the account is trusted whatever it says."""
    named = [f"arn:{partition}:iam::{each}:root" for each in principals]
    return document([{"Effect": "Allow", "Principal": {"AWS": named}, "Action": "sts:AssumeRole"}])


def one_hour(cloud, inputs):
    """Sabotage: the role's sessions end after an hour."""
    return provision._role(cloud, inputs | {"maxSessionDuration": 3_600})


def no_guests(arn, guests=(), real=buckets.private):
    """Sabotage: nothing keeps those with full access from opening the bucket."""
    return real(arn)


def listing_of_the_prefix_only(arn, access, prefixes=(), *more, real=grants.grant):
    """Sabotage: listing, too, is for the library's folder only."""
    return real(arn, access, prefixes or ["team/operatorai-model-store/"], *more)


def wrong_s3cfg(project, given, real=handoff.FORMATS["s3cfg"]):
    """Sabotage: what is handed over to s3cmd has another secret."""
    return real(project, {**given, "secret_access_key": "x" * 40})


def open_container(cloud, inputs):
    """Sabotage: everybody may read and list the container."""
    return cloud.openstack.make(CONTAINER, {**inputs, "containerRead": ".r:*,.rlistings"})


def key_of_the_account_too(cloud, inputs):
    """Sabotage: the container's key is the account's as well."""
    given = inputs["metadata"]["Temp-Url-Key"]
    project = cloud.swift["projects"]["rehearsal"]["project_id"]
    cloud.openstack.account({"projectId": project, "metadata": {"Temp-Url-Key": given}})
    return cloud.openstack.make(CONTAINER, inputs)


CONTAINER = "openstack:objectstorage/container:Container"
GRANT = ("object_access._grants", "grant")
TLS_ONLY = {"the same keys without TLS"}
SABOTAGE = {
    "no deleting": (
        "valohai",
        ("stacks.valohai_s3", "_ACCESS", all_but(Access.DELETE)),
        {"the small test file is written, read and removed", "a presigned link reads from any page",
         "a form on the app's page uploads",
         "the role uploads in parts, the file is read back whole"},
    ),
    "no listing": (
        "valohai",
        ("stacks.valohai_s3", "_ACCESS", all_but(Access.LIST)),
        {"the bucket's files are listed"},
    ),
    "s3:* everywhere": (
        "valohai",
        (*GRANT, grant_too("s3:*")),
        {"another bucket of the account", "administering the bucket"},
    ),
    "iam:* everywhere": (
        "valohai",
        (*GRANT, grant_too("iam:*")),
        {"managing users and keys"},
    ),
    "any account user may assume the role": (
        "valohai",
        ("object_access.policies.trust", "user", trust_the_account),
        {"the role, assumed by another user"},
    ),
    "plain HTTP is served": (
        "valohai",
        ("object_access.policies.buckets", "private", lambda arn, guests=(): document([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": sorted(guests)}}}])),
        TLS_ONLY,
    ),
    "another page may upload": (
        "valohai",
        ("object_access.policies.cors", "rule", also_elsewhere),
        {"a page elsewhere may not upload (preflight)"},
    ),
    "longer sessions": (
        "valohai",
        realized("aws:iam/role:Role",
                 lambda cloud, inputs: provision._role(cloud, inputs | {"maxSessionDuration": 7200})),
        {"a session beyond the role's maximum"},
    ),
    "open to everyone": (
        "valohai",
        realized("aws:s3/bucketPolicy:BucketPolicy", open_to_all),
        {"anyone without keys", *TLS_ONLY},
    ),
    "full access may open the bucket": (
        "valohai-documented",
        ("object_access.policies.buckets", "private", no_guests),
        {"making the bucket public"},
    ),
    "the whole bucket is listed": (
        "lightly",
        (*GRANT, grant_in_the_bucket_too("s3:ListBucket")),
        {"what is beside the prefix is invisible"},
    ),
    "the whole bucket is written": (
        "lightly",
        (*GRANT, grant_in_the_bucket_too("s3:PutObject")),
        {"writing anywhere but into the output"},
    ),
    "the input is not read": (
        "lightly",
        (*GRANT, grant_less("s3:GetObject", "in/")),
        {"read: a file of the input", "a presigned link shows a file of the input",
         "aws s3 sync fetches the input"},
    ),
    "the output is not written": (
        "lightly",
        (*GRANT, grant_less("s3:PutObject", "out/")),
        {"write: a thumbnail in the output, overwritten and removed"},
    ),
    "no external ID is asked for": (
        "lightly",
        ("object_access.policies.trust", "delegated", no_external_id),
        {"the role without an external ID", "the role with a wrong external ID"},
    ),
    "every account is trusted": (
        "lightly",
        ("object_access.policies.trust", "delegated", anyone_may),
        {"the role from another account, with the right external ID"},
    ),
    "sessions of an hour": (
        "lightly",
        realized("aws:iam/role:Role", one_hour),
        {"a session of twelve hours", "aws s3 sync fetches the input"},
    ),
    "the input's key writes": (
        "lightly-keys",
        (*GRANT, grant_in_the_bucket_too("s3:PutObject")),
        {"writing anywhere but into the output",
         "writing with the input's access, which can only read"},
    ),
    "the library cannot look at the bucket": (
        "modelstore",
        (*GRANT, listing_of_the_prefix_only),
        {"the library uploads a model, lists its domain, downloads it again"},
    ),
    "models can be deleted": (
        "modelstore",
        (*GRANT, grant_in_the_bucket_too("s3:DeleteObject")),
        {"deleting a model of an append-only registry", "files outside the library's folder"},
    ),
    "a reader writes": (
        "laptop",
        (*GRANT, grant_in_the_bucket_too("s3:PutObject")),
        {"aws s3 cp, where the mount is read-only", "what is beside the prefix",
         "Mountpoint's client, doing more than the mount allows"},
    ),
    "a writer deletes": (
        "uploader",
        (*GRANT, grant_in_the_bucket_too("s3:DeleteObject")),
        {"aws s3 rm, where the mount does not delete",
         "Mountpoint's client, doing more than the mount allows"},
    ),
    "everybody reads the container": (
        "swift",
        realized(CONTAINER, open_container),
        {"anyone without a login", "another project's user, and a user without a role"},
    ),
    "every page may use the container": (
        "swift",
        ("object_access.policies.swift", "cors", lambda *_, **__: {
            "Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "3000"}),
        {"a page elsewhere (preflight)"},
    ),
    "no page may use the container": (
        "swift",
        ("object_access.policies.swift", "cors", lambda *_, **__: dict.fromkeys(swift.CORS_KEYS, "")),
        {"the app's page may upload (preflight)",
         "a temporary URL reads the file, from the app's page too"},
    ),
    "the container's key opens others": (
        "swift-container",
        realized(CONTAINER, key_of_the_account_too),
        {"a temporary URL for another container"},
    ),
    "a rotation that keeps only one slot": (
        "swift-container",
        ("object_access.policies.swift", "slots",
         lambda keys: {swift.TEMP_URL_KEYS[1]: keys[-1]} if keys else {}),
        {"both keys serve during a rotation"},
    ),
    "a wrong configuration of s3cmd": (
        "kopah",
        ("object_access.handover", "FORMATS", {**handoff.FORMATS, "s3cfg": wrong_s3cfg}),
        {"s3cmd writes, lists, reads and removes a file"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_sabotage_turns_a_light_red(monkeypatch, reds, sabotage):
    """Exactly the lights of the broken promise, no other."""
    project, (module, name, instead), expected = SABOTAGE[sabotage]
    monkeypatch.setattr(importlib.import_module(module), name, instead)

    assert set(reds(project)) == expected


def test_another_user_of_the_store_who_is_let_in(cloud, reds):
    """Somebody with keys that open everything: the light sees it."""
    let_in = {key: cloud.compatible[key] for key in ("access_key_id", "secret_access_key")}

    found = reds("kopah", lambda others: replace(others, compatible=let_in))

    assert set(found) == {"another user of the store"}


def test_a_machine_that_ec2_does_not_trust_gets_nothing(monkeypatch, reds):
    """Without credentials every light that needs some is red, whichever clients are installed."""
    other = {"Service": "lambda.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": other, "Action": "sts:AssumeRole"}
    monkeypatch.setattr(
        "object_access.policies.trust.virtual_machines", lambda _: document([statement])
    )

    found = reds("machine")

    assert {
        "aws sts get-caller-identity names the one who was given access",
        "aws s3 ls and sync show and fetch the files",
        "aws s3 cp writes a file",
        "aws s3 rm removes a file",
        "Mountpoint's client does what the mount allows",
        "s3fs (Python) lists and reads the file",
    } <= set(found)
    assert set(found.values()) == {"the machine gets no credentials"}
