"""Buckets and their settings, by S3's own API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .kinds import Found, Inputs, Kind, Outputs, Realized, tags, tags_of, whole

if TYPE_CHECKING:
    from .cloud import Cloud

# The plugin's words begin small, S3's with a capital; but for these.
_WORDS = {
    "corsRules": "CORSRules",
    "id": "ID",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "sseAlgorithm": "SSEAlgorithm",
}
_BACK = {s3: word for word, s3 in _WORDS.items()}


def make_bucket(s3: Any, name: str, region: str) -> None:
    """A bucket as anyone would make it in that region."""
    where = {"LocationConstraint": region}
    options = {} if region == "us-east-1" else {"CreateBucketConfiguration": where}
    s3.create_bucket(Bucket=name, **options)


def _s3(cloud: "Cloud", known: Mapping[str, Any]) -> Any:
    return cloud.admin("s3", known.get("region"))


# --- the bucket ---


def _create(cloud: "Cloud", inputs: Inputs) -> Realized:
    s3, name = _s3(cloud, inputs), inputs["bucket"]
    region = inputs.get("region") or cloud.region
    make_bucket(s3, name, region)
    if inputs.get("tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags(inputs)})
    return name, {"arn": f"arn:{cloud.partition}:s3:::{name}", "region": region}


def _read(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    region = cloud.admin("s3").head_bucket(Bucket=identifier)["BucketRegion"]
    s3 = cloud.admin("s3", region)
    try:
        own = tags_of(s3.get_bucket_tagging(Bucket=identifier), "TagSet")
    except s3.exceptions.ClientError:  # it has none
        own = {}
    return {"bucket": identifier, "region": region, "tags": own}, {
        "arn": f"arn:{cloud.partition}:s3:::{identifier}"
    }


def _update(cloud: "Cloud", identifier: str, _state: Outputs, inputs: Inputs) -> dict[str, Any]:
    s3 = _s3(cloud, inputs)
    if inputs.get("tags"):
        s3.put_bucket_tagging(Bucket=identifier, Tagging={"TagSet": tags(inputs)})
    else:
        s3.delete_bucket_tagging(Bucket=identifier)
    return {}


def _delete(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    s3 = _s3(cloud, state)
    if state.get("forceDestroy"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=identifier):
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=identifier, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=identifier)


# --- its settings ---


@dataclass(frozen=True)
class _Setting:
    """A setting of a bucket, of which S3 has a call to get, to put and to delete it."""

    call: str
    """How S3 calls it: "get_bucket_cors" without "get_"."""
    words: tuple[str, ...]
    """The inputs that say it."""
    body: str = ""
    """The parameter that holds them, if there is one."""
    pack: Callable[[dict[str, Any]], Any] = lambda body: body
    unpack: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda answer: answer
    delete: str = ""
    """What deletes it, where that is called otherwise."""
    off: Mapping[str, Any] | None = None
    """What is put instead of a deletion, which S3 does not have."""
    stays: bool = False
    """The embedded AWS has nothing that it could be without it."""

    def create(self, cloud: "Cloud", inputs: Inputs) -> Realized:
        body = self.pack(_theirs({word: inputs[word] for word in self.words if word in inputs}))
        self._put(cloud, inputs, {self.body: body} if self.body else body)
        return inputs["bucket"], {}

    def _put(self, cloud: "Cloud", known: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        getattr(_s3(cloud, known), f"put_{self.call}")(Bucket=known["bucket"], **body)

    def read(self, cloud: "Cloud", identifier: str, state: Outputs) -> Found | None:
        region = (
            state.get("region") or cloud.admin("s3").head_bucket(Bucket=identifier)["BucketRegion"]
        )
        answer = getattr(cloud.admin("s3", region), f"get_{self.call}")(Bucket=identifier)
        said = _ours(self.unpack(answer.get(self.body) or answer))
        found = {word: said.get(word) for word in self.words}
        if not any(value is not None for value in found.values()):
            return None
        return {"bucket": identifier, "region": region, **found}, {}

    def update(
        self, cloud: "Cloud", _identifier: str, _state: Outputs, inputs: Inputs
    ) -> dict[str, Any]:
        return self.create(cloud, inputs)[1]

    def remove(self, cloud: "Cloud", identifier: str, state: Outputs) -> None:
        if self.stays:
            return
        if self.off is not None:
            self._put(cloud, state, self.off)
        else:
            delete = getattr(_s3(cloud, state), self.delete or f"delete_{self.call}")
            delete(Bucket=identifier)

    def kind(self) -> Kind:
        return Kind(
            self.create, self.read, self.update, self.remove, frozenset({"bucket", "region"})
        )


def _theirs(value: Any) -> Any:
    """The plugin's words as S3's."""
    if isinstance(value, Mapping):
        return {
            _WORDS.get(key, key[0].upper() + key[1:]): _theirs(each) for key, each in value.items()
        }
    return [_theirs(each) for each in value] if isinstance(value, list) else whole(value)


def _ours(value: Any) -> Any:
    """S3's words as the plugin's."""
    if isinstance(value, Mapping):
        return {
            _BACK.get(key, key[0].lower() + key[1:]): _ours(each) for key, each in value.items()
        }
    return [_ours(each) for each in value] if isinstance(value, list) else value


_SETTINGS = {
    "BucketPublicAccessBlock": _Setting(
        "public_access_block",
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
        "PublicAccessBlockConfiguration",
    ),
    "BucketOwnershipControls": _Setting(
        "bucket_ownership_controls",
        ("rule",),
        "OwnershipControls",
        pack=lambda body: {"Rules": [body["Rule"]]},
        unpack=lambda answer: {"Rule": answer["Rules"][0]},
        stays=True,  # without it a bucket has ACLs
    ),
    "BucketServerSideEncryptionConfiguration": _Setting(
        "bucket_encryption", ("rules",), "ServerSideEncryptionConfiguration"
    ),
    "BucketVersioning": _Setting(
        "bucket_versioning",
        ("versioningConfiguration",),
        unpack=lambda answer: {"VersioningConfiguration": {"Status": answer.get("Status", "")}},
        off={"VersioningConfiguration": {"Status": "Suspended"}},
    ),
    "BucketPolicy": _Setting("bucket_policy", ("policy",)),
    "BucketCorsConfiguration": _Setting("bucket_cors", ("corsRules",), "CORSConfiguration"),
    "BucketLifecycleConfiguration": _Setting(
        "bucket_lifecycle_configuration",
        ("rules",),
        "LifecycleConfiguration",
        delete="delete_bucket_lifecycle",
    ),
    "BucketLogging": _Setting(
        "bucket_logging",
        ("targetBucket", "targetPrefix"),
        "BucketLoggingStatus",
        pack=lambda body: {"LoggingEnabled": body},
        unpack=lambda answer: answer.get("LoggingEnabled", {}),
        off={"BucketLoggingStatus": {}},
    ),
}

KINDS = {
    "aws:s3/bucket:Bucket": Kind(
        _create,
        _read,
        _update,
        _delete,
        replaces=frozenset({"bucket", "region"}),
        named="bucket",
        computed=frozenset({"arn"}),
    ),
    **{
        f"aws:s3/{name[0].lower()}{name[1:]}:{name}": setting.kind()
        for name, setting in _SETTINGS.items()
    },
}
