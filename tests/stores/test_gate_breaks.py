"""Ways in that were tried from outside, and that the gate once left open."""

import base64
import json
import socket
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote, urlsplit

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from object_access.stores.aws.backend import canonical_id

from .conftest import HERE, REGION, THERE, World, allow, answer, deny, policy

EVERYTHING = allow("*")
LATER = datetime.now(UTC) + timedelta(days=3)


def send(world: World, keys, method, path, body=b"", **headers):
    """The status of a request whose path is signed and sent as it stands."""
    request = AWSRequest(method, world.aws["http_endpoint"] + path, data=body, headers=headers)
    who = Credentials(keys["access_key_id"], keys["secret_access_key"])
    S3SigV4Auth(who, "s3", REGION).add_auth(request)
    place, sent = urlsplit(request.url), dict(request.headers.items())
    lines = [f"{method} {path} HTTP/1.1", f"Host: {place.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in sent.items()]
    lines += [f"Content-Length: {len(body)}"] if "Content-Length" not in sent else []
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return int(line.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "///{}"), ("GET", "///{}/a/1"), ("PUT", "///{}/new"), ("DELETE", "///{}/a/1"),
     ("GET", "///{}?acl"), ("PUT", "/{}/../a"), ("PUT", "/{}/a/../../b")],
)  # fmt: skip
def test_paths_that_name_nothing(world: World, method, path):
    """A key without a bucket was another bucket to moto, and no policy's; and keys do not climb
    out of theirs (S3: naming objects, relative path elements)."""
    bucket = world.bucket()
    who = world.user(allow("s3:*"), deny("s3:*", [f"arn:aws:s3:::{bucket}", "arn:aws:s3:::no/*"]))
    keys = world.aws["accounts"][HERE] if path.startswith("/{}") else who
    before = world.admin("s3").list_objects_v2(Bucket=bucket)["KeyCount"]

    assert send(world, keys, method, path.format(bucket)) == 400
    assert world.admin("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == before


def test_keys_may_go_up_as_far_as_they_came_down(world: World):
    """`a/../b` is a key (S3: naming objects, relative path elements)."""
    bucket = world.bucket(keys=())

    assert send(world, world.aws["accounts"][HERE], "PUT", f"/{bucket}/a/../b", b"x") == 200


def test_keys_are_utf_8(world: World):
    """What is none was one key with all others that are none (S3: naming objects)."""
    bucket = world.bucket()
    yes = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=policy(yes))

    for key, expected in (("%C3%A9", 200), ("%FF", 400)):
        url = f"{world.aws['http_endpoint']}/{bucket}/{key}"
        assert requests.put(url, b"x", timeout=10).status_code == expected


def presigned(world: World, bucket, **changed):
    """A URL that was signed by nobody, with these parameters changed."""
    now = datetime.now(UTC)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"AKIA/{now:%Y%m%d}/{REGION}/s3/aws4_request",
        "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    given = {**query, **{name.replace("_", "-"): value for name, value in changed.items()}}
    listed = "&".join(f"{name}={quote(given[name])}" for name in given if given[name] is not None)
    return f"{world.aws['http_endpoint']}/{bucket}/a/1?{listed}"


@pytest.mark.parametrize(
    "changed",
    [
        {"X_Amz_Expires": "²"},
        {"X_Amz_Expires": "1" * 5_000},
        {"X_Amz_Date": "99991231T235959Z", "X_Amz_Credential": f"A/99991231/{REGION}/s3/aws4_request"},
        {"X_Amz_Date": "Fri, 31 Dec 9999 23:59:59 -2359"},
        {"X_Amz_SignedHeaders": "host;€"},
        {"X_Amz_Content_Sha256": "€"},
        {"X_Amz_Signature": None, "x_amz_signature": "0" * 64},
    ],
)  # fmt: skip
def test_urls_that_no_client_makes(world: World, changed):
    """Are refused, none is an error of ours (S3: authenticating requests, query parameters)."""
    found = requests.get(presigned(world, world.bucket(), **changed), timeout=10)

    assert 400 <= found.status_code < 500


