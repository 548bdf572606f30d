"""An environment's file, changed as its author would: a project more, or a setting of one, and
nothing else."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from object_access.workspace import KEY, Workspace, parse_yaml

SCHEMA = Path(__file__).parent / "schema.json"
_PATH = ("config", KEY, "projects")


def projects_in(text: str, shown: str) -> dict[str, Any]:
    """The projects that a file's text lists. Raises ValueError for what is no such text."""
    inner: Any = parse_yaml(text, shown)
    for key in _PATH:
        inner = (inner.get(key) if isinstance(inner, dict) else None) or {}
    return inner if isinstance(inner, dict) else {}


def text(path: Path, shown: str, new_file: Callable[[], str]) -> str:
    """What stands in the file, its ends of line kept, or a new one's text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return new_file()
    except OSError as error:
        raise ValueError(f"{shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{shown} is not UTF-8, save it in that encoding") from None


def added(text: str, shown: str, name: str, body: Mapping[str, Any], made: list[str]) -> str:
    """The text with the project at the end of its projects.

    Raises ValueError where it would then say anything else than before, and this project.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    at, indent, missing, text = _where(text, shown)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    above = [" " * (indent + 2 * level) + f"{key}:{end}" for level, key in enumerate(missing)]
    margin = " " * (indent + 2 * len(missing))
    lines[at:at] = [*above, *(f"{margin}{line}{end}" for line in made)]
    new = "".join(lines)
    if parse_yaml(new, shown) != _with(parse_yaml(text, shown), (*_PATH, name), body):
        raise ValueError(f"{shown} is written in a way that cannot be added to; add it by hand")
    return new


def changed(text: str, shown: str, name: str, settings: Mapping[str, list[str] | None]) -> str:
    """The text with these settings of a project, lists of texts; None takes one out.

    Raises ValueError where the project is not in it, and where the text would then say anything
    else than before, and these settings.
    """
    wanted = parse_yaml(text, shown)
    project = projects_in(text, shown).get(name)
    if not project or not isinstance(project, dict):
        raise ValueError(f"{shown} has no project '{name}' of its own, write it there")
    for key, value in settings.items():
        body = {other: each for other, each in project.items() if other != key}
        project = body if value is None else {**body, key: value}
        text = _set(text, name, key, value)
    if parse_yaml(text, shown) != _with(wanted, (*_PATH, name), project):
        raise ValueError(f"{shown} is written in a way that cannot be changed; change it by hand")
    return text


def _set(text: str, name: str, key: str, value: list[str] | None) -> str:
    """The text with one setting changed, as far as that can be told from where it stands."""
    node: Any = yaml.compose(text, yaml.SafeLoader)
    for each in (*_PATH, name):
        node = next(inner for label, inner in node.value if label.value == each)
    line = value and f"{key}: [{', '.join(map(_quoted, value))}]"
    found = next(((label, it) for label, it in node.value if label.value == key), None)
    first, _ = node.value[0]
    if found is None:  # before the project's first setting; its own lines stay where they are
        at = first.start_mark.index
        between = ", " if node.flow_style else f"\n{' ' * first.start_mark.column}"
        return f"{text[:at]}{line}{between}{text[at:]}" if line else text
    label, it = found
    begin, end = label.start_mark.index, _end_of(it)
    if line:
        return text[:begin] + line + text[end:]
    if node.flow_style:  # with the comma after it, or the one before
        rest = text[end:].lstrip()
        if rest.startswith(","):
            return text[:begin] + rest[1:].lstrip()
        return text[:begin].rstrip().removesuffix(",") + text[end:]
    return text[: text.rindex("\n", 0, begin) + 1] + text[text.index("\n", end) + 1 :]


def _end_of(node: yaml.Node) -> int:
    """Where a value ends: a block's own mark is behind the comments that follow it."""
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return _end_of(node.value[-1])
    return int(node.end_mark.index)


def _quoted(key: str) -> str:
    """As YAML reads it back: 2026 and 2026-11-21 are no texts without quotes."""
    return (
        key if re.fullmatch(r"[A-Za-z][\w-]*", key) and key == yaml.safe_load(key) else f'"{key}"'
    )


def _with(
    value: Mapping[str, Any] | None, keys: tuple[str, ...], body: Mapping[str, Any]
) -> dict[str, Any]:
    """A copy of a mapping with another one in it, below these keys."""
    key, *rest = keys
    under = value or {}
    return {**under, key: _with(under.get(key), tuple(rest), body) if rest else dict(body)}


def _where(text: str, shown: str) -> tuple[int, int, tuple[str, ...], str]:
    """The line before which a project goes, its column, the keys that must come before it, and the
    text without what stands for "no projects" there."""
    lines = text.splitlines()
    node = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        return len(lines), 0, _PATH, text
    for level, key in enumerate(_PATH):
        column = node.value[0][0].start_mark.column
        found = next((pair for pair in node.value if pair[0].value == key), None)
        if found is None:
            return _end(node, lines, column), column, _PATH[level:], text
        label, node = found
        if not node.value or node.tag == "tag:yaml.org,2002:null":  # `{}`, `null` or nothing
            begin, end = node.start_mark.index, node.end_mark.index
            rest = text[:begin].rstrip(" ") + text[end:] if begin < end else text
            return label.end_mark.line + 1, column + 2, _PATH[level + 1 :], rest
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ValueError(f"{shown} must have '{key}' as lines of 'key: value', write it so")
    column = node.value[0][0].start_mark.column
    return _end(node, lines, column), column, (), text


def _end(node: yaml.MappingNode, lines: list[str], column: int) -> int:
    """The line after a block, and after the comments that belong to it by their column."""
    at = _last(node)
    for number, line in enumerate(lines[at:], at):
        bare = line.lstrip()
        if bare and not bare.startswith("#"):
            break
        if bare and len(line) - len(bare) >= column:
            at = number + 1
    return at


def _last(node: yaml.Node) -> int:
    """The line after the last one on which a node says something."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        label, inner = last if isinstance(last, tuple) else (last, last)
        # An alias says it where its anchor is, further up.
        return max(int(label.start_mark.line) + 1, _last(inner))
    mark = node.end_mark
    return int(mark.line) + 1 if mark.column else int(mark.line)


def with_schema(text: str, workspace: Workspace) -> str:
    """The text with the line by which editors find the schema at its head."""
    if "yaml-language-server:" in text:
        return text
    schema = Path(os.path.relpath(SCHEMA, workspace.environments.resolve())).as_posix()
    end = "\r\n" if "\r\n" in text else "\n"
    return f"# yaml-language-server: $schema={schema}{end}{text}"


def write(path: Path, text: str) -> None:
    """Put it in the file's place in one go: it is never half there."""
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(text.encode())
        if path.exists():
            beside.chmod(path.stat().st_mode)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None
