"""URNs are public API: a change makes `pulumi up` replace what it should keep."""

from pathlib import Path

GOLDEN = Path(__file__).parent / "urns.txt"


def test_urns_are_as_they_were(request, paper, declare):
    """After a wanted change: alias the old name, note it in CHANGELOG, and regenerate the file."""
    import os

    from object_access import (
        Access,
        AccessUser,
        CompatibleBucket,
        DelegatedRole,
        MultipartUploadRole,
        Pipeline,
        PrefixPolicy,
        PrivateBucket,
        SwiftAccountKey,
        SwiftContainer,
        SwiftCredential,
        WorkloadRole,
    )

    arn, project = "arn:aws:s3:::my-bucket", "0" * 32
    grants = {"data": {"bucket_arn": arn, "access": [Access.READ]}}

    def program():
        policy = PrefixPolicy("vision", {
            "policy_name": "p", "grants": grants, "roles": ["their-role"],
        })  # fmt: skip
        user = AccessUser("vision", {
            "user_name": "u", "grants": grants, "managed_policies": {"farm": policy.policy_arn},
        })  # fmt: skip
        MultipartUploadRole("vision", {
            "role_name": "r", "user_arn": user.user_arn, "user_unique_id": user.unique_id,
            "bucket_arn": arn,
        })  # fmt: skip
        DelegatedRole("vision", {
            "role_name": "d", "grants": grants,
            "trusts": {"vendor": {"principals": ["311530292373"], "self_assuming": True}},
        })  # fmt: skip
        WorkloadRole("vision", {"role_name": "w", "grants": grants})
        PrivateBucket("vision", {
            "bucket_name": "my-bucket", "region": "eu-west-1",
            "cors": [{"origins": ["*"], "methods": ["GET"]}],
            "access_logs": {"bucket_name": "my-logs"},
        })  # fmt: skip
        CompatibleBucket("vision", {"bucket_name": "data", "endpoint": "https://s3.example.org"})

        SwiftContainer("vision", {"container_name": "data", "region": "RegionOne"})
        SwiftAccountKey("vision", {"project_id": project, "region": "RegionOne", "keys": ["a"]})
        SwiftCredential("vision", {
            "credential_name": "c", "project_id": project, "container_name": "data",
            "access": [Access.READ], "region": "RegionOne",
        })  # fmt: skip

        Pipeline("ci", {
            "bucket_name": "state", "region": "eu-west-1", "program": "object-access",
            "issuer": {"host": "gitlab.com"}, "people": ["arn:aws:iam::123456789012:user/ann"],
            "environments": {"prod": {
                "own": "ci-prod", "names": ["my-prod-"], "previews": ["a:b"], "deploys": ["a:c"],
            }},
        })  # fmt: skip

    declare(program)
    assert len({each.type for each in paper.components}) == 11, "of every kind of component one"
    urns = "".join(f"{urn}\n" for urn in paper.urns())
    if os.environ.get("REGENERATE"):
        GOLDEN.write_text(urns)

    again = f"REGENERATE=1 .venv/bin/python -m pytest {request.node.nodeid}"
    assert urns == GOLDEN.read_text(), f"if this is wanted: {again}"
