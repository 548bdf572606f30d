"""IAM policy documents as plain data: how they are typed, joined, written and measured."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

VERSION = "2012-10-17"

# IAM's quotas, in characters; white space is not counted (IAM User Guide, "IAM and AWS STS
# quotas"). A bucket policy is measured in bytes (S3 User Guide, "Bucket restrictions").
LIMITS: Mapping[str, int] = {
    "user inline policies": 2_048,
    "group inline policies": 5_120,
    "role inline policies": 10_240,
    "managed policy": 6_144,
    "trust policy": 2_048,
    "bucket policy": 20_480,
}

Strings = str | Sequence[str]


class Statement(TypedDict):
    """One statement, with the element names of the IAM policy grammar."""

    Sid: NotRequired[str]
    Effect: Literal["Allow", "Deny"]
    Principal: NotRequired[str | Mapping[str, Strings]]
    NotPrincipal: NotRequired[str | Mapping[str, Strings]]
    Action: NotRequired[Strings]
    NotAction: NotRequired[Strings]
    Resource: NotRequired[Strings]
    NotResource: NotRequired[Strings]
    Condition: NotRequired[Mapping[str, Mapping[str, Any]]]


class PolicyDocument(TypedDict):
    """A whole document, ready for `to_json`."""

    Version: str
    Statement: list[Statement]


def document(statements: Iterable[Statement]) -> PolicyDocument:
    """A document of these statements.

    Raises ValueError where two statements share a `Sid`, which IAM refuses.
    """
    listed = list(statements)
    sids = [statement["Sid"] for statement in listed if "Sid" in statement]
    for sid in sids:
        if sids.count(sid) > 1:
            raise ValueError(f"two statements have the Sid '{sid}', give each its own")
    return {"Version": VERSION, "Statement": listed}


def sid_of(key: str) -> str:
    """A key of a mapping as a part of a `Sid`, which holds nothing but ASCII letters and digits:
    `made-files` becomes `MadeFiles`."""
    words = "".join(sign if sign.isalnum() and sign.isascii() else " " for sign in key).split()
    return "".join(word.capitalize() for word in words)


def to_json(policy: PolicyDocument) -> str:
    """The document as the shortest JSON; the same document always gives the same text."""
    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def size(*policies: PolicyDocument) -> int:
    """The characters IAM counts for these policies of one principal, white space left out."""
    return sum(len("".join(to_json(policy).split())) for policy in policies)


def check_size(kind: str, *policies: PolicyDocument) -> None:
    """Refuse policies that are larger than AWS takes; `kind` is a key of `LIMITS`.

    Raises ValueError with the size and the limit.
    """
    given, limit = size(*policies), LIMITS[kind]
    if given > limit:
        raise ValueError(
            f"the {kind} would have {given:,} characters, AWS takes at most {limit:,}; "
            "grant fewer or shorter prefixes, or split them over two principals"
        )
