"""A Valohai data store on S3: a private bucket, a user with a key, a role for large uploads.

Every value is from Valohai's guide "Add a private S3 bucket".
"""

from collections.abc import Mapping
from typing import Any

from object_access import AccessUser, MultipartUploadRole, PrivateBucket
from object_access.names import bucket_arn
from object_access.policies.grants import Access

from .buckets import removal
from .settings import ValohaiAccess, ValohaiS3

_ACCESS: Mapping[ValohaiAccess, list[Access]] = {
    ValohaiAccess.DOCUMENTED: [Access.FULL],
    ValohaiAccess.NARROW: [
        Access.LIST,
        Access.LIST_VERSIONS,
        Access.LOCATE,
        Access.READ,
        Access.WRITE,
        Access.DELETE,
        Access.MULTIPART,
    ],
}


def build(project: ValohaiS3) -> dict[str, Any]:
    """Declare the store; returns what its form and its lights need."""
    arn = bucket_arn(project.bucket, project.region)
    user = AccessUser(
        project.name,
        {
            "user_name": project.made("valohai", 64),
            "grants": {"valohai": {"bucket_arn": arn, "access": _ACCESS[project.access]}},
            "keys": project.keys,
            "tags": project.tags,
        },
    )
    confined = [user.user_arn]
    handover: dict[str, Any] = {}
    if project.multipart:
        role = MultipartUploadRole(
            project.name,
            {
                "role_name": project.made("multipart", 64),
                "user_arn": user.user_arn,
                "user_unique_id": user.unique_id,
                "bucket_arn": arn,
                "tags": project.tags,
            },
        )
        confined.append(role.role_arn)
        handover["multipart_role_arn"] = role.role_arn
    bucket = PrivateBucket(
        project.name,
        {
            "bucket_name": project.bucket,
            "region": project.region,
            "cors": [
                # Anyone who holds a presigned URL may read with it from any page, only the app's
                # own pages may upload.
                {"origins": ["*"], "methods": ["GET"], "headers": ["Authorization"]},
                {"origins": [project.origin], "methods": ["POST"], "headers": ["Authorization"]},
            ],
            "confined": confined,
            "removal": removal(project),
            "tags": project.tags,
        },
    )
    return {
        "kind": "valohai-s3",
        "bucket": bucket.bucket_name,
        "region": project.region,
        "origin": project.origin,
        "access": project.access.value,
        "access_key_id": user.access_key_id,
        "secret_access_key": user.secret_access_key,
        **handover,
    }