def test_what_no_header_can_hold(world: World):
    """Is neither stored nor sent back, from a URL either (S3: GetObject, response headers)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    for given in ("text/html\r\nX-More: 1", "text/€"):
        url = s3.generate_presigned_url(
            "get_object", {"Bucket": bucket, "Key": "a/1", "ResponseContentType": given}
        )
        found = requests.get(url, verify=world.aws["ca_bundle"], timeout=10)
        assert (found.status_code, "X-More" in found.headers) == (400, False)
    keys = world.aws["accounts"][HERE]
    assert send(world, keys, "PUT", f"/{bucket}/k?x-amz-meta-a=1%0D%0AX-More%3A1") == 400
    assert send(world, keys, "PUT", f"/{bucket}/k?x-amz-meta-a=%E2%82%AC") == 200
    assert send(world, keys, "GET", f"/{bucket}/k") == 200


def test_lengths_that_are_not_said(world: World):
    """A document in chunks is refused before it is read (S3: MissingContentLength)."""
    place = urlsplit(world.aws["http_endpoint"])
    for line in (f"PUT /{world.bucket()}?policy", "POST /"):
        head = f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n" * line.startswith("POST")
        with socket.create_connection((place.hostname, place.port), timeout=10) as client:
            client.sendall(f"{head}\r\n1\r\nx\r\n0\r\n\r\n".encode())
            assert b" 411 " in client.makefile("rb").readline()


@pytest.fixture(scope="module")
def locked(world: World):
    """A bucket that locks what comes into it for two days."""
    bucket, s3 = world.bucket(ObjectLockEnabledForBucket=True), world.admin("s3")
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2}}
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    return bucket


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("how", ["copy", "parts"])
def test_copies_and_parts_are_locked(world: World, locked, how, asked):
    """By the bucket's default as by what they ask for (S3: how object lock works)."""
    s3, named = world.admin("s3"), {"Bucket": locked, "Key": f"{how}-{asked}"}
    wish = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": LATER,
            "ObjectLockLegalHoldStatus": "ON"} if asked else {}  # fmt: skip
    s3.put_object(Bucket=locked, Key="source", Body=b"x")
    if how == "copy":
        source = {"Bucket": locked, "Key": "source"}
        version = s3.copy_object(**named, CopySource=source, **wish)["VersionId"]
    else:
        part = {**named, "UploadId": s3.create_multipart_upload(**named, **wish)["UploadId"]}
        tag = s3.upload_part(**part, PartNumber=1, Body=b"x")["ETag"]
        done = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        version = s3.complete_multipart_upload(**part, MultipartUpload=done)["VersionId"]

    assert answer(lambda: s3.delete_object(**named, VersionId=version)) == "AccessDenied"
    mode = s3.get_object_retention(**named)["Retention"]["Mode"]
    assert mode == ("GOVERNANCE" if asked else "COMPLIANCE")


PRECONDITIONS = [
    ("copy_object", {"IfNoneMatch": "*"}, "PreconditionFailed"),
    ("copy_object", {"IfMatch": '"0"'}, "PreconditionFailed"),
    ("copy_object", {"CopySourceIfMatch": '"0"'}, "PreconditionFailed"),
    ("copy_object", {"CopySourceIfNoneMatch": "its own"}, "PreconditionFailed"),
    ("copy_object", {"CopySourceIfUnmodifiedSince": datetime(2000, 1, 1)}, "PreconditionFailed"),  # noqa: DTZ001
    ("copy_object", {"CopySourceIfModifiedSince": LATER}, "PreconditionFailed"),
    ("copy_object", {"CopySourceIfMatch": "its own",
                     "CopySourceIfUnmodifiedSince": datetime(2000, 1, 1)}, "ok"),  # noqa: DTZ001
    ("put_object", {"IfNoneMatch": '"0"'}, "NotImplemented"),
    ("put_object", {"IfMatch": "its own"}, "ok"),
    ("delete_object", {"IfMatch": '"0"'}, "PreconditionFailed"),
    ("delete_object", {"IfMatchSize": 1}, "NotImplemented"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "given", "expected"), PRECONDITIONS)
