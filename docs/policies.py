"""Prints docs/policies.md: the exact JSON of every verb, as grants write it."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "components"))

from object_access.policies.grants import ACTIONS, Access, grant

BUCKET = "arn:aws:s3:::my-bucket"
INTRODUCTION = """\
# Policies

Made by `make docs` from `components/object_access/policies/grants.py`. A place of a project names
verbs; this is what each of them is to IAM, on the prefix `data/` of a bucket or, where a verb
cannot be narrowed, on the whole bucket. Several verbs on one place share their statements.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for verb in Access:
        parts += [
            f"## `{verb}`\n",
            f"{meaning(verb)}\n",
            "```json",
            json.dumps(example(verb), indent=2),
            "```\n",
        ]
    return "\n".join(parts)


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
