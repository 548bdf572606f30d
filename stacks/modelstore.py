"""A model registry of the library modelstore: a bucket of its own, a user with a key.

The library looks at the bucket first, which is listing without a prefix, so that listing is open
for the whole bucket; objects are open only where the library keeps them.
"""

from typing import Any

from object_access import AccessUser
from object_access.policies.grants import Access

from .buckets import bucket_of
from .settings import Modelstore

FOLDER = "operatorai-model-store/"  # the library's own


def build(project: Modelstore) -> dict[str, Any]:
    """Declare the registry; returns what the library and the lights need."""
    arn, bucket = bucket_of(project)
    objects = [Access.READ, Access.WRITE]
    if not project.append_only:
        objects.append(Access.DELETE)
    user = AccessUser(
        project.name,
        {
            "user_name": project.made("modelstore", 64),
            "grants": {
                "bucket": {"bucket_arn": arn, "access": [Access.LIST]},
                "models": {
                    "bucket_arn": arn,
                    "access": objects,
                    "prefixes": [f"{project.prefix}{FOLDER}"],
                },
            },
            "keys": project.keys,
            "tags": project.tags,
        },
    )
    return {
        "kind": "modelstore",
        "bucket": bucket,
        "region": project.region,
        "adopted": project.adopt,
        "prefix": project.prefix,
        "append_only": project.append_only,
        "access_key_id": user.access_key_id,
        "secret_access_key": user.secret_access_key,
    }
