"""Requests that are malformed or not served: refused in the service's own words, never taken for
something else. Error codes: S3 API Reference, "Error responses"; IAM API Reference, "Common errors".
"""

import base64
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, urlencode

import pytest
import requests
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import HERE, REGION, World, allow, answer
from .test_gate_signatures import code, send

XML = '<?xml version="1.0"?>'


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("PUT", "/{b}/k?renameObject", "501"), ("PUT", "/{b}/k?encryption", "501"),
     ("PUT", "/{b}/k?append", "501"), ("GET", "/{b}?session", "501"), ("GET", "/{b}?abac", "501"),
     ("GET", "/{b}?metadataTable", "501"), ("GET", "/{b}?list-type=3", "501"),
     ("PUT", "/{b}/k?partNumber=1", "501"), ("GET", "/{b}/a/1?x-log=me", "200"),
     ("GET", "/{b}/a/1?v=1&utm_source=mail", "200"), ("GET", "/{b}/a/1?x-id=GetObject", "200"),
     ("GET", "/{b}?v=1", "200"), ("GET", "/{b}/a/1?newSubResource", "501"),
     ("PUT", "/{b}/k?append&x-amz-write-offset-bytes=0", "501"),
     ("PUT", "/{b}?intelligent-tiering&id=x", "501"), ("GET", "/{b}/a/1?prefix=a", "501"),
     ("GET", "/{b}?list-type=2&session=1", "501"), ("GET", "/{b}/a/1?torrent", "501"),
     ("GET", "/{b}?max-keys=blah", "400 InvalidArgument"),
     ("GET", "/{b}?max-keys=-1", "400 InvalidArgument"),
     ("GET", "/{b}?list-type=2&continuation-token=x", "400 InvalidArgument"),
     ("GET", "/{b}?list-type=2&encoding-type=x", "400 InvalidArgument"),
     ("GET", "/{b}/a/1?versionId=", "400 InvalidArgument"),
     ("GET", "/{b}/a/1?partNumber=0", "400 InvalidArgument"),
     ("GET", "/{b}/a/1?uploadId=x", "404 NoSuchUpload"),
     ("PUT", "/{b}/a/1?uploadId=x&partNumber=1", "404 NoSuchUpload"),
     ("PUT", "/{b}/" + "k" * 1_025, "400 KeyTooLongError")],
)  # fmt: skip
def test_queries(world: World, method, path, expected):
    """What S3 does not take, and what is not served, by name."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))

    told = code(send(world, me, method, path.format(b=bucket), b""))

    assert told == (f"{expected} NotImplemented" if expected == "501" else expected)


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [("cors", "<", "MalformedXML"), ("cors", "", "MissingRequestBodyError"),
     ("cors", "<CORSConfiguration><CORSRule/></CORSConfiguration>", "MalformedXML"),
     ("versioning", "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>",
      "MalformedXML"),
     ("tagging", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"),
     ("tagging", "<Tagging><TagSet><Tag><Key>aws:a</Key><Value/></Tag></TagSet></Tagging>",
      "InvalidTag"),
     ("publicAccessBlock", "<Tagging/>", "MalformedXML"),
     ("tagging", '<!DOCTYPE a [<!ENTITY b "c">]><Tagging><TagSet/></Tagging>', "MalformedXML"),
     ("policy", "5", "MalformedPolicy"), ("policy", "[]", "MalformedPolicy"),
     ("policy", '{"Statement":[5]}', "MalformedPolicy")],
)  # fmt: skip
def test_documents(world: World, query, body, expected):
    """A body that is not the operation's."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))

    assert code(send(world, me, "PUT", f"/{bucket}?{query}", body.encode())) == f"400 {expected}"


@pytest.mark.parametrize("where", ["nowhere-1", "us-west-2", "us-east-1"])
def test_where_a_bucket_is_made(world: World, where):
    """In the region that is asked (S3 API: CreateBucket, LocationConstraint)."""
    make, given = world.unchecked("s3", world.aws["accounts"][HERE]).create_bucket, {}
    given["CreateBucketConfiguration"] = {"LocationConstraint": where}

    assert answer(lambda: make(Bucket=world.name("bucket"), **given)) in (
        "InvalidLocationConstraint", "IllegalLocationConstraintException",
    )  # fmt: skip


SUM = base64.b64encode(zlib.crc32(b"x").to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"Content-MD5": "nEeTncqjiGGq4ODvTy8ekw=="}, "400 BadDigest"),
     ({"Content-MD5": "nonsense"}, "400 InvalidDigest"), ({"Content-MD5": ""}, "400 InvalidDigest"),
     ({"x-amz-checksum-crc32": SUM}, "200"), ({"x-amz-checksum-crc32": "AAAAAA=="}, "400 BadDigest"),
     ({"x-amz-checksum-crc32c": "/RS9vg=="}, "400 BadDigest"),
     ({"x-amz-checksum-crc32c": "xx"}, "400 InvalidRequest"),
     ({"x-amz-checksum-crc32": SUM, "x-amz-checksum-sha1": "EfatjsUqKYTcf81sYT8wY9DKMHc="},
      "400 InvalidRequest"),
     ({"x-amz-checksum-xxhash3": "AAAAAA=="}, "501 NotImplemented"),
     ({"x-amz-storage-class": "COLD"}, "400 InvalidStorageClass"),
     ({"x-amz-acl": "mine"}, "400 InvalidArgument"),
     ({"x-amz-write-offset-bytes": "1"}, "501 NotImplemented"),
     ({"x-amz-meta-a": "a" * 2_048}, "400 MetadataTooLarge"),
     ({"x-amz-tagging": "a=1&a=2"}, "400 InvalidTag")],
)  # fmt: skip
def test_headers_of_an_upload(world: World, headers, expected):
    """Compared with the content (S3: checking object integrity); or not what S3 knows."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))

    assert code(send(world, me, "PUT", f"/{bucket}/k", b"x", headers)) == expected


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [("crc32", "y/Q5Jg=="), ("crc32c", "4waSgw=="), ("crc64nvme", "rosUhgp5mIg="),
     ("sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=")],
)  # fmt: skip
def test_checksums_of_123456789(world: World, algorithm, value):
    """The check values of each algorithm's definition (S3 API: PutObject, x-amz-checksum)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    header = {f"x-amz-checksum-{algorithm}": value}

    sent = send(world, me, "PUT", f"/{bucket}/k", b"123456789", header)
    other = send(world, me, "PUT", f"/{bucket}/k", b"123456780", header)

    assert (code(sent), code(other)) == ("200", "400 BadDigest")


