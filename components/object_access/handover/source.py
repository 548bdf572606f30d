"""Where hand-overs come from: a file, or the outputs of a stack; and keys from a profile."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import boto3
from botocore.exceptions import ProfileNotFound

from .model import Handover, Key, Password, Profile, is_handover


def load(file: str, stack: str, program: Path) -> dict[str, Handover]:
    """The hand-overs of every project: from a file ("-" is standard input) with what
    `pulumi stack output --show-secrets --json` or a rehearsal with `--show-secrets --format json`
    printed, or without one from the outputs of a stack of the program in that folder.

    Raises ValueError with one line for what is neither, and where `pulumi` is not there.
    """
    where = f"file '{file}'" if file else f"stack '{stack}'" if stack else "the selected stack"
    text = _read(file) if file else _outputs(stack, program)
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{where} is no JSON ({error}), write it with --format json --show-secrets"
        ) from None
    found = given.get("handovers", given) if isinstance(given, dict) else {}
    projects = {
        name: Handover.read(name, each) for name, each in found.items() if is_handover(each)
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
    """The hand-over with what this machine has of it: the keys of the profile that a holder names
    (or of `profile` instead), and the password of the openrc file that was loaded.

    Unchanged where the machine has no such thing. Raises ValueError for a `profile` without keys.
    """
    for name, holder in handover.holders.items():
        if isinstance(holder.how, Profile):
            keys = keys_of(profile or holder.how.profile)
            if keys is None and profile:
                raise ValueError(
                    f"profile '{profile}' has no keys, run 'aws configure --profile {profile}'"
                )
            if keys:
                handover = handover.with_how(name, replace(holder.how, **vars(keys)))
        elif isinstance(holder.how, Password):
            handover = handover.with_how(name, _from_openrc(holder.how))
    return handover


def keys_of(profile: str) -> Key | None:
    """The keys of a profile of this machine, or without one those that the AWS CLI would use; None
    where there are none."""
    try:
        keys = boto3.session.Session(profile_name=profile or None).get_credentials()
    except ProfileNotFound:
        return None
    if keys is None:
        return None
    frozen = keys.get_frozen_credentials()
    return Key(
        access_key_id=frozen.access_key,
        secret_access_key=frozen.secret_key,
        session_token=frozen.token or "",
    )


def openrc() -> Password | None:
    """The user of the openrc file that was loaded, or None."""
    given = os.environ.get
    username, password = given("OS_USERNAME"), given("OS_PASSWORD")
    if not username or not password:
        return None
    domain = given("OS_USER_DOMAIN_NAME") or "Default"
    return Password(username=username, password=password, user_domain=domain)


def _from_openrc(how: Password) -> Password:
    """With the password, where it is this very user's."""
    loaded = openrc()
    return loaded if loaded and loaded.username == how.username and not how.password else how


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text()
    except OSError as error:
        raise ValueError(f"file '{file}' cannot be read: {error.strerror}") from None


def _outputs(stack: str, program: Path) -> str:
    if not shutil.which("pulumi"):
        raise ValueError("'pulumi' is not on PATH, install it or give a file with --from")
    command = ["pulumi", "stack", "output", "--show-secrets", "--json"]
    done = subprocess.run(
        [*command, *(["--stack", stack] if stack else [])],
        cwd=program,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "it failed").splitlines()[-1]
        raise ValueError(f"'pulumi stack output' said: {last.removeprefix('error: ')}")
    return done.stdout
