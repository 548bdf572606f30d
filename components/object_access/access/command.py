"""`object-access report`: from options to an exit code."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console

from ..workspace import Workspace
from . import difference, invariants, report, tables
from . import program as programs
from .difference import Change
from .program import Program
from .report import AccessReport

FORMATS = ("table", "json", "markdown", "html")
WIDTH = 128  # columns, where there is no terminal to ask


def run(folder: Path, environment: str, shape: str, against: str, output: Path | None) -> int:
    """Report; returns the exit code: 0; 1 where an invariant of the environment is broken; 3 where
    access is wider than it was in `against`. Raises ValueError where what was asked for cannot be
    done."""
    talk = Console(stderr=True, highlight=False)
    config: dict[str, Any] = {}
    try:
        _check(shape, against)
        workspace = Workspace.at(folder)
        config = workspace.config_of(environment) if workspace.known() else {}
        now, earlier = _both(workspace, environment, against)
        lines = [*invariants.broken(invariants.read(config), now)]
        if earlier is None:
            text, code = _report(now, shape), 0
        else:
            changes = difference.compare(earlier, now)
            text = _difference(environment, changes, against, shape)
            code = 3 if difference.widened(changes) else 0
        for line in lines:
            talk.print(f"broken: {line}", style="red", markup=False, soft_wrap=True)
        code = 1 if lines else code
        if output:
            output.write_text(text)
        else:
            sys.stdout.write(text)
    except Exception as error:  # noqa: BLE001 the program is the user's: anything may come
        raise ValueError(_told(error, config)) from None
    return code


def _check(shape: str, against: str) -> None:
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")
    if against and shape == "html":
        raise ValueError("a difference has no html, use table, json or markdown")


def _report(now: AccessReport, shape: str) -> str:
    if shape == "json":
        return report.to_json(now)
    if shape == "markdown":
        return tables.markdown(now)
    if shape == "html":
        from . import page  # brings a template engine, which nothing else needs

        return page.html(now)
    return _drawn(tables.table(now))


def _difference(environment: str, changes: list[Change], against: str, shape: str) -> str:
    if shape == "json":
        found = difference.data(environment, changes, against)
        return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if shape == "markdown":
        return difference.markdown(environment, changes, against)
    return _drawn(difference.table(environment, changes, against))


def _drawn(shown: Any) -> str:
    told = io.StringIO()
    terminal = sys.stdout.isatty()
    width = Console().width if terminal else WIDTH
    Console(file=told, width=width, force_terminal=terminal).print(shown)
    return told.getvalue()


# --- what is run, and what it is compared with ---


def _both(
    workspace: Workspace, environment: str, against: str
) -> tuple[AccessReport, AccessReport | None]:
    """Today's report, and the one to compare it with; two programs run side by side."""
    if not against:
        return report.build(environment, _run(workspace.folder, environment)), None
    if Path(against).is_file():
        earlier = _read(Path(against), environment)
        return _numbered_alike(environment, _run(workspace.folder, environment), earlier)
    with (
        tempfile.TemporaryDirectory(prefix="object-access-") as folder,
        ThreadPoolExecutor() as pool,
    ):
        then = Path(against)
        if not then.is_dir():
            then = Path(folder)
            check_out(workspace.folder, against, then)
        running = pool.submit(_run, workspace.folder, environment)
        old = _run(then, environment, against)
        now = running.result()
    return _numbered_alike(environment, now, report.build(environment, old))


def _numbered_alike(
    environment: str, now: Program, earlier: AccessReport
) -> tuple[AccessReport, AccessReport]:
    """Both reports, with one number for the account that neither program writes itself."""
    if now.account != earlier.evidence.account:
        given = (json.dumps(now), now.account), (report.to_json(earlier), earlier.evidence.account)
        text, was = programs.renumbered(*given)
        now, earlier = programs.read(text), report.from_json(was)
    return report.build(environment, now), earlier


def _run(folder: Path, environment: str, against: str = "") -> Program:
    """What a program declares; nothing where it knows no such environment."""
    try:
        return programs.declared_at(folder.resolve(), environment) or Program([])
    except RuntimeError as error:
        what = f"the program at '{against}'" if against else "the program"
        raise ValueError(f"{what} does not run: {error}") from None


def _read(file: Path, environment: str) -> AccessReport:
    """An earlier report, from its JSON."""
    try:
        found = report.from_json(file.read_text())
    except ValueError as error:
        raise ValueError(
            f"'{file}' cannot be compared with: {error}; make one with --format json"
        ) from None
    if found.environment != environment:
        raise ValueError(f"'{file}' is of environment '{found.environment}', not '{environment}'")
    return found


def check_out(root: Path, ref: str, folder: Path) -> None:
    """The project as it was at a git ref, without touching the work tree. Raises ValueError."""
    named = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if named.returncode:
        raise ValueError(
            f"'{ref}' is neither a file, nor a folder, nor a commit that git knows here"
        )
    packed = _git(root, "archive", "--format=tar", named.stdout.decode().strip())
    if packed.returncode:
        raise ValueError(f"git could not give '{ref}': {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(folder, filter="data")


def _git(root: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    git = shutil.which("git")
    if git is None:
        raise ValueError("git is not installed, compare with a file of --format json")
    return subprocess.run([git, *arguments], cwd=root, capture_output=True, check=False)


# --- what must not be told ---


def _told(error: BaseException, config: Mapping[str, Any]) -> str:
    """An error in one line, without the secrets of the settings."""
    said = " ".join(str(error).split()) or "it ended without a word"
    if type(error) not in (ValueError, TypeError, LookupError, RuntimeError, OSError):
        said = f"{type(error).__name__}: {said}"
    for secret in _secrets(config):
        said = said.replace(secret, "••••••••")
    return said


def _secrets(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = [str(value["external_id"])] if value.get("external_id") else []
    return found + [secret for each in value.values() for secret in _secrets(each)]
