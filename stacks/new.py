"""A new project for an environment's file: asked for, checked as the program will check it, and
written with nothing else in the file changed. `object-access new`."""

import json
import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Protocol, get_args, get_type_hints

from object_access import names
from object_access._args import did_you_mean
from object_access.policies.grants import Access
from object_access.workspace import KEY, Workspace, parse_yaml, yaml_lines

from . import consumers, environment_file, projects, shapes
from .consumers import Consumer, Is, Setting

_WIDTH = 100
_NOT_TEXT = (Is.NUMBER, Is.SECONDS, Is.SWITCH)

Validate = Callable[[str, Mapping[str, Any]], object]
"""Loads an environment's configuration as the program does; raises ValueError for what is wrong."""


class Person(Protocol):
    """Who is asked."""

    def ask(self, question: str, default: str | None = None) -> str:
        """What they answer; `default` stands for Enter, without one an answer is needed."""

    def tell(self, text: str) -> None:
        """Show them something."""


@dataclass(frozen=True)
class Wish:
    """What is known before anybody is asked; an empty text is not known."""

    kind: str = ""
    name: str = ""
    environment: str = ""
    namespace: str = ""
    given: tuple[str, ...] = ()
    """Settings as KEY=VALUE."""


def run(workspace: Workspace, wish: Wish, person: Person | None, validate: Validate) -> str:
    """Write the project; returns what to tell. Without a `person` nothing is asked.

    Raises ValueError, with nothing written, for what is missing or wrong.
    """
    environment = _environment(workspace, wish, person)
    path = workspace.file_of(environment)
    shown = os.path.relpath(path, workspace.folder)
    text = environment_file.text(path, shown, lambda: _new_file(wish, person))
    taken = environment_file.projects_in(text, shown)
    kind = _answer(person, _Question("kind", _kinds(), None, _kind), wish.kind)
    asked = _Question("name", "Name of the project.", None, lambda name: _name(name, taken, shown))
    name = _answer(person, asked, wish.name)
    body = {"kind": kind, **_settings(kind, wish.given)}
    for question in _questions(kind, name, body) if person else ():
        _put(body, question.key.split("."), _answer(person, question))
    made = project(name, body)
    new = environment_file.added(text, shown, name, body, made)
    new = environment_file.with_schema(new, workspace)
    validate(environment, parse_yaml(new, shown).get("config") or {})
    if person:
        person.tell("\n" + "\n".join(made) + "\n")
        if person.ask(f"Write this into {shown}? y or n", "y").lower() not in ("y", "yes"):
            return "nothing was written\n"
    environment_file.write(path, new)
    return (
        f"wrote {name} into {shown}; next:\n"
        f"  object-access rehearse -e {environment}    try it on an embedded cloud\n"
        f"  pulumi stack select --create {environment} && pulumi up\n"
        f"  object-access handover {name}    what to paste, and where\n"
    )


# --- what is known, and what is asked ---


def _new_file(wish: Wish, person: Person | None) -> str:
    namespace = wish.namespace
    if person and not namespace:
        namespace = person.ask(
            "A word of your own, such as your company's, makes names of buckets unique in the "
            "world; Enter for none, then you name each.\nnamespace",
            "",
        )
    told = [
        "config:",
        f"  {KEY}:",
        "    protect: true # refuse to delete stored data; false where it may be thrown away",
    ]
    if namespace:
        told.append(f"    {yaml_lines('namespace', namespace)[0]} # for names made by program")
    return "\n".join([*told, "    projects:", ""])


@dataclass(frozen=True)
class _Question:
    key: str
    """The setting, with a dot before each level."""
    about: str
    default: str | None
    """What Enter stands for, and is not written; None where an answer is needed."""
    read: Callable[[str], Any]
    """The value that an answer is. Raises ValueError."""


def _answer(person: Person | None, question: _Question, given: str = "") -> Any:
    """The value that was given or is answered; None for the default."""
    if given:
        return question.read(given)
    if person is None:
        raise ValueError(f"{question.key} is not given, name it with --{question.key}")
    while True:
        said = person.ask(f"{question.about}\n{question.key}", question.default).strip()
        if said == question.default:
            return None
        try:
            return question.read(said)
        except ValueError as error:
            person.tell(f"error: {error}")


def _environment(workspace: Workspace, wish: Wish, person: Person | None) -> str:
    environment = wish.environment
    if not environment:
        known = workspace.known()
        if person is None:
            return workspace.choose("")
        there = f"There are {', '.join(known)}; another one is made." if known else "A new one."
        environment = person.ask(f"{there}\nenvironment", known[0] if len(known) == 1 else "dev")
    names.check_label("environment", environment)
    return environment


def _kinds() -> str:
    listed = ", ".join([*consumers.load(), *projects.KINDS])
    return f"Which tool is it for? One of {listed}; the last three are for any other."


def _kind(given: str) -> str:
    known = [*consumers.load(), *projects.KINDS]
    if given not in known:
        raise ValueError(f"kind '{given}' is unknown, {did_you_mean(given, known)}")
    return given


def _name(given: str, taken: Mapping[str, Any], shown: str) -> str:
    names.check_label("project", given)
    if given in taken:
        raise ValueError(f"project '{given}' is in {shown} already, choose another name")
    return given


