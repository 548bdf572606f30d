"""The embedded AWS under load: what it keeps in memory, and what it answers meanwhile."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest

from .conftest import HERE, REGION, World, allow
from .test_gate_signatures import send

SERVER = f"""
import json, sys
from object_access.stores.aws import server
with server.running(["{HERE}"]) as aws:
    print(json.dumps(aws), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def apart():
    """An embedded AWS in a process of its own: a client of S3, and the megabytes that it takes."""
    child = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    aws = json.loads(child.stdout.readline())
    keys = aws["accounts"][HERE]
    s3 = boto3.client(
        "s3", region_name=REGION, endpoint_url=aws["endpoint"], verify=aws["ca_bundle"],
        aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"],
    )  # fmt: skip

    def resident():
        lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1_024

    yield s3, resident
    child.communicate()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells memory as Linux does")
@pytest.mark.parametrize(
    ("overwrites", "aborted", "most"),
    [(60, 6, 170), pytest.param(400, 40, 200, marks=pytest.mark.thorough)],
)
def test_what_is_gone_takes_no_memory(apart, overwrites, aborted, most):
    """Of overwrites of 1 MB and uploads of 5 MB that are aborted, in all 90 MB or 600."""
    s3, resident = apart
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=where)
    for _ in range(overwrites):
        s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 1_048_576)
    for _ in range(aborted):
        upload = s3.create_multipart_upload(Bucket="bucket", Key="m")["UploadId"]
        named = {"Bucket": "bucket", "Key": "m", "UploadId": upload}
        s3.upload_part(**named, PartNumber=1, Body=b"x" * 5_242_880)
        s3.abort_multipart_upload(**named)

    assert resident() < most


@pytest.mark.thorough
def test_lists_under_load(world: World):
    """Writers, deletions and wrong regions at once: never an error of ours."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    s3 = world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    wrong = world.client_in("us-west-2", "s3", me)
    seen: list[int] = []

    def work(number):
        for turn in range(5):
            key = f"/{bucket}/{number}/{turn % 4}"
            asked = [("PUT", key), ("GET", f"/{bucket}?list-type=2"), ("GET", f"/{bucket}?versions"),
                     ("DELETE", key), ("GET", f"{key}?versionId=none"), ("GET", "/none-such")]  # fmt: skip
            for method, path in asked:
                seen.append(send(world, me, method, path).status_code)
            try:
                wrong.list_objects_v2(Bucket=bucket)
            except wrong.exceptions.ClientError as error:
                seen.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen) >= 4 * 5 * 6
    assert max(seen) < 500
