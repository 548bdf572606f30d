"""AccessUser: exactly the access it was granted, and keys that can be rotated."""

import json

import pytest

from object_access import AccessUser
from object_access.policies.grants import Access

BUCKET = "arn:aws:s3:::my-bucket-1"
READER = {
    "user_name": "reader",
    "grants": {"data": {"bucket_arn": BUCKET, "access": [Access.READ]}},
}


def outputs_of(user):
    """The outputs of a user."""
    names = ("user_name", "user_arn", "unique_id", "access_key_id", "secret_access_key")
    return {name: getattr(user, name) for name in names}


def test_a_user_its_grant_and_one_key(declare, paper):
    """By default: a user, an inline policy per grant, one key, whose secret is one from birth."""
    outputs = declare(lambda: outputs_of(AccessUser("vision", READER)))

    assert paper.kinds() == ["AccessKey", "User", "UserPolicy"]
    assert paper.one("User") == {"name": "reader", "forceDestroy": True, "tags": {}}
    assert paper.one("AccessKey") == {"user": "reader"}
    policy = paper.one("UserPolicy")
    assert (policy["user"], policy["name"]) == ("reader", "data")
    [statement] = json.loads(policy["policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["s3:GetObject"], f"{BUCKET}/*")
    assert outputs == {
        "user_name": ("reader", False),
        "user_arn": ("arn:aws:iam::123456789012:user/reader", False),
        "unique_id": ("AIDUSEREXAMPLE", False),
        "access_key_id": ("AKIA-vision-key", False),
        "secret_access_key": ("secret-of-vision-key", True),
    }


def test_everything_set(declare, paper):
    """Several grants, a boundary, tags, and two keys of which the last is handed over."""
    everything = {
        "user_name": "writer",
        "grants": {
            "raw": {"bucket_arn": BUCKET, "access": [Access.READ], "prefixes": ["raw/"]},
            "made": {"bucket_arn": BUCKET, "access": [Access.WRITE], "prefixes": ["made/"]},
        },
        "keys": ["2026-05", "2026-11"],
        "permissions_boundary": "arn:aws:iam::123456789012:policy/edge",
        "tags": {"team": "vision"},
    }
    outputs = declare(lambda: outputs_of(AccessUser("vision", everything)))

    assert paper.kinds() == ["AccessKey", "AccessKey", "User", "UserPolicy", "UserPolicy"]
    assert paper.one("User") == {
        "name": "writer",
        "forceDestroy": True,
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/edge",
        "tags": {"team": "vision"},
    }
    made = json.loads(paper.one("UserPolicy", "vision-made")["policy"])["Statement"]
    assert [each["Resource"] for each in made] == [f"{BUCKET}/made/*"]
    assert outputs["access_key_id"] == ("AKIA-vision-2026-11", False)
    assert outputs["secret_access_key"] == ("secret-of-vision-2026-11", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user_name": "a" * 65}, "64"),
        ({"grants": {}}, "no grants given"),
        ({"grants": {"x": {"bucket_arn": BUCKET, "access": []}}}, "name at least one verb"),
        (
            {"grants": {"x": {"bucket_arn": BUCKET, "access": [Access.READ], "prefixes": ["a"]}}},
            "'a'",
        ),
        ({"grants": {"x": {"bucket": BUCKET}}}, "vision-x: unknown input 'bucket'"),
        ({"keys": []}, "one or two"),
        ({"keys": ["a", "b", "c"]}, "one or two"),
        ({"keys": ["a", "a"]}, "of different names"),
        ({"tags": {"Team": "1", "team": "2"}}, "team"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """The message names the component and says what to do; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: AccessUser("vision", READER | change) and None)

    assert message in str(refused.value)
    assert str(refused.value).startswith("vision")
    assert paper.declared == []
    assert paper.components == []


def test_too_many_grants_are_refused_with_the_numbers(declare, paper):
    """All inline policies of a user together have 2,048 characters."""
    grants = {
        f"g{n}": {"bucket_arn": BUCKET, "access": [Access.READ], "prefixes": [f"{'p' * 200}{n}/"]}
        for n in range(8)
    }
    with pytest.raises(
        ValueError, match=r"^vision: the user inline policies would have 2,\d{3} .* 2,048"
    ):
        declare(lambda: AccessUser("vision", READER | {"grants": grants}) and None)

    assert paper.declared == []
