"""Every guide's worked example: what its project declares and hands over."""

import json
from collections.abc import Iterator

import pulumi
import pytest

from object_access.handover import Handover, fields, render
from object_access.handover.model import MASK, Key, Machine
from object_access.rehearsal.engine import plain
from object_access.workspace import parse_yaml
from stacks import existing

from .conftest import SHIPPED, only

READ = ["s3:GetObject"]
WRITE = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
DELETE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]


def statements(paper, *kinds: str) -> Iterator[dict]:
    """The statements of the declared policies of these kinds."""
    for each in paper.declared:
        if each.type.endswith(tuple(f":{kind}" for kind in kinds)):
            yield from json.loads(plain(each.inputs["policy"]))["Statement"]


def allows(paper, *kinds: str) -> dict[str, list[str]]:
    """What those policies allow: {resource: actions}."""
    return {each["Resource"]: each["Action"] for each in statements(paper, *kinds)}


def shown(handover: Handover) -> list[tuple[str, str]]:
    """The form, as a log may hold it."""
    return [(field.label, field.masked) for field in fields(handover)]


# --- what is pasted, label by label ---

NAMED = "arn:aws:iam::123456789012:role/Lightly-S3-Integration"
VALOHAI = [
    ("Bucket name", "my-valohai-bucket"),
    ("Access key ID", "AKIA-valohai-guide-valohai-key"),
    ("Secret access key", MASK),
]
LIGHTLY = [
    ("Resource path", "s3://datalake/projects/farm-animals/"),
    ("Region", "eu-west-1"),
    ("External ID", MASK),
    ("Role ARN", NAMED),
]
SEPARATE = [
    ("Output resource path", "s3://datalake/out/"),
    ("Output External ID", MASK),
    ("Output Role ARN", f"{NAMED}-output"),
]
MODELS, RAW = "modelstore-guide-dev-data-cbfqpzdjcy", "lightly-user-dev-data-a653rpjoo6"
ERDOS, CHECKPOINTS = "erdos-23049527340598", "mountpoint-key-dev-data-zfbrw6be5g"
HILBERT, KOPAH = "hilbert-1920384756", "https://s3.kopah.uw.edu"
SYNC = "aws s3 sync s3://AWS-BUCKET ./copy && aws s3 sync ./copy s3://"
FORMS = {
    ("valohai-guide", ""): [
        *VALOHAI,
        (
            "Multipart Upload IAM Role ARN",
            "arn:aws:iam::123456789012:role/valohai-guide-dev-multipart-v2xbpid5dh",
        ),
    ],
    ("valohai-guide", "multipart: false"): VALOHAI,
    ("lightly-guide", ""): LIGHTLY,
    ("lightly-guide", "output: out/"): [*LIGHTLY, ("Output resource path", "s3://datalake/out/")],
    ("lightly-guide", "output: out/, separate: true"): [*LIGHTLY, *SEPARATE],
    ("lightly-guide", 'output: ""'): LIGHTLY,
    ("lightly-user", ""): [
        ("Resource path", f"s3://{RAW}/raw/"),
        ("Region", "eu-west-1"),
        ("Access key ID", "AKIA-lightly-user-lightly-key"),
        ("Secret access key", MASK),
        ("Output resource path", f"s3://{RAW}/lightly/"),
        ("Output Access key ID", "AKIA-lightly-user-output-key"),
        ("Output Secret access key", MASK),
    ],
    ("modelstore-guide", ""): [
        ("MODEL_STORE_AWS_BUCKET", MODELS),
        ("MODEL_STORE_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIA-modelstore-guide-modelstore-key"),
        ("AWS_SECRET_ACCESS_KEY", MASK),
        ("In Python", f'ModelStore.from_aws_s3(bucket_name="{MODELS}", region="eu-central-1")'),
    ],
    ("modelstore-guide", "prefix: team-a/"): [
        ("MODEL_STORE_AWS_BUCKET", MODELS),
        ("MODEL_STORE_REGION", "eu-central-1"),
        ("MODEL_STORE_AWS_ROOT_PREFIX", "team-a"),
        ("AWS_ACCESS_KEY_ID", "AKIA-modelstore-guide-modelstore-key"),
        ("AWS_SECRET_ACCESS_KEY", MASK),
        (
            "In Python",
            f'ModelStore.from_aws_s3(bucket_name="{MODELS}", region="eu-central-1", '
            'root_prefix="team-a")',
        ),
    ],
    ("mountpoint-guide", ""): [
        ("Bucket", ERDOS),
        ("Region", "us-west-2"),
        ("Instance profile", "mountpoint-guide-dev-mountpoint-5aty5jv3ia"),
        ("Mount", f"mount-s3 {ERDOS} /mnt/{ERDOS} --allow-delete --region us-west-2"),
        (
            "In /etc/fstab",
            f"s3://{ERDOS}/ /mnt/{ERDOS} mount-s3 _netdev,nosuid,nodev,nofail,rw,allow-delete,"
            "region=us-west-2 0 0",
        ),
        (
            "In a container",
            f"docker run --mount type=bind,source=/mnt/{ERDOS},target=/checkpoints IMAGE",
        ),
        ("Cost", "about 23 USD for a TB and month"),
    ],
    ("mountpoint-key", "directory: /srv/checkpoints"): [
        ("Bucket", CHECKPOINTS),
        ("Region", "us-west-2"),
        ("Access key ID", "AKIA-mountpoint-key-mountpoint-key"),
        ("Secret access key", MASK),
        (
            "Mount",
            f"mount-s3 {CHECKPOINTS} /srv/checkpoints --read-only --prefix checkpoints/ "
            "--profile mountpoint-key --region us-west-2",
        ),
        (
            "In /etc/fstab",
            f"s3://{CHECKPOINTS}/checkpoints/ /srv/checkpoints mount-s3 "
            "_netdev,nosuid,nodev,nofail,ro,profile=mountpoint-key,region=us-west-2 0 0",
        ),
        (
            "In a container",
            "docker run --mount type=bind,source=/srv/checkpoints,target=/checkpoints,readonly "
            "IMAGE",
        ),
        ("Cost", "about 23 USD for a TB and month"),
    ],
    ("kopah-guide", ""): [
        ("Bucket", HILBERT),
        ("Endpoint", KOPAH),
        ("Profile", "kopah"),
        (
            "Mount",
            f"mount-s3 {HILBERT} /mnt/{HILBERT} --allow-delete --profile kopah "
            f"--endpoint-url {KOPAH} --force-path-style",
        ),
        ("Copy a bucket from AWS", f"{SYNC}{HILBERT} --profile kopah"),
    ],
    ("valohai-swift-guide", ""): [
        ("Name", "valohai-swift-guide"),
        ("Auth URL", "https://identity.example.org:5000/v3"),
        ("Auth version", "3.0"),
        ("Username", "valohai"),
        ("Password", "the one of this user; it is in OS_PASSWORD"),
        ("Container", "my-project-data"),
        ("Region", "RegionOne"),
        ("Temp URL key", MASK),
    ],
}


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize(("name", "change"), FORMS, ids=map(" ".join, FORMS))
def test_the_form(handed, name, change):
    """Every label and value, in the order of the consumer's form."""
    changed = parse_yaml("{" + change + "}", "settings as they are typed")

    assert shown(handed(only(name, **changed))) == FORMS[name, change]


