"""The store of the Kopah row is a Ceph Object Gateway: a real one answers as our parts expect."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config

from ..ceph import missing, rados_gateway
from .conftest import answer

ROOT = Path(__file__).parents[2]
APP = "https://app.example.com"
PART = 5 * 1024 * 1024  # no part but the last may be smaller
_NUMBERS = count(1)

if missing():
    pytest.skip(f"needs {missing()} on PATH", allow_module_level=True)


@pytest.fixture(scope="session")
def ceph() -> Iterator[dict[str, Any]]:
    """One gateway for all questions: each makes buckets under names of its own."""
    with rados_gateway() as running:
        yield running


def client(endpoint: str, keys: dict[str, Any] | None) -> Any:
    """An S3 client with these keys; without keys, an anonymous one."""
    keys = keys or {}
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=keys.get("access_key_id"),
        aws_secret_access_key=keys.get("secret_access_key"),
        config=Config(
            signature_version="s3v4" if keys else UNSIGNED,
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"total_max_attempts": 1},
        ),
    )


@pytest.fixture(scope="session")
def s3(ceph) -> Any:
    """A client of the user."""
    return client(ceph["endpoint"], ceph)


@pytest.fixture(scope="session")
def other(ceph) -> Any:
    """A client of the unrelated user."""
    return client(ceph["endpoint"], ceph["other"])


@pytest.fixture
def bucket(s3) -> str:
    """A bucket of the user."""
    name = f"bucket-{next(_NUMBERS):05}"
    s3.create_bucket(Bucket=name)
    return name


def test_objects(s3, bucket):
    """Written, read, described, listed by prefix and deleted."""
    for key in ("a/1", "a/2", "b/ü +1"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())

    assert s3.get_object(Bucket=bucket, Key="b/ü +1")["Body"].read() == "b/ü +1".encode()
    assert s3.head_object(Bucket=bucket, Key="a/1")["ContentLength"] == 3
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="a/")
    assert [each["Key"] for each in listed["Contents"]] == ["a/1", "a/2"]
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    assert [each["Prefix"] for each in folders] == ["a/", "b/"]
    s3.delete_object(Bucket=bucket, Key="a/1")
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "NoSuchKey"


def test_a_multipart_upload(s3, bucket):
    """Two parts become one object; nothing is left under way."""
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    bodies = {1: b"x" * PART, 2: b"end"}
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in bodies.items()
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    assert s3.head_object(Bucket=bucket, Key="big")["ContentLength"] == PART + 3
    tail = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={PART - 1}-")["Body"].read()
    assert tail == b"xend"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_an_upload_aborted(s3, bucket):
    """Its parts are gone."""
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    s3.upload_part(**upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**upload)

    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert answer(lambda: s3.list_parts(**upload)) == "NoSuchKey"  # S3 says NoSuchUpload


def test_a_presigned_url(s3, bucket):
    """It reads without keys; tampered with, it does not."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)

    read = requests.get(url, timeout=10)
    assert (read.status_code, read.content) == (200, b"x")
    tampered = requests.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), timeout=10)
    assert (tampered.status_code, "SignatureDoesNotMatch" in tampered.text) == (403, True)


def test_versions(s3, bucket):
    """What was overwritten and deleted can be read still."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first, second = (
        s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")
    )
    assert s3.delete_object(Bucket=bucket, Key="k")["DeleteMarker"] is True

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="k")) == "NoSuchKey"
    old = s3.get_object(Bucket=bucket, Key="k", VersionId=first)
    assert old["Body"].read() == b"1"
    listed = s3.list_object_versions(Bucket=bucket)
    assert {each["VersionId"] for each in listed["Versions"]} == {first, second}
    assert len(listed["DeleteMarkers"]) == 1


@pytest.mark.parametrize(
    ("origin", "method", "status", "allowed"),
    [
        (APP, "PUT", 200, APP),
        (APP, "DELETE", 403, None),
        ("https://evil.example.com", "PUT", 403, None),
    ],
)
def test_cors(ceph, s3, bucket, origin, method, status, allowed):
    """A preflight is answered for the origin and methods of the rule only."""
    rule = {
        "AllowedOrigins": [APP],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]

    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    got = requests.options(f"{ceph['endpoint']}/{bucket}/k", headers=asked, timeout=10)
    assert got.status_code == status
    assert got.headers.get("Access-Control-Allow-Origin") == allowed


def test_a_lifecycle_rule(s3, bucket):
    """Kept as given, but for the empty prefix: it stands where S3 had it before filters."""
    rule = {
        "ID": "abort",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule | {"Filter": {"Prefix": ""}}]}
    )

    (kept,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {key: value for key, value in kept.items() if key not in ("Filter", "Prefix")} == rule
    assert kept.get("Prefix", kept.get("Filter", {}).get("Prefix")) == ""


def test_the_bucket_of_somebody_else(s3, other, bucket):
    """It is there, and closed; its name is taken."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    assert answer(lambda: other.head_bucket(Bucket=bucket)) == "403"
    assert answer(lambda: other.list_objects_v2(Bucket=bucket)) == "AccessDenied"
    assert answer(lambda: other.get_object(Bucket=bucket, Key="k")) == "AccessDenied"
    assert answer(lambda: other.put_object(Bucket=bucket, Key="k", Body=b"")) == "AccessDenied"
    assert answer(lambda: other.create_bucket(Bucket=bucket)) == "BucketAlreadyExists"
    assert answer(lambda: s3.head_bucket(Bucket=bucket)) == "ok"


def test_a_bucket_that_is_not_there(s3):
    """HEAD answers 404."""
    assert answer(lambda: s3.head_bucket(Bucket="nobody-made-this")) == "404"


def test_wrong_keys(ceph):
    """A wrong secret and an unknown key are told apart."""
    endpoint = ceph["endpoint"]
    forged = client(endpoint, ceph | {"secret_access_key": "x" * 40})
    unknown = client(endpoint, ceph | {"access_key_id": "X" * 20})

    assert answer(forged.list_buckets) == "SignatureDoesNotMatch"
    assert answer(unknown.list_buckets) == "InvalidAccessKeyId"


def test_nobody_reads_without_keys(ceph, s3, bucket):
    """Neither an object nor the list, and nobody writes."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    anonymous = client(ceph["endpoint"], None)

    assert answer(lambda: anonymous.get_object(Bucket=bucket, Key="k")) == "AccessDenied"
    assert answer(lambda: anonymous.list_objects_v2(Bucket=bucket)) == "AccessDenied"
    assert answer(lambda: anonymous.put_object(Bucket=bucket, Key="k")) == "AccessDenied"


@pytest.mark.thorough
@pytest.mark.parametrize("end", ["kill", "communicate"])
def test_it_ends_with_its_process(tmp_path, end):
    """However that ends: no daemon is left. Only a process that is killed leaves its files."""
    program = (
        "from tests.ceph import rados_gateway\n"
        "with rados_gateway() as ceph:\n"
        "    print(ceph['endpoint'], flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)},
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as holder:  # fmt: skip
        endpoint = holder.stdout.readline().strip()
        assert requests.get(endpoint, timeout=10).status_code == 200
        daemons = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
        assert len(daemons) == 3
        getattr(holder, end)()

    deadline = time.monotonic() + 5
    while any(running(daemon) for daemon in daemons):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert any(tmp_path.iterdir()) == (end == "kill")


def running(process: str) -> bool:
    """Whether the process lives: one that waits for its parent has no command line any more."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False
