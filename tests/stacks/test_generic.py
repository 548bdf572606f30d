"""Projects of the generic kinds: several places, holders of every `as`, and what is declared."""

import json

import pytest

from object_access.handover import Handover, fields, model, next_step
from object_access.rehearsal.engine import plain

ARN = "arn:aws:s3:::a-lake"
READER = "arn:aws:iam::111122223333:role/reader"
OIDC = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000"
LAKE = {
    "kind": "s3",
    "bucket": "a-lake",
    "places": {
        "raw": {"prefix": "raw/", "access": ["list", "read"]},
        "out": {"prefix": "out/", "access": ["write", "delete"], "exact": True},
        "state": {"keys": ["state/a.tfstate"], "access": ["list", "read"]},
        "all": {"access": ["locate", "read-settings"]},
    },
    "holders": {
        "person": {"as": "user", "places": ["raw", "out"]},
        "policy": {"as": "user", "places": ["raw"], "managed": True, "name": "named"},
        "vendor": {"as": "role", "places": ["raw"], "trusted": [READER], "longest_session": 7200},
        "pending": {"as": "role", "places": ["raw"]},
        "named": {"as": "role", "places": ["raw"], "trusted": [READER], "session_name": "a-secret"},
        "itself": {
            "as": "role", "places": ["raw"], "trusted": [READER], "self_assuming": True,
            "external_id": "given-by-them",
        },
        "logs": {"as": "existing-role", "places": ["raw"], "name": "there-already"},
        "machines": {"as": "machine", "places": ["raw", "state"]},
        "ci": {"as": "job", "places": ["out"], "provider": OIDC, "subjects": ["repo:a/b:ref:refs/tags/v*"]},
        "guest": {"as": "principal", "places": ["raw"], "principals": [READER]},
        "uploads": {"as": "upload-role", "of": "person"},
    },
}  # fmt: skip
DECLARED = {
    "AccessKey": ["lake-person-key", "lake-policy-key"],
    "InstanceProfile": ["lake-machines-instances"],
    "Policy": ["lake-logs", "lake-policy"],
    "RandomPassword": ["lake-pending-pending-external-id", "lake-vendor-vendor-external-id"],
    "Role": [
        "lake-ci", "lake-itself", "lake-machines", "lake-named", "lake-pending", "lake-uploads",
        "lake-vendor",
    ],
    "RolePolicyAttachment": ["lake-logs-there-already"],
    "User": ["lake-person", "lake-policy"],
    "UserPolicy": ["lake-person-out", "lake-person-raw"],
    "UserPolicyAttachment": ["lake-policy-policy"],
}  # fmt: skip


def environment(project: dict) -> dict:
    """An environment with one project."""
    return {"protect": False, "projects": {"lake": project}}


def statements(paper, kind: str, name: str) -> list[dict]:
    """The statements of one declared policy."""
    inputs = paper.one(kind, name)
    return json.loads(plain(inputs.get("policy") or inputs["assumeRolePolicy"]))["Statement"]


@pytest.fixture
def lake(handed):
    """The hand-over of a project that has everything."""
    return handed(environment(LAKE))


def test_everyone_and_everything_is_declared_once(lake, paper):
    """By the project's and the holder's names."""
    found: dict[str, list[str]] = {}
    for each in paper.declared:
        found.setdefault(each.type.rpartition(":")[2], []).append(each.name)
    found = {kind: sorted(names) for kind, names in found.items()}

    assert {kind: found[kind] for kind in DECLARED} == DECLARED
    assert set(found) - set(DECLARED) - {"RolePolicy"} == {
        kind for kind in found if kind.startswith("Bucket")
    }
    assert list(lake.holders) == list(LAKE["holders"])
    assert list(lake.places) == list(LAKE["places"])


