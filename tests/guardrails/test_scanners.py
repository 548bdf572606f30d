"""What other people's scanners say of what we emit: nothing but what `waivers.txt` explains."""

import itertools
import json
import os
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from guardrails.rules import Resource
from object_access.policies.documents import to_json
from object_access.policies.grants import Access, grant, multipart_access

from ..stacks.conftest import ROOT
from . import terraform
from .conftest import ENVIRONMENTS

BIN = ROOT / ".venv/scanners/bin"
# Verbs that no prefix can narrow.
WHOLE_ONLY = {Access.LIST_UPLOADS, Access.MULTIPART, Access.NOTIFY}
IDENTITY = ("UserPolicy", "RolePolicy", "GroupPolicy", "Policy")
pytestmark = pytest.mark.skipif(not (BIN / "checkov").exists(), reason="needs `make scanners`")

# Prints, for every policy, what Parliament finds.
PARLIAMENT = """
import json, sys, parliament
for where, policy in json.load(sys.stdin):
    for found in parliament.analyze_policy_string(policy).findings:
        print(json.dumps([found.issue, where]))
"""


def scanned(command, folder: Path, given: str = "") -> str:
    """What a scanner prints. It gets no variable of ours, and no home."""
    done = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=300,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def parliament(policies, folder: Path) -> set[tuple[str, str]]:
    """What Parliament finds in policies, given as (where, document)."""
    told = scanned([BIN / "python", "-c", PARLIAMENT], folder, json.dumps([*policies]))
    return {tuple(json.loads(line)) for line in told.splitlines()}


def checkov(folder: Path) -> set[tuple[str, str]]:
    """What Checkov finds in a folder of Terraform."""
    command = [BIN / "checkov", "--directory", ".", "--framework", "terraform", "--output", "json"]
    report = json.loads(scanned([*command, "--skip-download", "--compact", "--soft-fail"], folder))
    assert report["summary"]["parsing_errors"] == 0
    return {
        (found["check_id"], f"{Path(found['file_path']).parent.name}/{found['resource']}")
        for found in report["results"]["failed_checks"]
    }


def waivers(*, of_checkov: bool) -> list[tuple[str, str]]:
    """The lines about one of the two scanners."""
    lines = (Path(__file__).parent / "waivers.txt").read_text().splitlines()
    rows = [line.split(maxsplit=2) for line in lines if not line.startswith("#")]
    assert all(len(row) == 3 for row in rows), "each line has a reason"
    return [(check, where) for check, where, _ in rows if check.startswith("CKV") == of_checkov]


def compare(found: set[tuple[str, str]], waived: list[tuple[str, str]]) -> None:
    """Every finding is waived, and every waiver needed."""

    def fits(finding, waiver):
        return finding[0] == waiver[0] and fnmatchcase(finding[1], waiver[1])

    assert [each for each in sorted(found) if not any(fits(each, line) for line in waived)] == []
    assert [line for line in waived if not any(fits(each, line) for each in found)] == []


def test_parliament_finds_nothing_in_what_stacks_emit(emitted, tmp_path):
    """Every policy of a user, of a role and of its own, in every shipped environment."""
    policies = [
        (f"{environment}/{terraform.type_of(each)}.{each.name}", each.inputs["policy"])
        for environment in ENVIRONMENTS
        for each in emitted(environment)
        if each.kind in IDENTITY
    ]

    assert len(policies) > 10
    found = parliament(policies, tmp_path)
    compare(found, waivers(of_checkov=False))


def test_parliament_finds_nothing_in_what_components_grant(tmp_path):
    """Each verb, every two and all together, on a bucket, a prefix and several, with a KMS key and
    without."""
    arn, key = "arn:aws:s3:::my-bucket", "arn:aws:kms:eu-west-1:123456789012:key/abc"
    verbs = [each for each in Access if each is not Access.FULL]
    policies = [("multipart", to_json(multipart_access(arn)))]
    for count in (1, 2, len(verbs)):
        for access in itertools.combinations(verbs, count):
            for prefixes in ([], ["a/"], ["a/", "b/c/"]):
                if not (prefixes and WHOLE_ONLY & set(access)):
                    policies += [
                        (
                            f"{access} {prefixes} {kms}",
                            to_json(grant(arn, access, prefixes, kms_key_arn=kms)),
                        )
                        for kms in ("", key)
                    ]

    assert len(policies) > 500
    assert parliament(policies, tmp_path) == set()


def loose() -> list[Resource]:
    """What a scanner must find, or its silence says nothing."""

    def document(**statement):
        whole = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **statement}
        return to_json({"Version": "2012-10-17", "Statement": [whole]})

    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    return [
        Resource("aws:s3/bucket:Bucket", {"bucket": "b"}, "b"),
        Resource(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"bucket": "b", "blockPublicAcls": False},
            "b",
        ),
        Resource(
            "aws:s3/bucketPolicy:BucketPolicy",
            {"bucket": "b", "policy": document(Principal="*")},
            "b",
        ),
        Resource("aws:iam/userPolicy:UserPolicy", {"user": "u", "policy": document()}, "u"),
        Resource(
            "aws:iam/role:Role",
            {"assumeRolePolicy": to_json({"Version": "2012-10-17", "Statement": [trust]})},
            "r",
        ),
    ]


def test_checkov_finds_what_is_explained(emitted, tmp_path):
    """And what it must find in a program that is loose."""
    programs = {environment: emitted(environment) for environment in ENVIRONMENTS}
    for folder, resources in {**programs, "loose": loose()}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.tf").write_text(terraform.program(resources))

    found = checkov(tmp_path)

    control = {check for check, where in found if where.startswith("loose/")}
    assert control >= {
        "CKV2_AWS_6", "CKV_AWS_21", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_60", "CKV_AWS_70",
        "CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_290", "CKV_AWS_355",
    }  # fmt: skip
    ours = {each for each in found if not each[1].startswith("loose/")}
    compare(ours, waivers(of_checkov=True))
