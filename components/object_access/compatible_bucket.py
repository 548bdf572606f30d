"""A bucket on an S3-compatible store that has no IAM, such as a university's Ceph."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import boto3
import pulumi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from pulumi import ComponentResource, Output, ResourceOptions, dynamic

from . import _args, _buckets, names
from ._buckets import ABORT_UPLOADS_AFTER, KEEP_OLD_VERSIONS, CorsRuleArgs, Removal, cors_rules
from ._outputs import once

# How stores say that they have no such thing; some refuse it as if it were forbidden.
_NOT_OFFERED = frozenset({400, 403, 405, 501})


class CompatibleBucketArgs(TypedDict):
    """Inputs of `CompatibleBucket`."""

    bucket_name: str
    """Name of the bucket, 3 to 63 characters. Changing it makes another bucket."""
    endpoint: str
    """Address of the store, such as "https://s3.example.org". Changing it makes another bucket."""
    profile: NotRequired[str]
    """Section of ~/.aws/credentials with the store's keys, read whenever Pulumi runs and never
    kept. Default: the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    adopt: NotRequired[bool]
    """Take over a bucket that exists: what is not asked for stays as it is, and it is not deleted
    either. Default: False."""
    cors: NotRequired[Sequence[CorsRuleArgs]]
    """Up to 100 CORS rules; the first that fits a request counts. Default: no page may."""
    versioning: NotRequired[bool]
    """Keep overwritten and deleted objects for 30 days. Default: False."""
    removal: NotRequired[Removal]
    """Whether the bucket may be deleted: never ("keep"), when it is empty ("empty"), with its
    objects ("destroy"), or never though Pulumi lets go of it ("leave"). A change must be applied
    before the deletion. Default: keep."""


class CompatibleBucket(ComponentResource):
    """A bucket made by boto3 with path-style addresses, on any store that speaks S3.

    Pulumi's AWS plugin asks AWS's own S3 Control for a bucket's tags, which no other store has.
    What the store has of versioning, CORS and lifecycle rules is set (unfinished uploads go after
    7 days), and a warning says what it has not. Public access blocks are never asked for: one
    store deletes the bucket with them.
    """

    bucket_name: Output[str]
    """Name of the bucket; known once all its settings are in place."""
    not_offered: Output[Sequence[str]]
    """What was wanted and the store does not have: of versioning, cors, lifecycle."""

    def __init__(self, name: str, args: CompatibleBucketArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, CompatibleBucketArgs)
        with _args.naming(name):
            bucket_name = names.check_bucket_name(args["bucket_name"])
            endpoint = names.check_endpoint(args["endpoint"])
            profile = names.check_profile(args["profile"]) if "profile" in args else ""
            rules = cors_rules(name, args.get("cors", []))
            removal = _buckets.removal(args)
        super().__init__("object-access:index:CompatibleBucket", name, None, opts)

        bucket = _StoreBucket(
            name,
            {
                "bucket_name": bucket_name,
                "endpoint": endpoint,
                "profile": profile,
                "adopt": args.get("adopt", False),
                "cors": rules,
                "versioning": args.get("versioning", False),
                "force_destroy": removal is Removal.DESTROY,
            },
            _buckets.holding(self, removal),
        )

        self.bucket_name = once([bucket.id], bucket.bucket_name)
        self.not_offered = bucket.not_offered.apply(lambda missing: _warn(name, missing, self))
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "not_offered": self.not_offered,
                "removal": str(removal),
            }
        )


def _warn(name: str, missing: Sequence[str] | None, where: pulumi.Resource) -> Sequence[str]:
    for what in missing or []:
        pulumi.log.warn(f"{name}: the store has no {what}, this bucket goes without", where)
    return missing or []


# --- the provider, which Pulumi runs in a process of its own ---


