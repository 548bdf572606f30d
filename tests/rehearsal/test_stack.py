"""The engine in this process: what is created, updated, replaced and deleted, in which order."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime.proto import alias_pb2, resource_pb2

from object_access.rehearsal.provider import Change, Provider
from object_access.rehearsal.served import to_struct
from object_access.rehearsal.stack import Resource, Stack

REGION = "eu-west-1"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:iam/accessKey:AccessKey"
POLICY = "aws:iam/userPolicy:UserPolicy"
ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


class Program:
    """What a program says of its resources, to a stack that keeps what it made."""

    def __init__(self, cloud):
        self.done: list[str] = []
        self.stack = Stack("project", "test", Provider(cloud, self._note))

    def _note(self, change: Change) -> None:
        self.done.append(f"{change.verb} {change.name}")

    def up(self, *declared: Any) -> list[str]:
        """Bring up (type, name, inputs, needs, options); gives what was done, in order."""
        self.done.clear()
        self.stack.begin()
        for kind, name, inputs, *rest in declared:
            needs = rest[0] if rest else {}
            options = {
                "importId": "", "ignoreChanges": [], "replaceOnChanges": [], "aliases": [],
                "aliasURNs": [], "deleteBeforeReplaceDefined": False, "parent": "",
                **(rest[1] if len(rest) > 1 else {}),
            }  # fmt: skip
            self.stack.register(
                Resource(
                    self.stack.urn("", kind, name), kind, name, dict(inputs),
                    {key: frozenset({self.urn(*of)}) for key, of in needs.items()},
                    protect=options.get("protect", False),
                    deleted_with=options.get("deletedWith", ""),
                ),
                SimpleNamespace(**options),
            )  # fmt: skip
        self.stack.finish()
        return self.done

    def urn(self, kind: str, name: str) -> str:
        """Of a resource without a parent."""
        return self.stack.urn("", kind, name)


@pytest.fixture
def program(cloud):
    """A program of this test's own; what it made is gone afterwards."""
    made = Program(cloud)
    yield made
    for each in made.stack.there.values():
        each.protect = False
    made.stack.destroy()


def user(name: str, **more: Any) -> tuple[Any, ...]:
    return (USER, "user", {"name": name, **more})


def policy_of(name: str, action: str = "s3:ListBucket") -> tuple[Any, ...]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inputs = {"name": "may", "user": name, "policy": document}
    return (POLICY, "policy", inputs, {"user": (USER, "user")})


def key_of(name: str) -> tuple[Any, ...]:
    return (KEY, "key", {"user": name}, {"user": (USER, "user")})


def test_a_second_run_changes_nothing(program):
    """And what is no longer declared goes, last what others need."""
    declared = (user("stack-a"), policy_of("stack-a"), key_of("stack-a"))

    assert program.up(*declared) == ["created user", "created policy", "created key"]
    assert program.up(*declared) == []
    assert program.up(declared[0]) == ["deleted key", "deleted policy"]
    assert program.up() == ["deleted user"]


def test_what_can_change_in_place_does(cloud, program):
    """A policy's document and a user's tags; the key stays."""
    program.up(user("stack-b", tags={"a": "1", "b": "2"}), policy_of("stack-b"), key_of("stack-b"))
    changed = (
        user("stack-b", tags={"a": "3"}), policy_of("stack-b", "s3:GetObject"), key_of("stack-b")
    )  # fmt: skip

    assert program.up(*changed) == ["updated user", "updated policy"]
    iam = cloud.admin("iam")
    assert iam.list_user_tags(UserName="stack-b")["Tags"] == [{"Key": "a", "Value": "3"}]
    found = iam.get_user_policy(UserName="stack-b", PolicyName="may")["PolicyDocument"]
    assert found["Statement"][0]["Action"] == "s3:GetObject"


def test_a_renamed_user_is_renamed_in_place_and_its_key_replaced(cloud, program):
    """As the official plugin does (pulumi-aws issue 1610): a policy, whose name is given, goes
    first; a key goes last, and stays in truth, as it is looked for with a user who is gone."""
    program.up(user("stack-c"), policy_of("stack-c"), key_of("stack-c"))

    assert program.up(user("stack-d"), policy_of("stack-d"), key_of("stack-d")) == [
        "updated user", "deleted policy", "created policy", "created key", "deleted key",
    ]  # fmt: skip
    iam = cloud.admin("iam")
    there = {
        each["AccessKeyId"]
        for each in iam.list_access_keys(UserName="stack-d")["AccessKeyMetadata"]
    }
    [left] = there - {each.id for each in program.stack.there.values()}
    iam.delete_access_key(UserName="stack-d", AccessKeyId=left)


