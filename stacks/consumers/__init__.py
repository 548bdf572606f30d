"""Consumers as data: one file each says what a tool needs, and fills in a generic project.

`docs/consumers.md` tells how to write one. A file has settings that a user may give; `project` is a
project of a generic kind with `{setting}` in its texts; a setting may change it by an overlay.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from object_access import names
from object_access._args import did_you_mean, naming
from object_access.workspace import read_yaml

from .. import projects, shapes

FOLDER = Path(__file__).parent
Overlay = Mapping[str, Any]


class Is(StrEnum):
    """What a setting is."""

    ACCOUNT = "account"
    BUCKET_NAME = "bucket-name"
    CHOICE = "choice"
    CONTAINER_NAME = "container-name"
    DIRECTORY = "directory"
    ENDPOINT = "endpoint"
    EXTERNAL_ID = "external-id"
    NUMBER = "number"
    ORIGIN = "origin"
    PREFIX = "prefix"
    PRINCIPAL = "principal"
    ROLE_NAME = "role-name"
    SECONDS = "seconds"
    SESSION_NAME = "session-name"
    SWITCH = "switch"
    TEXT = "text"


_CHECKS: Mapping[Is, Callable[[str], object]] = {
    Is.ACCOUNT: names.check_account,
    Is.BUCKET_NAME: names.check_bucket_name,
    Is.CONTAINER_NAME: names.check_container_name,
    Is.DIRECTORY: names.check_directory,
    Is.ENDPOINT: names.check_endpoint,
    Is.EXTERNAL_ID: names.check_external_id,
    Is.ORIGIN: names.check_origin,
    Is.PREFIX: names.check_prefix,
    Is.PRINCIPAL: names.check_principal,
    Is.ROLE_NAME: lambda name: names.check_iam_name("role", name),
    Is.SESSION_NAME: names.check_session_name,
}
_OVERLAID = ("project", "form", "next", "needs")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that a user may give to a consumer's project."""

    is_: Is
    """What it is: `text`, `prefix`, `switch`, `choice`, ..."""
    about: str
    """What it means, in a sentence."""
    default: Any = None
    """Its value where none is given. Default: none, it must be given."""
    least: int = 0
    """The fewest characters, or the smallest number. Default: 0."""
    most: int = 0
    """The most characters, or the largest number; 0 is any. Default: 0."""
    begins: str = ""
    """What it must begin with. Default: anything."""
    needs: str = ""
    """Another setting that must be given with it. Default: none."""
    choices: Mapping[str, Any] = field(default_factory=dict)
    """Of a choice: its words, each with the overlay that it brings, and under `needs` the settings
    that must then be given. Default: none."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """The overlay where it is given and not empty, or switched on. Default: none."""
    absent: Mapping[str, Any] = field(default_factory=dict)
    """The overlay where it is empty, or switched off. Default: none."""

    def __post_init__(self) -> None:
        if (self.is_ is Is.CHOICE) != bool(self.choices):
            raise ValueError("choices are for 'is: choice', which needs them")
        for overlay in (self.given, self.absent, *self.choices.values()):
            for key, part in _mapping("an overlay", overlay or {}).items():
                if key not in _OVERLAID:
                    raise ValueError(
                        f"unknown overlay '{key}', {did_you_mean(str(key), _OVERLAID)}"
                    )
                if key in ("project", "form"):
                    _mapping(key, part)
            form = (overlay or {}).get("form", {})
            known = [each.name for each in fields(Form)]
            if unknown := [key for key in form if key not in known]:
                raise ValueError(
                    f"form: unknown '{unknown[0]}', {did_you_mean(str(unknown[0]), known)}"
                )
        if self.default is not None and (self.default or self.is_ is Is.CHOICE):
            self.check("default", self.default)

    def check(self, key: str, value: object) -> Any:
        """The value, if it is one for this setting. Raises ValueError with one line."""
        if self.is_ is Is.SWITCH:
            return shapes.typed(key, value, bool)
        if self.is_ in (Is.NUMBER, Is.SECONDS):
            number = shapes.typed(key, value, int)
            self._check_range(key, number, "")
            return number
        text = shapes.typed(key, value, str, secret=self.secret)
        if self.is_ is Is.CHOICE and text not in self.choices:
            raise ValueError(f"{key} '{text}' is unknown, use one of {', '.join(self.choices)}")
        if not text and self.default is None:
            raise ValueError(f"{key} is empty: {self.about}")
        if text and (check := _CHECKS.get(self.is_)):
            with naming(key):
                check(text)
        if text and not text.startswith(self.begins):
            raise ValueError(f"{key} '{text}' must begin with '{self.begins}', rename it")
        if text:
            self._check_range(key, len(text), " characters")
        return text

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return self.is_ in (Is.EXTERNAL_ID, Is.SESSION_NAME)

    def overlay(self, value: object) -> Overlay:
        """What this value changes in the consumer's project."""
        if self.is_ is Is.CHOICE:
            return dict(self.choices[str(value)] or {})
        return self.given if value else self.absent

    def needed(self, value: object) -> list[str]:
        """The settings that must be given with this value."""
        also = [self.needs] if self.needs and value else []
        return [*also, *self.overlay(value).get("needs", ())]

    @property
    def overlays(self) -> list[Overlay]:
        """What it changes, for all of its values."""
        return [self.given, self.absent, *(each or {} for each in self.choices.values())]

    def _check_range(self, key: str, count: int, unit: str) -> None:
        if count < self.least:
            raise ValueError(f"{key} has {count}{unit}, it needs at least {self.least}")
        if self.most and count > self.most:
            raise ValueError(f"{key} has {count}{unit}, it takes at most {self.most}")


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a person pastes, and where."""

    destination: str
    """Where it is pasted."""
    read: bool = True
    """The labels are the consumer's own words, in its order. False where its form was not read:
    then they say what is meant. Default: true."""
    fields: Mapping[str, Any]
    """Labels of the form, or keys of the configuration, in order, each with a text in which
    `{bucket}` and `{holder.access_key_id}` stand for what is handed over. A label whose text is a
    mapping has it as `value`, and is left out where `unless` is the same text."""
    variables: bool = False
    """The labels are variables of an environment, which `--format env` prints too. Default: false.
    """
    files: Mapping[str, str] = field(default_factory=dict)
    """The consumer's own configuration files by name, which `--format config` prints; a line that
    speaks of what the project does not have is left out. Default: none."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact is from."""

    what: str
    """The page or file."""
    read: str
    """The day on which it was read, as 2026-11-21."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", self.read):
            raise ValueError(f"read '{self.read}' is no day, give one like 2026-11-21")


@dataclass(frozen=True, kw_only=True)
class Trap:
    """What goes wrong with this consumer, and why it does not here."""

    what: str
    """The trap, in a sentence or two."""
    source: str = ""
    """Where it is from. Default: the consumer's source."""


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A tool that is pointed at a bucket or container."""

    name: str
    title: str
    """Its name as people write it."""
    does: str
    """What it does with the store, in a sentence."""
    kind: str
    """The generic kind that it fills in: `s3`, `swift` or `compatible`."""
    sources: tuple[Source, ...]
    """Where its facts are from."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """What a user may give, beside what the generic kind takes. Default: nothing."""
    project: Mapping[str, Any]
    """A project of that kind, with `{setting}` in its texts; `{setting?}` makes the whole text
    empty where the setting is."""
    form: Form
    """What is pasted where."""
    next_: str = ""
    """What comes next while a role trusts nobody yet. Default: nothing does."""
    traps: tuple[Trap, ...] = ()
    """What goes wrong with it. Default: nothing known."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the project that rehearses it. Default: none are needed."""

    def __post_init__(self) -> None:
        if self.kind not in projects.KINDS:
            raise ValueError(
                f"kind '{self.kind}' is unknown, use one of {', '.join(projects.KINDS)}"
            )
        for name, setting in self.settings.items():
            every: list[object] = [*setting.choices] or [True, False]
            for other in {each for value in every for each in setting.needed(value)}:
                if other not in self.settings:
                    raise ValueError(f"settings: {name}: needs '{other}', which is no setting")
        self._check_names()

    def _check_names(self) -> None:
        """Refuse a name in braces that nothing has: it would stand in the project as it is and be
        granted, and a label of the form would be left out."""
        overlays = [over for each in self.settings.values() for over in each.overlays]
        parts = [self.project, *(each.get("project", {}) for each in overlays)]
        forms = [vars(self.form), *(each.get("form", {}) for each in overlays)]
        there = {*self.settings}
        for name in _named(parts, _REFERENCE):
            if name not in there:
                raise ValueError(f"project: {{{name}}} is no setting, {did_you_mean(name, there)}")
        there |= {
            name for each in parts for key in ("places", "holders") for name in each.get(key, {})
        }
        for name in _named(forms, _PART):
            if name not in there:
                raise ValueError(
                    f"form: '{name}' is no place, holder or setting, {did_you_mean(name, there)}"
                )

    @property
    def own(self) -> frozenset[str]:
        """Settings of the generic kind that a user may give, too: its places, holders and CORS
        rules are the consumer's."""
        shape = projects.KINDS[self.kind]
        theirs = {"places", "holders", "cors", "origins", *self.settings}
        return frozenset(shapes.keys(shape)) - projects.FIXED - theirs

    def fill_in(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], "Paste"]:
        """The project of the generic kind for these settings, and what is pasted.

        Raises ValueError with one line for a setting that is unknown, missing or wrong.
        """
        values = self._values(given)
        whole: dict[str, Any] = {
            "project": self.project,
            "form": vars(self.form),
            "next": self.next_,
        }
        for name, setting in self.settings.items():
            whole = _laid_over(whole, setting.overlay(values[name]))
        project = _filled(_expanded(whole["project"]), values)
        project |= {key: value for key, value in given.items() if key in self.own}
        shown = {key: str(value) for key, value in values.items() if not self.settings[key].secret}
        form = Form(**whole["form"])
        return project, Paste(form, _filled(whole["next"], values), shown)

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        known = [*self.settings, *self.own]
        for key in given:
            if key not in known:
                raise ValueError(f"unknown setting '{key}', {did_you_mean(str(key), known)}")
        values = {}
        for key, setting in self.settings.items():
            if key not in given:
                if setting.default is None:
                    raise ValueError(f"setting '{key}' is missing: {setting.about}")
                values[key] = setting.default
            else:
                values[key] = setting.check(key, given[key])
        for key, setting in self.settings.items():
            told = f"{key} is '{values[key]}'" if setting.choices else f"{key} is set"
            for other in setting.needed(values[key]):
                if not values[other]:
                    raise ValueError(f"{told} without {other}, give that too")
        return values