def test_each_holder_has_its_places_and_no_other(lake, paper):
    """A statement for each verb and place; listing an exact key shows what begins with it."""
    assert statements(paper, "UserPolicy", "lake-person-raw") == [
        {
            "Sid": "List", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ARN,
            "Condition": {"StringLike": {"s3:prefix": "raw/*"}},
        },
        {"Sid": "Objects", "Effect": "Allow", "Action": ["s3:GetObject"],
         "Resource": f"{ARN}/raw/*"},
    ]  # fmt: skip
    assert statements(paper, "UserPolicy", "lake-person-out") == [
        {
            "Sid": "Objects", "Effect": "Allow", "Resource": f"{ARN}/out/*",
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
        }
    ]  # fmt: skip
    assert [
        each["Resource"] for each in statements(paper, "RolePolicy", "lake-machines-state")
    ] == [
        ARN,
        f"{ARN}/state/a.tfstate",
    ]
    assert lake.holders["machines"].places == ("raw", "state")


def test_whom_each_role_trusts(lake, paper):
    """The consumer with a proof, itself, nobody yet, machines, jobs, a user of the project."""
    [vendor] = statements(paper, "Role", "lake-vendor")
    assert vendor["Principal"] == {"AWS": [READER]}
    assert list(vendor["Condition"]["StringEquals"]) == ["sts:ExternalId"]
    [named] = statements(paper, "Role", "lake-named")
    assert named["Condition"] == {"StringEquals": {"sts:RoleSessionName": "a-secret"}}
    assert {each["Effect"] for each in statements(paper, "Role", "lake-pending")} == {"Deny"}
    itself = statements(paper, "Role", "lake-itself")
    assert any("ArnLike" in each.get("Condition", {}) for each in itself)
    [machines] = statements(paper, "Role", "lake-machines")
    assert machines["Principal"] == {"Service": "ec2.amazonaws.com"}
    [job] = statements(paper, "Role", "lake-ci")
    assert job["Principal"] == {"Federated": OIDC}
    [uploads] = statements(paper, "Role", "lake-uploads")
    person = paper.one("User", "lake-person")["name"]
    assert uploads["Principal"] == {"AWS": f"arn:aws:iam::123456789012:user/{person}"}
    assert paper.one("Role", "lake-vendor")["maxSessionDuration"] == 7_200


def test_somebody_else_is_let_in_by_the_bucket_s_policy(lake, paper):
    """With the same scopes as anybody."""
    shared = statements(paper, "BucketPolicy", "lake-policy")[1:]

    assert [each["Principal"] for each in shared] == [{"AWS": [READER]}] * 2
    assert shared[0]["Condition"] == {"StringLike": {"s3:prefix": "raw/*"}}
    assert shared[1]["Resource"] == f"{ARN}/raw/*"


def test_how_each_gets_in(lake):
    """Of the type that says so, with its secrets."""
    hows = {name: type(each.how) for name, each in lake.holders.items()}

    assert hows == {
        "person": model.Key, "policy": model.Key, "vendor": model.Role, "pending": model.Role,
        "named": model.Role, "itself": model.Role, "logs": model.ExistingRole,
        "machines": model.Machine, "ci": model.Job, "guest": model.Foreign,
        "uploads": model.UploadRole,
    }  # fmt: skip
    assert {"a-secret", "given-by-them", "secret-of-lake-person-key"} <= lake.secrets()
    named, itself = lake.holders["named"].how, lake.holders["itself"].how
    assert (named.session_name, named.external_id) == ("a-secret", "")
    assert (itself.external_id, itself.self_assuming) == ("given-by-them", True)
    assert lake.holders["pending"].how.trusted == ()


def test_a_form_for_a_project_without_a_consumer(lake):
    """Where it is, and how each holder gets in, by the holder's name."""
    shown = {field.label: field.masked for field in fields(lake)}

    assert shown["Bucket"] == "a-lake"
    assert shown["person: Access key ID"] == "AKIA-lake-person-key"
    assert shown["person: Secret access key"] == model.MASK
    assert shown["vendor: Role ARN"].startswith("arn:aws:iam::123456789012:role/lake-dev-vendor-")
    assert shown["named: Session name"] == model.MASK
    assert next_step(lake) == ""  # a consumer's file would say it