@pytest.mark.parametrize(
    ("service", "form", "expected"),
    [("iam", {"Action": "CreateUser"}, "ValidationError"),
     ("iam", {"Action": "CreateUser", "UserName": "a/b"}, "ValidationError"),
     ("iam", {"Action": "CreateUser", "UserName": "a", "Path": "x"}, "ValidationError"),
     ("iam", {"Action": "CreateRole", "RoleName": "r"}, "ValidationError"),
     ("iam", {"Action": "UpdateAccessKey", "AccessKeyId": "A" * 16, "Status": "Off"}, "ValidationError"),
     ("iam", {"Action": "Nothing"}, "InvalidAction"), ("iam", {}, "MissingAction"),
     ("iam", {"Action": "ChangePassword", "OldPassword": "a", "NewPassword": "b"}, "NotImplemented"),
     ("sts", {"Action": "AssumeRole"}, "ValidationError"),
     ("sts", {"Action": "Nothing"}, "InvalidAction"),
     ("sqs", {"Action": "ListQueues"}, "NotImplemented"),
     ("ec2", {"Action": "DescribeInstances"}, "NotImplemented")],
)  # fmt: skip
def test_the_query_protocol(world: World, service, form, expected):
    """Errors in IAM's and STS's own shape, which clients can read (IAM API: common errors)."""
    keys = world.aws["accounts"][HERE]
    sent = query(world, keys, service, form)

    assert f"<Code>{expected}</Code>" in sent.text
    assert sent.text.startswith("<ErrorResponse")
    assert sent.status_code == (501 if expected == "NotImplemented" else 400)


def query(world, keys, service, form, *, signed=True):
    """A request to IAM or STS as it stands."""
    body = urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", world.aws["endpoint"] + "/", data=body, headers=headers)
    if signed:
        credentials = Credentials(keys["access_key_id"], keys["secret_access_key"])
        SigV4Auth(credentials, service, REGION).add_auth(request)
    return requests.post(
        request.url, data=body, headers=dict(request.headers),
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip


def test_a_date_as_http_has_it(world: World):
    """In place of X-Amz-Date (S3 API: authenticating requests, Date header)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))
    stamp = format_datetime(datetime.now(UTC), usegmt=True)

    sent = send(world, me, path=f"/{bucket}/a/1", headers={"Date": stamp})

    assert sent.request.headers["Date"]
    assert "X-Amz-Date" not in sent.request.headers
    assert code(sent) == "200"


@pytest.mark.parametrize(
    ("day", "region"),
    [((datetime.now(UTC) - timedelta(days=1)).strftime("%Y%m%d"), REGION), ("", "nowhere-1"),
     ("", "us-west-2")],
)  # fmt: skip
def test_the_scope_of_a_signature(world: World, day, region):
    """Is of the request's day, and of the bucket's region (S3: AuthorizationHeaderMalformed)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))
    credentials = Credentials(me["access_key_id"], me["secret_access_key"])

    request = AWSRequest("GET", f"{world.aws['endpoint']}/{bucket}/a/1")
    S3SigV4Auth(credentials, "s3", region).add_auth(request)
    if day:
        today = datetime.now(UTC).strftime("/%Y%m%d/")
        header = request.headers["Authorization"].replace(today, f"/{day}/")
        request.headers.replace_header("Authorization", header)
    got = requests.get(
        request.url, headers=dict(request.headers), verify=world.aws["ca_bundle"], timeout=10
    )

    assert code(got) == "400 AuthorizationHeaderMalformed"


def test_who_did_not_sign_chooses_no_headers_of_the_answer(world: World):
    """(S3 API: GetObject, response-content-type: only with signed requests)."""
    bucket = world.bucket()
    url = f"{world.aws['endpoint']}/{bucket}/a/1?response-content-type=text%2Fhtml"

    assert (
        code(requests.get(url, verify=world.aws["ca_bundle"], timeout=10)) == "400 InvalidRequest"
    )


def test_headers_in_a_url(world: World):
    """A URL's x-amz- parameters are headers, and need their permission (S3 API: query parameters)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:PutObject"))
    may = world.user(allow(["s3:PutObject", "s3:PutObjectTagging"]))

    def put(keys):
        url = f"{world.aws['endpoint']}/{bucket}/k?x-amz-tagging={quote('a=b')}"
        request = AWSRequest("PUT", url)
        credentials = Credentials(keys["access_key_id"], keys["secret_access_key"])
        S3SigV4QueryAuth(credentials, "s3", REGION).add_auth(request)
        return code(requests.put(request.url, b"x", verify=world.aws["ca_bundle"], timeout=10))

    assert put(me) == "403 AccessDenied"
    assert put(may) == "200"
    tags = world.admin("s3").get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}]
