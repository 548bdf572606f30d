"""Prints docs/embedded-aws.md: what the embedded AWS decides, what it refuses by name, and what it
leaves to moto, as its own code has it: `python docs/embedded_aws.py > docs/embedded-aws.md`."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from moto.core.utils import get_service_model

from object_access.policies import reference
from object_access.stores.aws import bodies, context, iam, kms, operations, sts
from object_access.stores.aws.backend import Backend
from object_access.stores.aws.callers import Callers

INTRODUCTION = """\
# The embedded AWS

What `object-access rehearse` and `object-access serve` put in AWS's place: S3, IAM, STS and KMS of
several accounts. What it knows, it decides as AWS does; what it does not know, it refuses with
`NotImplemented`, status 501, and the name. This page is made from its code by
`python docs/embedded_aws.py`.

## The way of a request

Who asks (a signature of version 4, a session, a token, or nobody) → what is asked (the operation,
by botocore's model, which also says what is well formed) → which permissions that needs → the
context of each → one decision by the evaluator → moto, which keeps the state.
"""
LEFT = """\
## What is left to moto

The data plane: the content of objects, versions, parts, lists and their order, ranges, conditional
reads; the settings of a bucket that decide nothing about access (lifecycle, logging, website,
notifications, inventory, replication, accelerate, tags) are kept, and nothing is done by them.
A list of objects names the bucket's owner as theirs, also of those that another account wrote;
access goes by who owns them. Tags set through S3 Control are kept apart from a
bucket's own. IAM's and KMS's descriptions are moto's.

How it does on Ceph's tests is told in [s3-tests.md](s3-tests.md), test by test.
"""


def listed(names: Iterable[str]) -> str:
    """Names as a sentence has them."""
    return ", ".join(f"`{name}`" for name in sorted(names)) + "."


def page() -> str:
    """The page."""
    s3 = {name for name in get_service_model("s3").operation_names if "Preflight" not in name}
    deprecated = {"GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle",
                  "PutBucketNotification"}  # fmt: skip
    store = Backend([])
    of_sts = sts.Sts(store, Callers(store)).actions
    served = {
        "S3": (operations.SERVED.keys() | {"PostObject"}, s3 - deprecated),
        "IAM": (iam.SERVED, set(get_service_model("iam").operation_names)),
        "STS": (of_sts, set(get_service_model("sts").operation_names)),
        "KMS": (kms.SERVED, set(get_service_model("kms").operation_names)),
    }
    parts = [INTRODUCTION, "## Operations\n"]
    for service, (ours, every) in served.items():
        parts += [f"**{service}**, {len(ours)} decided: {listed(ours)}\n"]
        parts += [f"Refused by name: {listed(every - set(ours))}\n"]
    parts += ["Of what is decided, these parameters are refused by name:\n"]
    unserved = {
        f"{name}={value}" if value else name
        for name, values in operations.UNSERVED.items()
        for value in values or ("",)
    }
    parts += [f"- S3: {listed(unserved)}", f"- STS: {listed(sts.UNSERVED)}"]
    parts += [f"- checksums other than {listed(bodies.ALGORITHMS)}"]
    parts += ["- SSE-C of multipart uploads; fields of forms that no header of an upload has;",
              "- what S3 has in a query and the operation has not, and what looks like a"
              " sub-resource: a name without a value. Others are ignored, as S3 does.\n",
              "## Condition keys\n"]  # fmt: skip
    known = reference.keys()
    given = [key for key in known if context.judged(key) and key not in context.ABSENT]
    parts += [f"Given to the evaluator wherever AWS gives them: {listed(given)}\n"]
    parts += ["Never there, as in AWS for requests of this kind:\n"]
    for reason in dict.fromkeys(context.ABSENT.values()):
        keys = [key for key, why in context.ABSENT.items() if why == reason]
        parts += [f"- {reason}: {listed(keys)}"]
    decided = re.compile(r"(aws|iam|kms|s3|sts):")
    others = [
        key
        for key in known
        if not context.judged(key) and (decided.match(key) or key in reference.global_keys())
    ]
    parts += [f"\nNot judged, so refused in policies by name: {listed(others)}\n", LEFT]
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    print(page(), end="")
