"""Who can do what on an S3-compatible store without IAM: whoever has the keys, everything."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .model import NOTHING, Answer, Findings, Kind, Party, Place, Verb
from .program import Program
from .proof import Evidence
from .queries import of_pages

_TYPE = "pulumi-python:dynamic/object-access:StoreBucket"
_CODE = "object_access.compatible_bucket._StoreBucketProvider"


def findings(program: Program) -> Findings:
    """Everybody's access to every bucket on such stores."""
    found = Findings()
    for each in program.resources:
        if each.type != _TYPE or each.outputs.get("__code") != _CODE:
            if each.type.startswith("pulumi-python:dynamic"):
                found.leave(f"{each.type} {each.name}", each.outputs)
            continue
        made = each.outputs
        facts = {"declared_as": each.name, "versioned": made["versioning"]}
        if made["adopt"]:
            facts["adopted"] = True
        place = Place(_root(made), "", facts)
        host = urlsplit(made["endpoint"]).netloc
        owner = Party(
            Kind.KEYS, f"keys of profile {made['profile']} on {host}", {"with": "no policies: all"}
        )
        found.add(
            owner, place, {verb: Answer(True, ("the store > owner",), ("*",)) for verb in Verb}
        )
        if not made["adopt"]:  # one that exists may be open to anybody
            found.add(Party(Kind.ANONYMOUS, "anyone without login", {}), place, NOTHING)
        origins = {origin for rule in made["cors"] for origin in rule["AllowedOrigins"]}
        for origin in sorted(origins):
            pages = "any web page" if origin == "*" else f"pages of {origin}"
            who = Party(Kind.PAGE, pages, {"with": "a request that somebody has signed"})
            found.add(who, place, of_pages(made["cors"], origin.replace("*", "x")))
    return found


def decide_by(program: Program, evidence: Evidence) -> None:
    """Note what decides about pages."""
    for each in program.resources:
        if each.type == _TYPE and each.outputs["cors"]:
            evidence.cors[_root(each.outputs)] = each.outputs["cors"]


def _root(made: Mapping[str, Any]) -> str:
    return f"{made['endpoint'].rstrip('/')}/{made['bucket_name']}/"
