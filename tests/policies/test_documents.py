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


def test_a_location_never_depends_on_a_prefix():
    """S3 sends no `s3:prefix` with it: the condition would make the grant worthless."""
    granted = grant(BUCKET, [Access.LIST, Access.LOCATE], ["a/"])["Statement"]

    [locating] = [each for each in granted if "s3:GetBucketLocation" in each["Action"]]
    assert "Condition" not in locating
    [listing] = [each for each in granted if "s3:ListBucket" in each["Action"]]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "a/*"}}


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
s3:DeleteBucket s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketAcl s3:PutObjectAcl
s3:PutBucketPublicAccessBlock s3:PutBucketOwnershipControls s3:PutEncryptionConfiguration
s3:PutBucketVersioning s3:PutLifecycleConfiguration s3:PutBucketCORS s3:PutBucketLogging
s3:PutBucketNotification s3:PutReplicationConfiguration s3:PutBucketTagging s3:PutBucketWebsite
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
    if access is Access.MULTIPART:
        return  # for whole buckets only, see below
    whole = prefix + key if inside else key
    granted = [grant(BUCKET, [access], [prefix])]

    for verb, actions in ACTIONS.items():
        if verb is Access.MULTIPART:
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
        ([Access.FULL], "a/", "stands alone"),
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


@pytest.mark.parametrize("action", buckets.EXPOSING_ACTIONS)
def test_guests_cannot_expose_the_bucket(action):
    """However much their own policies allow; others still can."""
    policy = buckets.private(BUCKET, [USER.arn])
    full = [grant(BUCKET, [Access.FULL])]

    assert not may(full, action, BUCKET, bucket=policy, aws__principalarn=USER.arn)
    assert may(full, action, BUCKET, bucket=policy, aws__principalarn=f"{USER.arn}2")
    assert may(full, "s3:PutObject", f"{BUCKET}/x", bucket=policy, aws__principalarn=USER.arn)


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
