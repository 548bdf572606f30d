"""Prints stacks/schema.json, by which editors complete and check an environment's file.

`python -m stacks.schema > stacks/schema.json`, which `make docs` does.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from object_access.workspace import KEY

from . import consumers, projects, shapes
from .consumers import Consumer, Is, Setting
from .settings import Environment

_TYPES = {Is.NUMBER: "integer", Is.SECONDS: "integer", Is.SWITCH: "boolean"}


def schema() -> dict[str, Any]:
    """The schema of `Pulumi.<environment>.yaml`: what Pulumi itself keeps there is left alone."""
    generic = {kind: shapes.schema(shape) for kind, shape in projects.KINDS.items()}
    kinds = {kind: _project(made["properties"], made["required"]) for kind, made in generic.items()}
    for name, consumer in consumers.load().items():
        kinds[name] = _of_consumer(consumer, generic[consumer.kind])
    environment = shapes.schema(Environment)
    environment["properties"]["projects"]["additionalProperties"] = _one_of(kinds)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An environment of Object Access",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {KEY: {"$ref": "#/definitions/environment"}},
            }
        },
        "definitions": {"environment": environment, **kinds},
    }


def _one_of(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """A project of one of these kinds. By conditions, so that an editor tells what is wrong with
    the one that is meant, and not that it is none of all."""
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"enum": list(kinds), "description": "A generic kind, or a consumer's file."}
        },
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/definitions/{kind}"},
            }
            for kind in kinds
        ],
    }


def _project(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"kind": {}, **properties},
        "required": required,
        "additionalProperties": False,
    }


def _of_consumer(consumer: Consumer, generic: Mapping[str, Any]) -> dict[str, Any]:
    """A consumer's own settings, and those of its generic kind that are left to a user."""
    left = {
        key: {"$ref": f"#/definitions/{consumer.kind}/properties/{key}"}
        for key in generic["properties"]
        if key in consumer.own
    }
    needed = [key for key in generic["required"] if key in left and key not in consumer.project]
    own = {key: _setting(each) for key, each in consumer.settings.items()}
    given = [key for key, each in consumer.settings.items() if each.default is None]
    made = _project({**own, **left}, [*given, *needed])
    return {"description": f"{consumer.title} {consumer.does}.", **made}


def _setting(setting: Setting) -> dict[str, Any]:
    kind = _TYPES.get(setting.is_, "string")
    made: dict[str, Any] = {"type": kind}
    if setting.choices:
        made = {"enum": list(setting.choices)}
    if kind == "integer":
        made |= {"minimum": setting.least} | ({"maximum": setting.most} if setting.most else {})
    if setting.secret:
        made = {"anyOf": [made, shapes.ENCRYPTED]}
    made["description"] = setting.about
    return made if setting.default is None else {**made, "default": setting.default}


def text() -> str:
    """The whole file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
