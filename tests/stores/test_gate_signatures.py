"""Questions about signatures, presigned URLs and forms, with the answer that AWS documents."""

import base64
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import REGION, World, allow

KEYS = ["plain", "with space", "plus+sign", "ünïcödé", "til~de", "a//b", "slash/", "per%cent", "q?m=1&x",
        "colon:semi;comma,", "'quotes\"", "(brackets)[x]{y}", "$&@=!*", "."]  # fmt: skip


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("key", KEYS)
def test_odd_keys_go_and_come(world: World, key, tls):
    """Every character is signed as it is sent (S3: object key names)."""
    bucket = world.bucket(keys=())
    s3 = world.client("s3", world.user(allow("s3:*")), tls=tls)

    s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"under_score": "kept"})

    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == key.encode()
    assert got["Metadata"] == {"under_score": "kept"}
    assert s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"][0]["Key"] == key
    assert s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": key})


def send(world, keys, method="GET", path="/", body=b"", headers=None, at=None, sent=None):
    """A request signed by botocore's own signer, sent as it is or with another body."""
    url = world.aws["endpoint"] + path
    request = AWSRequest(method, url, data=body, headers=headers or {})
    signer = S3SigV4Auth(
        Credentials(keys["access_key_id"], keys["secret_access_key"]), "s3", REGION
    )
    if at is None:
        signer.add_auth(request)
    else:
        request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        request.headers["X-Amz-Content-SHA256"] = signer.payload(request)
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        signer._inject_signature_to_request(request, signature)
    return requests.request(
        method, url, data=body if sent is None else sent, headers=dict(request.headers),
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip


def code(answered) -> str:
    """The status and the error's code."""
    text = answered.text
    found = text.partition("<Code>")[2].partition("</Code>")[0]
    return f"{answered.status_code} {found}".strip()


def test_headers(world: World):
    """Right, tampered, old, from the future, not AWS's, unsigned (S3: error codes)."""
    bucket, user = world.bucket(), world.user(allow("s3:*"))
    path, now = f"/{bucket}/new", datetime.now(UTC)

    def put(**more):
        return code(send(world, user, "PUT", path, b"body", **more))

    assert put() == "200"
    assert put(at=now - timedelta(minutes=14)) == "200"
    assert put(at=now - timedelta(minutes=16)) == "403 RequestTimeTooSkewed"
    assert put(at=now + timedelta(minutes=16)) == "403 RequestTimeTooSkewed"
    assert put(sent=b"ydob") == "400 XAmzContentSHA256Mismatch"
    foreign = requests.get(
        world.aws["endpoint"] + path, verify=world.aws["ca_bundle"], timeout=10,
        headers={"Authorization": "AWS AKIAEXAMPLE:signature"},
    )  # fmt: skip
    assert code(foreign) == "400 InvalidRequest"
    malformed = requests.get(
        world.aws["endpoint"] + path, verify=world.aws["ca_bundle"], timeout=10,
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x"},
    )  # fmt: skip
    assert code(malformed) == "400 AuthorizationHeaderMalformed"


def test_iam_needs_a_signature(world: World):
    """MissingAuthenticationToken (IAM: common errors)."""
    unsigned = requests.post(
        world.aws["endpoint"], data={"Action": "ListUsers", "Version": "2010-05-08"},
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip
    assert code(unsigned) == "403 MissingAuthenticationToken"


@pytest.mark.parametrize("body", [b"", b"small", os.urandom(300_000)], ids=len)
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_uploads_with_trailing_checksums(world: World, body, tls):
    """boto3's own way since 2025: aws-chunked, unsigned or signed payload (S3: checksums)."""
    bucket = world.bucket()
    s3 = world.client("s3", world.user(allow("s3:*")), tls=tls)

    s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm="SHA256")

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body


# --- presigned URLs ---


@pytest.fixture
def presigned(world: World):
    """A presigned URL, and what one may change in it."""
    bucket, user = world.bucket(), world.user(allow("s3:*"))
    client = world.signing(user, "s3v4")

    def make(operation="get_object", key="a/1", expires=60, **params):
        given = {"Bucket": bucket, "Key": key, **params}
        return client.generate_presigned_url(operation, given, ExpiresIn=expires)

    return make


def fetch(world, url, method="GET", **more):
    """The status and code of a plain request."""
    return code(requests.request(method, url, verify=world.aws["ca_bundle"], timeout=10, **more))


def test_a_presigned_url(world: World, presigned):
    """Works as signed, and not otherwise (S3: presigned URLs)."""
    url = presigned()

    assert fetch(world, url) == "200 x" or fetch(world, url) == "200"
    assert fetch(world, url, "PUT", data=b"y") == "403 SignatureDoesNotMatch"
    assert fetch(world, url, "DELETE") == "403 SignatureDoesNotMatch"
    assert fetch(world, url.replace("/a/1", "/b/1")) == "403 SignatureDoesNotMatch"
    assert fetch(world, presigned(expires=-1)).startswith(("403 AccessDenied", "400 Auth"))


def test_version_2_is_over(world: World):
    """In URLs and forms, as for every bucket since 2020 (S3 API: Signature Version 2 turned off)."""
    bucket, user = world.bucket(), world.user(allow("s3:*"))
    old = world.signing(user, "s3")
    where = {"Bucket": bucket, "Key": "a/1"}
    form = old.generate_presigned_post(bucket, "k")
    posted = requests.post(
        form["url"], data=form["fields"], files={"file": b"x"},
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip

    assert fetch(world, old.generate_presigned_url("get_object", where)) == "400 InvalidRequest"
    assert code(posted) == "400 InvalidRequest"


def test_a_presigned_upload(world: World, presigned):
    """The body is free, the headers that were signed are not (S3: presigned URLs)."""
    assert fetch(world, presigned("put_object", "new"), "PUT", data=b"any") == "200"
    typed = presigned("put_object", "typed", ContentType="text/plain")
    assert fetch(world, typed, "PUT", data=b"x", headers={"Content-Type": "text/plain"}) == "200"
    wrong = fetch(world, typed, "PUT", data=b"x", headers={"Content-Type": "text/html"})
    assert wrong == "403 SignatureDoesNotMatch"


def test_presigned_response_headers(world: World, presigned):
    """What the URL asks the answer to say (S3 API: GetObject)."""
    url = presigned(ResponseContentDisposition="attachment; filename=x")
    got = requests.get(url, verify=world.aws["ca_bundle"], timeout=10)

    assert got.headers["Content-Disposition"] == "attachment; filename=x"
    assert fetch(world, url.replace("filename%3Dx", "filename%3Dy")) == "403 SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("X-Amz-Expires=60", "X-Amz-Expires=604801"), "400 AuthorizationQueryParametersError"),
        (("X-Amz-Expires=60", "X-Amz-Expires=0"), "400 AuthorizationQueryParametersError"),
        (("X-Amz-Expires=60", "X-Amz-Expires=61"), "403 SignatureDoesNotMatch"),
        (("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=X"), "400 AuthorizationQueryParametersError"),
        (("aws4_request", "aws9_request"), "400 AuthorizationQueryParametersError"),
        (("&X-Amz-Signature=", "&X-Amz-Signature=0"), "403 SignatureDoesNotMatch"),
    ],
)  # fmt: skip
def test_a_tampered_url(world: World, change, expected):
    """Longer than a week, another algorithm, another signature (S3: query parameters)."""
    bucket = world.bucket()
    s3 = world.client("s3", world.user(allow("s3:*")))
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/1"}, ExpiresIn=60)
    assert change[0] in url

    assert fetch(world, url.replace(*change)) == expected


