"""What was recorded, told: a project, a consumer's file, IAM's JSON, and lines for people."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..policies.documents import PolicyDocument
from ..workspace import yaml_lines
from .heard import Exchange, Page, Permission, rules_of
from .loop import Proof
from .places import Places, stable_folder

# What S3 may be asked to make or unmake, and what other services, in words.
_MEANS = {
    "s3:CreateBucket": "it makes its bucket itself; the project's is there already",
    "s3:DeleteBucket": "it removes the bucket; the project keeps it",
    "PUT container": "it makes its container itself; the project's is there already",
    "DELETE container": "it removes the container; the project keeps it",
    "s3:ListAllMyBuckets": "it lists all buckets of the account, also those of others",
}
_SERVICES = {"iam": "users and policies", "sts": "sessions and roles", "kms": "keys that encrypt"}
_FORBIDDEN, _NOT_IMPLEMENTED = 403, 501
_PROVEN = {
    0: "the same requests on objects succeeded, and the same objects are there at the end",
    1: "it names some of its objects anew each time; but for those names the same requests "
    "on objects succeeded, and the same objects are there at the end",
    2: "it names its objects anew each time: the same was done at each place, which is all that "
    "was compared",
    3: "its requests differ from run to run, so only refusals, exit codes and kinds of requests "
    "were compared",
}


@dataclass(frozen=True)
class Recorded:
    """All that is known after a recording."""

    name: str
    """Of the commands, without their arguments."""
    label: str
    """As project and holder are called."""
    where: Mapping[str, str]
    """The settings by which the project finds the store: kind, bucket and the like."""
    holder: Mapping[str, Any]
    exchanges: Sequence[Exchange]
    asked: Sequence[Permission]
    places: Places
    beyond: Sequence[Permission]
    policy: PolicyDocument | None
    codes: Sequence[int | None]
    pages: Sequence[Page] = ()
    proof: Proof | None = None

    @property
    def bucket(self) -> str:
        """The bucket or container."""
        return self.where.get("bucket") or self.where.get("container") or ""


def body(recorded: Recorded) -> dict[str, Any]:
    """The project."""
    rules = rules_of(recorded.pages)
    swift = recorded.where["kind"] == "swift"
    pages = {"origins": [each["origins"][0] for each in rules]} if swift else {"cors": rules}
    return {
        **recorded.where,
        "places": {name: place.body() for name, place in recorded.places.items()},
        "holders": {recorded.label: dict(recorded.holder)},
        **(pages if rules and recorded.where["kind"] != "compatible" else {}),
    }


def project(recorded: Recorded) -> str:
    """The lines of the project, to be put under `projects:` of an environment's file."""
    lines = [f"{recorded.label}:"]
    for key, value in body(recorded).items():
        lines += [f"  {line}" for line in yaml_lines(key, value)]
    return "\n".join(lines) + "\n"


def consumer(recorded: Recorded) -> str:
    """A file for `stacks/consumers/`, to be finished by hand: what it does, and its own form."""
    prefixes = [each.prefix for each in recorded.places.values() if each.prefix]
    shared = _shared(prefixes) if prefixes else ""
    places = {}
    for name, place in recorded.places.items():
        told = place.body()
        if place.prefix and shared:
            told["prefix"] = "{prefix}" + place.prefix.removeprefix(shared)
        places[name] = told
    settings = {
        "prefix": {
            "is": "prefix",
            "default": "",
            "about": 'Where in the bucket it works, ending in "/"; empty for the top.',
        }
    }
    rules = rules_of(recorded.pages)
    whole: dict[str, Any] = {
        "title": recorded.name,
        "does": "what it did when it was recorded, say so in a sentence",
        "kind": recorded.where["kind"],
        "sources": [
            {
                "what": f"{recorded.name}, recorded by object-access",
                "read": f"{datetime.now(UTC):%Y-%m-%d}",
            }
        ],
        **({"settings": settings} if shared else {}),
        "project": {
            "places": places,
            "holders": {recorded.label: dict(recorded.holder)},
            **({"cors": rules} if rules and recorded.where["kind"] == "s3" else {}),
        },
        "form": {"destination": f"the settings of {recorded.name}", "read": False,
                 "fields": _form(recorded)},
        **({"example": {"prefix": shared}} if shared else {}),
    }  # fmt: skip
    return "".join(f"{line}\n" for key, value in whole.items() for line in yaml_lines(key, value))


def _form(recorded: Recorded) -> dict[str, str]:
    if recorded.where["kind"] == "swift":
        return {
            "Container": "{container}",
            "Credential ID": f"{{{recorded.label}.credential_id}}",
            "Secret": f"{{{recorded.label}.secret}}",
        }
    return {
        "Bucket": "{bucket}",
        "Region": "{region}",
        "Access key ID": f"{{{recorded.label}.access_key_id}}",
        "Secret access key": f"{{{recorded.label}.secret_access_key}}",
    }


def _shared(prefixes: Sequence[str]) -> str:
    low, high = min(prefixes), max(prefixes)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[: low[:same].rfind("/") + 1]


def iam(recorded: Recorded) -> str:
    """The policy of whoever holds access. Raises ValueError where there is no IAM."""
    if recorded.policy is None:
        raise ValueError("Swift has no IAM, use project, consumer or json")
    return json.dumps(recorded.policy, indent=2) + "\n"


