"""The life of a stack on Pulumi's own engine, with the rehearsal's plugin: the CLI is enough."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from object_access.rehearsal import bystanders, engine
from object_access.workspace import Workspace

from ..rehearsal.faults import Faulty
from ..rehearsal.lives import PROJECTS, wanted

WORKSPACE = Workspace.at(Path(__file__).parents[2])
SMALL = {
    "lab": {
        "kind": "s3",
        "bucket": "engine-lab",
        "places": {"raw": {"prefix": "raw/", "access": ["list", "read"]}},
        "holders": {"it": {"as": "user"}},
    }
}
pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs `pulumi` on PATH")


class Life:
    """A stack, and its program's projects, which may change."""

    def __init__(self, opened, cloud, environment, projects):
        self._cloud, self._environment = cloud, environment
        self.provider = Faulty(cloud)
        self.projects = {name: dict(each) for name, each in projects.items()}
        self.deployment = opened.enter_context(
            engine.deploying("object-access", environment, self.provider, engine.PULUMI)
        )

    def up(self):
        """Bring it up; gives what was done with what."""
        config, projects = wanted(WORKSPACE, self._environment, self.projects)
        bystanders.provide(self._cloud, [each.project for each in projects])
        changes = self.deployment.up(WORKSPACE, config, projects).changes
        return sorted(f"{each.verb} {each.name}" for each in changes)

    def fault(self, fault, at, instead=None):
        """Meet this at the change of this number from now."""
        self.provider.expect(fault, at)
        if instead:
            self.provider.instead = instead


@pytest.fixture
def life(cloud):
    """Lives of this test's own, by the name of their environment and their projects."""
    with ExitStack() as opened:
        yield lambda *given: Life(opened, cloud, *given)


def test_every_type_from_its_making_to_its_end(cloud, life):
    """Up, nothing to do, nothing to refresh; a change in place; something by hand is repaired; and
    in the end nothing is left."""
    one = life("life", PROJECTS)

    made = one.up()
    assert {each.split()[0] for each in made} == {"created"}
    assert all(any(project in each for each in made) for project in PROJECTS)
    assert one.up() == []
    assert one.deployment.refresh() == []

    one.projects["lake"]["tags"] = {"team": "sight"}
    changed = one.up()
    assert changed
    assert {each.split()[0] for each in changed} == {"updated"}

    cloud.admin("s3").delete_public_access_block(Bucket="lives-lake")
    assert one.deployment.refresh() == ["lake-public-access"]
    assert one.up() == ["created lake-public-access"]

    assert len(one.deployment.destroy()) >= 20  # settings may go with their bucket
    there = [each["Name"] for each in cloud.admin("s3").list_buckets()["Buckets"]]
    assert "lives-lake" not in there


def test_faults_on_the_way_and_a_plain_second_run(life):
    """A call that fails, one that is throttled, one that is done and answers too late."""
    one = life("faults", SMALL)
    for fault, at in (("fails", 1), ("throttles", 3), ("times out, and is done", 4)):
        one.fault(fault, at)
        with pytest.raises(RuntimeError, match=r"\(injected\)"):
            one.up()
    one.fault("fails", 0)

    one.up()

    assert one.up() == []
    assert one.deployment.refresh() == []
    one.deployment.destroy()


def test_made_and_then_killed(cloud, life):
    """Pulumi dies after a user was made: its own `cancel`, and the line that the next run prints,
    exactly as it is printed, and the run after that comes to an end."""
    one = life("killed", SMALL)
    one.fault("times out, and is done", 1, kill_pulumi)
    with pytest.raises(RuntimeError):
        one.up()
    one.fault("fails", 0)
    stack = one.deployment.stack
    stack.cancel()

    for _ in range(3):  # a user and a bucket are made side by side
        line = refused(one.up)
        if not line:
            break
        [command] = re.findall(r"pulumi import .+--generate-code=false", line)
        done = subprocess.run(
            shlex.split(command),
            cwd=stack.workspace.work_dir,
            env={**os.environ, **stack.workspace.env_vars},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    assert one.up() == []
    assert one.deployment.refresh() == []
    [user] = [
        each["UserName"]
        for each in cloud.admin("iam").list_users()["Users"]
        if "-killed-" in each["UserName"]
    ]
    keys = cloud.admin("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert len(keys) == 1
    one.deployment.destroy()


def refused(call):
    """What it is refused with; nothing where it is not."""
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return ""


def kill_pulumi():
    """End the CLI that this process started, as nothing else could."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    for child in {int(each) for file in children for each in file.read_text().split()}:
        if Path(f"/proc/{child}/comm").read_text().strip() == "pulumi":
            os.kill(child, signal.SIGKILL)
