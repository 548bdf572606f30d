"""What somebody changed by hand is found by a refresh, and repaired by the next `up`."""

import json
from pathlib import Path

import pytest

from object_access.rehearsal import bystanders, engine, provision
from object_access.rehearsal.provider import Provider
from object_access.workspace import Workspace

from .lives import LIGHTLY, a_store, wanted

WORKSPACE = Workspace.at(Path(__file__).parent)
BUCKET = "lives-lake"
OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)


@pytest.fixture(scope="module")
def life(cloud):
    """A stack with every type of resource, and a way to bring it up again."""
    config, projects = wanted(WORKSPACE, "drift")
    bystanders.provide(cloud, [each.project for each in projects])
    with engine.deploying("object-access", "drift", Provider(cloud), "in-process") as deployment:
        deployment.again = lambda: [
            f"{each.verb} {each.name}"
            for each in deployment.up(WORKSPACE, config, projects).changes
        ]
        deployment.again()
        yield deployment
        deployment.destroy()


def test_every_type_is_there_and_nothing_changes(life):
    """A refresh after `up`, and another `up`: 0 changes, whatever the type."""
    types = {each.type for each in life.stack.there.values() if each.custom}
    dynamic = "pulumi-python:dynamic/object-access:StoreBucket"

    assert types == {*provision._KINDS, dynamic}
    assert life.refresh() == []
    assert life.again() == []


def s3(call, **parameters):
    """A change of the bucket, by hand."""
    return lambda cloud, life: getattr(cloud.admin("s3"), call)(Bucket=BUCKET, **parameters)


def iam(call, *, of, **parameters):
    """A change of whom this resource stands for, by hand."""

    def change(cloud, life):
        name, _, kind = of.partition(" ")
        [there] = [
            each
            for each in life.stack.there.values()
            if each.custom and each.name == name and each.type.endswith(kind)
        ]
        known = {"ID": there.id, **there.inputs}
        filled = {
            key: known[value[1:-1]] if str(value).startswith("<") else value
            for key, value in parameters.items()
        }
        getattr(cloud.admin("iam"), call)(**filled)

    return change


def swift(method, path, **headers):
    """A request of the project's owner, by hand."""

    def change(cloud, life):
        user = cloud.openstack
        user._ask(method, f"{user._storage}/{path}", headers=headers)

    return change


def key_disabled(cloud, life):
    [key] = [each for each in life.stack.there.values() if each.name == "lake-reader-key"]
    cloud.admin("iam").update_access_key(
        UserName=key.inputs["user"], AccessKeyId=key.id, Status="Inactive"
    )


def credential_ended(cloud, life):
    [made] = [
        each for each in life.stack.there.values() if each.name == "swift-robot" and each.custom
    ]
    cloud.openstack.delete_credential(made.id, {})


def store_suspended(cloud, _):
    a_store(cloud).put_bucket_versioning(
        Bucket="lives-store", VersioningConfiguration={"Status": "Suspended"}
    )


def kms(call, **parameters):
    """A change of the key, by hand."""

    def change(cloud, life):
        [key] = [each for each in life.stack.there.values() if each.type.endswith(":Key")]
        getattr(cloud.admin("kms"), call)(KeyId=key.id, **parameters)

    return change


def alias_gone(cloud, life):
    [alias] = [each for each in life.stack.there.values() if each.type.endswith(":Alias")]
    cloud.admin("kms").delete_alias(AliasName=alias.id)


