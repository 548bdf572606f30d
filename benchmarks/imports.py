"""What `import object_access` costs, as a ratio of the pulumi_aws modules that it uses anyway."""

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST = 1.15
ROUNDS = 9
TIMED = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
OURS = "from object_access import AccessUser, MultipartUploadRole, PrivateBucket"
THEIRS = "import pulumi, pulumi_aws as aws; aws.s3.Bucket, aws.iam.User"


def seconds(code: str) -> float:
    """How long the code takes in a process of its own."""
    command = [sys.executable, "-c", TIMED.format(code)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def main() -> int:
    """Print both medians and the ratio; fail above the limit."""
    seconds(OURS)  # so that everything is compiled
    pairs = [(seconds(OURS), seconds(THEIRS)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"import object_access: {ours:.2f} s, the modules it uses: {theirs:.2f} s")
    print(f"ratio {ours / theirs:.2f} (at most {MOST})")
    return ours / theirs > MOST


if __name__ == "__main__":
    sys.exit(main())