def test_preconditions(world: World, operation, given, expected):
    """Those of copies, too; on tags a write takes `*` alone (S3: conditional requests)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    tag = s3.head_object(Bucket=bucket, Key="a/1")["ETag"]
    given = {name: tag if value == "its own" else value for name, value in given.items()}
    named = {"Bucket": bucket, "Key": "a/1", **given}
    if operation == "copy_object":
        named |= {"CopySource": {"Bucket": bucket, "Key": "b/1"}}

    assert answer(lambda: getattr(s3, operation)(**named)) == expected


def test_deletions_that_depend_on_a_tag(world: World):
    """Are judged one by one, and need to read the object (S3: conditional deletes)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    tag = s3.head_object(Bucket=bucket, Key="a/1")["ETag"]
    only = world.client("s3", world.user(allow("s3:DeleteObject")))

    def delete(client, **each):
        done = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/1", **each}]})
        return [error["Code"] for error in done.get("Errors", [])]

    assert delete(s3, ETag='"0"') == ["PreconditionFailed"]
    assert delete(only, ETag=tag) == ["AccessDenied"]
    named = {"Bucket": bucket, "Key": "a/1", "IfMatch": tag}
    assert answer(lambda: only.delete_object(**named)) == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(deny(
        "s3:DeleteObject", f"arn:aws:s3:::{bucket}/*", Principal="*",
        Condition={"Null": {"s3:if-match": "true"}})))  # fmt: skip
    assert delete(s3) == ["AccessDenied"]
    assert delete(s3, ETag=tag) == []


@pytest.mark.parametrize(
    "principal",
    ["AIDAAAAAAAAAAAAAAAAAA", "AROAAAAAAAAAAAAAAAAAA", f"arn:aws-cn:iam::{HERE}:root"],
)
def test_principals_that_are_nobody(world: World, principal):
    """Nor of another partition (IAM: AWS JSON policy elements: Principal)."""
    bucket, named = world.bucket(), {"Principal": {"AWS": principal}}
    text = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **named))
    put = partial(world.admin("s3").put_bucket_policy, Bucket=bucket, Policy=text)

    assert answer(put) == "MalformedPolicy"
    with pytest.raises(Exception, match="MalformedPolicyDocument"):
        world.role(policy(allow("sts:AssumeRole", None, **named)))


def temporary(found):
    """The keys of a session."""
    names = {"access_key_id": "AccessKeyId", "secret_access_key": "SecretAccessKey",
             "session_token": "SessionToken"}  # fmt: skip
    return {name: found["Credentials"][told] for name, told in names.items()}


@pytest.mark.parametrize("kind", ["federated", "user"])
def test_what_keys_of_a_user_s_session_are_not_for(world: World, kind):
    """IAM, and most of STS, whatever their policies say (IAM: compare AWS STS credentials)."""
    me, role = world.aws["accounts"][HERE], world.role(
        policy(allow("sts:AssumeRole", None, Principal={"AWS": HERE})))  # fmt: skip
    sts = world.client("sts", me)
    made = (
        sts.get_federation_token(Name="bob", Policy=policy(EVERYTHING))
        if kind == "federated"
        else sts.get_session_token()
    )
    keys = temporary(made)
    theirs = world.client("sts", keys)

    assert answer(world.client("iam", keys).list_users) == "InvalidClientTokenId"
    info = partial(theirs.get_access_key_info, AccessKeyId=me["access_key_id"])
    assert answer(info) == "AccessDenied"
    assert answer(theirs.get_session_token) == "AccessDenied"
    assume = partial(theirs.assume_role, RoleArn=role, RoleSessionName="test")
    assert answer(assume) == ("ok" if kind == "user" else "AccessDenied")
    assert answer(theirs.get_caller_identity) == "ok"


