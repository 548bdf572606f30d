"""Settings of an environment, read once from `stacks/environments/Pulumi.<environment>.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

from object_access import names
from object_access._args import naming

from . import consumers, projects, shapes
from .consumers import Consumer, Paste
from .projects import Project


class Config(Protocol):
    """What is needed of `pulumi.Config`; importing Pulumi itself would take a second."""

    def get_object(self, key: str, /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: what its projects share, and the projects."""

    projects: Mapping[str, Any] = field(default_factory=dict)
    """The projects by name: lower-case letters, digits and single hyphens, up to 40 characters.
    Default: none, which only `examples` makes good."""
    examples: bool = False
    """A project for every consumer, with the example of its file, too. Default: false."""
    protect: bool = True
    """Refuse to delete stored data; false for environments that may be thrown away. Default:
    true."""
    namespace: str = ""
    """A word of your own, such as your company's, so that names of buckets made by program are
    unique in the world. Default: none."""
    prefix: str = ""
    """What every name made by program begins with, ending in "-", so that who deploys can be kept
    to those (`kind: pipeline` says which). Changing it makes other buckets, users and roles.
    Default: none."""
    boundary: str = ""
    """ARN of a managed policy, the permissions boundary of every user and role that is made.
    Default: none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged. Default: none."""
    administrators: tuple[str, ...] = ()
    """ARNs of users and roles who administer the account: `object-access report --live` shows them
    as known and compares them with nothing. Default: none."""

    def __post_init__(self) -> None:
        if self.prefix:
            names.check_start(self.prefix)
        if self.boundary:
            names.check_policy_arn(self.boundary)


@dataclass(frozen=True)
class Loaded:
    """A project, and what its consumer wants pasted."""

    project: Project
    consumer: Consumer | None
    paste: Paste | None


def load(config: Config, environment: str) -> list[Loaded]:
    """The projects of an environment, checked, in the order of its file.

    Raises ValueError with one line for the first setting that is unknown, missing or wrong;
    nothing has been declared by then.
    """
    names.check_label("environment", environment)
    with naming(f"environment '{environment}'"):
        body = config.get_object("environment")
        if body is None:
            raise ValueError(
                "nothing is set, write 'object-access:environment' with its projects into "
                f"stacks/environments/Pulumi.{environment}.yaml"
            )
        shared = shapes.read(Environment, body)
        for arn in shared.administrators:
            names.check_member(arn)
        listed = dict(shared.projects)
        if shared.examples:
            listed |= {
                name: {"kind": name, **consumer.example}
                for name, consumer in consumers.load().items()
                if name not in listed
            }
        if not listed and "projects" not in body:
            raise ValueError("no projects, list them under 'projects'; 'projects: {}' is none")
    loaded = [_project(name, body, environment, shared) for name, body in listed.items()]
    _check_owners([each.project for each in loaded])
    return loaded


def _project(name: str, body: object, environment: str, shared: Environment) -> Loaded:
    names.check_label("project", name)
    with naming(name):
        if not isinstance(body, dict):
            raise ValueError(f"no settings given, start with 'kind:', {_kinds('')}")
        kind = body.get("kind")
        if kind is None:
            raise ValueError(f"setting 'kind' is missing, {_kinds('')}")
        if kind not in [*projects.KINDS, *consumers.known()]:
            raise ValueError(f"kind '{kind}' is unknown, {_kinds(str(kind))}")
        given = {key: value for key, value in body.items() if key != "kind"}
        consumer = consumers.one(kind) if kind in consumers.known() else None
        paste = None
        if consumer:
            given, paste = consumer.fill_in(given)
        given.setdefault("protect", shared.protect)
        own = shapes.typed("tags", given.get("tags", {}), Mapping[str, str])
        given["tags"] = {**shared.tags, **own}
        fixed = {
            "name": name,
            "environment": environment,
            "namespace": shared.namespace,
            "prefix": shared.prefix,
            "boundary": shared.boundary,
            "consumer": consumer.name if consumer else "",
        }
        shape = projects.KINDS[consumer.kind if consumer else kind]
        return Loaded(shapes.read(shape, given, fixed), consumer, paste)


def _kinds(given: str) -> str:
    """The kind that was probably meant; without one the generic ones, for the others are many."""
    close = get_close_matches(given, [*projects.KINDS, *consumers.known()], n=1)
    if close:
        return f"did you mean '{close[0]}'"
    generic = ", ".join(projects.KINDS)
    return f"use one of {generic}, or a consumer: 'object-access consumers' lists them"


def _check_owners(listed: list[Project]) -> None:
    owners: dict[tuple[str, ...], Project] = {}
    for project in listed:
        own = project.owns()
        if twice := [thing for thing in own if own.count(thing) > 1]:
            raise ValueError(f"{project.name}: {twice[0][0]} '{twice[0][-1]}' is given twice")
        for thing in own:
            owners.setdefault(thing, project)
    for project in listed:
        for thing in (*project.owns(), *project.adopts()):
            if (other := owners.get(thing, project)) is not project:
                raise ValueError(
                    f"{project.name}: {thing[0]} '{thing[-1]}' belongs to project '{other.name}' "
                    "already, give each project its own"
                )
