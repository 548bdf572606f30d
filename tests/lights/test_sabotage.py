"""A light that cannot go red proves nothing: break each promise, and see its light go red."""

import importlib

import pytest

import lights
from components.policies import cors, grants
from components.policies.documents import document, to_json
from components.policies.grants import Access
from lights.light import State
from lights.valohai_s3 import ELSEWHERE
from rehearsal import engine, neighbours, realize
from stacks import valohai_s3
from stacks.settings import ValohaiAccess

PROJECT = {"kind": "valohai-s3", "access": "narrow", "multipart": True}


@pytest.fixture
def reds(cloud, request):
    """Rehearse one project; gives the names of the red lights and what they answered."""

    def run() -> dict[str, str]:
        # The environment's name makes this test's names its own.
        callspec = getattr(request.node, "callspec", None)
        number = callspec.indices["sabotage"] + 1 if callspec else 0
        config = {
            "object-access:environment": {"namespace": "tests", "projects": {"vision": PROJECT}}
        }
        done = engine.run(f"test-{number}", config, cloud, lambda made: None, by_cli=False)
        switched = lights.switch(done.handovers, cloud.store, neighbours.others_of(cloud, done))
        return {light.name: light.answer for light in switched if light.state is State.RED}

    return run


def test_without_sabotage_no_light_is_red(reds):
    """The ground the others stand on."""
    assert reds() == {}


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
    return ("rehearsal.realize", "_TYPES", {**realize._TYPES, token: function})


def also_elsewhere(origins, *args, real=cors.rule, **more):
    """Sabotage: another origin may do what the app's may."""
    return real(origins if "*" in origins else [*origins, ELSEWHERE], *args, **more)


def all_but(access: Access):
    """Sabotage: one verb of the narrow grant is missing."""
    kept = [verb for verb in valohai_s3._ACCESS[ValohaiAccess.NARROW] if verb is not access]
    return {ValohaiAccess.NARROW: kept}


SABOTAGE = {
    "no deleting": (
        ("stacks.valohai_s3", "_ACCESS", all_but(Access.DELETE)),
        {"the small test file is written, read and removed", "a presigned link reads from any page",
         "a form on the app's page uploads",
         "the role uploads in parts, the file is read back whole"},
    ),
    "no listing": (
        ("stacks.valohai_s3", "_ACCESS", all_but(Access.LIST)),
        {"the bucket's files are listed"},
    ),
    "s3:* everywhere": (
        ("components._grants", "grant", grant_too("s3:*")),
        {"another bucket of the account", "administering the bucket"},
    ),
    "iam:* everywhere": (
        ("components._grants", "grant", grant_too("iam:*")),
        {"managing users and keys"},
    ),
    "any account user may assume the role": (
        ("components.policies.trust", "user", trust_the_account),
        {"the role, assumed by another user"},
    ),
    "plain HTTP is served": (
        ("components.policies.buckets", "private", lambda arn, guests=(): document([{
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": sorted(guests)}}}])),
        {"the same keys without TLS"},
    ),
    "another page may upload": (
        ("components.policies.cors", "rule", also_elsewhere),
        {"a page elsewhere may not upload (preflight)"},
    ),
    "longer sessions": (
        realized("aws:iam/role:Role",
                 lambda cloud, inputs: realize._role(cloud, inputs | {"maxSessionDuration": 7200})),
        {"a session beyond the role's maximum"},
    ),
    "open to everyone": (
        realized("aws:s3/bucketPolicy:BucketPolicy", open_to_all),
        {"anyone without keys", "the same keys without TLS"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_sabotage_turns_a_light_red(monkeypatch, reds, sabotage):
    """Exactly the lights of the broken promise, no other."""
    (module, name, instead), expected = SABOTAGE[sabotage]
    monkeypatch.setattr(importlib.import_module(module), name, instead)

    assert set(reds()) == expected