FOR_ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
        ],
    }
)
OPEN_BLOCK = {
    "BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": True,
    "RestrictPublicBuckets": False,
}  # fmt: skip
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{LIGHTLY}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
# What is done by hand -> (how, which resource a refresh finds, what `up` does to it).
DRIFT = {
    "public access is let in": (
        s3("put_public_access_block", PublicAccessBlockConfiguration=OPEN_BLOCK),
        "lake-public-access", "updated",
    ),
    "the public access block is gone": (
        s3("delete_public_access_block"), "lake-public-access", "created",
    ),
    "the bucket's policy is gone": (s3("delete_bucket_policy"), "lake-policy", "created"),
    "versions are not kept": (
        s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        "lake-versioning", "updated",
    ),
    "encryption is gone": (s3("delete_bucket_encryption"), "lake-encryption", "created"),
    "every page may": (
        s3("put_bucket_cors", CORSConfiguration={
            "CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"]}]}),
        "lake-cors", "updated",
    ),
    "objects expire": (
        s3("put_bucket_lifecycle_configuration", LifecycleConfiguration={
            "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}),
        "lake-lifecycle", "updated",
    ),
    "requests are not logged": (
        s3("put_bucket_logging", BucketLoggingStatus={}), "lake-access-logs", "created",
    ),
    "the bucket has other tags": (
        s3("put_bucket_tagging", Tagging={"TagSet": [{"Key": "by", "Value": "hand"}]}),
        "lake", "updated",
    ),
    "a user may do anything": (
        iam("put_user_policy", of="lake-reader-raw", UserName="<user>", PolicyName="<name>",
            PolicyDocument=OPEN),
        "lake-reader-raw", "updated",
    ),
    "a user's policy is gone": (
        iam("delete_user_policy", of="lake-reader-raw", UserName="<user>", PolicyName="<name>"),
        "lake-reader-raw", "created",
    ),
    "a role has another boundary": (
        iam("put_role_permissions_boundary", of="lake-vendor Role", RoleName="<name>",
            PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess"),
        "lake-vendor", "updated",
    ),
    "a user has another tag": (
        iam("tag_user", of="lake-reader User", UserName="<name>",
            Tags=[{"Key": "by", "Value": "hand"}]),
        "lake-reader", "updated",
    ),
    "a key is switched off": (key_disabled, "lake-reader-key", "updated"),
    "a managed policy says something else": (
        iam("create_policy_version", of="lake-managed Policy", PolicyArn="<ID>",
            PolicyDocument=OPEN, SetAsDefault=True),
        "lake-managed", "updated",
    ),
    "a managed policy is detached": (
        iam("detach_user_policy", of="lake-managed-managed", UserName="<user>",
            PolicyArn="<policyArn>"),
        "lake-managed-managed", "created",
    ),
    "a role trusts others": (
        iam("update_assume_role_policy", of="lake-vendor", RoleName="<name>", PolicyDocument=TRUST),
        "lake-vendor", "updated",
    ),
    "a role has longer sessions": (
        iam("update_role", of="lake-machine", RoleName="<name>", MaxSessionDuration=43_200),
        "lake-machine", "updated",
    ),
    "a role may do anything": (
        iam("put_role_policy", of="lake-vendor-raw", RoleName="<role>", PolicyName="<name>",
            PolicyDocument=OPEN),
        "lake-vendor-raw", "updated",
    ),
    "machines get no role": (
        iam("remove_role_from_instance_profile", of="lake-machine-instances",
            InstanceProfileName="<name>", RoleName="<role>"),
        "lake-machine-instances", "updated",
    ),
    "an existing role lost its policy": (
        iam("detach_role_policy", of="lake-logs-lives-role", RoleName="<role>",
            PolicyArn="<policyArn>"),
        "lake-logs-lives-role", "created",
    ),
    "a container is public": (
        swift("POST", "lives", **{"X-Container-Read": ".r:*,.rlistings"}), "swift", "updated",
    ),
    "a container's key is another": (
        swift("POST", "lives", **{"X-Container-Meta-Temp-URL-Key": "known-to-somebody-else"}),
        "swift", "updated",
    ),
    "the account's key is another": (
        swift("POST", "", **{"X-Account-Meta-Temp-URL-Key": "known-to-somebody-else"}),
        "account", "updated",
    ),
    "a credential is ended": (credential_ended, "swift-robot", "created"),
    "versions are not kept on another store": (store_suspended, "store", "updated"),
    "everybody uses a key": (
        kms("put_key_policy", PolicyName="default", Policy=FOR_ALL), "ci-dev-key", "updated",
    ),
    "a key no longer rotates": (kms("disable_key_rotation"), "ci-dev-key", "updated"),
    "a key's alias is gone": (alias_gone, "ci-dev-key", "created"),
    "tokens are trusted no more": (
        iam("delete_open_id_connect_provider", of="ci-issuer", OpenIDConnectProviderArn="<ID>"),
        "ci-issuer", "created",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "drift",
    [
        pytest.param(name, marks=() if number % 8 == 0 else pytest.mark.thorough)
        for number, name in enumerate(DRIFT)
    ],
)
def test_what_was_changed_by_hand_is_found_and_repaired(cloud, life, drift):
    """By exactly that resource: what was left of another one would be found here, too."""
    change, name, verb = DRIFT[drift]
    change(cloud, life)

    assert life.refresh() == [name]
    assert life.again() == [f"{verb} {name}"]
