"""Access control lists, in buckets that have them: whose an object is, and who else may."""

from functools import partial

import pytest
import requests

from object_access.stores.aws.backend import canonical_id

from .conftest import HERE, THERE, World, allow, answer, deny, policy

BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EVERYTHING = allow("s3:*")
THEM = f'id="{canonical_id(THERE)}"'
GROUPS = "http://acs.amazonaws.com/groups/global"


def with_lists(world: World, ownership="ObjectWriter", **acl):
    """A bucket whose lists count, of which this one is its own; with an object `a/1`."""
    bucket, s3 = world.bucket(keys=()), world.admin("s3")
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    if acl:
        s3.put_bucket_acl(Bucket=bucket, **acl)
    s3.put_object(Bucket=bucket, Key="a/1", Body=b"x")
    return bucket


@pytest.fixture(scope="module")
def people(world: World):
    """Who may be asking: nobody who signs, and users with all rights and with none."""
    return {
        "nobody": world.client("s3", None),
        "home": world.client("s3", world.user(EVERYTHING)),
        "poor": world.client("s3", world.user()),
        "abroad": world.client("s3", world.user(EVERYTHING, account=THERE)),
        "poor abroad": world.client("s3", world.user(account=THERE)),
    }


def who_may(people, operation, **given):
    """Those of the people whom the call is not refused."""
    calls = {who: partial(getattr(client, operation), **given) for who, client in people.items()}
    return {who for who, call in calls.items() if answer(call) == "ok"}


@pytest.mark.parametrize(
    ("acl", "may"),
    [
        ({"ACL": "private"}, {"home"}),
        ({"ACL": "public-read"}, {"nobody", "home", "poor", "abroad"}),
        ({"ACL": "public-read-write"}, {"nobody", "home", "poor", "abroad"}),
        ({"ACL": "authenticated-read"}, {"home", "poor", "abroad"}),
        ({"ACL": "bucket-owner-read"}, {"home"}),
        ({"GrantRead": THEM}, {"home", "abroad"}),
        ({"GrantFullControl": THEM}, {"home", "abroad"}),
        ({"GrantReadACP": THEM}, {"home"}),
        ({"GrantRead": f'uri="{GROUPS}/AllUsers"'}, {"nobody", "home", "poor", "abroad"}),
    ],
)
def test_who_reads_an_object(world: World, people, acl, may):
    """An account's users need their own policies, too; everyone does not (S3: ACL overview)."""
    bucket = with_lists(world)
    world.admin("s3").put_object_acl(Bucket=bucket, Key="a/1", **acl)

    assert who_may(people, "get_object", Bucket=bucket, Key="a/1") == may


@pytest.mark.parametrize(
    ("acl", "operation", "may"),
    [
        ("private", "list_objects_v2", {"home"}),
        ("public-read", "list_objects_v2", {"nobody", "home", "poor", "abroad"}),
        ("public-read", "put_object", {"home"}),
        ("public-read", "get_object", {"home"}),
        ("public-read", "get_bucket_acl", {"home"}),
        ("public-read-write", "put_object", {"nobody", "home", "poor", "abroad"}),
        ("authenticated-read", "list_objects_v2", {"home", "poor", "abroad"}),
    ],
)
def test_what_a_bucket_s_list_gives(world: World, people, acl, operation, may):
    """READ lists, WRITE makes objects; neither reads any (S3: mapping of ACL permissions)."""
    bucket = with_lists(world, ACL=acl)
    more = {"get_object": {"Key": "a/1"}}
    for who in sorted(people):
        given = more.get(operation, {"Key": f"new-{who}"} if operation == "put_object" else {})
        allowed = who_may({who: people[who]}, operation, Bucket=bucket, **given)
        assert bool(allowed) == (who in may), who


def test_who_writes_owns(world: World, people):
    """And the bucket's owner is not let in, unless the object is given away (object ownership)."""
    bucket = with_lists(world, ACL="public-read-write")
    put = people["abroad"].put_object
    put(Bucket=bucket, Key="theirs", Body=b"x")
    put(Bucket=bucket, Key="shared", Body=b"x", ACL="bucket-owner-full-control")

    read = people["home"].get_object
    assert answer(lambda: read(Bucket=bucket, Key="theirs")) == "AccessDenied"
    assert answer(lambda: read(Bucket=bucket, Key="shared")) == "ok"
    told = people["abroad"].get_object_acl(Bucket=bucket, Key="shared")
    assert told["Owner"]["ID"] == canonical_id(THERE)
    assert {each["Grantee"]["ID"] for each in told["Grants"]} == {
        canonical_id(HERE), canonical_id(THERE)}  # fmt: skip
    # The bucket's owner pays, thus deletes whatever there is.
    assert answer(lambda: people["home"].delete_object(Bucket=bucket, Key="theirs")) == "ok"


