"""Questions about names, limits and settings, with the answer that AWS documents and where."""

import json

import pytest

from .conftest import HERE, REGION, THERE, World, allow, answer, policy

PUBLIC = {"Principal": "*"}
ALL_USERS = "uri=http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "UPPER-case", "under_score", "a..b", "-start", "end-", "192.168.5.4",
     "xn--abc", "sthree-abc", "amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap",
     "abc--table-s3"],
)  # fmt: skip
def test_bucket_names_that_s3_refuses(world: World, name):
    """Length, characters, reserved beginnings and ends (S3: bucket naming rules)."""
    s3 = world.unchecked("s3", world.aws["accounts"][HERE])
    where = {"LocationConstraint": REGION}

    refused = answer(lambda: s3.create_bucket(Bucket=name, CreateBucketConfiguration=where))
    assert refused == "InvalidBucketName"


def test_a_bucket_name_with_dots_is_s3_s_to_take(world: World):
    """We never make one, S3 does (S3: bucket naming rules)."""
    where = {"LocationConstraint": REGION}
    made = answer(
        lambda: world.admin("s3").create_bucket(Bucket="a.b-c.d", CreateBucketConfiguration=where)
    )
    assert made == "ok"


def test_a_name_is_taken_once_in_the_world(world: World):
    """By oneself or by another account (S3 API: CreateBucket)."""
    name = world.bucket()
    where = {"LocationConstraint": REGION}

    for account, expected in ((HERE, "BucketAlreadyOwnedByYou"), (THERE, "BucketAlreadyExists")):
        s3 = world.admin("s3", account)
        again = answer(lambda s3=s3: s3.create_bucket(Bucket=name, CreateBucketConfiguration=where))
        assert again == expected


def test_a_new_bucket_is_closed(world: World):
    """Public access blocked, no ACLs, encrypted (S3: defaults since April 2023)."""
    s3, bucket = world.admin("s3"), world.bucket(open_to_policies=False)

    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default == {"SSEAlgorithm": "AES256"}


# --- block public access, ownership, lists ---


def reading(bucket, **more):
    """A policy that lets somebody read."""
    return policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **(PUBLIC | more)))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "AccessDenied"),
        ({"Principal": {"AWS": "*"}}, "AccessDenied"),
        ({"Principal": {"AWS": THERE}}, "ok"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, "ok"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}, "AccessDenied"),
        ({"Condition": {"StringEquals": {"aws:PrincipalAccount": THERE}}}, "ok"),
        ({"Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/x"}}}, "AccessDenied"),
        ({"Condition": {"StringEquals": {"aws:Referer": "https://x"}}}, "AccessDenied"),
    ],
)  # fmt: skip
def test_block_public_policy(world: World, more, expected):
    """A public policy is not taken, another is (S3: the meaning of "public")."""
    bucket = world.bucket(open_to_policies=False)

    s3 = world.admin("s3")
    given = answer(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=reading(bucket, **more)))
    assert given == expected


def block(world, bucket, **flags):
    """Set the flags, the others off."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    world.admin("s3").put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={name: flags.get(name, False) for name in names},
    )


def test_restrict_public_buckets(world: World):
    """A public policy serves nobody from outside any longer (S3: Block Public Access)."""
    bucket = world.bucket()
    world.admin("s3").put_bucket_policy(Bucket=bucket, Policy=reading(bucket))
    abroad = world.client("s3", world.user(allow("s3:*"), account=THERE))
    nobody, home = world.client("s3", None), world.client("s3", world.user())
    file = {"Bucket": bucket, "Key": "a/1"}
    assert [answer(lambda s3=s3: s3.get_object(**file)) for s3 in (nobody, abroad, home)] == [
        "ok"
    ] * 3

    block(world, bucket, RestrictPublicBuckets=True)

    answers = [answer(lambda s3=s3: s3.get_object(**file)) for s3 in (nobody, abroad, home)]
    assert answers == ["AccessDenied", "AccessDenied", "ok"]


def test_lists_are_off_where_the_owner_owns(world: World):
    """BucketOwnerEnforced (S3: AccessControlListNotSupported)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    put = {"Bucket": bucket, "Key": "k", "Body": b""}

    off = "AccessControlListNotSupported"
    assert answer(lambda: s3.put_bucket_acl(Bucket=bucket, ACL="private")) == off
    assert answer(lambda: s3.put_object_acl(Bucket=bucket, Key="a/1", ACL="public-read")) == off
    assert answer(lambda: s3.put_object(**put, ACL="public-read")) == off
    assert answer(lambda: s3.put_object(**put, ACL="bucket-owner-full-control")) == "ok"
    where = {"LocationConstraint": REGION}
    public = answer(lambda: s3.create_bucket(
        Bucket=world.name("open"), CreateBucketConfiguration=where, ACL="public-read"))  # fmt: skip
    assert public == "InvalidBucketAclWithObjectOwnership"


