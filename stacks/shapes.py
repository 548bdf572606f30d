"""Reads what a YAML file holds into dataclasses: strictly, with errors of one line.

A dataclass says everything: its fields are the known keys, their types what they take, the texts
below them what they mean. `documented` reads those texts for the docs, `schema` makes a JSON
schema of it all for editors.
"""

import ast
import dataclasses
import inspect
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from object_access._args import did_you_mean, naming

_T = TypeVar("_T")
TAG = "as"
"""The key that says which dataclass of a union a mapping is; each has it as its `TAG`."""
ENCRYPTED = {"type": "object", "required": ["secure"], "properties": {"secure": {"type": "string"}}}
"""How Pulumi writes down a secret, in the schema of what is one."""


def read(shape: type[_T], given: object, fixed: Mapping[str, Any] | None = None) -> _T:
    """A `shape` of what was given; `fixed` fields cannot be set.

    Raises ValueError with one line for what is unknown, missing or of another type.
    """
    fixed = fixed or {}
    if not isinstance(given, dict):
        raise ValueError(f"must be a mapping of settings, not {given!r}")
    types = _types(cast("Hashable", shape))
    listed = fields(shape)  # type: ignore[arg-type]
    known = {each.name: each for each in listed if each.init and each.name not in fixed}
    names = {key: name for key, name in keys(shape).items() if name in known}
    values = {}
    for key, value in given.items():
        if key not in names:
            raise ValueError(f"unknown setting '{key}', {did_you_mean(str(key), names)}")
        each = known[names[key]]
        values[each.name] = typed(key, value, types[each.name], secret=not each.repr)
    for key, name in names.items():
        each = known[name]
        if name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"setting '{key}' is missing")
    return shape(**values, **fixed)


def keys(shape: type) -> dict[str, str]:
    """The settings of a dataclass -> what its fields are called."""
    return {_key(each.name): each.name for each in fields(shape) if each.init}


def typed(key: str, value: object, wanted: Any, *, secret: bool = False) -> Any:
    """The value as its setting's type, or ValueError saying what is wanted instead."""
    if wanted is Any:
        return value
    if value is None:
        raise ValueError(f"{key} is empty, give it a value or leave the line out")
    if shapes := tagged(wanted):
        with naming(key):
            return _one_of(value, shapes)
    if get_origin(wanted) is UnionType:  # of one thing and None, which is its absence
        return typed(key, value, get_args(wanted)[0], secret=secret)
    if is_dataclass(wanted):
        with naming(key):
            return read(cast("type[Any]", wanted), value)
    if get_origin(wanted) in (tuple, Mapping):
        return _several(key, value, wanted, secret=secret)
    return _plain(key, value, wanted, secret=secret)


def _several(key: str, value: object, wanted: Any, *, secret: bool) -> Any:
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{key} must be a list, not {value!r}; write [{value}]")
        return tuple(typed(key, each, get_args(wanted)[0], secret=secret) for each in value)
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be a mapping, not {value!r}")
    return {name: _member(key, name, each, get_args(wanted)[1]) for name, each in value.items()}


def _plain(key: str, value: object, wanted: type, *, secret: bool) -> object:
    if issubclass(wanted, Enum):
        words = [each.value for each in wanted]
        if value not in words:
            raise ValueError(f"{key} '{value}' is unknown, use one of {', '.join(words)}")
        return wanted(value)
    # A bool is an int to Python, and nobody means one by the other.
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    if wanted is str:
        # YAML reads digits as a number: 012345678901 is then another one.
        raise ValueError(f"{key} must be a text, put {'it' if secret else repr(value)} in quotes")
    if wanted is int:
        raise ValueError(f"{key} must be a whole number, not {value!r}")
    raise ValueError(f"{key} must be true or false, not {value!r}")


def _member(key: str, name: object, value: object, wanted: Any) -> Any:
    if not isinstance(name, str):
        raise ValueError(f"{key} must have texts as names, put {name!r} in quotes")
    if shapes := tagged(wanted):
        with naming(f"{key}: {name}"):
            return _one_of(value, shapes)
    if is_dataclass(wanted):
        with naming(key):
            return typed(name, value, wanted)
    return typed(f"{key}: {name}", value, wanted)


def tagged(wanted: Any) -> Sequence[Any]:
    """The dataclasses of a union by `TAG`, or the one of it."""
    shapes = get_args(wanted) if get_origin(wanted) is UnionType else (wanted,)
    return [each for each in shapes if hasattr(each, "TAG")]


def _one_of(value: object, shapes: Sequence[Any]) -> Any:
    tags = {str(each.TAG): each for each in shapes}
    if not isinstance(value, dict):
        raise ValueError(f"must be a mapping with '{TAG}:', not {value!r}")
    tag = value.get(TAG)
    if tag is None:
        raise ValueError(f"'{TAG}:' is missing, start with it and one of {', '.join(tags)}")
    if not isinstance(tag, str) or tag not in tags:
        raise ValueError(f"{TAG} '{tag}' is unknown, {did_you_mean(str(tag), tags)}")
    return read(tags[tag], {name: each for name, each in value.items() if name != TAG})


@cache
def _types(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)


def _key(name: str) -> str:
    """A field's name in the file: `as_` is a word that Python keeps for itself."""
    return name.rstrip("_")


# --- what it means, for people and for editors ---


def documented(shape: type) -> Mapping[str, str]:
    """The settings of a dataclass, its bases' first, with the text below each."""
    texts, given = _texts(cast("Hashable", shape)), keys(shape)
    return {key: text for key, text in texts.items() if key in given}


@cache  # to read a source takes a tenth of a second, and every project asks
def _texts(shape: type) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in reversed(shape.__mro__):
        if not is_dataclass(each):
            continue
        [body] = ast.parse(inspect.getsource(each)).body
        for field, text in zip(body.body, body.body[1:], strict=False):  # type: ignore[attr-defined]
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                name = _key(str(field.target.id))  # type: ignore[union-attr]
                found[name] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def schema(wanted: Any) -> dict[str, Any]:
    """The JSON schema of a type, for editors that complete and check."""
    made: dict[str, Any] = {}
    if shapes := tagged(wanted):
        made = {"oneOf": [_object(each, {TAG: {"const": each.TAG}}) for each in shapes]}
    elif get_origin(wanted) is UnionType:
        made = schema(get_args(wanted)[0])
    elif is_dataclass(wanted):
        made = _object(cast("type", wanted), {})
    elif get_origin(wanted) is tuple:
        made = {"type": "array", "items": schema(get_args(wanted)[0])}
    elif get_origin(wanted) is Mapping:
        made = {"type": "object", "additionalProperties": schema(get_args(wanted)[1])}
    elif wanted is not Any and issubclass(wanted, Enum):
        made = {"enum": [each.value for each in wanted]}
    elif wanted is not Any:
        made = {"type": {str: "string", int: "integer", bool: "boolean"}[wanted]}
    return made


def _object(shape: type, fixed: Mapping[str, Any]) -> dict[str, Any]:
    texts, types = documented(shape), _types(shape)
    properties, required = dict(fixed), list(fixed)
    for each in dataclasses.fields(shape):
        key = _key(each.name)
        if key not in texts:  # not for the file: what the loader fills in
            continue
        made = schema(types[each.name])
        if not each.repr:
            made = {"anyOf": [made, ENCRYPTED]}
        properties[key] = {**made, "description": texts[key]}
        if each.default is MISSING and each.default_factory is MISSING:
            required.append(key)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