def test_what_is_given_to_the_bucket_s_owner(world: World, people):
    """With BucketOwnerPreferred it is the bucket's owner's, by that list alone."""
    bucket = with_lists(world, "BucketOwnerPreferred", GrantWrite=THEM)
    put, acl = people["abroad"].put_object, people["home"].get_object_acl
    put(Bucket=bucket, Key="given", Body=b"x", ACL="bucket-owner-full-control")
    put(Bucket=bucket, Key="kept", Body=b"x")

    assert acl(Bucket=bucket, Key="given")["Owner"]["ID"] == canonical_id(HERE)
    assert answer(lambda: acl(Bucket=bucket, Key="kept")) == "AccessDenied"
    assert answer(lambda: people["abroad"].get_object(Bucket=bucket, Key="given")) == "AccessDenied"


def test_uploads_of_parts_and_copies_have_lists(world: World, people):
    """What CreateMultipartUpload asks for holds for the object; a copy is private again."""
    bucket, s3 = with_lists(world), world.admin("s3")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", ACL="public-read")["UploadId"]
    named = {"Bucket": bucket, "Key": "big", "UploadId": begun}
    tag = s3.upload_part(**named, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(
        **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
    )
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big"})

    assert answer(lambda: people["nobody"].get_object(Bucket=bucket, Key="big")) == "ok"
    assert answer(lambda: people["nobody"].get_object(Bucket=bucket, Key="copy")) == "AccessDenied"


def test_others_replace_only_what_is_theirs(world: World, people):
    """WRITE makes objects; overwriting and deleting is for owners (S3: ACL overview, WRITE)."""
    bucket = with_lists(world, ACL="public-read-write")
    named, them = {"Bucket": bucket, "Key": "a/1"}, people["abroad"]
    own = {"Bucket": bucket, "Key": "own"}

    assert answer(lambda: them.put_object(**named, Body=b"y")) == "AccessDenied"
    assert answer(lambda: them.delete_object(**named)) == "AccessDenied"
    assert answer(lambda: them.put_object(**own, Body=b"y")) == "ok"
    assert answer(lambda: them.put_object(**own, Body=b"z")) == "ok"
    assert answer(lambda: them.delete_object(**own)) == "ok"


@pytest.mark.parametrize("lists", ["ACL", "GrantRead"])
def test_a_policy_s_deny_wins(world: World, people, lists):
    """Over the list, on others' objects, too (S3: how a request is authorized)."""
    bucket, s3 = with_lists(world, ACL="public-read-write"), world.admin("s3")
    given = {"ACL": "public-read"} if lists == "ACL" else {"GrantRead": THEM}
    people["abroad"].put_object(Bucket=bucket, Key="k", Body=b"x", **given)
    named = {"Bucket": bucket, "Key": "k"}
    assert answer(lambda: people["abroad"].get_object(**named)) == "ok"
    no = deny("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(no))

    assert who_may(people, "get_object", **named) == set()


def test_a_policy_gives_nothing_of_what_is_another_s(world: World, people):
    """Only its own list does ("bucket owner granting permissions to objects it does not own")."""
    bucket, s3 = with_lists(world, ACL="public-read-write"), world.admin("s3")
    people["abroad"].put_object(Bucket=bucket, Key="k", Body=b"x")
    yes = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(yes))

    assert who_may(people, "get_object", Bucket=bucket, Key="k") == {"abroad"}
    assert who_may(people, "get_object", Bucket=bucket, Key="a/1") == {
        "nobody", "home", "poor", "abroad"}  # fmt: skip


def test_public_lists_are_blocked_or_ignored(world: World, people):
    """By the public access block, each half by itself (S3: blocking public access)."""
    bucket, s3 = with_lists(world, ACL="public-read"), world.admin("s3")
    s3.put_object_acl(Bucket=bucket, Key="a/1", ACL="public-read")
    named = {"Bucket": bucket, "Key": "a/1"}

    def block(*on):
        settings = {name: name in on for name in BLOCK}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=settings)

    block("BlockPublicAcls")
    assert answer(lambda: people["nobody"].get_object(**named)) == "ok"
    for call in (
        lambda: s3.put_bucket_acl(Bucket=bucket, ACL="authenticated-read"),
        lambda: s3.put_object_acl(**named, ACL="public-read"),
        lambda: s3.put_object(**named, Body=b"", GrantRead=f"uri={GROUPS}/AllUsers"),
        lambda: s3.create_multipart_upload(**named, ACL="public-read"),
    ):
        assert answer(call) == "AccessDenied"
    assert answer(lambda: s3.put_object_acl(**named, ACL="private")) == "ok"
    block()
    s3.put_object_acl(**named, ACL="public-read")
    block("IgnorePublicAcls")
    assert who_may(people, "get_object", **named) == {"home"}
    assert who_may(people, "list_objects_v2", Bucket=bucket) == {"home"}


