"""What a platform team waits for: from an empty environment to a typed `import object_access`, and
for the command's `--help`. Seconds of downloads depend on the network, so a cache is used as it is.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"
SECONDS, MEGABYTES = 15, 60
HELP, HELP_RATIO = 0.15, 12
ROUNDS = 9
# What is Pulumi's own, by the name of its distribution, and what only that needs.
OURS = """
import json, re
from importlib import metadata

def name(text):
    return re.match(r"[\\w.-]+", text)[0].lower().replace("_", "-")

def needed(roots):
    found = set()
    while roots:
        each = roots.pop()
        if each not in found:
            found.add(each)
            roots |= {name(r) for r in metadata.requires(each) or () if "extra ==" not in r} & there
    return found

def size(each):
    paths = (file.locate() for file in metadata.files(each) or ())
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6

there = {name(each.name) for each in metadata.distributions()}
theirs = needed({each for each in there if each.startswith("pulumi")})
print(json.dumps({each: size(each) for each in there - theirs}))
"""


def timed(call: Callable[[], object]) -> float:
    """The seconds that it takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def run(*command: object) -> str:
    """What it prints; it must succeed."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True).stdout


def install(folder: Path) -> bool:
    """An empty environment, the library in it, and its types; whether all keeps to the limits."""
    python = folder / "venv/bin/python"

    def everything() -> None:
        run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
        run(UV, "pip", "install", "--quiet", "--python", python, ROOT)
        run(python, "-c", "from object_access import Access, AccessUser, PrivateBucket")

    seconds = timed(everything)
    assert list((folder / "venv").rglob("object_access/py.typed"))
    sizes = json.loads(run(python, "-c", OURS))
    most = sorted(sizes, key=sizes.__getitem__, reverse=True)[:4]
    told = ", ".join(f"{each} {sizes[each]:.1f}" for each in most)
    total = sum(sizes.values())
    print(f"installed and imported in {seconds:.1f} s (at most {SECONDS})")
    print(f"{total:.0f} MB beside Pulumi's own packages (at most {MEGABYTES}): {told}")
    return seconds <= SECONDS and total <= MEGABYTES


def help_() -> bool:
    """The command's help beside a Python that does nothing; CPU time, as the machine is shared."""
    program = Path(sys.executable).parent / "object-access"

    def cpu(*command: object) -> float:
        before = os.times()
        run(*command)
        after = os.times()
        own = after.children_user + after.children_system
        return own - before.children_user - before.children_system

    run(program, "--help")
    pairs = [(cpu(program, "--help"), cpu(sys.executable, "-c", "pass")) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = ours / max(bare, 0.01)  # the clock ticks in hundredths
    print(f"--help: {ours:.2f} s of CPU (at most {HELP})")
    print(f"{ratio:.0f} times a bare Python (at most {HELP_RATIO})")
    return ours <= HELP and ratio <= HELP_RATIO


def main() -> int:
    """Fails above a limit."""
    with tempfile.TemporaryDirectory(prefix="object-access-") as folder:
        good = install(Path(folder))
    return not (help_() and good)


if __name__ == "__main__":
    sys.exit(main())
