"""Run the real program on the paper cloud."""

import gc
import json
import runpy
from pathlib import Path

import pytest
from pulumi.runtime import get_root_resource

from stacks import openstack

ROOT = Path(__file__).parents[2]


@pytest.fixture
def unlooked(monkeypatch):
    """Without a look at the OpenStack first."""
    monkeypatch.setattr(openstack, "check", lambda project: None)


@pytest.fixture
def program(declare):
    """Run the unmodified `__main__.py` for an environment; gives its hand-overs."""

    def run(environment: dict, stack: str = "dev") -> dict:
        def main() -> dict:
            try:
                runpy.run_path(str(ROOT / "__main__.py"))
            finally:
                gc.enable()
            return dict(get_root_resource().outputs)

        config = {"object-access:environment": json.dumps(environment)}
        return declare(main, config, stack)

    return run
