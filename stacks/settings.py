"""Settings of an environment, read once from `stacks/environments/Pulumi.<environment>.yaml`."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, TypeVar, get_origin, get_type_hints

import pulumi

from components import names
from components._args import did_you_mean, naming
from components.access_user import check_keys
from components.policies import cors

_T = TypeVar("_T")


class ValohaiAccess(Enum):
    """How much of its bucket a Valohai project's user may do."""

    DOCUMENTED = "documented"
    """Everything (`s3:*`), as Valohai's guide has it."""
    NARROW = "narrow"
    """Only the actions that a data store needs; not yet proven against Valohai itself."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What every project has, whatever its kind."""

    name: str
    environment: str
    protect: bool
    """Refuse to delete stored data."""
    namespace: str
    """A word of one's own that makes bucket names unique in the world; may be empty."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged, over the environment's own."""

    def made(self, kind: str, limit: int) -> str:
        """A name made by program for one thing of this project."""
        return names.made(
            kind,
            project=self.name,
            environment=self.environment,
            namespace=self.namespace,
            limit=limit,
        )


@dataclass(frozen=True, kw_only=True)
class ValohaiS3(Project):
    """A Valohai data store on S3: `kind: valohai-s3`."""

    bucket: str = ""
    """Name of the bucket. Default: made by program; needs the environment's `namespace`."""
    region: str = "eu-west-1"
    """Region of the bucket. Default: eu-west-1, as Valohai recommends."""
    origin: str = "https://app.valohai.com"
    """Origin of the Valohai app, for uploads from the browser. Default: Valohai's own."""
    access: ValohaiAccess = ValohaiAccess.DOCUMENTED
    """`documented` or `narrow`. Default: documented."""
    multipart: bool = False
    """Make the role for outputs of more than 5 GB. Default: false."""
    keys: tuple[str, ...] = ("key",)
    """Names of the user's access keys, two during a rotation; the last is handed over."""
    force_destroy: bool = False
    """Delete the objects with the bucket. Default: false."""

    def __post_init__(self) -> None:
        if not self.bucket:
            if not self.namespace:
                raise ValueError(
                    "no bucket given, and a name made by program needs the environment's "
                    "'namespace', a word of your own such as your company's; set one of the two"
                )
            object.__setattr__(self, "bucket", self.made("data", 63))
        names.check_bucket_name(self.bucket)
        names.check_region(self.region)
        cors.rule([self.origin], ["POST"])
        check_keys(self.keys)
        names.check_tags(self.tags, "iam")


KINDS: Mapping[str, type[Project]] = {"valohai-s3": ValohaiS3}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: what its projects share, and the projects."""

    projects: Mapping[str, Any]
    """The projects by name: lower-case letters, digits and single hyphens, up to 40 characters."""
    protect: bool = True
    """Refuse to delete stored data; false for environments that may be thrown away."""
    namespace: str = ""
    """A word of your own, such as your company's, for bucket names made by program."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged."""


def load(config: pulumi.Config, environment: str) -> list[Project]:
    """The projects of an environment, checked, in the order of its file.

    Raises ValueError with one line for the first setting that is unknown, missing or wrong;
    nothing has been declared by then.
    """
    names.check_label("environment", environment)
    with naming(f"environment '{environment}'"):
        body = config.get_object("environment")
        if not isinstance(body, dict):
            raise ValueError(
                "nothing is set, write 'object-access:environment' with its projects into "
                f"stacks/environments/Pulumi.{environment}.yaml"
            )
        shared = _read(Environment, body)
        if not shared.projects:
            raise ValueError("no projects, list at least one under 'projects'")
    projects = [_project(name, body, environment, shared) for name, body in shared.projects.items()]
    _check_no_shared_bucket(projects)
    return projects


def _project(name: str, body: object, environment: str, shared: Environment) -> Project:
    names.check_label("project", name)
    with naming(name):
        if not isinstance(body, dict):
            raise ValueError("no settings given, start with 'kind: valohai-s3'")
        kind = str(body.get("kind"))
        if kind not in KINDS:
            raise ValueError(f"kind '{kind}' is unknown, use one of {', '.join(KINDS)}")
        common = {
            "name": name,
            "environment": environment,
            "protect": shared.protect,
            "namespace": shared.namespace,
        }
        given = {key: value for key, value in body.items() if key != "kind"}
        tags = {**shared.tags, **given.get("tags", {})} if shared.tags else given.get("tags", {})
        return _read(KINDS[kind], {**given, "tags": tags}, common)


def _read(shape: type[_T], given: Mapping[str, Any], fixed: Mapping[str, Any] | None = None) -> _T:
    """A `shape` of the given settings; `fixed` ones cannot be set."""
    fixed = fixed or {}
    types = get_type_hints(shape)
    known = {each.name: each for each in fields(shape) if each.name not in fixed}  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise ValueError(f"unknown setting '{key}', {did_you_mean(str(key), known)}")
    for key, each in known.items():
        if key not in given and each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"setting '{key}' is missing")
    values = {key: _typed(key, value, types[key]) for key, value in given.items()}
    return shape(**values, **fixed)


def _typed(key: str, value: object, wanted: Any) -> Any:
    """The value as its setting's type, or ValueError saying what is wanted instead."""
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        words = [each.value for each in wanted]
        if value not in words:
            raise ValueError(f"{key} '{value}' is unknown, use one of {', '.join(words)}")
        return wanted(value)
    if get_origin(wanted) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{key} must be a list of texts, not {value!r}")
        return tuple(value)
    if get_origin(wanted) is Mapping:
        if not isinstance(value, dict):
            raise ValueError(f"{key} must be a mapping, not {value!r}")
        return value
    if not isinstance(value, wanted):
        kind = {str: "a text", bool: "true or false"}[wanted]
        raise ValueError(f"{key} must be {kind}, not {value!r}")
    return value


def _check_no_shared_bucket(projects: list[Project]) -> None:
    owners: dict[str, str] = {}
    for project in projects:
        if (bucket := getattr(project, "bucket", "")) in owners:
            raise ValueError(
                f"{project.name}: bucket '{bucket}' belongs to project '{owners[bucket]}' already, "
                "give each project its own"
            )
        owners[bucket] = project.name
