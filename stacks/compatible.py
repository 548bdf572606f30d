"""A project on an S3-compatible store without IAM: its operator gives out the keys."""

from typing import Any

from object_access import CompatibleBucket
from object_access.handover import model

from . import renamed
from .projects import CompatibleProject

Exported = dict[str, Any]


def build(project: CompatibleProject) -> tuple[Exported, dict[str, Exported]]:
    """Declare the bucket; returns where it is, and how each holder gets in. The keys stay where
    they are, in a profile of the one who deploys."""
    bucket = CompatibleBucket(
        project.name,
        {
            "bucket_name": project.bucket,
            "endpoint": project.endpoint,
            "profile": project.profile,
            "adopt": project.adopt,
            "versioning": project.versioning,
            "removal": project.removal,
        },
        renamed.options(project),
    )
    where = model.exported(
        model.S3,
        bucket=bucket.bucket_name,
        region=project.region,
        endpoint=project.endpoint,
        adopted=project.adopt,
        not_offered=bucket.not_offered,
    )
    return where, {
        name: model.exported(model.Profile, profile=project.profile) for name in project.holders
    }
