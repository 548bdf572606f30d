"""A check on a real store leaves what is there as it was."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from object_access import checks
from object_access.checks.check import State
from object_access.rehearsal import bystanders, engine
from object_access.workspace import Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)
EXACT = {
    "kind": "s3",
    "places": {
        "state": {"keys": ["a.state"], "access": ["list", "read"]},
        "lock": {"keys": ["a.lock"], "access": ["read", "write", "delete", "write-tags"]},
        "in": {"prefix": "in/", "access": ["list", "read"]},
        "gone": {"prefix": "gone/", "access": ["list", "delete", "write-tags"]},
    },
    "holders": {"tool": {"as": "user"}},
}
KEPT = ("a.state", "a.lock", "in/found", "gone/found")
_NUMBERS = count(1)


def test_files_that_are_there_are_neither_changed_nor_removed(cloud):
    """Though the holder may change some of them, and though its policy is wider than promised."""
    config = {"object-access:environment": {"namespace": "harmless", "projects": {"one": EXACT}}}
    name = f"harmless-{next(_NUMBERS)}"
    made = engine.run(WORKSPACE, name, config, cloud, lambda _: None)
    handed = bystanders.with_keys(cloud, made.handovers)
    admin, bucket = cloud.admin("s3"), handed["one"].where.bucket
    for key in KEPT:
        admin.put_object(Bucket=bucket, Key=key, Body=b"precious", Tagging="whose=ours")
    widen(cloud, handed["one"])

    results = checks.run_checks(handed, replace(cloud.target, embedded=False))

    assert [each for each in results if each.state is State.FAILED]
    listed = admin.list_object_versions(Bucket=bucket)
    assert "DeleteMarkers" not in listed or not [
        each for each in listed["DeleteMarkers"] if "object-access-check" not in each["Key"]
    ]
    for key in KEPT:
        assert admin.get_object(Bucket=bucket, Key=key)["Body"].read() == b"precious"
        tags = admin.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        assert tags == [{"Key": "whose", "Value": "ours"}]


def widen(cloud: Any, handover: Any) -> None:
    """The holder may do anything in the bucket, against the promise."""
    iam, arn = cloud.admin("iam"), f"arn:aws:s3:::{handover.where.bucket}"
    key = handover.holders["tool"].how.access_key_id
    iam.put_user_policy(
        UserName=iam.get_access_key_last_used(AccessKeyId=key)["UserName"],
        PolicyName="more",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        f'"Action": "s3:*", "Resource": ["{arn}", "{arn}/*"]}}]}}',
    )
