"""A private S3 bucket."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, _buckets, names
from ._buckets import ABORT_UPLOADS_AFTER, KEEP_OLD_VERSIONS, CorsRuleArgs, Removal, cors_rules
from ._outputs import once
from .policies import buckets, cors
from .policies.documents import Statement, check_size, sid_of, to_json


class ShareArgs(TypedDict):
    """What somebody else may do, by the bucket's own policy."""

    principals: Sequence[str]
    """Who may: accounts (12 digits), or ARNs of roles or users."""
    access: Sequence[str]
    """What they may do: verbs of `Access`, such as `Access.READ`, or their names, such as "read";
    not "full"."""
    prefixes: NotRequired[Sequence[str]]
    """Beginnings of the keys to open, each ending in "/". Default: with no `keys` either, every key
    in the bucket."""
    keys: NotRequired[Sequence[str]]
    """Whole keys to open. Default: none."""
    list_exact: NotRequired[bool]
    """The prefix "foo/" may also be listed as "foo". Default: False."""


class AccessLogsArgs(TypedDict):
    """Where S3 writes a line for each request to the bucket."""

    bucket_name: Input[str]
    """Name of another bucket of the same account and region, whose policy lets
    logging.s3.amazonaws.com write there."""
    prefix: NotRequired[str]
    """Beginning of the keys of the logs, ending in "/". Default: none."""


class PrivateBucketArgs(TypedDict):
    """Inputs of `PrivateBucket`."""

    bucket_name: str
    """Globally unique name, 3 to 63 characters. Changing it makes another bucket."""
    region: str
    """Region such as "eu-west-1"."""
    cors: NotRequired[Sequence[CorsRuleArgs]]
    """Up to 100 CORS rules; the first that fits a request counts. Default: no page may."""
    confined: NotRequired[Sequence[Input[str]]]
    """ARNs of users and roles that may use objects but never administer the bucket, however much
    their own policies allow. Default: none."""
    shared: NotRequired[Mapping[str, ShareArgs]]
    """What others may do, by names of yours: consumers with principals of their own, whom the
    bucket's policy lets in. With a KMS key, the key's policy must let them in, too. Default:
    nothing."""
    kms_key_arn: NotRequired[Input[str]]
    """ARN of the KMS key that encrypts the objects, by way of a bucket key. Default: S3's own key.
    """
    access_logs: NotRequired[AccessLogsArgs]
    """Server access logs. Default: none."""
    versioning: NotRequired[bool]
    """Keep overwritten and deleted objects for 30 days. Default: True."""
    removal: NotRequired[Removal]
    """Whether the bucket may be deleted: never ("keep"), when it is empty ("empty"), with its
    objects ("destroy"), or never though Pulumi lets go of it ("leave"). A change must be applied
    before the deletion. Default: keep."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the bucket. Default: none."""


