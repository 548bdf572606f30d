"""Witnesses on the embedded AWS: what is told as allowed now and refused before is answered so.

OBJECT_ACCESS_WITNESSES says how many are replayed.
"""

import os
import random
from typing import Any

import pytest

from object_access.access.model import Kind, Party
from object_access.access.proof import Evidence, Holder, Thing, Witness, compare
from object_access.access.reading import Written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Policy, Principal
from object_access.rehearsal.cloud import ACCOUNT

from ..stores.conftest import World, answer, policy

WITNESSES = int(os.environ.get("OBJECT_ACCESS_WITNESSES", "40"))
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:*"]


def statement(draw: random.Random, bucket: str) -> dict[str, Any]:
    """One statement of a user's policy about the bucket."""
    text = "".join(draw.choice("ab-*?") for _ in range(draw.randint(1, 4)))
    arn = f"arn:aws:s3:::{bucket}"
    made: dict[str, Any] = {
        "Effect": draw.choice(["Allow", "Allow", "Deny"]),
        "Action": draw.sample(ACTIONS, 1 + draw.randrange(2)),
        "Resource": draw.choice([[arn, f"{arn}/*"], [arn, f"{arn}/d/{text}"]]),
    }
    match draw.randrange(4):
        case 0:
            operator = draw.choice(["StringLike", "StringNotLike"])
            made["Condition"] = {operator: {"s3:prefix": [f"d/{text}"]}}
        case 1:
            made["Condition"] = {"Bool": {"aws:SecureTransport": draw.choice(["true", "false"])}}
    return made


def replayed(world: World, user: dict[str, str], bucket: str, witness: Witness) -> bool:
    """Whether the embedded AWS lets the request through, be there such an object or not."""
    request = witness.request
    s3 = world.client("s3", user, tls=request.context["aws:securetransport"] == "true")
    key = request.resource.partition("/")[2]
    calls = {
        "s3:GetObject": lambda: s3.get_object(Bucket=bucket, Key=key),
        "s3:PutObject": lambda: s3.put_object(Bucket=bucket, Key=key, Body=b"x"),
        "s3:DeleteObject": lambda: s3.delete_object(Bucket=bucket, Key=key),
        "s3:ListBucket": lambda: s3.list_objects(
            Bucket=bucket,
            **({"Prefix": request.context["s3:prefix"]} if "s3:prefix" in request.context else {}),
        ),
    }
    return answer(calls[request.action]) not in ("AccessDenied", "403")


@pytest.mark.timeout(900)
def test_witnesses_replay(cloud):
    """Each is refused with the policy before, and let through with the one now."""
    world = World(cloud.aws)
    bucket = world.bucket(ACCOUNT, keys=())
    user = world.user(account=ACCOUNT)
    iam, draw = world.admin("iam", ACCOUNT), random.Random("replay")
    asker = Principal("user", ACCOUNT, user["arn"], "AIDA")
    arn, count = f"arn:aws:s3:::{bucket}", 0
    while count < WITNESSES:
        pair = [[statement(draw, bucket) for _ in range(draw.randint(1, 3))] for _ in range(2)]
        states = []
        for statements in pair:
            body = {"Version": "2012-10-17", "Statement": statements}
            own = Written(Policy("own", body), body)
            ann = Holder(Party(Kind.USER, "ann", {}), asker, Known(), (own,))
            states.append(Evidence(ACCOUNT, {ann.shown.id: ann}, {arn: Thing("bucket", arn)}))
        for witness in compare(*states):
            if not isinstance(witness, Witness) or witness.request.action not in ACTIONS:
                continue
            answers = []
            if key := witness.request.resource.partition("/")[2]:  # else S3 tells less
                world.admin("s3", ACCOUNT).put_object(Bucket=bucket, Key=key, Body=b"x")
            for statements in pair:
                iam.put_user_policy(
                    UserName=user["name"], PolicyName="own", PolicyDocument=policy(*statements)
                )
                answers.append(replayed(world, user, bucket, witness))
            assert answers == [False, True], (pair, witness.request)
            count += 1