@dataclass(frozen=True)
class Paste:
    """What a consumer's project hands over beside the generic things."""

    form: Form
    next: str
    settings: Mapping[str, str]


@cache
def known() -> Sequence[str]:
    """The names of all of them."""
    return [file.stem for file in sorted(FOLDER.glob("*.yaml"))]


@cache
def one(name: str) -> Consumer:
    """The consumer of that name. Raises ValueError, with the file's name, for a wrong file."""
    file = FOLDER / f"{name}.yaml"
    with naming(file.name):
        found: Consumer = shapes.read(Consumer, read_yaml(file, FOLDER), {"name": name})
        return found


def load() -> Mapping[str, Consumer]:
    """Every consumer by its name, which takes a quarter of a second."""
    return {name: one(name) for name in known()}


# --- a project from its parts ---


def _laid_over(under: Any, over: Any) -> Any:
    """One mapping over another, deep down; whatever is no mapping is replaced."""
    if not isinstance(under, Mapping) or not isinstance(over, Mapping):
        return over
    keys = [*under, *(key for key in over if key not in under)]
    return {
        key: _laid_over(under[key], over[key])
        if key in under and key in over
        else (over if key in over else under)[key]
        for key in keys
    }


def _expanded(project: Mapping[str, Any]) -> dict[str, Any]:
    """The project with each holder that is `like` another one written out."""
    holders = _mapping("holders", project.get("holders", {}))
    full = {}
    for name, each in holders.items():
        full[name] = each
        if isinstance(each, Mapping) and "like" in each:
            like = str(each["like"])
            if like not in holders:
                raise ValueError(f"holders: {name}: like '{like}', which is no holder")
            own = {key: value for key, value in each.items() if key != "like"}
            full[name] = _laid_over(holders[like], own)
    return {**deepcopy(dict(project)), "holders": full}


