"""Questions about who may do what, each with the answer that AWS documents and where.

A row: the question; what the policies say; what is asked; the answer; its source. In policies
`$B` stands for the bucket's ARN, `$N` for its name, `$ME` for the asking user's ARN, `$HERE` and
`$THERE` for the two accounts.
"""

import json
from typing import Any

import pytest

from .conftest import HERE, REGION, THERE, World, allow, answer, deny, policy

ASK = {
    "list": lambda s3, b: s3.list_objects_v2(Bucket=b),
    "list a/": lambda s3, b: s3.list_objects_v2(Bucket=b, Prefix="a/"),
    "list a/x": lambda s3, b: s3.list_objects_v2(Bucket=b, Prefix="a/x"),
    "list ab/": lambda s3, b: s3.list_objects_v2(Bucket=b, Prefix="ab/"),
    "list v1 a/": lambda s3, b: s3.list_objects(Bucket=b, Prefix="a/"),
    "list versions a/": lambda s3, b: s3.list_object_versions(Bucket=b, Prefix="a/"),
    "list buckets": lambda s3, b: s3.list_buckets(),
    "head bucket": lambda s3, b: s3.head_bucket(Bucket=b),
    "locate": lambda s3, b: s3.get_bucket_location(Bucket=b),
    "get a/1": lambda s3, b: s3.get_object(Bucket=b, Key="a/1"),
    "get b/1": lambda s3, b: s3.get_object(Bucket=b, Key="b/1"),
    "get missing": lambda s3, b: s3.get_object(Bucket=b, Key="a/none"),
    "head a/1": lambda s3, b: s3.head_object(Bucket=b, Key="a/1"),
    "head missing": lambda s3, b: s3.head_object(Bucket=b, Key="a/none"),
    "put a/2": lambda s3, b: s3.put_object(Bucket=b, Key="a/2", Body=b"y"),
    "put b/2": lambda s3, b: s3.put_object(Bucket=b, Key="b/2", Body=b"y"),
    "put encrypted": lambda s3, b: s3.put_object(
        Bucket=b, Key="a/2", Body=b"y", ServerSideEncryption="AES256"
    ),
    "put tagged": lambda s3, b: s3.put_object(Bucket=b, Key="a/2", Body=b"y", Tagging="k=v"),
    "delete a/1": lambda s3, b: s3.delete_object(Bucket=b, Key="a/1"),
    "copy a to b": lambda s3, b: s3.copy_object(
        Bucket=b, Key="b/2", CopySource={"Bucket": b, "Key": "a/1"}
    ),
    "copy b to a": lambda s3, b: s3.copy_object(
        Bucket=b, Key="a/2", CopySource={"Bucket": b, "Key": "b/1"}
    ),
    "start parts": lambda s3, b: s3.create_multipart_upload(Bucket=b, Key="a/2"),
    "list uploads": lambda s3, b: s3.list_multipart_uploads(Bucket=b),
    "read policy": lambda s3, b: s3.get_bucket_policy(Bucket=b),
    "read CORS": lambda s3, b: s3.get_bucket_cors(Bucket=b),
    "drop policy": lambda s3, b: s3.delete_bucket_policy(Bucket=b),
    "read block": lambda s3, b: s3.get_public_access_block(Bucket=b),
    "set encryption": lambda s3, b: s3.put_bucket_encryption(
        Bucket=b,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    ),
    "delete bucket": lambda s3, b: s3.delete_bucket(Bucket=b),
    "no such bucket": lambda s3, b: s3.list_objects_v2(Bucket=f"{b}-none"),
}


def filled(statements: list[dict[str, Any]], bucket: str, me: str) -> list[dict[str, Any]]:
    """The statements with their placeholders filled in."""
    text = json.dumps(statements)
    for mark, value in (
        ("$B", f"arn:aws:s3:::{bucket}"),
        ("$N", bucket),
        ("$ME", me),
        ("$HERE", HERE),
        ("$THERE", THERE),
    ):
        text = text.replace(mark, value)
    return json.loads(text)


