"""Ways around the gate that were found by attacking it, each closed, with the AWS document."""

import base64
import hashlib
import json
import zlib
from datetime import UTC, datetime

import pytest
import requests
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import HERE, REGION, THERE, World, allow, answer, deny, policy
from .test_gate_signatures import code, send

FORM = "application/x-www-form-urlencoded"


def test_the_host_header_names_no_other_bucket(world: World):
    """What is judged is what is done, whatever the host is (S3: virtual hosting of buckets)."""
    mine, theirs = world.bucket(keys=("k",)), world.bucket(keys=())
    me = world.user(allow("s3:*", [f"arn:aws:s3:::{mine}", f"arn:aws:s3:::{mine}/*"]))
    host = {"Host": f"{theirs}.s3.amazonaws.com"}

    assert code(send(world, me, "PUT", f"/{mine}/new", b"x", host)) == "200"

    assert world.admin("s3").list_objects_v2(Bucket=theirs)["KeyCount"] == 0
    assert send(world, me, "GET", f"/{mine}/new", headers=host).text == "x"


def test_a_parameter_given_twice(world: World):
    """What is judged is what is done, also by S3 (S3 API: ListObjectsV2, s3:prefix)."""
    bucket = world.bucket()
    only_a = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}",
                   Condition={"StringLike": {"s3:prefix": "a/*"}})  # fmt: skip
    me = world.user(only_a)

    for query in ("prefix=&prefix=a%2F", "prefix=b%2F&prefix=a%2F"):
        listed = send(world, me, path=f"/{bucket}?list-type=2&{query}")
        assert listed.status_code == 200
        assert "b/1" not in listed.text
    assert code(send(world, me, path=f"/{bucket}?prefix=a%2F&prefix=")) == "403 AccessDenied"


def iam_call(world: World, keys, body, content_type=FORM, query="", target=""):
    """An IAM request with this very body."""
    url = f"{world.aws['endpoint']}/{query}"
    headers = {"Content-Type": content_type, "X-Amz-Target": target}
    request = AWSRequest("POST", url, data=body, headers=headers)
    secrets = Credentials(keys["access_key_id"], keys["secret_access_key"])
    SigV4Auth(secrets, "iam", REGION).add_auth(request)
    return requests.post(
        url, data=body, headers=dict(request.headers), verify=world.aws["ca_bundle"], timeout=10
    )


@pytest.mark.parametrize(
    ("body", "content_type", "query"),
    [
        ("{action}&UserName={victim}&UserName={me}", FORM, ""),
        ("{action}&UserName={me}", FORM, "?UserName={victim}"),
        ("{action}&UserName={me}&x=\r\n--B\r\n"
         'Content-Disposition: form-data; name="Action"\r\n\r\nCreateAccessKey\r\n--B\r\n'
         'Content-Disposition: form-data; name="UserName"\r\n\r\n{victim}\r\n--B--\r\n',
         "multipart/form-data; boundary=B", ""),
    ],
    ids=["twice", "in the query", "as a browser's form"],
)  # fmt: skip
def test_another_user_s_key(world: World, body, content_type, query):
    """Who may only make keys for oneself makes none for others (IAM API: CreateAccessKey)."""
    own = "arn:aws:iam::*:user/${aws:username}"
    me, victim = world.user(allow("iam:CreateAccessKey", own)), world.user()
    names = {"me": me["name"], "victim": victim["name"],
             "action": "Action=CreateAccessKey&Version=2010-05-08"}  # fmt: skip

    iam_call(world, me, body.format(**names), content_type, query.format(**names))

    keys = world.admin("iam").list_access_keys(UserName=victim["name"])["AccessKeyMetadata"]
    assert len(keys) == 1


def test_the_action_stands_in_the_form_alone(world: World):
    """No header takes its place (IAM API: common parameters, Action)."""
    me = world.user(allow("iam:*"), deny("iam:CreateUser"))
    name = world.name("user")

    answered = iam_call(
        world, me, f"Version=2010-05-08&Action=&UserName={name}", target="IAM.CreateUser"
    )

    assert code(answered) == "400 MissingAction"
    assert name not in {user["UserName"] for user in world.admin("iam").list_users()["Users"]}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("written", ["versionId={version}", '{{"versionId": "{version}"}}'])
def test_a_body_holds_no_parameters(world: World, method, written):
    """A version is named in the query or not at all (S3 API: GetObject, DeleteObject)."""
    bucket, s3 = world.bucket(keys=()), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    me = world.user(allow(["s3:GetObject", "s3:DeleteObject"], f"arn:aws:s3:::{bucket}/*"))
    body, headers = written.format(version=old).encode(), {"Content-Type": FORM}

    assert send(world, me, method, f"/{bucket}/k", body, headers).text != "old"

    kept = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert old in {version["VersionId"] for version in kept}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=B"])
