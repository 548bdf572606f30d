"""The metadata service of machines: a token first, then the role's credentials."""

import json

import pytest
import requests

from .conftest import HERE, THERE, answer

EC2 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ROLES = "meta-data/iam/security-credentials/"
TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}


@pytest.fixture
def machine(world):
    """A machine that was started with the instance profile of a role; gives its address."""

    def start(trust=EC2, *statements):
        iam, name = world.admin("iam"), world.name("machine")
        arn = world.role(trust, *statements)
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=arn.rpartition("/")[2])
        return f"{world.aws['metadata']}/{HERE}/{name}/latest/", arn.rpartition("/")[2]

    return start


def ask(url, what, **headers):
    """The answer with a fresh token, unless other headers are given."""
    token = requests.put(f"{url}api/token", headers=TTL, timeout=10).text
    return requests.get(
        url + what, headers=headers or {"X-aws-ec2-metadata-token": token}, timeout=10
    )


def test_the_role_s_credentials(world, machine):
    """They do what the role may, for six hours, under the role's name."""
    bucket = world.bucket()
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/a/*"}
    url, role = machine(EC2, allow)

    assert ask(url, ROLES).text == role
    given = ask(url, ROLES + role).json()
    keys = {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["Token"],
    }
    s3 = world.client("s3", keys)
    assert given["Code"] == "Success"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.get_object(Bucket=bucket, Key="b/1")) == "AccessDenied"
    arn = world.client("sts", keys).get_caller_identity()["Arn"]
    assert f":assumed-role/{role}/i-" in arn


def test_version_1_of_the_service_is_off(machine):
    """Without a token, or with one that was never given out, nothing is told."""
    url, role = machine()

    assert requests.get(url + ROLES + role, timeout=10).status_code == 401
    assert ask(url, ROLES + role, **{"X-aws-ec2-metadata-token": "made-up"}).status_code == 401


def test_a_role_that_does_not_trust_ec2(world, machine):
    """The service says so, as the real one does; there are no credentials."""
    url, role = machine(EC2.replace("ec2.", "lambda."))

    assert ask(url, ROLES + role).json() == {"Code": "AssumeRoleUnauthorizedAccess"}


def test_what_is_not_there(world, machine):
    """Another profile, another account's, another role, other data."""
    url, role = machine()

    assert ask(url.replace("machine-", "other-"), ROLES).status_code == 404
    assert ask(url.replace(HERE, THERE), ROLES).status_code == 404
    assert ask(url, ROLES + "other-role").status_code == 404
    assert ask(url, "user-data").status_code == 404
    assert role
