"""Which permission an S3 request needs.

Source: S3 User Guide, "Required permissions for Amazon S3 API operations".
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from .messages import AwsError, Incoming

# Sub-resource in the query -> what is read, what is written; {verb} is Get, Put or Delete. Where
# S3 has no permission of its own for deleting, deleting needs the one for putting.
_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_DELETED_AS_SUCH = {"policy", "website"}
_OBJECT = {
    "acl": "Acl",
    "attributes": "Attributes",
    "legal-hold": "LegalHold",
    "retention": "Retention",
    "tagging": "Tagging",
    "torrent": "Torrent",
}
# What the store has of them; of the others it would do something else.
_SERVED = {
    ("bucket", "GET"): _BUCKET.keys()
    - {"analytics", "intelligent-tiering", "metrics", "requestPayment"},
    ("bucket", "PUT"): _BUCKET.keys()
    - {"analytics", "intelligent-tiering", "location", "metrics", "policyStatus", "requestPayment"},
    ("bucket", "DELETE"): {
        "cors",
        "encryption",
        "lifecycle",
        "ownershipControls",
        "policy",
        "publicAccessBlock",
        "replication",
        "tagging",
        "website",
    },
    ("object", "GET"): {"acl", "attributes", "legal-hold", "tagging"},
    ("object", "PUT"): {"acl", "legal-hold", "retention", "tagging"},
    ("object", "DELETE"): {"tagging"},
}
# Header of an upload -> what it needs.
_OF_NEW_OBJECT = {
    "X-Amz-Tagging": "s3:PutObjectTagging",
    "X-Amz-Object-Lock-Mode": "s3:PutObjectRetention",
    "X-Amz-Object-Lock-Retain-Until-Date": "s3:PutObjectRetention",
    "X-Amz-Object-Lock-Legal-Hold": "s3:PutObjectLegalHold",
}
BYPASS = "s3:BypassGovernanceRetention"
# Actions on objects; every other is on buckets.
_ON_OBJECTS = re.compile(
    r"s3:(\w*Object(?!Lock)\w*|AbortMultipartUpload|ListMultipartUploadParts"
    r"|BypassGovernanceRetention|Replicate(Delete|Tags))",
    re.IGNORECASE,
)
_HAS_VERSION_ACTION = {"acl", "tagging", "attributes", "torrent"}


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


def levels(action: str) -> set[str]:
    """Whether an action of a policy is on buckets or on objects; with wildcards perhaps on both."""
    start, wildcard, _ = re.split(r"([*?]|$)", action.lower(), maxsplit=1)
    if not wildcard:
        return {"object" if _ON_OBJECTS.fullmatch(start) else "bucket"}
    found = re.match(r"s3:[a-z]+?(bucket|object)", start)
    return {found[1]} if found else {"bucket", "object"}


def target(incoming: Incoming) -> tuple[str, str]:
    """The bucket and the key that the request names; both may be empty."""
    bucket, _, key = incoming.path[1:].partition("/")
    return bucket, key


def needed(incoming: Incoming, bucket: str, key: str) -> list[Needed]:
    """Every permission the request needs, its own first."""
    method, query = incoming.method, incoming.query
    if not bucket:
        if method != "GET":
            raise not_allowed()
        return [Needed("s3:ListAllMyBuckets", "*")]
    if method != "HEAD":  # which is about the thing itself
        _check_sub_resources("object" if key else "bucket", method, query)
    if not key:
        actions = [_bucket_action(method, query)]
        if actions[0] == "s3:CreateBucket":
            actions += _of_new_bucket(incoming)
        return [Needed(action, bucket) for action in actions]
    asked = query.get("versionId", "")
    permissions = [Needed(_object_action(method, query), bucket, key, asked)]
    if "attributes" in query:
        action = "s3:GetObjectVersion" if asked else "s3:GetObject"
        permissions.append(Needed(action, bucket, key, asked))
    if method == "PUT" and incoming.header("X-Amz-Copy-Source"):
        permissions.append(_of_source(incoming))
    if bypasses(incoming):
        permissions.append(Needed(BYPASS, bucket, key, asked))
    if permissions[0].action == "s3:PutObject" and "uploadId" not in query:
        permissions += [Needed(action, bucket, key) for action in _of_new_object(incoming)]
    return permissions


def _of_new_bucket(incoming: Incoming) -> list[str]:
    """What the settings need that a bucket is made with."""
    actions = []
    if has_acl(incoming) and incoming.header("X-Amz-Acl") != "private":
        actions.append("s3:PutBucketAcl")
    if incoming.header("X-Amz-Object-Ownership"):
        actions.append("s3:PutBucketOwnershipControls")
    if incoming.header("X-Amz-Bucket-Object-Lock-Enabled").lower() == "true":
        actions += ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"]
    return actions


def _of_new_object(incoming: Incoming) -> list[str]:
    """What the headers of an upload need."""
    actions = [action for header, action in _OF_NEW_OBJECT.items() if incoming.header(header)]
    return [*actions, "s3:PutObjectAcl"] if has_acl(incoming) else actions


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


def bypasses(incoming: Incoming) -> bool:
    """Whether the request asks to be done in spite of an object's lock."""
    return bool(incoming.header("X-Amz-Bypass-Governance-Retention"))


def _check_sub_resources(kind: str, method: str, query: dict[str, str]) -> None:
    known = _OBJECT if kind == "object" else _BUCKET
    given = [name for name in query if name in known]
    others = {"uploads", "uploadId"} if kind == "object" else {"uploads", "versions"}
    if len(given) + len(others & query.keys()) > 1:
        raise AwsError(400, "InvalidArgument", "Conflicting query string parameters")
    if given and given[0] not in _SERVED.get((kind, method), ()):
        raise AwsError(501, "NotImplemented", f"the embedded AWS has no {method} of {given[0]}")


def _bucket_action(method: str, query: dict[str, str]) -> str:
    for name, subject in _BUCKET.items():
        if name in query:
            verb = {"GET": "Get", "PUT": "Put", "DELETE": "Put"}.get(method)
            if method == "DELETE" and name in _DELETED_AS_SUCH:
                verb = "Delete"
            if verb:
                return f"s3:{verb}{subject}"
    if method == "GET":
        if "uploads" in query:
            return "s3:ListBucketMultipartUploads"
        return "s3:ListBucketVersions" if "versions" in query else "s3:ListBucket"
    actions = {"HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}
    if method not in actions:
        raise not_allowed()
    return actions[method]


def _object_action(method: str, query: dict[str, str]) -> str:
    version = "Version" if query.get("versionId") else ""
    for name, subject in _OBJECT.items():
        if name in query and method != "HEAD":
            verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}[method]
            return f"s3:{verb}Object{version if name in _HAS_VERSION_ACTION else ''}{subject}"
    if method in ("GET", "HEAD"):
        lists = method == "GET" and "uploadId" in query
        return "s3:ListMultipartUploadParts" if lists else f"s3:GetObject{version}"
    if method == "DELETE":
        return "s3:AbortMultipartUpload" if "uploadId" in query else f"s3:DeleteObject{version}"
    if method == "POST" and "restore" in query:
        return "s3:RestoreObject"
    if method == "POST" and "select" in query:
        return "s3:GetObject"
    if method == "PUT" or (method == "POST" and {"uploads", "uploadId"} & query.keys()):
        return "s3:PutObject"
    raise not_allowed()


def not_allowed() -> AwsError:
    """The refusal of a method that there is none of."""
    return AwsError(
        405, "MethodNotAllowed", "The specified method is not allowed against this resource."
    )