def test_an_expired_url(world: World):
    """A second is over (S3: presigned URLs)."""
    bucket = world.bucket()
    s3 = world.client("s3", world.user(allow("s3:*")))
    long, url = (
        s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/1"}, ExpiresIn=seconds)
        for seconds in (60, 1)
    )
    assert fetch(world, long).startswith("200")
    time.sleep(2)

    assert fetch(world, url) == "403 AccessDenied"


def test_a_url_has_the_rights_of_who_signed_it(world: World):
    """At the time it is used (S3: presigned URLs)."""
    bucket, user = world.bucket(), world.user()
    s3 = world.client("s3", user)
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/1"}, ExpiresIn=60)

    assert fetch(world, url) == "403 AccessDenied"


# --- forms ---


@pytest.fixture
def form(world: World):
    """Post a form that a user signed; gives the status and code, and what was stored."""
    bucket, user = world.bucket(keys=()), world.user(allow("s3:*"))
    client = world.signing(user, "s3v4")

    def post(
        key="up/${filename}",
        conditions=(),
        fields=None,
        body=b"12345",
        expires=60,
        drop=(),
        **changed,
    ):
        made = client.generate_presigned_post(
            bucket, key, Fields=dict(fields or {}), Conditions=list(conditions), ExpiresIn=expires
        )
        given = {
            name: value for name, value in made["fields"].items() if name not in drop
        } | changed
        answered = requests.post(
            made["url"], data=given, files={"file": ("f.txt", body)},
            verify=world.aws["ca_bundle"], timeout=10, allow_redirects=False,
        )  # fmt: skip
        stored = world.admin("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
        return code(answered), [each["Key"] for each in stored], answered

    return post


def test_a_form(form):
    """The file lands under the key, its name filled in; the answer is empty (S3: POST)."""
    assert form()[:2] == ("204", ["up/f.txt"])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"conditions": [["content-length-range", 5, 5]]}, "204"),
        ({"conditions": [["content-length-range", 6, 9]]}, "400 EntityTooSmall"),
        ({"conditions": [["content-length-range", 0, 4]]}, "400 EntityTooLarge"),
        ({"key": "another"}, "204"),
        ({"x-amz-meta-more": "1"}, "403 AccessDenied"),
        ({"x-ignore-more": "1"}, "204"),
        ({"fields": {"x-amz-meta-a": "1"}, "conditions": [{"x-amz-meta-a": "1"}]}, "204"),
        ({"fields": {"x-amz-meta-a": "2"}, "conditions": [{"x-amz-meta-a": "1"}]}, "403 AccessDenied"),
        ({"fields": {"Content-Type": "image/png"},
          "conditions": [["starts-with", "$Content-Type", "image/"]]}, "204"),
        ({"fields": {"Content-Type": "text/html"},
          "conditions": [["starts-with", "$Content-Type", "image/"]]}, "403 AccessDenied"),
        ({"expires": -1}, "403 AccessDenied"),
        # The file's name is filled in before the policy is tried.
        ({"conditions": [["eq", "$key", "up/f.txt"]]}, "204"),
        ({"conditions": [["eq", "$key", "up/g.txt"]]}, "403 AccessDenied"),
        ({"conditions": [["eq", "$key", "up/${filename}"]]}, "403 AccessDenied"),
        ({"conditions": [["starts-with", "$key", "up/$"]]}, "403 AccessDenied"),
        ({"conditions": [["EQ", "$KEY", "up/f.txt"]]}, "204"),
        ({"fields": {"x-amz-checksum-crc32": "AAAAAA=="},
          "conditions": [{"x-amz-checksum-crc32": "AAAAAA=="}]}, "400 BadDigest"),
        ({"fields": {"x-amz-object-lock-mode": "COMPLIANCE"},
          "conditions": [{"x-amz-object-lock-mode": "COMPLIANCE"}]}, "501 NotImplemented"),
        ({"drop": ("policy",)}, "400 InvalidArgument"),
        ({"policy": base64.b64encode(b'{"expiration": "2099-01-01T00:00:00Z"}').decode()},
         "403 SignatureDoesNotMatch"),
    ],
)  # fmt: skip
def test_what_a_form_s_policy_says(form, more, expected):
    """Ranges, exact and beginning values, no further field, no other policy (S3: POST policy)."""
    answered, stored, _ = form(**more)

    assert answered == expected
    assert bool(stored) == (expected == "204")


