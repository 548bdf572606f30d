"""The checks of Kopah on the store that Kopah most likely is: a real Ceph."""

import pytest

from object_access import checks
from object_access.checks.check import State
from object_access.handover import Handover
from object_access.handover.model import Key

from ..ceph import missing, rados_gateway

NEEDS_FUSE = {"mount-s3, as handed over, shows the file", "s3fs-fuse shows the file"}


def test_every_client_works_on_ceph():
    """boto3, the AWS CLI, s3cmd, s3fs and rclone, with the files that are handed over; another
    user, a wrong key and nobody are refused. Mountpoint's client reads, but cannot write to Ceph
    16: the answer to a finished upload lacks its ETag there."""
    if missing():
        pytest.skip(f"needs {missing()} on PATH")
    with rados_gateway() as store:
        keys = {key: store[key] for key in ("access_key_id", "secret_access_key")}
        where = {"as": "s3", "bucket": "hilbert-1920384756", "endpoint": store["endpoint"]}
        how = {"as": "profile", "profile": "kopah", **keys}
        handover = {
            "consumer": "kopah",
            "where": where,
            "places": {"bucket": {"access": ["list", "read", "write", "delete"]}},
            "holders": {"kopah": {"how": how, "places": ["bucket"]}},
        }
        here = checks.Target(endpoint=store["endpoint"], compatible=True)
        here.client("s3", "us-east-1", Key(**keys)).create_bucket(Bucket=where["bucket"])
        results = checks.run_checks(
            {"kopah": Handover.read("kopah", handover)},
            checks.Target(),
            checks.Bystanders(compatible=Key(**store["other"])),
        )

    failed = {each.name: each.answer for each in results if each.state is State.FAILED}
    mountpoint = failed.pop("Mountpoint's client does what the mount allows", "")
    assert failed == {}
    assert not mountpoint or 'Header "ETag" not found' in mountpoint
    untried = {each.name for each in results if each.state is State.NOT_TRIED}
    assert untried <= {*NEEDS_FUSE, "rclone reads the file"}
    assert sum(each.state is State.PASSED for each in results) >= 10
