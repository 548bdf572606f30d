"""Documents: exact, within AWS's limits, and nothing wider than what was granted."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import object_access
from object_access.policies import buckets, cors, trust
from object_access.policies.documents import LIMITS, check_size, document, size, to_json
from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate
from object_access.policies.grants import ACTIONS, Access, grant, multipart_access
from object_access.policies.public import is_public

HERE = "111111111111"
USER = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/ann", "AIDAANN")
BUCKET = "arn:aws:s3:::farm"
WHOLE_ONLY = {Access.LIST_UPLOADS, Access.MULTIPART, Access.NOTIFY, Access.FULL}
NARROW = [access for access in Access if access is not Access.FULL]


def may(grants, action, resource, who=USER, bucket=None, **context):
    """Whether a user with these grants may do that."""
    policies = Policies(
        identity=tuple(Policy("grant", each) for each in grants),
        resource=Policy("bucket", bucket, "resource") if bucket else None,
    )
    keys = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    return evaluate(Request(who, action, resource, HERE, keys), policies).allowed


# --- grants ---


@pytest.mark.parametrize("access", NARROW)
def test_no_wildcard_and_a_sid_everywhere(access):
    """Every action is written out, every resource is the bucket's, every statement has a name."""
    for statement in grant(BUCKET, [access])["Statement"]:
        assert statement["Sid"]
        assert not any("*" in action for action in statement["Action"])
        assert statement["Resource"] in (BUCKET, f"{BUCKET}/*")


# Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3": the only
# actions that S3 sends `s3:prefix` with.
WITH_PREFIX = {"s3:ListBucket", "s3:ListBucketVersions"}


@pytest.mark.parametrize("verb", ACTIONS)
def test_a_condition_stands_only_where_s3_sends_its_key(verb):
    """Elsewhere it would make the grant worthless."""
    assert set(ACTIONS[verb].listing) <= WITH_PREFIX
    assert not WITH_PREFIX & {*ACTIONS[verb].bucket, *ACTIONS[verb].objects}
    if verb not in WHOLE_ONLY:
        for statement in grant(BUCKET, [Access.LIST, verb], ["a/"])["Statement"]:
            assert ("Condition" in statement) == (set(statement["Action"]) <= WITH_PREFIX)


def test_the_guide_s_multipart_policy():
    """The seven actions of Valohai's guide on the bucket and its objects."""
    [statement] = multipart_access(BUCKET)["Statement"]

    assert statement["Sid"] == "MultipartAccess"
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert sorted(statement["Action"]) == [
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]


FORBIDDEN = """
s3:DeleteBucket s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketAcl s3:GetBucketPolicy
s3:PutBucketPublicAccessBlock s3:PutBucketOwnershipControls s3:PutEncryptionConfiguration
s3:PutBucketVersioning s3:PutLifecycleConfiguration s3:PutBucketCORS s3:PutBucketLogging
s3:PutReplicationConfiguration s3:PutBucketTagging s3:PutBucketWebsite
s3:PutAccelerateConfiguration s3:PutBucketObjectLockConfiguration s3:PutObjectRetention
s3:PutObjectLegalHold s3:BypassGovernanceRetention s3:DeleteObjectVersion s3:CreateBucket
s3:CreateAccessPoint s3:PutAccessPointPolicy s3:PutInventoryConfiguration s3:RestoreObject
s3:ReplicateObject s3:ObjectOwnerOverrideToBucketOwner s3:PutAnalyticsConfiguration
s3:ListAllMyBuckets iam:CreateUser iam:CreateAccessKey iam:PutUserPolicy iam:AttachUserPolicy
iam:PassRole iam:CreateRole iam:UpdateAssumeRolePolicy sts:AssumeRole sts:GetFederationToken
kms:Decrypt kms:ScheduleKeyDeletion kms:PutKeyPolicy organizations:LeaveOrganization
""".split()  # noqa: SIM905 easier to read


@pytest.mark.parametrize("action", FORBIDDEN)
def test_what_no_narrow_grant_ever_allows(action):
    """All verbs together do not administer."""
    everything = [grant(BUCKET, NARROW)]

    for resource in (BUCKET, f"{BUCKET}/a/1", "*", "arn:aws:iam::1:user/x"):
        assert not may(everything, action, resource)


keys = st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=0, max_size=12)
prefixes = st.sampled_from(["a/", "team-a/", "a/b/", "projects/farm-animals/", "a.b/", "x+y/"])


