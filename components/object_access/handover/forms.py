"""The fields that a person pastes, by the texts that the consumer's file has for them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from typing import Any, NamedTuple

from . import formats
from .model import (
    MASK,
    Credential,
    Handover,
    Key,
    Machine,
    Password,
    Profile,
    Role,
    Swift,
    TempUrls,
    is_secret,
)

PASSWORD = "the one of this user; it is in OS_PASSWORD"  # noqa: S105 it says where to look
# Doubled braces are the consumer's own.
_REFERENCE = re.compile(r"(?<!\{)\{([\w-]+)(?:\.([\w-]+))?(\??)\}(?!\})")
# Whole formats that a form may hold.
_WHOLE: Mapping[str, Callable[[Handover, str], str]] = {
    "mount": formats.mount,
    "fstab": formats.fstab,
    "docker": formats.docker,
    "python": formats.python,
}
# How the fields of a holder are called where no consumer has words of its own.
_LABELS: Mapping[type[Any], Mapping[str, str]] = {
    Key: {"access_key_id": "Access key ID", "secret_access_key": "Secret access key"},
    Role: {"role_arn": "Role ARN", "external_id": "External ID", "session_name": "Session name"},
    Machine: {"instance_profile": "Instance profile"},
    Profile: {"profile": "Profile"},
    Password: {"username": "Username", "password": "Password"},
    TempUrls: {"key": "Temp URL key"},
    Credential: {"credential_id": "Credential ID", "secret": "Credential secret"},
}


class Field(NamedTuple):
    """One field to paste."""

    label: str
    value: str
    secret: bool = False

    @property
    def masked(self) -> str:
        """The value, hidden where it is a secret."""
        return MASK if self.secret else self.value


def fields(handover: Handover) -> list[Field]:
    """What to paste for this project, in its form's order; without what it does not have."""
    listed = []
    for label, text in (handover.form.fields or _generic(handover)).items():
        wanted = text if isinstance(text, str) else text["value"]
        value, secret = resolve(handover, wanted)
        same = isinstance(text, Mapping) and value == resolve(handover, text["unless"])[0]
        if value and not same:
            listed.append(Field(label, value, secret))
    return listed


def form(handover: Handover, _holder: str) -> str:
    """The fields as lines of text, with their secrets; what comes next, where something does."""
    listed = fields(handover)
    width = max((len(field.label) for field in listed), default=0)
    lines = [f"{field.label:{width}}  {field.value}\n" for field in listed]
    if told := next_step(handover):
        lines.append(f"\nNext: {told}\n")
    return "".join(lines)


def config(handover: Handover, _holder: str) -> str:
    """The consumer's own configuration files, each below its name."""
    if not handover.form.files:
        raise ValueError("has no configuration file of its consumer's, use another format")
    texts = files(handover)
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"# {name}\n{text}" for name, text in texts.items())


def files(handover: Handover) -> dict[str, str]:
    """The consumer's own configuration files by name, without the lines that speak of what the
    project does not have, such as the key of a machine."""
    return {
        name: "".join(resolve(handover, line)[0] for line in text.splitlines(keepends=True))
        for name, text in handover.form.files.items()
    }


def next_step(handover: Handover) -> str:
    """What comes next while a role of this project trusts nobody yet; empty where none does."""
    pending = any(
        isinstance(each.how, Role) and not each.how.trusted for each in handover.holders.values()
    )
    return resolve(handover, handover.form.next)[0] if pending else ""


def resolve(handover: Handover, text: str) -> tuple[str, bool]:
    """A text with what is handed over in the place of its names, and whether that holds a secret;
    empty where it speaks of what the project does not have, or by `{name?}` of what is empty."""
    found: list[tuple[str, bool]] = []
    for each in _REFERENCE.finditer(text):
        value = _value(handover, each[1], each[2])
        if value is None or (each[3] and not value[0]):
            return "", False
        found.append(value)
    values = iter(found)
    filled = _REFERENCE.sub(lambda _: next(values)[0], text)
    return filled, any(secret for _, secret in found)


def _value(handover: Handover, name: str, part: str | None) -> tuple[str, bool] | None:
    if part is None:
        return _of_project(handover, name)
    if part == "folder" and name in handover.form.settings:
        return handover.form.settings[name].rstrip("/"), False
    held = _of_holder(handover, name, part) if name in handover.holders else None
    if held:
        return held
    if name in handover.places and hasattr(handover.places[name], part):
        return _text(getattr(handover.places[name], part)), False
    return None


def _of_project(handover: Handover, name: str) -> tuple[str, bool]:
    if name in _WHOLE:
        return _WHOLE[name](handover, "").strip(), False
    where = {each.name: getattr(handover.where, each.name) for each in fields_of(handover.where)}
    told = {**where, **handover.form.settings, "project": handover.project}
    if name not in told:
        raise ValueError(f"its form speaks of '{{{name}}}', which no project has")
    return _text(told[name]), False


def _of_holder(handover: Handover, name: str, part: str) -> tuple[str, bool] | None:
    how = handover.holders[name].how
    field = next((each for each in fields_of(how) if each.name == part), None)
    if field is None:
        return None
    held = getattr(how, part)
    if isinstance(how, Password) and part == "password" and not held:
        return PASSWORD, False
    return _text(held), is_secret(field) and bool(held)


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _generic(handover: Handover) -> dict[str, str]:
    """A form for a project of a generic kind."""
    where = ["container", "auth_url", "region", "project_id"]
    if not isinstance(handover.where, Swift):
        where = ["bucket", "region", "endpoint"]
    listed = {name.replace("_", " ").capitalize(): f"{{{name}}}" for name in where}
    several = len(handover.holders) > 1
    for name, holder in handover.holders.items():
        for field, label in _LABELS.get(type(holder.how), {}).items():
            listed[f"{name}: {label}" if several else label] = f"{{{name}.{field}}}"
    return listed
