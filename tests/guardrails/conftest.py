"""What the shipped environments declare, as the engine would describe it."""

import pytest
import yaml
from pulumi.runtime import rpc

from guardrails.rules import Resource
from rehearsal.environments import FOLDER

from ..stacks.conftest import program, unlooked  # noqa: F401  fixtures

ENVIRONMENTS = sorted(path.name.split(".")[1] for path in FOLDER.glob("Pulumi.*.yaml"))


def plain(value):
    """The value without its marks of secrecy."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


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
