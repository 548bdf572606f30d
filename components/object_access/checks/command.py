"""`object-access check`: try a hand-over where it points, on a real cloud too."""

import json
from pathlib import Path

from rich.console import Console

from ..handover import source
from ..handover.model import Handover, Role
from ..names import check_endpoint
from . import Bystanders, Target, report, run_checks


def run(
    project: str,
    file: str,
    stack: str,
    program: Path,
    endpoint: str,
    ca_bundle: str,
    profile: str,
    shape: str,
) -> int:
    """Check a project; returns the exit code: 0 where all that was tried is as promised, 1 where
    something is not, 2 where nothing was tried. Raises ValueError where it cannot be."""
    talk = Console(stderr=True, highlight=False)
    if endpoint:
        check_endpoint(endpoint)
    handover = source.pick(source.load(file, stack, program), project)
    bystanders = _trusted(handover, profile)
    handover = source.with_keys(handover, "" if bystanders.trusted else profile)
    target = Target(endpoint=endpoint or None, ca_bundle=ca_bundle or None)
    with talk.status("trying") as status:
        results = run_checks(
            {project: handover}, target, bystanders, lambda result: status.update(f"{result}")
        )
    if shape == "json":
        print(json.dumps(report.data(results), indent=2, ensure_ascii=False))
    elif shape == "markdown":
        print(report.markdown(results))
    else:
        console = Console()
        console.print(report.table(results, console.width))
    talk.print(report.summary(results))
    return report.exit_code(results)


def _trusted(handover: Handover, profile: str) -> Bystanders:
    """With the keys of the profile as those of whom the project's roles trust."""
    roles = [each.how for each in handover.holders.values() if isinstance(each.how, Role)]
    if not profile or not roles:
        deployer = source.keys_of("") if roles else None
        return Bystanders(deployer=deployer, owner=source.openrc())
    keys = source.keys_of(profile)
    if keys is None:
        raise ValueError(
            f"profile '{profile}' has no keys, run 'aws configure --profile {profile}'"
        )
    return Bystanders(trusted={who: keys for role in roles for who in role.trusted})