# --- documents and limits ---


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("s3:GetObject", "arn:aws:s3:::another-bucket/*", Principal={"AWS": HERE}), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/*"), "MalformedPolicy"),
        (allow("s3:GetObject", None, Principal={"AWS": HERE}), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/*", Principal={"AWS": f"arn:aws:iam::{HERE}:user/none"}), "MalformedPolicy"),
        (allow("GetObject", "$B/*", Principal={"AWS": HERE}), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/*", Principal={"AWS": HERE}, Condition={"Like": {"a": "b"}}), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/*", Principal={"AWS": HERE}, effect="Permit"), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/" + "x" * 20_480, Principal={"AWS": HERE}), "MalformedPolicy"),
        (allow("s3:GetObject", "$B/*", Principal={"AWS": HERE}), "ok"),
    ],
)  # fmt: skip
def test_bucket_policies_that_s3_refuses(world: World, statement, expected):
    """Another bucket, no principal, a principal that is not there, nonsense, 20 KB (S3)."""
    bucket, s3 = world.bucket(), world.admin("s3")
    document = policy(statement).replace("$B", f"arn:aws:s3:::{bucket}")

    assert answer(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=document)) == expected


def sized(size: int) -> str:
    """An identity policy of so many characters, white space left out."""
    empty = json.dumps(
        json.loads(policy(allow("s3:GetObject", "arn:aws:s3:::"))), separators=(",", ":")
    )
    return policy(allow("s3:GetObject", "arn:aws:s3:::" + "x" * (size - len(empty))))


@pytest.mark.parametrize(
    ("limit", "put"),
    [
        (2_048, lambda iam, me, role, text: iam.put_user_policy(
            UserName=me, PolicyName="p", PolicyDocument=text)),
        (10_240, lambda iam, me, role, text: iam.put_role_policy(
            RoleName=role, PolicyName="p", PolicyDocument=text)),
        (6_144, lambda iam, me, role, text: iam.create_policy(
            PolicyName=f"p-{len(text)}-{me}", PolicyDocument=text)),
    ],
)  # fmt: skip
def test_sizes_of_policies(world: World, limit, put):
    """White space is not counted, one character too many is (IAM: quotas)."""
    iam, me = world.admin("iam"), world.user()["name"]
    role = world.role(policy(allow("sts:AssumeRole", None, Principal={"AWS": HERE})))
    name = role.rpartition("/")[2]

    assert answer(lambda: put(iam, me, name, sized(limit))) == "ok"
    assert answer(lambda: put(iam, me, name, sized(limit + 1))) == "LimitExceeded"


def test_inline_policies_of_one_user_add_up(world: World):
    """Two of 1,100 characters are over 2,048 (IAM: quotas)."""
    iam, me = world.admin("iam"), world.user()["name"]

    for name, expected in (("one", "ok"), ("two", "LimitExceeded"), ("one", "ok")):
        put = {"UserName": me, "PolicyName": name, "PolicyDocument": sized(1_100)}
        assert answer(lambda put=put: iam.put_user_policy(**put)) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda iam, me: iam.create_user(UserName="a" * 65), "ValidationError"),
        (lambda iam, me: iam.create_user(UserName="a b"), "ValidationError"),
        (lambda iam, me: iam.create_user(UserName=me.upper()), "EntityAlreadyExists"),
        (lambda iam, me: iam.create_group(GroupName="a" * 129), "ValidationError"),
        (lambda iam, me: iam.create_role(RoleName="r" * 65, AssumeRolePolicyDocument=policy(
            allow("sts:AssumeRole", None, Principal={"AWS": HERE}))), "ValidationError"),
        (lambda iam, me: iam.create_role(RoleName="r-none", AssumeRolePolicyDocument=policy(
            allow("sts:AssumeRole", None, Principal={"AWS": f"arn:aws:iam::{HERE}:user/none"}))),
         "MalformedPolicyDocument"),
        (lambda iam, me: iam.create_role(RoleName="r-resource", AssumeRolePolicyDocument=policy(
            allow("sts:AssumeRole", "*", Principal={"AWS": HERE}))), "MalformedPolicyDocument"),
        (lambda iam, me: iam.create_role(RoleName="r-long", MaxSessionDuration=43201,
            AssumeRolePolicyDocument=policy(allow("sts:AssumeRole", None, Principal={"AWS": HERE}))),
         "ValidationError"),
        (lambda iam, me: iam.create_role(RoleName="r-big", AssumeRolePolicyDocument=policy(
            *[allow("sts:AssumeRole", None, Principal={"AWS": HERE}, Sid=f"S{n}{'x' * 90}")
              for n in range(12)])), "LimitExceeded"),
        (lambda iam, me: iam.put_user_policy(UserName=me, PolicyName="p", PolicyDocument="{}"),
         "MalformedPolicyDocument"),
        (lambda iam, me: iam.put_user_policy(UserName=me, PolicyName="p", PolicyDocument=policy(
            allow("s3:GetObject", "*", Principal="*"))), "MalformedPolicyDocument"),
        (lambda iam, me: iam.put_user_policy(UserName=me, PolicyName="p", PolicyDocument=policy(
            allow("s3:GetObject", "bucket/*"))), "MalformedPolicyDocument"),
        (lambda iam, me: iam.delete_user(UserName=me), "DeleteConflict"),
        (lambda iam, me: [iam.create_access_key(UserName=me), iam.create_access_key(UserName=me)],
         "LimitExceeded"),
    ],
)  # fmt: skip
def test_what_iam_refuses(world: World, call, expected):
    """Names, principals, durations, sizes, grammar, conflicts (IAM API: errors)."""
    assert answer(lambda: call(world.admin("iam"), world.user()["name"])) == expected


# --- CORS ---

CORS = {
    "CORSRules": [
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["Authorization"]},
        {
            "AllowedOrigins": ["https://app.example.com", "https://*.test.example.com"],
            "AllowedMethods": ["POST", "PUT"],
            "AllowedHeaders": ["Authorization", "x-amz-*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3000,
        },
    ]
}


@pytest.fixture(scope="module")
def page(world: World):
    """A bucket with CORS rules; asks it as a browser would."""
    import requests

    bucket = world.bucket()
    world.admin("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)

    def ask(method="OPTIONS", bucket=bucket, **headers):
        names = {
            "origin": "Origin",
            "wants": "Access-Control-Request-Method",
            "sends": "Access-Control-Request-Headers",
        }
        return requests.request(
            method, f"{world.aws['endpoint']}/{bucket}/a/1", verify=world.aws["ca_bundle"],
            headers={names[key]: value for key, value in headers.items()}, timeout=10,
        )  # fmt: skip

    return ask


@pytest.mark.parametrize(
    ("asked", "status", "origin"),
    [
        ({"origin": "https://x.example", "wants": "GET"}, 200, "*"),
        ({"origin": "https://x.example", "wants": "GET", "sends": "authorization"}, 200, "*"),
        ({"origin": "https://x.example", "wants": "GET", "sends": "x-other"}, 403, None),
        ({"origin": "https://x.example", "wants": "POST"}, 403, None),
        ({"origin": "https://app.example.com", "wants": "POST"}, 200, "https://app.example.com"),
        ({"origin": "https://app.example.com", "wants": "PUT", "sends": "x-amz-acl, Authorization"},
         200, "https://app.example.com"),
        ({"origin": "https://app.example.com", "wants": "DELETE"}, 403, None),
        ({"origin": "http://app.example.com", "wants": "POST"}, 403, None),
        ({"origin": "https://app.example.com.evil.example", "wants": "POST"}, 403, None),
        ({"origin": "https://a.test.example.com", "wants": "POST"}, 200, "https://a.test.example.com"),
        ({"origin": "https://app.example.com"}, 400, None),
        ({"wants": "POST"}, 400, None),
    ],
)  # fmt: skip
def test_preflights(page, asked, status, origin):
    """Origin, method and every header must fit one rule (S3: CORS)."""
    answered = page(**asked)

    assert answered.status_code == status
    assert answered.headers.get("Access-Control-Allow-Origin") == origin


def test_what_a_preflight_says(page):
    """The rule's methods and age, the headers that were asked for (S3: CORS)."""
    given = page(origin="https://app.example.com", wants="PUT", sends="authorization").headers

    assert given["Access-Control-Allow-Methods"] == "POST, PUT"
    assert given["Access-Control-Allow-Headers"] == "authorization"
    assert given["Access-Control-Max-Age"] == "3000"
    assert given["Access-Control-Expose-Headers"] == "ETag"
    assert "Origin" in given["Vary"]


def test_cors_on_the_answer_itself(page):
    """A refusal may be read by the page too; without an origin nothing is said (S3: CORS)."""
    with_origin = page("GET", origin="https://x.example")
    assert with_origin.status_code == 403
    assert with_origin.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in page("GET").headers
    assert "Access-Control-Allow-Origin" not in page("DELETE", origin="https://x.example").headers


def test_a_bucket_without_cors(world: World, page):
    """No page may (S3: CORS)."""
    assert page(bucket=world.bucket(), origin="https://x.example", wants="GET").status_code == 403


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (CORS["CORSRules"] * 50, "ok"),
        (CORS["CORSRules"] * 50 + CORS["CORSRules"][:1], "InvalidRequest"),
        ([{"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}], "InvalidRequest"),
        ([{"AllowedOrigins": ["https://*.*.com"], "AllowedMethods": ["GET"]}], "InvalidRequest"),
    ],
)
def test_cors_rules_that_s3_refuses(world: World, rules, expected):
    """More than 100, an unknown method, two wildcards (S3: CORS)."""
    bucket, s3 = world.bucket(), world.admin("s3")

    put = answer(lambda: s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules}))
    if len(rules) == 101:
        assert put in ("InvalidRequest", "MalformedXML")
    else:
        assert put == expected


def test_head_tells_the_size_of_what_get_would_answer(world):
    """File systems such as s3fs-fuse read as many bytes as HEAD says."""
    s3, bucket = world.admin("s3"), world.bucket(keys=())
    for key, body in (("some", b"light"), ("none", b"")):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        head = s3.head_object(Bucket=bucket, Key=key)
        assert head["ContentLength"] == len(body)
        assert head["ETag"] == s3.get_object(Bucket=bucket, Key=key)["ETag"]
