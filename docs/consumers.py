"""Prints docs/consumers.md: how to write a consumer's file, and every one that there is."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

for folder in ("", "components"):
    sys.path.insert(0, str(Path(__file__).parent.parent / folder))

from stacks import consumers, projects
from stacks.consumers import Consumer, Form, Is, Setting, Source, Trap
from stacks.shapes import documented

INTRODUCTION = """\
# Consumers

Made by `make docs` from `stacks/consumers/`. A consumer is a tool or service that is pointed at a
bucket or container, and one file of data: what it may do where, who gets in, what is pasted into
its form, where those facts are from, and what goes wrong with it. `kind: <name>` in an
environment's file makes a project of it; `object-access rehearse --environment consumers`
rehearses them all.
"""
HOW_TO = """\
## How to write one

Put a file into `stacks/consumers/`; its name is the kind. Nothing else is touched: its checks
follow from its places and holders. This is a whole one, of a tool that nobody has heard of:

```yaml
title: Pixel Farm
does: reads images, and writes labels where it may
kind: s3
sources:
  - what: docs.pixelfarm.example, "Connect a bucket"
    read: 2026-11-21
settings:
  external_id:
    is: external-id
    about: The external ID that its form shows.
  images:
    is: prefix
    default: ""
    about: Where the images are, ending in "/"; empty for the whole bucket.
  labels:
    is: prefix
    default: ""
    about: Where labels are written, ending in "/". Empty, nothing is written.
    given: {project: {places: {labels: {prefix: "{labels}", access: [read, write]}}}}
project:
  places:
    images: {prefix: "{images}", access: [list, read]}
  holders:
    farm: {as: role, trusted: ["111122223333"], external_id: "{external_id}"}
form:
  destination: Pixel Farm, Settings, Storage
  fields:
    Bucket: "{bucket}"
    Role ARN: "{farm.role_arn}"
    Label folder: "{labels.folder}"
traps:
  - what: It lists the whole bucket where no prefix is given.
example:
  external_id: example-farm
  images: raw/
  labels: labels/
```

Then `object-access rehearse --environment consumers` tries it. Write only what the consumer's own
text says, with the day on which you read it. What is second-hand or inferred is said in `traps`,
and what was not found becomes a setting without a default.

- **Settings** are what a user may give beside what the generic kind takes
  ([settings.md](settings.md)). One without `default` must be given; `""` is "not given".
- **`project`** is a project of the generic kind; its verbs are in [policies.md](policies.md).
  `{setting}` in a text is the setting's value. A text that is `{setting}` alone becomes the value
  whatever it is, an empty element of a list is left out, and `{setting?}` empties its whole text
  where the setting is empty. A holder that is `like: other` has what that one has.
- **Overlays** change it: `given` where a setting is given, `absent` where not, `choices` by the
  word. They are laid over `project`, `form` and `next`, in the settings' order; mappings are
  merged, all else is replaced.
- **`form`** has the consumer's labels in its order. `{bucket}`, `{region}`, `{project}`,
  `{holder.role_arn}`, `{place.prefix}`, `{place.folder}` (without its "/"), `{setting}` and
  `{mount}` stand for what is handed over. A label whose text speaks of what the project does not
  have is left out, so that one form serves keys and roles.
- **A handshake** in two steps, where the consumer names its principal or external ID only once it
  knows the role: let `trusted` be empty until the setting is given. The role trusts nobody yet, and
  the hand-over says `next`.
"""
TITLES: Mapping[type, str] = {
    Consumer: "A file",
    Setting: "A setting",
    Form: "A form",
    Source: "A source",
    Trap: "A trap",
}
WAYS: Mapping[str, str] = {
    "user": "a user's key",
    "role": "a role",
    "existing-role": "a role of yours",
    "machine": "a machine's role",
    "job": "a job's role",
    "principal": "the bucket's policy",
    "upload-role": "a role for uploads",
    "profile": "keys of the operator",
    "temp-urls": "temporary URLs",
    "credential": "a credential",
    "listed": "the access control list",
}


def schema() -> Iterator[str]:
    """Every key of a file, with what it means."""
    for shape, title in TITLES.items():
        yield f"### {title}\n"
        yield "| key | meaning | default |\n|---|---|---|"
        for key, text in documented(shape).items():
            meaning, _, default = text.partition(" Default: ")
            yield f"| `{key}` | {meaning} | {default.rstrip('.') or 'must be given'} |"
        yield ""
    yield f"`is:` is one of {', '.join(f'`{each}`' for each in Is)}.\n"


def ways(consumer: Consumer) -> list[str]:
    """How it may get in, in words: of all that may be chosen."""
    overlays = [
        overlay or {}
        for setting in consumer.settings.values()
        for overlay in (*setting.choices.values(), setting.given, setting.absent)
    ]
    parts: list[Mapping[str, Any]] = [consumer.project]
    parts += [each["project"] for each in overlays if "project" in each]
    tags = [
        holder["as"]
        for part in parts
        for holder in part.get("holders", {}).values()
        if "as" in holder
    ]
    named = {**WAYS, "user": "a user's password"} if consumer.kind == "swift" else WAYS
    return [named[tag] for tag in dict.fromkeys(tags)]


def table(listed: Mapping[str, Consumer]) -> Iterator[str]:
    """All of them, one line each."""
    yield "| consumer | `kind:` | what it does | who gets access |\n|---|---|---|---|"
    for name, each in listed.items():
        yield f"| [{each.title}](#{name}) | `{name}` | {each.does} | {', or '.join(ways(each))} |"


def section(name: str, consumer: Consumer) -> Iterator[str]:
    """One consumer: what its example grants, its settings, traps and sources."""
    project, paste = consumer.fill_in(consumer.example)
    yield f'### <a id="{name}"></a>{consumer.title}\n'
    form = "" if consumer.form.read else " The labels of its form were not read."
    yield f"`kind: {name}`: {consumer.does}. Pasted into: {paste.form.destination}.{form}\n"
    for place in project["places"].values():
        where = f"`{place['prefix']}`" if place.get("prefix") else "the whole bucket"
        keys = ", ".join(f"`{key}`" for key in place.get("keys", ()))
        yield f"- {keys or where}: {', '.join(place['access'])}"
    if consumer.settings:
        yield "\n| setting | meaning | default |\n|---|---|---|"
    for key, setting in consumer.settings.items():
        yield f"| `{key}` | {setting.about} | {default_of(setting)} |"
    yield ""
    for trap in consumer.traps:
        yield f"- {trap.what}" + (f" ({trap.source})" if trap.source else "")
    told = "; ".join(f"{each.what} ({each.read})" for each in consumer.sources)
    yield f"\nFrom: {told}.\n"


def default_of(setting: Setting) -> str:
    """Its default in a word."""
    if setting.default is None:
        return "must be given"
    if isinstance(setting.default, bool):
        return str(setting.default).lower()
    return f"`{setting.default}`" if setting.default != "" else ""


def page() -> str:
    """The whole page."""
    listed = dict(sorted(consumers.load().items(), key=lambda each: each[1].title.lower()))
    lines = [INTRODUCTION, *table(listed), "", HOW_TO, *schema(), "## Each of them\n"]
    lines.append("What the example of each file grants, its settings, its traps and sources.\n")
    for name, consumer in listed.items():
        lines += section(name, consumer)
    return "\n".join(lines)


holders = (*projects.Holder.__args__, *projects.SwiftHolder.__args__, projects.OperatorsKeys)
assert {each.TAG for each in holders} == set(WAYS), "a holder without a word"

if __name__ == "__main__":
    sys.stdout.write(page())
