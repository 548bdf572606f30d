"""Prints docs/formats.md: every format that a command writes or reads, from the code that does."""

import ast
import dataclasses
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

ROOT = Path(__file__).parent.parent
for folder in ("", "components"):
    sys.path.insert(0, str(ROOT / folder))

from object_access import handover
from object_access.access import difference, report
from object_access.checks import report as checks_report
from object_access.cli import FORMATS
from object_access.handover import model
from object_access.record import say
from object_access.rehearsal import passage
from object_access.rehearsal import report as rehearsal_report
from stacks import explain
from stacks.shapes import documented

INTRODUCTION = """\
# Formats

Made by `make docs` from the code that writes and reads them. `object-access COMMAND --format WORD`
chooses one; the first of each line is what it is without.

"""
# What takes each format of a hand-over.
TAKES = {
    "form": "you, who paste it: the labels of the consumer's own form, in its order",
    "json": "programs; `--from` reads it again",
    "env": "a shell, a `.env` file, a container",
    "aws-profile": "`~/.aws/config`: every AWS SDK and the AWS CLI",
    "s3cfg": "s3cmd",
    "mount": "a shell: the commands that mount it",
    "fstab": "`/etc/fstab`: Mountpoint at every start",
    "docker": "Docker: a container that mounts it",
    "python": "a Python program with boto3, or with openstacksdk",
    "openrc": "OpenStack's command line",
    "clouds": "`clouds.yaml` of OpenStack's SDK",
    "rclone": "`rclone.conf`",
    "config": "the consumer's own configuration file",
}
# Key -> what it holds. The keys are those of the code: `page` fails where one has no words.
REHEARSAL = {
    "environment": "its name",
    "engine": "which one ran: `pulumi`, `official` or `in-process`",
    "as_promised": "whether the exit code is 0",
    "summary": "how many checks came out how",
    "resources": "what was created: its type, the program's name for it, and its ID",
    "handovers": "project -> its [hand-over](#a-hand-over); masked without `--show-secrets`",
    "checks": "the results, as below",
    "passage": "with `--from`: what the change did on its way",
}
CHECK = {
    "project": "whose",
    "check": "what was tried ([checks.md](checks.md))",
    "promise": "`allowed` or `refused`: what must come of it",
    "state": "`as promised`, `FAIL` or `not tried`",
    "answer": "what the store said, or why it was not tried; never a secret",
}
PASSAGE = {
    "since": "the git ref or folder that it began from",
    "told": "the same in sentences",
    "changes": "each resource with its step: created, replaced, updated, deleted",
    "paste_again": "project -> labels of its form whose values changed",
    "gone": "projects that are no more",
    "promises": "how many were watched",
    "broken": "each promise that did not hold: after which change, until which",
}
REPORT = {
    "format": f"`{report.FORMAT}`; another number is refused",
    "environment": "its name",
    "principals": "who: `id`, `kind`, `name`, and `facts` such as keys and trust",
    "places": "where: `id`, `root` of the bucket, `prefix`, and `facts` such as encryption",
    "access": "for each pair: each verb with whether it is allowed, by which statements, on which "
    "conditions",
    "not_judged": "what may give access and is not judged, each with a seal of what it says",
    "evidence": "the policies themselves, external IDs sealed: what `--against` compares with",
}
DIFFERENCE = {
    "environment": "its name",
    "against": "what it is compared with",
    "widened": "whether somebody can do more, or something could not be judged: exit code 3",
    "changes": "the riskiest first; `witness` is a request that is allowed now and was refused "
    "before, `also` what no verb stands for",
}
RECORD = {
    "name": "of the command, or what `--name` says",
    "exit_codes": "of the command's runs",
    "requests": "how many it sent",
    "asked": "what it asked for, each operation with its place",
    "not_granted": "what it asked for that no verb of ours gives",
    "project": "the project, as an environment's file takes it",
    "policy": "the IAM policy of it; nothing on Swift",
    "replay": "whether it holds: run again with only that, and with each verb taken away",
}
CONSUMER = {
    "lines": "of an environment's file: its example",
    "settings": "what a project of it may set, each with what it is and its default",
    "also_takes": "settings of the generic kind that it takes, too",
    "places": "what may be done where",
    "holders": "who gets in",
    "cors": "which pages may use it",
    "form": "where its form is, and its labels",
    "next": "what comes after pasting",
    "traps": "what goes wrong with it",
    "sources": "where the facts are from, and the day they were read",
}


