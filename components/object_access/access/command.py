"""`object-access report`: from options to an exit code."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import names
from ..workspace import KEY, Workspace
from . import difference, invariants, report, tables
from . import program as programs
from .difference import Change
from .program import Program
from .report import AccessReport

Spaces = Sequence[Workspace]
"""Of programs that are judged together, in the order in which they are deployed."""
FORMATS = ("table", "json", "markdown", "html")
WIDTH = 128  # columns, where there is no terminal to ask


def run(
    folders: Sequence[Path],
    environment: str,
    shape: str,
    against: str,
    output: Path | None,
    *,
    live: bool = False,
) -> int:
    """Report; returns the exit code: 0; 1 where an invariant of the environment is broken; 3 where
    access is wider than it was in `against`, or than the program says where it is `live`, or where
    that cannot be judged. Raises ValueError where what was asked for cannot be done."""
    talk = Console(stderr=True, highlight=False)
    configs: list[dict[str, Any]] = []
    try:
        _check(shape, against, live=live)
        spaces = [Workspace.at(each) for each in folders]
        known = [each for each in spaces if environment in each.known()]
        if not known and any(each.known() for each in spaces):
            known = spaces  # which say that there is no such environment
        configs = [each.config_of(environment) for each in known]
        rules = [rule for each in configs for rule in invariants.read(each)]
        changes: list[Change] | None
        if live:
            trusted = [arn for each in configs for arn in _administrators(each)]
            now, changes = _live(spaces, environment, trusted)
            text = _beside(environment, now, changes or [], shape)
        else:
            now, changes = _compared(spaces, environment, against)
            text = (
                _report(now, shape)
                if changes is None
                else _difference(environment, changes, against, shape)
            )
        code = 3 if difference.widened(changes or []) else 0
        lines = [*invariants.broken(rules, now)]
        for line in lines:
            talk.print(f"broken: {line}", style="red", markup=False, soft_wrap=True)
        code = 1 if lines else code
        if output:
            output.write_text(text)
        else:
            sys.stdout.write(text)
    except Exception as error:  # noqa: BLE001 the program is the user's: anything may come
        raise ValueError(_told(error, configs)) from None
    return code


def _check(shape: str, against: str, *, live: bool) -> None:
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")
    if against and live:
        raise ValueError("--live compares with the program itself, leave --against out")
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


def _live(
    spaces: Spaces, environment: str, administrators: Sequence[str]
) -> tuple[AccessReport, list[Change] | None]:
    from . import live  # brings boto3, which a report from a program alone needs not

    return live.look(environment, _run(_folders(spaces), environment), administrators)


def _administrators(config: Mapping[str, Any]) -> list[str]:
    """Who administers the account, by an environment's settings. Raises ValueError for what is no
    user or role, patterns of them included."""
    body = config.get(KEY)
    given = body.get("administrators", []) if isinstance(body, dict) else []
    if not isinstance(given, list):
        raise ValueError("administrators must be a list of ARNs of users and roles")
    return [names.check_member(each) for each in given]


def _compared(
    spaces: Spaces, environment: str, against: str
) -> tuple[AccessReport, list[Change] | None]:
    now, earlier = _both(spaces, environment, against)
    return now, None if earlier is None else difference.compare(earlier, now)


def _beside(environment: str, now: AccessReport, changes: list[Change], shape: str) -> str:
    """In what the account differs from the program, and who reaches what there."""
    if shape == "html":
        return _report(now, shape)
    if shape == "json":
        found = {**difference.data(environment, changes, "the program"), "account": now.account}
        found["report"] = report.to_data(now)
        return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return "\n".join([_difference(environment, changes, "", shape), _report(now, shape)])


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
    spaces: Spaces, environment: str, against: str
) -> tuple[AccessReport, AccessReport | None]:
    """Today's report, and the one to compare it with; two programs run side by side."""
    if not against:
        return report.build(environment, _run(_folders(spaces), environment)), None
    if Path(against).is_file():
        earlier = _read(Path(against), environment)
        return _numbered_alike(environment, _run(_folders(spaces), environment), earlier)
    with (
        tempfile.TemporaryDirectory(prefix="object-access-") as folder,
        ThreadPoolExecutor() as pool,
    ):
        then = [Path(against)]
        if not then[0].is_dir():
            then = [check_out(each.folder, against, Path(folder) / str(number))
                    for number, each in enumerate(spaces)]  # fmt: skip
        elif len(spaces) > 1:
            raise ValueError(
                "a folder holds one program: several are compared with a git ref of all of them, "
                "or with the file that --format json has made of them"
            )
        running = pool.submit(_run, _folders(spaces), environment)
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