def when(operator: str, **keys: Any) -> dict[str, Any]:
    """A condition; `__` in a key stands for `:` and the rest is as AWS spells it."""
    return {"Condition": {operator: {key.replace("__", ":"): value for key, value in keys.items()}}}


B, OBJECTS, A_ONLY = "$B", "$B/*", "$B/a/*"
LIST, GET, PUT = "s3:ListBucket", "s3:GetObject", "s3:PutObject"
TLS, IP, USER = "aws__SecureTransport", "aws__SourceIp", "aws__username"

IDENTITY = [
    ("nobody starts with anything", [], "list", "AccessDenied", "IAM: implicit deny"),
    ("nor with the list of buckets", [], "list buckets", "AccessDenied", "IAM: implicit deny"),
    ("an Allow on the object", [allow(GET, OBJECTS)], "get a/1", "ok", "IAM: Allow"),
    ("a Deny beats an Allow", [allow(GET, OBJECTS), deny(GET, A_ONLY)], "get a/1", "AccessDenied",
     "IAM: explicit deny"),
    ("the Deny is for its resource only", [allow(GET, OBJECTS), deny(GET, A_ONLY)], "get b/1", "ok",
     "IAM: explicit deny"),
    ("reading is not writing", [allow(GET, OBJECTS)], "put a/2", "AccessDenied", "S3: actions"),
    ("one prefix is not another", [allow(GET, A_ONLY)], "get b/1", "AccessDenied", "IAM: Resource"),
    ("the bucket's ARN covers no object", [allow("s3:*", B)], "get a/1", "AccessDenied", "S3: resources"),
    ("an object's ARN covers no listing", [allow("s3:*", OBJECTS)], "list", "AccessDenied", "S3: resources"),
    ("actions have no case", [allow("S3:getobject", OBJECTS)], "get a/1", "ok", "IAM: Action"),
    ("? is one character", [allow("s3:?etObject", OBJECTS)], "get a/1", "ok", "IAM: Action"),
    ("? is not none", [allow("s3:GetObjec?t", OBJECTS)], "get a/1", "AccessDenied", "IAM: Action"),
    ("resources have case", [allow(GET, "$B/A/*")], "get a/1", "AccessDenied", "IAM: Resource"),
    ("? in a resource", [allow(GET, "$B/?/1")], "get a/1", "ok", "IAM: Resource"),
    ("a dot is a dot", [allow(GET, "$B/a.1")], "get a/1", "AccessDenied", "IAM: Resource"),
    ("brackets are brackets", [allow(GET, "$B/[ab]/1")], "get a/1", "AccessDenied", "IAM: Resource"),
    ("NotAction allows the rest", [allow(None, OBJECTS, NotAction="s3:PutObject")], "get a/1", "ok",
     "IAM: NotAction"),
    ("NotAction leaves its own out", [allow(None, OBJECTS, NotAction="s3:PutObject")], "put a/2",
     "AccessDenied", "IAM: NotAction"),
    ("NotResource allows the rest", [allow(GET, None, NotResource=A_ONLY)], "get b/1", "ok",
     "IAM: NotResource"),
    ("NotResource leaves its own out", [allow(GET, None, NotResource=A_ONLY)], "get a/1",
     "AccessDenied", "IAM: NotResource"),
    ("Deny with NotAction", [allow("s3:*"), deny(None, "*", NotAction=GET)], "put a/2", "AccessDenied",
     "IAM: NotAction"),
    ("a prefix may be listed", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "list a/", "ok",
     "S3: s3:prefix"),
    ("and what is under it", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "list a/x", "ok",
     "S3: s3:prefix"),
    ("by ListObjects as well", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "list v1 a/", "ok",
     "S3: s3:prefix"),
    ("its neighbour may not", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "list ab/",
     "AccessDenied", "S3: s3:prefix"),
    ("nor the whole bucket", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "list",
     "AccessDenied", "S3: s3:prefix"),
    ("StringEquals takes the prefix alone", [allow(LIST, B, **when("StringEquals", s3__prefix="a/"))],
     "list a/x", "AccessDenied", "IAM: StringEquals"),
    ("IfExists lets the absent key pass", [allow(LIST, B, **when("StringLikeIfExists", s3__prefix="a/*"))],
     "list", "ok", "IAM: IfExists"),
    ("Null asks for its absence", [allow(LIST, B, **when("Null", s3__prefix="true"))], "list a/",
     "AccessDenied", "IAM: Null"),
    ("a location never carries a prefix",
     [allow("s3:GetBucketLocation", B, **when("StringLike", s3__prefix="*"))], "locate", "AccessDenied",
     "S3: GetBucketLocation"),
    ("versions are listed by an action of their own", [allow(LIST, B)], "list versions a/", "AccessDenied",
     "S3: ListBucketVersions"),
    ("HeadBucket is ListBucket", [allow(LIST, B)], "head bucket", "ok", "S3 API: HeadBucket"),
    ("and without it a bare 403", [allow(GET, OBJECTS)], "head bucket", "403", "S3 API: HeadBucket"),
    ("HeadBucket has no prefix", [allow(LIST, B, **when("StringLike", s3__prefix="a/*"))], "head bucket",
     "403", "S3 API: HeadBucket"),
    ("HeadObject is GetObject", [allow(GET, OBJECTS)], "head a/1", "ok", "S3 API: HeadObject"),
    ("who may list is told what is missing", [allow(GET, OBJECTS), allow(LIST, B)], "get missing",
     "NoSuchKey", "S3 API: GetObject"),
    ("who may not is not", [allow(GET, OBJECTS)], "get missing", "AccessDenied", "S3 API: GetObject"),
    ("the same by HEAD, listing", [allow(GET, OBJECTS), allow(LIST, B)], "head missing", "404",
     "S3 API: HeadObject"),
    ("the same by HEAD, not listing", [allow(GET, OBJECTS)], "head missing", "403", "S3 API: HeadObject"),
    ("a condition on TLS holds", [allow(GET, OBJECTS, **when("Bool", **{TLS: "true"}))], "get a/1", "ok",
     "IAM: aws:SecureTransport"),
    ("a Deny whose condition does not hold", [allow(GET, OBJECTS), deny(GET, "*", **when("Bool", **{TLS: "false"}))],
     "get a/1", "ok", "IAM: conditions"),
    ("the right network", [allow(GET, OBJECTS, **when("IpAddress", **{IP: "127.0.0.0/8"}))], "get a/1", "ok",
     "IAM: IpAddress"),
    ("the wrong network", [allow(GET, OBJECTS, **when("IpAddress", **{IP: "10.0.0.0/8"}))], "get a/1",
     "AccessDenied", "IAM: IpAddress"),
    ("NotIpAddress", [allow(GET, OBJECTS, **when("NotIpAddress", **{IP: "127.0.0.1"}))], "get a/1",
     "AccessDenied", "IAM: NotIpAddress"),
    ("a date that is past", [allow(GET, OBJECTS, **when("DateLessThan", aws__CurrentTime="2020-01-01T00:00:00Z"))],
     "get a/1", "AccessDenied", "IAM: Date operators"),
    ("another user's name", [allow(GET, OBJECTS, **when("StringEquals", **{USER: "someone"}))], "get a/1",
     "AccessDenied", "IAM: aws:username"),
    ("a variable in a resource", [allow(PUT, "$B/${aws:username}/*")], "put a/2", "AccessDenied",
     "IAM: policy variables"),
    ("a variable in a condition", [allow(GET, OBJECTS, **when("StringEquals", aws__PrincipalArn="$ME"))],
     "get a/1", "ok", "IAM: aws:PrincipalArn"),
    ("a header as condition, given", [allow(PUT, OBJECTS, Condition={"StringEquals": {
        "s3:x-amz-server-side-encryption": "AES256"}})], "put encrypted", "ok", "S3: condition keys"),
    ("a header as condition, not given", [allow(PUT, OBJECTS, Condition={"StringEquals": {
        "s3:x-amz-server-side-encryption": "AES256"}})], "put a/2", "AccessDenied", "S3: condition keys"),
    ("tagging on upload is a permission more", [allow(PUT, OBJECTS)], "put tagged", "AccessDenied",
     "S3 API: PutObject"),
    ("copying reads the source", [allow(PUT, OBJECTS), allow(GET, A_ONLY)], "copy b to a", "AccessDenied",
     "S3 API: CopyObject"),
    ("and writes the target", [allow(GET, OBJECTS), allow(PUT, A_ONLY)], "copy a to b", "AccessDenied",
     "S3 API: CopyObject"),
    ("both suffice", [allow([GET, PUT], OBJECTS)], "copy a to b", "ok", "S3 API: CopyObject"),
    ("parts are uploaded by PutObject", [allow(PUT, OBJECTS)], "start parts", "ok", "S3: multipart permissions"),
    ("uploads are listed by an action of their own", [allow(LIST, B)], "list uploads", "AccessDenied",
     "S3: multipart permissions"),
    ("deleting is not writing", [allow(PUT, OBJECTS)], "delete a/1", "AccessDenied", "S3 API: DeleteObject"),
    ("dropping a policy has its action", [allow("s3:PutBucketPolicy", B)], "drop policy", "AccessDenied",
     "S3: DeleteBucketPolicy"),
    ("the block has its action", [allow("s3:GetBucketPublicAccessBlock", B)], "read block",
     "NoSuchPublicAccessBlockConfiguration", "S3: GetBucketPublicAccessBlock"),
    ("encryption has its action", [allow("s3:PutEncryptionConfiguration", B)], "set encryption", "ok",
     "S3: PutEncryptionConfiguration"),
    ("a bucket with objects stays", [allow("s3:*", [B, OBJECTS])], "delete bucket", "BucketNotEmpty",
     "S3 API: DeleteBucket"),
    ("a bucket that is not there", [], "no such bucket", "NoSuchBucket", "S3: error codes"),
    ("buckets are listed on *", [allow("s3:ListAllMyBuckets")], "list buckets", "ok", "S3: ListAllMyBuckets"),
]  # fmt: skip


