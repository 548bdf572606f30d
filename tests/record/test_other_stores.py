"""Recordings on OpenStack Swift and on an S3-compatible store."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TOOL = (sys.executable, "-S", str(Path(__file__).with_name("swift_tool.py")))


@pytest.mark.skipif(not find_spec("keystone"), reason="OpenStack's servers are not installed")
@pytest.mark.thorough
def test_swift(record, monkeypatch):
    """A container's verbs, proven by Keystone's own access rules; a container that the tool makes
    itself, and its name, are found. What an openrc file says of the cloud goes into the project."""
    monkeypatch.setenv("OS_AUTH_URL", "https://identity.example.org:5000/v3")
    monkeypatch.setenv("OS_PROJECT_ID", "f" * 32)
    words = ("!PUT", "PUT a/b", "GET a/b", "GET", "DELETE a/b")
    told = record(command=(*TOOL, "kept", *words), kind="swift", bucket="kept")

    assert told.code == 0
    [made] = told.data["project"].values()
    assert made["kind"] == "swift"
    assert made["container"] == "kept"
    assert made["project_id"] == "f" * 32
    assert made["places"] == {"container": {"access": ["list", "read", "write", "delete"]}}
    assert told.data["replay"]["holds"]
    assert all(told.without.values())
    assert "PUT container was asked: it makes its container itself" in told.err
    assert told.data["policy"] is None


def test_an_s3_compatible_store(record):
    """The proxy in front of it refuses in the replays what the store itself would allow."""
    told = record("PUT in/a", "GET in/a", "LIST=in/", "DELETE in/a", kind="compatible")

    assert told.code == 0
    assert told.places == {"in/": "list read write delete"}
    [made] = told.data["project"].values()
    assert made["kind"] == "compatible"
    assert made["holders"] == {"python": {"as": "profile"}}
    assert told.data["replay"]["holds"]
    assert all(told.without.values())