@given(access=st.sampled_from(NARROW), prefix=prefixes, key=keys, inside=st.booleans())
def test_objects_inside_the_prefix_and_no_others(access, prefix, key, inside):
    """Every verb on objects, for any key: allowed under the prefix, and nowhere else."""
    if access in WHOLE_ONLY:
        return  # see below
    whole = prefix + key if inside else key
    granted = [grant(BUCKET, [access], [prefix])]

    for verb, actions in ACTIONS.items():
        if verb in WHOLE_ONLY:
            continue
        for action in actions.objects:
            expected = action in ACTIONS[access].objects and whole.startswith(prefix)
            assert may(granted, action, f"{BUCKET}/{whole}") == expected
    assert not any(
        may(granted, action, f"arn:aws:s3:::farm2/{whole}") for action in ACTIONS[access].objects
    )


@given(prefix=prefixes, asked=keys, inside=st.booleans())
def test_listing_inside_the_prefix_and_nowhere_else(prefix, asked, inside):
    """By the prefix that is asked for; asking for none lists the whole bucket, and is refused."""
    whole = prefix + asked if inside else asked
    granted = [grant(BUCKET, [Access.LIST], [prefix])]

    assert may(granted, "s3:ListBucket", BUCKET, s3__prefix=whole) == whole.startswith(prefix)
    assert not may(granted, "s3:ListBucket", BUCKET)


def test_a_neighbour_is_not_opened():
    """s3-credentials' `foo` opens `foobar/` as well; a prefix here ends with a slash."""
    granted = [grant(BUCKET, [Access.LIST, Access.READ], ["team-a/"])]

    assert may(granted, "s3:GetObject", f"{BUCKET}/team-a/x")
    assert not may(granted, "s3:GetObject", f"{BUCKET}/team-ab/x")
    assert not may(granted, "s3:ListBucket", BUCKET, s3__prefix="team-a")


@pytest.mark.parametrize(
    ("access", "prefix", "message"),
    [
        ([], "", "name at least one verb"),
        ([Access.READ], "a", "a"),
        ([Access.READ], "/a/", "/"),
        ([Access.READ], "a*/", r"\*"),
        ([Access.READ], "${aws:username}/", r"\$"),
        ([Access.MULTIPART], "a/", "lists the uploads of the whole bucket"),
        ([Access.LIST_UPLOADS], "a/", "lists the uploads of the whole bucket"),
        ([Access.NOTIFY], "a/", "replaces the notifications of the whole bucket"),
        ([Access.FULL], "a/", "is everything on the whole bucket"),
        (["admin"], "", "access 'admin' is unknown, use some of list, list-versions, "),
        ([Access.FULL, Access.READ], "", "stands alone"),
    ],
)
def test_grants_that_are_refused(access, prefix, message):
    """What could not be granted as meant."""
    with pytest.raises(ValueError, match=message):
        grant(BUCKET, access, [prefix] if prefix else ())


# --- buckets and trust ---


