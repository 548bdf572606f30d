"""The data about AWS's actions: complete enough to decide by, and true to AWS's own words."""

import json
from pathlib import Path

import pytest

from object_access.policies import reference
from object_access.policies.reference import actions, known_key


def test_the_services_that_are_decided_are_there_with_every_action():
    """S3, IAM, STS and KMS, each action with a level of access that AWS uses."""
    assert reference.services() == {"iam", "kms", "s3", "sts"}
    assert {each.level for each in actions().values()} == {
        "List", "Read", "Write", "Permissions management", "Tagging",
    }  # fmt: skip


def test_every_key_of_an_action_has_a_type():
    """So that a value of the wrong type in a policy can be told."""
    listed = {key for action in actions().values() for key in action.keys}
    assert listed <= reference.keys().keys()


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("s3:prefix", "s3:prefix"),
        ("s3:ExistingObjectTag/Class", "s3:existingobjecttag/*"),
        ("aws:RequestTag/a/b", "aws:requesttag/*"),
        ("kms:EncryptionContext:a:b", "kms:encryptioncontext:*"),
        ("aws:SourceIp", "aws:sourceip"),
        ("s3:nothing", ""),
        ("aws:nothing/x", ""),
    ],
)
def test_keys_are_found_whatever_their_case_and_free_end(given, known):
    """Service Authorization Reference: keys with `${TagKey}` end as the asker wishes."""
    assert known_key(given) == known


def test_the_data_says_where_it_is_from_and_when():
    """Nobody can judge facts without a source and a date."""
    head = json.loads((Path(reference.__file__).parent / "actions.json").read_text())
    assert "Service Authorization Reference" in head["source"]
    assert head["date"].startswith("20")
