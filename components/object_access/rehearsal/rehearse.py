"""One rehearsal from beginning to end."""

import json
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ..workspace import Workspace
from .cloud import Cloud, starting
from .environments import check_readable, needs_of, projects_of

if TYPE_CHECKING:
    from stacks.settings import Loaded

    from ..checks import Result
    from ..handover.model import Handover
    from .engine import Run
    from .passage import Passage

_HERE = str(Path(__file__).parents[3])
# Errors that are raised for people to read, Pulumi's own among them.
_PATIENCE = 20  # seconds for `pulumi version`
_MEANT = ("LookupError", "RunError", "RuntimeError", "TypeError", "ValueError")


@dataclass(frozen=True)
class _State:
    """A state of the project, and what it wants of an environment."""

    workspace: Workspace
    config: dict[str, Any]
    projects: "list[Loaded]"


def rehearse(
    folder: Path,
    environment: str,
    shape: str,
    *,
    keep: bool = False,
    show_secrets: bool = False,
    every: bool = False,
    engine: str = "auto",
    since: str = "",
) -> int:
    """Rehearse an environment, or the only one that there is; with `since` the way to it from what
    a git ref or folder makes of it. Returns the exit code: 0 where every check is as promised, 1
    where one is not or the program failed, 2 where what was asked for cannot be done or nothing was
    tried."""
    talk = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="object-access-") as then, ExitStack() as opened:
        try:
            workspace = Workspace.at(folder)
            environment = workspace.choose(environment)
            engine = _chosen(engine, talk)
            now = _state(workspace, workspace, environment, engine)
            past = _past(workspace, environment, engine, since, Path(then)) if since else None
        except ValueError as error:
            return _failed(talk, str(error), shape)
        began = time.perf_counter()
        needs = needs_of(workspace, [*now.projects, *(past.projects if past else ())])
        cloud_to_be = opened.enter_context(
            starting(needs.accounts, compatible=needs.compatible, swift=needs.swift)
        )
        # The embedded cloud starts in its own process while this one imports Pulumi.
        from ..checks import report as checks_report
        from .report import Outcome

        try:
            cloud = cloud_to_be.ready()
        except RuntimeError as error:
            return _failed(talk, str(error), shape)
        talk.print(
            f"the embedded AWS answers after {time.perf_counter() - began:.1f} s", style="dim"
        )
        try:
            found = _rehearsed(talk, cloud, environment, engine, now, past, since)
        except Exception as error:  # noqa: BLE001 the program is the user's: anything may come
            return _failed(talk, cloud.without_secrets(_told(error)), shape, code=1)
        Outcome(environment, *found, show_secrets).write(shape, every=every)
        _, _, results, passage = found
        code = checks_report.exit_code(results) or int(bool(passage and passage.broken))
        took = f"after {time.perf_counter() - began:.1f} s"
        if shape != "table":  # which ends with it
            took = f"{checks_report.summary(results)} {took}"
        talk.print(took, style="red" if code else "green", markup=False, soft_wrap=True)
        if not found[1]:
            talk.print(
                "nothing is handed over, so nothing was tried: export what "
                "object_access.handover.hand_over makes",
                soft_wrap=True,
            )
        if keep:
            _keep(talk, cloud)
        return code


def _state(today: Workspace, workspace: Workspace, environment: str, engine: str) -> _State:
    """A state of the project, whose settings are read as those of today. Raises ValueError."""
    config = workspace.config_of(environment)
    if not workspace.main.is_file():
        raise ValueError(
            f"there is no {workspace.main.name} in {workspace.main.parent}: only programs in "
            "Python can be rehearsed"
        )
    if engine == "in-process":
        check_readable(config)
    return _State(workspace, config, projects_of(today, environment, config))


def _past(workspace: Workspace, environment: str, engine: str, since: str, then: Path) -> _State:
    """The project as it was. Raises ValueError where it cannot be had, or knows no such
    environment."""
    from ..access.command import check_out

    if Path(since).is_dir():
        then = Path(since)
    else:
        check_out(workspace.folder, since, then)
    try:
        return _state(workspace, Workspace.at(then), environment, engine)
    except ValueError as error:
        raise ValueError(f"at '{since}': {error}") from None


