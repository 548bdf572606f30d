"""Access that is wider or narrower than promised, made behind the program's back: a check sees it.

Each was once a hole: everything came out as promised.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from object_access.handover.model import Handover, Key
from object_access.rehearsal.cloud import Cloud

from .conftest import Batches, Case, failed

LIGHTLY = "311530292373"


@dataclass(frozen=True)
class Made:
    """A project that is there, before it is checked."""

    cloud: Cloud
    handover: Handover

    def policy(self, holder: str, effect: str, action: str, resource: str, **more: Any) -> None:
        """One more statement for a holder; `{bucket}` stands for the ARN of the bucket."""
        bucket = f"arn:aws:s3:::{self.handover.where.bucket}"
        statement = {
            "Effect": effect,
            "Action": action,
            "Resource": resource.replace("{bucket}", bucket),
            **more,
        }
        how, iam = self.handover.holders[holder].how, self.cloud.admin("iam")
        asked = {"PolicyName": "more", "PolicyDocument": _document(statement)}
        if isinstance(how, Key):
            used = iam.get_access_key_last_used(AccessKeyId=how.access_key_id)
            iam.put_user_policy(UserName=used["UserName"], **asked)
        else:
            iam.put_role_policy(RoleName=how.role_arn.rpartition("/")[2], **asked)

    def trust(self, holder: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Another trust policy for a role: its statements, changed."""
        iam, name = self.cloud.admin("iam"), self.role(holder)
        document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        change(document)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))

    def role(self, holder: str) -> str:
        """The name of a holder's role."""
        return self.handover.holders[holder].how.role_arn.rpartition("/")[2]

    def bucket_policy(self, **statement: Any) -> None:
        """One more statement in the bucket's policy."""
        s3, bucket = self.cloud.admin("s3"), self.handover.where.bucket
        s3.delete_public_access_block(Bucket=bucket)
        document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        text = json.dumps(statement).replace("{bucket}", f"arn:aws:s3:::{bucket}")
        document["Statement"].append(json.loads(text))
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def s3(holder: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A project with a place to read and one to read and write, and one holder."""
    places = {
        "in": {"prefix": "in/", "access": ["list", "read"]},
        "out": {"prefix": "out/", "access": ["list", "read", "write"]},
    }
    return {"kind": "s3", "places": places, "holders": {"tool": holder or {"as": "user"}}, **more}


def also(action: str, resource: str = "{bucket}/*") -> Callable[[Made], object]:
    return lambda made: made.policy("tool", "Allow", action, resource)


def never(action: str, resource: str = "{bucket}/*") -> Callable[[Made], object]:
    return lambda made: made.policy("tool", "Deny", action, resource)


def _without_condition_for_the_second(document: dict[str, Any]) -> None:
    [statement] = document["Statement"]
    first, second = statement["Principal"]["AWS"]
    document["Statement"] = [
        {**statement, "Principal": {"AWS": first}},
        {"Effect": "Allow", "Principal": {"AWS": second}, "Action": "sts:AssumeRole"},
    ]


def _only_the_first(document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        statement["Principal"]["AWS"] = statement["Principal"]["AWS"][0]


def _whole_account(document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        statement["Principal"]["AWS"] = f"arn:aws:iam::{LIGHTLY}:root"


def _own_account_too(document: dict[str, Any]) -> None:
    document["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    )


def cors(*rules: dict[str, Any]) -> Callable[[Made], object]:
    return lambda made: made.cloud.admin("s3").put_bucket_cors(
        Bucket=made.handover.where.bucket, CORSConfiguration={"CORSRules": list(rules)}
    )


TRUSTED = [f"arn:aws:iam::{LIGHTLY}:user/{name}" for name in ("reader", "writer")]
ROLE = {"as": "role", "trusted": TRUSTED}
PAGE = {"origins": ["https://app.example.com"], "methods": ["GET"]}
KEYS = {
    "kind": "s3",
    "places": {"state": {"keys": ["a.state", "b.state"], "access": ["list", "read", "write"]}},
    "holders": {"tool": {"as": "user"}},
}
TAGS = {
    "kind": "s3",
    "places": {"in": {"prefix": "in/", "access": ["list", "read", "read-tags"]}},
    "holders": {"tool": {"as": "user"}},
}
VALOHAI = {"kind": "valohai-s3", "multipart": True}


HOLES: dict[str, tuple[dict[str, Any], Callable[[Made], object]]] = {
    "reads the whole bucket": (s3(), also("s3:GetObject")),
    "reads old versions of the whole bucket": (s3(), also("s3:GetObjectVersion")),
    "reads tags of the whole bucket": (TAGS, also("s3:GetObjectTagging")),
    "deletes old versions for good": (s3(), also("s3:DeleteObjectVersion", "{bucket}/out/*")),
    "removes tags": (s3(), also("s3:DeleteObjectTagging", "{bucket}/out/*")),
    "reads ACLs": (s3(), also("s3:GetObjectAcl", "{bucket}/out/*")),
    "locks its files for decades": (s3(), also("s3:PutObjectRetention", "{bucket}/out/*")),
    "holds its files": (s3(), also("s3:PutObjectLegalHold", "{bucket}/out/*")),
    "tags its files": (s3(), also("s3:PutObjectTagging", "{bucket}/out/*")),
    "another bucket that begins alike": (s3(), also("s3:GetObject", "{bucket}-2/*")),
    "every role of the account": (s3(), also("sts:AssumeRole", "*")),
    "the second key is not read": (KEYS, never("s3:GetObject", "{bucket}/b.state")),
    "the second key is deleted": (KEYS, also("s3:DeleteObject", "{bucket}/b.state")),
    "beside the second key": (KEYS, also("s3:GetObject", "{bucket}/b.state*")),
    "the second trusted asks for no external ID": (
        s3(ROLE), lambda made: made.trust("tool", _without_condition_for_the_second)),
    "the second trusted is not": (s3(ROLE), lambda made: made.trust("tool", _only_the_first)),
    "others of the trusted account": (s3(ROLE), lambda made: made.trust("tool", _whole_account)),
    "the machine's role for the account": (
        s3({"as": "machine"}), lambda made: made.trust("tool", _own_account_too)),
    "the upload role is for other buckets": (
        VALOHAI, lambda made: made.policy("multipart", "Allow", "s3:*", "*")),
    "the upload role becomes more": (
        VALOHAI, lambda made: made.policy("multipart", "Allow", "iam:*", "*")),
    "a shared bucket is administered": (
        s3({"as": "principal", "principals": [TRUSTED[0]]}),
        lambda made: made.bucket_policy(
            Effect="Allow", Principal={"AWS": TRUSTED[0]}, Action="s3:PutBucketPolicy",
            Resource="{bucket}")),
    "others of the account share the bucket": (
        s3({"as": "principal", "principals": [TRUSTED[0]]}),
        lambda made: made.bucket_policy(
            Effect="Allow", Principal={"AWS": f"arn:aws:iam::{LIGHTLY}:root"}, Action="s3:GetObject",
            Resource="{bucket}/*")),
    "the second principal is denied": (
        s3({"as": "principal", "principals": TRUSTED}),
        lambda made: made.bucket_policy(
            Effect="Deny", Principal={"AWS": TRUSTED[1]}, Action="s3:*", Resource="{bucket}/*")),
    "everybody reads the second place": (
        s3(), lambda made: made.bucket_policy(
            Effect="Allow", Principal="*", Action="s3:GetObject", Resource="{bucket}/out/*")),
    "everybody reads the first place": (
        s3(), lambda made: made.bucket_policy(
            Effect="Allow", Principal="*", Action="s3:GetObject", Resource="{bucket}/in/*")),
    "another account administers": (
        s3(), lambda made: made.bucket_policy(
            Effect="Allow", Principal={"AWS": "999999999999"}, Action="s3:PutBucketPolicy",
            Resource="{bucket}")),
    "a bucket for no page has pages": (
        s3(), cors({"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]})),
    "its page may do more": (
        s3(cors=[PAGE]), cors({"AllowedOrigins": PAGE["origins"], "AllowedMethods": ["GET", "PUT"]})),
    "its page may send any header": (
        s3(cors=[PAGE]), cors({"AllowedOrigins": PAGE["origins"], "AllowedMethods": ["GET"],
                               "AllowedHeaders": ["*"]})),
    "pages of names alike": (
        s3(cors=[PAGE]), cors({"AllowedOrigins": ["https://app.example.com*"],
                               "AllowedMethods": ["GET"]})),
    "pages of its neighbours": (
        s3(cors=[PAGE]), cors({"AllowedOrigins": ["https://*.example.com"],
                               "AllowedMethods": ["GET"]})),
    "headers that are not exposed": (
        s3(cors=[{**PAGE, "expose": ["ETag"]}]),
        cors({"AllowedOrigins": PAGE["origins"], "AllowedMethods": ["GET"]})),
    "TLS is asked for at the first place only": (
        KEYS, lambda made: made.cloud.admin("s3").delete_bucket_policy(
            Bucket=made.handover.where.bucket)),
}  # fmt: skip


OPEN = Batches(
    {
        name: Case(
            project, behind=lambda cloud, handover, change=change: change(Made(cloud, handover))
        )
        for name, (project, change) in HOLES.items()
    },
    [*HOLES][::16],
)
CLOSED = Batches({
    str(number): Case(project)
    for number, project in enumerate([
        s3(), KEYS, TAGS, VALOHAI, s3(ROLE), s3({"as": "machine"}), s3(cors=[PAGE]),
        s3({"as": "principal", "principals": TRUSTED}),
    ])
}, "0")  # fmt: skip


@pytest.mark.parametrize("hole", OPEN.params())
def test_what_is_not_as_promised_fails(cloud, hole):
    """Wider or narrower: at least one check says so."""
    results = OPEN.results(cloud, hole)

    assert len(results) >= 8
    assert failed(results)


@pytest.mark.parametrize("project", CLOSED.params())
def test_what_is_as_promised_does_not_fail(cloud, project):
    """The ground the others stand on."""
    assert failed(CLOSED.results(cloud, project)) == {}
