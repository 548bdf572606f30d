"""Witnesses on the embedded AWS: what is told as allowed now and refused before is answered so.

OBJECT_ACCESS_WITNESSES says how many of each kind are replayed, by default a few: 500 over the
three kinds take half a minute.
"""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from object_access.access.model import Kind, Party
from object_access.access.proof import Evidence, Holder, Thing, Witness, compare
from object_access.access.reading import Written, written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Principal
from object_access.rehearsal.cloud import ACCOUNT

from ..stores.conftest import World, answer, policy

WITNESSES = int(os.environ.get("OBJECT_ACCESS_WITNESSES", "14"))
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
USES = ["kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
REFUSED = ("AccessDenied", "AccessDeniedException", "403")
Statement = dict[str, Any]


class Replay:
    """A user of the embedded AWS, and something with a policy that is asked for by them."""

    def __init__(self, world: World, draw: random.Random):
        self.world, self.draw = world, draw
        self.user = world.user(account=ACCOUNT)
        self.asker = Principal("user", ACCOUNT, self.user["arn"], "AIDA")
        self.s3 = world.admin("s3", ACCOUNT)
        self.make()

    def make(self) -> None:
        """What is asked for."""
        self.bucket = self.world.bucket(ACCOUNT, keys=())
        self.arn = f"arn:aws:s3:::{self.bucket}"

    def statement(self) -> Statement:
        """Any statement about it."""
        draw = self.draw
        text = "".join(draw.choice("ab-*?") for _ in range(draw.randint(1, 4)))
        action = draw.sample(ACTIONS, 1 + draw.randrange(2))
        inside = [f"{self.arn}/*", f"{self.arn}/d/{text}"]
        # S3 takes no action on objects where a policy of a bucket names the bucket alone.
        made: Statement = {
            "Effect": draw.choice(["Allow", "Allow", "Deny"]),
            "Action": action,
            "Resource": [self.arn, draw.choice(inside)],
        }
        match draw.randrange(4):
            case 0 if action == ["s3:ListBucket"]:
                operator = draw.choice(["StringLike", "StringNotLike"])
                made["Condition"] = {operator: {"s3:prefix": [f"d/{text}"]}}
            case 1:
                made["Condition"] = {
                    "Bool": {"aws:SecureTransport": draw.choice(["true", "false"])}
                }
        if made["Action"] == ["s3:ListBucket"]:
            made["Resource"] = self.arn
        elif "s3:ListBucket" not in made["Action"]:
            made["Resource"] = made["Resource"][1]
        return made

    def state(self, statements: list[Statement]) -> Evidence:
        """The account with these."""
        own = self.written(statements)
        return self.account((own,), Thing("bucket", self.arn))

    def account(self, identity: tuple[Written, ...], thing: Thing) -> Evidence:
        ann = Holder(Party(Kind.USER, "ann", {}), self.asker, Known(), identity)
        return Evidence(ACCOUNT, {ann.shown.id: ann}, {thing.arn: thing})

    def written(self, statements: list[Statement], kind: Any = "identity") -> Written:
        return written("own", policy(*statements), kind)

    def put(self, statements: list[Statement]) -> None:
        """Let the account have these."""
        self.world.admin("iam", ACCOUNT).put_user_policy(
            UserName=self.user["name"], PolicyName="own", PolicyDocument=policy(*statements)
        )

    def prepare(self, witness: Witness) -> None:
        """S3 tells less of what is not there."""
        if key := witness.request.resource.partition("/")[2]:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"x")

    def asked(self, witness: Witness) -> bool:
        """Whether the embedded AWS lets the request through, be there such an object or not."""
        request = witness.request
        who = self.user if witness.who.name == "ann" else None
        s3 = self.world.client("s3", who, tls=request.context["aws:securetransport"] == "true")
        at = {"Bucket": self.bucket, "Key": request.resource.partition("/")[2]}
        shown = {"Prefix": each} if (each := request.context.get("s3:prefix")) is not None else {}
        calls = {
            "s3:GetObject": lambda: s3.get_object(**at),
            "s3:PutObject": lambda: s3.put_object(**at, Body=b"x"),
            "s3:DeleteObject": lambda: s3.delete_object(**at),
            "s3:ListBucket": lambda: s3.list_objects(Bucket=self.bucket, **shown),
        }
        return answer(calls[request.action]) not in REFUSED