def _folders(spaces: Spaces) -> list[Path]:
    return [each.folder for each in spaces]


def _run(folders: Sequence[Path], environment: str, against: str = "") -> Program:
    """What programs declare; nothing where they know no such environment."""
    try:
        there = [each.resolve() for each in folders if (each / "Pulumi.yaml").exists()]
        return (programs.declared_at(there, environment) if there else None) or Program([])
    except RuntimeError as error:
        if against and any(_looks(each) for each in folders):
            raise ValueError(
                f"the program at '{against}' is older than {programs.LOOK}, it asks its cloud when "
                f"it starts ({error}): compare with a newer one, or with a report in JSON"
            ) from None
        what = f"the program at '{against}'" if against else "the program"
        raise ValueError(f"{what} does not run: {error}") from None


def _looks(folder: Path) -> bool:
    """Whether it is a state of Object Access whose program always looks at its cloud first."""
    files = [*(folder / "stacks").glob("*.py"), *(folder / "components").rglob("*.py")]
    return bool(files) and not any(programs.LOOK in each.read_text() for each in files)


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


def check_out(root: Path, ref: str, folder: Path) -> Path:
    """The project as it was at a git ref, without touching the work tree: where it is now. Raises
    ValueError."""
    named = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if named.returncode:
        raise ValueError(
            f"'{ref}' is neither a file, nor a folder, nor a commit that git knows here"
        )
    below = _git(root, "rev-parse", "--show-prefix").stdout.decode().strip()
    folder.mkdir(parents=True, exist_ok=True)
    # With an index of its own; an archive would leave out what attributes say.
    with tempfile.TemporaryDirectory(prefix="object-access-") as index:
        own = {"GIT_INDEX_FILE": str(Path(index) / "index")}
        for command in (
            ("read-tree", f"{named.stdout.decode().strip()}:{below}"),
            ("-C", _top(root), "checkout-index", "--all", f"--prefix={folder.resolve()}/"),
        ):
            done = _git(root, *command, **own)
            if done.returncode:
                raise ValueError(f"git could not give '{ref}': {done.stderr.decode().strip()}")
    return folder


def _top(root: Path) -> str:
    return _git(root, "rev-parse", "--show-toplevel").stdout.decode().strip()


def _git(root: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    git = shutil.which("git")
    if git is None:
        raise ValueError("git is not installed, compare with a file of --format json")
    command, env = [git, *arguments], {**os.environ, **variables}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, check=False)


# --- what must not be told ---


def _told(error: BaseException, configs: Sequence[Mapping[str, Any]]) -> str:
    """An error in one line, without the secrets of the settings."""
    said = " ".join(str(error).split()) or "it ended without a word"
    if type(error) not in (ValueError, TypeError, LookupError, RuntimeError, OSError):
        said = f"{type(error).__name__}: {said}"
    for secret in (secret for each in configs for secret in _secrets(each)):
        said = said.replace(secret, "••••••••")
    return said


def _secrets(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = [str(value["external_id"])] if value.get("external_id") else []
    return found + [secret for each in value.values() for secret in _secrets(each)]
