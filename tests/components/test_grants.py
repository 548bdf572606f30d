"""Grants as every component takes them: checked early, and of buckets that are not known yet."""

import json

import pulumi
import pytest

from object_access import (
    Access,
    AccessUser,
    DelegatedRole,
    MultipartUploadRole,
    PrefixPolicy,
    WorkloadRole,
)
from object_access.rehearsal.engine import plain

ARN = "arn:aws-cn:s3:::farm"
KEY = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234-abcd"
PROVIDER = "arn:aws-cn:iam::123456789012:oidc-provider/gitlab.com"


def holders(grants, bucket_arn):
    """A program with every component that holds grants."""

    def program():
        trusts = {"them": {"principals": ["311530292373"], "external_id": "an-id-of-ours"}}
        AccessUser("user", {"user_name": "u", "grants": grants})
        DelegatedRole("delegated", {"role_name": "d", "trusts": trusts, "grants": grants})
        WorkloadRole("machine", {"role_name": "m", "grants": grants})
        PrefixPolicy("policy", {"policy_name": "p", "grants": grants})
        MultipartUploadRole(
            "uploads",
            {"role_name": "r", "user_arn": "a", "user_unique_id": "i", "bucket_arn": bucket_arn},
        )

    return program


def documents(paper):
    """Every document that was declared, by the resource's type and name."""
    return {
        (each.type, each.name, key): json.loads(plain(each.inputs[key]))
        for each in paper.declared
        for key in ("policy", "assumeRolePolicy")
        if key in each.inputs
    }


def test_a_bucket_that_is_not_known_yet(declare, paper):
    """The documents are those of the same bucket, known; the partition of a trust is its, too."""
    grant = {"access": [Access.LIST, Access.READ, Access.WRITE], "prefixes": ["a/"]}
    known = {"data": {**grant, "bucket_arn": ARN, "kms_key_arn": KEY}}
    declare(holders(known, ARN))
    expected = documents(paper)
    paper.declared.clear()

    later = pulumi.Output.from_input
    declare(
        holders(
            {"data": {**grant, "bucket_arn": later(ARN), "kms_key_arn": later(KEY)}}, later(ARN)
        )
    )

    assert documents(paper) == expected
    assert len(expected) == 8
    assert "arn:aws-cn:iam::311530292373:root" in str(expected)


def test_a_provider_that_is_not_known_yet(declare, paper):
    """The trust names it once it is."""
    declare(
        lambda: (
            WorkloadRole(
                "job",
                {
                    "role_name": "job",
                    "grants": {"data": {"bucket_arn": ARN, "access": ["read"]}},
                    "web_identity": {
                        "provider_arn": pulumi.Output.from_input(PROVIDER),
                        "subjects": ["project_path:my-group/my-project:ref_type:branch:ref:main"],
                    },
                },
            )
            and None
        )
    )

    [statement] = json.loads(paper.one("Role")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}
    assert statement["Condition"]["StringEquals"]["gitlab.com:aud"] == "sts.amazonaws.com"


def test_a_verb_is_also_its_name(declare, paper):
    """Other languages know no `Access`."""
    for access in ([Access.READ, Access.READ_VERSIONS], ["read", "read-versions"]):
        grants = {"data": {"bucket_arn": ARN, "access": access}}
        declare(lambda g=grants: PrefixPolicy("farm", {"policy_name": "p", "grants": g}) and None)

    first, second = (each.inputs for each in paper.declared)
    assert first == second


GOOD = {"bucket_arn": ARN, "access": ["read"]}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"access": ["admin"]}, "farm: access 'admin' is unknown, use some of list, "),
        ({"access": ["raed"]}, "farm: access 'raed' is unknown, did you mean 'read'"),
        ({"access": "read"}, "farm-data: input 'access' is the text 'read', give a list of texts"),
        ({"access": {}}, "farm-data: input 'access' is given as dict, give a list"),
        (
            {"prefixes": [pulumi.Output.from_input("a/")]},
            "farm: input 'prefixes' must be known at once, give a plain value",
        ),
        ({"access": []}, "farm: a grant without access allows nothing"),
        ({"prefixes": "farm/"}, "farm-data: input 'prefixes' is the text 'farm/', give a list"),
        ({"prefixes": [""]}, "farm: prefix '' is empty, give no prefix at all for the whole buck"),
        ({"keys": ["state/"]}, "farm: key 'state/' ends with '/'"),
        ({"prefix": "a/"}, "farm-data: unknown input 'prefix', did you mean 'prefixes'"),
        (
            {"access": [Access.LIST_UPLOADS], "prefixes": ["a/"]},
            "farm: list-uploads access lists the uploads of the whole bucket, it cannot be granted "
            "on 'a/'; give it by a grant of its own",
        ),
        ({"access": [Access.NOTIFY], "keys": ["a"]}, "it cannot be granted on 'a'"),
    ],
)
def test_bad_grants_are_refused_before_anything_is_declared(declare, paper, change, message, later):
    """One line that names component and grant, also where the bucket is not known yet."""
    grant = GOOD | change
    if later:
        grant["bucket_arn"] = pulumi.Output.from_input(ARN)
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(
            lambda: PrefixPolicy("farm", {"policy_name": "p", "grants": {"data": grant}}) and None
        )

    assert str(refused.value).startswith(message) or message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (paper.declared, paper.components) == ([], [])


WRONG_BUCKETS = [
    ("my-bucket", "is no ARN of a bucket, did you mean 'arn:aws:s3:::my-bucket'"),
    (f"{ARN}/a/*", "has '*', a pattern, name one bucket"),
    (f"{ARN}/a/", "names objects, give the bucket's ARN, and prefixes or keys"),
    ("arn:aws:s3:::*", "has '*', a pattern, name one bucket"),
]


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("component", ["policy", "uploads", "delegated"])
@pytest.mark.parametrize(("arn", "message"), WRONG_BUCKETS)
def test_what_is_no_bucket(declare, paper, arn, message, component, later):
    """Refused at once where it is known, and as soon as it is."""
    given = pulumi.Output.from_input(arn) if later else arn
    grants = {"data": {"bucket_arn": given, "access": ["read"]}}
    args = {
        "policy": (PrefixPolicy, {"policy_name": "p", "grants": grants}),
        "uploads": (
            MultipartUploadRole,
            {"role_name": "r", "user_arn": "a", "user_unique_id": "i", "bucket_arn": given},
        ),
        "delegated": (
            DelegatedRole,
            {"role_name": "d", "trusts": {"a": {"principals": []}}, "grants": grants},
        ),
    }
    kind, inputs = args[component]
    with pytest.raises(ValueError, match="farm: bucket ARN ") as refused:
        declare(lambda: kind("farm", inputs) and None)

    assert message in str(refused.value)
    assert not {"Policy", "RolePolicy"} & set(paper.kinds())
    if not later:
        assert (paper.declared, paper.components) == ([], [])


def test_a_size_that_is_known_too_late(declare, paper):
    """A bucket's real name may be what makes a policy too large."""
    prefixes = [f"{n:0>40}/" for n in range(75)]
    arn = pulumi.Output.from_input(f"arn:aws:s3:::{'x' * 63}")
    grants = {"data": {"bucket_arn": arn, "access": ["read"], "prefixes": prefixes}}
    with pytest.raises(ValueError, match="farm: the managed policy would have"):
        declare(lambda: PrefixPolicy("farm", {"policy_name": "p", "grants": grants}) and None)

    assert len(paper.components) == 1
    assert paper.declared == []
