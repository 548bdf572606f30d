"""MultipartUploadRole: for one user, one bucket, one hour."""

import json

import pytest

from object_access import MultipartUploadRole

ARGS = {
    "role_name": "uploads",
    "user_arn": "arn:aws:iam::123456789012:user/valohai",
    "user_unique_id": "AIDAEXAMPLE",
    "bucket_arn": "arn:aws:s3:::my-bucket-1",
}


def test_a_role_that_one_user_may_assume(declare, paper):
    """Trust names exactly the user, without an external ID, for an hour at most."""
    outputs = declare(lambda: {"role_arn": MultipartUploadRole("vision", ARGS).role_arn})

    assert paper.kinds() == ["Role", "RolePolicy"]
    role = paper.one("Role")
    assert (role["name"], role["maxSessionDuration"]) == ("uploads", 3600)
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Sid": "TrustAIDAEXAMPLE",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:user/valohai"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert outputs == {"role_arn": ("arn:aws:iam::123456789012:role/uploads", False)}


def test_a_user_made_anew_changes_the_trust(declare, paper):
    """IAM keeps the ID of the user it was told of: another ID must make another document."""
    declare(lambda: MultipartUploadRole("vision", ARGS) and None)
    before = paper.one("Role")["assumeRolePolicy"]
    paper.declared.clear()

    declare(lambda: MultipartUploadRole("vision", ARGS | {"user_unique_id": "AIDAOTHER"}) and None)

    assert paper.one("Role")["assumeRolePolicy"] != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role_name": "a b"}, "a b"),
        ({"role_name": "a" * 65}, "64"),
        ({"external_id": "x"}, "vision: unknown input 'external_id'"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """The message names the component and says what to do; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: MultipartUploadRole("vision", ARGS | change) and None)

    assert message in str(refused.value)
    assert paper.declared == []
    assert paper.components == []