def test_every_shipped_project_s_form_is_held_here():
    """None of them is forgotten."""
    assert {name for name, _ in FORMS} == set(SHIPPED["projects"])


# --- Lightly ---


def test_lightly_s_guide(program, paper):
    """`datalake`, `projects/farm-animals/`, account 311530292373, role Lightly-S3-Integration, twelve
    hours, an external ID; listing is scoped, which the guide's own policy does not."""
    value, secret = program(only("lightly-guide"))["lightly-guide"]
    given = Handover.read("lightly-guide", value).holders["lightly"].how

    assert paper.one("Bucket")["bucket"] == "datalake"
    role = paper.one("Role")
    assert (role["name"], role["maxSessionDuration"]) == ("Lightly-S3-Integration", 43_200)
    [statement] = json.loads(plain(role["assumeRolePolicy"]))["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::311530292373:root"]}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": given.external_id}}
    [listing, objects] = statements(paper, "RolePolicy")
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "projects/farm-animals/*"}}
    assert objects["Resource"] == "arn:aws:s3:::datalake/projects/farm-animals/*"
    assert objects["Action"] == DELETE
    assert secret
    assert "RandomPassword" in paper.kinds()


def test_lightly_s_account_is_today_s_by_default(program, paper):
    """The guides' account is from before July 2022."""
    guide = SHIPPED["projects"]["lightly-guide"]
    today = {key: value for key, value in guide.items() if key != "account"}
    program({**SHIPPED, "projects": {"farm": today}})

    assert "916419735646" in plain(paper.one("Role")["assumeRolePolicy"])