def as_json(recorded: Recorded) -> str:
    """Everything, as JSON; of the commands only their names."""
    proof = recorded.proof
    told = {
        "name": recorded.name,
        "exit_codes": list(recorded.codes),
        "requests": len(recorded.exchanges),
        "asked": [each.data() for each in recorded.asked],
        "not_granted": beyond_words(recorded),
        "project": {recorded.label: body(recorded)},
        "policy": recorded.policy,
        "replay": None
        if proof is None
        else {
            "holds": proof.holds,
            "refused": [each.data() for each in proof.refused],
            "missed": proof.missed,
            "compared": compared(proof),
            "without": [
                {"place": each.place, "verb": str(each.verb), "missed": each.missed}
                for each in proof.taken
            ],
        },
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


# --- for people ---


def lines(recorded: Recorded) -> Iterator[str]:
    """What was asked, and what the replays showed."""
    count = len(recorded.exchanges)
    yield f"{recorded.name} made {count} request{'' if count == 1 else 's'}:"
    yield from _permissions(recorded.exchanges)
    yield from beyond_words(recorded)
    for each in recorded.places.values():
        if each.keys:
            yield (
                f"  {', '.join(each.keys)}: at the top of the bucket, so named one by one; "
                "--place / takes the whole bucket instead"
            )
    if recorded.proof:
        yield from _proof(recorded.proof)


def _permissions(exchanges: Iterable[Exchange]) -> Iterator[str]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for exchange in exchanges:
        for each in exchange.needed:
            key = each.key or each.prefix or ""
            whole = "" if each.bucket in ("", "*") else "the whole of it"
            about = stable_folder(key) or key or whole
            more = ", ".join(
                f"{name}={value}"
                for name, value in each.conditions.items()
                if name not in ("prefix", "s3:prefix", "s3:delimiter")
            )
            counted[each.action, about, more] += 1
    width = max((len(action) for action, _, _ in counted), default=0)
    for (action, about, more), times in sorted(counted.items()):
        yield f"  {action:{width}}  {times:4}x  {about}{f'  ({more})' if more else ''}"


def beyond_words(recorded: Recorded) -> list[str]:
    """What our words do not give, each once: named, and not granted."""
    return [*dict.fromkeys(_beyond(recorded))]


def _beyond(recorded: Recorded) -> Iterator[str]:
    only = ", only `full`" if recorded.where["kind"] == "s3" else ""
    for needed in recorded.beyond:
        means = _MEANS.get(needed.action, f"no verb of ours gives it{only}")
        yield f"{needed.action} was asked: {means}"
    for each in recorded.exchanges:
        yield from _elsewhere(each)
        for other in dict.fromkeys([each.bucket, *(needed.bucket for needed in each.needed)]):
            if recorded.bucket and other not in ("", "*", recorded.bucket):
                yield f"'{other}' was asked for, too: record that one by itself"
        if each.code == "InvalidAccessKeyId":
            yield (
                "it signed with keys of its own configuration: let it take them from the AWS_ "
                "variables or from a profile"
            )
        elif each.status == _NOT_IMPLEMENTED:
            yield f"{each.operation} was asked, which the embedded store does not have"
        elif each.code and each.bucket and not each.needed:
            yield f"{each.operation} was answered {each.code}, before any permission was looked at"


def _elsewhere(exchange: Exchange) -> Iterator[str]:
    """What a request needed of other services than the bucket's own, or of all buckets."""
    service, _, action = exchange.operation.rpartition(":")
    if exchange.operation == "sts:GetCallerIdentity":
        yield f"{exchange.operation} was asked, which everybody may"
    elif service in _SERVICES:
        refused = " and refused" if exchange.status == _FORBIDDEN else ""
        yield (
            f"{service}:{action} was asked{refused}: {_SERVICES[service]} are not in our words, "
            "what it needs there is given by hand"
        )
    for needed in exchange.needed:
        if needed.action == "s3:ListAllMyBuckets":
            yield f"{needed.action} was asked and refused: {_MEANS[needed.action]}"
        elif needed.action.startswith("kms:") and not service:
            yield f"{needed.action} was asked: name the key as the project's `kms_key`"


def _proof(proof: Proof) -> Iterator[str]:
    if proof.refused:
        yield "replayed with only that access it was refused, which the first time it was not:"
        for each in proof.refused:
            yield f"  {each.action} of {each.key or each.prefix or 'the bucket'}"
        yield "  if its folders are named anew each time, --place takes what is above them"
    elif proof.missed:
        because = f"; perhaps for want of {_actions(proof.beyond)}" if proof.beyond else ""
        yield (
            f"replayed with only that access nothing new was refused, yet it went otherwise: "
            f"{proof.missed}{because}"
        )
    else:
        without = f"; it did without {_actions(proof.beyond)}" if proof.beyond else ""
        yield f"replayed with only that access: no new refusal; {compared(proof)}{without}"
    if not proof.holds and proof.said:
        yield from (f"  | {line}" for line in proof.said.splitlines())
    for taken in proof.taken:
        shown = taken.missed or "nothing missed it: unneeded, leave it out if you like"
        yield f"  without {taken.verb} of {taken.place}: {shown}"


def compared(proof: Proof) -> str:
    """How far two runs were found to be the same."""
    others = "" if proof.contents or proof.view else ", though with other contents"
    return f"{_PROVEN[proof.view]}{others}"


def _actions(permissions: Iterable[Permission]) -> str:
    return ", ".join(sorted({each.action for each in permissions}))


SHAPES: Mapping[str, Callable[[Recorded], str]] = {
    "project": project,
    "consumer": consumer,
    "iam": iam,
    "json": as_json,
}
"""What can be printed, by `--format`."""