@pytest.mark.parametrize("body", [b"a=1&b=2", b"key=1&file=2", b"--B--"])
def test_an_upload_that_looks_like_a_form(world: World, content_type, body):
    """Only a POST is a form, a PUT's body is the object (S3 API: PutObject)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))

    sent = send(world, me, "PUT", f"/{bucket}/k", body, {"Content-Type": content_type})

    assert code(sent) == "200"
    got = world.admin("s3").get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["ContentType"]) == (body, content_type)


@pytest.mark.parametrize(
    "source",
    ["/{theirs}/secret?x=public", "/{theirs}/secret#public", "/{theirs}/secret;public",
     "//{mine}/{theirs}/secret", "{mine}:/{theirs}/secret"],
)  # fmt: skip
@pytest.mark.parametrize("part", [False, True], ids=["CopyObject", "UploadPartCopy"])
def test_the_source_of_a_copy(world: World, source, part):
    """The object that is copied is the one that may be read (S3 API: x-amz-copy-source)."""
    mine, theirs = world.bucket(keys=("k",)), world.bucket(keys=("secret",))
    mine_all, public = f"arn:aws:s3:::{mine}*", f"arn:aws:s3:::{theirs}/*public"
    me = world.user(allow("s3:*", mine_all), allow("s3:GetObject", public))
    query = ""
    if part:
        upload = world.client("s3", me).create_multipart_upload(Bucket=mine, Key="c")
        query = f"?partNumber=1&uploadId={upload['UploadId']}"
    header = {"X-Amz-Copy-Source": source.format(mine=mine, theirs=theirs)}

    assert send(world, me, "PUT", f"/{mine}/c{query}", headers=header).status_code != 200


def test_the_source_of_a_copy_may_have_any_name(world: World):
    """It is URL-encoded, and the version follows a `?` (S3 API: x-amz-copy-source)."""
    bucket, s3 = world.bucket(keys=()), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key = "a/ü#1?x=1;2 %41+"
    old = s3.put_object(Bucket=bucket, Key=key, Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"new")

    for source, expected in ({}, b"new"), ({"VersionId": old}, b"old"):
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": key, **source})
        assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == expected


# Each is allowed its own action, as S3 names it, and no more.
SUB_RESOURCES = [
    ("GET", "?metrics", "s3:GetMetricsConfiguration"),
    ("GET", "?analytics", "s3:GetAnalyticsConfiguration"),
    ("GET", "?intelligent-tiering", "s3:GetIntelligentTieringConfiguration"),
    ("GET", "?requestPayment", "s3:GetBucketRequestPayment"),
    ("PUT", "?acl&policy", "s3:PutBucketAcl"),
    ("PUT", "?acl&versioning", "s3:PutBucketAcl"),
    ("DELETE", "?versioning", "s3:PutBucketVersioning"),
    ("DELETE", "?metrics", "s3:PutMetricsConfiguration"),
    ("GET", "/a/1?torrent", "s3:GetObjectTorrent"),
    ("HEAD", "/a/1?acl", "s3:GetObjectAcl"),
    ("HEAD", "/a/1?uploadId=x", "s3:ListMultipartUploadParts"),
    ("PUT", "/a/1?torrent", "s3:PutObjectTorrent"),
    ("DELETE", "/a/1?acl", "s3:DeleteObjectAcl"),
    ("DELETE", "/a/1?retention", "s3:DeleteObjectRetention"),
    ("POST", "/a/1?delete&uploads", "s3:ListBucket"),
    ("POST", "/a/1?acl", "s3:PutObjectAcl"),
]


@pytest.mark.parametrize(("method", "path", "action"), SUB_RESOURCES)
def test_a_sub_resource_is_not_the_thing_itself(world: World, method, path, action):
    """Where S3 or the store has none, nothing else is done (S3: required permissions)."""
    keys = () if (method, path[0]) == ("DELETE", "?") else ("a/1",)
    bucket = world.bucket(keys=keys)
    arn = f"arn:aws:s3:::{bucket}"
    me = world.user(allow(action, [arn, f"{arn}/*"]))
    body = b"<Delete><Object><Key>a/1</Key></Object></Delete>" if "delete" in path else b""

    sent = send(world, me, method, f"/{bucket}{path}", body)

    assert sent.status_code in (400, 403, 405, 501)
    assert world.admin("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == len(keys)


def test_two_sub_resources(world: World):
    """They conflict (S3: InvalidArgument)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))

    for path in ("?acl&policy", "?uploads&versions", "/a/1?acl&tagging", "/a/1?uploads&acl"):
        assert code(send(world, me, "GET", f"/{bucket}{path}")) == "400 InvalidArgument"


@pytest.mark.parametrize(
    "header",
    [{"x-amz-copy-source": "{bucket}/secret"}, {"x-amz-acl": "public-read"},
     {"x-amz-tagging": "a=b"}, {"x-amz-meta-a": "b"}],
)  # fmt: skip
def test_headers_that_a_url_did_not_sign(world: World, header):
    """Every x-amz- header must be signed (S3 API: authenticating requests, query parameters)."""
    bucket, me = world.bucket(keys=("secret",)), world.user(allow("s3:*"))
    url = world.signing(me, "s3v4").generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "k"}
    )
    headers = {name: value.format(bucket=bucket) for name, value in header.items()}

    put = requests.put(url, b"x", headers=headers, verify=world.aws["ca_bundle"], timeout=10)

    assert code(put) == "403 AccessDenied"
    assert f"<HeadersNotSigned>{next(iter(header))}</HeadersNotSigned>" in put.text
    free = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amzn-trace-id": "1"}
    assert requests.put(url, b"x", headers=free, verify=world.aws["ca_bundle"], timeout=10).ok


def test_headers_that_a_request_did_not_sign(world: World):
    """Likewise (S3 API: authenticating requests, authorization header)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))
    url = f"{world.aws['endpoint']}/{bucket}/k"
    request = AWSRequest("PUT", url, data=b"x")
    S3SigV4Auth(Credentials(me["access_key_id"], me["secret_access_key"]), "s3", REGION).add_auth(
        request
    )
    headers = {**dict(request.headers), "x-amz-copy-source": f"{bucket}/a/1"}

    put = requests.put(url, b"x", headers=headers, verify=world.aws["ca_bundle"], timeout=10)

    assert code(put) == "403 AccessDenied"


def test_headers_that_come_with_a_form(world: World):
    """A form's fields count, the request's headers do not (S3 API: POST Object, form fields)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    world.admin("s3").put_object(Bucket=bucket, Key="secret", Body=b"secret")
    post = world.signing(me, "s3v4").generate_presigned_post(bucket, "k")
    headers = {"X-Amz-Copy-Source": f"{bucket}/secret", "X-Amz-Acl": "public-read",
               "X-Amz-Meta-A": "b"}  # fmt: skip

    sent = requests.post(
        post["url"], post["fields"], files={"file": b"x"}, headers=headers,
        verify=world.aws["ca_bundle"], timeout=10,
    )  # fmt: skip

    assert code(sent) == "204"
    got = world.admin("s3").get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"]) == (b"x", {})


