"""Components can be offered to other languages: their schema can be inferred and is described."""

from pathlib import Path

import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import object_access

ALL = [getattr(object_access, name) for name in object_access.__all__ if not name.endswith("Args")]


@pytest.mark.parametrize("component", ALL, ids=lambda component: component.__name__)
def test_every_input_and_output_is_described(component):
    """Each has a type that Pulumi can carry, and a sentence; an optional one says its default."""
    described = Analyzer("object-access").analyze([component])
    definition = described["component_definitions"][component.__name__]

    assert definition.description
    assert len(definition.inputs) <= 8
    for name, given in (definition.inputs | definition.outputs).items():
        assert given.description, name
        if name in definition.inputs and given.optional:
            assert "Default: " in given.description, name


def test_the_package_exports_what_it_says():
    """`__all__` is every public name, and each can be imported."""
    files = Path(object_access.__file__).parent.glob("*.py")
    defined = {
        line.split()[1].split("(")[0].rstrip(":")
        for file in files
        for line in file.read_text().splitlines()
        if line.startswith("class ") and not line.startswith("class _")
    } - {"Region", "Workspace"}

    assert set(object_access.__all__) == defined
    assert all(getattr(object_access, name) for name in object_access.__all__)
    assert object_access.__all__ == sorted(object_access.__all__)


def test_components_never_defer_annotations():
    """Pulumi's schema inference cannot read them."""
    for file in Path(object_access.__file__).parent.glob("*.py"):
        assert "from __future__ import annotations" not in file.read_text(), file.name