def test_settings_of_the_bucket_reach_it(handed, paper):
    """Key, logs, CORS, versions, tags, protection."""
    given = handed(
        environment(
            LAKE
            | {
                "holders": {"me": {"as": "user", "places": ["raw", "out"]}},
                "kms_key": KEY,
                "access_logs": {"bucket": "some-logs", "prefix": "lake/"},
                "versioning": False,
                "tags": {"team": "lake"},
                "cors": [{"origins": ["https://a.example"], "methods": ["PUT"], "max_age": 60}],
            }
        )
    )

    [rule] = paper.one("BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY
    logging = paper.one("BucketLogging")
    assert (logging["targetBucket"], logging["targetPrefix"]) == ("some-logs", "lake/")
    assert paper.one("BucketCorsConfiguration")["corsRules"][0]["maxAgeSeconds"] == 60
    versions = paper.one("BucketVersioning")["versioningConfiguration"]
    assert versions == {"status": "Suspended"}
    assert paper.one("Bucket")["tags"] == {"team": "lake"}
    key = [each for each in statements(paper, "UserPolicy", "lake-me-raw") if each["Sid"] == "Key"]
    assert key == [{"Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": KEY}]
    assert (given.where.kms_key, given.cors[0].methods) == (KEY, ("PUT",))


def test_a_store_without_iam(handed, paper):
    """A bucket at an address, with the operator's keys, which stay in their profile."""
    given = handed(
        environment(
            {
                "kind": "compatible", "bucket": "a-lake", "endpoint": "https://s3.example.org",
                "region": "garage", "profile": "mine", "adopt": True, "versioning": True,
                "places": LAKE["places"], "holders": {"us": {"as": "profile", "places": ["raw"]}},
            }
        )
    )  # fmt: skip

    assert paper.kinds() == ["StoreBucket"]
    bucket = paper.one("StoreBucket")
    assert (bucket["profile"], bucket["adopt"], bucket["versioning"]) == ("mine", True, True)
    assert (given.where.region, given.where.adopted) == ("garage", True)
    assert given.holders["us"].how == model.Profile(profile="mine")


@pytest.mark.usefixtures("unlooked")
def test_a_container_with_all_that_swift_has(program, paper):
    """A user, URLs by the container's key, a credential, and users of other projects."""
    value, secret = program(
        environment(
            {
                "kind": "swift", "container": "a-lake", "project_id": "0" * 32,
                "auth_url": "https://identity.example.org/v3", "versioning": True,
                "origins": ["https://a.example"],
                "places": {"in": {"access": ["list", "read"]}, "out": {"access": ["write", "delete"]}},
                "holders": {
                    "me": {"as": "user", "username": "ann"},
                    "links": {"as": "temp-urls"},
                    "robot": {"as": "credential", "places": ["in"]},
                    "them": {"as": "listed", "elements": ["readers"], "places": ["in"]},
                    "both": {"as": "listed", "elements": ["editors"]},
                },
            }
        )
    )["lake"]  # fmt: skip
    given = Handover.read("lake", value)

    container = paper.one("Container")
    assert (container["containerRead"], container["containerWrite"]) == (
        "readers,editors", "editors",
    )  # fmt: skip
    credential = paper.one("ApplicationCredential")
    assert {each["method"] for each in credential["accessRules"]} == {"GET", "HEAD"}
    assert "AccountV1" not in paper.kinds()
    assert secret
    how = {name: each.how for name, each in given.holders.items()}
    assert how["links"].key == plain(container["metadata"])["Temp-Url-Key"]
    assert how["robot"].credential_id == "credential-lake-robot"
    assert how["them"] == model.Listed(elements=("readers",))
    assert given.cors[0].origins == ("https://a.example",)