def _mapping(what: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} must be a mapping, not {given!r}")
    return given


_REFERENCE = re.compile(r"\{([\w-]+)(\??)\}")
_PART = re.compile(r"(?<!\{)\{([\w-]+)\.[\w-]+\}(?!\})")  # `{{a.b}}` is a template of theirs


def _named(value: Any, reference: re.Pattern[str]) -> set[str]:
    """The names in braces in all texts of a value."""
    if isinstance(value, Mapping):
        return _named(list(value.values()), reference)
    if isinstance(value, list | tuple):
        return {name for each in value for name in _named(each, reference)}
    return {each[1] for each in reference.finditer(value)} if isinstance(value, str) else set()


def _filled(value: Any, settings: Mapping[str, Any]) -> Any:
    """The value with settings in the place of their names; a text that is one name alone becomes
    the setting itself, whatever it is."""
    if isinstance(value, Mapping):
        return {key: _filled(each, settings) for key, each in value.items()}
    if isinstance(value, list | tuple):
        filled = [_filled(each, settings) for each in value]
        return [each for each in filled if each != ""]  # a setting that is not given names nobody
    if not isinstance(value, str):
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone and alone[1] in settings:
        return settings[alone[1]]
    found = [each for each in _REFERENCE.finditer(value) if each[1] in settings]
    if any(each[2] and not settings[each[1]] for each in found):
        return ""
    return _REFERENCE.sub(lambda each: str(settings.get(each[1], each[0])), value)