@pytest.mark.parametrize(
    ("method", "query"), [("PUT", ""), ("PUT", "?x-id=PutObject"), ("POST", "?uploads")]
)
@pytest.mark.parametrize(
    ("header", "action"),
    [({"x-amz-acl": "bucket-owner-full-control"}, "s3:PutObjectAcl"),
     ({"x-amz-tagging": "a=b"}, "s3:PutObjectTagging")],
)  # fmt: skip
def test_lists_and_tags_need_their_own_permission(world: World, method, query, header, action):
    """However the upload is made (S3: required permissions, PutObject, CreateMultipartUpload)."""
    bucket = world.bucket(keys=())
    objects = f"arn:aws:s3:::{bucket}/*"
    may, may_not = (
        world.user(allow(actions, objects))
        for actions in (["s3:PutObject", action], ["s3:PutObject"])
    )

    assert code(send(world, may_not, method, f"/{bucket}/k{query}", headers=header)) == (
        "403 AccessDenied"
    )
    assert code(send(world, may, method, f"/{bucket}/k{query}", headers=header)) == "200"


def test_another_user_s_key_by_its_id(world: World):
    """Without a UserName the user is the caller (IAM API: UpdateAccessKey, DeleteAccessKey)."""
    own = "arn:aws:iam::*:user/${aws:username}"
    me, victim = world.user(allow("iam:*AccessKey*", own)), world.user()
    iam, key = world.client("iam", me), victim["access_key_id"]

    assert answer(lambda: iam.update_access_key(AccessKeyId=key, Status="Inactive")) == (
        "NoSuchEntity"
    )
    assert answer(lambda: iam.delete_access_key(AccessKeyId=key)) == "NoSuchEntity"
    world.client("sts", victim).get_caller_identity()

    second = iam.create_access_key()["AccessKey"]["AccessKeyId"]
    iam.update_access_key(AccessKeyId=second, Status="Inactive")
    iam.delete_access_key(AccessKeyId=second)
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1


def test_what_an_iam_action_is_about(world: World):
    """Policies by their ARN, groups with their path (IAM: actions, resources, condition keys)."""
    iam = world.admin("iam")
    arn, group = world.managed(policy(allow("s3:*"))), world.name("group")
    iam.create_group(GroupName=group, Path="/team/")
    team = "arn:aws:iam::*:group/team/*"
    ask = {
        "delete policy": lambda c: c.delete_policy(PolicyArn=arn),
        "tag policy": lambda c: c.list_policy_tags(PolicyArn=arn),
        "users of policy": lambda c: c.list_entities_for_policy(PolicyArn=arn),
        "delete group": lambda c: c.delete_group(GroupName=group),
    }
    denied = world.client("iam", world.user(allow("iam:*"), deny("iam:*", [arn, team])))
    for call in ask.values():
        assert answer(lambda call=call: call(denied)) == "AccessDenied"

    allowed = world.client("iam", world.user(allow("iam:*", [arn, team])))
    for call in reversed(ask.values()):
        assert answer(lambda call=call: call(allowed)) == "ok"


def test_a_path_is_not_for_the_caller_to_say(world: World):
    """An existing group has its own (IAM: identifiers, paths)."""
    group = world.name("group")
    world.admin("iam").create_group(GroupName=group, Path="/team/")
    me = world.user(allow("iam:*", "arn:aws:iam::*:group/mine/*"))

    body = f"Action=DeleteGroup&Version=2010-05-08&GroupName={group}&Path=/mine/"
    assert code(iam_call(world, me, body)) == "403 AccessDenied"


def test_a_parameter_that_the_action_does_not_have(world: World):
    """Who may do everything with one role makes no keys for users (IAM API: CreateAccessKey)."""
    me, victim = world.user(allow("iam:*", "arn:aws:iam::*:role/mine")), world.user()
    body = f"Action=CreateAccessKey&Version=2010-05-08&UserName={victim['name']}"

    for extra in ("RoleName=mine", "PolicyArn=arn:aws:iam::1:role/mine"):
        assert code(iam_call(world, me, f"{body}&{extra}")) == "403 AccessDenied"


def test_a_bucket_s_policy_is_its_own_account_s(world: World):
    """Another account gets 405, whatever is allowed (S3 API: Get-, Put-, DeleteBucketPolicy)."""
    bucket, guest = world.bucket(), world.user(allow("s3:*"), account=THERE)
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    text = policy(allow("s3:*", arns, Principal={"AWS": guest["arn"]}))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    s3 = world.client("s3", guest)

    assert answer(lambda: s3.get_bucket_policy(Bucket=bucket)) == "MethodNotAllowed"
    assert answer(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=text)) == "MethodNotAllowed"
    assert answer(lambda: s3.delete_bucket_policy(Bucket=bucket)) == "MethodNotAllowed"

    assert answer(lambda: s3.get_bucket_cors(Bucket=bucket)) == "NoSuchCORSConfiguration"
    world.admin("s3").delete_bucket_policy(Bucket=bucket)
    assert answer(lambda: s3.get_bucket_policy(Bucket=bucket)) == "AccessDenied"


def test_a_named_account_spares_no_other_user(world: World):
    """Everyone but Bob is denied, also in his account (IAM: NotPrincipal with Deny)."""
    bucket = world.bucket()
    bob, alice = (world.user(allow("s3:*")) for _ in "ba")
    spared = {"AWS": [bob["arn"], f"arn:aws:iam::{HERE}:root"]}
    text = policy(deny("s3:GetObject", f"arn:aws:s3:::{bucket}/*", NotPrincipal=spared))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)

    assert code(send(world, bob, path=f"/{bucket}/a/1")) == "200"
    assert code(send(world, alice, path=f"/{bucket}/a/1")) == "403 AccessDenied"