@pytest.mark.parametrize("row", IDENTITY, ids=lambda row: row[0])
def test_identity_policies(world: World, row):
    """A user of the bucket's account, by its own policies."""
    _, statements, asked, expected, _ = row
    bucket = world.bucket()
    user = world.user()
    if statements:
        world.admin("iam").put_user_policy(
            UserName=user["name"], PolicyName="p",
            PolicyDocument=policy(*filled(statements, bucket, user["arn"])),
        )  # fmt: skip

    assert answer(lambda: ASK[asked](world.client("s3", user), bucket)) == expected


EVERYONE, ME = {"Principal": "*"}, {"Principal": {"AWS": "$ME"}}
BUCKET_POLICY = [
    # who, own statements, bucket's statements, asked, expected, source
    ("a bucket's Allow suffices at home", HERE, [], [allow(GET, OBJECTS, **ME)], "get a/1", "ok",
     "IAM: same account"),
    ("an Allow for everyone suffices too", HERE, [], [allow(GET, OBJECTS, **EVERYONE)], "get a/1", "ok",
     "IAM: same account"),
    ("one for the account leaves it to the user's own policies", HERE, [],
     [allow(GET, OBJECTS, Principal={"AWS": "$HERE"})], "get a/1", "AccessDenied", "IAM: Principal"),
    ("and with both it is allowed", HERE, [allow(GET)], [allow(GET, OBJECTS, Principal={"AWS": "$HERE"})],
     "get a/1", "ok", "IAM: Principal"),
    ("a bucket's Deny beats the user's Allow", HERE, [allow("s3:*")], [deny(GET, OBJECTS, **ME)], "get a/1",
     "AccessDenied", "IAM: explicit deny"),
    ("a Deny for somebody else does not", HERE, [allow("s3:*")],
     [deny(GET, OBJECTS, Principal={"AWS": "arn:aws:iam::$HERE:user/administrator"})], "get a/1", "ok",
     "IAM: Principal"),
    ("a Deny holds for HEAD", HERE, [allow("s3:*")], [deny(GET, OBJECTS, **ME)], "head a/1", "403",
     "S3 API: HeadObject"),
    ("a Deny holds for listing", HERE, [allow("s3:*")], [deny(LIST, B, **ME)], "list", "AccessDenied",
     "S3: ListBucket"),
    ("a Deny for all but one", HERE, [allow("s3:*")],
     [deny(GET, OBJECTS, NotPrincipal={"AWS": ["$ME", "$HERE"]})], "get a/1", "ok", "IAM: NotPrincipal"),
    ("a condition on who asks", HERE, [allow("s3:*")],
     [deny(GET, OBJECTS, **EVERYONE, **when("ArnEquals", aws__PrincipalArn="$ME"))], "get a/1",
     "AccessDenied", "IAM: aws:PrincipalArn"),
    ("abroad, the bucket's Allow alone is not enough", THERE, [], [allow(GET, OBJECTS, **ME)], "get a/1",
     "AccessDenied", "IAM: cross-account"),
    ("nor the user's alone", THERE, [allow("s3:*")], [], "get a/1", "AccessDenied", "IAM: cross-account"),
    ("both are", THERE, [allow("s3:*")], [allow(GET, OBJECTS, **ME)], "get a/1", "ok", "IAM: cross-account"),
    ("the whole account may be named", THERE, [allow("s3:*")],
     [allow(GET, OBJECTS, Principal={"AWS": "arn:aws:iam::$THERE:root"})], "get a/1", "ok",
     "IAM: cross-account"),
    ("what is written from abroad belongs to the bucket", THERE, [allow("s3:*")],
     [allow([GET, PUT], OBJECTS, **ME)], "put a/2", "ok", "S3: BucketOwnerEnforced"),
    ("without keys, by an Allow for everyone", None, [], [allow(GET, OBJECTS, **EVERYONE)], "get a/1", "ok",
     "S3: anonymous requests"),
    ("without keys, by nothing", None, [], [], "get a/1", "AccessDenied", "S3: anonymous requests"),
    ("without keys, listing", None, [], [allow(GET, OBJECTS, **EVERYONE)], "list", "AccessDenied",
     "S3: anonymous requests"),
    ("without keys, writing", None, [], [allow(GET, OBJECTS, **EVERYONE)], "put a/2", "AccessDenied",
     "S3: anonymous requests"),
    ("nobody is not an account", None, [], [allow(GET, OBJECTS, Principal={"AWS": "$HERE"})], "get a/1",
     "AccessDenied", "S3: anonymous requests"),
]  # fmt: skip


