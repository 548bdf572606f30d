"""A rotation on the embedded AWS: a key works at every moment, and nobody's ends in use."""

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import AccessKeyLastUsed, iam_backends

from object_access.handover import Handover
from object_access.handover.model import Key
from object_access.rehearsal import engine
from object_access.rehearsal.cloud import ACCOUNT
from object_access.rotation import rotate
from object_access.rotation.rotate import Rotation
from object_access.workspace import KEY, Workspace, parse_yaml
from stacks import environment_file, settings

WORKSPACE = Workspace.at(Path(__file__).parent)
FILE = """\
config:
  object-access:environment:
    namespace: tests
    projects:
      {name}: # rotated
        # The lab's own.
        kind: s3
        protect: false
        places: {{data: {{prefix: raw/, access: [list, read, write, delete]}}}}
        holders: {{robot: {{as: user}}}}
"""


@dataclass
class Rehearsed:
    """A program on the embedded AWS: brought up once by a rehearsal, and its keys from then on as
    Pulumi does it, what is new before what goes."""

    cloud: object
    name: str
    text: str
    first: Handover
    user: str
    ids: dict[str, Key] = field(default_factory=dict)
    fails: int = 0
    valid: list[int] = field(default_factory=list)

    def settings(self):
        return environment_file.projects_in(self.text, "file")[self.name]

    def change(self, **given):
        self.text = environment_file.changed(self.text, "file", self.name, given)

    def up(self):
        if self.fails:
            self.fails -= 1
            raise ValueError("'pulumi up' did not succeed")
        config = parse_yaml(self.text, "file")["config"][KEY]
        [loaded] = settings.load(_Config(config), "dev")
        wanted, iam = loaded.project, self.cloud.admin("iam")
        for key in wanted.keys:
            if key not in self.ids:
                made = iam.create_access_key(UserName=self.user)["AccessKey"]
                self.ids[key] = Key(access_key_id=made["AccessKeyId"],
                                    secret_access_key=made["SecretAccessKey"])  # fmt: skip
            status = "Inactive" if key in wanted.inactive else "Active"
            known = {"UserName": self.user, "AccessKeyId": self.ids[key].access_key_id}
            iam.update_access_key(**known, Status=status)
            self.count()
        for key in set(self.ids) - set(wanted.keys):
            gone = self.ids.pop(key).access_key_id
            iam.delete_access_key(UserName=self.user, AccessKeyId=gone)
            self.count()

    def handover(self):
        there = [each for each in self.settings().get("keys") or ["key"] if each in self.ids]
        return self.first.with_how("robot", self.ids[there[-1]])

    def count(self):
        """How many keys of the user are valid now."""
        listed = self.cloud.admin("iam").list_access_keys(UserName=self.user)["AccessKeyMetadata"]
        self.valid.append(sum(each["Status"] == "Active" for each in listed))


@dataclass
class _Config:
    body: dict

    def get_object(self, _key):
        return self.body


@pytest.fixture
def rehearsed(cloud, request):
    """A project of its own for each test."""
    name = f"lab-{abs(hash(request.node.name)) % 100_000}"
    text = FILE.format(name=name)
    config = parse_yaml(text, "file")["config"]
    made = engine.run(WORKSPACE, "dev", config, cloud, lambda _: None)
    handover = Handover.read(name, made.handovers[name])
    key = handover.holders["robot"].how
    iam = cloud.admin("iam")
    user = iam.get_access_key_last_used(AccessKeyId=key.access_key_id)["UserName"]
    return Rehearsed(cloud, name, text, handover, user, {"key": key})


@pytest.fixture
def rotation(cloud, rehearsed):
    """One that does not wait, and notes what it tells."""
    said = []
    target = replace(cloud.target, embedded=False)
    made = Rotation(
        rehearsed, target, Key(**cloud.keys), said.append, timedelta(0), wait=lambda _: None
    )
    return made, said


@pytest.fixture
def untried(monkeypatch):
    """Without the checks, which take seconds: another test shows what they find."""
    monkeypatch.setattr(rotate, "run_checks", lambda *_: [])