def test_lightly_that_only_reads(program, paper):
    """Without an output nothing can be written."""
    program(only("lightly-guide", output=""))

    assert allows(paper, "RolePolicy") == {
        "arn:aws:s3:::datalake": ["s3:ListBucket"],
        "arn:aws:s3:::datalake/projects/farm-animals/*": READ,
    }


def test_lightly_with_one_broader_role(program, paper):
    """Input and output apart, one role for both: it reads the one and writes the other."""
    program(only("lightly-guide", output="lightly/"))

    allowed = allows(paper, "RolePolicy")
    assert {key: value for key, value in allowed.items() if key.endswith("*")} == {
        "arn:aws:s3:::datalake/projects/farm-animals/*": READ,
        "arn:aws:s3:::datalake/lightly/*": DELETE,
    }


def test_lightly_with_two_narrow_roles(handed, paper):
    """One can only read the input, the other only use the output; both are handed over."""
    given = handed(only("lightly-guide", output="lightly/", separate=True))

    assert {each.inputs["name"] for each in paper.declared if each.type.endswith(":Role")} == {
        "Lightly-S3-Integration",
        "Lightly-S3-Integration-output",
    }
    assert {name: each.places for name, each in given.holders.items()} == {
        "lightly": ("input",),
        "output": ("output",),
    }


def test_lightly_with_keys(handed, paper):
    """A restrictive managed policy on a user, as the guide has it; one for each."""
    given = handed(only("lightly-user"))

    assert paper.kinds().count("Policy") == 2
    assert paper.kinds().count("UserPolicyAttachment") == 2
    assert "UserPolicy" not in paper.kinds()
    assert allows(paper, "Policy")[f"arn:aws:s3:::{given.where.bucket}/raw/*"] == READ


def test_people_who_prepare_data_for_lightly(handed, paper):
    """They have a key of their own, for the input: Lightly's role trusts Lightly alone."""
    given = handed(only("lightly-guide", prepare=True, output=""))

    assert list(given.holders) == ["lightly", "people"]
    assert allows(paper, "UserPolicy")["arn:aws:s3:::datalake/projects/farm-animals/*"] == DELETE
    assert allows(paper, "RolePolicy")["arn:aws:s3:::datalake/projects/farm-animals/*"] == READ


def test_an_external_id_of_one_s_own(program, paper):
    """It is used as it is, is a secret, and nothing random is made."""
    value, secret = program(only("lightly-guide", external_id="farm-animals-7"))["lightly-guide"]

    assert value["holders"]["lightly"]["how"]["external_id"] == "farm-animals-7"
    assert secret
    assert "RandomPassword" not in paper.kinds()


# --- modelstore, Mountpoint, Kopah ---