def test_a_role_made_anew_is_another_role(world: World):
    """An old session has none of its rights (IAM: identifiers, unique IDs)."""
    bucket, user, iam = world.bucket(), world.user(), world.admin("iam")
    trust = policy(allow("sts:AssumeRole", None, Principal={"AWS": user["arn"]}))
    role = world.role(trust)
    s3 = world.client("s3", world.session(user, role))
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"

    name = role.rpartition("/")[2]
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("s3:*")))

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "InvalidAccessKeyId"
    again = world.client("s3", world.session(user, role))
    assert answer(lambda: again.get_object(Bucket=bucket, Key="a/1")) == "ok"


def own_session(world: World, user):
    """The keys of a session of the user's own."""
    made = world.client("sts", user).get_session_token()["Credentials"]
    return {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"],
            "session_token": made["SessionToken"]}  # fmt: skip


def test_a_renamed_user_stays_the_user(world: World):
    """With keys, sessions and rights (IAM: renaming a user)."""
    user, name = world.user(allow("s3:ListAllMyBuckets")), world.name("user")
    session = own_session(world, user)

    world.admin("iam").update_user(UserName=user["name"], NewUserName=name)

    for keys in user, session:
        assert answer(world.client("s3", keys).list_buckets) == "ok"
        assert world.client("sts", keys).get_caller_identity()["Arn"].endswith(f"/{name}")


def test_a_session_of_a_deleted_user(world: World):
    """It is nobody's, also where the name is taken again (IAM: common errors)."""
    user, iam = world.user(allow("s3:*")), world.admin("iam")
    session = own_session(world, user)
    iam.delete_access_key(UserName=user["name"], AccessKeyId=user["access_key_id"])
    iam.delete_user_policy(UserName=user["name"], PolicyName="p")
    iam.delete_user(UserName=user["name"])

    s3, sts = world.client("s3", session), world.client("sts", session)
    assert answer(s3.list_buckets) == "InvalidAccessKeyId"
    assert answer(sts.get_caller_identity) == "InvalidClientTokenId"
    iam.create_user(UserName=user["name"])
    assert answer(sts.get_caller_identity) == "InvalidClientTokenId"


def test_what_a_session_is_asked_for_is_not_ignored(world: World):
    """A second factor is none that we could check (STS API: AssumeRole, SerialNumber)."""
    user = world.user()
    trust = policy(allow("sts:AssumeRole", None, Principal={"AWS": user["arn"]}))
    factor = {"SerialNumber": f"arn:aws:iam::{HERE}:mfa/a", "TokenCode": "123456"}

    assert answer(lambda: world.session(user, world.role(trust), **factor)) == "NotImplemented"