@pytest.mark.parametrize("row", BUCKET_POLICY, ids=lambda row: row[0])
def test_bucket_policies(world: World, row):
    """A user at home, one of another account, or nobody, by the bucket's policy and its own."""
    _, account, own, buckets, asked, expected, _ = row
    bucket = world.bucket()
    user = world.user(*own, account=account) if account else None
    if buckets:
        statements = filled(buckets, bucket, user["arn"] if user else "")
        world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=policy(*statements))

    assert answer(lambda: ASK[asked](world.client("s3", user), bucket)) == expected


def test_a_tls_only_bucket_by_both_ways(world: World):
    """The same keys, over HTTPS and over HTTP (IAM: aws:SecureTransport)."""
    bucket, user = world.bucket(), world.user(allow("s3:*"))
    statement = deny("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], **EVERYONE,
                     **when("Bool", **{TLS: "false"}))  # fmt: skip
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=policy(statement))

    assert answer(lambda: ASK["get a/1"](world.client("s3", user), bucket)) == "ok"
    plain = world.client("s3", user, tls=False)
    assert answer(lambda: ASK["get a/1"](plain, bucket)) == "AccessDenied"


def test_deleting_many_is_judged_key_by_key(world: World):
    """The answer is 200 and names the refused keys (S3 API: DeleteObjects)."""
    bucket = world.bucket()
    user = world.user(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a/*"))
    wanted = {"Objects": [{"Key": "a/1"}, {"Key": "b/1"}, {"Key": "a/<&>"}]}

    done = world.client("s3", user).delete_objects(Bucket=bucket, Delete=wanted)

    assert {each["Key"] for each in done["Deleted"]} == {"a/1", "a/<&>"}
    assert [(each["Key"], each["Code"]) for each in done["Errors"]] == [("b/1", "AccessDenied")]
    left = world.admin("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in left] == ["b/1"]


def test_versions_have_actions_of_their_own(world: World):
    """GetObject does not read an old version, DeleteObject leaves it (S3: versioning)."""
    bucket = world.bucket()
    admin = world.admin("s3")
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = admin.put_object(Bucket=bucket, Key="a/1", Body=b"z")["VersionId"]
    where = {"Bucket": bucket, "Key": "a/1"}
    user = world.user(allow([GET, "s3:DeleteObject"], f"arn:aws:s3:::{bucket}/*"))
    s3 = world.client("s3", user)

    assert answer(lambda: s3.get_object(**where, VersionId=version)) == "AccessDenied"
    assert answer(lambda: s3.delete_object(**where, VersionId=version)) == "AccessDenied"
    assert answer(lambda: s3.delete_object(**where)) == "ok"
    assert admin.get_object(**where, VersionId=version)["Body"].read() == b"z"


def test_who_may_clean_up_after_an_upload(world: World):
    """AbortMultipartUpload and ListMultipartUploadParts (S3: multipart permissions)."""
    bucket = world.bucket()
    s3 = world.client("s3", world.user(allow(PUT, f"arn:aws:s3:::{bucket}/*")))
    upload = {"Bucket": bucket, "Key": "a/2"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]

    assert answer(lambda: s3.upload_part(**upload, PartNumber=1, Body=b"x")) == "ok"
    assert answer(lambda: s3.list_parts(**upload)) == "AccessDenied"
    assert answer(lambda: s3.abort_multipart_upload(**upload)) == "AccessDenied"
    assert answer(lambda: world.admin("s3").abort_multipart_upload(**upload)) == "ok"


BOUNDARY = policy(allow(GET))


def test_a_boundary_narrows(world: World):
    """What both allow is allowed, of users and of roles (IAM: permissions boundaries)."""
    bucket = world.bucket()
    user = world.user(allow("s3:*"), boundary=BOUNDARY)
    trust = policy(allow("sts:AssumeRole", None, Principal={"AWS": HERE}))
    role = world.role(trust, allow("s3:*"), PermissionsBoundary=world.managed(BOUNDARY))
    session = world.session(world.user(allow("sts:AssumeRole")), role)

    for keys in (user, session):
        s3 = world.client("s3", keys)
        assert answer(lambda s3=s3: ASK["get a/1"](s3, bucket)) == "ok"
        assert answer(lambda s3=s3: ASK["put a/2"](s3, bucket)) == "AccessDenied"


def test_a_boundary_taken_away_no_longer_narrows(world: World):
    """DeleteUserPermissionsBoundary (IAM API)."""
    bucket, user = world.bucket(), world.user(allow("s3:*"), boundary=BOUNDARY)
    s3 = world.client("s3", user)
    assert answer(lambda: ASK["put a/2"](s3, bucket)) == "AccessDenied"

    world.admin("iam").delete_user_permissions_boundary(UserName=user["name"])

    assert answer(lambda: ASK["put a/2"](s3, bucket)) == "ok"


def test_a_group_grants_to_its_members(world: World):
    """And no longer when one has left it (IAM: groups)."""
    iam, group = world.admin("iam"), world.name("group")
    bucket, user = world.bucket(), world.user()
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow(GET)))
    s3 = world.client("s3", user)

    iam.add_user_to_group(GroupName=group, UserName=user["name"])
    assert answer(lambda: ASK["get a/1"](s3, bucket)) == "ok"
    iam.remove_user_from_group(GroupName=group, UserName=user["name"])
    assert answer(lambda: ASK["get a/1"](s3, bucket)) == "AccessDenied"


def test_a_managed_policy_grants(world: World):
    """AttachUserPolicy, DetachUserPolicy (IAM API)."""
    iam, bucket, user = world.admin("iam"), world.bucket(), world.user()
    arn = world.managed(policy(allow(GET)))
    s3 = world.client("s3", user)

    iam.attach_user_policy(UserName=user["name"], PolicyArn=arn)
    assert answer(lambda: ASK["get a/1"](s3, bucket)) == "ok"
    iam.detach_user_policy(UserName=user["name"], PolicyArn=arn)
    assert answer(lambda: ASK["get a/1"](s3, bucket)) == "AccessDenied"


@pytest.mark.parametrize(
    ("statements", "call", "expected"),
    [
        ([], lambda iam, me: iam.list_users(), "AccessDenied"),
        ([], lambda iam, me: iam.get_user(), "AccessDenied"),
        ([], lambda iam, me: iam.create_access_key(), "AccessDenied"),
        ([allow("iam:GetUser")], lambda iam, me: iam.get_user(UserName=me["name"]), "ok"),
        (
            [allow("iam:GetUser", "arn:aws:iam::*:user/${aws:username}")],
            lambda iam, me: iam.get_user(UserName=me["name"]),
            "ok",
        ),
        (
            [allow("iam:GetUser", "arn:aws:iam::*:user/${aws:username}")],
            lambda iam, me: iam.get_user(UserName="administrator"),
            "AccessDenied",
        ),
        ([allow("s3:*")], lambda iam, me: iam.put_user_policy(
            UserName=me["name"], PolicyName="p", PolicyDocument=policy(allow("*"))), "AccessDenied"),
    ],
)  # fmt: skip
def test_iam_itself_is_guarded(world: World, statements, call, expected):
    """IAM's actions need permission like any other (IAM: actions, policy variables)."""
    user = world.user(*statements)

    assert answer(lambda: call(world.client("iam", user), user)) == expected


def test_a_bucket_of_another_region(world: World):
    """S3 names the right region, and boto3 follows (S3: AuthorizationHeaderMalformed)."""
    name = world.name("far")
    where = {"LocationConstraint": "us-west-2"}
    there = world.client_in("us-west-2", "s3", world.aws["accounts"][HERE])
    there.create_bucket(Bucket=name, CreateBucketConfiguration=where)

    assert answer(lambda: world.admin("s3").list_objects_v2(Bucket=name)) == "ok"
    assert world.admin("s3").get_bucket_location(Bucket=name)["LocationConstraint"] == "us-west-2"
    assert REGION != "us-west-2"


def test_the_expected_owner(world: World):
    """A request that expects another owner is refused (S3: bucket owner condition)."""
    bucket, s3 = world.bucket(), world.admin("s3")

    assert answer(lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=HERE)) == "ok"
    refused = answer(lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=THERE))
    assert refused == "AccessDenied"
