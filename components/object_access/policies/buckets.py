"""What a bucket itself refuses, whatever the policies of the one who asks allow, and whom it lets
in from other accounts."""

from collections.abc import Collection, Iterable, Sequence

from ..names import check_bucket_arn, check_member
from .documents import PolicyDocument, Statement, document
from .grants import ACTIONS, Access, grant, verbs_of
from .trust import arn_of

# Whoever sets ACLs or notifications does not merely use objects.
_ADMINISTERS = (Access.NOTIFY, Access.WRITE_ACL)

LEFT_TO_CONFINED = sorted(
    {
        action
        for verb, groups in ACTIONS.items()
        if verb not in _ADMINISTERS
        for group in groups
        for action in group
    }
)
"""All that is left to a confined user or role who holds `s3:*`: to list objects, versions and
uploads, to read objects and their versions and tags, to write, tag and delete objects, and to ask
for location, versioning, CORS and encryption of the bucket."""


def private(
    bucket_arn: str, confined: Sequence[str] = (), shares: Iterable[Statement] = ()
) -> PolicyDocument:
    """The policy of a private bucket: TLS only, and `confined` users and roles use objects without
    administering the bucket. `shares` are statements of `shared`.

    `confined` are ARNs. Whatever their own policies grant, even `s3:*`, they are denied all but
    `LEFT_TO_CONFINED`, so that what AWS adds one day is denied, too: to change lifecycle,
    versioning, encryption, policies, public access, ACLs, CORS, logging, notification, replication,
    inventory or object lock, to delete versions for good, and to delete the bucket.

    The shape of the TLS statement is the one that AWS Security Hub S3.5, Prowler and cdk-nag S10
    look for. Raises ValueError for what is no ARN of a user or role.
    """
    members = sorted(map(check_member, confined))
    everywhere = [check_bucket_arn(bucket_arn), f"{bucket_arn}/*"]
    statements: list[Statement] = [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": everywhere,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    if members:
        statements.append(
            {
                "Sid": "DenyAdministration",
                "Effect": "Deny",
                "Principal": "*",
                "NotAction": LEFT_TO_CONFINED,
                "Resource": everywhere,
                # A condition, not a Principal: S3 refuses a policy that names a user who is gone.
                "Condition": {"ArnEquals": {"aws:PrincipalArn": members}},
            }
        )
    return document([*statements, *shares])


def shared(
    bucket_arn: str,
    principals: Sequence[str],
    access: Collection[str],
    prefixes: Collection[str] = (),
    *,
    keys: Collection[str] = (),
    list_exact: bool = False,
    name: str = "",
) -> list[Statement]:
    """Statements of a bucket's policy that let in accounts, users or roles of somebody else, as
    `grant` would; `name` ends every `Sid`.

    Their own policies must allow it, too, and so must the policy of a KMS key that encrypts the
    objects. Raises ValueError as `grant` does, for nobody, and for full access.
    """
    if not principals:
        raise ValueError("no principal to share with, name at least one account, role or user")
    if Access.FULL in verbs_of(access):
        raise ValueError("full access would let somebody else administer the bucket, name verbs")
    partition = bucket_arn.split(":")[1]
    whom = {"AWS": [arn_of(principal, partition) for principal in principals]}
    granted = grant(bucket_arn, access, prefixes, keys=keys, list_exact=list_exact, name=name)
    return [{**each, "Principal": whom} for each in granted["Statement"]]