def test_plain_http_is_refused_to_everyone():
    """The shape that AWS Security Hub S3.5, Prowler and cdk-nag S10 look for."""
    policy = buckets.private(BUCKET)

    assert policy["Statement"] == [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [BUCKET, f"{BUCKET}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    full = [grant(BUCKET, [Access.FULL])]
    key = f"{BUCKET}/x"
    assert may(full, "s3:GetObject", key, bucket=policy, aws__securetransport="true")
    assert not may(full, "s3:GetObject", key, bucket=policy, aws__securetransport="false")
    assert not is_public(policy)


# Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3": the
# actions on buckets and objects that administer, destroy for good, or tell of administration.
ADMINISTRATION = """
s3:BypassGovernanceRetention s3:DeleteBucket s3:DeleteBucketPolicy s3:DeleteBucketWebsite
s3:DeleteObjectTagging s3:DeleteObjectVersion s3:DeleteObjectVersionTagging
s3:GetAccelerateConfiguration s3:GetAnalyticsConfiguration s3:GetBucketAcl s3:GetBucketLogging
s3:GetBucketNotification s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls
s3:GetBucketPolicy s3:GetBucketPolicyStatus s3:GetBucketPublicAccessBlock s3:GetBucketTagging
s3:GetBucketWebsite s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration
s3:GetLifecycleConfiguration s3:GetMetricsConfiguration s3:GetObjectAcl s3:GetObjectLegalHold
s3:GetObjectRetention s3:GetReplicationConfiguration s3:InitiateReplication
s3:ObjectOwnerOverrideToBucketOwner s3:PutAccelerateConfiguration s3:PutAnalyticsConfiguration
s3:PutBucketAcl s3:PutBucketCORS s3:PutBucketLogging s3:PutBucketNotification
s3:PutBucketObjectLockConfiguration s3:PutBucketOwnershipControls s3:PutBucketPolicy
s3:PutBucketPublicAccessBlock s3:PutBucketRequestPayment s3:PutBucketTagging
s3:PutBucketVersioning s3:PutBucketWebsite s3:PutEncryptionConfiguration
s3:PutIntelligentTieringConfiguration s3:PutInventoryConfiguration s3:PutLifecycleConfiguration
s3:PutMetricsConfiguration s3:PutObjectAcl s3:PutObjectLegalHold s3:PutObjectRetention
s3:PutObjectVersionAcl s3:PutObjectVersionTagging s3:PutReplicationConfiguration
s3:ReplicateDelete s3:ReplicateObject s3:ReplicateTags s3:RestoreObject s3:CreateAccessPoint
s3:WhateverAwsInventsNext
""".split()  # noqa: SIM905 easier to read


def test_what_is_left_to_the_confined():
    """Word for word what the component's documentation says: the use of objects."""
    assert buckets.LEFT_TO_CONFINED == [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketCORS",
        "s3:GetBucketLocation",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectTagging",
    ]


@given(
    action=st.sampled_from([*ADMINISTRATION, *buckets.LEFT_TO_CONFINED]),
    mixed=st.booleans(),
    key=st.sampled_from(["", "/", "/x", "/a/b c*", "/../x"]),
    number=st.integers(0, 3),
    kind=st.sampled_from(["user", "role"]),
)
def test_the_confined_use_objects_and_administer_nothing(action, mixed, key, number, kind):
    """Of a holder of `s3:*`, user or session of a role, only the use of objects is left, anywhere
    in the bucket and in whatever case; others, and who is named alike, keep everything."""
    confined = [f"arn:aws:iam::{HERE}:{kind}/c{each}" for each in range(3)]
    policy = buckets.private(BUCKET, confined)
    arn = f"arn:aws:iam::{HERE}:{kind}/c{number}"
    session = f"arn:aws:sts::{HERE}:assumed-role/c{number}/s"
    who = Principal(kind, HERE, arn if kind == "user" else session, "AXDA", arn)
    full = [grant(BUCKET, [Access.FULL])]

    allowed = may(
        full,
        action.upper().replace("S3:", "s3:") if mixed else action,
        f"{BUCKET}{key}",
        who,
        bucket=policy,
        aws__principalarn=arn,
        aws__securetransport="true",
    )
    assert allowed == (arn not in confined or action in buckets.LEFT_TO_CONFINED)


@pytest.mark.parametrize("confined", ["", "*", f"arn:aws:iam::{HERE}:user/*", HERE, "ann"])
def test_who_is_confined_has_a_name(confined):
    """Anything else would protect from nobody, silently."""
    with pytest.raises(ValueError, match="user or role '"):
        buckets.private(BUCKET, [confined])


def test_thirty_can_be_confined():
    """By far more than a bucket has consumers, within the limit of a bucket's policy."""
    names = [f"arn:aws:iam::{HERE}:user/{'u' * 61}{n:03}" for n in range(30)]
    check_size("bucket policy", buckets.private(BUCKET, names))


# --- shares ---

VENDOR = "222222222222"
V7 = f"arn:aws:iam::{VENDOR}:role/external_s3"
READER = Principal("role", VENDOR, f"arn:aws:sts::{VENDOR}:assumed-role/external_s3/s", "AROA", V7)
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def test_a_share_of_a_vendor_s_role():
    """V7's policy: its role reads, and writes thumbnails under a prefix."""
    policy = buckets.private(
        BUCKET,
        shares=[
            *buckets.shared(BUCKET, [V7], ["read"], name="Images"),
            *buckets.shared(BUCKET, [V7], ["write"], ["thumbs/"], name="Thumbs"),
        ],
    )
    assert [each["Sid"] for each in policy["Statement"]][1:] == ["ObjectsImages", "ObjectsThumbs"]
    assert not is_public(policy)

    def can(action, key, who=READER, **context):
        secure = {"aws__securetransport": "true"} | context
        return may([ANYTHING], action, f"{BUCKET}/{key}", who, bucket=policy, **secure)

    assert can("s3:GetObject", "a")
    assert can("s3:PutObject", "thumbs/a")
    assert not can("s3:GetObject", "a", aws__securetransport="false")
    assert not can("s3:PutObject", "a")
    assert not can("s3:DeleteObject", "thumbs/a")
    other = Principal("user", VENDOR, f"arn:aws:iam::{VENDOR}:user/x", "AIDA")
    assert not can("s3:GetObject", "a", other)


def test_a_share_of_a_whole_account():
    """By its root, in the bucket's partition; each of its own then needs a policy, too."""
    arn = "arn:aws-cn:s3:::farm"
    [statement] = buckets.shared(arn, [VENDOR], ["read"])
    assert statement["Principal"] == {"AWS": [f"arn:aws-cn:iam::{VENDOR}:root"]}


@pytest.mark.parametrize(
    ("principals", "access", "message"),
    [
        ([], ["read"], "no principal to share with"),
        (["*"], ["read"], "principal '.' is everyone"),
        ([VENDOR], [Access.FULL], "full access would let somebody else administer the bucket"),
        ([VENDOR], ["write", "full"], "full access would let somebody else"),
        ([VENDOR], [], "name at least one verb"),
    ],
)
def test_shares_that_are_refused(principals, access, message):
    """What would open the bucket to everyone, or give it away."""
    with pytest.raises(ValueError, match=message):
        buckets.shared(BUCKET, principals, access)


def test_trust_changes_with_the_user_s_id():
    """IAM keeps the ID of the user it was told of."""
    assert trust.user("arn", "AIDA1") != trust.user("arn", "AIDA2")
    assert to_json(trust.user("arn", "AIDA1")) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"TrustAIDA1","Effect":"Allow",'
        '"Principal":{"AWS":"arn"},"Action":"sts:AssumeRole"}]}'
    )


# --- limits ---


@pytest.mark.parametrize("kind", LIMITS)
def test_sizes(kind):
    """One character less, exactly, and one more."""
    empty = document([{"Sid": "", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}])
    room = LIMITS[kind] - size(empty)

    def of(length):
        return document([empty["Statement"][0] | {"Sid": "x" * length}])

    check_size(kind, of(room - 1))
    check_size(kind, of(room))
    with pytest.raises(ValueError, match=f"{LIMITS[kind] + 1:,} characters.* {LIMITS[kind]:,}"):
        check_size(kind, of(room + 1))


def test_sids_are_unique():
    """IAM refuses a document where they are not."""
    same = {"Sid": "Same", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    with pytest.raises(ValueError, match="two statements have the Sid 'Same'"):
        document([same, same])


# --- CORS ---


def test_the_first_cors_rule_that_fits_counts():
    """Origin, method and every header must fit the same rule."""
    rules = [
        cors.rule(["*"], ["GET"], ["Authorization"], max_age_seconds=1),
        cors.rule(["https://*.example.com"], ["GET", "PUT"], ["x-amz-*"], max_age_seconds=2),
    ]

    def age(*asked):
        found = cors.first_match(rules, *asked)
        return found and found["MaxAgeSeconds"]

    assert age("https://a.example.com", "GET") == 1
    assert age("https://a.example.com", "GET", ["X-Amz-Acl"]) == 2
    assert age("https://a.example.com", "PUT") == 2
    assert age("https://a.example.org", "PUT") is None
    assert age("https://a.example.com", "PUT", ["authorization", "x-amz-acl"]) is None


def test_every_page_may_write_where_the_consumer_s_documentation_has_it_so():
    """W&B's rule: everyone may PUT who has a presigned URL; only by an explicit word."""
    documented = {"headers": ["*"], "expose": ["ETag"]}
    with pytest.raises(ValueError, match=r"lets every page write, .* set 'as_documented'"):
        cors.rule(["*"], ["GET", "HEAD", "PUT"], **documented)

    rule = cors.rule(["*"], ["GET", "HEAD", "PUT"], **documented, as_documented=True)
    assert rule == {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3_000,
    }


# --- purity ---


def test_policies_import_no_cloud():
    """They can be read, tested and judged without Pulumi and without a cloud's SDK."""
    folder = Path(object_access.__file__).parent
    for file in [folder / "names.py", *(folder / "policies").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            imported = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported = [node.module]
            for name in imported:
                assert name.partition(".")[0] in sys.stdlib_module_names, (file.name, name)


def test_importing_them_loads_no_pulumi():
    """`components` itself imports its components on first use."""
    code = "import sys, object_access.policies.grants; print([m for m in sys.modules if 'pulumi' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(object_access.__file__).parents[1]
    )  # fmt: skip

    assert done.stdout.strip() == "[]"
