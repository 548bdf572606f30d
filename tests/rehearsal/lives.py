"""An environment with every type of resource that the program declares, to live through."""

from object_access.checks import Target
from object_access.handover.model import Key
from object_access.rehearsal import environments
from object_access.workspace import KEY, Workspace

LIGHTLY = "311530292373"
_READ = {"raw": {"prefix": "raw/", "access": ["list", "read"]}}
_SWIFT = {
    "auth_url": "https://identity.example.org/v3",
    "project_id": "0" * 32,
    "region": "RegionOne",
}
PROJECTS = {
    "lake": {
        "kind": "s3",
        "bucket": "lives-lake",
        "access_logs": {"bucket": "lives-logs"},
        "cors": [{"origins": ["https://app.example.com"], "methods": ["GET"]}],
        "places": _READ,
        "holders": {
            "reader": {"as": "user"},
            "managed": {"as": "user", "managed": True},
            "vendor": {"as": "role", "trusted": [LIGHTLY]},
            "machine": {"as": "machine"},
            "logs": {"as": "existing-role", "name": "lives-role"},
        },
    },
    "ci": {
        "kind": "pipeline",
        "gitlab": "my-group/my-project",
        "host": "git.lives.example",
        "region": "eu-west-1",
        "environments": {"dev": {}},
        "people": ["arn:aws:iam::123456789012:role/administrator"],
    },
    "store": {"kind": "kopah", "bucket": "lives-store", "versioning": True},
    "swift": {
        "kind": "swift",
        **_SWIFT,
        "container": "lives",
        "origins": ["https://app.example.com"],
        "places": {"data": {"access": ["list", "read"]}},
        "holders": {"links": {"as": "temp-urls"}, "robot": {"as": "credential"}},
    },
    "account": {
        "kind": "valohai-swift",
        **_SWIFT,
        "container": "lives-account",
        "username": "valohai",
        "key": "account",
        "adopt_key": True,
    },
}


def wanted(workspace: Workspace, environment: str, projects=PROJECTS):
    """The settings of these projects, and the projects as the program loads them."""
    config = {KEY: {"namespace": "lives", "protect": False, "projects": projects}}
    return config, environments.projects_of(workspace, environment, config)


def a_store(cloud):
    """A client of the S3-compatible store, by hand."""
    known = cloud.compatible
    keys = {name: known[name] for name in ("access_key_id", "secret_access_key")}
    return Target(known["endpoint"], compatible=True).client("s3", "us-east-1", Key(**keys))
