"""Settings of an environment, read once from `stacks/environments/Pulumi.<environment>.yaml`."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, Protocol, TypeVar, get_origin, get_type_hints

from object_access import names
from object_access._args import did_you_mean, naming
from object_access.policies import cors, swift

_T = TypeVar("_T")


class Config(Protocol):
    """What is needed of `pulumi.Config`; importing Pulumi itself would take a second."""

    def get_object(self, key: str, /) -> Any: ...


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
    protect: bool  # the environment's own
    namespace: str  # the environment's own; may be empty
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged, over the environment's own. Default: none."""

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
class S3Project(Project):
    """What every project on AWS S3 has."""

    bucket: str = ""
    """Name of the bucket. Default: made by program; needs the environment's `namespace`."""
    region: str = "eu-west-1"
    """Region of the bucket. Default: eu-west-1."""
    keys: tuple[str, ...] = ("key",)
    """Names of the user's access keys, two during a rotation; the last is handed over. Default:
    one, called key."""
    force_destroy: bool = False
    """Delete the objects with the bucket. Default: false."""

    def __post_init__(self) -> None:
        _name_bucket(self)
        names.check_region(self.region)
        names.check_keys(self.keys)
        names.check_tags(self.tags, "iam")


@dataclass(frozen=True, kw_only=True)
class ValohaiS3(S3Project):
    """A Valohai data store on S3: `kind: valohai-s3`."""

    origin: str = "https://app.valohai.com"
    """Origin of the Valohai app, for uploads from the browser. Default: Valohai's own."""
    access: ValohaiAccess = ValohaiAccess.DOCUMENTED
    """`documented` is `s3:*` on the bucket, as Valohai's guide has it; `narrow` names the actions,
    which is not yet proven against Valohai itself. Default: documented."""
    multipart: bool = False
    """Make the role for outputs of more than 5 GB. Default: false."""

    def __post_init__(self) -> None:
        super().__post_init__()
        cors.rule([self.origin], ["POST"])


@dataclass(frozen=True, kw_only=True)
class AdoptingProject(S3Project):
    """A project that may use a bucket which is there already."""

    adopt: bool = False
    """Use a bucket that exists, and leave its settings alone; several projects may adopt the same
    one. Default: false, it is made."""

    def __post_init__(self) -> None:
        if self.adopt and not self.bucket:
            raise ValueError("adopt is set without a bucket, name the bucket that exists")
        super().__post_init__()


class LightlyAccess(Enum):
    """How Lightly reaches the bucket."""

    DELEGATED = "delegated"
    """By a role that Lightly's account assumes: no key leaves the house."""
    USER = "user"
    """By a user's access key."""


@dataclass(frozen=True, kw_only=True)
class Lightly(AdoptingProject):
    """Datasources for Lightly on S3: `kind: lightly`."""

    prefix: str = ""
    """What Lightly reads, ending in "/". Default: the whole bucket."""
    output: str = ""
    """What Lightly also writes, ending in "/", for thumbnails and crops; it may be the same as
    `prefix`. Default: nothing, Lightly only reads."""
    access: LightlyAccess = LightlyAccess.DELEGATED
    """`delegated` for a role that Lightly assumes, `user` for an access key. Default: delegated."""
    separate: bool = False
    """One role or user for the input datasource and one for the output, instead of one for both.
    Default: false."""
    account: str = "916419735646"
    """Lightly's account. Default: 916419735646, Lightly's since July 2022; older guides have
    311530292373."""
    external_id: str = field(default="", repr=False)
    """External ID of the role, at least 10 characters. Default: made by program."""
    role_name: str = ""
    """Exact name of the role; the output's, where it has its own, gets "-output" at the end.
    Default: made by program."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for prefix in filter(None, (self.prefix, self.output)):
            names.check_prefix(prefix)
        names.check_account(self.account)
        if self.separate and not self.output:
            raise ValueError("separate is set without an output, give its prefix")
        if self.external_id:
            # Lightly's API takes nothing shorter.
            names.check_external_id(self.external_id, least=10)
        names.check_iam_name("role", f"{self.role_name or 'x'}{'-output' * self.separate}")


@dataclass(frozen=True, kw_only=True)
class Modelstore(AdoptingProject):
    """A model registry of the library modelstore on S3: `kind: modelstore`."""

    prefix: str = ""
    """Where in the bucket the library keeps its folder, ending in "/". Default: at the top."""
    append_only: bool = False
    """Models can be added, not deleted. Default: false."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prefix:
            names.check_prefix(self.prefix)


