"""What the shipped environments declare, as the engine would describe it."""

import pytest
import yaml

from guardrails.rules import Resource
from rehearsal.engine import plain
from rehearsal.environments import FOLDER

from ..stacks.conftest import program, unlooked  # noqa: F401  fixtures

ENVIRONMENTS = sorted(path.name.split(".")[1] for path in FOLDER.glob("Pulumi.*.yaml"))


@pytest.fixture
def described(paper):
    """What was declared, with what the cloud of paper answered."""

    def describe(stack: str = "dev") -> list[Resource]:
        resources = []
        for token, name, inputs in paper.declared:
            identifier, properties = paper._answer(token, name, plain(inputs))
            urn = f"urn:pulumi:{stack}::object-access::{token}::{name}"
            resources.append(Resource(token, {"id": identifier, **properties}, name, urn))
        return resources

    return describe


@pytest.fixture
def emitted(program, paper, described, unlooked):  # noqa: F811
    """Everything that a shipped environment declares."""

    def run(environment: str) -> list[Resource]:
        paper.declared.clear()  # of an environment before
        config = yaml.safe_load((FOLDER / f"Pulumi.{environment}.yaml").read_text())["config"]
        program(config["object-access:environment"], stack=environment)
        return described(environment)

    return run
