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
        "s3:DeleteBucket", "s3:DeleteObjectTagging", "s3:DeleteObjectVersion", "s3:GetBucketPolicy",
        "s3:GetObjectAcl", "s3:GetObjectVersionTagging", "s3:PutBucketCORS", "s3:PutBucketPolicy",
        "iam:CreateAccessKey", "sts:AssumeRole",
    }
)  # fmt: skip
WHOLE_ONLY = {Access.LIST_UPLOADS, Access.MULTIPART, Access.NOTIFY, Access.FULL}
KINDS = {
    **{verb.value: [verb] for verb in Access},
    "read and write": [Access.LIST, Access.READ, Access.WRITE, Access.DELETE],
    "upload only": [Access.WRITE],
    "everything but full": [access for access in Access if access is not Access.FULL],
    "everything on a prefix": [access for access in Access if access not in WHOLE_ONLY],
}
# Whole keys, beside which others begin alike or are the same but for their end.
KEYS = ["a", "env/prod.tfstate", "env/prod.tfstate.tflock", "team-a/x", "b/a/[1]"]

BEGINNINGS = ["", *PREFIXES, *(each[:-1] for each in PREFIXES), "A/", "/a/", "*"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_grant_allows_what_it_says_and_nothing_else(kind):
    """The expectation is written without the evaluator's rules: an action of the verb, in the
    bucket, under one of the prefixes; listing by the prefix that the request names."""
    access, rng = KINDS[kind], Random(kind)
    answers = Counter()
    for _ in range(REQUESTS):
        whole = WHOLE_ONLY & set(access)
        prefixes = rng.sample(PREFIXES, 0 if whole else rng.randrange(4))
        keys = rng.sample(KEYS, 0 if whole else rng.choice([0, 0, 1, 2]))
        exact = rng.random() < 0.3
        action = rng.choice(EVERY_ACTION if rng.random() < 0.3 else own_actions(access))
        bucket = rng.choice(BUCKETS) if rng.random() < 0.3 else "farm"
        key = rng.choice(BEGINNINGS + prefixes * 9) + "".join(rng.choices("ab/-.*?2 ", k=3))
        if rng.random() < 0.4:
            key = rng.choice([*KEYS, *keys * 9, *(each[:-1] for each in prefixes * 2)])
            key += rng.choice(["", "", "", "x", "/"])
        listing = rng.random() < 0.5
        context = {"s3:prefix": key} if listing and rng.random() < 0.8 else {}
        resource = f"arn:aws:s3:::{bucket}" if listing else f"arn:aws:s3:::{bucket}/{key}"

        made = grant("arn:aws:s3:::farm", access, prefixes, keys=keys, list_exact=exact)
        asked = Request(USER, action, resource, HERE, context)
        allowed = evaluate(asked, Policies(identity=(Policy("grant", made),))).allowed
        exactly = [*keys, *(each[:-1] for each in prefixes if exact)]
        wanted = expected(access, prefixes, keys, exactly, action, bucket, key, listing, context)
        assert allowed == wanted, (prefixes, keys, exact, asked)
        answers[allowed] += 1
    assert min(answers[True], answers[False]) > REQUESTS / 10, "too one-sided to prove anything"


def own_actions(access) -> list[str]:
    """What the verbs are about."""
    if Access.FULL in access:
        return EVERY_ACTION
    return [action for verb in access for group in ACTIONS[verb] for action in group]


def expected(access, prefixes, keys, exactly, action, bucket, key, listing, context) -> bool:
    """What the words of the grant mean."""
    if bucket != "farm":
        return False
    if Access.FULL in access:
        return action.startswith("s3:")
    verbs = [ACTIONS[verb] for verb in access]
    whole = not prefixes and not keys
    if not listing:
        under = whole or key in keys or any(key.startswith(prefix) for prefix in prefixes)
        return under and any(action in verb.objects for verb in verbs)
    if not any(action in verb.listing for verb in verbs):
        return any(action in verb.bucket for verb in verbs)
    named = context.get("s3:prefix")
    under = named is not None and any(named.startswith(prefix) for prefix in prefixes)
    return whole or named in exactly or under


KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234-abcd"


@pytest.mark.parametrize(
    ("access", "actions"),
    [
        ([Access.LIST], []),
        ([Access.DELETE], []),
        ([Access.READ], ["kms:Decrypt"]),
        ([Access.WRITE], ["kms:Decrypt", "kms:GenerateDataKey"]),
        ([Access.READ_VERSIONS], ["kms:Decrypt"]),
        ([Access.READ_TAGS, Access.WRITE_TAGS, Access.WRITE_ACL], []),
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
    with pytest.raises(ValueError, match="prefix '' is empty, give no prefix at all"):
        grant("arn:aws:s3:::farm", [Access.READ], ["a/", ""])


def test_terraform_s_state():
    """The state by its key, and beside it the lock that may also be removed; a listing asks for
    the key, never for its neighbours (Terraform's documentation, "Backend Type: s3")."""
    state, farm = "env/prod.tfstate", "arn:aws:s3:::farm"
    policies = Policies(
        identity=(
            Policy("state", grant(farm, ["list", "read", "write"], keys=[state])),
            Policy("lock", grant(farm, ["read", "write", "delete"], keys=[f"{state}.tflock"])),
        )
    )

    def may(action, resource, **context):
        return evaluate(Request(USER, action, resource, HERE, context), policies).allowed

    assert may("s3:ListBucket", farm, **{"s3:prefix": state})
    assert may("s3:PutObject", f"{farm}/{state}")
    assert may("s3:DeleteObject", f"{farm}/{state}.tflock")
    assert not may("s3:DeleteObject", f"{farm}/{state}")
    assert not may("s3:GetObject", f"{farm}/{state}.backup")
    assert not may("s3:GetObject", f"{farm}/env/test.tfstate")
    for beside in ("", "env/", "env/prod"):
        assert not may("s3:ListBucket", farm, **{"s3:prefix": beside})


@pytest.mark.parametrize(
    "key", ["", "a/", "a*", "a?", "${aws:username}", "/a", "a//b", "a/../b", "日"]
)
def test_what_is_no_key(key):
    """A pattern would open its neighbours, an empty key the whole bucket."""
    with pytest.raises(ValueError, match=r"^key '"):
        grant("arn:aws:s3:::farm", [Access.READ], keys=[key])


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
