"""Every call that changes the cloud meets a fault once; the same command again comes to an end."""

import re
import shlex
from contextlib import ExitStack
from itertools import count, product
from pathlib import Path

import pytest

from object_access.rehearsal import bystanders, engine
from object_access.rehearsal.stack import Resource
from object_access.workspace import Workspace

from .faults import FAULTS, Faulty
from .lives import PROJECTS, a_store, wanted

# What the engine itself says is told here; what the program sees beforehand has tests of its own.
pytestmark = pytest.mark.usefixtures("not_looking")
WORKSPACE = Workspace.at(Path(__file__).parent)
# How many changes bring each project about.
CHANGES = {"lake": 24, "ci": 19, "store": 1, "swift": 3, "account": 3}
CASES = [
    (project, at, fault)
    for project, changes in CHANGES.items()
    for at, fault in product(range(1, changes + 1), FAULTS)
]
DONE = "times out, and is done"
SAMPLE = {
    *(("lake", at, fault) for at in (1, 5) for fault in ("fails", DONE)),
    ("store", 1, DONE),
    ("swift", 1, DONE),
    ("account", 3, DONE),
}
_NUMBERS = count(1)


class Life:
    """A stack of one project that meets a fault, and everything to bring it up again with."""

    def __init__(self, stack, cloud, project, fault, at):
        self._cloud = cloud
        self.provider = Faulty(cloud, fault, at)
        self.environment = f"fault{next(_NUMBERS)}"
        self.projects = {project: dict(PROJECTS[project])}
        self.deployment = stack.enter_context(
            engine.deploying("object-access", self.environment, self.provider, "in-process")
        )

    def up(self):
        config, projects = wanted(WORKSPACE, self.environment, self.projects)
        bystanders.provide(self._cloud, [each.project for each in projects])
        return self.deployment.up(WORKSPACE, config, projects).changes


@pytest.fixture(scope="module")
def not_looking():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBJECT_ACCESS_LOOK", "no")
        yield


@pytest.fixture
def life(cloud):
    """Lives of this test's own: of a project, with a fault, at a change."""
    with ExitStack() as stack:
        yield lambda *given: Life(stack, cloud, *given)


@pytest.fixture(scope="module")
def declared(cloud, not_looking):
    """What each project declares: types and names, sorted."""
    found = {}
    with ExitStack() as stack:
        for project in CHANGES:
            one = Life(stack, cloud, project, "fails", 0)
            found[project] = sorted((each.type, each.name) for each in one.up())
            one.deployment.destroy()
    return found


@pytest.mark.parametrize(
    ("project", "at", "fault"),
    [pytest.param(*case, marks=() if case in SAMPLE else pytest.mark.thorough) for case in CASES],
)
def test_the_same_command_again_comes_to_an_end(cloud, life, declared, project, at, fault):
    """With what the message says, where something was made and could not be noted: then nothing is
    left to do, no user has more than two keys, and nothing is left behind."""
    one = life(project, fault, declared[project][at - 1])

    with pytest.raises(Exception, match=r"\(injected\)"):
        one.up()
    if refused := message_of(one.up):
        assert one.provider.done, refused
        follow(refused, cloud, one)
        one.up()

    assert one.deployment.refresh() == []
    assert one.up() == []
    assert max(keys_of(cloud).values()) <= 2
    end_unknown_keys(cloud, one.deployment.stack)
    one.deployment.destroy()
    assert left(cloud, one.environment) == []
    if one.projects.get("store", {}).get("adopt"):  # what is adopted is not deleted
        a_store(cloud).delete_bucket(Bucket="lives-store")


def test_no_resource_is_forgotten(declared):
    """When a project gets another one, it has a fault, too."""
    assert {project: len(own) for project, own in declared.items()} == CHANGES


def message_of(call):
    """What it is refused with; nothing where it is not."""
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return ""


def follow(message, cloud, one):
    """Do what the message says."""
    if found := re.search(r"pulumi import (.+)", message):
        token, name, identifier, *options = shlex.split(found.group(1))
        parent = options[options.index("--parent") + 1].removeprefix("parent=")
        stack = one.deployment.stack
        outputs, inputs = one.provider.read(token, name, identifier, {}, {})
        urn = stack.urn(parent, token, name)
        stack.there[urn] = Resource(urn, token, name, inputs, {}, identifier, outputs)
    elif "set 'adopt' to take it over" in message:
        one.projects["store"]["adopt"] = True
    else:
        [name] = re.findall(r"openstack application credential delete (\S+)", message)
        user = cloud.openstack
        listed = user._ask("GET", user._credentials).json()["application_credentials"]
        for each in listed:
            if each["name"] == name:
                user.delete_credential(each["id"], {})


def keys_of(cloud):
    """How many access keys each user of the account has."""
    iam = cloud.admin("iam")
    return {
        user["UserName"]: len(iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"])
        for user in iam.list_users()["Users"]
    }


def end_unknown_keys(cloud, stack):
    """A key that was made and could not be noted is known by nobody: `docs/scale.md` says how it is
    found and ended."""
    iam, known = cloud.admin("iam"), {each.id for each in stack.there.values()}
    users = {each.id for each in stack.there.values() if each.type == "aws:iam/user:User"}
    for user in users:
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            if key["AccessKeyId"] not in known:
                iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


def left(cloud, environment):
    """Names of what this environment left in the account."""
    iam = cloud.admin("iam")
    there = [each["UserName"] for each in iam.list_users()["Users"]]
    there += [each["RoleName"] for each in iam.list_roles()["Roles"]]
    there += [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]]
    profiles = iam.list_instance_profiles()["InstanceProfiles"]
    there += [each["InstanceProfileName"] for each in profiles]
    buckets = [each["Name"] for each in cloud.admin("s3").list_buckets()["Buckets"]]
    return [each for each in there if f"-{environment}-" in each] + [
        each for each in buckets if each == "lives-lake"
    ]