class PrivateBucket(ComponentResource):
    """A bucket that nobody reaches who was not granted it: public access blocked, ACLs off,
    encrypted, TLS only, unfinished uploads removed after 7 days.

    What is left to a `confined` user or role who holds `s3:*`: to list objects, versions and
    uploads, to read objects and their versions and tags, to write, tag and delete objects, and to
    ask for location, versioning, CORS and encryption of the bucket. Everything else is denied, also
    what AWS adds to S3 one day."""

    bucket_name: Output[str]
    """Name of the bucket; known once all its settings are in place."""
    bucket_arn: Output[str]
    """ARN of the bucket; known once all its settings are in place."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, PrivateBucketArgs)
        with _args.naming(name):
            bucket_name = names.check_bucket_name(args["bucket_name"])
            region = names.check_region(args["region"])
            rules = cors_rules(name, args.get("cors", []))
            removal = _buckets.removal(args)
            tags = names.check_tags(args.get("tags", {}), "s3")
            arn = names.bucket_arn(bucket_name, region)
            policy = _policy(name, arn, args)
            encryption = _encryption(name, args)
            logs = _access_logs(name, args)
        super().__init__("object-access:index:PrivateBucket", name, None, opts)

        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name,
            region=region,
            force_destroy=removal is Removal.DESTROY,
            tags=tags,
            opts=_buckets.holding(self, removal),
        )
        # One after another: S3 answers OperationAborted to settings that arrive side by side. They
        # go with the bucket, never before it: a deletion that is refused leaves it as private as
        # it was.
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.id,
            region=region,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=ResourceOptions(parent=self, deleted_with=bucket),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            region=region,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=block),
        )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            region=region,
            rules=[encryption],
            opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=ownership),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            region=region,
            versioning_configuration={
                "status": "Enabled" if args.get("versioning", True) else "Suspended"
            },
            opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=encrypted),
        )
        attached = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            region=region,
            policy=policy,
            opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=versioning),
        )
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            region=region,
            rules=[
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "filter": {},
                    "abort_incomplete_multipart_upload": {
                        "days_after_initiation": ABORT_UPLOADS_AFTER
                    },
                    "noncurrent_version_expiration": {"noncurrent_days": KEEP_OLD_VERSIONS},
                }
            ],
            opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=attached),
        )
        last: aws.s3.BucketLifecycleConfiguration | aws.s3.BucketCorsConfiguration = lifecycle
        settled: list[Output[str]] = [lifecycle.id]
        if rules:
            last = aws.s3.BucketCorsConfiguration(
                f"{name}-cors",
                bucket=bucket.id,
                region=region,
                cors_rules=[_for_plugin(rule) for rule in rules],
                opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=lifecycle),
            )
            settled.append(last.id)
        if logs:
            logging = aws.s3.BucketLogging(
                f"{name}-access-logs",
                bucket=bucket.id,
                region=region,
                target_bucket=logs["bucket_name"],
                target_prefix=logs.get("prefix", ""),
                opts=ResourceOptions(parent=self, deleted_with=bucket, depends_on=last),
            )
            settled.append(logging.id)

        self.bucket_name = once(settled, bucket.id)
        self.bucket_arn = once(settled, bucket.arn)
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "removal": str(removal),
            }
        )


def _policy(name: str, arn: str, args: PrivateBucketArgs) -> Input[str]:
    shares: list[Statement] = []
    for key, share in args.get("shared", {}).items():
        _args.check(f"{name}-{key}", share, ShareArgs)
        shares += buckets.shared(
            arn,
            share["principals"],
            share["access"],
            share.get("prefixes", ()),
            keys=share.get("keys", ()),
            list_exact=share.get("list_exact", False),
            name=sid_of(key),
        )

    def write(known: Mapping[str, Sequence[str]]) -> str:
        policy = buckets.private(arn, known["confined"], shares)
        check_size("bucket policy", policy)
        return to_json(policy)

    return _args.made(name, {"confined": args.get("confined", [])}, write)


def _encryption(
    name: str, args: PrivateBucketArgs
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if "kms_key_arn" not in args:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    given = {"kms_key_arn": args["kms_key_arn"]}
    key = _args.made(name, given, lambda known: names.check_kms_key_arn(known["kms_key_arn"]))
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key,
        },
        "bucket_key_enabled": True,
    }


def _access_logs(name: str, args: PrivateBucketArgs) -> AccessLogsArgs | None:
    if "access_logs" not in args:
        return None
    logs = args["access_logs"]
    _args.check(f"{name}-access-logs", logs, AccessLogsArgs)
    if isinstance(there := logs["bucket_name"], str):
        names.check_bucket_name(there)
    if there == args["bucket_name"]:
        raise ValueError("access logs in the bucket itself make logs of logs, name another bucket")
    if "prefix" in logs:
        names.check_prefix(logs["prefix"])
    return logs


def _for_plugin(rule: cors.CorsRule) -> aws.s3.BucketCorsConfigurationCorsRuleArgsDict:
    return {
        "allowed_origins": rule["AllowedOrigins"],
        "allowed_methods": rule["AllowedMethods"],
        "allowed_headers": rule["AllowedHeaders"],
        "expose_headers": rule["ExposeHeaders"],
        "max_age_seconds": int(rule["MaxAgeSeconds"]),  # a float from another language
    }
