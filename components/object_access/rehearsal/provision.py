"""From a declared resource to the real one: one function per resource type, by AWS's own API.

This is what stands in for Pulumi's AWS plugin where there is none. Inputs and outputs have the
names of the plugin's schema.
"""

import base64
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

import dill

from .cloud import Cloud

Inputs = Mapping[str, Any]
Realized = tuple[str, dict[str, Any]]


def resource(cloud: Cloud, token: str, inputs: Inputs) -> Realized:
    """Create one resource on the embedded cloud; returns its ID and its outputs.

    Raises LookupError for a type that nobody has taught this file yet, and botocore's ClientError
    for what the cloud refuses.
    """
    if token.startswith("pulumi-python:dynamic"):
        return _dynamic(cloud, inputs)
    if token.startswith("openstack:") and token not in _TYPES:
        return cloud.openstack.make(token, inputs)
    if token not in _TYPES:
        raise LookupError(
            f"{token} cannot be rehearsed without Pulumi's engine yet: "
            "add a function to rehearsal/provision.py, or put 'pulumi' on PATH"
        )
    identifier, computed = _TYPES[token](cloud, inputs)
    return identifier, {**inputs, **computed}


def existing(cloud: Cloud, token: str, identifier: str) -> dict[str, Any]:
    """The outputs of a resource that exists already: what `.get` of its class asks for."""
    return cloud.openstack.read(token, identifier)


def function(cloud: Cloud, name: str) -> dict[str, Any]:
    """Answer one of the plugin's functions."""
    if name == "aws:index/getCallerIdentity:getCallerIdentity":
        identity = cloud.admin("sts").get_caller_identity()
        return {
            "accountId": identity["Account"],
            "arn": identity["Arn"],
            "userId": identity["UserId"],
        }
    raise LookupError(f"{name} cannot be rehearsed without Pulumi's engine yet")


# --- S3 ---


