"""detect-secrets finds no secret in what git tracks, and would find one."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..ranges import tracked
from ..stacks.conftest import ROOT

PROGRAM = ROOT / ".venv/scanners/bin/detect-secrets"
# What guesses by entropy, or by words such as `password`, finds our examples, and nothing else.
GUESSES = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector")
WAIVED = {
    "docs/formats.md": {"AWS Access Key"},  # the one in all of AWS's examples
    "docs/formats.py": {"AWS Access Key"},  # the one in all of AWS's examples
    "tests/stores/test_gate_sessions.py": {"AWS Access Key"},  # of nobody
    "tests/stores/test_gate_signatures.py": {"AWS Access Key"},  # of nobody
    "tests/test_names.py": {"Basic Auth Credentials"},  # in endpoints that are refused
}
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="needs `make scanners`")


def found(folder: Path, files: list[str]) -> dict[str, set[str]]:
    """The kinds of secrets in each of these files."""
    without = [word for each in GUESSES for word in ("--disable-plugin", each)]
    done = subprocess.run(
        [PROGRAM, "scan", *without, *files], cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    results = json.loads(done.stdout)["results"]
    return {name: {each["type"] for each in listed} for name, listed in results.items()}


def private_key() -> str:
    """One of nobody, in PEM."""
    made = ec.generate_private_key(ec.SECP256R1())
    shape = serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(
        serialization.Encoding.PEM, shape, serialization.NoEncryption()
    ).decode()


@pytest.mark.thorough
def test_no_secret_is_tracked():
    """But for examples, each of which is still there."""
    files = [name for name in tracked() if not name.endswith(".lock")]

    assert found(ROOT, files) == WAIVED


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("AWS Access Key", lambda: f"key = AKIA{secrets.token_hex(8).upper()}"),
        ("GitHub Token", lambda: f"token: ghp_{secrets.token_hex(18)}"),
        ("Private Key", private_key),
        ("PyPI Token", lambda: f"pypi-AgEIcHlwaS5vcmc{secrets.token_hex(40)}"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_planted_secret_is_found(tmp_path, kind, line):
    """Made at run time, so that no scanner of yours stumbles over this file."""
    (tmp_path / "settings.yaml").write_text(line() + "\n")

    assert kind in found(tmp_path, ["settings.yaml"])["settings.yaml"]
