"""Valohai on S3: the guide's worked example, word for word, and the choices beside it."""

import json

import pulumi
import pytest

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


def test_the_user_cannot_change_who_reaches_the_bucket(program, paper):
    """`s3:*` includes lifting the public access block, expiring all data and locking it; the bucket's
    policy denies all of that to whoever holds it, and to nobody else."""
    program(environment(**GUIDE, multipart=True))

    guarded = statements(paper.one("BucketPolicy")["policy"])[1]
    assert guarded["Effect"] == "Deny"
    assert {"s3:GetObject", "s3:PutObject"} <= set(guarded["NotAction"])
    assert not any(action.startswith("s3:PutBucket") for action in guarded["NotAction"])
    assert guarded["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        f"arn:aws:iam::123456789012:user/{paper.one('User')['name']}",
    ]


def test_narrow_access_names_its_actions(program, paper):
    """The bucket and its objects apart, no action with a wildcard, and nobody to confine."""
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
    assert len(statements(paper.one("BucketPolicy")["policy"])) == 1


def test_a_hand_over_that_holds_a_secret_is_one(program):
    """The whole output: Pulumi masks it wherever it prints outputs."""
    _, secret = program(environment(**GUIDE))["vision"]

    assert secret


def test_without_multipart_there_is_no_role(handed, paper):
    """The role is optional, and nobody holds it."""
    assert list(handed(environment(**GUIDE)).holders) == ["valohai"]
    assert "Role" not in paper.kinds()


def test_a_self_hosted_valohai_has_its_own_origin(handed, paper):
    """Uploads are for the pages of the given origin, and no longer for Valohai's."""
    given = handed(environment(**GUIDE, origin="https://valohai.example.com"))

    rules = paper.one("BucketCorsConfiguration")["corsRules"]
    origins = [["*"], ["https://valohai.example.com"]]
    assert [rule["allowedOrigins"] for rule in rules] == origins
    assert [list(rule.origins) for rule in given.cors] == origins


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


@pytest.mark.parametrize(
    ("change", "protected", "destroyed"),
    [
        ({}, ["aws:s3/bucket:Bucket"], False),
        ({"protect": False}, [], False),
        ({"protect": False, "force_destroy": True}, [], True),
    ],
)
def test_data_is_protected_unless_the_settings_say_otherwise(
    program, paper, monkeypatch, change, protected, destroyed
):
    """Only the bucket holds data; only it is protected, and only by its own option."""
    found = {}
    real = pulumi.CustomResource.__init__

    def spy(self, token, name, props=None, opts=None, *args, **kwargs):
        found[token] = bool(opts and opts.protect)
        real(self, token, name, props, opts, *args, **kwargs)

    monkeypatch.setattr(pulumi.CustomResource, "__init__", spy)
    program(environment(**GUIDE, **change))

    assert [token for token, on in found.items() if on] == protected
    assert paper.one("Bucket")["forceDestroy"] is destroyed


def test_the_environment_s_protection_is_the_project_s(program, paper):
    """Unless the project has its own."""
    both = {"protect": False, "projects": {"a": GUIDE, "b": {**GUIDE, "bucket": "other-one"}}}
    both["projects"]["b"] |= {"protect": True, "force_destroy": True}
    program(both)

    # What is protected keeps its objects, too.
    assert paper.one("Bucket", "b")["forceDestroy"] is False


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
    assert paper.one("User", "speech-valohai")["tags"] == {"environment": "dev", "team": "none"}
