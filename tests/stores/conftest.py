"""Two AWS accounts, and short ways to make what a question about access needs in them."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.handlers import validate_bucket_name

from object_access.checks.target import Target
from object_access.handover.model import Key
from object_access.stores.aws import server

HERE, THERE = "111111111111", "222222222222"
REGION = "eu-west-1"
_NUMBERS = count(1)


def allow(
    actions: Any, resources: Any = "*", /, effect: str = "Allow", **elements: Any
) -> dict[str, Any]:
    """A statement; `elements` are further ones, such as `Condition`."""
    given = {"Effect": effect, "Action": actions, "Resource": resources, **elements}
    return {key: value for key, value in given.items() if value is not None}


def deny(actions: Any, resources: Any = "*", /, **elements: Any) -> dict[str, Any]:
    """A statement that denies."""
    return allow(actions, resources, effect="Deny", **elements)


def policy(*statements: dict[str, Any]) -> str:
    """A document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def answer(call: Any) -> str:
    """How AWS answers the call: "ok", or the error's code; a bare status for HEAD."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


class World:
    """A running embedded AWS, seen through its administrators."""

    def __init__(self, aws: dict[str, Any]):
        self.aws = aws
        self.store = Target(aws["endpoint"], aws["http_endpoint"], aws["ca_bundle"])
        self._clients: dict[Any, Any] = {}

    def client(self, service: str, keys: dict[str, str] | None, *, tls: bool = True) -> Any:
        """A client with these keys; without keys, an anonymous one."""
        wanted = (service, (keys or {}).get("access_key_id"), tls)
        if wanted not in self._clients:
            who = Key(**keys) if keys else None
            self._clients[wanted] = self.store.client(service, REGION, who, tls=tls)
        return self._clients[wanted]

    def unchecked(self, service: str, keys: dict[str, str]) -> Any:
        """A client that leaves every check to the server."""
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.aws["endpoint"],
            verify=self.aws["ca_bundle"],
            config=Config(parameter_validation=False, s3={"addressing_style": "path"}),
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )
        client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
        return client

    def signing(self, keys: dict[str, str], version: str) -> Any:
        """An S3 client that signs URLs and forms in this version, "s3v4" or "s3"."""
        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.aws["endpoint"],
            config=Config(signature_version=version),
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )

    def admin(self, service: str, account: str = HERE) -> Any:
        """A client of the account's administrator."""
        return self.client(service, self.aws["accounts"][account])

    @staticmethod
    def name(kind: str = "thing") -> str:
        """A name that nobody else uses."""
        return f"{kind}-{next(_NUMBERS):05}"

    def bucket(
        self,
        account: str = HERE,
        *,
        open_to_policies: bool = True,
        keys: tuple[str, ...] = ("a/1", "b/1"),
        **more: Any,
    ) -> str:
        """A bucket with small objects; its public access block off, unless told otherwise."""
        s3, name = self.admin("s3", account), self.name("bucket")
        s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, **more
        )
        if open_to_policies:
            s3.delete_public_access_block(Bucket=name)
        for key in keys:
            s3.put_object(Bucket=name, Key=key, Body=b"x")
        return name

    def user(
        self, *statements: dict[str, Any], account: str = HERE, boundary: str = ""
    ) -> dict[str, str]:
        """A user with these statements as an inline policy: its keys, and its ARN and name."""
        iam, name = self.admin("iam", account), self.name("user")
        options = {"PermissionsBoundary": self.managed(boundary, account)} if boundary else {}
        arn = iam.create_user(UserName=name, **options)["User"]["Arn"]
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
            "arn": arn,
            "name": name,
        }

    def managed(self, document: str, account: str = HERE) -> str:
        """The ARN of a managed policy."""
        iam = self.admin("iam", account)
        made = iam.create_policy(PolicyName=self.name("policy"), PolicyDocument=document)
        return str(made["Policy"]["Arn"])

    def role(
        self,
        trust: str,
        *statements: dict[str, Any],
        account: str = HERE,
        maximum: int = 3600,
        **more: Any,
    ) -> str:
        """The ARN of a role."""
        iam, name = self.admin("iam", account), self.name("role")
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, MaxSessionDuration=maximum, **more
        )
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return str(made["Role"]["Arn"])

    def session(self, keys: dict[str, str], role: str, **more: Any) -> dict[str, str]:
        """The keys of a session of the role."""
        given = {"RoleArn": role, "RoleSessionName": "test", **more}
        made = self.client("sts", keys).assume_role(**given)["Credentials"]
        return {
            "access_key_id": made["AccessKeyId"],
            "secret_access_key": made["SecretAccessKey"],
            "session_token": made["SessionToken"],
        }


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """One embedded AWS for all questions: each makes what it needs under names of its own."""
    with server.running([HERE, THERE]) as aws:
        yield World(aws)
