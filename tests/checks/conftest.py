"""Projects that are rehearsed side by side: each test asks for its own, the first starts its batch."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from object_access import checks
from object_access.checks import Bystanders
from object_access.checks.check import State
from object_access.handover.model import Handover
from object_access.rehearsal import bystanders, engine, provision
from object_access.rehearsal.cloud import Cloud
from object_access.rehearsal.environments import projects_of
from object_access.workspace import KEY, Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)
_NUMBERS = count(1)

# What becomes of one resource's inputs on their way to the cloud, for resources of these kinds.
Sabotage = tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """A project, and what is done to it before it is checked."""

    project: Mapping[str, Any]
    sabotage: Sabotage = ((), dict)
    behind: Callable[[Cloud, Handover], object] = lambda _cloud, _handover: None


@dataclass
class Batches:
    """Cases by their names; a batch is rehearsed when the first of its cases is asked for. Those
    beside the sample, if there is one, are left to `make thorough`, in batches of their own."""

    cases: Mapping[str, Case]
    sample: Collection[str] = ()
    size: int = 12
    _results: dict[str, list[checks.Result]] = field(default_factory=dict)

    def params(self) -> list[Any]:
        """All of them as parameters of a test."""
        return [
            pytest.param(name, marks=() if self._sampled(name) else pytest.mark.thorough)
            for name in self.cases
        ]

    def results(self, cloud: Cloud, name: str) -> list[checks.Result]:
        """What came of every check of that case."""
        if name not in self._results:
            batch = next(each for each in self._batches() if name in each)
            self._results |= together(cloud, {each: self.cases[each] for each in batch})
        return self._results[name]

    def _sampled(self, name: str) -> bool:
        return not self.sample or name in self.sample

    def _batches(self) -> Iterator[list[str]]:
        # The keys of a Swift account are the account's: there is one such project at a time.
        alone = [name for name, case in self.cases.items() if case.project.get("key") == "account"]
        yield from ([name] for name in alone)
        for sampled in (True, False):
            rest = [name for name in self.cases if self._sampled(name) is sampled]
            rest = [name for name in rest if name not in alone]
            yield from (rest[at : at + self.size] for at in range(0, len(rest), self.size))


def failed(results: list[checks.Result]) -> dict[str, str]:
    """The names of the checks that failed, and what they answered."""
    return {each.name: each.answer for each in results if each.state is State.FAILED}


def together(
    cloud: Cloud,
    cases: Mapping[str, Case],
    seen: Callable[[Bystanders], Bystanders] = lambda others: others,
) -> dict[str, list[checks.Result]]:
    """Rehearse projects in one environment, among those who are `seen`; every result by the case's
    name."""
    # Physical names hold the project's and the environment's: no run meets another's.
    named = {f"case{number:02}": name for number, name in enumerate(cases)}
    environment = f"test-{next(_NUMBERS)}"
    projects = {short: dict(cases[name].project) for short, name in named.items()}
    config = {KEY: {"namespace": "tests", "projects": projects}}
    bystanders.provide(
        cloud, [each.project for each in projects_of(WORKSPACE, environment, config)]
    )
    waiting = {short for short, name in named.items() if cases[name].sabotage[0]}
    real = provision.create

    def broken(cloud: Cloud, token: str, inputs: dict[str, Any]) -> Any:
        text = json.dumps(inputs)
        for short, name in named.items():
            kinds, change = cases[name].sabotage
            if token.rpartition(":")[2] in kinds and short in text:
                waiting.discard(short)
                inputs = change(deepcopy(inputs))
        return real(cloud, token, inputs)

    provision.create = broken
    try:
        made = engine.run(WORKSPACE, environment, config, cloud, lambda _: None)
    finally:
        provision.create = real
    assert not waiting, "nothing of these was changed"
    handed = bystanders.with_keys(cloud, made.handovers)
    others = bystanders.bystanders_of(cloud, handed)
    for short, name in named.items():
        cases[name].behind(cloud, handed[short])
    results = checks.run_checks(handed, cloud.target, seen(others))
    return {
        name: [each for each in results if each.project == short] for short, name in named.items()
    }
