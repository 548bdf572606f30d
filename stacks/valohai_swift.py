"""A Valohai data store on OpenStack Swift: a container, a temp-URL key, CORS for the app.

Every value is from Valohai's guide "Add a private Swift container".
"""

from typing import Any

from object_access import SwiftAccountKey, SwiftContainer

from . import openstack
from .buckets import removal
from .settings import TempUrlKey, ValohaiSwift


def build(project: ValohaiSwift) -> dict[str, Any]:
    """Declare the store; returns what its form and its lights need. The password stays where it
    is, in the environment of the one who deploys."""
    of_account = project.key is TempUrlKey.ACCOUNT
    openstack.check(project)
    container = SwiftContainer(
        project.name,
        {
            "container_name": project.container,
            "region": project.region,
            "cors": {"origins": [project.origin]},
            "keys": [] if of_account else project.keys,
            "versioning": project.versioning,
            "removal": removal(project),
        },
    )
    key = container.temp_url_key
    if of_account:
        key = SwiftAccountKey(
            project.name,
            {
                "project_id": project.project_id,
                "region": project.region,
                "keys": project.keys,
                "adopt": project.adopt_key,
            },
        ).temp_url_key
    return {
        "kind": "valohai-swift",
        "container": container.container_name,
        "auth_url": project.auth_url,
        "region": project.region,
        "project_id": project.project_id,
        "username": project.username,
        "origin": project.origin,
        "key": project.key.value,
        "temp_url_key": key,
    }
