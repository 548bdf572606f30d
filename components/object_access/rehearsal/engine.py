"""Bring the unmodified program up on the embedded cloud, any number of times: by Pulumi's engine,
or by a small one in this process, where there is no Pulumi.

Pulumi's CLI and its plugins are downloads of their own. The CLI alone will do: it is given a plugin
that creates on the embedded cloud. Without it, so does the small engine, by the same verbs.
"""

import json
import logging
import os
import runpy
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import yaml
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from ..access.program import readable
from ..workspace import Workspace, read_yaml
from . import plugin
from .cloud import Cloud
from .environments import at_rehearsal, needs_of, profiles, projects_of
from .provider import Change, Provider, Watcher
from .served import listening
from .stack import Monitor, Stack, plain

if TYPE_CHECKING:
    from pulumi import automation

    from stacks.settings import Loaded

__all__ = ["Change", "Deployment", "Run", "Watcher", "deploying", "plain", "run"]


@dataclass
class Run:
    """What came of running the program."""

    engine: str
    changes: list[Change] = field(default_factory=list)
    """Everything that was done, in order."""
    handovers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def resources(self) -> list[Change]:
        """What was created."""
        return [each for each in self.changes if each.verb == "created"]


IN_PROCESS, PULUMI, OFFICIAL = "in-process", "pulumi", "official"


def run(
    workspace: Workspace,
    environment: str,
    config: Mapping[str, Any],
    cloud: Cloud,
    watch: Watcher,
    *,
    engine: str = IN_PROCESS,
) -> Run:
    """Run the program for this environment until everything it declares exists.

    Raises what the program raises, and RuntimeError for what the cloud or the engine refuses.
    """
    projects = projects_of(workspace, environment, config)
    with deploying(workspace.name, environment, Provider(cloud, watch), engine) as deployment:
        return deployment.up(workspace, config, projects)


@contextmanager
def deploying(
    project: str, environment: str, provider: Provider, engine: str
) -> Iterator["Deployment"]:
    """A stack on the embedded cloud, by one of these engines: `in-process`; `pulumi`, whose plugins
    we are; `official`, which is Pulumi with the plugins that are installed."""
    with tempfile.TemporaryDirectory(prefix="object-access-") as folder, ExitStack() as opened:
        if engine == IN_PROCESS:
            yield _InProcess(project, environment, provider, Path(folder))
            return
        plugins = opened.enter_context(plugin.serving(provider)) if engine == PULUMI else {}
        yield _ByCli(environment, provider, Path(folder), plugins)


class Deployment(ABC):
    """A stack that can be brought up again and again, by the same program or by another one."""

    engine = ""

    def __init__(self, environment: str, provider: Provider, folder: Path):
        self._environment, self._provider, self._folder = environment, provider, folder
        self._variables: dict[str, str] = {}  # of the last run

    def up(
        self,
        workspace: Workspace,
        config: Mapping[str, Any],
        projects: "list[Loaded]",
        *,
        own: bool = True,
    ) -> Run:
        """Bring up what a program declares. One that is not `own` is of another state of the
        project, and runs in a process of its own, with its own components."""
        cloud, result = self._provider.cloud, Run(self.engine)
        config = at_rehearsal(config, projects, cloud)
        variables = cloud.environment(swift=needs_of(workspace, projects).swift)
        variables |= _profiles(self._folder, projects, cloud)
        self._variables = variables
        with _environment(variables), self._provider.noting(result.changes):
            result.handovers = self._run(workspace, config, own=own)
        return result

    def refresh(self) -> list[str]:
        """Take over how everything is now; returns the names of what changed or is gone, sorted."""
        with _environment(self._variables):
            return sorted(self._refresh())

    def destroy(self) -> list[Change]:
        """Delete everything. Raises RuntimeError at what is protected."""
        changes: list[Change] = []
        with _environment(self._variables), self._provider.noting(changes):
            self._destroy()
        return changes

    @abstractmethod
    def _run(
        self, workspace: Workspace, config: Mapping[str, Any], *, own: bool
    ) -> dict[str, dict[str, Any]]:
        """Run the program until all is done; returns what it exports."""

    @abstractmethod
    def _refresh(self) -> Iterable[str]: ...

    @abstractmethod
    def _destroy(self) -> None: ...