def test_a_key_s_account_keeps_it(world: World):
    """Others encrypt and decrypt with it, and change nothing (KMS API: cross-account use)."""
    both = [f"arn:aws:iam::{account}:root" for account in (HERE, THERE)]
    ours, theirs = world.admin("kms"), world.admin("kms", THERE)
    text = policy(allow("kms:*", Principal={"AWS": both}))
    key = {"KeyId": ours.create_key(Policy=text)["KeyMetadata"]["Arn"]}
    blob = theirs.encrypt(**key, Plaintext=b"x")["CiphertextBlob"]

    assert theirs.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert answer(partial(theirs.describe_key, **key)) == "ok"
    for call in (
        partial(theirs.put_key_policy, **key, PolicyName="default", Policy=text),
        partial(theirs.get_key_policy, **key, PolicyName="default"),
        partial(theirs.disable_key, **key),
        partial(theirs.tag_resource, **key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
        partial(theirs.schedule_key_deletion, **key, PendingWindowInDays=7),
    ):
        assert answer(call) == "AccessDeniedException"


def test_a_key_that_cannot_be_used(world: World):
    """It is off, waits for its deletion, or is for signatures (KMS: key states; S3: SSE-KMS)."""
    kms, s3, bucket = world.admin("kms"), world.admin("s3"), world.bucket()
    key = {"KeyId": kms.create_key()["KeyMetadata"]["Arn"]}
    signs = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    far = world.client_in("us-east-1", "kms", world.aws["accounts"][HERE])
    elsewhere = far.create_key()["KeyMetadata"]["Arn"]
    use = partial(kms.encrypt, **key, Plaintext=b"x")

    def put(arn, **more):
        given = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn, **more}
        given = {name: value for name, value in given.items() if value}
        return answer(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", **given))

    kms.disable_key(**key)
    assert answer(use) == "DisabledException"
    kms.enable_key(**key)
    assert answer(use) == "ok"
    assert put(key["KeyId"], ServerSideEncryption="AES256") == "InvalidArgument"
    assert put(key["KeyId"], ServerSideEncryption="") == "InvalidArgument"
    kms.schedule_key_deletion(**key, PendingWindowInDays=7)
    assert answer(use) == "KMSInvalidStateException"
    assert answer(partial(kms.enable_key, **key)) == "KMSInvalidStateException"
    assert put(key["KeyId"]) == "KMS.KMSInvalidStateException"
    sign = partial(kms.encrypt, KeyId=signs, Plaintext=b"x")
    assert answer(sign) == "InvalidKeyUsageException"
    assert put(signs) == "KMS.InvalidKeyUsageException"
    assert put(elsewhere) == "KMS.NotFoundException"


def test_tags_of_another_account_s_bucket(world: World):
    """Are not the caller's, and the bucket's own policy has a say (S3 Control: TagResource)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    path = f"/v20180820/tags/{quote(f'arn:aws:s3:::{bucket}', safe='')}"

    def tags(account):
        keys = world.aws["accounts"][account]
        return send(world, keys, "GET", path, **{"x-amz-account-id": HERE})

    assert (tags(HERE), tags(THERE)) == (200, 404)
    no = deny("s3:ListTagsForResource", f"arn:aws:s3:::{bucket}", Principal="*")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(no))
    assert tags(HERE) == 403


def test_another_account_s_keys_are_not_told_of(world: World):
    """As if they were not there (IAM API: GetAccessKeyLastUsed)."""
    key = world.user()["access_key_id"]
    used = {account: partial(world.admin("iam", account).get_access_key_last_used, AccessKeyId=key)
            for account in (HERE, THERE)}  # fmt: skip

    assert answer(used[HERE]) == "ok"
    assert answer(used[THERE]) == "NoSuchEntity"


@pytest.mark.parametrize("role", [f"arn:aws:iam::{THERE}:role/r", "r"])
def test_a_role_is_passed_within_its_account(world: World, role):
    """By nobody to another's service (IAM: grant permissions to pass a role)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"}}
    given = {"Role": role, "Rules": [rule]}

    put = partial(s3.put_bucket_replication, Bucket=bucket, ReplicationConfiguration=given)
    assert answer(put) == "AccessDenied"


def test_a_service_that_is_none(world: World):
    """Gets no role of its own (IAM API: CreateServiceLinkedRole)."""
    create = world.admin("iam").create_service_linked_role

    assert answer(lambda: create(AWSServiceName="9")) == "InvalidInput"


def upload(world: World, conditions, fields, filename="f.txt", headers=None, key="u/a"):
    """A form of the administrator's, with these conditions: its status, and the key's head."""
    bucket, s3 = world.bucket(keys=()), world.signing(world.aws["accounts"][HERE], "s3v4")
    form = s3.generate_presigned_post(bucket, key, fields, conditions)
    found = requests.post(
        form["url"],
        {**form["fields"], "key": key},
        files={"file": (filename, b"x")},
        headers=headers,
        verify=world.aws["ca_bundle"],
        timeout=10,
    )
    return found.status_code, partial(world.admin("s3").head_object, Bucket=bucket)


@pytest.mark.parametrize(
    ("types", "expected"),
    [("image/png", 204), ("image/jpg,image/png", 204), ("image/jpg,text/html", 403),
     ("image/jpg, text/html", 403)],
)  # fmt: skip
def test_each_type_of_a_form_is_held_to_its_policy(world: World, types, expected):
    """Where there are several (S3: POST policy, Content-Types in a comma-separated list)."""
    images = [["starts-with", "$Content-Type", "image/"]]

    assert upload(world, images, {"Content-Type": types})[0] == expected


def test_the_file_s_name_in_a_form(world: World):
    """In every field, and without a path (S3: POST Object, form fields)."""
    fields, free = {"x-amz-meta-a": "is ${filename}"}, [["starts-with", "$x-amz-meta-a", ""]]
    status, head = upload(world, free, fields, "C:\\\\dir\\\\f.txt", key="u/${filename}")

    assert status == 204
    assert head(Key="u/f.txt")["Metadata"] == {"a": "is f.txt"}


def test_a_form_s_policy_governs_all_that_is_stored(world: World):
    """Headers of the browser's request say nothing of the object (S3: POST Object)."""
    sent = {"Cache-Control": "no-cache", "Content-Disposition": "attachment"}
    status, head = upload(world, [], {}, headers=sent)

    assert status == 204
    assert not {"CacheControl", "ContentDisposition"} & head(Key="u/a").keys()


def test_forms_that_are_odd(world: World):
    """Numbers that are none are 400, addresses that no header can hold are left out."""
    free = [["starts-with", "$success_action_redirect", ""]]
    assert upload(world, free, {"success_action_redirect": "http://a/€"})[0] == 204
    huge = {"expiration": "2999-01-01T00:00:00Z",
            "conditions": [["content-length-range", 0, "9" * 5_000]]}  # fmt: skip
    policies = {"key": "k", "policy": base64.b64encode(json.dumps(huge).encode())}
    url = f"{world.aws['http_endpoint']}/{world.bucket()}"
    found = requests.post(url, policies, files={"file": b"x"}, timeout=10)
    assert found.status_code == 400


def test_content_that_looks_like_a_form(world: World):
    """An upload of parts may have any type (S3 API: CreateMultipartUpload)."""
    named = {"Bucket": world.bucket(), "Key": "k"}
    begin = world.admin("s3").create_multipart_upload

    assert answer(lambda: begin(**named, ContentType="multipart/form-data; boundary=a")) == "ok"


def test_a_bucket_that_is_made_again(world: World):
    """In us-east-1 its list is reset, and nothing else (S3 API: CreateBucket)."""
    s3 = world.client_in("us-east-1", "s3", world.aws["accounts"][HERE])
    bucket = world.name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)

    block = answer(lambda: s3.get_public_access_block(Bucket=bucket))
    assert block == "NoSuchPublicAccessBlockConfiguration"