def _rehearsed(
    talk: Console,
    cloud: Cloud,
    environment: str,
    engine: str,
    now: _State,
    past: _State | None,
    since: str,
) -> "tuple[Run, dict[str, Handover], list[Result], Passage | None]":
    """Bring it up, and try what is handed over: what came of the program, what it hands over, the
    checks, and of the way there. Raises whatever the program raises."""
    from ..checks import run_checks
    from . import bystanders
    from .engine import deploying
    from .passage import Walk
    from .provider import Provider

    walk = None
    provider = Provider(cloud, one_by_one=bool(past))
    with deploying(now.workspace.name, environment, provider, engine) as deployment:
        if past:
            with _progress(talk, f"running the program of {since}") as provider.watch:
                bystanders.provide(cloud, [each.project for each in past.projects])
                before = deployment.up(past.workspace, past.config, past.projects, own=False)
            handed = bystanders.with_keys(cloud, before.handovers)
            names = {each.project.name for each in now.projects}
            gone = [name for name in handed if name not in names]
            both = {name: each for name, each in handed.items() if name in names}
            walk = Walk(both, bystanders.bystanders_of(cloud, both), cloud.target)
            talk.print(f"{len(before.resources)} resources of {since} created", style="dim")
            walk.begin()
        with _progress(talk, "running the program") as watch:
            provider.watch = walk.step if walk else watch
            bystanders.provide(cloud, [each.project for each in now.projects])
            run = deployment.up(now.workspace, now.config, now.projects)
    talk.print(f"{len(run.resources)} resources created {run.engine}", style="dim")
    with _progress(talk, "trying what it hands over") as watch:
        handed = bystanders.with_keys(cloud, run.handovers)
        others = bystanders.bystanders_of(cloud, handed)
        results = run_checks(handed, cloud.target, others, watch)
    passage = walk.end(since, handed, gone, results) if walk else None
    return run, handed, results, passage


def has_cli() -> bool:
    """Whether Pulumi's CLI is on PATH."""
    return shutil.which("pulumi") is not None


def _chosen(engine: str, talk: Console) -> str:
    """Which engine runs. A CLI that cannot is told of in one line, and with `auto` it is done in
    this process; whoever asks for the CLI gets an error. Raises ValueError for that."""
    if engine == "in-process" or (engine == "auto" and not has_cli()):
        return "in-process"
    fault = _fault_of_cli()
    if not fault:
        return "pulumi" if engine == "auto" else engine
    if engine != "auto":
        raise ValueError(f"{fault}, or use --engine in-process")
    talk.print(f"{fault}; this rehearsal is done in-process", soft_wrap=True)
    return "in-process"


def _fault_of_cli() -> str:
    """Why Pulumi's CLI cannot run a program here, and what to do; nothing where it can."""
    cli = shutil.which("pulumi")
    if not cli:
        return "'pulumi' is not on PATH, install it from pulumi.com"
    try:
        done = subprocess.run(
            [cli, "version"], capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"'pulumi' cannot be run ({type(error).__name__}), install it again from pulumi.com"
    if done.returncode:
        told = (done.stderr.strip() or "without a word").splitlines()[-1]
        return f"'pulumi version' fails ({told}), install it again from pulumi.com"
    if not shutil.which("pulumi-language-python"):
        return (
            "'pulumi-language-python' is not on PATH, which comes with 'pulumi': install both from "
            "pulumi.com"
        )
    return ""


def _failed(talk: Console, line: str, shape: str, *, code: int = 2) -> int:
    """Tell of it; whoever asks for JSON always gets some. Returns the exit code."""
    if shape == "json":
        print(json.dumps({"error": line}, ensure_ascii=False))
    talk.print(f"error: {line}", style="red", markup=False, soft_wrap=True)
    return code


def _told(error: BaseException) -> str:
    """An error in one line; one that we did not mean to raise, with the place it came from."""
    if type(error).__name__ in _MEANT:
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _ours(frame.filename)]
    where = (
        f" ({frames[-1].filename.removeprefix(_HERE + '/')}:{frames[-1].lineno})" if frames else ""
    )
    return f"{type(error).__name__}: {error}{where}"


def _ours(path: str) -> bool:
    return path.startswith(_HERE) and "/.venv/" not in path


@contextmanager
def _progress(talk: Console, what: str) -> Iterator[Any]:
    """Tell of every resource and every check while it comes into being, on a terminal only."""
    with talk.status(what) as status:
        yield lambda made: status.update(f"{made}")


def _keep(talk: Console, cloud: Cloud) -> None:
    """Leave the embedded cloud running until Ctrl-C or SIGTERM, and say how to reach it."""
    talk.print("the embedded stores go on; in another shell:", style="bold")
    for name, value in cloud.environment(swift=bool(cloud.swift)).items():
        talk.print(f"  export {name}={value}", markup=False, soft_wrap=True)
    if at := cloud.compatible.get("endpoint"):
        talk.print(f"the S3-compatible store is at {at}", soft_wrap=True)
    talk.print("Ctrl-C ends them")
    try:
        signal.pause()
    except KeyboardInterrupt:
        return
