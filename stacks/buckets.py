"""The bucket of a project: made for it, or there already."""

from typing import Any

from object_access import PrivateBucket, Removal
from object_access.names import bucket_arn

from . import existing
from .settings import AdoptingProject, Kopah, S3Project, ValohaiSwift


def bucket_of(project: AdoptingProject) -> tuple[str, Any]:
    """The ARN of the project's bucket, and its name once it can be used."""
    if project.adopt:
        return existing.check(project.bucket, project.region), project.bucket
    made = PrivateBucket(
        project.name,
        {
            "bucket_name": project.bucket,
            "region": project.region,
            "removal": removal(project),
            "tags": project.tags,
        },
    )
    return bucket_arn(project.bucket, project.region), made.bucket_name


def removal(project: S3Project | Kopah | ValohaiSwift) -> Removal:
    """When what the project stores may be deleted."""
    if project.protect:
        return Removal.KEEP
    return Removal.DESTROY if project.force_destroy else Removal.EMPTY
