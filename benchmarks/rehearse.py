"""How long a whole rehearsal takes, against what it is allowed to."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST = 6.0  # seconds, on two cores
ROUNDS = 5


def seconds() -> float:
    """One rehearsal, from the command to its prompt."""
    command = [sys.executable, "-m", "rehearsal", "--engine", "in-process"]
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> int:
    """Print the median and its share of the limit; fail above it."""
    seconds()  # so that everything is compiled
    took = statistics.median(seconds() for _ in range(ROUNDS))
    print(f"a rehearsal takes {took:.1f} s: {took / MOST:.2f} of the {MOST:.0f} s it may")
    return took > MOST


if __name__ == "__main__":
    sys.exit(main())