def test_lists_that_are_switched_off_and_on(world: World, people):
    """Enforced, nobody but the owner may; without controls they count again (object ownership)."""
    bucket, s3 = with_lists(world), world.admin("s3")
    s3.put_object_acl(Bucket=bucket, Key="a/1", ACL="public-read")
    named = {"Bucket": bucket, "Key": "a/1"}
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=enforced)
    assert who_may(people, "get_object", **named) == {"home"}
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    assert "nobody" in who_may(people, "get_object", **named)

    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    again = s3.put_bucket_ownership_controls
    refused = answer(lambda: again(Bucket=bucket, OwnershipControls=enforced))
    assert refused == "InvalidBucketAclWithObjectOwnership"


def test_a_new_bucket_s_list(world: World):
    """None is public, whatever its ownership (S3: CreateBucket)."""
    s3 = world.admin("s3")
    made = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
            "ObjectOwnership": "ObjectWriter"}  # fmt: skip

    def create(**acl):
        return answer(lambda: s3.create_bucket(Bucket=world.name("bucket"), **made, **acl))

    assert create(ACL="public-read") == "InvalidBucketAclWithBlockPublicAccessError"
    assert create(GrantRead=THEM) == "ok"
    assert create(ACL="private") == "ok"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "MissingSecurityHeader"),
        ({"ACL": "private", "GrantRead": THEM}, "InvalidRequest"),
        ({"GrantRead": "id=unknown"}, "InvalidArgument"),
        ({"GrantRead": "uri=http://example.com"}, "InvalidArgument"),
        ({"GrantRead": "somebody"}, "InvalidArgument"),
        ({"GrantRead": 'emailAddress="a@example.com"'}, "MethodNotAllowed"),
        ({"GrantRead": ", ".join(f"{THEM}" for _ in range(101))}, "MalformedACLError"),
        ({"AccessControlPolicy": {"Owner": {"ID": canonical_id(THERE)}, "Grants": []}},
         "AccessDenied"),
        ({"ACL": "aws-exec-read"}, "NotImplemented"),
        ({"AccessControlPolicy": {"Owner": {"ID": canonical_id(HERE)}, "Grants": []}}, "ok"),
    ],
)  # fmt: skip
def test_lists_that_s3_refuses(world: World, given, expected):
    """Two at once, none, grantees that are none (S3 API: PutObjectAcl, errors)."""
    bucket, s3 = with_lists(world), world.admin("s3")

    assert answer(lambda: s3.put_object_acl(Bucket=bucket, Key="a/1", **given)) == expected


def test_who_may_change_a_list(world: World, people):
    """WRITE_ACP by the list, s3:PutObjectAcl by policies, at once with the upload, too."""
    bucket, s3 = with_lists(world), world.admin("s3")
    named = {"Bucket": bucket, "Key": "a/1"}
    for acl, may in (({"GrantWriteACP": THEM}, "ok"), ({"GrantRead": THEM}, "AccessDenied")):
        s3.put_object_acl(**named, **acl)
        changed = answer(lambda: people["abroad"].put_object_acl(**named, ACL="public-read"))
        assert changed == may
    writer = world.client("s3", world.user(allow("s3:PutObject")))
    assert answer(lambda: writer.put_object(**named, Body=b"")) == "ok"
    assert answer(lambda: writer.put_object(**named, Body=b"", ACL="public-read")) == "AccessDenied"


def test_lists_of_what_is_not_there(world: World, people):
    """Missing for those who may list, refused to others (S3 API: GetObject, errors)."""
    for acl, expected in (("public-read", "NoSuchKey"), ("private", "AccessDenied")):
        bucket = with_lists(world, ACL=acl)
        named = {"Bucket": bucket, "Key": "none"}
        assert answer(partial(people["nobody"].get_object, **named)) == expected
        change = partial(people["home"].put_object_acl, **named, ACL="private")
        assert answer(change) == "NoSuchKey"


def test_what_nobody_wrote_is_nobody_s(world: World, people):
    """Who does not sign has an ID of his own, by which others are given nothing (S3: ACLs)."""
    bucket = with_lists(world, ACL="public-read-write")
    url = f"{world.aws['endpoint']}/{bucket}/k"
    assert requests.put(url, b"x", verify=world.aws["ca_bundle"], timeout=10).status_code == 200

    assert who_may(people, "get_object", Bucket=bucket, Key="k") == set()
    assert who_may(people, "delete_object", Bucket=bucket, Key="k") >= {"home"}


