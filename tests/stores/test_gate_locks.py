"""Questions about object lock, copies and keys of the customer's, with the answer that AWS documents."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import THERE, World, allow, answer, deny, policy

LATER, MUCH_LATER = datetime(2900, 1, 1, tzinfo=UTC), datetime(2950, 1, 1, tzinfo=UTC)
BYPASS = {"BypassGovernanceRetention": True}


def locked(world, **lock):
    """A bucket with a locked version of `k`."""
    bucket = world.bucket(keys=(), ObjectLockEnabledForBucket=True)
    made = world.admin("s3").put_object(Bucket=bucket, Key="k", Body=b"x", **lock)
    return {"Bucket": bucket, "Key": "k", "VersionId": made["VersionId"]}


def retained(mode):
    """The parameters of an upload that locks."""
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": LATER}


@pytest.mark.parametrize(
    ("mode", "new", "more", "expected"),
    [("GOVERNANCE", ("GOVERNANCE", MUCH_LATER), {}, "ok"),
     ("GOVERNANCE", ("COMPLIANCE", MUCH_LATER), {}, "ok"),
     ("GOVERNANCE", ("GOVERNANCE", datetime(2800, 1, 1, tzinfo=UTC)), {}, "AccessDenied"),
     ("GOVERNANCE", ("GOVERNANCE", datetime(2800, 1, 1, tzinfo=UTC)), BYPASS, "ok"),
     ("GOVERNANCE", None, {}, "AccessDenied"), ("GOVERNANCE", None, BYPASS, "ok"),
     ("COMPLIANCE", ("COMPLIANCE", MUCH_LATER), {}, "ok"),
     ("COMPLIANCE", ("COMPLIANCE", datetime(2800, 1, 1, tzinfo=UTC)), BYPASS, "AccessDenied"),
     ("COMPLIANCE", ("GOVERNANCE", MUCH_LATER), BYPASS, "AccessDenied"),
     ("COMPLIANCE", None, BYPASS, "AccessDenied")],
)  # fmt: skip
def test_how_long_a_version_is_kept(world: World, mode, new, more, expected):
    """Longer always; shorter under governance with the bypass (S3: retention modes)."""
    version = locked(world, **retained(mode))
    wanted = {"Mode": new[0], "RetainUntilDate": new[1]} if new else {}
    put = world.admin("s3").put_object_retention

    assert answer(lambda: put(**version, Retention=wanted, **more)) == expected


@pytest.mark.parametrize("many", [False, True], ids=["DeleteObject", "DeleteObjects"])
@pytest.mark.parametrize(
    ("lock", "more", "gone"),
    [(retained("GOVERNANCE"), {}, False), (retained("GOVERNANCE"), BYPASS, True),
     (retained("COMPLIANCE"), BYPASS, False), ({"ObjectLockLegalHoldStatus": "ON"}, BYPASS, False),
     ({}, {}, True)],
    ids=["governance", "bypass", "compliance", "hold", "free"],
)  # fmt: skip
def test_what_a_lock_keeps(world: World, many, lock, more, gone):
    """Even from an administrator (S3: Object Lock, how it works)."""
    version, s3 = locked(world, **lock), world.admin("s3")
    bucket = version["Bucket"]
    if many:
        each = {"Key": "k", "VersionId": version["VersionId"]}
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [each]}, **more)
    else:
        assert answer(lambda: s3.delete_object(**version, **more)) == (
            "ok" if gone else "AccessDenied"
        )

    assert len(s3.list_object_versions(Bucket=bucket).get("Versions", [])) == (0 if gone else 1)


def test_a_locked_bucket_stays_versioned(world: World):
    """(S3: Object Lock, versioning cannot be suspended), and locks nothing without being told."""
    version, s3 = locked(world), world.admin("s3")
    plain = world.bucket(keys=("k",))
    off = {"Status": "Suspended"}

    assert answer(lambda: s3.put_bucket_versioning(
        Bucket=version["Bucket"], VersioningConfiguration=off)) == "InvalidBucketState"  # fmt: skip
    put = s3.put_object_retention
    wanted = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    assert answer(lambda: put(Bucket=plain, Key="k", Retention=wanted)) == "InvalidRequest"
    past = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) - timedelta(days=1)}
    assert answer(lambda: put(**version, Retention=past)) == "InvalidArgument"
    lock = {"ObjectLockEnabled": "Enabled"}
    assert answer(lambda: s3.put_object_lock_configuration(
        Bucket=plain, ObjectLockConfiguration=lock)) == "InvalidBucketState"  # fmt: skip


def test_a_bucket_s_default_lock(world: World):
    """Holds for every new version (S3: Object Lock, default retention)."""
    version, s3 = locked(world), world.admin("s3")
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=version["Bucket"],
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    new = s3.put_object(Bucket=version["Bucket"], Key="k", Body=b"y")["VersionId"]

    assert answer(lambda: s3.delete_object(**{**version, "VersionId": new}, **BYPASS)) == (
        "AccessDenied"
    )


def test_who_holds_all_rights_can_lock_for_decades(world: World):
    """Unless that is denied: so a rehearsal can show it (S3: Object Lock, condition keys)."""
    version = locked(world)
    wanted = {"Mode": "COMPLIANCE", "RetainUntilDate": LATER}
    short = {"Condition": {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "30"}}}
    bold, careful = (
        world.client("s3", world.user(allow("s3:*"), *more))
        for more in ([], [deny("s3:PutObjectRetention", **short)])
    )

    assert answer(lambda: careful.put_object_retention(**version, Retention=wanted)) == (
        "AccessDenied"
    )
    assert answer(lambda: bold.put_object_retention(**version, Retention=wanted)) == "ok"


# --- keys of the customer's, copies ---


def customer(secret, prefix=""):
    """The parameters of encryption with a key of the customer's."""
    digest = base64.b64encode(hashlib.md5(secret).digest()).decode()
    key = base64.b64encode(secret).decode()
    values = {"Algorithm": "AES256", "Key": key, "KeyMD5": digest}
    return {f"{prefix}SSECustomer{name}": value for name, value in values.items()}