class OfBucket(Replay):
    """The policy of a bucket, which names its users, its account or everybody."""

    def statement(self) -> Statement:
        who = self.draw.choice(["*", {"AWS": ACCOUNT}, {"AWS": self.user["arn"]}])
        return {**super().statement(), "Principal": who}

    def state(self, statements: list[Statement]) -> Evidence:
        return self.account((), Thing("bucket", self.arn, self.written(statements, "resource")))

    def put(self, statements: list[Statement]) -> None:
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(*statements))

    def prepare(self, witness: Witness) -> None:
        self.s3.delete_bucket_policy(Bucket=self.bucket)
        super().prepare(witness)


class OfKey(Replay):
    """The policy of a key, beside one of the user's own."""

    def make(self) -> None:
        self.kms = self.world.admin("kms", ACCOUNT)
        self.arn = self.kms.create_key()["KeyMetadata"]["Arn"]
        admin = self.world.admin("sts", ACCOUNT).get_caller_identity()["Arn"]
        self.keep = {"Sid": "Keep", "Effect": "Allow", "Principal": {"AWS": admin},
                     "Action": "kms:*", "Resource": "*"}  # fmt: skip
        self.own = {"Effect": "Allow", "Action": USES[:2], "Resource": "*"}
        super().put([self.own])

    def statement(self) -> Statement:
        draw = self.draw
        root = f"arn:aws:iam::{ACCOUNT}:root"
        made: Statement = {
            "Effect": draw.choice(["Allow", "Allow", "Deny"]),
            "Principal": {"AWS": draw.choice([root, self.user["arn"]])},
            "Action": draw.sample(USES, 1 + draw.randrange(2)),
            "Resource": "*",
        }
        if draw.randrange(3) == 0:
            made["Condition"] = {"StringLike": {"kms:EncryptionContext:team": draw.choice("ab*")}}
        return made

    def state(self, statements: list[Statement]) -> Evidence:
        own = self.written([self.keep, *statements], "resource")
        return self.account((self.written([self.own]),), Thing("key", self.arn, own))

    def put(self, statements: list[Statement]) -> None:
        document = policy(self.keep, *statements)
        self.kms.put_key_policy(KeyId=self.arn, PolicyName="default", Policy=document)

    def prepare(self, witness: Witness) -> None:
        """A key is there."""

    def asked(self, witness: Witness) -> bool:
        kms, context = self.world.client("kms", self.user), witness.request.context
        team = context.get("kms:encryptioncontext:team")
        given = {"KeyId": self.arn, "EncryptionContext": {"team": team} if team else {}}
        calls = {
            "kms:Encrypt": lambda: kms.encrypt(**given, Plaintext=b"x"),
            "kms:GenerateDataKey": lambda: kms.generate_data_key(**given, KeySpec="AES_256"),
            "kms:DescribeKey": lambda: kms.describe_key(KeyId=self.arn),
        }
        return answer(calls[witness.request.action]) not in REFUSED


def witnesses(replay: Replay) -> Iterator[tuple[list[list[Statement]], Witness]]:
    """Pairs of policies, and what is allowed by the second and not by the first."""
    while True:
        pair = [[replay.statement() for _ in range(replay.draw.randint(1, 3))] for _ in range(2)]
        for each in compare(*map(replay.state, pair)):
            asks = isinstance(each, Witness) and each.request.action in (*ACTIONS, *USES)
            if asks and each.who.name in ("ann", "anyone without login"):
                yield pair, each


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", [Replay, OfBucket, OfKey])
def test_witnesses_replay(cloud, kind):
    """Each is refused with the policy before, and let through with the one now."""
    replay = kind(World(cloud.aws), random.Random("replay"))
    found = witnesses(replay)
    for _ in range(WITNESSES):
        pair, witness = next(found)
        replay.prepare(witness)
        answers = []
        for statements in pair:
            replay.put(statements)
            answers.append(replay.asked(witness))
        assert answers == [False, True], (pair, witness.request)