def _settings(kind: str, given: Iterable[str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for each in given:
        key, is_one, text = each.partition("=")
        if not is_one:
            raise ValueError(f"--set '{each}' has no value, write it as key=value")
        _put(body, key.split("."), _value(kind, key, text))
    return body


def _value(kind: str, key: str, text: str) -> Any:
    """The value that a text is: itself for a setting that takes a text, YAML for all others."""
    consumer = consumers.load().get(kind)
    if consumer and key in consumer.settings:
        is_text = consumer.settings[key].is_ not in _NOT_TEXT
    else:
        shape = projects.KINDS[consumer.kind if consumer else kind]
        is_text = get_type_hints(shape).get(key) is str
    return text if is_text else parse_yaml(f"value: {text}", key).get("value")


def _put(body: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set what was answered, below as many keys as there are."""
    if value is None:
        return
    *above, last = keys
    for key in above:
        body = body.setdefault(key, {})
        if not isinstance(body, dict):
            raise ValueError(f"'{key}' is set twice, once as a whole and once in part")
    body[last] = value


def _questions(kind: str, name: str, body: Mapping[str, Any]) -> Iterator[_Question]:
    """What is not known yet of a project. The answers to some decide about others: take each once
    the one before it is in `body`."""
    consumer = consumers.load().get(kind)
    shape = projects.KINDS[consumer.kind if consumer else kind]
    texts = shapes.documented(shape)
    # Where it is, then what its store needs, then what the tool does there.
    asked: list[str] = [key for key in ("bucket", "container") if key in texts]
    asked += [key for key in _required(shape) if key not in ("places", "holders")]
    for key in asked:
        if key not in body and not (consumer and _is_consumers_own(consumer, key)):
            yield _Question(key, texts[key], "" if key in ("bucket", "container") else None, str)
    for key, setting in consumer.settings.items() if consumer else ():
        if key not in body:
            yield _of_setting(kind, key, setting)
    if not consumer and "places" not in body:
        yield from _of_place(shape)
    if not consumer and "holders" not in body:
        yield from _of_holder(shape, name, body)


def _is_consumers_own(consumer: Consumer, key: str) -> bool:
    return key not in consumer.own or key in consumer.project


def _of_setting(kind: str, key: str, setting: Setting) -> _Question:
    words = f" One of {', '.join(setting.choices)}." if setting.choices else ""
    default = setting.default
    return _Question(
        key,
        setting.about + words,
        default if default is None or isinstance(default, str) else json.dumps(default),
        lambda text: setting.check(key, _value(kind, key, text)),
    )


def _of_place(shape: type) -> Iterator[_Question]:
    if shape is not projects.SwiftProject:  # whose rules are for whole containers
        yield _Question(
            "places.data.prefix",
            'Which part of the bucket? Names of its objects begin so, ending in "/"; Enter for all '
            "of it.",
            "",
            names.check_prefix,
        )
    yield _Question(
        "places.data.access",
        f"What may be done there? Some of {', '.join(Access)}.",
        None,
        lambda said: [shapes.typed("access", each, Access).value for each in said.split()],
    )


def _of_holder(shape: type, name: str, body: Mapping[str, Any]) -> Iterator[_Question]:
    """Who holds access: which sort, and then what that sort needs."""
    holders = {
        each.TAG: each for each in shapes.tagged(get_args(get_type_hints(shape)["holders"])[1])
    }
    sorts = "\n".join(f"  {tag}: {each.__doc__}" for tag, each in holders.items())

    def tag(said: str) -> str:
        if said not in holders:
            raise ValueError(f"as '{said}' is unknown, {did_you_mean(said, holders)}")
        return said

    yield _Question(f"holders.{name}.as", f"Who holds access?\n{sorts}", None, tag)
    holder = holders[body["holders"][name]["as"]]
    texts = shapes.documented(holder)
    wanted = {each.name: get_type_hints(holder)[each.name] for each in fields(holder)}
    trusted = ["trusted"] if "trusted" in wanted else []  # nobody, by default, is for later
    for key in [*_required(holder), *trusted]:
        read: Callable[[str], Any] = str if wanted[key] is str else str.split
        yield _Question(f"holders.{name}.{key}", texts[key], "" if key in trusted else None, read)


def _required(shape: Any) -> list[str]:
    """The settings of a dataclass that have no default."""
    told = shapes.documented(shape)
    return [
        each.name
        for each in fields(shape)
        if each.default is MISSING and each.default_factory is MISSING and each.name in told
    ]


# --- a project as text ---


def project(name: str, body: Mapping[str, Any]) -> list[str]:
    """The lines of a project, with comments; a consumer's other settings stand there, too, as
    comments with their defaults."""
    kind = body["kind"]
    consumer = consumers.load().get(kind)
    shape = projects.KINDS[consumer.kind if consumer else kind]
    about = {key: text.partition(" Default: ")[0] for key, text in shapes.documented(shape).items()}
    settings: Mapping[str, Setting] = {}
    if consumer:
        settings = consumer.settings
        about |= {key: setting.about for key, setting in settings.items()}
        lines = _comment(f"{consumer.title} {consumer.does}; see 'object-access consumers {kind}'.")
    else:
        lines = _comment(f"{shape.__doc__} docs/settings.md lists what else it takes.")
    lines += [f"{name}:", f"  kind: {kind}"]
    for key in [
        *(key for key in body if key != "kind"),
        *(key for key in settings if key not in body),
    ]:
        lines += _comment(about.get(key, ""), "  ")
        if key in body:
            lines += [f"  {line}" for line in yaml_lines(key, body[key])]
        else:
            lines += [f"  # {line}" for line in yaml_lines(key, settings[key].default)]
    return lines


def _comment(text: str, indent: str = "") -> list[str]:
    # What is written stands six columns further to the right.
    wrapper = textwrap.TextWrapper(
        _WIDTH - 6,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(" ".join(text.split()))