@pytest.mark.parametrize(
    ("change", "folder", "actions"),
    [({}, "", DELETE), ({"delete": False, "prefix": "team-a/"}, "team-a/", WRITE)],
)
def test_modelstore_s_guide(handed, paper, change, folder, actions):
    """Frankfurt by its code; listing the whole bucket, for the library looks at it first."""
    where = handed(only("modelstore-guide", **change)).where

    bucket = f"arn:aws:s3:::{where.bucket}"
    assert where.region == "eu-central-1"
    assert allows(paper, "UserPolicy") == {
        bucket: ["s3:ListBucket"],
        f"{bucket}/{folder}operatorai-model-store/*": actions,
    }


@pytest.mark.parametrize(
    ("access", "actions", "flags"),
    [("read", READ, " --read-only"), ("write", WRITE, ""), ("delete", DELETE, " --allow-delete")],
)
def test_mountpoint_s_guide(handed, paper, access, actions, flags):
    """A role for machines; the mount line has exactly the flags that the grant supports."""
    given = handed(only("mountpoint-guide", access=access))

    assert allows(paper, "RolePolicy") == {
        f"arn:aws:s3:::{ERDOS}": ["s3:ListBucket"],
        f"arn:aws:s3:::{ERDOS}/*": actions,
    }
    how = given.holders["mountpoint"].how
    assert isinstance(how, Machine)
    assert paper.one("InstanceProfile")["name"] == how.instance_profile
    line = f"mount-s3 {ERDOS} /mnt/{ERDOS}{flags} --region us-west-2\n"
    assert render(given, "mount") == line
    mode, rest = ("ro", "") if access == "read" else ("rw", flags.replace(" --", ","))
    assert render(given, "fstab") == (
        f"s3://{ERDOS}/ /mnt/{ERDOS} mount-s3 _netdev,nosuid,nodev,nofail,{mode}{rest},"
        "region=us-west-2 0 0\n"
    )


def test_kopah_s_guide(handed, paper):
    """One bucket at the guide's address; the keys are nowhere in what is declared or handed over."""
    given = handed(only("kopah-guide"))

    assert paper.kinds() == ["StoreBucket"]
    assert paper.one("StoreBucket")["endpoint"] == KOPAH
    assert (given.where.bucket, given.where.endpoint) == (HILBERT, KOPAH)
    assert given.secrets() == set()


@pytest.mark.usefixtures("unlooked")
def test_every_shipped_project_is_rehearsed_under_its_guide_s_names(program, paper):
    """The names of the guides, word for word."""
    program(SHIPPED)

    made = {each.inputs["bucket"] for each in paper.declared if each.type.endswith(":Bucket")}
    assert {"my-valohai-bucket", "datalake", ERDOS} <= made
    guide = paper.one("Bucket", "valohai-guide")
    assert (guide["bucket"], guide["region"]) == ("my-valohai-bucket", "eu-west-1")


@pytest.mark.usefixtures("unlooked")
def test_nothing_is_warned_of_that_nobody_can_change(program, monkeypatch):
    """Of all guides: what a vendor's own documentation asks for is no warning on every run."""
    said = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))

    program(SHIPPED)

    assert said == []


def test_an_account_of_one_s_own_choice_is_warned_of(program, monkeypatch):
    """`whole_account` says that it is meant."""
    said = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    role = {"as": "role", "trusted": ["111122223333"]}
    for meant in ({}, {"whole_account": True}):
        project = {
            "kind": "s3",
            "places": {"all": {"access": ["read"]}},
            "holders": {"it": role | meant},
        }
        program({"namespace": "tests", "projects": {"lab": project}})

    assert [each.partition(":")[0] for each in said] == ["lab-it"]


# --- a bucket that is there already ---


