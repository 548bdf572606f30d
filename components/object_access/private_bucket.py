"""A private S3 bucket."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, names
from ._buckets import ABORT_UPLOADS_AFTER, KEEP_OLD_VERSIONS, CorsRuleArgs, cors_rules
from ._outputs import once
from .policies import buckets, cors
from .policies.documents import check_size, to_json


class PrivateBucketArgs(TypedDict):
    """Inputs of `PrivateBucket`."""

    bucket_name: str
    """Globally unique name, 3 to 63 characters. Changing it makes another bucket."""
    region: str
    """Region such as "eu-west-1"."""
    cors: NotRequired[Sequence[CorsRuleArgs]]
    """Up to 100 CORS rules; the first that fits a request counts. Default: no page may."""
    guests: NotRequired[Sequence[Input[str]]]
    """ARNs of users and roles that may never change who can reach the bucket, however much
    their own policies allow. Default: none."""
    versioning: NotRequired[bool]
    """Keep overwritten and deleted objects for 30 days. Default: True."""
    protect: NotRequired[bool]
    """Refuse to delete the bucket until this is False and applied. Default: True."""
    force_destroy: NotRequired[bool]
    """Delete the objects with the bucket; must be applied before the deletion. Default: False."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on the bucket. Default: none."""


class PrivateBucket(ComponentResource):
    """A bucket that nobody reaches who was not granted it: public access blocked, ACLs off,
    encrypted, TLS only, unfinished uploads removed after 7 days."""

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
            tags = names.check_tags(args.get("tags", {}), "s3")
        arn = names.bucket_arn(bucket_name, region)
        super().__init__("object-access:index:PrivateBucket", name, {**args}, opts)

        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name,
            region=region,
            force_destroy=args.get("force_destroy", False),
            tags=tags,
            opts=ResourceOptions(parent=self, protect=args.get("protect", True)),
        )
        # One after another: S3 answers OperationAborted to settings that arrive side by side.
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.id,
            region=region,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=ResourceOptions(parent=self),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            region=region,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=ResourceOptions(parent=self, depends_on=block),
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            region=region,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=ResourceOptions(parent=self, depends_on=ownership),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            region=region,
            versioning_configuration={
                "status": "Enabled" if args.get("versioning", True) else "Suspended"
            },
            opts=ResourceOptions(parent=self, depends_on=encryption),
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            region=region,
            policy=Output.all(*args.get("guests", [])).apply(lambda guests: _policy(arn, guests)),
            opts=ResourceOptions(parent=self, depends_on=versioning),
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
            opts=ResourceOptions(parent=self, depends_on=policy),
        )
        settled: list[Output[str]] = [lifecycle.id]
        if rules:
            allowed = aws.s3.BucketCorsConfiguration(
                f"{name}-cors",
                bucket=bucket.id,
                region=region,
                cors_rules=[_for_plugin(rule) for rule in rules],
                opts=ResourceOptions(parent=self, depends_on=lifecycle),
            )
            settled.append(allowed.id)

        self.bucket_name = once(settled, bucket.id)
        self.bucket_arn = once(settled, bucket.arn)
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})


def _policy(arn: str, guests: Sequence[str]) -> str:
    policy = buckets.private(arn, guests)
    check_size("bucket policy", policy)
    return to_json(policy)


def _for_plugin(rule: cors.CorsRule) -> aws.s3.BucketCorsConfigurationCorsRuleArgsDict:
    return {
        "allowed_origins": rule["AllowedOrigins"],
        "allowed_methods": rule["AllowedMethods"],
        "allowed_headers": rule["AllowedHeaders"],
        "expose_headers": rule["ExposeHeaders"],
        "max_age_seconds": int(rule["MaxAgeSeconds"]),  # a float from another language
    }
