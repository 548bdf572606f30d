"""Run the real program on the paper cloud."""

import json
import runpy
from pathlib import Path

import pytest
from pulumi.runtime import get_root_resource

from object_access.handover import Handover
from object_access.workspace import Workspace
from stacks import openstack

ROOT = Path(__file__).parents[2]
SHIPPED = Workspace.at(ROOT).config_of("guides")["object-access:environment"]


def only(name: str, **change) -> dict:
    """The environment of the guides with one project, changed."""
    return {**SHIPPED, "projects": {name: {**SHIPPED["projects"][name], **change}}}


@pytest.fixture
def unlooked(monkeypatch):
    """Without a look at the OpenStack first."""
    monkeypatch.setattr(openstack, "check", lambda project: False)


@pytest.fixture
def program(declare):
    """Run the unmodified `__main__.py` for an environment; gives its outputs as {name: (value, is
    it secret)}."""

    def run(environment: object, stack: str = "dev") -> dict:
        def main() -> dict:
            runpy.run_path(str(ROOT / "__main__.py"))
            return dict(get_root_resource().outputs)

        return declare(main, {"object-access:environment": json.dumps(environment)}, stack)

    return run


@pytest.fixture
def handed(program):
    """The same; gives what the one project hands over."""

    def run(environment: dict, stack: str = "dev") -> Handover:
        [(name, (value, _))] = program(environment, stack).items()
        return Handover.read(name, value)

    return run
