"""docs/ci.md says what the workflows do, and what a pipeline prints is what they read."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from stacks import pipeline, settings

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/ci.md").read_text()
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
JOBS = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
ENVIRONMENTS = {
    job["environment"].replace("${{ matrix.environment }}", "dev")
    for job in JOBS
    if "environment" in job
} - {"pypi"}  # of the maintainers alone


@pytest.fixture(scope="module")
def project():
    """The pipeline of the guide, as it loads."""
    [text] = [
        each for each in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if "kind:" in each
    ]
    body = yaml.safe_load(text)["config"]["object-access:environment"]
    [loaded] = settings.load(SimpleNamespace(get_object=lambda _: body), "pipeline")
    return loaded.project


def test_the_guide_names_the_environments_and_the_required_checks():
    """All of those that the workflows use."""
    assert set(re.findall(r"^\| `([\w-]+)`", GUIDE, flags=re.MULTILINE)) == ENVIRONMENTS
    checks = re.findall(r"\*([^*\n]+)\*", GUIDE.partition("the checks")[2].partition(".")[0])
    assert len(checks) == 3
    assert set(checks) <= {job["name"] for job in JOBS}


def test_what_a_pipeline_prints_is_what_the_workflows_read(project):
    """Every variable, and a role for every environment that has one."""
    texts = "".join(path.read_text() for path in WORKFLOWS)
    printed = pipeline.form(project)["fields"]

    variables = {each.removeprefix("Variable ") for each in printed if each.startswith("Variable ")}
    assert variables | {"AWS_ROLE"} == set(re.findall(r"vars\.(\w+)", texts))
    with_role = re.findall(r"Environment (dev[\w-]*): AWS_ROLE", "\n".join(printed))
    assert {*with_role} == ENVIRONMENTS


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_tokens_of_these_environments_are_the_ones_that_are_trusted(project, environment):
    """As GitHub writes them: of the environment that a job names."""
    of = f"repo:my-org/my-repo:environment:{environment}"

    assert project.subjects(environment, deploys=True) == (of,)
    assert project.subjects(environment, deploys=False) == (f"{of}-preview", f"{of}-drift")