def test_replaced_on_demand(program):
    """Another name, and so another user: the old one goes last, after its key."""
    again = ({}, {"replaceOnChanges": ["name"]})
    program.up((*user("stack-e"), *again), key_of("stack-e"))

    assert program.up((*user("stack-f"), *again), key_of("stack-f")) == [
        "created user", "created key", "deleted key", "deleted user",
    ]  # fmt: skip


def test_deleted_first_with_what_hangs_on_it(program):
    """A name that is taken: the dependents go first, and are made anew."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
             "Action": "sts:AssumeRole"}  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    allow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})  # fmt: skip
    hangs = ("aws:iam/rolePolicy:RolePolicy", "hangs",
             {"name": "x", "role": "stack-role", "policy": allow},
             {"role": (ROLE, "role")})  # fmt: skip
    role = {"name": "stack-role", "assumeRolePolicy": document}
    program.up((ROLE, "role", role), hangs)

    assert program.up((ROLE, "role", {**role, "path": "/moved/"}), hangs) == [
        "deleted hangs", "deleted role", "created role", "created hangs",
    ]  # fmt: skip


def test_another_logical_name_by_an_alias(program):
    """Nothing is done to the cloud."""
    program.up(user("stack-g"))
    _, _, inputs = user("stack-g")
    alias = {"aliasURNs": [program.urn(USER, "user")]}

    assert program.up((USER, "renamed", inputs, {}, alias)) == []
    assert [each.name for each in program.stack.there.values()] == ["renamed"]


def test_what_is_in_something_goes_by_its_former_name_too(program):
    """As Pulumi's engine has it: a project under another name is made anew nowhere."""
    monitor = program.stack.begin

    def up(name, **alias):
        talk = monitor()
        component = {"type": "tests:index:Thing", "name": name, **alias}
        above = talk.RegisterResource(resource_pb2.RegisterResourceRequest(**component))
        talk.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=USER, name=f"{name}-user", parent=above.urn, custom=True,
                object=to_struct({"name": "stack-inherited"}),
            )
        )  # fmt: skip
        program.stack.finish()
        return [each.name for each in program.stack.there.values()]

    former = alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name="old", noParent=True))

    assert up("old") == ["old", "old-user"]
    assert up("new", aliases=[former]) == ["new", "new-user"]


def test_what_is_protected_is_neither_deleted_nor_replaced(cloud, program):
    """One line says so; the bucket is there still."""
    bucket = {"bucket": "stack-protected", "region": REGION}
    program.up((BUCKET, "data", bucket, {}, {"protect": True}))

    with pytest.raises(
        RuntimeError, match=r"data \(aws:s3/bucket:Bucket\) is protected: it is not"
    ):
        program.up()
    with pytest.raises(RuntimeError, match="would be replaced for another bucket"):
        program.up((BUCKET, "data", {**bucket, "bucket": "stack-other"}, {}, {"protect": True}))
    assert cloud.admin("s3").head_bucket(Bucket="stack-protected")


def test_settings_that_go_with_their_bucket(program):
    """Deleted with it, not one by one; and one by one where it stays."""
    bucket = (BUCKET, "data", {"bucket": "stack-with", "region": REGION})
    settings = {
        "bucket": "stack-with", "region": REGION, "versioningConfiguration": {"status": "Enabled"}
    }  # fmt: skip
    needs = {"bucket": (BUCKET, "data")}
    versioning = (VERSIONING, "v", settings, needs, {"deletedWith": program.urn(BUCKET, "data")})
    program.up(bucket, versioning)

    assert program.up(bucket) == ["deleted v"]
    program.up(bucket, versioning)
    assert program.up() == ["deleted data"]


def test_an_import_takes_over_and_says_what_differs(cloud, program):
    """A user that is there; its tags follow the program."""
    cloud.admin("iam").create_user(UserName="stack-there")
    wanted = user("stack-there", tags={"owner": "us"})

    assert program.up((*wanted, {}, {"importId": "stack-there"})) == ["updated user"]
    assert program.up(wanted) == []
    with pytest.raises(RuntimeError, match="there is no aws:iam/user:User 'nobody' to import"):
        program.up((USER, "other", {"name": "nobody"}, {}, {"importId": "nobody"}))


def test_a_run_that_failed_goes_on(cloud, program):
    """What was made is known; what is taken is said, with the line that takes it over."""
    cloud.admin("iam").create_user(UserName="stack-taken")
    taken = (USER, "taken", {"name": "stack-taken"})

    with pytest.raises(RuntimeError, match="pulumi import aws:iam/user:User taken stack-taken"):
        program.up(user("stack-h"), taken)
    cloud.admin("iam").delete_user(UserName="stack-taken")
    assert program.up(user("stack-h"), taken) == ["created taken"]