MINE, OTHER = b"a" * 32, b"b" * 32


def test_what_a_customer_s_key_encrypts(world: World):
    """Is read, headed and copied with that key alone, over TLS (S3: SSE-C)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    where = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**where, Body=b"x", **customer(MINE))
    source = {"CopySource": where, "Bucket": bucket, "Key": "c"}

    assert answer(lambda: s3.get_object(**where)) == "InvalidRequest"
    assert answer(lambda: s3.head_object(**where)) == "400"
    assert answer(lambda: s3.get_object(**where, **customer(OTHER))) == "AccessDenied"
    assert answer(lambda: s3.get_object(**where, **customer(MINE))) == "ok"
    assert answer(lambda: s3.copy_object(**source)) == "InvalidRequest"
    assert answer(lambda: s3.copy_object(**source, **customer(MINE, "CopySource"))) == "ok"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1", **customer(MINE))) == (
        "InvalidRequest"
    )
    assert answer(lambda: s3.put_object(**where, **customer(b"short"))) == "InvalidArgument"
    plain = world.client("s3", world.user(allow("s3:*")), tls=False)
    assert answer(lambda: plain.put_object(**where)) == "ok"


def test_a_copy_of_tags_needs_the_rights_on_tags(world: World):
    """On both ends, unless others replace them (S3 API: CopyObject, permissions)."""
    bucket = world.bucket()
    tagged = {"Bucket": bucket, "Key": "a/1"}
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    world.admin("s3").put_object_tagging(**tagged, Tagging=tags)
    plain = ["s3:GetObject", "s3:PutObject"]
    for more, expected in (
        ([], "AccessDenied"), (["s3:GetObjectTagging"], "AccessDenied"),
        (["s3:PutObjectTagging"], "AccessDenied"),
        (["s3:GetObjectTagging", "s3:PutObjectTagging"], "ok"),
    ):  # fmt: skip
        s3 = world.client("s3", world.user(allow([*plain, *more])))
        assert answer(
            lambda s3=s3: s3.copy_object(Bucket=bucket, Key="c", CopySource=tagged)
        ) == expected  # fmt: skip
    untagged = {"Bucket": bucket, "Key": "b/1"}
    s3 = world.client("s3", world.user(allow(plain)))
    assert answer(lambda: s3.copy_object(Bucket=bucket, Key="c", CopySource=untagged)) == "ok"


def test_whose_the_source_of_a_copy_is(world: World):
    """(S3 API: CopyObject, x-amz-source-expected-bucket-owner)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    copied = {"Bucket": bucket, "Key": "c", "CopySource": {"Bucket": bucket, "Key": "a/1"}}

    assert (
        answer(lambda: s3.copy_object(**copied, ExpectedSourceBucketOwner=THERE)) == "AccessDenied"
    )


def test_a_quiet_deletion_tells_errors_alone(world: World):
    """(S3 API: DeleteObjects, Quiet)."""
    bucket = world.bucket()
    me = world.client("s3", world.user(allow("s3:*"), deny("s3:*", f"arn:aws:s3:::{bucket}/b/*")))
    keys = [{"Key": "a/1"}, {"Key": "b/1"}]
    told = me.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})

    assert "Deleted" not in told
    assert [each["Key"] for each in told["Errors"]] == ["b/1"]


def test_every_account_has_its_own_canonical_id(world: World):
    """(S3 API: ListBuckets, Owner)."""
    here, there = (
        world.admin("s3", account).list_buckets()["Owner"]["ID"]
        for account in ("111111111111", THERE)
    )

    assert here != there
    bucket = world.bucket()
    owner = world.admin("s3").get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    assert owner == here


def test_a_policy_of_a_bucket_that_is_restricted_is_text(world: World):
    """What RestrictPublicBuckets leaves is decided anew with every policy (S3: Block Public Access)."""
    bucket, admin = world.bucket(), world.admin("s3")
    guest = world.user(allow("s3:*"), account=THERE)
    named = policy(
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": guest["arn"]})
    )
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
             "RestrictPublicBuckets": True}  # fmt: skip
    admin.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    s3 = world.client("s3", guest)

    admin.put_bucket_policy(Bucket=bucket, Policy=named)
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    public = policy(
        *(
            allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=who)
            for who in ("*", {"AWS": guest["arn"]})
        )
    )
    admin.put_bucket_policy(Bucket=bucket, Policy=public)
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"


def test_how_long_is_told(world: World):
    """To who holds s3:GetObjectRetention (S3 API: GetObjectRetention)."""
    version = locked(world, **retained("GOVERNANCE"))
    ask = {"Bucket": version["Bucket"], "Key": "k"}
    reader = world.client("s3", world.user(allow("s3:GetObjectRetention")))

    told = reader.get_object_retention(**ask)["Retention"]
    assert told == {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    others = world.client("s3", world.user(allow("s3:GetObject")))
    assert answer(lambda: others.get_object_retention(**ask)) == "AccessDenied"
    free = {"Bucket": world.bucket(), "Key": "a/1"}
    none = "NoSuchObjectLockConfiguration"
    assert answer(lambda: reader.get_object_retention(**free)) == none