@pytest.mark.parametrize(
    ("account", "permission", "expected"),
    [(HERE, "FULL_CONTROL", "ok"), (HERE, "READ", "AccessControlListNotSupported"),
     (THERE, "FULL_CONTROL", "AccessControlListNotSupported")],
)  # fmt: skip
def test_the_owner_s_own_list_as_a_document(world: World, account, permission, expected):
    """Is taken where lists are off, and no other (S3: controlling ownership of objects)."""
    grantee = {"Type": "CanonicalUser", "ID": canonical_id(account)}
    document = {
        "Owner": {"ID": canonical_id(HERE)},
        "Grants": [{"Grantee": grantee, "Permission": permission}],
    }
    bucket = world.bucket()
    put = partial(world.admin("s3").put_bucket_acl, Bucket=bucket, AccessControlPolicy=document)

    assert answer(put) == expected


def test_a_version_without_its_key_is_no_marker(world: World):
    """Versions are listed from a key on (S3 API: ListObjectVersions)."""
    list_ = partial(world.admin("s3").list_object_versions, Bucket=world.bucket())

    assert answer(partial(list_, VersionIdMarker="a")) == "InvalidArgument"
    assert answer(partial(list_, KeyMarker="a", VersionIdMarker="a")) == "ok"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [({"Days": 36_500}, "ok"), ({"Days": 36_501}, "InvalidArgument"),
     ({"Years": 100}, "ok"), ({"Years": 9_000}, "InvalidArgument")],
)  # fmt: skip
def test_how_long_a_default_lock_is(world: World, rule, expected):
    """A hundred years at the most: later there is no date (S3: object lock, retention periods)."""
    bucket, s3 = world.bucket(ObjectLockEnabledForBucket=True, keys=()), world.admin("s3")
    default = {"DefaultRetention": {"Mode": "GOVERNANCE", **rule}}
    put = partial(
        s3.put_object_lock_configuration,
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": default},
    )

    assert answer(put) == expected
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x")) == "ok"


