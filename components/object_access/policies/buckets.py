"""What a bucket itself refuses, whatever the policies of the one who asks allow."""

from collections.abc import Sequence

from .documents import PolicyDocument, Statement, document

# Whoever may do one of these can open the bucket to others, or close it to its owners.
EXPOSING_ACTIONS = [
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
]


def private(bucket_arn: str, guests: Sequence[str] = ()) -> PolicyDocument:
    """The policy of a private bucket: TLS only, and `guests` cannot change who reaches it.

    `guests` are ARNs of users and roles. They keep what their own policies grant, even `s3:*`,
    except the actions that could expose the bucket. The shape of the TLS statement is the one
    that AWS Security Hub S3.5, Prowler and cdk-nag S10 look for.
    """
    statements: list[Statement] = [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    if guests:
        statements.append(
            {
                "Sid": "DenyExposure",
                "Effect": "Deny",
                "Principal": "*",
                "Action": EXPOSING_ACTIONS,
                "Resource": bucket_arn,
                # A condition, not a Principal: S3 refuses a policy that names a user who is gone.
                "Condition": {"ArnEquals": {"aws:PrincipalArn": sorted(guests)}},
            }
        )
    return document(statements)