class _StoreBucketProvider(dynamic.ResourceProvider):
    """Makes, adopts, reads, changes and deletes one bucket; every error is one line."""

    serialize_as_secret_always = False  # there is no secret in it, and diffs stay readable

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Find in a preview what would fail later: no keys, a bucket that is not there, or is there
        already, for another stack to own."""
        failures = []
        try:
            s3 = client(news["endpoint"], news["profile"])
            moved = any(olds.get(key) != news[key] for key in ("bucket_name", "endpoint"))
            # Somebody else's does not become ours, to be set up or deleted, by a word less.
            if moved or (olds.get("adopt") and not news["adopt"]):
                (_adoptable if news["adopt"] else _free)(s3, news)
        except (RuntimeError, BotoCoreError) as error:
            failures = [dynamic.CheckFailure("bucket_name", str(error))]
        return dynamic.CheckResult(news, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Another name or another store is another bucket."""
        changed = [key for key in news if key != "__provider" and olds.get(key) != news[key]]
        moved = [key for key in changed if key in {"bucket_name", "endpoint"}]
        return dynamic.DiffResult(changes=bool(changed), replaces=moved)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make or adopt the bucket; one that cannot be set up is not left behind."""
        s3, bucket = client(props["endpoint"], props["profile"]), props["bucket_name"]
        if props["adopt"]:
            _adoptable(s3, props)
        else:
            _make(s3, props)
        try:
            missing = _set_up(s3, props)
        except (ClientError, BotoCoreError) as error:
            if not props["adopt"]:
                s3.delete_bucket(Bucket=bucket)
            raise RuntimeError(f"bucket '{bucket}' could not be set up: {error}") from None
        return dynamic.CreateResult(bucket, {**props, "not_offered": missing})

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """What is there now; nothing, where the bucket is gone."""
        s3 = client(props["endpoint"], props["profile"])
        if _status(s3, id_) == 404:
            return dynamic.ReadResult("", {})
        now = {**props, **_settings(s3, id_, props)}
        return dynamic.ReadResult(id_, now, now)

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Set everything anew."""
        missing = _set_up(client(news["endpoint"], news["profile"]), {**news, "bucket_name": id_})
        return dynamic.UpdateResult({**news, "not_offered": missing})

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Delete a bucket that we made, with its objects only where that was asked for."""
        if props["adopt"]:
            return
        s3 = client(props["endpoint"], props["profile"])
        if props["force_destroy"]:
            _empty(s3, id_)
        try:
            # Not left to the store: one deletes a bucket of versions as if it were empty.
            if _holds_objects(s3, id_):
                raise RuntimeError(
                    f"bucket '{id_}' still holds objects: empty it, or set 'removal' to 'destroy', "
                    "apply, and delete it then"
                )
            s3.delete_bucket(Bucket=id_)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise RuntimeError(f"bucket '{id_}' could not be deleted: {error}") from None


class _StoreBucket(dynamic.Resource, module="object-access", name="StoreBucket"):
    bucket_name: Output[str]
    not_offered: Output[Sequence[str]]

    def __init__(self, name: str, props: dict[str, Any], opts: ResourceOptions):
        super().__init__(_StoreBucketProvider(), name, {**props, "not_offered": None}, opts)


def client(endpoint: str, profile: str) -> Any:
    """A boto3 client for a store that is not AWS.

    Raises RuntimeError with one line where there are no keys. Checksums only where S3 requires
    them: other stores do not know the newer ones (boto3 issue 4392).
    """
    try:
        session = boto3.session.Session(profile_name=profile or None)
        keys = session.get_credentials()
    except ProfileNotFound:
        keys = None
    if keys is None:
        where = (
            f"profile '{profile}' has none: run 'aws configure --profile {profile}'"
            if profile
            else "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile"
        )
        raise RuntimeError(f"no keys for {endpoint}, {where}")
    return session.client(
        "s3",
        region_name=session.region_name or "us-east-1",
        endpoint_url=endpoint,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"total_max_attempts": 3},
            connect_timeout=10,
        ),
    )


def _status(s3: Any, bucket: str) -> int:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return 200


def _adoptable(s3: Any, props: dict[str, Any]) -> None:
    bucket, status = props["bucket_name"], _status(s3, props["bucket_name"])
    if status == 404:
        raise RuntimeError(
            f"bucket '{bucket}' does not exist on {props['endpoint']}, so that it cannot be "
            "adopted: is the name right? Without 'adopt' it is made"
        )
    if status != 200:
        raise RuntimeError(
            f"bucket '{bucket}' belongs to somebody else, or these keys may not list it "
            f"(status {status}): adopt one of your own"
        )


def _free(s3: Any, props: dict[str, Any]) -> None:
    bucket, status = props["bucket_name"], _status(s3, props["bucket_name"])
    if status == 200:
        raise RuntimeError(f"bucket '{bucket}' exists already, set 'adopt' to take it over")
    if status == 403:
        raise RuntimeError(f"bucket '{bucket}' belongs to somebody else, choose another name")


def _make(s3: Any, props: dict[str, Any]) -> None:
    _free(s3, props)
    bucket = props["bucket_name"]
    try:
        s3.create_bucket(Bucket=bucket)
    except ClientError as error:
        raise RuntimeError(f"bucket '{bucket}' could not be made: {error}") from None


def _set_up(s3: Any, props: dict[str, Any]) -> list[str]:
    """Set what the bucket should have; returns what the store does not offer."""
    where: dict[str, Any] = {"Bucket": props["bucket_name"]}
    rules = [{**rule, "MaxAgeSeconds": int(rule["MaxAgeSeconds"])} for rule in props["cors"]]
    tidy = {
        "ID": "tidy",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_OLD_VERSIONS},
    }
    wanted: dict[str, Callable[[], object]] = {}
    # Of an adopted bucket, what is not asked for stays as it is.
    if not (props["adopt"] and _has_lifecycle(s3, props["bucket_name"])):
        wanted["lifecycle"] = lambda: s3.put_bucket_lifecycle_configuration(
            **where, LifecycleConfiguration={"Rules": [tidy]}
        )
    suspended = not props["versioning"]
    if _versioned(s3, props["bucket_name"]) is suspended and not (props["adopt"] and suspended):
        status = "Enabled" if props["versioning"] else "Suspended"
        wanted["versioning"] = lambda: s3.put_bucket_versioning(
            **where, VersioningConfiguration={"Status": status}
        )
    if rules:
        wanted["cors"] = lambda: s3.put_bucket_cors(**where, CORSConfiguration={"CORSRules": rules})
    elif not props["adopt"] and _cors(s3, props["bucket_name"]):
        wanted["cors"] = lambda: s3.delete_bucket_cors(**where)
    return sorted(what for what, put in wanted.items() if not _offered(put))


def _offered(put: Any) -> bool:
    try:
        put()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _NOT_OFFERED:
            raise
        return False
    return True


def _settings(s3: Any, bucket: str, props: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are, in the words of the inputs."""
    known = {"versioning": _versioned, "cors": _cors}
    kept = set(props.get("not_offered") or [])
    if props["adopt"]:
        kept |= {what for what in known if not props[what]}
    return {what: look(s3, bucket) for what, look in known.items() if what not in kept}


def _has_lifecycle(s3: Any, bucket: str) -> bool:
    try:
        return bool(s3.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules"))
    except ClientError:
        return False


def _versioned(s3: Any, bucket: str) -> bool:
    try:
        return bool(s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    except ClientError:
        return False


def _cors(s3: Any, bucket: str) -> list[dict[str, Any]]:
    try:
        # A store that does not know CORS may answer with a list of the bucket's objects.
        rules = s3.get_bucket_cors(Bucket=bucket).get("CORSRules", [])
    except ClientError:
        return []
    empty = {"AllowedHeaders": [], "ExposeHeaders": [], "MaxAgeSeconds": 0}
    return [
        {key: value for key, value in {**empty, **rule}.items() if key != "ID"} for rule in rules
    ]


def _holds_objects(s3: Any, bucket: str) -> bool:
    found = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    return bool(found.get("Versions") or found.get("DeleteMarkers"))


def _empty(s3: Any, bucket: str) -> None:
    """Remove every object, version and unfinished upload."""
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            # One by one: not every store has DeleteObjects for versions.
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
