"""Questions about condition keys: each denies where it should, with the page of AWS's that says so.

Keys and their actions: Service Authorization Reference, "Actions, resources, and condition keys for
Amazon S3" and "... for AWS Identity and Access Management".
"""

import base64
import hashlib

import pytest

from object_access.policies import reference
from object_access.stores.aws import context, iam, operations

from .conftest import HERE, REGION, World, allow, answer, deny, policy

LATER = "2999-01-01T00:00:00Z"
SECRET = b"k" * 32
CUSTOMER = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(SECRET).decode(),
    "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(SECRET).digest()).decode(),
}


def put(**given):
    """A call that uploads."""
    return lambda s3, bucket: s3.put_object(Bucket=bucket, Key="k", Body=b"x", **given)


def copy(**given):
    """A call that copies."""
    return lambda s3, bucket: s3.copy_object(
        Bucket=bucket, Key="c", **{"CopySource": {"Bucket": bucket, "Key": "a/1"}, **given}
    )


def create(**given):
    """A call that makes a bucket."""
    where = {"LocationConstraint": REGION}
    return lambda s3, bucket: s3.create_bucket(
        Bucket=f"{bucket}-x", CreateBucketConfiguration=where, **given
    )


def tagging(s3, bucket):
    """Sets an object's tags."""
    tags = {"TagSet": [{"Key": "Team", "Value": "a"}]}
    return s3.put_object_tagging(Bucket=bucket, Key="a/1", Tagging=tags)


# Where the key has the value, and where it has another or none.
S3_KEYS = [
    ("s3:RequestObjectTag/Team", "StringEquals", "a", put(Tagging="Team=a"), put(Tagging="Team=b")),
    ("s3:RequestObjectTag/Team", "StringEquals", "a", tagging, put()),
    ("s3:RequestObjectTagKeys", "ForAnyValue:StringEquals", "Team", put(Tagging="Team=a&b=c"), put(Tagging="b=c")),
    ("s3:x-amz-copy-source", "StringLike", "*/a/1", copy(), put()),
    ("s3:x-amz-metadata-directive", "StringEquals", "REPLACE", copy(MetadataDirective="REPLACE"), copy()),
    ("s3:x-amz-acl", "StringEquals", "bucket-owner-full-control", put(ACL="bucket-owner-full-control"), put()),
    ("s3:x-amz-server-side-encryption", "StringEquals", "AES256", put(ServerSideEncryption="AES256"), put()),
    ("s3:x-amz-server-side-encryption-customer-algorithm", "StringEquals", "AES256", put(**CUSTOMER), put()),
    ("s3:x-amz-storage-class", "StringEquals", "GLACIER_IR", put(StorageClass="GLACIER_IR"), put()),
    ("s3:x-amz-website-redirect-location", "StringLike", "/*", put(WebsiteRedirectLocation="/x"), put()),
    ("s3:if-none-match", "StringEquals", "*", put(IfNoneMatch="*"), copy()),
    ("s3:ObjectCreationOperation", "Bool", "true", put(),
     lambda s3, bucket: s3.create_multipart_upload(Bucket=bucket, Key="m")),
    ("s3:TlsVersion", "NumericGreaterThan", "1.1", put(), None),
    ("s3:LocationConstraint", "StringEquals", REGION, create(), None),
    ("s3:x-amz-object-ownership", "StringEquals", "BucketOwnerEnforced",
     create(ObjectOwnership="BucketOwnerEnforced"), create()),
]  # fmt: skip


@pytest.mark.parametrize("row", S3_KEYS, ids=lambda row: f"{row[0]} {row[2]}")
def test_a_denial_by_a_key_of_s3(world: World, row):
    """It fires where the request has the value, and only there."""
    key, operator, value, hits, misses = row
    bucket = world.bucket()
    me = world.client(
        "s3", world.user(allow("s3:*"), deny("s3:*", Condition={operator: {key: value}}))
    )

    assert answer(lambda: hits(me, bucket)) == "AccessDenied"
    if misses:
        assert answer(lambda: misses(me, bucket)) == "ok"


@pytest.mark.parametrize("how", ["header", "body"])
def test_a_denial_by_an_object_s_lock(world: World, how):
    """However it is asked for, by its mode and its days (S3: Object Lock, condition keys)."""
    bucket, admin = world.bucket(ObjectLockEnabledForBucket=True, keys=("k",)), world.admin("s3")
    lock = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}

    def ask(s3):
        if how == "body":
            return answer(lambda: s3.put_object_retention(Bucket=bucket, Key="k", Retention=lock))
        upload = put(ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER)
        return answer(lambda: upload(s3, bucket))

    assert ask(admin) == "ok"
    for operator, key, value in (
        ("StringEquals", "s3:object-lock-mode", "GOVERNANCE"),
        ("NumericGreaterThan", "s3:object-lock-remaining-retention-days", "365"),
        ("DateGreaterThan", "s3:object-lock-retain-until-date", "2500-01-01T00:00:00Z"),
    ):
        denied = deny("s3:PutObjectRetention", Condition={operator: {key: value}})
        assert ask(world.client("s3", world.user(allow("s3:*"), denied))) == "AccessDenied"


