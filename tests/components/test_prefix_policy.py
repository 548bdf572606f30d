"""PrefixPolicy: several grants in one managed policy, within its size."""

import json

import pytest

from object_access import AccessUser, PrefixPolicy
from object_access.policies.grants import Access

FARM, LAKE = "arn:aws:s3:::farm", "arn:aws:s3:::lake"
GRANTS = {
    "raw": {"bucket_arn": FARM, "access": [Access.LIST, Access.READ], "prefixes": ["a/", "b/"]},
    "made-files": {"bucket_arn": LAKE, "access": [Access.WRITE], "prefixes": ["out/"]},
}


def test_several_prefixes_and_buckets_in_one_document(declare, paper):
    """Each statement says by its name which grant it is of; listing is scoped as objects are."""
    outputs = declare(
        lambda: {"arn": PrefixPolicy("farm", {"policy_name": "farm", "grants": GRANTS}).policy_arn}
    )

    statements = json.loads(paper.one("Policy")["policy"])["Statement"]
    assert statements == [
        {
            "Sid": "ListRaw",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": FARM,
            "Condition": {"StringLike": {"s3:prefix": ["a/*", "b/*"]}},
        },
        {
            "Sid": "ObjectsRaw",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [f"{FARM}/a/*", f"{FARM}/b/*"],
        },
        {
            "Sid": "ObjectsMadeFiles",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
            "Resource": f"{LAKE}/out/*",
        },
    ]
    assert outputs == {"arn": ("arn:aws:iam::123456789012:policy/farm", False)}


def test_a_user_with_a_managed_policy_alone(declare, paper):
    """The user is usable only once the policy is attached."""

    def program():
        policy = PrefixPolicy("farm", {"policy_name": "farm", "grants": GRANTS})
        user = AccessUser(
            "farm", {"user_name": "farm", "managed_policies": {"farm": policy.policy_arn}}
        )
        return {"key": user.access_key_id}

    outputs = declare(program)

    assert paper.kinds() == ["AccessKey", "Policy", "User", "UserPolicyAttachment"]
    attached = paper.one("UserPolicyAttachment", "farm-farm")
    assert attached["policyArn"] == "arn:aws:iam::123456789012:policy/farm"
    assert outputs["key"][0] == "AKIA-farm-key"


def test_a_policy_too_large_is_refused_with_the_numbers(declare, paper):
    """IAM's limit for managed policies is 6,144 characters."""
    grants = {
        f"g{n}": {"bucket_arn": FARM, "access": [Access.READ], "prefixes": [f"{'p' * 900}{n}/"]}
        for n in range(8)
    }
    with pytest.raises(
        ValueError, match=r"^farm: the managed policy would have [78],\d{3} .* 6,144"
    ):
        declare(lambda: PrefixPolicy("farm", {"policy_name": "farm", "grants": grants}) and None)
    assert paper.declared == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"grants": {}}, "farm: no grants given"),
        ({"policy_name": "a/b"}, "farm: policy name 'a/b' has '/'"),
        (
            {"grants": {"a-b": GRANTS["raw"], "a_b": GRANTS["raw"]}},
            "farm: two statements have the Sid 'ListAB'",
        ),
        (
            {"grants": {"x": {**GRANTS["raw"], "prefixes": ["a"]}}},
            "farm: prefix 'a' does not end with '/'",
        ),
        (
            {"grants": {"x": {**GRANTS["raw"], "prefixes": ["${aws:username}/"]}}},
            "farm: prefix '${aws:username}/' has '${'",
        ),
        ({"grants": {"x": {**GRANTS["raw"], "prefixes": ["/a/"]}}}, "begins with '/'"),
        ({"grants": {"x": {**GRANTS["raw"], "kms_key_arn": "alias/a"}}}, "is an alias"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, args, message):
    """One line that names the component; nothing was registered."""
    given = {"policy_name": "farm", "grants": GRANTS} | args
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: PrefixPolicy("farm", given) and None)

    assert message in str(refused.value)
    assert paper.declared == []
    assert paper.components == []


def test_a_grant_and_a_managed_policy_need_names_of_their_own(declare, paper):
    """Both become children of the user."""
    args = {
        "user_name": "farm",
        "grants": {"raw": GRANTS["raw"]},
        "managed_policies": {"raw": "arn:aws:iam::123456789012:policy/x"},
    }
    with pytest.raises(ValueError, match="farm: 'raw' names a grant and a managed policy"):
        declare(lambda: AccessUser("farm", args) and None)
    assert paper.declared == []
