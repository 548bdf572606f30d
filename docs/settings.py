"""Prints docs/settings.md: every setting, with what `stacks/` says of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from stacks import projects, settings
from stacks.shapes import documented

INTRODUCTION = """\
# Settings

Made by `make docs` from `stacks/settings.py` and `stacks/projects.py`. An unknown setting is
refused with the nearest known one; so is a value that the cloud would refuse, before anything is
created.

A project is of a generic kind, below, or of a consumer, which fills one in: `kind: <consumer>`
takes the consumer's own settings ([consumers.md](consumers.md)) and the generic kind's, but for
places, holders and CORS rules, which are the consumer's.
"""
EXAMPLE = """\
```yaml
labels:
  kind: s3
  bucket: my-company-labels
  places:
    images: {prefix: raw/, access: [list, read]}
    annotations: {prefix: labels/, access: [list, read, write]}
  holders:
    tool: {as: role, trusted: ["111122223333"], longest_session: 43200}
    machine: {as: machine, places: [images]}
  cors:
    - {origins: ["https://labels.example.com"], methods: [GET]}
```
"""
HOLDERS = {
    "s3": (
        projects.User,
        projects.Role,
        projects.ExistingRole,
        projects.Machine,
        projects.Job,
        projects.Foreign,
        projects.UploadRole,
    ),
    "swift": (
        projects.OpenStackUser,
        projects.TempUrls,
        projects.Credential,
        projects.ListedUsers,
    ),
    "compatible": (projects.OperatorsKeys,),
}
CI = """\
```yaml
ci:
  kind: pipeline
  github: my-org/my-repo
  environments:
    dev: {}
    prod: {names: [my-company-prod-, my-company-lake]}
  people: ["arn:aws:iam::123456789012:role/administrator"]
```
"""


def table(shape: type) -> str:
    """The settings of a dataclass as a Markdown table."""
    rows = []
    for name, text in documented(shape).items():
        meaning, _, default = text.partition(" Default: ")
        rows.append(f"| `{name}` | {meaning} | {default.rstrip('.') or 'must be given'} |")
    return "\n".join(["| setting | meaning | default |", "|---|---|---|", *rows])


def sentence(shape: type) -> str:
    """What a dataclass is, without the kind that its docstring ends with."""
    return str(shape.__doc__).partition(":")[0].rstrip(".") + "."


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## An environment\n", table(settings.Environment), ""]
    for kind in ("s3", "swift", "compatible"):
        shape = projects.KINDS[kind]
        parts += [f"## `kind: {kind}`\n", f"{sentence(shape)}\n"]
        parts += [EXAMPLE] if kind == "s3" else []
        parts += [table(shape), "", f"### Holders of `kind: {kind}`\n"]
        for holder in HOLDERS[kind]:
            parts += [f"`as: {holder.TAG}`: {sentence(holder)}\n", table(holder), ""]
    pipeline = projects.PipelineProject
    parts += ["## `kind: pipeline`\n", f"{sentence(pipeline)} [ci.md](ci.md) tells how.\n", CI]
    parts += [table(pipeline), "", "### A deployed environment\n"]
    parts += [f"{sentence(projects.Deployed)}\n", table(projects.Deployed), ""]
    for title, shape in (
        ("A place", projects.Place),
        ("A CORS rule", projects.CorsRule),
        ("Access logs", projects.AccessLogs),
    ):
        parts += [f"## {title}\n", f"{sentence(shape)}\n", table(shape), ""]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
