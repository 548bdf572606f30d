"""CompatibleBucket: what it declares, and its provider on real stores without IAM."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import pulumi
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from object_access import CompatibleBucket
from object_access.compatible_bucket import _StoreBucketProvider
from object_access.stores import compatible

from ..ceph import missing, rados_gateway

ARGS = {
    "bucket_name": "hilbert-1920384756",
    "endpoint": "https://s3.kopah.uw.edu",
    "profile": "kopah",
}
RULE = {"origins": ["https://app.example.com"], "methods": ["GET"], "headers": ["Authorization"]}
PROVIDER = _StoreBucketProvider()
_NUMBERS = count(1)


# --- what it declares ---


def test_one_resource_and_no_keys(declare, paper):
    """The provider finds the keys where it runs; none is among the inputs."""
    outputs = declare(
        lambda: {"bucket": CompatibleBucket("kopah", {**ARGS, "cors": [RULE]}).bucket_name}
    )

    assert paper.kinds() == ["StoreBucket"]
    given = paper.one("StoreBucket")
    assert given["bucket_name"] == "hilbert-1920384756"
    assert given["cors"][0]["AllowedOrigins"] == ["https://app.example.com"]
    assert {key for key in given if "secret" in key or "access_key" in key} == set()
    assert outputs == {"bucket": ("hilbert-1920384756", False)}


@pytest.mark.parametrize(
    ("removal", "emptied"),
    [({}, False), ({"removal": "empty"}, False), ({"removal": "destroy"}, True)],
)
def test_objects_are_deleted_only_where_that_was_asked_for(declare, paper, removal, emptied):
    """Of the three ways of removal the last."""
    declare(lambda: CompatibleBucket("kopah", ARGS | removal) and None)

    assert paper.one("StoreBucket")["force_destroy"] is emptied


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bucket_name": "s3://hilbert"}, "kopah: bucket name 's3://hilbert' is an address"),
        ({"endpoint": "s3.kopah.uw.edu"}, "did you mean 'https://s3.kopah.uw.edu'"),
        ({"profile": "my profile"}, "kopah: profile 'my profile' has ' '"),
        ({"cors": [{**RULE, "origins": ["app.example.com"]}]}, "did you mean 'https://app."),
        ({"versionning": True}, "did you mean 'versioning'"),
        ({"removal": "never"}, "kopah: removal 'never' is unknown, use one of keep, empty, destr"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """One line that names the component; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: CompatibleBucket("kopah", ARGS | change) and None)

    assert message in str(refused.value)
    assert paper.declared == []


def test_what_the_store_lacks_is_a_warning(declare, paper, monkeypatch):
    """One line for each, while the program runs."""
    said = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    monkeypatch.setattr(
        paper, "_answer", lambda _token, _name, inputs: ("x", {**inputs, "not_offered": ["cors"]})
    )

    outputs = declare(lambda: {"missing": CompatibleBucket("kopah", ARGS).not_offered})

    assert said == ["kopah: the store has no cors, this bucket goes without"]
    assert outputs["missing"][0] == ["cors"]


# --- the provider, on real stores ---


@pytest.fixture(scope="module", params=["SeaweedFS", "Ceph"])
def store(request) -> Iterator[dict[str, Any]]:
    """A store with two users."""
    if request.param == "Ceph":
        if missing():
            pytest.skip(f"needs {missing()} on PATH")
        with rados_gateway() as running:
            yield {**running, "somebody_else": running["other"]}
    else:
        with compatible.running() as running:
            yield running


@pytest.fixture
def props(store, tmp_path, monkeypatch) -> Callable[..., dict[str, Any]]:
    """Inputs of the provider for a bucket of its own; its profile holds our keys."""
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {keys['access_key_id']}\n"
            f"aws_secret_access_key = {keys['secret_access_key']}\n"
            for name, keys in (("kopah", store), ("other", store["somebody_else"]))
        )
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def make(**change: Any) -> dict[str, Any]:
        return {
            "bucket_name": f"hilbert-{next(_NUMBERS):06}",
            "endpoint": store["endpoint"],
            "profile": "kopah",
            "adopt": False,
            "cors": [],
            "versioning": False,
            "force_destroy": False,
            **change,
        }

    return make


@pytest.fixture
def s3(store) -> Any:
    """A client of our own, to look and to prepare."""
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=store["endpoint"],
        aws_access_key_id=store["access_key_id"],
        aws_secret_access_key=store["secret_access_key"],
        config=Config(s3={"addressing_style": "path"}),
    )


CORS = [
    {
        "AllowedOrigins": ["https://app.example.com"],
        "AllowedMethods": ["GET"],
        "AllowedHeaders": ["Authorization"],
        "ExposeHeaders": [],
        "MaxAgeSeconds": 3000.0,  # as the engine hands numbers over
    }
]


def test_a_bucket_from_birth_to_death(props, s3):
    """Made with what it should have, read back as it was asked for, changed, deleted."""
    given = props(versioning=True, cors=CORS)
    assert PROVIDER.check({}, given).failures == []
    made = PROVIDER.create(given)
    where = {"Bucket": given["bucket_name"]}

    assert made.outs["not_offered"] == []
    assert s3.get_bucket_versioning(**where)["Status"] == "Enabled"
    assert s3.get_bucket_cors(**where)["CORSRules"][0]["MaxAgeSeconds"] == 3000
    [rule] = s3.get_bucket_lifecycle_configuration(**where)["Rules"]
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7

    read = PROVIDER.read(made.id, made.outs)
    assert PROVIDER.diff(made.id, read.outs, given).changes is False

    less = {**given, "versioning": False, "cors": []}
    assert PROVIDER.diff(made.id, made.outs, less).changes is True
    PROVIDER.update(made.id, made.outs, less)
    assert s3.get_bucket_versioning(**where)["Status"] == "Suspended"
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(**where)

    PROVIDER.delete(made.id, less)
    assert PROVIDER.read(made.id, less).id == ""
    PROVIDER.delete(made.id, less)  # it is gone, which is what was wanted


