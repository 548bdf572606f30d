"""Questions about keys of KMS, each with the answer that AWS documents and where."""

import json
from typing import Any

import pytest

from .conftest import HERE, REGION, THERE, World, allow, answer, policy

ROOT = f"arn:aws:iam::{HERE}:root"
OPEN = allow(
    "kms:*", Principal={"AWS": ROOT}
)  # the default: identity policies of the account decide


def key(world, *statements):
    """The ARN of a key with these statements in its policy, beside the account's own."""
    made = world.admin("kms").create_key(Policy=policy(OPEN, *statements))
    return made["KeyMetadata"]["Arn"]


USES = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("own", "named", "expected"),
    [([allow(USES)], False, "ok"), ([], False, "AccessDeniedException"), ([], True, "ok"),
     ([allow("kms:Decrypt")], False, "AccessDeniedException"),
     ([allow(USES, "arn:aws:kms:*:*:key/other")], False, "AccessDeniedException")],
)  # fmt: skip
def test_who_may_use_a_key(world: World, own, named, expected):
    """By an identity policy where the key's policy lets the account decide, or by the key's policy
    (KMS: key policies)."""
    user = world.user(*own)
    arn = key(world, *([allow("kms:Encrypt", Principal={"AWS": user["arn"]})] if named else []))
    kms = world.client("kms", user)

    assert answer(lambda: kms.encrypt(KeyId=arn, Plaintext=b"x")) == expected


def test_a_key_that_does_not_let_its_account_decide(world: World):
    """Is nobody's by an identity policy, not even an administrator's (KMS: default key policy)."""
    user, admin = world.user(allow("kms:*")), world.admin("kms")
    mine = allow("kms:*", Principal={"AWS": user["arn"]})
    made = world.client("kms", user).create_key(Policy=policy(mine))["KeyMetadata"]["Arn"]

    assert answer(lambda: admin.encrypt(KeyId=made, Plaintext=b"x")) == "AccessDeniedException"
    assert answer(lambda: admin.describe_key(KeyId=made)) == "AccessDeniedException"
    kms = world.client("kms", user)
    sealed = kms.encrypt(KeyId=made, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    locked_out = policy(allow("kms:Encrypt", Principal={"AWS": user["arn"]}))
    assert answer(lambda: kms.put_key_policy(KeyId=made, Policy=locked_out)) == (
        "MalformedPolicyDocumentException"
    )


def test_a_key_across_accounts(world: World):
    """Needs both sides (KMS: allowing users in other accounts to use a KMS key)."""
    may, may_not = world.user(allow("kms:*"), account=THERE), world.user(account=THERE)
    shared = key(world, allow(USES, Principal={"AWS": THERE}))
    alone = key(world)

    def encrypt(user, arn):
        return answer(lambda: world.client("kms", user).encrypt(KeyId=arn, Plaintext=b"x"))

    assert encrypt(may, shared) == "ok"
    assert encrypt(may_not, shared) == encrypt(may, alone) == "AccessDeniedException"


def test_an_encryption_context(world: World):
    """Is a condition key (KMS: kms:EncryptionContext:context-key)."""
    only = {"Condition": {"StringEquals": {"kms:EncryptionContext:Team": "a"}}}
    arn, kms = key(world), world.client("kms", world.user(allow(USES, **only)))

    def encrypt(context):
        given = {"KeyId": arn, "Plaintext": b"x", "EncryptionContext": context}
        return answer(lambda: kms.encrypt(**given))

    assert encrypt({"Team": "a"}) == "ok"
    assert encrypt({"Team": "b"}) == encrypt({}) == "AccessDeniedException"


def test_what_is_not_kms(world: World):
    """Errors in KMS's own shape; grants and keys that are not judged by name (KMS: common errors)."""
    kms: Any = world.unchecked("kms", world.aws["accounts"][HERE])
    arn = key(world)

    assert answer(lambda: kms.encrypt(KeyId=arn)) == "ValidationException"
    assert answer(lambda: kms.decrypt(CiphertextBlob=b"x")) == "InvalidCiphertextException"
    assert answer(lambda: kms.describe_key(KeyId="none")) == "NotFoundException"
    grant = {"KeyId": arn, "GranteePrincipal": ROOT, "Operations": ["Decrypt"]}
    assert answer(lambda: kms.create_grant(**grant)) == "NotImplemented"
    bad = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert answer(lambda: kms.create_key(Policy=bad)) == "MalformedPolicyDocumentException"
    spec = {"Condition": {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}}}
    named = policy(OPEN, allow("kms:*", Principal={"AWS": ROOT}, **spec))
    assert answer(lambda: kms.create_key(Policy=named)) == "NotImplemented"


