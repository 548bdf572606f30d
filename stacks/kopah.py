"""A bucket on Kopah or another S3-compatible store without IAM: its operator gives out the keys."""

from typing import Any

from object_access import CompatibleBucket

from .buckets import removal
from .settings import Kopah


def build(project: Kopah) -> dict[str, Any]:
    """Declare the bucket; returns what its clients and the lights need. The keys stay where they
    are, in a profile of the one who deploys."""
    bucket = CompatibleBucket(
        project.name,
        {
            "bucket_name": project.bucket,
            "endpoint": project.endpoint,
            "profile": project.profile,
            "adopt": project.adopt,
            "versioning": project.versioning,
            "removal": removal(project),
        },
    )
    return {
        "kind": "kopah",
        "bucket": bucket.bucket_name,
        "endpoint": project.endpoint,
        "profile": project.profile,
        "directory": project.directory,
        "not_offered": bucket.not_offered,
    }