def _bucket(cloud: Cloud, inputs: Inputs) -> Realized:
    s3, name = _s3(cloud, inputs), inputs["bucket"]
    make_bucket(s3, name, inputs["region"])
    if inputs.get("tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tags(inputs)})
    return name, {"arn": f"arn:{cloud.partition}:s3:::{name}"}


def _public_access_block(cloud: Cloud, inputs: Inputs) -> Realized:
    flags = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    _s3(cloud, inputs).put_public_access_block(
        Bucket=inputs["bucket"],
        PublicAccessBlockConfiguration={
            flag: inputs.get(flag[0].lower() + flag[1:], False) for flag in flags
        },
    )
    return inputs["bucket"], {}


def _ownership(cloud: Cloud, inputs: Inputs) -> Realized:
    rule = {"ObjectOwnership": inputs["rule"]["objectOwnership"]}
    _s3(cloud, inputs).put_bucket_ownership_controls(
        Bucket=inputs["bucket"], OwnershipControls={"Rules": [rule]}
    )
    return inputs["bucket"], {}


def _encryption(cloud: Cloud, inputs: Inputs) -> Realized:
    rules = []
    for rule in inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        settings = {"SSEAlgorithm": default["sseAlgorithm"]}
        if "kmsMasterKeyId" in default:
            settings["KMSMasterKeyID"] = default["kmsMasterKeyId"]
        key = {"BucketKeyEnabled": rule.get("bucketKeyEnabled", False)}
        rules.append({"ApplyServerSideEncryptionByDefault": settings, **key})
    _s3(cloud, inputs).put_bucket_encryption(
        Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return inputs["bucket"], {}


def _versioning(cloud: Cloud, inputs: Inputs) -> Realized:
    _s3(cloud, inputs).put_bucket_versioning(
        Bucket=inputs["bucket"],
        VersioningConfiguration={"Status": inputs["versioningConfiguration"]["status"]},
    )
    return inputs["bucket"], {}


def _bucket_policy(cloud: Cloud, inputs: Inputs) -> Realized:
    _s3(cloud, inputs).put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
    return inputs["bucket"], {}


def _cors(cloud: Cloud, inputs: Inputs) -> Realized:
    names = {
        "allowedHeaders": "AllowedHeaders",
        "allowedMethods": "AllowedMethods",
        "allowedOrigins": "AllowedOrigins",
        "exposeHeaders": "ExposeHeaders",
        "maxAgeSeconds": "MaxAgeSeconds",
    }
    rules = [
        {names[key]: _whole(value) for key, value in rule.items()} for rule in inputs["corsRules"]
    ]
    _s3(cloud, inputs).put_bucket_cors(
        Bucket=inputs["bucket"], CORSConfiguration={"CORSRules": rules}
    )
    return inputs["bucket"], {}


def _logging(cloud: Cloud, inputs: Inputs) -> Realized:
    _s3(cloud, inputs).put_bucket_logging(
        Bucket=inputs["bucket"],
        BucketLoggingStatus={
            "LoggingEnabled": {
                "TargetBucket": inputs["targetBucket"],
                "TargetPrefix": inputs["targetPrefix"],
            }
        },
    )
    return inputs["bucket"], {}


def _lifecycle(cloud: Cloud, inputs: Inputs) -> Realized:
    rules = []
    for rule in inputs["rules"]:
        made: dict[str, Any] = {"ID": rule["id"], "Status": rule["status"], "Filter": {}}
        if uploads := rule.get("abortIncompleteMultipartUpload"):
            days = _whole(uploads["daysAfterInitiation"])
            made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
        if versions := rule.get("noncurrentVersionExpiration"):
            days = _whole(versions["noncurrentDays"])
            made["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
        rules.append(made)
    _s3(cloud, inputs).put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
    )
    return inputs["bucket"], {}


# --- IAM ---


def _user(cloud: Cloud, inputs: Inputs) -> Realized:
    user = cloud.admin("iam").create_user(
        UserName=inputs["name"], Tags=_tags(inputs), **_boundary(inputs)
    )["User"]
    return inputs["name"], {"arn": user["Arn"], "uniqueId": user["UserId"]}


def _user_policy(cloud: Cloud, inputs: Inputs) -> Realized:
    cloud.admin("iam").put_user_policy(
        UserName=inputs["user"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return f"{inputs['user']}:{inputs['name']}", {}


def _access_key(cloud: Cloud, inputs: Inputs) -> Realized:
    key = cloud.admin("iam").create_access_key(UserName=inputs["user"])["AccessKey"]
    secret = cloud.keep_secret(key["SecretAccessKey"])
    return key["AccessKeyId"], {"secret": secret, "status": key["Status"]}


def _role(cloud: Cloud, inputs: Inputs) -> Realized:
    role = cloud.admin("iam").create_role(
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        MaxSessionDuration=_whole(inputs["maxSessionDuration"]),
        Tags=_tags(inputs),
        **_boundary(inputs),
    )["Role"]
    return inputs["name"], {"arn": role["Arn"], "uniqueId": role["RoleId"]}


def _role_policy(cloud: Cloud, inputs: Inputs) -> Realized:
    cloud.admin("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return f"{inputs['role']}:{inputs['name']}", {}


def _policy(cloud: Cloud, inputs: Inputs) -> Realized:
    policy = cloud.admin("iam").create_policy(
        PolicyName=inputs["name"], PolicyDocument=inputs["policy"], Tags=_tags(inputs)
    )["Policy"]
    return policy["Arn"], {"arn": policy["Arn"]}


def _user_attachment(cloud: Cloud, inputs: Inputs) -> Realized:
    user, arn = inputs["user"], inputs["policyArn"]
    cloud.admin("iam").attach_user_policy(UserName=user, PolicyArn=arn)
    return f"{user}/{arn}", {}


def _role_attachment(cloud: Cloud, inputs: Inputs) -> Realized:
    role, arn = inputs["role"], inputs["policyArn"]
    cloud.admin("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return f"{role}/{arn}", {}


def _instance_profile(cloud: Cloud, inputs: Inputs) -> Realized:
    iam, name = cloud.admin("iam"), inputs["name"]
    made = iam.create_instance_profile(InstanceProfileName=name, Tags=_tags(inputs))
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
    return name, {"arn": made["InstanceProfile"]["Arn"]}


# --- others ---


def _random_password(cloud: Cloud, inputs: Inputs) -> Realized:
    signs = string.ascii_letters + string.digits
    if inputs.get("special", True):
        signs += "!@#$%&*()-_=+[]{}<>:?"
    made = "".join(secrets.choice(signs) for _ in range(_whole(inputs["length"])))
    return "none", {"result": cloud.keep_secret(made)}


def _dynamic(cloud: Cloud, inputs: Inputs) -> Realized:
    """What Pulumi does with a resource whose provider is a part of the program."""
    provider = dill.loads(base64.b64decode(inputs["__provider"]))  # noqa: S301 our own
    cloud.wait_for_compatible()
    checked = provider.check({}, dict(inputs))
    if checked.failures:
        raise RuntimeError(checked.failures[0].reason)
    made = provider.create(checked.inputs)
    return made.id, made.outs


def _s3(cloud: Cloud, inputs: Inputs) -> Any:
    return cloud.admin("s3", inputs["region"])


def make_bucket(s3: Any, name: str, region: str) -> None:
    """A bucket as anyone would make it in that region."""
    where = {"LocationConstraint": region}
    options = {} if region == "us-east-1" else {"CreateBucketConfiguration": where}
    s3.create_bucket(Bucket=name, **options)


def _tags(inputs: Inputs) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]


def _boundary(inputs: Inputs) -> dict[str, str]:
    arn = inputs.get("permissionsBoundary")
    return {"PermissionsBoundary": arn} if arn else {}


def _whole(value: Any) -> Any:
    """Numbers arrive as floats by way of the engine's wire format."""
    return int(value) if isinstance(value, float) else value


_TYPES: Mapping[str, Callable[[Cloud, Inputs], Realized]] = {
    "aws:iam/accessKey:AccessKey": _access_key,
    "aws:iam/instanceProfile:InstanceProfile": _instance_profile,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _role_attachment,
    "aws:iam/user:User": _user,
    "aws:iam/userPolicy:UserPolicy": _user_policy,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": _user_attachment,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _cors,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "aws:s3/bucketLogging:BucketLogging": _logging,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _ownership,
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _encryption
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "random:index/randomPassword:RandomPassword": _random_password,
}
