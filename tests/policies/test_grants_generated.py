"""For every kind of grant, thousands of requests: none outside is allowed, none inside refused."""

from collections import Counter
from random import Random

import pytest

from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate
from object_access.policies.grants import ACTIONS, Access, grant

REQUESTS = 2_500
HERE = "111111111111"
USER = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/ann", "AIDAANN")
BUCKETS = ["farm", "farm-2", "far", "farms"]
# Near misses of one another: neighbours, parents, the same word elsewhere.
PREFIXES = ["a/", "a-2/", "a/b/", "team-a/", "b/a/", "projects/farm-animals/"]
EVERY_ACTION = sorted(
    {action for verb in ACTIONS.values() for group in verb for action in group}
    | {
        "s3:DeleteBucket", "s3:DeleteObjectVersion", "s3:GetBucketPolicy", "s3:GetObjectAcl",
        "s3:GetObjectVersion", "s3:PutBucketPolicy", "s3:PutObjectAcl", "s3:PutObjectTagging",
        "iam:CreateAccessKey", "sts:AssumeRole",
    }
)  # fmt: skip
KINDS = {
    **{verb.value: [verb] for verb in Access},
    "read and write": [Access.LIST, Access.READ, Access.WRITE, Access.DELETE],
    "upload only": [Access.WRITE],
    "everything but full": [access for access in Access if access is not Access.FULL],
}
WHOLE_ONLY = {Access.MULTIPART, Access.FULL}

BEGINNINGS = ["", *PREFIXES, *(each[:-1] for each in PREFIXES), "A/", "/a/", "*"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_grant_allows_what_it_says_and_nothing_else(kind):
    """The expectation is written without the evaluator's rules: an action of the verb, in the
    bucket, under one of the prefixes; listing by the prefix that the request names."""
    access, rng = KINDS[kind], Random(kind)
    answers = Counter()
    for _ in range(REQUESTS):
        number = 0 if WHOLE_ONLY & set(access) else rng.randrange(4)
        prefixes = rng.sample(PREFIXES, number)
        action = rng.choice(EVERY_ACTION if rng.random() < 0.3 else own_actions(access))
        bucket = rng.choice(BUCKETS) if rng.random() < 0.3 else "farm"
        key = rng.choice(BEGINNINGS + prefixes * 3) + "".join(rng.choices("ab/-.*?2 ", k=3))
        listing = rng.random() < 0.5
        context = {"s3:prefix": key} if listing and rng.random() < 0.8 else {}
        resource = f"arn:aws:s3:::{bucket}" if listing else f"arn:aws:s3:::{bucket}/{key}"

        policy = Policy("grant", grant("arn:aws:s3:::farm", access, prefixes))
        asked = Request(USER, action, resource, HERE, context)
        allowed = evaluate(asked, Policies(identity=(policy,))).allowed
        wanted = expected(access, prefixes, action, bucket, key, listing, context)
        assert allowed == wanted, (prefixes, asked)
        answers[allowed] += 1
    assert min(answers[True], answers[False]) > REQUESTS / 10, "too one-sided to prove anything"


def own_actions(access) -> list[str]:
    """What the verbs are about."""
    if Access.FULL in access:
        return EVERY_ACTION
    return [action for verb in access for group in ACTIONS[verb] for action in group]


def expected(access, prefixes, action, bucket, key, listing, context) -> bool:
    """What the words of the grant mean."""
    if bucket != "farm":
        return False
    if Access.FULL in access:
        return action.startswith("s3:")
    verbs = [ACTIONS[verb] for verb in access]
    if not listing:
        under = not prefixes or any(key.startswith(prefix) for prefix in prefixes)
        return under and any(action in verb.objects for verb in verbs)
    if any(action in verb.bucket for verb in verbs):
        return True
    if not any(action in verb.listing for verb in verbs):
        return False
    named = context.get("s3:prefix")
    return not prefixes or any(named is not None and named.startswith(each) for each in prefixes)


KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234-abcd"


@pytest.mark.parametrize(
    ("access", "actions"),
    [
        ([Access.LIST], []),
        ([Access.DELETE], []),
        ([Access.READ], ["kms:Decrypt"]),
        ([Access.WRITE], ["kms:Decrypt", "kms:GenerateDataKey"]),
        ([Access.READ, Access.WRITE], ["kms:Decrypt", "kms:GenerateDataKey"]),
        ([Access.FULL], ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
)
def test_the_key_follows_the_verbs(access, actions):
    """Who reads decrypts, who writes needs both; on exactly that key."""
    statements = grant("arn:aws:s3:::farm", access, kms_key_arn=KEY)["Statement"]

    of_key = [each for each in statements if each["Sid"] == "Key"]
    assert [each["Action"] for each in of_key] == ([actions] if actions else [])
    assert all(each["Resource"] == KEY for each in of_key)


def test_a_grant_can_name_its_statements():
    """So that several fit into one document."""
    both = [
        each["Sid"]
        for name in ("In", "Out")
        for each in grant("arn:aws:s3:::farm", [Access.LIST, Access.READ], ["a/"], name=name)[
            "Statement"
        ]
    ]
    assert both == ["ListIn", "ObjectsIn", "ListOut", "ObjectsOut"]


def test_the_empty_prefix_is_no_prefix():
    """It would open the whole bucket beside prefixes that say otherwise."""
    with pytest.raises(ValueError, match="prefix '' is the whole bucket"):
        grant("arn:aws:s3:::farm", [Access.READ], ["a/", ""])


# --- what the peer leaves open ---


def test_the_gaps_of_s3_credentials_are_closed():
    """s3-credentials 0.17 writes without AbortMultipartUpload, so that a broken upload stays and
    Mountpoint fails, and its prefix `foo` opens `foobar/`; its own policies show it."""
    theirs = pytest.importorskip("s3_credentials.policies")
    prefixed = Policy("theirs", theirs.read_write("farm", "foo*"))
    abort, neighbour = (
        Request(USER, action, f"arn:aws:s3:::farm/{key}", HERE)
        for action, key in (("s3:AbortMultipartUpload", "foo/x"), ("s3:GetObject", "foobar/x"))
    )
    assert not evaluate(abort, Policies(identity=(prefixed,))).allowed
    assert evaluate(neighbour, Policies(identity=(prefixed,))).allowed

    ours = Policy("ours", grant("arn:aws:s3:::farm", [Access.READ, Access.WRITE], ["foo/"]))
    assert evaluate(abort, Policies(identity=(ours,))).allowed
    assert not evaluate(neighbour, Policies(identity=(ours,))).allowed
    with pytest.raises(ValueError, match="would open its neighbours"):
        grant("arn:aws:s3:::farm", [Access.READ], ["foo"])