def test_the_tags_that_an_object_has(world: World):
    """What is denied by tag is, also as a source (S3: s3:ExistingObjectTag, tagging and policies)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="Class=secret")["VersionId"]
    secret = {"Condition": {"StringEquals": {"s3:ExistingObjectTag/Class": "secret"}}}
    me = world.client("s3", world.user(allow("s3:*"), deny("s3:*", **secret)))
    source = {"Bucket": bucket, "Key": "k"}

    assert answer(lambda: me.get_object(Bucket=bucket, Key="k")) == "AccessDenied"
    assert answer(lambda: me.get_object_tagging(Bucket=bucket, Key="k")) == "AccessDenied"
    assert answer(lambda: me.copy_object(Bucket=bucket, Key="c", CopySource=source)) == (
        "AccessDenied"
    )
    # Overwriting and deleting do not know it.
    assert answer(lambda: me.put_object(Bucket=bucket, Key="k", Body=b"y")) == "ok"
    assert answer(lambda: me.get_object(Bucket=bucket, Key="k")) == "ok"
    assert answer(lambda: me.get_object(Bucket=bucket, Key="k", VersionId=old)) == "AccessDenied"
    assert answer(lambda: me.delete_object(Bucket=bucket, Key="k")) == "ok"


@pytest.mark.parametrize(
    ("key", "long_lived", "session"),
    [("aws:ViaAWSService", "AccessDenied", "AccessDenied"),
     ("aws:PrincipalIsAWSService", "AccessDenied", "AccessDenied"),
     ("aws:MultiFactorAuthPresent", "ok", "AccessDenied")],
)  # fmt: skip
def test_keys_that_requests_have(world: World, key, long_lived, session):
    """MultiFactorAuthPresent only with temporary credentials (IAM: global condition keys)."""
    user = world.user(allow("s3:*"), deny("s3:*", Condition={"Bool": {key: "false"}}))

    assert answer(world.client("s3", user).list_buckets) == long_lived
    assert answer(world.client("s3", own_session(world, user)).list_buckets) == session


def test_which_policies_one_may_attach(world: World):
    """Only the named ones (IAM: controlling access to policies, iam:PolicyARN)."""
    good, bad = (world.managed(policy(allow("s3:*"))) for _ in "gb")
    only = {"Condition": {"ArnNotEquals": {"iam:PolicyARN": good}}}
    denied = {"Condition": {"ArnEquals": {"iam:PolicyARN": bad}}}
    name = world.user()["name"]

    for rule in only, denied:
        iam = world.client("iam", world.user(allow("iam:*"), deny("iam:Attach*", **rule)))
        for arn, expected in (good, "ok"), (bad, "AccessDenied"):
            given = {"UserName": name, "PolicyArn": arn}
            assert answer(lambda iam=iam, given=given: iam.attach_user_policy(**given)) == expected


def test_whom_one_may_give_rights_to(world: World):
    """Only who has the boundary (IAM: permissions boundaries, delegating responsibility)."""
    boundary = world.managed(policy(allow("s3:*")))
    free = {"Condition": {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}}
    rights = ["iam:CreateUser", "iam:PutUserPolicy", "iam:PutUserPermissionsBoundary",
              "iam:DeleteUserPermissionsBoundary"]  # fmt: skip
    iam = world.client("iam", world.user(allow("iam:*"), deny(rights, **free)))
    name, other = world.name("user"), world.user()["name"]
    given = {"PolicyName": "p", "PolicyDocument": policy(allow("s3:*"))}

    assert answer(lambda: iam.create_user(UserName=name)) == "AccessDenied"
    assert answer(lambda: iam.create_user(UserName=name, PermissionsBoundary=boundary)) == "ok"
    assert answer(lambda: iam.put_user_policy(UserName=name, **given)) == "ok"
    assert answer(lambda: iam.put_user_policy(UserName=other, **given)) == "AccessDenied"
    held = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    keeps = world.user(allow("iam:*"), deny("iam:*PermissionsBoundary", Condition=held))
    assert answer(
        lambda: world.client("iam", keeps).delete_user_permissions_boundary(UserName=name)
    ) == "AccessDenied"  # fmt: skip


def test_only_a_list_has_a_prefix(world: World):
    """Whatever is in the query of another request (S3: s3:prefix)."""
    bucket = world.bucket()
    within = {"Condition": {"StringLike": {"s3:prefix": "a/*"}}}
    me = world.user(allow("s3:*", **within))

    assert code(send(world, me, path=f"/{bucket}?prefix=a%2F&list-type=2")) == "200"
    assert code(send(world, me, path=f"/{bucket}?versions&prefix=b%2F")) == "403 AccessDenied"
    for path in ("?location&prefix=a%2F", "/a/1?prefix=a%2F"):
        assert code(send(world, me, path=f"/{bucket}{path}")) == "501 NotImplemented"
    listless = world.user(allow("s3:GetObject"), allow("s3:ListBucket", **within))
    assert code(send(world, listless, path=f"/{bucket}/none")) == "403 AccessDenied"


def test_the_region_and_the_account_of_what_is_asked_for(world: World):
    """URLs, IAM and STS, too (IAM: aws:RequestedRegion, aws:ResourceAccount)."""
    bucket, role = world.bucket(), world.role(policy(allow("sts:AssumeRole", None, Principal="*")))
    here = {"StringEquals": {"aws:RequestedRegion": REGION, "aws:ResourceAccount": HERE}}
    me = world.user(allow("*", Condition=here))

    url = world.signing(me, "s3v4").generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "a/1"}
    )
    assert requests.get(url, verify=world.aws["ca_bundle"], timeout=10).text == "x"
    assert answer(world.client("iam", me).list_users) == "ok"
    only_elsewhere = world.user(
        allow("sts:*"), deny("sts:*", Condition={"StringEquals": {"aws:ResourceAccount": HERE}}),
        account=THERE,
    )  # fmt: skip
    assert answer(lambda: world.session(only_elsewhere, role)) == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "needs"),
    [({"ObjectOwnership": "BucketOwnerEnforced"}, ["s3:PutBucketOwnershipControls"]),
     ({"ObjectLockEnabledForBucket": True},
      ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"])],
    ids=["ownership", "lock"],
)  # fmt: skip
def test_what_a_bucket_is_made_with(world: World, given, needs):
    """Each setting needs its own permission (S3 API: CreateBucket, permissions)."""
    given |= {"CreateBucketConfiguration": {"LocationConstraint": REGION}}

    for lacking in needs:
        rights = {"s3:CreateBucket", *needs} - {lacking}
        s3 = world.client("s3", world.user(allow(sorted(rights))))
        name = world.name("bucket")
        assert answer(lambda s3=s3, name=name: s3.create_bucket(Bucket=name, **given)) == (
            "AccessDenied"
        )
    s3 = world.client("s3", world.user(allow(["s3:CreateBucket", *needs])))
    assert answer(lambda: s3.create_bucket(Bucket=world.name("bucket"), **given)) == "ok"


LATER = "2999-01-01T00:00:00Z"


def locked(world: World) -> tuple[str, str]:
    """A bucket with an object under governance, and the object's version."""
    bucket, s3 = world.bucket(keys=(), ObjectLockEnabledForBucket=True), world.admin("s3")
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": LATER}
    return bucket, s3.put_object(Bucket=bucket, Key="k", Body=b"x", **lock)["VersionId"]


@pytest.mark.parametrize("many", [False, True], ids=["DeleteObject", "DeleteObjects"])
def test_a_lock_is_not_for_all_to_bypass(world: World, many):
    """The header needs s3:BypassGovernanceRetention (S3: governance mode)."""
    bucket, version = locked(world)
    one = {"Bucket": bucket, "Key": "k", "VersionId": version}
    each = {"Bucket": bucket, "Delete": {"Objects": [{"Key": "k", "VersionId": version}]}}

    for more in (), ("s3:BypassGovernanceRetention",):
        s3 = world.client("s3", world.user(allow(["s3:DeleteObjectVersion", *more])))
        call, given = (s3.delete_objects, each) if many else (s3.delete_object, one)
        answer(lambda call=call, given=given: call(**given, BypassGovernanceRetention=True))
        left = world.admin("s3").list_object_versions(Bucket=bucket).get("Versions", [])
        assert len(left) == (0 if more else 1)


