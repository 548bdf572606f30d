"""The lights of the Kopah row on the store that Kopah most likely is: a real Ceph."""

import pytest

from object_access import checks
from object_access.checks.check import State

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
        handover = {
            "kind": "kopah",
            "bucket": "hilbert-1920384756",
            "endpoint": store["endpoint"],
            "profile": "kopah",
            "directory": "/mnt/hilbert",
            **keys,
        }
        here = checks.Target(endpoint=store["endpoint"], compatible=True)
        here.client("s3", "us-east-1", keys).create_bucket(Bucket=handover["bucket"])
        results = checks.run_checks(
            {"kopah": handover}, checks.Target(), checks.Others(compatible=store["other"])
        )

    reds = {light.name: light.answer for light in results if light.state is State.RED}
    mountpoint = reds.pop("Mountpoint's client does what the mount allows", "")
    assert reds == {}
    assert not mountpoint or 'Header "ETag" not found' in mountpoint
    skipped = {light.name for light in results if light.state is State.SKIPPED}
    assert skipped <= {*NEEDS_FUSE, "rclone reads the file"}
    assert sum(light.state is State.GREEN for light in results) >= 10