def parts(*given):
    """The body of a form: (name, content, whether the part has a file's name), in this order."""
    lines = b""
    for name, content, named in given:
        more = f'; filename="{name}"' if named else ""
        head = f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        lines += head.encode() + content.encode() + b"\r\n"
    return lines + b"--B--\r\n"


@pytest.mark.parametrize("named", [False, True])
def test_a_form_whose_parts_are_all_files(world: World, named):
    """Only `file` is one; the other parts are fields, as clients send them (S3: POST, file)."""
    bucket, user = world.bucket(keys=()), world.user(allow("s3:*"))
    made = world.signing(user, "s3v4").generate_presigned_post(bucket, "k")["fields"]
    fields = [(name, value, named) for name, value in made.items()]

    def post(*given):
        return code(requests.post(
            f"{world.aws['endpoint']}/{bucket}", parts(*given), verify=world.aws["ca_bundle"],
            headers={"Content-Type": "multipart/form-data; boundary=B"}, timeout=10,
        ))  # fmt: skip

    assert post(*fields, ("file", "x", True)) == "204"
    # What comes behind the file is not looked at.
    assert post(*fields, ("file", "x", True), ("acl", "public-read", False)) == "204"
    assert post(("file", "x", True), *fields) == "400 InvalidArgument"
    assert post(*fields) == "400 InvalidArgument"


def test_metadata_that_is_not_ascii(world: World):
    """Goes as UTF-8, of which the bytes are signed (S3: working with object metadata)."""
    bucket, user = world.bucket(keys=()), world.user(allow("s3:*"))
    url = f"{world.aws['endpoint']}/{bucket}/k"
    request = AWSRequest("PUT", url, data=b"x", headers={"x-amz-meta-who": "Zo\u00eb \u4e2d"})
    secrets = Credentials(user["access_key_id"], user["secret_access_key"])
    S3SigV4Auth(secrets, "s3", REGION).add_auth(request)
    headers = {name: value.encode() for name, value in request.headers.items()}

    sent = requests.put(url, b"x", headers=headers, verify=world.aws["ca_bundle"], timeout=10)

    assert sent.status_code == 200
    told = send(world, user, "GET", f"/{bucket}/k").headers["x-amz-meta-who"]
    assert told.encode("latin-1").decode() == "Zo\u00eb \u4e2d"
    spoilt = {**headers, "x-amz-meta-who": "Zo\u00eb".encode()}
    again = requests.put(url, b"x", headers=spoilt, verify=world.aws["ca_bundle"], timeout=10)
    assert code(again) == "403 SignatureDoesNotMatch"


