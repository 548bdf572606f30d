"""Prints docs/policies.md: the exact JSON of every grant, place, trust and bucket, as written."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "components"))

from object_access.policies import buckets, pipeline, swift, trust
from object_access.policies.grants import ACTIONS, Access, grant, multipart_access
from object_access.policies.trust import Trusted

BUCKET = "arn:aws:s3:::my-bucket"
ROLE = "arn:aws:iam::123456789012:role/my-role"
USER = "arn:aws:iam::123456789012:user/my-user"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
CONSUMER = "111122223333"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
SUBJECT = "repo:my-org/my-repo:environment:prod"
PROJECT, PERSON = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
INTRODUCTION = """\
# Policies

Made by `make docs` from `components/object_access/policies/`: the exact JSON of every grant, every
kind of place, every trust and the bucket's own policy. The functions that write it here are those
that the components call. First each verb, on the prefix `data/` of a bucket or, where a verb cannot
be narrowed, on the whole bucket.
"""
# What is shown of places and trust: title, what it says, the document.
READ = [Access.LIST, Access.READ]
PLACES: Sequence[tuple[str, str, object]] = (
    ("The whole bucket", "A place without a prefix.", grant(BUCKET, READ)),
    ("One prefix", "`data/`, and not `database/`.", grant(BUCKET, READ, ["data/"])),
    (
        "Several prefixes",
        "Several verbs and places share their statements.",
        grant(BUCKET, [*READ, Access.WRITE], ["data/", "labels/"]),
    ),
    (
        "Single objects",
        "`keys` of a place: each is asked for by its own name.",
        grant(BUCKET, READ, keys=["models/latest.bin"]),
    ),
    (
        "A prefix that is typed without its slash",
        "`exact` of a place, for clients that ask for `data`.",
        grant(BUCKET, READ, ["data/"], list_exact=True),
    ),
    (
        "With a KMS key",
        "Whoever reads may decrypt, whoever writes may make data keys; by way of S3 alone.",
        grant(BUCKET, [*READ, Access.WRITE], ["data/"], kms_key_arn=KEY),
    ),
    (
        "Valohai's role for large uploads",
        "`MultipartUploadRole`, as Valohai's guide has it.",
        multipart_access(BUCKET),
    ),
)
TRUSTS: Sequence[tuple[str, str, object]] = (
    (
        "Another account, with an external ID",
        "`as: role`. The external ID is a secret of the two.",
        trust.delegated({"consumer": Trusted([CONSUMER], "an-external-id")}, ROLE),
    ),
    (
        "Another account, by the name of its session",
        "`session_name`, for consumers that have no external ID.",
        trust.delegated({"consumer": Trusted([CONSUMER], session_name="agreed-name")}, ROLE),
    ),
    (
        "Nobody yet",
        "Until the consumer's side has shown who it is.",
        trust.delegated({"consumer": Trusted([], "an-external-id")}, ROLE),
    ),
    (
        "A role that assumes itself",
        "The trust, which Databricks asks for; and what the role is allowed besides.",
        [
            trust.delegated(
                {"consumer": Trusted([CONSUMER], "an-external-id", self_assuming=True)}, ROLE
            ),
            trust.assuming(ROLE),
        ],
    ),
    ("Virtual machines", "`as: machine`.", trust.virtual_machines("aws")),
    (
        "A job, by its token",
        "`as: job`: GitHub Actions here, any OpenID Connect provider alike.",
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [SUBJECT]),
    ),
    (
        "One user of the project",
        "Of the role for large uploads. The user's unique ID stands in the `Sid`.",
        trust.user(USER, "AIDACKCEVSQ6C2EXAMPLE"),
    ),
)
SHARED = buckets.shared(BUCKET, [f"arn:aws:iam::{CONSUMER}:role/theirs"], READ, ["data/"])
BUCKETS: Sequence[tuple[str, str, object]] = (
    (
        "A private bucket",
        "TLS only; whoever is `confined` uses objects, and administers nothing, whatever their own "
        "policies grant.",
        buckets.private(BUCKET, [USER]),
    ),
    (
        "Shared with somebody else's role",
        "`as: principal`: statements of the bucket's policy.",
        buckets.private(BUCKET, [], SHARED),
    ),
)
STATE = "arn:aws:s3:::my-company-state"
SCOPE = pipeline.Scope("aws", "123456789012", ["my-company-prod-"])
READING, DEPLOYING = (f"arn:aws:iam::123456789012:role/ci-prod-{each}" for each in ("read", "up"))
CI: Sequence[tuple[str, str, object]] = (
    (
        "The state, for a preview",
        "`kind: pipeline`: what the reading role does in the bucket of the state.",
        pipeline.of_state(STATE, pipeline.state("object-access", "prod", deploys=False).values()),
    ),
    (
        "The state, for an update",
        "The deploying role's.",
        pipeline.of_state(STATE, pipeline.state("object-access", "prod", deploys=True).values()),
    ),
    ("The cloud, for a preview", "Settings, and no object.", pipeline.reading(SCOPE)),
    (
        "The cloud, for an update",
        "Names of ours alone, and users and roles with the boundary alone.",
        pipeline.deploying(SCOPE, "arn:aws:iam::123456789012:policy/my-company-boundary"),
    ),
    (
        "The boundary",
        "The most that whatever an update makes can ever do.",
        pipeline.boundary(SCOPE),
    ),
    ("The secrets of the state", "Of both roles.", pipeline.secrets(KEY)),
    (
        "The key of the state",
        "The KMS key's own policy.",
        pipeline.key(SCOPE, [READING, DEPLOYING], [USER]),
    ),
)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for verb in Access:
        parts += [f"## `{verb}`\n", f"{meaning(verb)}\n", _json(example(verb))]
    for title, listed in (("Places", PLACES), ("Trust", TRUSTS), ("Buckets", BUCKETS), ("CI", CI)):
        parts += [f"## {title}\n"]
        for heading, said, document in listed:
            parts += [f"### {heading}\n", f"{said}\n", _json(document)]
    return "\n".join([*parts, *_swift()])


def _swift() -> list[str]:
    """Swift has no documents: lists of who, in two headers, and rules of credentials."""
    element = swift.user(PROJECT, PERSON)
    rules = swift.access_rules(PROJECT, "my-container", ["list", "read", "write", "delete"])
    return [
        "## Swift\n",
        "A container has two lists of who may, of users by their IDs:\n",
        "```",
        f"X-Container-Read: {swift.acl([element], 'read')}",
        f"X-Container-Write: {swift.acl([element], 'write')}",
        "```\n",
        "An application credential has rules of addresses, here with every verb:\n",
        _json([each._asdict() for each in rules]),
    ]


def _json(document: object) -> str:
    return f"```json\n{json.dumps(document, indent=2)}\n```\n"


def example(verb: Access) -> object:
    """The document of one verb on a prefix, or on the whole bucket where it has to be."""
    try:
        return grant(BUCKET, [verb], ["data/"])
    except ValueError:
        return grant(BUCKET, [verb])


def meaning(verb: Access) -> str:
    """The sentence below the verb in the source."""
    source = Path(sys.modules[Access.__module__].__file__ or "").read_text()
    _, _, rest = source.partition(f"    {verb.name} = ")
    return " ".join(rest.split('"""')[1].split())


assert set(ACTIONS) | {Access.FULL} == set(Access), "a verb without actions"

if __name__ == "__main__":
    sys.stdout.write(page())
