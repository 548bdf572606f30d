"""Which permissions an S3 request needs.

Source: S3 User Guide, "Required permissions for Amazon S3 API operations".
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from ...policies import reference
from .context import Call
from .messages import AwsError, Incoming

# Operations that are served -> the action that each needs. Every other one is refused by name.
_OF_ITS_OWN_NAME = (
    "AbortMultipartUpload", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy",
    "DeleteBucketWebsite", "DeleteObject", "DeleteObjectTagging", "GetBucketAcl",
    "GetBucketLocation", "GetBucketLogging", "GetBucketOwnershipControls", "GetBucketPolicy",
    "GetBucketPolicyStatus", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite",
    "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold",
    "GetObjectRetention", "GetObjectTagging",
    "PutBucketAcl", "PutBucketLogging", "PutBucketOwnershipControls",
    "PutBucketPolicy", "PutBucketTagging", "PutBucketVersioning", "PutBucketWebsite",
    "PutObject", "PutObjectAcl", "PutObjectLegalHold", "PutObjectRetention",
    "PutObjectTagging", "RestoreObject",
)  # fmt: skip
SERVED = {name: f"s3:{name}" for name in _OF_ITS_OWN_NAME} | {
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteBucketCors": "s3:PutBucketCORS",
    "DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "DeleteBucketTagging": "s3:PutBucketTagging",
    "DeleteObjects": "s3:DeleteObject",
    "DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "GetBucketCors": "s3:GetBucketCORS",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "s3:PutAccelerateConfiguration",
    "PutBucketCors": "s3:PutBucketCORS",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketInventoryConfiguration": "s3:PutInventoryConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "PutBucketReplication": "s3:PutReplicationConfiguration",
    "PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
}
# Parameters of served operations that would change what they do, in a way that is not known here.
UNSERVED = {
    "ACL": ("aws-exec-read",),
    "BucketNamespace": ("account-regional",),
    "IfMatchLastModifiedTime": (),
    "IfMatchSize": (),
    "MFA": (),
    "ObjectLockEventHold": (),
    "ObjectLockEventHoldDurationDays": (),
    "ObjectLockEventHoldDurationYears": (),
    "RequestPayer": (),
    "WriteOffsetBytes": (),
}  # name -> the values that are meant; none is all
# Operations that make an object, or begin to, and what the headers of each need.
MAKE_OBJECTS = {"CopyObject", "CreateMultipartUpload", "PutObject"}
_OF_NEW_OBJECT = {
    "ObjectLockMode": "s3:PutObjectRetention",
    "ObjectLockRetainUntilDate": "s3:PutObjectRetention",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
    "Tagging": "s3:PutObjectTagging",
}
BYPASS = "s3:BypassGovernanceRetention"


class Needed(NamedTuple):
    """One permission that a request needs."""

    action: str
    bucket: str
    key: str = ""
    version: str = ""

    @property
    def arn(self) -> str:
        """What the permission is about."""
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key else "")


def levels(pattern: str) -> frozenset[str]:
    """Whether an action of a bucket's policy is on buckets, on objects or, with wildcards, on
    both; empty for one that S3 has not."""
    found = {kind for action in reference.matching(pattern) for kind in action.types | {""}}
    return frozenset(found & {"", "bucket", "object"})


def target(incoming: Incoming) -> tuple[str, str]:
    """The bucket and the key that the request names; both may be empty."""
    bucket, _, key = incoming.path[1:].partition("/")
    return bucket, key


def check_names(incoming: Incoming, bucket: str, key: str) -> None:
    """Refuse a path that is no UTF-8, a key without a bucket, and one that climbs out of it (S3
    User Guide, "Naming Amazon S3 objects", relative path elements)."""
    depth = depths = 0
    for part in key.split("/"):
        depth += -1 if part == ".." else 1
        depths = min(depths, depth)
    try:
        unquote(incoming.raw_path, errors="strict")
    except UnicodeDecodeError:
        depths = -1
    if depths < 0 or (key and not bucket):
        raise AwsError(400, "InvalidURI", "Couldn't parse the specified URI.")


def check_served(operation: str) -> None:
    """Refuse what S3 has not, and by name what the embedded AWS has not."""
    if not operation:
        raise not_allowed()
    if operation not in SERVED:
        raise AwsError(501, "NotImplemented", f"the embedded AWS has no {operation}")


def check_parameters(call: Call) -> None:
    """Refuse by name the parameters that would change a served operation in an unserved way."""
    for name, values in UNSERVED.items():
        given = call.given.get(name)
        if given is not None and (not values or given in values):
            raise AwsError(
                501, "NotImplemented", f"the embedded AWS has no {name} of {call.operation}"
            )


def needed(call: Call, bucket: str, key: str) -> Iterator[Needed]:
    """Every permission the request needs, its own first."""
    version = call.given.get("VersionId", "")
    own = SERVED[call.operation]
    if call.operation == "ListBuckets":
        yield Needed(own, "*")
        return
    yield Needed(_of_version(own) if version else own, bucket, key, version)
    if call.operation == "CreateBucket":
        for action in _of_new_bucket(call):
            yield Needed(action, bucket)
    if call.operation == "GetObjectAttributes":
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        yield Needed(action, bucket, key, version)
    if call.given.get("BypassGovernanceRetention"):
        yield Needed(BYPASS, bucket, key, version)
    if call.operation == "DeleteObject":
        yield from to_compare(call.given.get("IfMatch"), bucket, key)
    if "CopySource" in call.given:
        yield _of_source(call.incoming)
    if call.operation in MAKE_OBJECTS:
        yield from _of_new_object(call, bucket, key)


def _of_new_object(call: Call, bucket: str, key: str) -> Iterator[Needed]:
    """What the settings need that an object is made with."""
    for action in sorted({_OF_NEW_OBJECT[name] for name in _OF_NEW_OBJECT & call.given.keys()}):
        yield Needed(action, bucket, key)
    if has_acl(call.incoming):
        yield Needed("s3:PutObjectAcl", bucket, key)


def to_compare(tag: str | None, bucket: str, key: str) -> Iterator[Needed]:
    """What a deletion needs that depends on an entity tag (S3 User Guide, "Enforce conditional
    deletes on Amazon S3 buckets")."""
    if tag and tag != "*":
        yield Needed("s3:GetObject", bucket, key)


def _of_version(action: str) -> str:
    """The action for a version, where S3 has one of its own."""
    other = action.replace("Object", "ObjectVersion", 1)
    return other if other.lower() in reference.actions() else action


def _of_new_bucket(call: Call) -> Iterator[str]:
    """What the settings need that a bucket is made with."""
    if has_acl(call.incoming) and call.given.get("ACL") != "private":
        yield "s3:PutBucketAcl"
    if "ObjectOwnership" in call.given:
        yield "s3:PutBucketOwnershipControls"
    if call.given.get("ObjectLockEnabledForBucket"):
        yield "s3:PutBucketObjectLockConfiguration"
        yield "s3:PutBucketVersioning"
    if (call.given.get("CreateBucketConfiguration") or {}).get("Tags"):
        yield "s3:TagResource"


def _of_source(incoming: Incoming) -> Needed:
    bucket, key, version = copy_source(incoming)
    if not key:
        raise AwsError(400, "InvalidArgument", "Invalid copy source object key")
    return Needed("s3:GetObjectVersion" if version else "s3:GetObject", bucket, key, version)


def copy_source(incoming: Incoming) -> tuple[str, str, str]:
    """The bucket, the key and the version, if any, that a request copies."""
    path, _, version = incoming.header("X-Amz-Copy-Source").partition("?versionId=")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, version


def has_acl(incoming: Incoming) -> bool:
    """Whether the request's headers carry an access control list."""
    return bool(incoming.header("X-Amz-Acl")) or any(
        key.startswith("HTTP_X_AMZ_GRANT_") for key in incoming.environ
    )


def not_allowed() -> AwsError:
    """The refusal of a method that there is none of."""
    return AwsError(
        405, "MethodNotAllowed", "The specified method is not allowed against this resource."
    )
