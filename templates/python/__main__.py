"""${DESCRIPTION}."""

import pulumi

from object_access import Access, AccessUser, PrivateBucket
from object_access.handover import S3, Key, Place, exported, hand_over

config = pulumi.Config()
bucket = config.get("bucket") or f"{pulumi.get_project()}-data"
region = config.get("region") or "eu-west-1"
prefix = config.get("prefix") or "shared/"

# What the user may do in that folder, and nowhere else: remove a word and rehearse it again.
access = [Access.LIST, Access.READ, Access.WRITE]

data = PrivateBucket("data", {"bucket_name": bucket, "region": region})
grant = {"bucket_arn": data.bucket_arn, "access": access, "prefixes": [prefix]}
reader = AccessUser("reader", {"user_name": f"{bucket}-reader", "grants": {"data": grant}})

# What `object-access rehearse` tries, `check` tries on AWS and `handover reader` gives to the user.
keys = exported(Key, access_key_id=reader.access_key_id, secret_access_key=reader.secret_access_key)
places = {"data": exported(Place, prefix=prefix, access=access)}
pulumi.export(
    "reader", hand_over(exported(S3, bucket=bucket, region=region), places, {"reader": keys})
)
