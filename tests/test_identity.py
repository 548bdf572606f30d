"""URNs are public API: a change makes `pulumi up` replace what it should keep."""

from pathlib import Path

GOLDEN = Path(__file__).parent / "urns.txt"


def test_urns_are_as_they_were(request, paper, declare):
    """After a wanted change: alias the old name, note it in CHANGELOG, and regenerate the file."""
    import os

    from object_access import (
        AccessUser,
        MultipartUploadRole,
        PrivateBucket,
        SwiftAccountKey,
        SwiftContainer,
        SwiftCredential,
    )
    from object_access.policies.grants import Access

    arn = "arn:aws:s3:::my-bucket"

    def program():
        user = AccessUser("vision", {
            "user_name": "u", "grants": {"data": {"bucket_arn": arn, "access": [Access.READ]}},
        })  # fmt: skip
        MultipartUploadRole("vision", {
            "role_name": "r", "user_arn": user.user_arn, "user_unique_id": user.unique_id,
            "bucket_arn": arn,
        })  # fmt: skip
        PrivateBucket("vision", {
            "bucket_name": "my-bucket", "region": "eu-west-1",
            "cors": [{"origins": ["*"], "methods": ["GET"]}],
        })  # fmt: skip

        project = "0" * 32
        SwiftContainer("vision", {"container_name": "data", "region": "RegionOne"})
        SwiftAccountKey("vision", {"project_id": project, "region": "RegionOne", "keys": ["a"]})
        SwiftCredential("vision", {
            "credential_name": "c", "project_id": project, "container_name": "data",
            "access": [Access.READ], "region": "RegionOne",
        })  # fmt: skip

    declare(program)
    urns = "".join(f"{urn}\n" for urn in paper.urns())
    if os.environ.get("REGENERATE"):
        GOLDEN.write_text(urns)

    again = f"REGENERATE=1 .venv/bin/python -m pytest {request.node.nodeid}"
    assert urns == GOLDEN.read_text(), f"if this is wanted: {again}"
