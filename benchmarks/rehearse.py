"""How long a whole rehearsal takes, against what it is allowed to."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
GUIDES = ROOT / "stacks/environments/Pulumi.guides.yaml"
KEY = "object-access:environment"
ROUNDS = 5
# Which kinds of the guides' projects, and the seconds that they may take on two cores.
LIMITS = {"every row": ("", 18.0), "every row of S3": ("valohai-swift", 12.0)}


def seconds(folder: str) -> float:
    """One rehearsal, from the command to its prompt."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "object_access", "rehearse", "--engine", "in-process"]
    command += ["--environment", "guides"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> int:
    """Print the medians and their shares of the limits; fail above one."""
    failed = False
    for what, (without, most) in LIMITS.items():
        config = yaml.safe_load(GUIDES.read_text())
        projects = config["config"][KEY]["projects"]
        config["config"][KEY]["projects"] = {
            name: project for name, project in projects.items() if project["kind"] != without
        }
        with tempfile.TemporaryDirectory() as folder:
            for part in ("Pulumi.yaml", "__main__.py"):
                (Path(folder) / part).symlink_to(ROOT / part)
            shutil.copytree(ROOT / "stacks", Path(folder) / "stacks")
            (Path(folder) / GUIDES.relative_to(ROOT)).write_text(yaml.safe_dump(config))
            seconds(folder)  # so that everything is compiled
            took = statistics.median(seconds(folder) for _ in range(ROUNDS))
        print(
            f"{what}: a rehearsal takes {took:.1f} s, {took / most:.2f} of the {most:.0f} s it may"
        )
        failed = failed or took > most
    return failed


if __name__ == "__main__":
    sys.exit(main())
