"""What is not there, for those who may not list; and many clients at once."""

import json
import ssl
from http.client import HTTPSConnection
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from object_access.handover.model import Key
from object_access.rehearsal.provision_s3 import make_bucket


@pytest.fixture
def reader(cloud):
    """A client of S3 who may read objects and list the parts of uploads, but not list objects; and
    the bucket's name."""
    name = f"missing-{uuid4().hex[:12]}"
    make_bucket(cloud.admin("s3"), name, cloud.region)
    iam = cloud.admin("iam")
    iam.create_user(UserName=name)
    grant = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListMultipartUploadParts"],
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    iam.put_user_policy(UserName=name, PolicyName="x", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    keys = Key(access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    return cloud.target.client("s3", cloud.region, keys), name


def test_a_missing_object_is_not_told_of_to_whom_may_not_list(reader):
    """S3 API Reference, GetObject: without s3:ListBucket the answer is 403, not 404."""
    s3, bucket = reader
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key="nothing")


def test_a_missing_upload_is_told_of(reader):
    """S3 API Reference, ListParts: NoSuchUpload, which no right to list objects decides."""
    s3, bucket = reader
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.list_parts(Bucket=bucket, Key="nothing", UploadId="nobodys")


def test_the_connections_of_many_clients_stay_open(cloud):
    """A hundred clients may each go on with the connection that they have: a handshake for every
    request made a rehearsal of many projects half as long again."""
    context = ssl.create_default_context(cafile=cloud.aws["ca_bundle"])
    there = urlsplit(cloud.aws["endpoint"]).netloc
    clients = [HTTPSConnection(there, context=context) for _ in range(100)]
    try:
        for each in clients:
            each.request("GET", "/")
            each.getresponse().read()

        assert [each for each in clients if each.sock is None] == []
    finally:
        for each in clients:
            each.close()