def page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION + "| command | formats |\n|---|---|",
        *(f"| `object-access {name}` | {', '.join(f'`{each}`' for each in shapes)} |"
          for name, shapes in FORMATS.items()),
        "",
        "`table` is for people and may change with any version, as `markdown`, `svg` and `html` "
        "may. Read JSON by its keys, and pass over those that you do not know. Where a command "
        'fails, its JSON is `{"error": "..."}`.\n',
        *_handover(),
        "## A rehearsal\n", "`object-access rehearse --format json`, to standard output.\n",
        *_keys(rehearsal_report, "Outcome._data", REHEARSAL, "passage"),
        "## Checks\n", "`object-access check --format json`: a list, of each check:\n",
        *_keys(checks_report, "data", CHECK),
        "## A passage\n", "What `rehearse --from` adds.\n",
        *_keys(passage, "Passage.data", PASSAGE),
        "## A report of access\n",
        "`object-access report --format json`. It is sorted, so that the same program gives the "
        "same text, and a git diff is of use; `--against FILE` reads it.\n",
        *_keys(report, "to_data", REPORT),
        "## A difference of access\n",
        "`object-access report --against ... --format json`. As `--format markdown` it is a comment"
        f" of at most {difference.SIGNS:,} signs and a few lines, where GitHub takes 65,536: what "
        "does not fit is counted.\n",
        *_keys(difference, "data", DIFFERENCE),
        "## A record\n",
        "`object-access record --format json`. `project` and `consumer` are YAML for an "
        "environment's file and for `stacks/consumers/`, `iam` the policy alone. The file of "
        "`--append` holds commands with their folders, and is for `record` itself.\n",
        *_keys(say, "as_json", RECORD),
        "## A consumer\n",
        "`object-access consumers NAME --format json`; without a name, a list: `name`, `title`, "
        "`does`, `who` and `kind` of each, which stand before these, too.\n",
        *_keys(explain, "_data", CONSUMER),
        "## What is served\n",
        "`object-access serve` prints one line of JSON: `aws` with `endpoint`, `http_endpoint`, "
        "`ca_bundle` and the keys of an administrator of each account, `compatible` with its "
        "address and two users' keys, `swift` with Keystone's address and the users of its "
        "projects. `--format exports` prints a shell's `export` lines instead.\n",
        "## Files that are read\n",
        "- `stacks/environments/Pulumi.<environment>.yaml`: [settings.md](settings.md); editors "
        "complete it by `stacks/schema.json`.",
        "- `stacks/consumers/<name>.yaml`: [consumers.md](consumers.md).",
        "- `guardrails/config.json`: [guardrails.md](guardrails.md).",
        "",
    ]  # fmt: skip
    return "\n".join(parts)


# --- a hand-over ---


def _handover() -> list[str]:
    given = _example()
    parts = [
        "## A hand-over\n",
        "What `pulumi up` exports under `projects`, what `object-access handover --format json` "
        "prints, and what `--from` reads, of `check` and `handover`. Secrets are marked; a masked "
        "one is `••••••••`, and is refused where it would be used.\n",
        "```json",
        json.dumps(given.masked().data(), indent=2, ensure_ascii=False),
        "```\n",
    ]
    shapes = [model.Handover, *get_args(model.Where), model.Place, model.Holder,
              *get_args(model.How), model.Cors, model.Form]  # fmt: skip
    for shape in shapes:
        if shape is not model.Handover:
            tag = f", `{model.TAG}: {shape.TAG}`" if hasattr(shape, "TAG") else ""
            parts += [f"### {shape.__name__}{tag}\n"]
        parts += [f"{' '.join(str(inspect.getdoc(shape)).split())}\n", *_fields(shape)]
    parts += ["### In other formats\n", "The same hand-over; others are refused where they cannot "
              "hold it, in a line that names one that can. `--output FILE` writes it for your eyes "
              "only, and never into a git work tree.\n", "| format | for |", "|---|---|",
              *(f"| `{shape}` | {TAKES[shape]} |" for shape in handover.FORMATS), ""]  # fmt: skip
    for shape in ("env", "aws-profile", "s3cfg", "fstab", "python", "rclone"):
        language = {"env": "sh", "python": "python"}.get(shape, "ini")
        parts += [f"`--format {shape}`:\n", f"```{language}",
                  handover.render(given, shape).rstrip(), "```\n"]  # fmt: skip
    return parts


def _example() -> handover.Handover:
    key = model.Key(
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key="(the secret access key)",
    )
    return handover.Handover(
        project="vision",
        where=model.S3(bucket="my-company-vision", region="eu-west-1"),
        places={"images": model.Place(prefix="raw/", access=("list", "read"))},
        holders={"labelling": model.Holder(how=key, places=("images",))},
    )


def _fields(shape: type) -> list[str]:
    told = documented(shape)
    rows = ["| field | is | default |", "|---|---|---|"]
    for each in dataclasses.fields(shape):
        # As it is written: `str`, `tuple[str, ...]`, `Mapping[str, Place]`.
        written = re.sub(r"<class '(.*?)'>", r"\1", str(each.type))
        written = re.sub(r"[\w.]+\.(?=\w)", "", written).replace("|", "or")
        said = [f"`{written}`", *([told[each.name].rstrip(".")] if each.name in told else [])]
        said += ["**secret**"] if model.is_secret(each) else []
        rows.append(f"| `{each.name}` | {'; '.join(said)} | {_default(each)} |")
    return [*rows, ""]


def _default(each: Any) -> str:
    if each.default is not dataclasses.MISSING:
        return f"`{json.dumps(each.default)}`"
    if each.default_factory is not dataclasses.MISSING:
        return "empty"
    return "must be given"


# --- JSON ---


def _keys(module: ModuleType, name: str, words: Mapping[str, str], *more: str) -> list[str]:
    """A table of the keys that a function writes, read from its source, with their words."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(attrgetter(name)(module))))
    first = next(each for each in ast.walk(tree) if isinstance(each, ast.Dict))
    keys = [each.value for each in first.keys if isinstance(each, ast.Constant)] + [*more]
    if {*words} - {*keys} or {*keys} - {*words}:
        raise ValueError(f"{module.__name__}.{name} writes {keys}, the words are of {[*words]}")
    rows = [f"| `{key}` | {words[key]} |" for key in keys]
    return ["| key | holds |", "|---|---|", *rows, ""]


if __name__ == "__main__":
    sys.stdout.write(page())
