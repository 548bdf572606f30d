"""1,000 Valohai projects in one program: time and memory per project against those at 100.

The engine is left out: every resource is answered at once, so that what is measured is ours.
"""

import json
import resource
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MOST = 1.1
ARN = "arn:aws:iam::123456789012:user/x"  # of everything that has one


def measure(projects: int) -> tuple[float, float]:
    """Seconds and KiB of memory per project, of a program with so many, in this process."""
    sys.path.insert(0, str(ROOT))
    import pulumi

    class Instant(pulumi.runtime.Mocks):
        """Answers at once."""

        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            return args.name, args.inputs | {"arn": ARN, "uniqueId": "AIDA"}

        def call(self, _: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
            return {"outputs": {}}, None  # of a stack that holds nothing yet

    def environment(count: int, prefix: str) -> str:
        project = {"kind": "valohai-s3", "multipart": True}
        listed = {f"{prefix}-{number}": project for number in range(count)}
        return json.dumps({"namespace": "benchmark", "projects": listed})

    def run(count: int, prefix: str) -> None:
        pulumi.runtime.set_all_config({"object-access:environment": environment(count, prefix)})

        @pulumi.runtime.test  # type: ignore[untyped-decorator]
        def program() -> None:
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")  # as Pulumi does

        program()

    pulumi.runtime.set_mocks(Instant(), "object-access", "dev", preview=False)
    run(1, "warm")  # modules, caches, threads; more would leave memory to fill again
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    run(projects, "project")
    took = time.process_time() - began
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return took / projects, used / projects


def in_own_process(projects: int) -> tuple[float, float]:
    """The better of two measurements, each in a process of its own."""
    command = [sys.executable, __file__, str(projects)]
    runs = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)]
    times, sizes = zip(*(json.loads(run) for run in runs), strict=True)
    return min(times), min(sizes)


def main() -> int:
    """Print both ratios; fail where one is above the limit."""
    few, many = in_own_process(100), in_own_process(1_000)
    worst = 0.0
    for what, unit, factor, index in (("time", "ms", 1_000, 0), ("memory", "KiB", 1, 1)):
        ratio = many[index] / few[index]
        worst = max(worst, ratio)
        print(
            f"{what} per project: {few[index] * factor:.1f} {unit} at 100, "
            f"{many[index] * factor:.1f} {unit} at 1,000: ratio {ratio:.2f} (at most {MOST})"
        )
    return worst > MOST


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        sys.exit(main())
