"""What the shipped environments declare, as the engine would describe it."""

import pytest

from guardrails.rules import Resource
from object_access.rehearsal.engine import plain
from object_access.workspace import Workspace

from ..stacks.conftest import ROOT, program, unlooked  # noqa: F401  fixtures

WORKSPACE = Workspace.at(ROOT)
# But for the consumers' examples: some vendors document what the guardrails refuse on purpose, such as
# pages of any origin that write, or a role without an external ID; and but for what CI deploys with,
# whose roles make what has no name yet, so that its places are patterns.
ENVIRONMENTS = [each for each in WORKSPACE.known() if each not in ("consumers", "pipeline")]


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
        config = WORKSPACE.config_of(environment)
        program(config["object-access:environment"], stack=environment)
        return described(environment)

    return run