class MountAccess(Enum):
    """What a mounted bucket can be used for."""

    READ = "read"
    """List and read."""
    WRITE = "write"
    """Also write new files."""
    DELETE = "delete"
    """Also delete."""


class Holder(Enum):
    """Who mounts the bucket."""

    VM = "vm"
    """A virtual machine with an instance profile: there is no key."""
    KEY = "key"
    """A user with an access key."""


@dataclass(frozen=True, kw_only=True)
class Mountpoint(AdoptingProject):
    """A bucket for the AWS CLI and Mountpoint: `kind: mountpoint`."""

    region: str = "us-west-2"
    """Region of the bucket. Default: us-west-2."""
    prefix: str = ""
    """What is mounted, ending in "/". Default: the whole bucket."""
    access: MountAccess = MountAccess.READ
    """`read`, `write` for new files too, or `delete` for everything. Default: read."""
    holder: Holder = Holder.VM
    """`vm` for an instance profile, `key` for an access key. Default: vm."""
    directory: str = ""
    """Where it is mounted. Default: /mnt/ and the bucket's name."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prefix:
            names.check_prefix(self.prefix)
        _name_directory(self)


@dataclass(frozen=True, kw_only=True)
class Kopah(Project):
    """A bucket on UW's Kopah or another S3-compatible store without IAM: `kind: kopah`."""

    bucket: str = ""
    """Name of the bucket. Default: made by program; needs the environment's `namespace`."""
    endpoint: str = "https://s3.kopah.uw.edu"
    """Address of the store. Default: Kopah's."""
    profile: str = "kopah"
    """Section of ~/.aws/credentials with the keys that the store's operator gave you. Default:
    kopah."""
    adopt: bool = False
    """Use a bucket that exists; it is then not deleted either. Default: false, it is made."""
    versioning: bool = False
    """Keep overwritten and deleted objects for 30 days. Default: false."""
    force_destroy: bool = False
    """Delete the objects with the bucket. Default: false."""
    directory: str = ""
    """Where it is mounted. Default: /mnt/ and the bucket's name."""

    def __post_init__(self) -> None:
        _name_bucket(self)
        names.check_endpoint(self.endpoint)
        names.check_profile(self.profile)
        _name_directory(self)


class TempUrlKey(Enum):
    """Whose key signs a project's temporary URLs."""

    ACCOUNT = "account"
    """The account's, as Valohai's guide has it: for every container of the OpenStack project, and
    for large objects whose segments lie in another one."""
    CONTAINER = "container"
    """The container's own: it opens nothing else. Ceph's Swift API does not know it."""


