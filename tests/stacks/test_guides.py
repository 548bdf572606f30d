"""Every guide's worked example: what its stack declares and hands over."""

import json
from pathlib import Path

import pytest
import yaml

from object_access import handover as handoff
from object_access.rehearsal.engine import plain
from stacks import existing

ROOT = Path(__file__).parents[2]
SHIPPED = yaml.safe_load((ROOT / "stacks/environments/Pulumi.guides.yaml").read_text())["config"][
    "object-access:environment"
]


def only(name, **change):
    """The shipped environment with one project, changed."""
    return {**SHIPPED, "projects": {name: {**SHIPPED["projects"][name], **change}}}


def allows(paper, kind="RolePolicy"):
    """What the declared policies allow: {resource: actions}."""
    statements = [
        statement
        for each in paper.declared
        if each.type.endswith(f":{kind}")
        for statement in json.loads(each.inputs["policy"])["Statement"]
    ]
    return {
        resource: statement["Action"]
        for statement in statements
        for resource in (
            [statement["Resource"]]
            if isinstance(statement["Resource"], str)
            else statement["Resource"]
        )
    }


# --- Lightly ---


def test_lightly_s_guide(program, paper):
    """`datalake`, `projects/farm-animals/`, account 311530292373, role Lightly-S3-Integration, twelve
    hours, an external ID; listing is scoped, which the guide's own policy does not."""
    given, secret = program(only("lightly-guide"))["lightly-guide"]

    assert paper.one("Bucket")["bucket"] == "datalake"
    role = paper.one("Role")
    assert (role["name"], role["maxSessionDuration"]) == ("Lightly-S3-Integration", 43_200)
    [statement] = json.loads(plain(role["assumeRolePolicy"]))["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::311530292373:root"]}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": given["external_id"]}}
    [listing, objects] = json.loads(paper.one("RolePolicy")["policy"])["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "projects/farm-animals/*"}}
    assert objects["Resource"] == "arn:aws:s3:::datalake/projects/farm-animals/*"
    assert objects["Action"] == [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:PutObject",
    ]
    assert [(each.label, each.masked) for each in handoff.fields("lightly-guide", given)] == [
        ("Resource path", "s3://datalake/projects/farm-animals/"),
        ("Region", "eu-west-1"),
        ("External ID", "••••••••"),
        ("Role ARN", "arn:aws:iam::123456789012:role/Lightly-S3-Integration"),
    ]
    assert secret


def test_lightly_s_account_is_today_s_by_default(program, paper):
    """The guides' account is from before July 2022."""
    settings = {
        key: value
        for key, value in SHIPPED["projects"]["lightly-guide"].items()
        if key != "account"
    }
    program({**SHIPPED, "projects": {"farm": settings}})

    assert "916419735646" in plain(paper.one("Role")["assumeRolePolicy"])


def test_lightly_that_only_reads(program, paper):
    """Without an output nothing can be written."""
    program(only("lightly-guide", output=""))

    assert allows(paper) == {
        "arn:aws:s3:::datalake": ["s3:ListBucket"],
        "arn:aws:s3:::datalake/projects/farm-animals/*": ["s3:GetObject"],
    }


def test_lightly_with_one_broader_role(program, paper):
    """Input and output apart, one role for both: it reads the one and writes the other."""
    program(only("lightly-guide", output="lightly/"))

    objects = {key: value for key, value in allows(paper).items() if key.endswith("*")}
    assert objects == {
        "arn:aws:s3:::datalake/projects/farm-animals/*": ["s3:GetObject"],
        "arn:aws:s3:::datalake/lightly/*": [
            "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject",
        ],
    }  # fmt: skip


def test_lightly_with_two_narrow_roles(program, paper):
    """One can only read the input, the other only use the output; both are handed over."""
    given, _ = program(only("lightly-guide", output="lightly/", separate=True))["lightly-guide"]

    assert {each.inputs["name"] for each in paper.declared if each.type.endswith(":Role")} == {
        "Lightly-S3-Integration",
        "Lightly-S3-Integration-output",
    }
    labels = [each.label for each in handoff.fields("lightly-guide", given)]
    assert labels == [
        "Resource path", "Region", "External ID", "Role ARN",
        "Output resource path", "Output External ID", "Output Role ARN",
    ]  # fmt: skip


def test_lightly_with_keys(program, paper):
    """A restrictive managed policy on a user, as the guide has it."""
    given, _ = program(only("lightly-user"))["lightly-user"]

    assert paper.kinds().count("Policy") == 2
    assert paper.kinds().count("UserPolicyAttachment") == 2
    assert "UserPolicy" not in paper.kinds()
    assert given["access_key_id"] != given["output_access_key_id"]
    assert allows(paper, "Policy")[f"arn:aws:s3:::{given['bucket']}/raw/*"] == ["s3:GetObject"]


def test_an_external_id_of_one_s_own(program, paper):
    """It is used as it is, and nothing random is made."""
    given, _ = program(only("lightly-guide", external_id="farm-animals-7"))["lightly-guide"]

    assert given["external_id"] == "farm-animals-7"
    assert "RandomPassword" not in paper.kinds()


# --- modelstore, Mountpoint, Kopah ---


@pytest.mark.parametrize(
    ("change", "folder", "actions"),
    [
        ({}, "", ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
        (
            {"append_only": True, "prefix": "team-a/"},
            "team-a/",
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
        ),
    ],
)
def test_modelstore_s_guide(program, paper, change, folder, actions):
    """Frankfurt by its code; listing the whole bucket, for the library looks at it first."""
    given, _ = program(only("modelstore-guide", **change))["modelstore-guide"]

    bucket = f"arn:aws:s3:::{given['bucket']}"
    assert given["region"] == "eu-central-1"
    assert allows(paper, "UserPolicy") == {
        bucket: ["s3:ListBucket"],
        f"{bucket}/{folder}operatorai-model-store/*": actions,
    }


@pytest.mark.parametrize(
    ("access", "actions", "flags"),
    [
        ("read", ["s3:GetObject"], " --read-only"),
        ("write", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], ""),
        (
            "delete",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            " --allow-delete",
        ),
    ],
)
def test_mountpoint_s_guide(program, paper, access, actions, flags):
    """A role for machines; the mount line has exactly the flags that the grant supports."""
    given, _ = program(only("mountpoint-guide", access=access))["mountpoint-guide"]

    bucket = "erdos-23049527340598"
    assert allows(paper) == {
        f"arn:aws:s3:::{bucket}": ["s3:ListBucket"],
        f"arn:aws:s3:::{bucket}/*": actions,
    }
    assert paper.one("InstanceProfile")["name"] == given["instance_profile"]
    assert handoff.render("erdos", given, "mount") == (
        f"mount-s3 {bucket} /mnt/{bucket}{flags} --region us-west-2\n"
    )
    mode, rest = ("ro", "") if access == "read" else ("rw", flags.replace(" --", ","))
    assert handoff.render("erdos", given, "fstab") == (
        f"s3://{bucket}/ /mnt/{bucket} mount-s3 _netdev,nosuid,nodev,nofail,{mode}{rest},"
        "region=us-west-2 0 0\n"
    )


def test_kopah_s_guide(program, paper):
    """One bucket at the guide's address; the keys are nowhere in what is declared or handed over."""
    given, _ = program(only("kopah-guide"))["kopah-guide"]

    assert paper.kinds() == ["StoreBucket"]
    assert paper.one("StoreBucket")["endpoint"] == "https://s3.kopah.uw.edu"
    assert (given["bucket"], given["profile"]) == ("hilbert-1920384756", "kopah")
    assert not {"access_key_id", "secret_access_key"} & set(given)


@pytest.mark.usefixtures("unlooked")
def test_every_shipped_project_is_rehearsed_under_its_guide_s_names(program, paper):
    """The names of the guides, word for word."""
    program(SHIPPED)

    buckets = {each.inputs["bucket"] for each in paper.declared if each.type.endswith(":Bucket")}
    assert {"my-valohai-bucket", "datalake", "erdos-23049527340598"} <= buckets


# --- a bucket that is there already ---


def test_an_adopted_bucket_is_looked_at_and_not_declared(program, paper, monkeypatch):
    """Only who may use it is."""
    asked = []
    monkeypatch.setattr(
        existing, "check", lambda *given: asked.append(given) or "arn:aws:s3:::datalake"
    )
    given, _ = program(only("lightly-guide", adopt=True))["lightly-guide"]

    assert asked == [("datalake", "eu-west-1")]
    assert not any(kind.startswith("Bucket") for kind in paper.kinds())
    assert (given["bucket"], given["adopted"]) == ("datalake", True)


@pytest.fixture
def aws(cloud, monkeypatch):
    """The program's own look at AWS goes to the embedded one."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    return cloud


def test_a_bucket_that_is_there(aws):
    """Its ARN, from the account that looks."""
    aws.admin("s3").create_bucket(
        Bucket="there-already", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert existing.check("there-already", "eu-west-1") == "arn:aws:s3:::there-already"


def test_a_bucket_in_another_region(aws):
    """Its own region is what helps."""
    aws.admin("s3", "eu-central-1").create_bucket(
        Bucket="in-frankfurt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    with pytest.raises(
        ValueError, match="bucket 'in-frankfurt' is in region eu-central-1, not eu-w"
    ):
        existing.check("in-frankfurt", "eu-west-1")


def test_a_bucket_that_is_not_there(aws):
    """Misspelt, most of the time."""
    with pytest.raises(ValueError, match=r"bucket 'datalkae' does not exist: is it misspelt\?"):
        existing.check("datalkae", "eu-west-1")


def test_a_bucket_of_another_account(aws):
    """Whoever can list it all the same must not adopt it."""
    other = aws.aws["accounts"]["999999999999"]
    s3 = aws.target.client("s3", "eu-west-1", other)
    s3.create_bucket(
        Bucket="somebody-elses", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    with pytest.raises(ValueError, match="bucket 'somebody-elses' belongs to another account"):
        existing.check("somebody-elses", "eu-west-1")


def test_without_credentials(aws, monkeypatch):
    """One line that says how to get some."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ValueError, match=r"no AWS credentials .*: run 'aws configure'"):
        existing.check("datalake", "eu-west-1")


# --- the guides' errors, before anything is declared ---


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("lightly-guide", {"bucket": "s3://datalake"}, "did you mean 'datalake'"),
        (
            "lightly-guide",
            {"prefix": "projects/farm-animals"},
            "did you mean 'projects/farm-animals/'",
        ),
        ("lightly-guide", {"prefix": "/projects/"}, "begins with '/'"),
        ("lightly-guide", {"output": "projects/*"}, "has '*', a pattern in IAM policies"),
        ("lightly-guide", {"output": "${aws:username}/"}, "has '${'"),
        ("lightly-guide", {"external_id": "short"}, "external ID has 5 characters, 10 to 1,224"),
        ("lightly-guide", {"external_id": "with spaces in it"}, "external ID has ' '"),
        (
            "lightly-guide",
            {"external_id": 1234567890},
            "external_id must be a text, put it in quotes",
        ),
        ("lightly-guide", {"account": 311530292373}, "account must be a text, put 311530292373 in"),
        ("lightly-guide", {"account": "31153029237"}, "is no account, give its 12 digits"),
        ("lightly-guide", {"separate": True, "output": ""}, "separate is set without an output"),
        ("lightly-guide", {"role_name": "r" * 60, "separate": True}, "has 67 characters"),
        ("lightly-guide", {"adopt": True, "bucket": ""}, "adopt is set without a bucket"),
        ("modelstore-guide", {"region": "Frankfurt"}, "is a city, did you mean 'eu-central-1'"),
        ("mountpoint-guide", {"region": "uswest-2"}, "did you mean 'us-west-2'"),
        ("mountpoint-guide", {"access": "rw"}, "access 'rw' is unknown, use one of read, write"),
        ("mountpoint-guide", {"directory": "mnt"}, "did you mean '/mnt'"),
        ("kopah-guide", {"endpoint": "s3.kopah.uw.edu"}, "did you mean 'https://s3.kopah.uw.edu'"),
        ("kopah-guide", {"region": "us-west-2"}, "unknown setting 'region'"),
    ],
)
def test_the_guides_errors(program, paper, name, change, message):
    """One line with the project's name, and nothing was declared."""
    with pytest.raises(ValueError, match=f"^{name}: ") as refused:
        program(only(name, **change))

    assert message in str(refused.value)
    assert paper.declared == []
    assert "with spaces" not in str(refused.value)


@pytest.mark.parametrize(("adopting", "refused"), [((), True), ((1,), True), ((0, 1), False)])
def test_one_bucket_in_two_projects(program, paper, monkeypatch, adopting, refused):
    """Two may share what neither of them makes."""
    monkeypatch.setattr(existing, "check", lambda *_: "arn:aws:s3:::datalake")
    guide = SHIPPED["projects"]["lightly-guide"] | {"role_name": ""}
    both = {
        name: guide | ({"adopt": True} if number in adopting else {})
        for number, name in enumerate(("one", "two"))
    }
    if refused:
        with pytest.raises(ValueError, match="two: bucket 'datalake' belongs to project 'one'"):
            program({**SHIPPED, "projects": both})
        assert paper.declared == []
    else:
        program({**SHIPPED, "projects": both})
        assert paper.kinds().count("Role") == 2
