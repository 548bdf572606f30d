"""The access report of 1,000 projects: seconds and memory to judge them and write the report.

What Pulumi's SDK takes to run a program of so many is left out: `scale.py` measures it.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from object_access.access import page, report, tables
from object_access.access.program import Declared, Program, declared

ROOT = Path(__file__).parent.parent
PROJECTS = 1_000
SECONDS, MEGABYTES = 5.0, 300
NAME = "p0000"


def program(projects: int) -> Program:
    """What a program with so many projects declares: one of them, under other names."""
    project = {NAME: {"kind": "valohai-s3", "multipart": True}}
    body = {"namespace": "benchmark", "projects": project}
    one = json.dumps(declared(ROOT, "dev", {"object-access:environment": body}).resources)
    texts = (one.replace(NAME, f"p{number:04}") for number in range(projects))
    return Program([Declared(*each) for text in texts for each in json.loads(text)])


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What came of it, and the seconds of one core."""
    began = time.process_time()
    return work(), time.process_time() - began


def main() -> int:
    """Print both; fail where one is above the limit."""
    given = program(PROJECTS)
    found, judged = timed(lambda: report.build("dev", given))
    writing = {
        shape.__name__: timed(lambda shape=shape: shape(found))[1]
        for shape in (report.to_json, tables.markdown, page.html)
    }
    took = judged + max(writing.values())
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{PROJECTS:,} projects: judged in {judged:.1f} s, written in", end=" ")
    print(", ".join(f"{seconds:.1f} s ({name})" for name, seconds in writing.items()))
    print(f"{took:.1f} s (at most {SECONDS}), {used:.0f} MB (at most {MEGABYTES})")
    return took > SECONDS or used > MEGABYTES


if __name__ == "__main__":
    sys.exit(main())