@dataclass(frozen=True, kw_only=True)
class ValohaiSwift(Project):
    """A Valohai data store on OpenStack Swift: `kind: valohai-swift`."""

    container: str = ""
    """Name of the container. Default: made by program; needs the environment's `namespace`."""
    auth_url: str
    """Address of Keystone's version 3, OS_AUTH_URL of your openrc file."""
    region: str = "RegionOne"
    """Region of the store. Default: RegionOne."""
    project_id: str
    """ID of the OpenStack project, OS_PROJECT_ID: 32 hexadecimal digits."""
    username: str
    """The OpenStack user that Valohai logs in as."""
    origin: str = "https://app.valohai.com"
    """Origin of the Valohai app, for uploads from the browser. Default: Valohai's own."""
    key: TempUrlKey = TempUrlKey.ACCOUNT
    """`account` for a key of the whole account, `container` for one of the container alone.
    Default: account, as the guide has it."""
    keys: tuple[str, ...] = ("key",)
    """Names of the temp-URL keys, two during a rotation; the last is handed over. Default: one,
    called key."""
    adopt_key: bool = False
    """Take over an account that has temp-URL keys of somebody else, whose URLs then end.
    Default: false."""
    versioning: bool = False
    """Keep overwritten and deleted objects. Default: false."""
    force_destroy: bool = False
    """Delete the objects with the container. Default: false."""

    def __post_init__(self) -> None:
        if not self.container:
            object.__setattr__(self, "container", _made_name(self, "container"))
        names.check_container_name(self.container)
        names.check_auth_url(self.auth_url)
        swift.check_id("project", self.project_id)
        swift.cors([self.origin])
        swift.check_keys(self.keys, least=1)


def _made_name(project: Project, what: str) -> str:
    if not project.namespace:
        raise ValueError(
            f"no {what} given, and a name made by program needs the environment's "
            "'namespace', a word of your own such as your company's; set one of the two"
        )
    return project.made("data", 63)


def _name_bucket(project: S3Project | Kopah) -> None:
    if not project.bucket:
        object.__setattr__(project, "bucket", _made_name(project, "bucket"))
    names.check_bucket_name(project.bucket)


def _name_directory(project: Mountpoint | Kopah) -> None:
    if not project.directory:
        object.__setattr__(project, "directory", f"/mnt/{project.bucket}")
    names.check_directory(project.directory)


KINDS: Mapping[str, type[Project]] = {
    "kopah": Kopah,
    "lightly": Lightly,
    "modelstore": Modelstore,
    "mountpoint": Mountpoint,
    "valohai-s3": ValohaiS3,
    "valohai-swift": ValohaiSwift,
}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: what its projects share, and the projects."""

    projects: Mapping[str, Any]
    """The projects by name: lower-case letters, digits and single hyphens, up to 40 characters."""
    protect: bool = True
    """Refuse to delete stored data; false for environments that may be thrown away. Default:
    true."""
    namespace: str = ""
    """A word of your own, such as your company's, so that names of buckets made by program are
    unique in the world. Default: none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged. Default: none."""


def load(config: Config, environment: str) -> list[Project]:
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
            raise ValueError(f"no settings given, start with 'kind:' and one of {', '.join(KINDS)}")
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
        if wanted is str:
            # YAML reads digits as a number: 012345678901 is then another one.
            raise ValueError(f"{key} must be a text, put {_shown(key, value)} in quotes")
        raise ValueError(f"{key} must be true or false, not {value!r}")
    return value


def _shown(key: str, value: object) -> str:
    return "it" if key in _SECRET else repr(value)


_SECRET = frozenset({"external_id"})


def _check_no_shared_bucket(projects: list[Project]) -> None:
    owners: dict[tuple[str, ...], Project] = {}
    for project in projects:
        for what, *place in _places(project):
            other = owners.setdefault((what, *place), project)
            both_adopt = getattr(project, "adopt", False) and getattr(other, "adopt", False)
            if other is not project and not both_adopt:
                raise ValueError(
                    f"{project.name}: {what} '{place[-1]}' belongs to project '{other.name}' "
                    "already, give each project its own"
                )


def _places(project: Project) -> list[tuple[str, ...]]:
    """What a project owns and no other may: a kind, and where it is."""
    if isinstance(project, ValohaiSwift):
        account = (project.auth_url, project.region, project.project_id)
        key = [("the temp-URL key of account", *account)]
        container = ("container", *account, project.container)
        return [container, *(key if project.key is TempUrlKey.ACCOUNT else [])]
    return [("bucket", getattr(project, "endpoint", ""), getattr(project, "bucket", ""))]
