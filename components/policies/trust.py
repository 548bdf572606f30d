"""Who may assume a role: its trust policy."""

from .documents import PolicyDocument, document


def user(arn: str, unique_id: str) -> PolicyDocument:
    """Trust exactly one IAM user.

    IAM stores the user's unique ID, not the ARN: a user that is deleted and made again under the
    same name is no longer trusted. So the ID stands in the `Sid`: when it changes, the document
    changes, and the next update makes IAM look the ARN up anew (IAM User Guide, "AWS JSON policy
    elements: Principal").
    """
    return document(
        [
            {
                "Sid": f"Trust{unique_id}",
                "Effect": "Allow",
                "Principal": {"AWS": arn},
                "Action": "sts:AssumeRole",
            }
        ]
    )
