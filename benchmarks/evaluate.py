"""How many requests the evaluator decides in a second, and what compiling a policy once saves."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from object_access.policies import buckets
from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate
from object_access.policies.grants import Access, grant

LEAST = 5.0  # times as fast as compiling for every request
ARN = "arn:aws:s3:::farm"
USER = Principal("user", "111111111111", "arn:aws:iam::111111111111:user/ann", "AIDAANN")
CONTEXT = {
    "aws:securetransport": "true",
    "aws:principalarn": USER.arn,
    "aws:sourceip": "127.0.0.1",
    "s3:prefix": "a/x",
}
DOCUMENTS = [
    json.dumps(grant(ARN, [Access.LIST, Access.READ, Access.WRITE], ["a/"])),
    json.dumps(buckets.private(ARN, [USER.arn])),
]
REQUESTS = [
    Request(USER, action, resource, USER.account, CONTEXT)
    for action, resource in (
        ("s3:GetObject", f"{ARN}/a/1"),
        ("s3:PutObject", f"{ARN}/b/1"),
        ("s3:ListBucket", ARN),
        ("s3:DeleteBucket", ARN),
    )
]


def compiled() -> Policies:
    """A user's grant and its bucket's policy."""
    own, bucket = (json.loads(text) for text in DOCUMENTS)
    return Policies((Policy("own", own),), Policy("bucket", bucket, "resource"))


def rate(policies: Callable[[], Policies], seconds: float = 2.0) -> float:
    """Decisions per second on one core."""
    decided, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for request in REQUESTS:
            evaluate(request, policies())
        decided += len(REQUESTS)
    return decided / (time.process_time() - began)


def main() -> int:
    """Print both rates and their ratio; fail below the limit."""
    once = compiled()
    fast, slow = rate(lambda: once), rate(compiled)
    print(f"{fast:,.0f} decisions a second, {slow:,.0f} when compiling each time")
    print(f"ratio {fast / slow:.1f} (at least {LEAST})")
    return fast / slow < LEAST


if __name__ == "__main__":
    sys.exit(main())