# --- S3 ---


def encrypting(world, arn):
    """A bucket that encrypts with the key, and an object in it."""
    bucket, s3 = world.bucket(keys=()), world.admin("s3")
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    return bucket


@pytest.mark.parametrize("by", ["bucket", "header"])
def test_objects_under_a_key(world: World, by):
    """To write needs kms:GenerateDataKey, to read kms:Decrypt, by S3 and for that object alone
    (S3: SSE-KMS, permissions; kms:ViaService; encryption context)."""
    arn = key(world)
    bucket = encrypting(world, arn) if by == "bucket" else world.bucket(keys=())
    more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn} if by == "header" else {}
    world.admin("s3").put_object(Bucket=bucket, Key="k", Body=b"x", **more)
    via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    this = {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/k"}
    only = {"Condition": {"StringEquals": {**via, **this}}}

    def tried(*statements):
        s3 = world.client("s3", world.user(allow("s3:*"), *statements))
        put = answer(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"y", **more))
        return put, answer(lambda: s3.get_object(Bucket=bucket, Key="k"))

    assert tried() == ("AccessDenied", "AccessDenied")
    assert tried(allow("kms:GenerateDataKey", arn, **only)) == ("ok", "AccessDenied")
    assert tried(allow("kms:Decrypt", arn, **only)) == ("AccessDenied", "ok")
    assert tried(allow(["kms:Decrypt", "kms:GenerateDataKey"], key(world))) == (
        "AccessDenied", "AccessDenied",
    )  # fmt: skip


def test_parts_and_copies_under_a_key(world: World):
    """Parts need kms:Decrypt, too; a copy that of its source (S3: multipart upload and SSE-KMS)."""
    arn = key(world)
    bucket, other = encrypting(world, arn), world.bucket(keys=())
    source = {"Bucket": bucket, "Key": "k"}

    def tried(*actions):
        kms = [allow(list(actions), arn)] if actions else []
        s3 = world.client("s3", world.user(allow("s3:*"), *kms))

        def upload():
            made = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
            part = {"Bucket": bucket, "Key": "m", "UploadId": made}
            etag = s3.upload_part(**part, PartNumber=1, Body=b"x")["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            s3.complete_multipart_upload(**part, MultipartUpload=parts)
            s3.get_object(Bucket=bucket, Key="m")

        copied = answer(lambda: s3.copy_object(Bucket=other, Key="c", CopySource=source))
        return answer(upload), copied

    assert tried() == ("AccessDenied", "AccessDenied")
    assert tried("kms:GenerateDataKey") == ("AccessDenied", "AccessDenied")
    assert tried("kms:GenerateDataKey", "kms:Decrypt") == ("ok", "ok")


def test_the_key_that_s3_has_itself(world: World):
    """Is for its own account (S3: SSE-KMS, AWS managed key, cross-account)."""
    bucket, guest = world.bucket(keys=()), world.user(allow("s3:*"), account=THERE)
    text = policy(allow("s3:*", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": guest["arn"]}))
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    managed = {"Bucket": bucket, "Key": "k", "ServerSideEncryption": "aws:kms"}
    here, abroad = world.client("s3", world.user(allow("s3:*"))), world.client("s3", guest)

    assert answer(lambda: abroad.put_object(**managed)) == "AccessDenied"
    assert answer(lambda: here.put_object(**managed)) == "ok"
    assert answer(lambda: here.get_object(Bucket=bucket, Key="k")) == "ok"
    assert answer(lambda: abroad.get_object(Bucket=bucket, Key="k")) == "AccessDenied"


def test_a_key_that_is_off(world: World):
    """Encrypts and decrypts nothing (S3: KMS.DisabledException)."""
    arn = key(world)
    bucket, s3 = encrypting(world, arn), world.admin("s3")
    world.admin("kms").disable_key(KeyId=arn)

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="k")) == "KMS.DisabledException"
