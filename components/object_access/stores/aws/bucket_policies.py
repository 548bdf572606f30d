"""Bucket policies that S3 refuses, and those that the embedded AWS cannot judge.

Source: S3 User Guide, "Bucket policies for Amazon S3", "Policy actions" and "Policy condition
keys"; S3 API Reference, "Error responses", MalformedPolicy.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ...policies import reference
from ...policies.documents import LIMITS
from ...policies.evaluate import Policy
from ...policies.public import is_public
from .backend import Backend, parsed
from .callers import Caller
from .context import ABSENT, judged
from .messages import AwsError, elements
from .operations import levels


def check(body: bytes, bucket: Any, store: Backend, caller: Caller) -> None:
    """Refuse a new policy of the bucket: 400 as S3 does; 501 for a condition key that AWS knows
    and the embedded AWS does not judge."""
    if len(body) > LIMITS["bucket policy"]:
        raise _malformed(
            f"Policy exceeds the maximum allowed document size of {LIMITS['bucket policy']} bytes."
        )
    try:
        document = parsed(body.decode())
        policy = Policy("", document, "resource")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _malformed(str(error)) from None
    for statement in _listed(document["Statement"]):
        _check_statement(statement, bucket.name)
    if store.not_there(policy):
        raise _malformed("Invalid principal in policy")
    block = bucket.public_access_block
    if block and block.block_public_policy and is_public(document):
        raise AwsError(
            403,
            "AccessDenied",
            f"{caller} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:aws:s3:::{bucket.name}" because public policies are prevented by the '
            "BlockPublicPolicy setting in S3 Block Public Access.",
        )


def status(policy: bytes) -> bytes:
    """What GetBucketPolicyStatus answers; moto looks at no condition."""
    told = elements({"IsPublic": str(is_public(json.loads(policy))).lower()})
    return (
        f'<PolicyStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{told}</PolicyStatus>'
    ).encode()


@lru_cache(maxsize=1_024)
def restricted(text: str) -> str:
    """What RestrictPublicBuckets leaves of a policy to other accounts: of a public one only what it
    denies, which may be nothing."""
    document = json.loads(text)
    if not is_public(document):
        return text
    left = [each for each in _listed(document["Statement"]) if each["Effect"] == "Deny"]
    return json.dumps({**document, "Statement": left}) if left else ""


def _check_statement(statement: Mapping[str, Any], bucket: str) -> None:
    actions, resources = (
        _listed(statement.get(part, statement.get(f"Not{part}"))) for part in ("Action", "Resource")
    )
    for resource in resources:
        if not re.fullmatch(rf"arn:aws:s3:::{re.escape(bucket)}(/.*)?", resource, re.DOTALL):
            raise _malformed("Policy has invalid resource")
    if not all(action == "*" or _is_of_s3(action) for action in actions):
        raise _malformed("Policy has invalid action")
    given = {"object" if "/" in resource else "bucket" for resource in resources}
    both = {"Action", "Resource"} <= statement.keys()
    if both and not all(action == "*" or levels(action) & given for action in actions):
        raise _malformed("Action does not apply to any resource(s) in statement")
    for key in _keys(statement):
        _check_key(key, actions if "Action" in statement else ["s3:*"])


def _is_of_s3(action: str) -> bool:
    return action.lower().startswith("s3:") and bool(levels(action))


def _check_key(key: str, actions: list[str]) -> None:
    known = reference.known_key(key)
    is_global = known in reference.global_keys()
    if not known or not (is_global or known.startswith("s3:")):
        raise _malformed("Policy has an invalid condition key")
    if not judged(known):
        raise AwsError(501, "NotImplemented", f"the embedded AWS does not judge {key}")
    anywhere = is_global or known in ABSENT
    if not anywhere and not any(known in reference.keys_of(action) for action in actions):
        raise _malformed(
            "Conditions do not apply to combination of actions and resources in statement"
        )


def _keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for keys in statement.get("Condition", {}).values():
        yield from keys


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _malformed(message: str) -> AwsError:
    return AwsError(400, "MalformedPolicy", message)
