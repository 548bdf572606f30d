"""The Valohai row: the guide's worked example, word for word, and the choices beside it."""

import json

import pytest
import yaml

from object_access.handover import fields
from object_access.policies.buckets import LEFT_TO_CONFINED

from .conftest import ROOT

BUCKET = "my-valohai-bucket"
ARN = f"arn:aws:s3:::{BUCKET}"
GUIDE = {"kind": "valohai-s3", "bucket": BUCKET, "region": "eu-west-1"}


def environment(**project):
    """An environment with one project."""
    return {"namespace": "tests", "projects": {"vision": {"kind": "valohai-s3", **project}}}


def statements(document: str):
    """The statements of a policy document."""
    return json.loads(document)["Statement"]


def test_the_user_has_the_guide_s_policy(program, paper):
    """Everything on the bucket and its objects, and nothing else: `s3:*`."""
    program(environment(**GUIDE))

    assert statements(paper.one("UserPolicy")["policy"]) == [
        {
            "Sid": "FullAccess",
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": [ARN, f"{ARN}/*"],
        }
    ]


def test_the_bucket_has_the_guide_s_cors_rules(program, paper):
    """Reading from everywhere, uploading from the app."""
    program(environment(**GUIDE))

    common = {"allowedHeaders": ["Authorization"], "exposeHeaders": [], "maxAgeSeconds": 3000}
    assert paper.one("BucketCorsConfiguration")["corsRules"] == [
        {"allowedOrigins": ["*"], "allowedMethods": ["GET"], **common},
        {"allowedOrigins": ["https://app.valohai.com"], "allowedMethods": ["POST"], **common},
    ]


def test_the_role_has_the_guide_s_policy_and_trust(program, paper):
    """The seven actions under the Sid MultipartAccess; exactly the user, no external ID."""
    program(environment(**GUIDE, multipart=True))

    [statement] = statements(paper.one("RolePolicy")["policy"])
    assert statement == {
        "Sid": "MultipartAccess",
        "Effect": "Allow",
        "Action": [
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListBucketVersions",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ],
        "Resource": [ARN, f"{ARN}/*"],
    }
    [trust] = statements(paper.one("Role")["assumeRolePolicy"])
    user = paper.one("User")["name"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::123456789012:user/{user}"}
    assert trust["Action"] == "sts:AssumeRole"
    assert "Condition" not in trust


def test_neither_user_nor_role_administers_the_bucket(program, paper):
    """`s3:*` includes lifting the public access block; the bucket's policy leaves to them only the
    use of objects."""
    program(environment(**GUIDE, multipart=True))

    guarded = statements(paper.one("BucketPolicy")["policy"])[1]
    assert guarded["Effect"] == "Deny"
    assert guarded["NotAction"] == LEFT_TO_CONFINED
    assert guarded["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        f"arn:aws:iam::123456789012:role/{paper.one('Role')['name']}",
        f"arn:aws:iam::123456789012:user/{paper.one('User')['name']}",
    ]


def test_narrow_access_names_its_actions(program, paper):
    """The bucket and its objects apart, and no action with a wildcard."""
    program(environment(**GUIDE, access="narrow"))

    assert statements(paper.one("UserPolicy")["policy"]) == [
        {
            "Sid": "Bucket",
            "Effect": "Allow",
            "Action": [
                "s3:GetBucketLocation",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            "Resource": ARN,
        },
        {
            "Sid": "Objects",
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            "Resource": f"{ARN}/*",
        },
    ]


def test_the_hand_over_fills_the_form(program, paper):
    """The four fields of "Add S3 store"; only the secret key is a secret."""
    given, secret = program(environment(**GUIDE, multipart=True))["vision"]

    assert [(field.label, field.value, field.masked) for field in fields("vision", given)] == [
        ("Bucket name", BUCKET, BUCKET),
        ("Access key ID", "AKIA-vision-key", "AKIA-vision-key"),
        ("Secret access key", "secret-of-vision-key", "••••••••"),
        (
            "Multipart Upload IAM Role ARN",
            f"arn:aws:iam::123456789012:role/{paper.one('Role')['name']}",
            f"arn:aws:iam::123456789012:role/{paper.one('Role')['name']}",
        ),
    ]
    assert secret, "an output that holds a secret is one"


def test_without_multipart_there_is_no_role(program, paper):
    """The role is optional, and its field is left out."""
    given, _ = program(environment(**GUIDE))["vision"]

    assert "Role" not in paper.kinds()
    assert [field.label for field in fields("vision", given)][-1] == "Secret access key"


def test_a_self_hosted_valohai_has_its_own_origin(program, paper):
    """Uploads are for the pages of the given origin, and no longer for Valohai's."""
    program(environment(**GUIDE, origin="https://valohai.example.com"))

    rules = paper.one("BucketCorsConfiguration")["corsRules"]
    assert [rule["allowedOrigins"] for rule in rules] == [["*"], ["https://valohai.example.com"]]


def test_names_made_by_program_are_stable_and_say_what_they_are(program, paper):
    """Another environment or namespace makes another bucket, another run does not."""
    made = []
    for namespace, stack in (("tests", "dev"), ("tests", "dev"), ("tests", "prod"), ("us", "dev")):
        program({**environment(), "namespace": namespace}, stack)
        made.append(paper.one("Bucket")["bucket"])
        paper.declared.clear()

    assert made[0] == made[1]
    assert len(set(made)) == 3
    assert made[0].startswith("vision-dev-data-")


def test_data_is_protected_unless_the_environment_says_otherwise(program, monkeypatch):
    """Only the bucket holds data; only it is protected, and only by its own option."""
    import pulumi

    protected = {}
    real = pulumi.CustomResource.__init__

    def spy(self, token, name, props=None, opts=None, *args, **kwargs):
        protected[token] = bool(opts and opts.protect)
        real(self, token, name, props, opts, *args, **kwargs)

    monkeypatch.setattr(pulumi.CustomResource, "__init__", spy)
    program(environment(**GUIDE))
    assert [token for token, on in protected.items() if on] == ["aws:s3/bucket:Bucket"]

    program({**environment(**GUIDE), "protect": False})
    assert not any(protected.values())


def test_several_projects_share_an_environment(program, paper):
    """Each has its own bucket, user, key and hand-over; tags add up, the project's win."""
    outputs = program(
        {
            "namespace": "tests",
            "tags": {"environment": "dev", "team": "none"},
            "projects": {
                "vision": {"kind": "valohai-s3", "tags": {"team": "vision"}},
                "speech": {"kind": "valohai-s3"},
            },
        }
    )

    assert set(outputs) == {"vision", "speech"}
    assert len({paper.one("Bucket", name)["bucket"] for name in outputs}) == 2
    assert paper.one("Bucket", "vision")["tags"] == {"environment": "dev", "team": "vision"}
    assert paper.one("User", "speech")["tags"] == {"environment": "dev", "team": "none"}


@pytest.mark.usefixtures("unlooked")
def test_the_shipped_environment_holds_the_guide_s_example(program, paper):
    """`Pulumi.guides.yaml` declares what the guide walks through."""
    path = ROOT / "stacks/environments/Pulumi.guides.yaml"
    shipped = yaml.safe_load(path.read_text())["config"]["object-access:environment"]

    program(shipped)

    guide = paper.one("Bucket", "valohai-guide")
    assert (guide["bucket"], guide["region"]) == (BUCKET, "eu-west-1")