def test_a_week_is_no_date(world: World):
    """Nor could any client read it (S3: PutObject, x-amz-object-lock-retain-until-date)."""
    bucket = world.bucket(ObjectLockEnabledForBucket=True, keys=())
    lock = {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-sdk-checksum-algorithm": "CRC32"}
    for until, expected in (("2999-W01-1", 400), ("2999-01-01T00:00:00Z", 200)):
        said = {**lock, "x-amz-object-lock-retain-until-date": until}
        keys = world.aws["accounts"][HERE]
        assert send(world, keys, "PUT", f"/{bucket}/k", b"x", **said) == expected


TWICE = '{"Effect":"Deny","Effect":"Allow","Action":"s3:*","Resource":"*"}'
SPACED = '{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}'


@pytest.mark.parametrize("statement", [TWICE, SPACED])
def test_statements_that_iam_refuses(world: World, statement):
    """A key given twice, and an ID with other signs (IAM: grammar of the policy language; Sid)."""
    text = f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    iam, sts = world.admin("iam"), world.admin("sts")
    put = partial(iam.put_user_policy, UserName=world.user()["name"], PolicyName="p")

    assert answer(lambda: put(PolicyDocument=text)) == "MalformedPolicyDocument"
    if statement == TWICE:
        federate = partial(sts.get_federation_token, Name="bob", Policy=text)
        assert answer(federate) == "MalformedPolicyDocument"
        bucket = world.bucket()
        public = text.replace('"*"', f'"arn:aws:s3:::{bucket}/*","Principal":"{HERE}"')
        put_policy = partial(world.admin("s3").put_bucket_policy, Bucket=bucket, Policy=public)
        assert answer(put_policy) == "MalformedPolicy"


def test_the_tags_of_a_copy_are_its_source_s(world: World):
    """What its header says counts where it replaces them alone (S3 API: CopyObject)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    s3.put_object(Bucket=bucket, Key="secret", Body=b"", Tagging="class=secret")
    public = {"StringEquals": {"s3:RequestObjectTag/class": "public"}}
    who = world.user(
        allow(["s3:GetObject", "s3:GetObjectTagging"]),
        allow(["s3:PutObject", "s3:PutObjectTagging"], Condition=public),
    )
    named = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/secret"}
    copy = partial(world.client("s3", who).copy_object, **named, Tagging="class=public")

    assert answer(copy) == "AccessDenied"
    assert answer(partial(copy, TaggingDirective="REPLACE")) == "ok"


def test_a_list_is_something_s(world: World):
    """Also where there are none (S3 API: PutObjectAcl, errors)."""
    named = {"Bucket": world.bucket(), "Key": "none", "ACL": "bucket-owner-full-control"}

    assert answer(partial(world.admin("s3").put_object_acl, **named)) == "NoSuchKey"


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringEquals": {"aws:UserAgent": "x"}}, True),
        ({"StringEquals": {"aws:SourceIp": "garbage"}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": THERE}}, False),
    ],
)
def test_what_is_told_of_a_policy(world: World, condition, public):
    """Is what the public access block goes by (S3: blocking public access, meaning of public)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    yes = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=condition)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(yes))

    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] == public


def test_parts_without_a_tag(world: World):
    """Are none (S3 API: CompleteMultipartUpload)."""
    named, s3 = {"Bucket": world.bucket(), "Key": "k"}, world.admin("s3")
    upload = s3.create_multipart_upload(**named)["UploadId"]
    complete = partial(s3.complete_multipart_upload, **named, UploadId=upload)

    assert answer(partial(complete, MultipartUpload={"Parts": [{"PartNumber": 1}]})) == (
        "MalformedXML"
    )
