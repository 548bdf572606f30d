"""Where hand-overs come from: a file, or the outputs of a stack; and keys from a profile."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ProfileNotFound

from .forms import DESTINATIONS

Handover = Mapping[str, Any]


def load(file: str, stack: str) -> dict[str, Handover]:
    """The hand-overs of every project: from a file ("-" is standard input) with what
    `pulumi stack output --show-secrets --json` or a rehearsal with `--show-secrets --format json`
    printed, or without one from the outputs of a stack.

    Raises ValueError with one line for what is neither, and where `pulumi` is not there.
    """
    where = f"file '{file}'" if file else f"stack '{stack}'" if stack else "the selected stack"
    text = _read(file) if file else _outputs(stack)
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is no JSON ({error}), write it with --format json") from None
    found = given.get("handovers", given) if isinstance(given, dict) else {}
    projects: dict[str, Handover] = {
        name: each
        for name, each in found.items()
        if isinstance(each, dict) and each.get("kind") in DESTINATIONS
    }
    if not projects:
        raise ValueError(f"{where} hands nothing over, was 'pulumi up' run there?")
    return projects


def pick(handovers: Mapping[str, Handover], project: str) -> Handover:
    """The hand-over of one project, or ValueError that names those there are."""
    if project not in handovers:
        known = ", ".join(sorted(handovers))
        raise ValueError(f"project '{project}' is not in this environment, there are {known}")
    return handovers[project]


def with_keys(handover: Handover, profile: str = "") -> Handover:
    """The hand-over with the keys of a profile of this machine, where it names one itself or
    `profile` is given, or with the password of the openrc file that was loaded; unchanged where
    the machine has no such thing."""
    if handover.get("kind") == "valohai-swift":
        return {**handover, **_from_openrc(handover["username"])}
    name = profile or handover.get("profile", "")
    if not name:
        return handover
    try:
        keys = boto3.session.Session(profile_name=name).get_credentials()
    except ProfileNotFound:
        keys = None
    if keys is None:
        if profile:
            raise ValueError(f"profile '{name}' has no keys, run 'aws configure --profile {name}'")
        return handover
    frozen = keys.get_frozen_credentials()
    return {
        **handover,
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        **({"session_token": frozen.token} if frozen.token else {}),
    }


def _from_openrc(username: str) -> dict[str, str]:
    """The password, where it is this very user's."""
    if os.environ.get("OS_USERNAME") != username or not os.environ.get("OS_PASSWORD"):
        return {}
    domain = os.environ.get("OS_USER_DOMAIN_NAME", "Default")
    return {"password": os.environ["OS_PASSWORD"], "user_domain": domain}


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text()
    except OSError as error:
        raise ValueError(f"file '{file}' cannot be read: {error.strerror}") from None


def _outputs(stack: str) -> str:
    if not shutil.which("pulumi"):
        raise ValueError("'pulumi' is not on PATH, install it or give a file with --from")
    command = ["pulumi", "stack", "output", "--show-secrets", "--json"]
    done = subprocess.run(
        [*command, *(["--stack", stack] if stack else [])],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "it failed").splitlines()[-1]
        raise ValueError(f"'pulumi stack output' said: {last.removeprefix('error: ')}")
    return done.stdout