@pytest.mark.parametrize(
    ("lock", "action"),
    [({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": LATER}, "s3:PutObjectRetention"),
     ({"ObjectLockLegalHoldStatus": "ON"}, "s3:PutObjectLegalHold")],
    ids=["retention", "legal hold"],
)  # fmt: skip
@pytest.mark.parametrize("call", ["put_object", "create_multipart_upload"])
def test_a_lock_needs_its_own_permission(world: World, lock, action, call):
    """However it is put (S3 API: PutObject, CreateMultipartUpload)."""
    bucket, _ = locked(world)
    for actions, expected in (["s3:PutObject"], "AccessDenied"), (["s3:PutObject", action], "ok"):
        s3 = world.client("s3", world.user(allow(actions)))
        put = getattr(s3, call)
        assert answer(lambda put=put: put(Bucket=bucket, Key="new", **lock)) == expected


def test_the_new_name_of_a_user(world: World):
    """Needs the right on both names, and must be free (IAM: renaming a user; UpdateUser)."""
    user, taken, new = world.user(), world.user(), world.name("mine")
    mine = ["arn:aws:iam::*:user/mine*", "arn:aws:iam::*:user/mine/*", user["arn"]]
    iam = world.client("iam", world.user(allow("iam:UpdateUser", mine)))

    def rename(**given):
        return answer(lambda: iam.update_user(UserName=user["name"], **given))

    assert rename(NewUserName=taken["name"]) == "AccessDenied"
    assert rename(NewPath="/team/") == "AccessDenied"
    assert rename(NewUserName=new, NewPath="/mine/") == "ok"
    again = answer(lambda: world.admin("iam").update_user(UserName=new, NewUserName=taken["name"]))
    assert again == "EntityAlreadyExists"


def posted(world: World, keys, bucket, document, service="s3", path="", **more):
    """The status and code of an upload by a form with this very policy, signed for a service."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = base64.b64encode(document) if document else b""
    signer = SigV4Auth(
        Credentials(keys["access_key_id"], keys["secret_access_key"]), service, REGION
    )
    request = AWSRequest("POST", "")
    request.context["timestamp"] = now
    fields = {
        "key": "k", "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": now, "policy": signed,
        "x-amz-credential": signer.scope(request),
        "x-amz-signature": signer.signature(signed.decode(), request),
    }  # fmt: skip
    return code(requests.post(
        f"{world.aws['endpoint']}/{bucket}{path}",
        {key: value for key, value in fields.items() if value} | more,
        files={"file": b"x"}, verify=world.aws["ca_bundle"], timeout=10,
    ))  # fmt: skip


FREE = ["key", "x-amz-algorithm", "x-amz-date", "x-amz-credential"]


def form_policy(*conditions):
    """A policy that allows every field of these forms, under these conditions."""
    free = [["starts-with", f"${field}", ""] for field in FREE]
    return json.dumps({"expiration": LATER, "conditions": [*free, *conditions]}).encode()


@pytest.mark.parametrize(
    ("document", "service", "expected"),
    [(form_policy(), "s3", "204"),
     (b"", "s3", "400 InvalidArgument"),
     (form_policy(), "iam", "400 AuthorizationQueryParametersError"),
     (form_policy(["like", "$key", ""]), "s3", "400 InvalidPolicyDocument"),
     (form_policy(["ends-with", "$key", "k"]), "s3", "400 InvalidPolicyDocument"),
     (form_policy(["eq", "$key"]), "s3", "400 InvalidPolicyDocument"),
     (form_policy({"bucket": 1}), "s3", "400 InvalidPolicyDocument"),
     (form_policy("key"), "s3", "400 InvalidPolicyDocument"),
     (form_policy(["content-length-range", "a", "b"]), "s3", "400 InvalidPolicyDocument")],
    ids=["good", "none", "for IAM", "like", "ends-with", "short", "number", "text", "range"],
)  # fmt: skip
def test_what_a_form_is_signed_with(world: World, document, service, expected):
    """A policy, of eq, starts-with and ranges (S3 API: browser-based uploads, POST policy)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))

    assert posted(world, me, bucket, document, service) == expected


def test_a_url_for_another_service(world: World):
    """It is not S3's (S3 API: authenticating requests, query parameters, X-Amz-Credential)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))
    secrets = Credentials(me["access_key_id"], me["secret_access_key"])
    for service, expected in ("s3", "200"), ("iam", "400 AuthorizationQueryParametersError"):
        request = AWSRequest("GET", f"{world.aws['endpoint']}/{bucket}/a/1")
        S3SigV4QueryAuth(secrets, service, REGION).add_auth(request)
        got = requests.get(request.url, verify=world.aws["ca_bundle"], timeout=10)
        assert code(got) == expected


@pytest.mark.parametrize(
    ("actions", "resources", "expected"),
    [("s3:GetObject", ["/*"], "ok"),
     ("s3:*", [""], "ok"),
     ("s3:List*", ["/*"], "ok"),
     (["s3:GetObject", "s3:ListBucket"], ["", "/*"], "ok"),
     ("s3:PutBucketObjectLockConfiguration", [""], "ok"),
     ("s3:GetObject", ["/a:b/*"], "ok"),
     ("sqs:SendMessage", ["", "/*"], "MalformedPolicy"),
     (["s3:GetObject", "iam:*"], ["", "/*"], "MalformedPolicy"),
     ("s3:GetObject", [""], "MalformedPolicy"),
     ("s3:GetObject*", [""], "MalformedPolicy"),
     ("s3:ListBucket", ["/*"], "MalformedPolicy"),
     (["s3:GetObject", "s3:ListBucket"], ["/*"], "MalformedPolicy"),
     ("s3:GetObject", ["2/*"], "MalformedPolicy")],
)  # fmt: skip
def test_what_a_bucket_s_policy_is_about(world: World, actions, resources, expected):
    """S3's actions, each on something it is for (S3: bucket policies, MalformedPolicy)."""
    bucket = world.bucket(keys=())
    arns = [f"arn:aws:s3:::{bucket}{resource}" for resource in resources]
    text = policy(deny(actions, arns, Principal={"AWS": world.user()["arn"]}))

    put = world.admin("s3").put_bucket_policy
    assert answer(lambda: put(Bucket=bucket, Policy=text)) == expected


def test_a_key_with_a_colon(world: World):
    """It is a part of the resource like any other (S3: object key names)."""
    bucket, user = world.bucket(keys=("a:b/1", "b/1")), world.user()
    arn = f"arn:aws:s3:::{bucket}/a:b/*"
    text = policy(allow("s3:GetObject", arn, Principal={"AWS": user["arn"]}))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    s3 = world.client("s3", user)

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a:b/1")) == "ok"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="b/1")) == "AccessDenied"


