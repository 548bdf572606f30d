"""Run the unmodified program against the embedded cloud: by Pulumi's engine, or in this process.

Pulumi's CLI and its plugins are downloads of their own. Without them the program runs on the SDK's
own test monitor (`pulumi.runtime.Mocks`), with an implementation that mocks nothing: it creates
every resource on the embedded cloud.
"""

import json
import logging
import os
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import yaml
from botocore.exceptions import ClientError
from pulumi.runtime import rpc
from pulumi.runtime import settings as runtime_settings

from ..workspace import Workspace, read_yaml
from . import provision
from .cloud import Cloud
from .environments import at_rehearsal, needs_of, profiles, projects_of

if TYPE_CHECKING:
    from stacks.settings import Loaded

# Told of every resource as it comes into being.
Watcher = Callable[["Made"], None]


@dataclass(frozen=True)
class Made:
    """A resource that was created."""

    type: str
    name: str
    id: str

    def __str__(self) -> str:
        return f"created {self.name} ({self.type})"


@dataclass
class Run:
    """What came of running the program."""

    engine: str
    resources: list[Made] = field(default_factory=list)
    handovers: dict[str, dict[str, Any]] = field(default_factory=dict)


def run(
    workspace: Workspace,
    environment: str,
    config: Mapping[str, Any],
    cloud: Cloud,
    watch: Watcher,
    *,
    by_cli: bool,
) -> Run:
    """Run the program for this environment until everything it declares exists.

    Raises what the program raises, and RuntimeError for what the cloud or the engine refuses.
    """
    with tempfile.TemporaryDirectory(prefix="object-access-") as folder:
        projects = projects_of(workspace, environment, config)
        config = at_rehearsal(config, projects, cloud)
        variables = cloud.environment(swift=needs_of(projects).swift)
        variables |= _profiles(Path(folder), projects, cloud)
        if by_cli:
            cloud.wait_for_compatible()
            return _by_cli(workspace, environment, config, variables, Path(folder), watch)
        return _in_process(workspace, environment, config, variables, cloud, watch)


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


# --- in this process ---


class _Provision(pulumi.runtime.Mocks):
    """Creates what the program declares. Components are only noted: their children are real."""

    def __init__(self, cloud: Cloud, run: Run, watch: Watcher):
        self._cloud, self._run, self._watch = cloud, run, watch

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        if args.resource_id:
            found = provision.existing(self._cloud, args.typ, args.resource_id)
            return args.resource_id, found
        if not args.custom:
            return None, args.inputs
        try:
            identifier, outputs = provision.resource(self._cloud, args.typ, plain(args.inputs))
        except ClientError as error:
            raise RuntimeError(f"{args.name} ({args.typ}): {error}") from None
        made = Made(args.typ, args.name, identifier)
        self._run.resources.append(made)
        self._watch(made)
        return identifier, outputs

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        try:
            return provision.function(self._cloud, args.token), []
        except LookupError as error:  # the program may live without an answer
            return {}, [("", str(error))]


def _in_process(
    workspace: Workspace,
    environment: str,
    config: Mapping[str, Any],
    variables: Mapping[str, str],
    cloud: Cloud,
    watch: Watcher,
) -> Run:
    # What fails is told once, by our caller and without secrets; asyncio would print it again.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    result = Run("in this process, without Pulumi's engine")
    runtime_settings.set_root_resource(None)  # type: ignore[arg-type]  # of an earlier run
    pulumi.runtime.set_mocks(
        _Provision(cloud, result, watch), workspace.name, environment, preview=False
    )
    pulumi.runtime.set_all_config(
        {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        },
        list(config),  # nothing of it is kept, so that nothing in it need be encrypted
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        runpy.run_path(str(workspace.main))
        root: Any = pulumi.runtime.get_root_resource()
        return pulumi.Output.from_input(dict(root.outputs)).apply(result.handovers.update)

    with _environment(variables):
        program()
    return result


def plain(value: Any) -> Any:
    """The value without the marks that say what of it is secret, as a cloud's API takes it."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


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


# --- by Pulumi's engine ---


def _by_cli(
    workspace: Workspace,
    environment: str,
    config: Mapping[str, Any],
    variables: Mapping[str, str],
    folder: Path,
    watch: Watcher,
) -> Run:
    # Imported here: it takes a third of a second that nobody without the CLI should wait for.
    from pulumi import automation
    from pulumi.automation import errors

    result = Run("by Pulumi's engine")

    def on_event(event: automation.EngineEvent) -> None:
        done = event.res_outputs_event
        if done and done.metadata.op == automation.OpType.CREATE and done.metadata.new:
            new = done.metadata.new
            if new.custom and not new.type.startswith("pulumi:"):
                made = Made(new.type, new.urn.rpartition("::")[2], new.id)
                result.resources.append(made)
                watch(made)

    stack = automation.create_stack(
        environment,
        work_dir=_beside(workspace, folder, environment, config),
        opts=automation.LocalWorkspaceOptions(
            env_vars={
                **variables,
                "PULUMI_BACKEND_URL": f"file://{folder}",
                "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            }
        ),
    )
    try:
        stack.up(on_event=on_event)
    except errors.CommandError as error:
        raise RuntimeError(f"Pulumi's engine: {error}") from None
    result.handovers = {name: output.value for name, output in stack.outputs().items()}
    return result


def _beside(workspace: Workspace, folder: Path, environment: str, config: Mapping[str, Any]) -> str:
    """A Pulumi workspace beside the project: it runs the project's own program, and what the
    engine writes, such as a passphrase's salt, does not end up in the project's files."""
    project = dict(workspace.project)
    project["main"] = os.path.relpath(workspace.main.parent, folder)
    project["stackConfigDir"] = "."
    project["runtime"] = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    file = read_yaml(workspace.file_of(environment))
    file["config"] = dict(config)
    (folder / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump(file))
    return str(folder)
