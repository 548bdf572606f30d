"""Whether a tag may be released: `.ci/version.py v1.2.3` fails where pyproject.toml has another
version, or CHANGELOG.md has no heading `## 1.2.3 - 2026-01-31` below an empty `## Unreleased`."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Semantic Versioning 2.0.0, without metadata of builds, which PyPI refuses.
SEMANTIC = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"


def wrong(tag: str, version: str, changelog: str) -> str:
    """Why the tag may not be released, or nothing."""
    if not re.fullmatch(SEMANTIC, version):
        return f"version '{version}' in pyproject.toml is not semantic: MAJOR.MINOR.PATCH"
    if tag != f"v{version}":
        return f"tag '{tag}' is not the version in pyproject.toml: v{version}"
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        return f"CHANGELOG.md has no heading '## {version} - YEAR-MONTH-DAY'"
    unreleased = re.search(r"^## Unreleased\n(.*?)^## ", changelog, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        return "CHANGELOG.md still has something under 'Unreleased'"
    return ""


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sys.exit(wrong(sys.argv[1], project["version"], (ROOT / "CHANGELOG.md").read_text()) or None)
