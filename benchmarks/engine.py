"""What a stack of many projects costs on Pulumi's own engine, with the rehearsal's plugin: seconds
of CPU, size of the state, memory. Needs `pulumi` on PATH; the figures stand in docs/scale.md.

    python benchmarks/engine.py 1 10 100
"""

import json
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[1]


_T = TypeVar("_T")


def row(projects: int) -> str:
    """Figures for so many projects, each a bucket with its settings and a user with a key."""
    from object_access.rehearsal import engine, environments
    from object_access.rehearsal.cloud import starting
    from object_access.rehearsal.provider import Provider
    from object_access.workspace import KEY, Workspace

    workspace, name = Workspace.at(ROOT), f"scale-{projects}"
    listed = {f"p{number}": {"kind": "valohai-s3"} for number in range(projects)}
    config = {KEY: {"namespace": "benchmark", "protect": False, "projects": listed}}
    loaded = environments.projects_of(workspace, name, config)
    with starting() as soon:
        provider = Provider(soon.ready())
        with engine.deploying(workspace.name, name, provider, engine.PULUMI) as deployment:
            first, made = _timed(lambda: deployment.up(workspace, config, loaded))
            second, again = _timed(lambda: deployment.up(workspace, config, loaded))
            preview, _ = _timed(deployment.stack.preview)
            state = len(json.dumps(deployment.stack.export_stack().deployment))
            destroy, _ = _timed(deployment.destroy)
    if again.changes:
        sys.exit(f"a second up changed {len(again.changes)} resources")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures = (preview, first, second, destroy, state / 1e6)
    told = " | ".join(f"{each:.2f}" for each in figures)
    return f"| {projects} | {len(made.changes)} | {told} | {memory:.0f} |"


def _timed(call: Callable[[], _T]) -> tuple[float, _T]:
    """The seconds of CPU of Pulumi and the program: how busy the machine is does not matter, nor
    how long the plugin takes, which is in this process, nor the cloud, which is still running."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, made


def main(sizes: list[str]) -> int:
    """Print a row for each number of projects, or what is missing."""
    if not shutil.which("pulumi"):
        print("skipped: needs 'pulumi' on PATH")
        return 0
    print(
        "| projects | resources | preview | up | second up | destroy | state, MB | most memory, MiB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes or ["1", "10"]:
        print(row(int(size)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
