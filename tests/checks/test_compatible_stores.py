"""The checks of the Kopah row on the store that Kopah most likely is: a real Ceph."""

import pytest

from object_access import checks
from object_access.checks.check import State
from object_access.handover.model import S3, Form, Handover, Holder, Key, Place, Profile

from ..ceph import missing, rados_gateway

NEEDS_FUSE = {"mount-s3, as handed over, shows the file", "s3fs-fuse shows the file"}


def key_of(given: dict[str, str]) -> Key:
    """Somebody's keys."""
    return Key(access_key_id=given["access_key_id"], secret_access_key=given["secret_access_key"])


@pytest.mark.thorough
def test_every_client_works_on_ceph():
    """boto3, the AWS CLI, s3cmd, s3fs and rclone, with the files that are handed over; another
    user, a wrong key and nobody are refused. Mountpoint's client reads, but cannot write to Ceph
    16: the answer to a finished upload lacks its ETag there."""
    if missing():
        pytest.skip(f"needs {missing()} on PATH")
    with rados_gateway() as store:
        handover = Handover(
            project="kopah",
            consumer="kopah",
            where=S3(bucket="hilbert-1920384756", endpoint=store["endpoint"]),
            places={"bucket": Place(access=("list", "read", "write", "delete"))},
            holders={
                "kopah": Holder(
                    how=Profile(profile="kopah", **vars(key_of(store))), places=("bucket",)
                )
            },
            form=Form(settings={"directory": "/mnt/hilbert"}),
        )
        here = checks.Target(endpoint=store["endpoint"], compatible=True)
        here.client("s3", "us-east-1", key_of(store)).create_bucket(Bucket="hilbert-1920384756")
        bystanders = checks.Bystanders(compatible=key_of(store["other"]))
        results = checks.run_checks({"kopah": handover}, checks.Target(), bystanders)

    failed = {each.name: each.answer for each in results if each.state is State.FAILED}
    mountpoint = failed.pop("Mountpoint's client does what the mount allows", "")
    assert failed == {}
    assert not mountpoint or 'Header "ETag" not found' in mountpoint
    not_tried = {each.name for each in results if each.state is State.NOT_TRIED}
    assert not_tried <= {*NEEDS_FUSE, "rclone reads the file"}
    assert sum(each.state is State.PASSED for each in results) >= 10
