"""What the guides do not use of the AWS components, declared as a program would, on the embedded
AWS: shares, the confined, access logs, roles that nobody may assume yet or that assume themselves.
"""

import json

import pytest
from botocore.exceptions import ClientError

from object_access import AccessUser, DelegatedRole, PrefixPolicy, PrivateBucket
from object_access.handover.model import Key
from object_access.rehearsal.cloud import ACCOUNT, STRANGER

from .conftest import Created

REGION = "eu-west-1"


@pytest.fixture
def deploy(cloud, declare, monkeypatch, paper):
    """Run a program on the embedded AWS; gives its outputs, without the mark of secrets."""
    real = Created(cloud)
    monkeypatch.setattr(paper, "new_resource", real.new_resource)
    monkeypatch.setattr(paper, "call", real.call)
    return lambda program: {name: value for name, (value, _) in declare(program).items()}


@pytest.fixture
def client(cloud):
    """A client with somebody's keys."""
    return lambda service, keys: cloud.target.client(service, REGION, keys and Key(**keys))


def refused(call, **inputs):
    """Whether AWS refuses the call for lack of permission."""
    try:
        call(**inputs)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False


def test_a_bucket_shared_confined_and_logged(cloud, deploy, client):
    """A vendor of another account reads and does nothing else; who holds `s3:*` writes, and cannot
    delete the bucket or let its objects expire; requests are logged."""
    admin, logs = cloud.admin("s3", REGION), "logs-of-components"
    admin.create_bucket(Bucket=logs, CreateBucketConfiguration={"LocationConstraint": REGION})
    # As the S3 User Guide has it, "Permissions for log delivery".
    letting = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{logs}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [letting]}
    admin.put_bucket_policy(Bucket=logs, Policy=json.dumps(policy))

    def program():
        arn = "arn:aws:s3:::components-shared"
        user = AccessUser(
            "shared",
            {
                "user_name": "components-shared",
                "grants": {"all": {"bucket_arn": arn, "access": ["full"]}},
            },
        )
        bucket = PrivateBucket(
            "shared",
            {
                "bucket_name": "components-shared",
                "region": REGION,
                "confined": [user.user_arn],
                "shared": {"vendor": {"principals": [STRANGER], "access": ["read"]}},
                "access_logs": {"bucket_name": logs},
                "removal": "destroy",
            },
        )
        return {
            "bucket": bucket.bucket_name,
            "access_key_id": user.access_key_id,
            "secret_access_key": user.secret_access_key,
        }

    made = deploy(program)
    where = {"Bucket": made.pop("bucket")}
    own, vendor = client("s3", made), client("s3", cloud.aws["accounts"][STRANGER])
    own.put_object(**where, Key="a", Body=b"hello")

    assert vendor.get_object(**where, Key="a")["Body"].read() == b"hello"
    assert refused(vendor.put_object, **where, Key="a", Body=b"")
    assert refused(vendor.list_objects_v2, **where)
    assert refused(own.delete_bucket, **where)
    assert refused(own.delete_bucket_lifecycle, **where)
    versioning = {"Status": "Suspended"}
    assert refused(own.put_bucket_versioning, **where, VersioningConfiguration=versioning)
    assert admin.get_bucket_logging(**where)["LoggingEnabled"]["TargetBucket"] == logs


def trusting(name, **trust):
    """A program with a role that trusts somebody of another account, and may read a bucket."""
    grants = {"data": {"bucket_arn": "arn:aws:s3:::components-data", "access": ["read"]}}

    def program():
        args = {"role_name": name, "trusts": {"them": trust}, "grants": grants}
        role = DelegatedRole(name, args)
        return {"role": role.role_arn, "ids": role.external_ids}

    return program


def test_a_role_that_nobody_may_assume_yet(cloud, deploy, client):
    """Neither the administrator of its own account nor anybody else, with the right external ID."""
    made = deploy(trusting("components-nobody", principals=[]))

    for account in (ACCOUNT, STRANGER):
        sts = client("sts", cloud.aws["accounts"][account])
        says = {"RoleSessionName": "session", "ExternalId": made["ids"]["them"]}
        assert refused(sts.assume_role, RoleArn=made["role"], **says)


def test_a_session_name_in_place_of_an_external_id(cloud, deploy, client):
    """Who knows it gets in, with any other name nobody does."""
    made = deploy(
        trusting("components-named", principals=[STRANGER], session_name="known-to-us-alone")
    )

    sts = client("sts", cloud.aws["accounts"][STRANGER])
    assert refused(sts.assume_role, RoleArn=made["role"], RoleSessionName="anything")
    assert sts.assume_role(RoleArn=made["role"], RoleSessionName="known-to-us-alone")
    assert made["ids"] == {}


def test_a_role_that_assumes_itself(cloud, deploy, client):
    """With the external ID, from a session of its own; nobody else of its account does."""
    made = deploy(trusting("components-itself", principals=[STRANGER], self_assuming=True))
    says = {"RoleSessionName": "session", "ExternalId": made["ids"]["them"]}

    vendor = client("sts", cloud.aws["accounts"][STRANGER])
    first = vendor.assume_role(RoleArn=made["role"], **says)["Credentials"]
    session = {
        "access_key_id": first["AccessKeyId"],
        "secret_access_key": first["SecretAccessKey"],
        "session_token": first["SessionToken"],
    }
    itself = client("sts", session)
    assert itself.assume_role(RoleArn=made["role"], **says)
    assert refused(itself.assume_role, RoleArn=made["role"], RoleSessionName="session")
    administrator = client("sts", cloud.aws["accounts"][ACCOUNT])
    assert refused(administrator.assume_role, RoleArn=made["role"], **says)


def test_a_policy_attached_to_a_role_that_exists(cloud, deploy):
    """Datadog's: the role is another's, its policy ours."""
    iam = cloud.admin("iam")
    trust = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="components-theirs",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    grants = {"data": {"bucket_arn": "arn:aws:s3:::components-data", "access": ["write"]}}
    args = {"policy_name": "components-ours", "grants": grants, "roles": ["components-theirs"]}

    made = deploy(lambda: {"arn": PrefixPolicy("components-ours", args).policy_arn})

    attached = iam.list_attached_role_policies(RoleName="components-theirs")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [made["arn"]]
