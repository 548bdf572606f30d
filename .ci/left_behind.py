"""Fails where the state has a stack without an environment's file: nothing deploys it, watches it
or destroys it any more. In an S3 bucket only names are looked at, for a role of one environment
may not read the state of another."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import yaml

ROOT = Path.cwd()


def stacks(backend: str, project: str) -> list[str]:
    """The names of the stacks that there are of this Pulumi project."""
    address = urlsplit(backend)
    if address.scheme != "s3":
        listed = subprocess.run(
            ["pulumi", "stack", "ls", "--json"], check=True, capture_output=True
        )
        return [each["name"].rpartition("/")[2] for each in json.loads(listed.stdout)]
    region = parse_qs(address.query).get("region", [None])[0]
    pages = boto3.client("s3", region_name=region).get_paginator("list_objects_v2")
    prefix = f"{address.path.strip('/')}/.pulumi/stacks/{project}/".lstrip("/")
    found = pages.paginate(Bucket=address.netloc, Prefix=prefix).search("Contents[].Key")
    names = (key.removeprefix(prefix).removesuffix(".gz") for key in found if key)
    return [name.removesuffix(".json") for name in names if name.endswith(".json")]


def main() -> str | None:
    """What to do about the first one, or nothing."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    folder = Path(project.get("stackConfigDir", "."))
    for name in sorted(stacks(os.environ["PULUMI_BACKEND_URL"], project["name"])):
        file = folder / f"Pulumi.{name}.yaml"
        if not (ROOT / file).exists():
            return (
                f"stack {name} is still there, and {file} is gone: bring the file back, and run "
                f"'pulumi destroy --stack {name} --remove', which removes both"
            )
    return None


if __name__ == "__main__":
    sys.exit(main())
