"""Generated requests that no client would send: never an error of ours, and nothing done for who
did not sign, or signed something else."""

import json
import random
from urllib.parse import quote, urlencode

import pytest
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ListShape, StructureShape
from moto.core.utils import get_service_model

from object_access.stores.aws import iam, kms, operations

from .conftest import HERE, REGION, World, allow

FORM = "application/x-www-form-urlencoded"
WRONG = ["", "x", "-1", "9" * 20, "%00", "null", "[]", "<", "a" * 3_000, "1.5", "*", "\u00e9", "../..",
         "arn:aws:iam::1:user/x", f"arn:aws:iam::{HERE}:root", "2020-99-99", "true", "a=b&c", "None",
         "{}", '{"Statement":5}', '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
         '{"Statement":[{"Effect":"Allow","Principal":{"AWS":null}}]}', "[" * 2_000, "id=x"]  # fmt: skip
BODIES = [*WRONG, "<a/>", "<Tagging/>", "<Delete/>", "<Retention/>", "--B\r\n\r\n\r\n--B--", "\x00" * 9,
          "<AccessControlPolicy/>", "<AccessControlPolicy><Owner><ID>x</ID></Owner></AccessControlPolicy>",
          "<CORSConfiguration><CORSRule/></CORSConfiguration>",
          '--B\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--B\r\n'
          'Content-Disposition: form-data; name="file"\r\n\r\nx\r\n--B--\r\n']  # fmt: skip
HEADERS = {"Content-Type": ["multipart/form-data; boundary=B", "multipart/form-data", FORM, "x"],
           "Content-Encoding": ["aws-chunked", "x"], "Content-MD5": WRONG[1:6],
           "Range": ["bytes=5-1", "bytes=x", "lines=1"], "x-amz-decoded-content-length": ["-1", "x"],
           "x-amz-content-sha256": ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x", "STREAMING-x"],
           "x-amz-copy-source": ["", "/", "x", "%", "?versionId=", "b/k?versionId=%00"],
           "Expect": ["x"], "If-Modified-Since": ["x"], "Date": ["x"]}  # fmt: skip


def of_s3(location):
    """Every name that S3's operations read there."""
    model = get_service_model("s3")
    shapes = [model.operation_model(name).input_shape for name in model.operation_names]
    members = (each for shape in shapes if shape for each in shape.members.values())
    found = {
        each.serialization["name"]
        for each in members
        if each.serialization.get("location") == location
    }
    return sorted(found - {"Content-Length"})


QUERIES, PARAMETERS = sorted({*of_s3("querystring"), *operations.SERVED}), of_s3("header")
SUB_RESOURCES = ["acl", "cors", "delete", "encryption", "lifecycle", "policy", "tagging", "uploads",
                 "versioning", "ownershipControls", "publicAccessBlock", "retention", "legal-hold",
                 "object-lock", "attributes", "restore", "replication", "website", "v=1"]  # fmt: skip


def for_s3(dice, bucket):
    method = dice.choice(["GET", "PUT", "POST", "HEAD", "DELETE", "PATCH"])
    where = dice.choice(["/", f"/{bucket}", f"/{bucket}/none", "/none-here", "/BAD", "/%"])
    asked = {name: dice.choice(WRONG) for name in dice.sample(QUERIES, dice.choice([0, 1, 1, 2]))}
    query = "&".join([*dice.sample(SUB_RESOURCES, dice.choice([0, 1, 1, 2])), urlencode(asked)])
    said = {
        name: dice.choice(WRONG[1:]) for name in dice.sample(PARAMETERS, dice.choice([0, 1, 2]))
    }
    for name in dice.sample(sorted(HEADERS), dice.choice([0, 0, 1])):
        said[name] = dice.choice(HEADERS[name])
    said = {name: quote(value, safe=" =/;,:*%") for name, value in said.items()}
    body = dice.choice(BODIES) if method in ("PUT", "POST", "PATCH") else ""
    return method, f"{where}?{query}".rstrip("&"), said, body


def for_query(service, actions):
    """Requests to IAM or STS, with parameters of theirs that hold nonsense."""
    model = get_service_model(service)

    def make(dice, _):
        action = dice.choice(actions)
        form = {"Action": action, "Version": "2010-05-08"}
        shape = model.operation_model(action).input_shape
        members = shape.members if isinstance(shape, StructureShape) else {}
        for name in dice.sample(sorted(members), dice.randint(0, len(members))):
            is_list = isinstance(members[name], ListShape)
            form[f"{name}.member.1" if is_list else name] = dice.choice([*WRONG, "a-good-name"])
        return "POST", "/", {"Content-Type": FORM}, urlencode(form)

    return make


def for_kms(dice, _):
    """Requests to KMS, with members of theirs that hold nonsense, of any type."""
    action = dice.choice([*sorted(kms.SERVED), "Nothing"])
    values = [*WRONG, 5, None, [], {}, [{}], True, -1.5]
    model = get_service_model("kms")
    shape = model.operation_model(action).input_shape if action != "Nothing" else None
    members = sorted(shape.members) if shape else []
    given = {
        name: dice.choice(values) for name in dice.sample(members, dice.randint(0, len(members)))
    }
    body = dice.choice([json.dumps(given)] * 4 + BODIES)
    return "POST", "/", {"X-Amz-Target": f"TrentService.{action}"}, body


SERVICES = {
    "s3": for_s3,
    "iam": for_query("iam", sorted(iam.SERVED - {"DeleteUser", "DeleteAccessKey"})),
    "sts": for_query("sts", sorted(get_service_model("sts").operation_names)),
    "kms": for_kms,
}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("many", [60, pytest.param(750, marks=pytest.mark.thorough)])
def test_malformed_requests(world: World, service, many):
    """As they are, unsigned, and with another signature."""
    bucket, me = world.bucket(), world.user(allow("*"))
    keys = Credentials(me["access_key_id"], me["secret_access_key"])
    signer = (
        S3SigV4Auth(keys, "s3", REGION) if service == "s3" else SigV4Auth(keys, service, REGION)
    )
    dice, endpoint = random.Random(many), world.aws["http_endpoint"]
    with requests.Session() as session:
        for _ in range(many):
            method, path, said, body = SERVICES[service](dice, bucket)
            request = AWSRequest(method, endpoint + path, data=body.encode(), headers=dict(said))
            signer.add_auth(request)

            def send(headers, request=request):
                return session.request(
                    request.method, request.url, data=request.data, headers=headers, timeout=10
                ).status_code

            signed = dict(request.headers)
            spoilt = {**signed, "Authorization": signed["Authorization"][:-4] + "beef"}
            asked = (service, method, path, said, body[:300])
            status = send(signed)
            assert status < 500 or status == 501, asked
            assert 400 <= send(spoilt) < 500, asked
            assert send(said) >= 400, asked