def aged(rehearsed, *, made, used=None):
    """Turn the clock of the user's keys back, by days."""
    now = datetime.now(UTC)
    for key in iam_backends[ACCOUNT]["aws"].users[rehearsed.user].access_keys:
        key.create_date = now - timedelta(days=made)
        key.last_used = None
        old = rehearsed.ids.get("key")
        if used is not None and old and key.access_key_id == old.access_key_id:
            key.last_used = AccessKeyLastUsed(now - timedelta(days=used), "s3", "eu-west-1")


@pytest.mark.thorough
def test_whoever_works_all_the_while_is_never_refused(cloud, rehearsed, rotation):
    """With the old key until the new one is pasted, with the new one from then on; never is there
    no valid key of the user, and never a third."""
    step, said = rotation
    pasted, stop, refused, done = [rehearsed.ids["key"]], threading.Event(), [], []
    bucket, region = rehearsed.first.where.bucket, rehearsed.first.where.region

    def work():
        while not stop.is_set():
            s3 = cloud.target.client("s3", region, pasted[-1])
            try:
                s3.put_object(Bucket=bucket, Key="raw/beat", Body=b"x")
                done.append(s3.get_object(Bucket=bucket, Key="raw/beat")["Body"].read())
            except ClientError as error:
                refused.append(str(error))
            stop.wait(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert step.step() == 0
        assert rehearsed.settings()["keys"][0] == "key"
        new = rehearsed.handover().holders["robot"].how
        assert any(new.secret_access_key in each for each in said), "what to paste"
        pasted.append(new)
        beats = len(done)
        while len(done) < beats + 2:  # what was under way with the old one is over
            assert worker.is_alive()
            stop.wait(0.02)
        assert step.step() == 0
        assert rehearsed.settings()["inactive"] == ["key"]
        assert step.step() == 0
    finally:
        stop.set()
        worker.join()

    assert refused == []
    assert len(set(done)) == 1
    assert set(rehearsed.valid) == {1, 2}
    assert list(rehearsed.ids) == rehearsed.settings()["keys"] == [f"{datetime.now(UTC):%Y-%m-%d}"]
    assert "inactive" not in rehearsed.settings()
    assert "# The lab's own." in rehearsed.text


@pytest.mark.parametrize("failing", [1, 2, 3])
@pytest.mark.usefixtures("untried")
def test_after_whatever_went_wrong_the_same_command_goes_on(rehearsed, rotation, failing):
    """`pulumi up` fails once, at one of the steps: the file says what is meant, and it comes so."""
    step, said = rotation
    for number in (1, 2, 3):
        if number == failing:
            rehearsed.fails = 1
            with pytest.raises(ValueError, match="did not succeed"):
                step.step()
        assert step.step() == 0

    assert list(rehearsed.ids) == rehearsed.settings()["keys"] == [f"{datetime.now(UTC):%Y-%m-%d}"]
    assert set(rehearsed.valid) == {1, 2}
    assert sum("paste this" in each for each in said) == 1


@pytest.mark.parametrize(
    ("made", "used", "told"),
    [
        (0, None, r"is there since .*: the old one goes when nothing uses it for 24 hours"),
        (3, 0.5, r"was used at .*: the old one goes when nothing uses it for 24 hours"),
    ],
)
@pytest.mark.usefixtures("untried")
def test_a_key_in_use_stays(rehearsed, rotation, made, used, told):
    """Nothing is changed: neither where the old key was used lately, nor where the new one is new."""
    step, _ = rotation
    step.step()
    aged(rehearsed, made=made, used=used)
    before = rehearsed.text

    with pytest.raises(ValueError, match=told):
        replace(step, quiet=timedelta(hours=24)).step()
    assert rehearsed.text == before


@pytest.mark.usefixtures("untried")
def test_a_key_that_nobody_used_for_long_goes(rehearsed, rotation):
    """First it is switched off, then removed."""
    step, _ = rotation
    step.step()
    step = replace(step, quiet=timedelta(hours=24))

    up = rehearsed.up
    rehearsed.up = lambda: (up(), aged(rehearsed, made=3, used=2))
    assert [step.step(), step.step()] == [0, 0]
    assert "key" not in rehearsed.ids


def test_a_new_key_that_does_not_do_what_was_promised(cloud, rehearsed, rotation):
    """Nothing of the old one ends."""
    step, said = rotation
    for policy in cloud.admin("iam").list_user_policies(UserName=rehearsed.user)["PolicyNames"]:
        cloud.admin("iam").delete_user_policy(UserName=rehearsed.user, PolicyName=policy)

    assert [step.step(), step.step()] == [1, 1]
    assert len(rehearsed.ids) == 2
    assert "inactive" not in rehearsed.settings()
    assert "does not do what was promised" in said[-1]


def test_a_key_that_aws_does_not_know_yet(rehearsed, rotation, monkeypatch):
    """It is waited for; one that never works is told."""
    step, _ = rotation
    waited = []
    step = replace(step, wait=waited.append)
    monkeypatch.setattr(rehearsed, "ids", {**rehearsed.ids})
    wrong = Key(access_key_id="AKIAAAAAAAAAAAAAAAAA", secret_access_key="x" * 40)
    monkeypatch.setattr(
        type(rehearsed), "handover", lambda self: self.first.with_how("robot", wrong)
    )

    with pytest.raises(ValueError, match="the key of robot does not work"):
        step.step()
    assert sum(waited) == 60


def test_what_has_no_key(rehearsed, rotation):
    """A role: it is said what it has instead."""
    step, _ = rotation
    role = {"as": "role", "role_arn": "arn:aws:iam::1:role/r", "trusted": ["111122223333"]}
    data = rehearsed.first.data()
    data["holders"]["robot"]["how"] = role | {"external_id": "abc", "longest_session": 3600}
    rehearsed.first = Handover.read(rehearsed.name, data)
    rehearsed.handover = lambda: rehearsed.first

    with pytest.raises(ValueError, match="has no key to rotate, but role"):
        step.step()


@pytest.mark.parametrize("given", ["keys: []", "keys:"])
@pytest.mark.usefixtures("untried")
def test_keys_that_say_nothing(rehearsed, rotation, given):
    """The one key is called `key` then, and a rotation begins as ever."""
    step, _ = rotation
    rehearsed.text = rehearsed.text.replace("kind: s3", f"kind: s3\n        {given}")

    assert step.step() == 0
    assert rehearsed.settings()["keys"][0] == "key"


@pytest.mark.usefixtures("untried")
def test_swift_does_not_tell_who_uses_a_key(rehearsed, rotation):
    """So that somebody must say that all has moved over; then the old one goes at once."""
    step, _ = rotation
    data = {
        "consumer": "", "cors": [], "form": {},
        "where": {"as": "swift", "container": "c", "auth_url": "https://k.example.org/v3",
                  "region": "RegionOne", "project_id": "0" * 32},
        "places": {"all": {"prefix": "", "keys": [], "access": ["read"], "exact": False}},
        "holders": {"urls": {"how": {"as": "temp-urls", "key": "k" * 32, "signed_by": "container"},
                             "places": ["all"]}},
    }  # fmt: skip
    swift = Handover.read(rehearsed.name, data)
    handed = [swift]
    rehearsed.handover = lambda: handed[-1]
    rehearsed.up = lambda: None
    with pytest.raises(ValueError, match="the same key is handed over as before"):
        step.step()
    newer = replace(swift.holders["urls"].how, key="n" * 32)
    rehearsed.up = lambda: handed.append(swift.with_how("urls", newer))
    step.step()

    with pytest.raises(ValueError, match=r"Swift does not tell .* with --now"):
        replace(step, quiet=timedelta(hours=1)).step()
    assert len(rehearsed.settings()["keys"]) == 2
    step.step()
    assert len(rehearsed.settings()["keys"]) == 1
