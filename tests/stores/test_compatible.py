"""The embedded S3-compatible store: what of it answers whom."""

import boto3
import pytest
import requests

from object_access.stores import compatible


@pytest.fixture(scope="module")
def store():
    """The store with an object in it, and the ports of its parts."""
    ports = compatible._free_ports()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compatible, "_free_ports", lambda: ports)
        with compatible.running() as described:
            s3 = boto3.client(
                "s3", region_name="us-east-1", endpoint_url=described["endpoint"],
                aws_access_key_id=described["access_key_id"],
                aws_secret_access_key=described["secret_access_key"],
            )  # fmt: skip
            s3.create_bucket(Bucket="bucket")
            s3.put_object(Bucket="bucket", Key="a/1", Body=b"x" * 100_000)
            yield s3, ports


def test_there_is_no_way_around_s3(store):
    """The filer and the volumes hold what S3 stores; only S3 may ask them, whatever the name by
    which a web page reaches them."""
    s3, ports = store
    for part, path in (("filer", "/buckets/bucket/a/1"), ("filer", "/"), ("volume", "/1,01")):
        address = f"http://{compatible.HOST}:{ports[f'{part}.port']}{path}"
        for headers in {}, {"Host": "evil.example.com"}:
            assert requests.get(address, headers=headers, timeout=5).status_code == 401
    address = f"http://{compatible.HOST}:{ports['filer.port']}/buckets/bucket/evil"
    assert requests.put(address, b"x", timeout=5).status_code == 401

    assert [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a/1"]
    assert len(s3.get_object(Bucket="bucket", Key="a/1")["Body"].read()) == 100_000