@pytest.mark.parametrize("status", ["200", "201"])
def test_the_status_a_form_asks_for(form, status):
    """201 comes with a document (S3: POST, success_action_status)."""
    asked = {"success_action_status": status}
    answered, _, whole = form(fields=asked, conditions=[asked])

    assert answered.startswith(status)
    assert ("<Key>up/f.txt</Key>" in whole.text) == (status == "201")


def test_a_form_that_redirects(form):
    """303, with bucket and key in the address (S3: POST, success_action_redirect)."""
    asked = {"success_action_redirect": "https://app.example.com/done"}
    answered, stored, whole = form(fields=asked, conditions=[asked])

    assert (answered, stored) == ("303", ["up/f.txt"])
    assert whole.headers["Location"].startswith("https://app.example.com/done?bucket=")
    assert f"key={quote('up/f.txt')}" in whole.headers["Location"]


def test_a_form_without_a_signature(world: World):
    """It is nobody's, and refused as such (S3: POST)."""
    bucket = world.bucket()
    answered = requests.post(
        f"{world.aws['endpoint']}/{bucket}", data={"key": "k"}, files={"file": ("f", b"x")},
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip
    assert code(answered) == "403 AccessDenied"


# --- the AWS CLI, as a person uses it ---


@pytest.fixture
def cli(world: World, tmp_path):
    """Run the AWS CLI with these keys; gives exit code and what it printed."""

    def run(keys, *arguments, region=REGION):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": world.aws["endpoint"],
            "AWS_CA_BUNDLE": world.aws["ca_bundle"],
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "awscli", *arguments],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.thorough
def test_the_cli_as_the_administrator(world: World, cli, tmp_path):
    """Who am I, make a bucket, sync a folder, list it, empty and remove it."""
    admin, name = next(iter(world.aws["accounts"].values())), world.name("cli")
    (tmp_path / "farm").mkdir()
    (tmp_path / "farm" / "a.txt").write_text("a")

    assert (
        '"Arn": "arn:aws:iam::111111111111:user/administrator"'
        in cli(admin, "sts", "get-caller-identity")[1]
    )
    assert cli(admin, "s3", "mb", f"s3://{name}")[0] == 0
    assert cli(admin, "s3", "sync", "farm", f"s3://{name}/farm")[0] == 0
    assert "a.txt" in cli(admin, "s3", "ls", f"s3://{name}/farm/")[1]
    assert cli(admin, "s3", "rb", f"s3://{name}")[1].count("BucketNotEmpty") == 1
    assert cli(admin, "s3", "rb", "--force", f"s3://{name}")[0] == 0


def test_the_cli_as_a_reader_of_one_prefix(world: World, cli):
    """Its own prefix, not the neighbour's, not the bucket's list, nothing written."""
    bucket = world.bucket(keys=("a/1", "ab/1"))
    arn = f"arn:aws:s3:::{bucket}"
    scoped = {"Condition": {"StringLike": {"s3:prefix": "a/*"}}}
    user = world.user(allow("s3:ListBucket", arn, **scoped), allow("s3:GetObject", f"{arn}/a/*"))

    assert cli(user, "s3", "cp", f"s3://{bucket}/a/1", "-") == (0, "x")
    assert cli(user, "s3", "ls", f"s3://{bucket}/a/")[0] == 0
    for refused in (
        ("s3", "ls", f"s3://{bucket}/ab/"),
        ("s3", "ls", f"s3://{bucket}"),
        ("s3", "rm", f"s3://{bucket}/a/1"),
        ("iam", "list-users"),
    ):
        exit_code, shown = cli(user, *refused)
        assert exit_code != 0, refused
        assert "(AccessDenied)" in shown, refused


def test_the_cli_says_where_a_key_is_wrong(world: World, cli):
    """AWS's own words reach the person."""
    wrong = {"access_key_id": "AKIAUNKNOWNUNKNOWN00", "secret_access_key": "x"}

    exit_code, shown = cli(wrong, "s3api", "list-buckets")
    assert exit_code != 0
    assert "(InvalidAccessKeyId)" in shown
    assert json.dumps("x") not in shown
