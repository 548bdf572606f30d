"""Components can be offered to other languages: their schema can be inferred and is described."""

import json
import os
import runpy
from pathlib import Path

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider

import object_access

ALL = [
    each
    for each in (getattr(object_access, name) for name in object_access.__all__)
    if isinstance(each, type) and issubclass(each, pulumi.ComponentResource)
]
GOLDEN = Path(__file__).parent / "schemas.json"
# Ten is a bucket's share: more is two components.
MOST_INPUTS = 10


@pytest.mark.parametrize("component", ALL, ids=lambda component: component.__name__)
def test_every_input_and_output_is_described(component):
    """Each has a type that Pulumi can carry, and a sentence; an optional one says its default."""
    described = Analyzer("object-access").analyze([component])
    definition = described["component_definitions"][component.__name__]

    assert definition.description
    assert len(definition.inputs) <= MOST_INPUTS
    parts = [each.properties for each in described["type_definitions"].values()]
    for inputs in (definition.inputs, *parts):
        for name, given in inputs.items():
            assert given.description, name
            assert not given.optional or "Default: " in " ".join(given.description.split()), name
    assert all(given.description for given in definition.outputs.values())


@pytest.mark.parametrize("component", ALL, ids=lambda component: component.__name__)
def test_no_list_or_mapping_of_enums(component):
    """Pulumi hands them over to us as `{}` from other languages; their words arrive."""
    described = Analyzer("object-access").analyze([component])
    enums = {name for name, each in described["type_definitions"].items() if each.enum}
    definition = described["component_definitions"][component.__name__]
    parts = [each.properties for each in described["type_definitions"].values()]
    for inputs in (definition.inputs, *parts):
        for name, given in inputs.items():
            element = given.items or given.additional_properties
            assert not (element and element.ref and element.ref.rpartition(":")[2] in enums), name


def test_schemas_are_as_they_were(request):
    """Names and types that other languages use are public. After a wanted change: note it in
    CHANGELOG, and regenerate the file."""
    schema = json.loads(ComponentProvider(ALL, "object-access").schema)
    parts = {name: schema[name] for name in ("resources", "types")}
    if os.environ.get("REGENERATE"):
        GOLDEN.write_text(json.dumps(parts, indent=1) + "\n")

    again = f"REGENERATE=1 .venv/bin/python -m pytest {request.node.nodeid}"
    assert parts == json.loads(GOLDEN.read_text()), f"if this is wanted: {again}"


def test_the_plugin_offers_what_can_travel():
    """All but the one whose provider is a part of a Python program."""
    offered = runpy.run_path(str(Path(__file__).parents[1] / "plugin/__main__.py"))["COMPONENTS"]

    assert {*ALL} - {*offered} == {object_access.CompatibleBucket}


def test_all_eleven_are_there():
    """None is left out of these tests."""
    assert len(ALL) == 11


def test_the_package_exports_what_it_says():
    """`__all__` is every public name, and each can be imported."""
    files = Path(object_access.__file__).parent.glob("*.py")
    defined = {
        line.split()[1].split("(")[0].rstrip(":")
        for file in files
        for line in file.read_text().splitlines()
        if line.startswith("class ") and not line.startswith("class _")
    } - {"Region", "Workspace"} | {"Access"}

    assert set(object_access.__all__) == defined
    assert all(getattr(object_access, name) for name in object_access.__all__)
    assert object_access.__all__ == sorted(object_access.__all__)


def test_components_never_defer_annotations():
    """Pulumi's schema inference cannot read them."""
    for file in Path(object_access.__file__).parent.glob("*.py"):
        assert "from __future__ import annotations" not in file.read_text(), file.name