def test_an_adopted_bucket_is_looked_at_and_not_declared(handed, paper, monkeypatch):
    """Only who may use it is."""
    asked = []
    monkeypatch.setattr(existing, "check", lambda *given: asked.append(given))
    given = handed(only("lightly-guide", adopt=True))

    assert asked == [("datalake", "eu-west-1")]
    assert not any(kind.startswith("Bucket") for kind in paper.kinds())
    assert (given.where.bucket, given.where.adopted) == ("datalake", True)


@pytest.fixture
def aws(cloud, monkeypatch):
    """The program's own look at AWS goes to the embedded one."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    return cloud


def test_a_bucket_that_is_there(aws):
    """In the account that looks: all is well."""
    aws.admin("s3").create_bucket(
        Bucket="there-already", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    existing.check("there-already", "eu-west-1")


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


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_is_not_there_stops_the_program_with_one_line(program, paper):
    """What the look at the cloud finds is no traceback either, and nothing was declared."""
    with pytest.raises(pulumi.RunError, match="bucket 'datalkae' does not exist"):
        program(only("lightly-guide", adopt=True, bucket="datalkae"))

    assert paper.declared == []


def test_a_bucket_of_another_account(aws):
    """Whoever can list it all the same must not adopt it."""
    other = Key(**aws.aws["accounts"]["999999999999"])
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
        ("lightly-guide", {"external_id": "short"}, "external_id has 5 characters, it needs at l"),
        ("lightly-guide", {"external_id": "with spaces in it"}, "external ID has ' '"),
        (
            "lightly-guide",
            {"external_id": 1234567890},
            "external_id must be a text, put it in quotes",
        ),
        ("lightly-guide", {"account": 311530292373}, "account must be a text, put 311530292373 in"),
        ("lightly-guide", {"account": "31153029237"}, "is no account, give its 12 digits"),
        ("lightly-guide", {"separate": True, "output": ""}, "separate is set without output"),
        ("lightly-guide", {"role_name": "r" * 58}, "role_name has 58 characters, it takes at m"),
        ("lightly-guide", {"adopt": True, "bucket": ""}, "adopt is set without a bucket"),
        ("modelstore-guide", {"region": "Frankfurt"}, "is a city, did you mean 'eu-central-1'"),
        ("mountpoint-guide", {"region": "uswest-2"}, "did you mean 'us-west-2'"),
        ("mountpoint-guide", {"access": "rw"}, "access 'rw' is unknown, use one of read, write"),
        ("mountpoint-guide", {"directory": "mnt"}, "did you mean '/mnt'"),
        ("kopah-guide", {"endpoint": "s3.kopah.uw.edu"}, "did you mean 'https://s3.kopah.uw.edu'"),
        ("kopah-guide", {"places": {}}, "unknown setting 'places'"),
        ("valohai-guide", {"cors": []}, "unknown setting 'cors'"),
    ],
)
def test_the_guides_errors(program, paper, name, change, message):
    """One line with the project's name, and nothing was declared."""
    with pytest.raises(pulumi.RunError, match=f"^{name}: ") as refused:
        program(only(name, **change))

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert paper.declared == []
    assert "with spaces" not in str(refused.value)


@pytest.mark.parametrize(("adopting", "refused"), [((), True), ((1,), True), ((0, 1), False)])
def test_one_bucket_in_two_projects(program, paper, monkeypatch, adopting, refused):
    """Two may share what neither of them makes."""
    monkeypatch.setattr(existing, "check", lambda *_: None)
    guide = SHIPPED["projects"]["lightly-guide"] | {"role_name": ""}
    both = {
        name: guide | ({"adopt": True} if number in adopting else {})
        for number, name in enumerate(("one", "two"))
    }
    if refused:
        told = "two: the bucket 'datalake' belongs to project 'one'"
        with pytest.raises(pulumi.RunError, match=told):
            program({**SHIPPED, "projects": both})
        assert paper.declared == []
    else:
        program({**SHIPPED, "projects": both})
        assert paper.kinds().count("Role") == 2