def _profiles(folder: Path, projects: "list[Loaded]", cloud: Cloud) -> dict[str, str]:
    """The profiles that the projects name, with the embedded store's keys, in place of one's own
    files: nothing of this machine's is used by mistake."""
    credentials = folder / "credentials"
    with os.fdopen(os.open(credentials, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        for name in sorted(profiles(projects)):
            file.write(
                f"[{name}]\naws_access_key_id = {cloud.compatible['access_key_id']}\n"
                f"aws_secret_access_key = {cloud.compatible['secret_access_key']}\n"
            )
    files = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
    return dict.fromkeys(files, str(credentials))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables, for as long as the program runs: it may look at the cloud by itself."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _components_of(workspace: Workspace) -> dict[str, str]:
    """Lets a program that brings its components along use those."""
    root = workspace.folder
    return {"PYTHONPATH": os.pathsep.join((str(root), str(root / "components")))}


# --- in this process ---


class _InProcess(Deployment):
    engine = "in this process, without Pulumi's engine"

    def __init__(self, project: str, environment: str, provider: Provider, folder: Path):
        super().__init__(environment, provider, folder)
        self.stack = Stack(project, environment, provider)

    def _run(
        self, workspace: Workspace, config: Mapping[str, Any], *, own: bool
    ) -> dict[str, dict[str, Any]]:
        # What fails is told once, by our caller and without secrets; asyncio would print it again.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        monitor = self.stack.begin()
        texts = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        }
        try:
            (_here if own else _elsewhere)(workspace, self.stack, monitor, texts)
        except BaseException:
            self.stack.abandon()
            raise
        self.stack.finish()
        return self.stack.outputs

    def _refresh(self) -> Iterable[str]:
        return (urn.rpartition("::")[2] for urn in self.stack.refresh())

    def _destroy(self) -> None:
        self.stack.destroy()


def _here(workspace: Workspace, stack: Stack, monitor: Monitor, config: dict[str, str]) -> None:
    runtime_settings.set_root_resource(None)  # type: ignore[arg-type]  # of an earlier run
    # The SDK's way to run a program in its own process, on a monitor that mocks nothing.
    pulumi.runtime.set_mocks(
        None,  # type: ignore[arg-type]  # which only the SDK's own monitor asks
        stack.project,
        stack.name,
        preview=False,
        monitor=monitor,  # type: ignore[arg-type]
    )
    pulumi.runtime.set_all_config(config)
    exported: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        runpy.run_path(str(workspace.main), run_name="__main__")
        root: Any = pulumi.runtime.get_root_resource()
        # Not as the protocol has them, which forgets the order of their keys.
        return pulumi.Output.from_input(dict(root.outputs)).apply(exported.update)

    program()
    stack.outputs = exported


def _elsewhere(
    workspace: Workspace, stack: Stack, monitor: Monitor, config: dict[str, str]
) -> None:
    monitors = resource_pb2_grpc.add_ResourceMonitorServicer_to_server
    engines = engine_pb2_grpc.add_EngineServicer_to_server
    # What the program logs is of no interest here; what it raises is its last line.
    with listening((monitors, monitor), (engines, object())) as port:
        done = subprocess.run(
            # -P: the modules beside that file are today's, and not to be found by that program.
            [sys.executable, "-P", Path(__file__).parent / "program_runner.py",
             f"127.0.0.1:{port}", stack.project, stack.name, workspace.main],
            cwd=workspace.main.parent,
            env={
                **os.environ, **_components_of(workspace),
                "OBJECT_ACCESS_CONFIG": json.dumps(config),
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip() or "it ended without a word").splitlines()[-1]
        raise RuntimeError(f"the earlier program does not run: {last}")


# --- by Pulumi's engine ---


class _ByCli(Deployment):
    engine = "by Pulumi's engine"

    def __init__(
        self, environment: str, provider: Provider, folder: Path, plugins: Mapping[str, str]
    ):
        super().__init__(environment, provider, folder)
        self._plugins = plugins

    def _run(
        self, workspace: Workspace, config: Mapping[str, Any], *, own: bool
    ) -> dict[str, dict[str, Any]]:
        self._provider.cloud.wait_for_compatible()
        variables = {} if own else _components_of(workspace)
        self.stack = self._selected(workspace, config, variables)
        with _told():
            self.stack.up(on_event=None if self._plugins else self._event)
        return {name: output.value for name, output in self.stack.outputs().items()}

    def _refresh(self) -> Iterable[str]:
        changed: list[str] = []

        def note(event: "automation.EngineEvent") -> None:
            done = event.res_outputs_event
            if done and done.metadata.op.value != "same":
                changed.append(done.metadata.urn.rpartition("::")[2])

        with _told():
            self.stack.refresh(on_event=note)
        return changed

    def _destroy(self) -> None:
        with _told():
            self.stack.destroy(on_event=None if self._plugins else self._event)

    def _selected(
        self, workspace: Workspace, config: Mapping[str, Any], variables: Mapping[str, str]
    ) -> "automation.Stack":
        # Imported here: it takes a third of a second that nobody without the CLI should wait for.
        from pulumi import automation

        encrypted = any(readable(value) != value for value in config.values())
        passphrase = os.environ.get("PULUMI_CONFIG_PASSPHRASE", "") if encrypted else "rehearsal"
        return automation.create_or_select_stack(
            self._environment,
            work_dir=_beside(workspace, self._folder, self._environment, config),
            opts=automation.LocalWorkspaceOptions(
                env_vars={
                    **variables,
                    **self._plugins,
                    "PULUMI_BACKEND_URL": f"file://{self._folder}",
                    "PULUMI_CONFIG_PASSPHRASE": passphrase,
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                }
            ),
        )

    def _event(self, event: "automation.EngineEvent") -> None:
        """What an official plugin did, which we see only in the engine's words."""
        done = event.res_outputs_event
        verb = _VERBS.get(done.metadata.op.value) if done else None
        it = (done.metadata.new or done.metadata.old) if done else None
        if verb and it and it.custom and not it.type.startswith("pulumi:"):
            self._provider.watch(Change(verb, it.type, it.urn.rpartition("::")[2], it.id))


_VERBS = {
    "create": "created",
    "create-replacement": "created",
    "update": "updated",
    "delete": "deleted",
    "delete-replaced": "deleted",
}


@contextmanager
def _told() -> Iterator[None]:
    """What the engine refuses, in one line."""
    from pulumi.automation import errors

    try:
        yield
    except errors.CommandError as error:
        raise RuntimeError(_in_one_line(str(error))) from None


def _in_one_line(told: str) -> str:
    """The error among everything that the engine printed."""
    lines = [line.strip() for line in told.splitlines()]
    errors = [line for line in lines if line.startswith("error: ") and "update failed" not in line]
    return f"Pulumi's engine: {errors[0].removeprefix('error: ')}" if errors else told


def _beside(workspace: Workspace, folder: Path, environment: str, config: Mapping[str, Any]) -> str:
    """A Pulumi workspace beside the project: it runs the project's own program, and what the
    engine writes, such as a passphrase's salt, does not end up in the project's files."""
    project = dict(workspace.project)
    project["main"] = os.path.relpath(workspace.main.parent, folder)
    project["stackConfigDir"] = "."
    project["runtime"] = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    written = folder / f"Pulumi.{environment}.yaml"
    file = read_yaml(written) if written.exists() else {}
    if any(readable(value) != value for value in config.values()):
        # The engine needs what they were encrypted with; without any the stack has a passphrase of
        # its own, and the file's salt, of another one, would not fit.
        file |= read_yaml(workspace.file_of(environment))
    file["config"] = dict(config)
    written.write_text(yaml.safe_dump(file))
    return str(folder)
