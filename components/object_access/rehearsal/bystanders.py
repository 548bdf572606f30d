"""What is there beside the projects: buckets to adopt, other people and other accounts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from stacks import settings

from ..checks import Others, Target
from .cloud import STRANGER, Cloud
from .engine import Run
from .provision import make_bucket

Handover = Mapping[str, Any]


def provide_adopted(cloud: Cloud, projects: Sequence[settings.Project]) -> None:
    """Buckets that exist outside the program exist before it runs."""
    for project in projects:
        if isinstance(project, settings.AdoptingProject) and project.adopt:
            s3 = cloud.admin("s3", project.region)
            if project.bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
                make_bucket(s3, project.bucket, project.region)
        if isinstance(project, settings.Kopah) and project.adopt:
            cloud.wait_for_compatible()
            keys = cloud.compatible
            store = Target(keys["endpoint"], compatible=True)
            store.client("s3", "us-east-1", _pair(keys)).create_bucket(Bucket=project.bucket)


def with_keys(cloud: Cloud, handovers: Mapping[str, Handover]) -> dict[str, Handover]:
    """The hand-overs as their consumer has them: with the keys of the profile that they name."""
    return {name: {**handover, **_own(cloud, handover)} for name, handover in handovers.items()}


def _own(cloud: Cloud, handover: Handover) -> dict[str, str]:
    if handover["kind"] == "kopah":
        return _pair(cloud.compatible)
    if handover["kind"] == "valohai-swift":
        user = cloud.swift["projects"]["rehearsal"]
        return {key: user[key] for key in ("password", "user_domain")}
    return {}


def _openstack_users(cloud: Cloud) -> dict[str, Mapping[str, str]]:
    projects = cloud.swift["projects"]
    return {
        "another project's user": projects["somebody-else"],
        "a user without a role": projects["rehearsal"]["without_role"],
    }


def _pair(keys: Mapping[str, str]) -> dict[str, str]:
    return {key: keys[key] for key in ("access_key_id", "secret_access_key")}


def others_of(cloud: Cloud, run: Run) -> Others:
    """The people beside the projects' own: somebody else in the account, with a bucket of theirs
    and who may do anything on S3 and assume any role that lets them; the accounts that are trusted
    and one that is not; somebody else on the compatible store."""
    name = f"outsider-{uuid4().hex[:12]}"
    make_bucket(cloud.admin("s3"), name, cloud.region)
    iam = cloud.admin("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": ["s3:*", "sts:AssumeRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="anything", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    outsider = {
        "bucket": name,
        "region": cloud.region,
        "access_key_id": key["AccessKeyId"],
        "secret_access_key": cloud.keep_secret(key["SecretAccessKey"]),
    }
    kinds = {handover["kind"] for handover in run.handovers.values()}
    return Others(
        outsider=outsider,
        accounts=cloud.aws["accounts"],
        stranger=cloud.aws["accounts"].get(STRANGER),
        compatible=_pair(cloud.compatible["somebody_else"]) if "kopah" in kinds else None,
        openstack=_openstack_users(cloud) if "valohai-swift" in kinds else {},
    )
