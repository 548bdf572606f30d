"""Bucket, user, key and policy of a project: ours against s3-credentials on the same embedded AWS.

Theirs is one command a project, as its manual has it; ours is one program for all of them. Ours
sets eight things on every bucket that theirs leaves alone. Both count from the command to its end.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
MOST = 0.8
PROJECTS = 10


def ours(described: dict[str, Any], run: int) -> None:
    """Declare and create all projects; runs in a process of its own."""
    from object_access.rehearsal import engine
    from object_access.rehearsal.cloud import Cloud
    from object_access.workspace import Workspace

    project = {"kind": "mountpoint", "holder": "key", "access": "delete", "prefix": "data/"}
    projects = {f"project-{number}": project for number in range(PROJECTS)}
    config = {"object-access:environment": {"namespace": "benchmark", "projects": projects}}
    done = engine.run(Workspace.at(ROOT), f"run-{run}", config, Cloud(described), lambda _: None)
    if len(done.handovers) != PROJECTS:
        sys.exit(f"{len(done.handovers)} projects instead of {PROJECTS}")


def main() -> int:
    """Print the seconds for a project and the ratio; fail above the limit."""
    from object_access.rehearsal.cloud import starting

    with starting() as soon:
        cloud = soon.ready()
        region = {"AWS_DEFAULT_REGION": cloud.region}
        environment = {"PATH": os.environ["PATH"], **cloud.environment(), **region}

        def our_seconds(run: int) -> float:
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, __file__, str(run)],
                cwd=ROOT, check=True, text=True, input=json.dumps({"aws": cloud.aws}),
                env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
            return time.perf_counter() - began

        def their_seconds(run: int) -> float:
            command = [str(Path(sys.executable).with_name("s3-credentials")), "create"]
            options = ["-c", "--bucket-region", "eu-west-1", "--silent", "--prefix", "data/*"]
            began = time.perf_counter()
            for number in range(PROJECTS):
                name = f"theirs-{run}-{number}"
                subprocess.run(
                    [*command, name, *options, "--user-permissions-boundary", "none"],
                    env=environment, check=True, capture_output=True,
                )  # fmt: skip
            return time.perf_counter() - began

        our_seconds(0)  # so that everything is compiled
        their_seconds(0)
        pairs = [(our_seconds(run), their_seconds(run)) for run in (1, 2, 3)]
    mine, peer = (min(times) / PROJECTS for times in zip(*pairs, strict=True))
    print(f"seconds for a project: ours {mine:.2f}, s3-credentials {peer:.2f}")
    print(f"ratio {mine / peer:.2f} (at most {MOST})")
    return mine / peer > MOST


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ours(json.load(sys.stdin), int(sys.argv[1]))
    else:
        sys.exit(main())
