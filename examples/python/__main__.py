"""Ten buckets made by pulumi-aws, and a component of ours for who reads the first one."""

import pulumi
import pulumi_aws as aws

from object_access import Access, AccessUser
from object_access.handover import S3, Key, Place, exported, hand_over

buckets = [aws.s3.Bucket(f"data-{number}") for number in range(10)]
for number, bucket in enumerate(buckets):
    aws.s3.BucketPublicAccessBlock(
        f"data-{number}",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
access = [Access.LIST, Access.READ]
grant = {"bucket_arn": buckets[0].arn, "access": access, "prefixes": ["raw/"]}
reader = AccessUser("reader", {"user_name": "raw-reader", "grants": {"raw": grant}})

# What `rehearse` tries, `check` tries on the real cloud and `handover` gives to the tool.
pulumi.export(
    "reader",
    hand_over(
        exported(S3, bucket=buckets[0].id, region=buckets[0].region, adopted=True),
        {"raw": exported(Place, prefix="raw/", access=access)},
        {
            "reader": exported(
                Key,
                access_key_id=reader.access_key_id,
                secret_access_key=reader.secret_access_key,
            )
        },
    ),
)
