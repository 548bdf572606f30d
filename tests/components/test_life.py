"""What components ask of the engine for the years after their creation: what goes when, and what is
made anew."""

from datetime import UTC, datetime, timedelta

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import deserialize_properties

from object_access import AccessUser, CompatibleBucket, PrivateBucket, Removal, SwiftContainer

GRANTS = {"data": {"bucket_arn": "arn:aws:s3:::my-bucket", "access": ["read"]}}
USER = {"user_name": "reader", "grants": GRANTS}
BUCKET = {
    "bucket_name": "my-bucket",
    "region": "eu-west-1",
    "cors": [{"origins": ["*"], "methods": ["GET"]}],
    "access_logs": {"bucket_name": "my-logs"},
}
STORES = [
    (PrivateBucket, BUCKET, "Bucket"),
    (
        CompatibleBucket,
        {"bucket_name": "data", "endpoint": "https://s3.example.org"},
        "StoreBucket",
    ),
    (SwiftContainer, {"container_name": "data", "region": "RegionOne"}, "Container"),
]


@pytest.fixture
def asked(monkeypatch):
    """What the engine was asked to register, by kind and name, and the outputs of components."""
    seen = {}
    register, finish = MockMonitor.RegisterResource, MockMonitor.RegisterResourceOutputs

    def registering(self, request):
        seen[request.type.rpartition(":")[2], request.name] = request
        return register(self, request)

    def finishing(self, request):
        *_, name = request.urn.split("::", 3)
        seen["outputs", name] = deserialize_properties(request.outputs)
        return finish(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", registering)
    monkeypatch.setattr(MockMonitor, "RegisterResourceOutputs", finishing)
    return seen


def test_settings_go_with_their_bucket(declare, asked):
    """A deletion that is refused, of a bucket that is protected or not empty, strips it of none: not
    of its policy, public access block or encryption."""
    declare(lambda: PrivateBucket("vision", BUCKET) and None)

    settings = {kind: each for (kind, _), each in asked.items() if kind.startswith("Bucket")}
    bucket = settings.pop("Bucket")
    assert len(settings) == 8
    assert {each.deletedWith.rpartition("::")[2] for each in settings.values()} == {bucket.name}
    assert all("Bucket::" in each.deletedWith for each in settings.values())


def test_a_user_of_another_name_is_another_user(declare, asked):
    """AWS would rename it in place and make its keys anew, of which there is room for two."""
    declare(lambda: AccessUser("vision", {"user_name": "reader", "grants": GRANTS}) and None)

    assert list(asked["User", "vision"].replaceOnChanges) == ["name"]


@pytest.mark.parametrize(("component", "args", "kind"), STORES)
@pytest.mark.parametrize("removal", Removal)
def test_what_holds_data_goes_as_its_removal_says(declare, asked, component, args, kind, removal):
    """Protected, or let go of, or deleted; and the state tells later programs which."""
    declare(lambda: component("vision", args | {"removal": removal}) and None)

    store = asked[kind, "vision"]
    assert store.protect is (removal is Removal.KEEP)
    assert store.retainOnDelete is (removal is Removal.LEAVE)
    assert asked["outputs", "vision"]["removal"] == str(removal)


def test_the_state_tells_the_names_of_keys(declare, asked):
    """So that a program can warn of those that end."""
    user = {"user_name": "reader", "grants": GRANTS, "keys": ["may", "2026-11"]}
    declare(lambda: AccessUser("vision", user) and None)

    assert asked["outputs", "vision"]["keys"] == ["may", "2026-11"]
    assert asked["outputs", "vision"]["user_name"] == "reader"


@pytest.mark.parametrize(
    ("age", "days", "warns"), [(91, 90, True), (89, 90, False), (500, 0, False)]
)
def test_an_old_key_is_warned_of(declare, paper, monkeypatch, age, days, warns):
    """From an age on that is a setting; 0 silences it."""
    said, answer = [], paper._answer
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    created = {"createDate": (datetime.now(UTC) - timedelta(days=age, hours=1)).isoformat()}
    monkeypatch.setattr(
        paper,
        "_answer",
        lambda kind, *given: (answer(kind, *given)[0], answer(kind, *given)[1] | created),
    )

    declare(lambda: {"user": AccessUser("vision", USER | {"key_days": days}).access_key_id})

    told = [f"vision: the key that is handed over is {age} days old, {days} are meant"]
    assert [each.partition(":")[0] + ":" + each.split(":")[1] for each in said] == told * warns


def test_a_key_is_switched_off_before_it_goes(declare, paper):
    """Any but the one that is handed over."""
    keys = {"keys": ["may", "november"], "inactive": ["may"]}
    declare(lambda: AccessUser("vision", USER | keys) and None)

    assert paper.one("AccessKey", "vision-may")["status"] == "Inactive"
    assert "status" not in paper.one("AccessKey", "vision-november")
    for wrong in (["november"], ["june"]):
        with pytest.raises(ValueError, match=f"vision: inactive key '{wrong[0]}' is none of"):
            declare(
                lambda wrong=wrong: AccessUser("vision", USER | keys | {"inactive": wrong}) and None
            )