def test_lists_as_documents(world: World, people):
    """Grantees of each type, as they are told (S3 API: PutObjectAcl, AccessControlPolicy)."""
    bucket, s3 = with_lists(world), world.admin("s3")
    named = {"Bucket": bucket, "Key": "a/1"}
    owner = {"ID": canonical_id(HERE)}
    grants = [
        {"Grantee": {"Type": "CanonicalUser", "ID": canonical_id(THERE)}, "Permission": "READ"},
        {"Grantee": {"Type": "Group", "URI": f"{GROUPS}/AllUsers"}, "Permission": "READ_ACP"},
    ]
    s3.put_object_acl(**named, AccessControlPolicy={"Owner": owner, "Grants": grants})

    told = people["nobody"].get_object_acl(**named)
    assert (told["Owner"], told["Grants"]) == (owner, grants)
    assert who_may(people, "get_object", **named) == {"home", "abroad"}
    wrong = [{"Grantee": {"Type": "Group", "ID": canonical_id(THERE)}, "Permission": "READ"}]
    change = partial(
        s3.put_object_acl, **named, AccessControlPolicy={"Owner": owner, "Grants": wrong}
    )
    assert answer(change) == "MalformedXML"


def test_every_version_has_its_list(world: World, people):
    """Deletions go by the bucket's list, and only of what is one's own (S3: ACL overview)."""
    bucket, s3 = with_lists(world, ACL="public-read-write"), world.admin("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", ACL="public-read")
    people["abroad"].put_object(Bucket=bucket, Key="own", Body=b"")
    named = {"Bucket": bucket, "Key": "k"}

    assert answer(lambda: people["nobody"].get_object(**named)) == "ok"
    assert answer(lambda: people["nobody"].get_object(**named, VersionId=old)) == "AccessDenied"
    keys = [{"Key": "k"}, {"Key": "own"}, {"Key": "none"}]
    done = people["abroad"].delete_objects(Bucket=bucket, Delete={"Objects": keys})
    assert [each["Key"] for each in done["Deleted"]] == ["own"]


@pytest.mark.parametrize(
    ("operation", "given"),
    [("put_bucket_acl", {"ACL": "private"}), ("delete_bucket", {}), ("delete_bucket_cors", {}),
     ("get_bucket_versioning", {}), ("delete_object_tagging", {"Key": "a/1"}),
     ("put_object_tagging", {"Key": "a/1", "Tagging": {"TagSet": []}}),
     ("get_object_tagging", {"Key": "a/1"}), ("get_object_retention", {"Key": "a/1"}),
     ("put_object_acl", {"Key": "a/1", "ACL": "private"}),
     ("put_object", {"Key": "a/1", "Body": b""}), ("delete_object", {"Key": "none"})],
)  # fmt: skip
def test_what_no_list_gives(world: World, people, operation, given):
    """However open the bucket is (S3: mapping of ACL permissions and policy permissions)."""
    bucket = with_lists(world, ACL="public-read-write")

    assert not {"nobody", "abroad"} & who_may(people, operation, Bucket=bucket, **given)


@pytest.mark.parametrize("narrowed", ["session", "boundary", "deny"])
def test_one_s_own_policies_narrow_what_a_list_gives(world: World, narrowed):
    """A grant to an account is its administrators' to hand on (S3: ACL overview, grantees)."""
    bucket = with_lists(world)
    named, other = {"Bucket": bucket, "Key": "a/1"}, policy(allow("s3:ListBucket"))
    world.admin("s3").put_object_acl(**named, GrantFullControl=THEM)
    if narrowed == "session":
        trust = policy(allow("sts:AssumeRole", None, Principal={"AWS": THERE}))
        role = world.role(trust, EVERYTHING, account=THERE)
        keys = world.session(world.user(allow("sts:AssumeRole"), account=THERE), role, Policy=other)
    elif narrowed == "boundary":
        keys = world.user(EVERYTHING, account=THERE, boundary=other)
    else:
        keys = world.user(EVERYTHING, deny("s3:GetObject"), account=THERE)

    assert answer(lambda: world.client("s3", keys).get_object(**named)) == "AccessDenied"


def test_what_another_wrote_is_not_the_owner_s_to_read(world: World, people):
    """Not by copying either, nor as root (S3: "bucket owner granting permissions to objects it does
    not own")."""
    bucket = with_lists(world, ACL="public-read-write")
    people["abroad"].put_object(Bucket=bucket, Key="k", Body=b"x")
    source = {"Bucket": bucket, "Key": "k"}
    root = world.client("s3", world.aws["roots"][HERE])

    for client in people["home"], root:
        for call in (
            partial(client.get_object, **source),
            partial(client.put_object_acl, **source, ACL="public-read"),
            partial(client.copy_object, Bucket=bucket, Key="copy", CopySource=source),
            partial(client.get_object_attributes, **source, ObjectAttributes=["ETag"]),
        ):
            assert answer(call) == "AccessDenied"
