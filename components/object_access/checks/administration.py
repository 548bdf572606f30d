"""What no consumer of a bucket may do, as calls that are tried: to administer the bucket, and to
become more than one is.

Every action that changes who reaches a bucket, what becomes of its data, or where they go (IAM User
Guide, Service Authorization Reference: Amazon S3, IAM, STS).
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from .subject import Call, Subject


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


_ENABLED = {"Status": "Enabled"}
_SUSPENDED = {"Status": "Suspended"}
_PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "{arn}/*"}
_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_EVERYTHING = _document(_ALL)
_RULE = {"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
_ELSEWHERE = "arn:aws:s3:::somebody-elses-bucket"
_INVENTORY = {
    "Id": "x",
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Daily"},
    "Destination": {"S3BucketDestination": {"Bucket": _ELSEWHERE, "Format": "CSV"}},
}
_REPLICATION = {
    "Role": "arn:aws:iam::123456789012:role/replication",
    "Rules": [
        {
            "ID": "x",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": _ELSEWHERE},
        }
    ],
}
_CORS = {"CORSRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}]}
_AES = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
_LOCKED = {"ObjectLockEnabled": "Enabled"}
_LONG = {"Mode": "COMPLIANCE", "RetainUntilDate": "2066-01-01T00:00:00Z"}
_OPEN = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), False
)

Wanted = Mapping[str, tuple[str, str, Mapping[str, Any]]]
"""What it would be: service, operation of boto3, and its parameters. `{bucket}`, `{key}`, `{arn}`,
`{role}` and `{name}` stand for the bucket, a file, the bucket's ARN, a role of the account that
trusts all of it, and a name of our own."""

ADMINISTRATION: Wanted = {
    "a policy": ("s3", "put_bucket_policy", {"Policy": _document(_PUBLIC)}),
    "removing the policy": ("s3", "delete_bucket_policy", {}),
    "lifting the public access block": ("s3", "delete_public_access_block", {}),
    "weakening the public access block": (
        "s3",
        "put_public_access_block",
        {"PublicAccessBlockConfiguration": _OPEN},
    ),
    "a public ACL": ("s3", "put_bucket_acl", {"ACL": "public-read"}),
    "a public ACL of a file": ("s3", "put_object_acl", {"Key": "{key}", "ACL": "public-read"}),
    "allowing ACLs": (
        "s3",
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
    ),
    "removing the ownership": ("s3", "delete_bucket_ownership_controls", {}),
    "suspending versions": ("s3", "put_bucket_versioning", {"VersioningConfiguration": _SUSPENDED}),
    "expiring all data": (
        "s3",
        "put_bucket_lifecycle_configuration",
        {"LifecycleConfiguration": {"Rules": [_RULE]}},
    ),
    "removing the lifecycle": ("s3", "delete_bucket_lifecycle", {}),
    "another encryption": (
        "s3",
        "put_bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": [_AES]}},
    ),
    "removing the encryption": ("s3", "delete_bucket_encryption", {}),
    "logging elsewhere": (
        "s3",
        "put_bucket_logging",
        {
            "BucketLoggingStatus": {
                "LoggingEnabled": {"TargetBucket": "somebody-elses-bucket", "TargetPrefix": ""}
            }
        },
    ),
    "replication elsewhere": (
        "s3",
        "put_bucket_replication",
        {"ReplicationConfiguration": _REPLICATION},
    ),
    "removing replication": ("s3", "delete_bucket_replication", {}),
    "an inventory elsewhere": (
        "s3",
        "put_bucket_inventory_configuration",
        {"Id": "x", "InventoryConfiguration": _INVENTORY},
    ),
    "notifications": (
        "s3",
        "put_bucket_notification_configuration",
        {"NotificationConfiguration": {}},
    ),
    "a website": (
        "s3",
        "put_bucket_website",
        {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "x"}}},
    ),
    "removing the website": ("s3", "delete_bucket_website", {}),
    "CORS rules": ("s3", "put_bucket_cors", {"CORSConfiguration": _CORS}),
    "removing CORS rules": ("s3", "delete_bucket_cors", {}),
    "tags": ("s3", "put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": "x", "Value": "y"}]}}),
    "removing tags": ("s3", "delete_bucket_tagging", {}),
    "acceleration": (
        "s3",
        "put_bucket_accelerate_configuration",
        {"AccelerateConfiguration": _ENABLED},
    ),
    "object lock": ("s3", "put_object_lock_configuration", {"ObjectLockConfiguration": _LOCKED}),
    "locking a file for decades": (
        "s3",
        "put_object_retention",
        {"Key": "{key}", "Retention": _LONG},
    ),
    "a legal hold": (
        "s3",
        "put_object_legal_hold",
        {"Key": "{key}", "LegalHold": {"Status": "ON"}},
    ),
    "destroying a version": ("s3", "delete_object", {"Key": "{key}", "VersionId": "null"}),
    "removing tags of a file": ("s3", "delete_object_tagging", {"Key": "{key}"}),
    "reading the ACL of a file": ("s3", "get_object_acl", {"Key": "{key}"}),
    "deleting the bucket": ("s3", "delete_bucket", {}),
    "reading its policy": ("s3", "get_bucket_policy", {}),
    "reading its logging": ("s3", "get_bucket_logging", {}),
    "reading its ACL": ("s3", "get_bucket_acl", {}),
}
"""Ways to change a bucket or a file, or to read how it is set up, that no verb of a grant holds."""

ESCALATION: Wanted = {
    "listing buckets": ("s3", "list_buckets", {}),
    "a bucket of its own": ("s3", "create_bucket", {"Bucket": "{name}"}),
    "a user": ("iam", "create_user", {"UserName": "{name}"}),
    "a key for itself": ("iam", "create_access_key", {}),
    "a key for another user": ("iam", "create_access_key", {"UserName": "{name}"}),
    "a password": (
        "iam",
        "create_login_profile",
        {"UserName": "{name}", "Password": "Not-4-real-use"},
    ),
    "a policy of a user": (
        "iam",
        "put_user_policy",
        {"UserName": "{name}", "PolicyName": "x", "PolicyDocument": _EVERYTHING},
    ),
    "administration for a user": (
        "iam",
        "attach_user_policy",
        {"UserName": "{name}", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "a policy of a role": (
        "iam",
        "put_role_policy",
        {"RoleName": "{name}", "PolicyName": "x", "PolicyDocument": _EVERYTHING},
    ),
    "administration for a role": (
        "iam",
        "attach_role_policy",
        {"RoleName": "{name}", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "another trust": (
        "iam",
        "update_assume_role_policy",
        {"RoleName": "{name}", "PolicyDocument": _document()},
    ),
    "a role": ("iam", "create_role", {"RoleName": "{name}", "AssumeRolePolicyDocument": "{}"}),
    "longer sessions": ("iam", "update_role", {"RoleName": "{name}", "MaxSessionDuration": 43_200}),
    "a managed policy": (
        "iam",
        "create_policy",
        {"PolicyName": "{name}", "PolicyDocument": _EVERYTHING},
    ),
    "a version of a policy": (
        "iam",
        "create_policy_version",
        {
            "PolicyArn": "arn:aws:iam::123456789012:policy/x",
            "PolicyDocument": _EVERYTHING,
            "SetAsDefault": True,
        },
    ),
    "lifting a boundary": ("iam", "delete_user_permissions_boundary", {"UserName": "{name}"}),
    "a group": ("iam", "add_user_to_group", {"GroupName": "x", "UserName": "{name}"}),
    "listing users": ("iam", "list_users", {}),
    "listing roles": ("iam", "list_roles", {}),
    "the whole account's policies": ("iam", "get_account_authorization_details", {}),
    "another role": ("sts", "assume_role", {"RoleArn": "{role}", "RoleSessionName": "check"}),
}
"""Ways to become more than one is."""

# What a verb of a grant is: a holder of it is not refused that.
_GRANTED: Mapping[str, Collection[str]] = {
    "notify": ("notifications",),
    "write-acl": ("a public ACL of a file",),
}


def attempts(
    wanted: Wanted,
    client: Callable[[str], Any],
    subject: Subject,
    granted: Collection[str] = (),
    keys: Collection[str] = (),
) -> dict[str, Call]:
    """The calls, for a holder with these verbs; what is about a file is tried on each of `keys`."""
    told = {
        "{bucket}": subject.bucket,
        "{arn}": f"arn:aws:s3:::{subject.bucket}",
        "{role}": subject.bystanders.role or "arn:aws:iam::123456789012:role/admin",
        "{name}": subject.name[:60],
    }
    spared = {name for verb in granted for name in _GRANTED.get(verb, ())}
    calls: dict[str, Call] = {}
    for name, (service, operation, given) in wanted.items():
        if name in spared:
            continue
        for key in (keys or (subject.name,)) if "Key" in given else ("",):
            parameters = {
                each: _filled(value, {**told, "{key}": key}) for each, value in given.items()
            }
            if service == "s3" and operation != "list_buckets":
                parameters.setdefault("Bucket", subject.bucket)
            call = partial(getattr(client(service), operation), **parameters)
            calls[f"{name} {key}".rstrip()] = call
    return calls


def _filled(value: Any, told: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, told) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, told) for each in value]
    if isinstance(value, str):
        for name, known in told.items():
            value = value.replace(name, known)
    return value
