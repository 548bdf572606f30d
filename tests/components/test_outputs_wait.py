"""Outputs resolve when the thing is usable: whoever waits for one may use it at once."""

import threading
import time

import pytest

from object_access import (
    AccessUser,
    CompatibleBucket,
    DelegatedRole,
    MultipartUploadRole,
    PrefixPolicy,
    PrivateBucket,
    SwiftAccountKey,
    SwiftContainer,
    SwiftCredential,
    WorkloadRole,
)

GRANTS = {
    key: {"bucket_arn": "arn:aws:s3:::farm", "access": ["read"], "prefixes": [f"{key}/"]}
    for key in ("in", "out")
}
TRUSTS = {"them": {"principals": ["311530292373"], "self_assuming": True}}
WITHOUT_LOGS = {
    "bucket_name": "farm",
    "region": "eu-west-1",
    "cors": [{"origins": ["*"], "methods": ["GET"]}],
}
BUCKET = {**WITHOUT_LOGS, "access_logs": {"bucket_name": "my-logs"}}
SWIFT = {"region": "RegionOne", "project_id": "0" * 32}
CREDENTIAL = {"credential_name": "c", "container_name": "data", "access": ["read"], **SWIFT}
UPLOADS = {
    "role_name": "r", "user_arn": "a", "user_unique_id": "i", "bucket_arn": "arn:aws:s3:::farm",
}  # fmt: skip
USER = {"user_name": "u", "grants": GRANTS, "managed_policies": {"more": "arn:aws:iam::1:policy/p"}}
# Each output, and the kinds that it has no need to wait for: a key of access is none of a name.
CASES = [
    (PrivateBucket, BUCKET, "bucket_name", set()),
    (PrivateBucket, BUCKET, "bucket_arn", set()),
    (PrivateBucket, WITHOUT_LOGS, "bucket_name", set()),
    (AccessUser, USER, "user_name", {"AccessKey"}),
    (AccessUser, USER, "user_arn", {"AccessKey"}),
    (AccessUser, USER, "access_key_id", set()),
    (AccessUser, USER, "secret_access_key", set()),
    (DelegatedRole, {"role_name": "d", "trusts": TRUSTS, "grants": GRANTS}, "role_arn", set()),
    (MultipartUploadRole, UPLOADS, "role_arn", set()),
    (WorkloadRole, {"role_name": "w", "grants": GRANTS}, "role_arn", {"InstanceProfile"}),
    (WorkloadRole, {"role_name": "w", "grants": GRANTS}, "instance_profile", set()),
    (PrefixPolicy, {"policy_name": "p", "grants": GRANTS, "roles": ["r"]}, "policy_arn", set()),
    (
        CompatibleBucket,
        {"bucket_name": "farm", "endpoint": "https://s3.example.org"},
        "bucket_name",
        set(),
    ),
    (SwiftContainer, {"container_name": "c", "region": "RegionOne"}, "container_name", set()),
    (SwiftContainer, {"container_name": "c", "region": "RegionOne"}, "temp_url_key", set()),
    (SwiftAccountKey, SWIFT, "temp_url_key", set()),
    (SwiftCredential, CREDENTIAL, "credential_id", set()),
    (SwiftCredential, CREDENTIAL, "secret", set()),
]


@pytest.mark.parametrize(
    ("component", "args", "output", "beside"), CASES,
    ids=[f"{number}-{each[0].__name__}.{each[2]}" for number, each in enumerate(CASES)],
)  # fmt: skip
def test_an_output_waits_for_everything(
    declare, paper, monkeypatch, component, args, output, beside
):
    """Each child in turn takes long: the output comes after it."""
    done, lock = {}, threading.Lock()
    slow = []
    answer = type(paper).new_resource

    def slowly(self, asked):
        if (asked.name, asked.typ) in slow:
            time.sleep(0.03)
        answered = answer(self, asked)
        with lock:
            done[(asked.name, asked.typ)] = time.perf_counter()
        return answered

    def program():
        made = getattr(component("vision", args), output)
        made.apply(lambda _: done.update(resolved=time.perf_counter()))
        return {"made": made}

    declare(program)
    children = {(each.name, each.type) for each in paper.declared}
    assert children
    monkeypatch.setattr(type(paper), "new_resource", slowly)
    for child in sorted(children):
        if child[1].rpartition(":")[2] not in beside:
            slow[:] = [child]
            declare(program)
            assert done["resolved"] > done[child], child