@pytest.mark.parametrize("actions", ["s3:GetObject", ["sts:AssumeRole", "s3:GetObject"], "iam:*"])
def test_what_a_trust_policy_is_about(world: World, actions):
    """Assuming the role, nothing else (IAM: trust policies, MalformedPolicyDocument)."""
    iam, name = world.admin("iam"), world.name("role")
    bad, good = (
        policy(allow(each, None, Principal={"AWS": HERE})) for each in (actions, "sts:AssumeRole")
    )

    made = answer(lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=bad))
    assert made == "MalformedPolicyDocument"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=good)
    changed = answer(lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=bad))
    assert changed == "MalformedPolicyDocument"


class Chunked(S3SigV4Auth):
    """Signs an upload in chunks, each with a signature of its own, and perhaps a trailer."""

    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def payload(self, request):
        return self.kind

    def body(self, request, chunks, trailer=b""):
        """The chunks as they are sent."""
        previous = request.headers["Authorization"].rpartition("=")[2]
        empty, body = hashlib.sha256(b"").hexdigest(), b""

        def sign(what, *hashes):
            stamp, scope = request.context["timestamp"], self.credential_scope(request)
            return self.signature(
                "\n".join([f"AWS4-HMAC-SHA256-{what}", stamp, scope, *hashes]), request
            )

        for chunk in (*chunks, b""):
            previous = sign("PAYLOAD", previous, empty, hashlib.sha256(chunk).hexdigest())
            body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk
            body += b"\r\n" if chunk else b""
        if trailer:
            previous = sign("TRAILER", previous, hashlib.sha256(trailer + b"\n").hexdigest())
            body += trailer + f"\r\nx-amz-trailer-signature:{previous}\r\n".encode()
        return body + b"\r\n"


CHUNKS = (b"one" * 3_000, b"two")
SUM = base64.b64encode(zlib.crc32(b"".join(CHUNKS)).to_bytes(4, "big"))
TRAILER = b"x-amz-checksum-crc32:" + SUM


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda body: body, "200"),
     (lambda body: body.replace(b"two", b"TWO"), "403 SignatureDoesNotMatch"),
     (lambda body: body.replace(b"oneone", b"oneOne", 1), "403 SignatureDoesNotMatch"),
     (lambda body: body[:body.index(b"0;chunk")], "400 IncompleteBody"),
     (lambda body: body.replace(b"3;chunk", b"0;chunk"), "400 IncompleteBody"),
     (lambda body: body.replace(b"3;chunk-signature=", b"3;x="), "400 IncompleteBody"),
     (lambda body: b"two", "400 IncompleteBody")],
    ids=["good", "last", "first", "cut", "ended", "unsigned", "plain"],
)  # fmt: skip
@pytest.mark.parametrize("trailer", [b"", TRAILER], ids=["alone", "trailer"])
def test_every_chunk_is_signed(world: World, change, expected, trailer):
    """And so is the trailer (S3 API: signature calculations, chunked upload, trailing headers)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    length = str(sum(map(len, CHUNKS)))

    def put(change):
        signer = Chunked(Credentials(me["access_key_id"], me["secret_access_key"]), "s3", REGION)
        signer.kind += "-TRAILER" if trailer else ""
        headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": length}
        headers |= {"X-Amz-Trailer": "x-amz-checksum-crc32"} if trailer else {}
        request = AWSRequest("PUT", f"{world.aws['endpoint']}/{bucket}/k", headers=headers)
        signer.add_auth(request)
        return code(requests.put(
            request.url, change(signer.body(request, CHUNKS, trailer)), timeout=10,
            headers=dict(request.headers), verify=world.aws["ca_bundle"],
        ))  # fmt: skip

    assert put(change) == expected
    if expected == "200":
        stored = world.admin("s3").get_object(Bucket=bucket, Key="k")["Body"].read()
        assert stored == b"".join(CHUNKS)
    if trailer:
        other = put(lambda body: change(body).replace(SUM, SUM[::-1]))
        assert other == (expected if expected != "200" else "403 SignatureDoesNotMatch")


@pytest.mark.parametrize("said", ["STREAMING", "unsigned-payload", "A" * 64])
def test_the_hash_of_a_body_is_one(world: World, said):
    """Or one of the words that S3 knows in its place (S3 API: x-amz-content-sha256)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    signer = Chunked(Credentials(me["access_key_id"], me["secret_access_key"]), "s3", REGION)
    signer.kind = said
    request = AWSRequest("PUT", f"{world.aws['endpoint']}/{bucket}/k")
    signer.add_auth(request)
    sent = requests.put(
        request.url, b"x", headers=dict(request.headers), verify=world.aws["ca_bundle"], timeout=10
    )

    assert code(sent) == "400 InvalidArgument"


def test_the_attributes_of_a_version(world: World):
    """Need s3:GetObjectVersion and s3:GetObjectVersionAttributes (S3 API: GetObjectAttributes)."""
    bucket, s3 = world.bucket(keys=()), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    asked = {"Bucket": bucket, "Key": "k", "VersionId": version, "ObjectAttributes": ["ObjectSize"]}
    for read, expected in ("s3:GetObjectVersion", "ok"), ("s3:GetObject", "AccessDenied"):
        me = world.client("s3", world.user(allow([read, "s3:GetObjectVersionAttributes"])))
        assert answer(lambda me=me: me.get_object_attributes(**asked)) == expected