def test_drift_is_seen(props, s3):
    """Somebody results versioning off by hand: a refresh shows it, and the next `up` corrects it."""
    made = PROVIDER.create(props(versioning=True))
    s3.put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Suspended"})

    read = PROVIDER.read(made.id, made.outs)

    assert read.outs["versioning"] is False
    assert PROVIDER.diff(made.id, read.outs, made.outs).changes is True


def test_another_name_is_another_bucket(props):
    """The engine makes the new one before it deletes the old one."""
    given = props()
    for change in ({"bucket_name": "other-name"}, {"endpoint": "https://elsewhere.example"}):
        diff = PROVIDER.diff("x", given, {**given, **change})
        assert (diff.changes, diff.replaces) == (True, [*change])


def test_objects_keep_a_bucket_from_being_deleted(props, s3):
    """Unless that was asked for; then every version goes."""
    made = PROVIDER.create(props(versioning=True))
    for body in (b"1", b"2"):
        s3.put_object(Bucket=made.id, Key="a/b", Body=body)
    s3.create_multipart_upload(Bucket=made.id, Key="half")

    with pytest.raises(RuntimeError, match=f"bucket '{made.id}' still holds objects: empty it"):
        PROVIDER.delete(made.id, made.outs)

    PROVIDER.delete(made.id, {**made.outs, "force_destroy": True})
    assert PROVIDER.read(made.id, made.outs).id == ""


def test_adopting_leaves_what_is_there(props, s3):
    """Objects, versioning, lifecycle and CORS stay; deleting lets go of it."""
    given = props(adopt=True)
    where = {"Bucket": given["bucket_name"]}
    s3.create_bucket(**where)
    s3.put_object(**where, Key="old", Body=b"x")
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    theirs = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "tmp/"},
        "Expiration": {"Days": 1},
    }
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [theirs]})

    assert PROVIDER.check({}, given).failures == []
    made = PROVIDER.create(given)
    read = PROVIDER.read(made.id, made.outs)
    PROVIDER.delete(made.id, given)

    assert PROVIDER.diff(made.id, read.outs, given).changes is False
    assert s3.get_object(**where, Key="old")["Body"].read() == b"x"
    assert s3.get_bucket_versioning(**where)["Status"] == "Enabled"
    assert s3.get_bucket_lifecycle_configuration(**where)["Rules"][0]["ID"] == "theirs"


def failure(given: dict[str, Any]) -> str:
    """What a preview says."""
    failures = PROVIDER.check({}, given).failures
    return str(failures[0].reason) if failures else ""


def test_what_cannot_be_adopted_shows_in_the_preview(props, s3):
    """A bucket that is not there, one of somebody else, and no keys at all."""
    missing_one = props(adopt=True)
    assert "does not exist on http" in failure(missing_one)

    theirs = props(adopt=True, profile="other")
    s3.create_bucket(Bucket=theirs["bucket_name"])
    assert "belongs to somebody else" in failure(theirs)

    for profile, words in (
        ("kopha", "profile 'kopha' has none: run 'aws configure --profile kopha'"),
        ("", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ):
        assert words in failure(props(profile=profile))


def test_a_name_that_is_taken(props, s3):
    """By us: adopt it. By somebody else: another name."""
    ours = props()
    s3.create_bucket(Bucket=ours["bucket_name"])
    [told] = PROVIDER.check({}, ours).failures
    assert "exists already, set 'adopt' to take it over" in told.reason
    assert PROVIDER.check(ours, ours).failures == [], "its own, at the next update"
    [told] = PROVIDER.check({**ours, "adopt": True}, ours).failures
    assert "set 'adopt'" in told.reason, "an adopted one does not become ours to delete"
    with pytest.raises(RuntimeError, match="exists already, set 'adopt' to take it over"):
        PROVIDER.create(ours)

    theirs = {**ours, "profile": "other"}
    with pytest.raises(RuntimeError, match="belongs to somebody else, choose another name"):
        PROVIDER.create(theirs)


def test_nothing_half_made_is_left(props, s3, monkeypatch):
    """Where setting it up fails, the bucket that was just made is removed again."""
    given = props()

    def broken(*_: Any) -> list[str]:
        raise ClientError(
            {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "PutX"
        )

    monkeypatch.setattr("object_access.compatible_bucket._set_up", broken)
    with pytest.raises(RuntimeError, match=r"could not be set up: .*SlowDown"):
        PROVIDER.create(given)

    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=given["bucket_name"])


def test_a_store_without_a_feature(props, monkeypatch):
    """501 and the like mean that it is not offered: the bucket goes without, and that is told."""
    original = _StoreBucketProvider.create.__globals__["client"]

    def limited(endpoint: str, profile: str) -> Any:
        s3 = original(endpoint, profile)

        def refuse(**_: Any) -> None:
            raise ClientError(
                {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}},
                "PutBucketLifecycleConfiguration",
            )

        s3.put_bucket_lifecycle_configuration = refuse
        return s3

    monkeypatch.setattr("object_access.compatible_bucket.client", limited)
    made = PROVIDER.create(props())

    assert made.outs["not_offered"] == ["lifecycle"]