def test_tags_of_iam(world: World):
    """In the request, and of what it is about (IAM: controlling access with tags)."""
    tags = [{"Key": "team", "Value": "a"}]
    mine, other = world.name("user"), world.name("user")
    world.admin("iam").create_user(UserName=mine, Tags=tags)
    world.admin("iam").create_user(UserName=other)
    makes = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}  # fmt: skip
    owns = {"StringEquals": {"aws:ResourceTag/team": "a", "iam:ResourceTag/team": "a"}}
    iam_ = world.client(
        "iam",
        world.user(
            allow(["iam:CreateUser", "iam:TagUser"], Condition=makes),
            allow("iam:DeleteUser", Condition=owns),
        ),
    )

    make = iam_.create_user
    assert answer(lambda: make(UserName=world.name("user"))) == "AccessDenied"
    assert answer(lambda: make(UserName=world.name("user"), Tags=[{"Key": "team", "Value": "b"}])) == "AccessDenied"  # fmt: skip
    assert answer(lambda: make(UserName=world.name("user"), Tags=[*tags, {"Key": "x", "Value": "b"}])) == "AccessDenied"  # fmt: skip
    assert answer(lambda: make(UserName=world.name("user"), Tags=tags)) == "ok"
    assert answer(lambda: iam_.delete_user(UserName=other)) == "AccessDenied"
    assert answer(lambda: iam_.delete_user(UserName=mine)) == "ok"


def test_every_key_of_what_is_served_is_read_or_known_to_be_absent():
    """None is silently missing; those that are not judged are refused in policies by name."""
    served = {action.lower() for action in operations.SERVED.values()}
    served |= {f"iam:{action.lower()}" for action in iam.SERVED}
    served |= {"sts:assumerole", "sts:assumerolewithwebidentity", "sts:getfederationtoken"}
    keys = {key for action in served for key in reference.actions()[action].keys}
    ours = {key for key in keys | reference.global_keys() if key.split(":")[0] in OURS}

    assert {key for key in ours if not context.judged(key)} == NOT_JUDGED


OURS = {"aws", "iam", "s3", "sts"}
# Of machines, chats and agents, of devices that sign in, of inventories and replication.
NOT_JUDGED = {
    "aws:chatbotsourcearn", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc",
    "aws:ismcpserviceaction", "aws:viaawsmcpservice",
    "iam:fido-certification", "iam:fido-fips-140-2-certification",
    "iam:fido-fips-140-3-certification", "iam:registersecuritykey",
    "s3:inventoryaccessibleoptionalfields", "s3:isreplicationpauserequest",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [({"StringEquals": {"s3:nothing": "a"}}, "MalformedPolicy"),
     ({"StringEquals": {"aws:nothing": "a"}}, "MalformedPolicy"),
     ({"StringEquals": {"iam:PolicyARN": "a"}}, "MalformedPolicy"),
     ({"StringEquals": {"s3:LocationConstraint": REGION}}, "MalformedPolicy"),
     ({"NumericEquals": {"s3:max-keys": "many"}}, "MalformedPolicy"),
     ({"DateGreaterThan": {"aws:CurrentTime": "soon"}}, "MalformedPolicy"),
     ({"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}}, "MalformedPolicy"),
     ({"Bool": {"aws:SecureTransport": "yes"}}, "MalformedPolicy"),
     ({"StringEquals": {"ec2:SourceInstanceArn": "a"}}, "NotImplemented"),
     ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, "ok"),
     ({"StringEquals": {"s3:ExistingObjectTag/a/b": "c"}}, "ok"),
     ({"StringLike": {"S3:PREFIX": "a/*"}}, "ok")],
)  # fmt: skip
def test_condition_keys_of_a_bucket_s_policy(world: World, condition, expected):
    """Unknown, out of place or malformed (S3: MalformedPolicy); or not judged, and named as such."""
    bucket = world.bucket(keys=())
    arn = f"arn:aws:s3:::{bucket}"
    text = policy(
        allow(["s3:GetObject", "s3:ListBucket"], [arn, f"{arn}/*"], Principal={"AWS": HERE}, Condition=condition)
    )  # fmt: skip
    put_policy = world.admin("s3").put_bucket_policy

    assert answer(lambda: put_policy(Bucket=bucket, Policy=text)) == expected


@pytest.mark.parametrize("action", ["s3:GetObjekt", "s3:Foo*", "s3:"])
def test_actions_that_s3_has_not(world: World, action):
    """Refused in a bucket's policy (S3: MalformedPolicy, "Policy has invalid action")."""
    bucket = world.bucket(keys=())
    text = policy(deny(action, f"arn:aws:s3:::{bucket}/*", Principal="*"))
    put_policy = world.admin("s3").put_bucket_policy

    assert answer(lambda: put_policy(Bucket=bucket, Policy=text)) == "MalformedPolicy"