def test_what_a_form_says_of_the_object(world: World):
    """Its encryption, class and tags (S3 API: POST Object, form fields)."""
    bucket = world.bucket(keys=())
    fields = {
        "x-amz-server-side-encryption": "aws:kms", "x-amz-storage-class": "STANDARD_IA",
        "content-encoding": "gzip",
        "tagging": "<Tagging><TagSet><Tag><Key>a + b</Key><Value>1</Value></Tag></TagSet></Tagging>",
    }  # fmt: skip
    document = form_policy(*({name: value} for name, value in fields.items()))
    tagless, me = world.user(allow("s3:PutObject")), world.user(allow("s3:*"))

    assert posted(world, tagless, bucket, document, **fields) == "403 AccessDenied"
    assert posted(world, me, bucket, document, **fields) == "204"

    got = world.admin("s3").head_object(Bucket=bucket, Key="k")
    assert (got["ServerSideEncryption"], got["StorageClass"]) == ("aws:kms", "STANDARD_IA")
    assert got["ContentEncoding"] == "gzip"
    tags = world.admin("s3").get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "a + b", "Value": "1"}]
    broken = {"tagging": "<Tagging>"}
    assert posted(world, me, bucket, form_policy(broken), **broken) == "400 MalformedXML"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "expected"),
    [("POST", "/{bucket}/a/1", {}, b"x", "405 MethodNotAllowed"),
     ("POST", "/{bucket}", {}, b"x", "405 MethodNotAllowed"),
     ("PUT", "/", {}, b"", "405 MethodNotAllowed"),
     ("DELETE", "/", {}, b"", "405 MethodNotAllowed"),
     ("POST", "/{bucket}?delete", {}, b"<Delete><Object/></Delete>", "400 MalformedXML"),
     ("POST", "/{bucket}?delete", {}, b"<Delete><Object><Key/></Object></Delete>",
      "400 MalformedXML"),
     ("POST", "/{bucket}?delete", {}, b"<Delete></Delete>", "400 MalformedXML"),
     ("PUT", "/{bucket}/c", {"x-amz-copy-source": "/{bucket}"}, b"", "400 InvalidArgument"),
     ("PUT", "/{bucket}/c", {"x-amz-copy-source": "/{bucket}/"}, b"", "400 InvalidArgument"),
     ("PUT", "/{bucket}/c", {"x-amz-copy-source": "/{bucket}/none"}, b"", "404 NoSuchKey")],
)  # fmt: skip
def test_the_code_of_a_refusal(world: World, method, path, headers, body, expected):
    """405 for no such method, 400 for no such request (S3: error codes, DeleteObjects, CopyObject)."""
    bucket, me = world.bucket(), world.user(allow("s3:*"))
    filled = {name: value.format(bucket=bucket) for name, value in headers.items()}

    assert code(send(world, me, method, path.format(bucket=bucket), body, filled)) == expected


def test_a_form_is_for_a_bucket(world: World):
    """An object takes none (S3 API: POST Object)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))

    assert posted(world, me, bucket, form_policy(), path="/k") == "405 MethodNotAllowed"


def test_a_missing_source_is_not_told(world: World):
    """To who may not list its bucket (S3 API: CopyObject, GetObject, permissions)."""
    bucket, other = world.bucket(), world.bucket(keys=())
    objects = [f"arn:aws:s3:::{each}/*" for each in (bucket, other)]
    me = world.user(allow("s3:*", objects), allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))

    def copy(source):
        return code(send(world, me, "PUT", f"/{bucket}/c", headers={"x-amz-copy-source": source}))

    assert copy(f"{bucket}/none") == "404 NoSuchKey"
    assert copy(f"{other}/none") == "403 AccessDenied"


def test_a_form_writes_no_header_of_its_own(world: World):
    """A line's end in a field is none of a header's (S3 API: POST Object, form fields)."""
    bucket, me = world.bucket(keys=()), world.user(allow("s3:*"))
    for field in ("x-amz-meta-a", "content-type"):
        document, broken = form_policy(["starts-with", f"${field}", ""]), {field: "1\r\nX-Evil: 1"}
        assert posted(world, me, bucket, document, **broken) == "400 InvalidArgument"
    away = "success_action_redirect"
    document = form_policy(["starts-with", f"${away}", ""])
    for url in "https://app.example.com/\r\nSet-Cookie: a=b", "javascript:alert(1)":
        assert posted(world, me, bucket, document, **{away: url}) == "204"
    document = form_policy(["starts-with", "$x-amz-meta-a", ""])
    assert posted(world, me, bucket, document, **{"x-amz-meta-a": "\u4e2d"}) == "204"
    told = send(world, me, "GET", f"/{bucket}/k").headers["x-amz-meta-a"]
    assert told.encode("latin-1").decode() == "\u4e2d"


@pytest.mark.parametrize(
    ("call", "more"),
    [("create_access_key", {}), ("delete_user", {}), ("create_login_profile", {"Password": "Xx-12345678"}),
     ("put_user_policy", {"PolicyName": "p", "PolicyDocument": policy(allow("*"))}),
     ("tag_user", {"Tags": [{"Key": "a", "Value": "b"}]}), ("update_user", {"NewUserName": "new"})],
)  # fmt: skip
def test_a_name_in_another_case_is_no_way_around_a_deny(world: World, call, more):
    """It is the same user (IAM API: "names are not distinguished by case")."""
    victim = world.user()
    me = world.user(allow("iam:*"), deny("iam:*", victim["arn"]))
    act = getattr(world.client("iam", me), call)

    assert answer(lambda: act(UserName=victim["name"].upper(), **more)) == "AccessDenied"


def test_nobody_else_has_a_root_s_keys(world: World):
    """Neither an administrator nor another root (IAM API: DeleteAccessKey)."""
    key = world.aws["roots"][HERE]["access_key_id"]
    root_there = world.client("iam", world.aws["roots"][THERE])

    for iam in world.admin("iam"), root_there:
        assert answer(lambda iam=iam: iam.delete_access_key(AccessKeyId=key)) == "NoSuchEntity"
        off = {"AccessKeyId": key, "Status": "Inactive"}
        assert answer(lambda iam=iam, off=off: iam.update_access_key(**off)) == "NoSuchEntity"
