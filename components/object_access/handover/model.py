"""What a project hands over, typed: where the store is, how each holder gets in, what is promised.

A program exports a project as plain data with a tag for each part (`exported`); everyone else reads
that data back into these types (`Handover.read`). What is secret is declared here, once, on the
field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

MASK = "••••••••"
TAG = "as"


def _secret(default: Any = MISSING) -> Any:
    return field(repr=False, metadata={"secret": True}, default=default)


# --- where ---


@dataclass(frozen=True, kw_only=True)
class S3:
    """A bucket of AWS, or with an `endpoint` of an S3-compatible store."""

    TAG: ClassVar = "s3"
    bucket: str
    region: str = "us-east-1"  # stores without regions take S3's first
    endpoint: str = ""
    adopted: bool = False
    kms_key: str = ""
    not_offered: tuple[str, ...] = ()
    """What the store was asked for and does not know."""


@dataclass(frozen=True, kw_only=True)
class Swift:
    """A container of OpenStack Swift."""

    TAG: ClassVar = "swift"
    container: str
    auth_url: str
    region: str
    project_id: str


# --- how ---


@dataclass(frozen=True, kw_only=True)
class Key:
    """An access key of an IAM user."""

    TAG: ClassVar = "key"
    access_key_id: str
    secret_access_key: str = _secret()
    session_token: str = _secret("")


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role that somebody else assumes; nobody yet where no one is trusted."""

    TAG: ClassVar = "role"
    role_arn: str
    trusted: tuple[str, ...] = ()
    external_id: str = _secret("")
    session_name: str = _secret("")
    """The session name that is the shared secret, in place of an external ID."""
    longest_session: int = 3_600
    """Seconds."""
    self_assuming: bool = False

    @property
    def account(self) -> str:
        """The account that the role is in, which some forms ask for."""
        return self.role_arn.split(":")[4]


@dataclass(frozen=True, kw_only=True)
class ExistingRole:
    """A role that was there already and got a policy more."""

    TAG: ClassVar = "existing-role"
    name: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The virtual machines that were started with an instance profile."""

    TAG: ClassVar = "machine"
    instance_profile: str
    role_arn: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job in CI or Kubernetes, by its token."""

    TAG: ClassVar = "job"
    role_arn: str
    provider: str
    subjects: tuple[str, ...]
    audience: str
    longest_session: int = 3_600


@dataclass(frozen=True, kw_only=True)
class Runner(Job):
    """A job that previews an environment, or deploys it."""

    TAG: ClassVar = "runner"
    environment: str
    deploys: bool
    names: tuple[str, ...]
    """Beginnings of names, each ending in "-", and whole names: of what it may make."""
    boundary: str
    """ARN of the permissions boundary of what it makes."""
    key: str
    """ARN of the key of the environment's secrets."""
    strangers: Mapping[str, str]
    """Subjects of tokens that must not let anybody in, by what they are."""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Somebody else's users and roles, let in by the bucket's policy."""

    TAG: ClassVar = "principal"
    principals: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UploadRole:
    """A role that a user of the project assumes for uploads in parts."""

    TAG: ClassVar = "upload-role"
    role_arn: str
    of: str
    """The holder whose user assumes it."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Keys in a profile of the machine, which the store's operator gave out; the keys themselves
    are there once the machine was asked for them."""

    TAG: ClassVar = "profile"
    profile: str
    access_key_id: str = ""
    secret_access_key: str = _secret("")
    session_token: str = _secret("")


@dataclass(frozen=True, kw_only=True)
class Password:
    """A user of OpenStack; the password is there once the environment was asked for it."""

    TAG: ClassVar = "user"
    username: str
    password: str = _secret("")
    user_domain: str = "Default"


@dataclass(frozen=True, kw_only=True)
class TempUrls:
    """A key that signs temporary URLs of Swift, of the account or of the container alone."""

    TAG: ClassVar = "temp-urls"
    key: str = _secret()
    signed_by: str = "container"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """An application credential of OpenStack."""

    TAG: ClassVar = "credential"
    credential_id: str
    secret: str = _secret()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Users of other projects, let in by the container's access control lists."""

    TAG: ClassVar = "listed"
    elements: tuple[str, ...]


Where = S3 | Swift
How = (
    Key
    | Role
    | ExistingRole
    | Machine
    | Job
    | Runner
    | Foreign
    | UploadRole
    | Profile
    | Password
    | TempUrls
    | Credential
    | Listed
)


# --- what is promised ---


@dataclass(frozen=True, kw_only=True)
class Place:
    """A part of the store, and what may be done there."""

    prefix: str = ""
    keys: tuple[str, ...] = ()
    access: tuple[str, ...]
    exact: bool = False

    @property
    def folder(self) -> str:
        """The prefix without its slash, as some forms take it."""
        return self.prefix.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Somebody with access, and the names of the places."""

    how: How
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cors:
    """Pages that may use the store."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is pasted, with `{bucket}` or `{holder.access_key_id}` for what is handed over."""

    destination: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    variables: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    next: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the user set, for those texts; nothing of it is secret."""


@dataclass(frozen=True, kw_only=True)
class Handover:
    """All that one project hands over."""

    project: str
    consumer: str = ""
    where: Where
    places: Mapping[str, Place]
    holders: Mapping[str, Holder]
    cors: tuple[Cors, ...] = ()
    form: Form = field(default_factory=Form)

    @classmethod
    def read(cls, project: str, data: Mapping[str, Any]) -> "Handover":
        """The hand-over that a program exported as this data.

        Raises ValueError with one line for what is none, and for one whose secrets are masked:
        nothing could be done with it.
        """
        if MASK in set(_texts(data)):
            raise ValueError(f"the secrets of {project} are masked, print them with --show-secrets")
        try:
            read: Handover = _read(cls, {"project": project, **data})
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"'{project}' is no hand-over of ours: {error}") from None
        return read

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {key: value for key, value in _data(self).items() if key != "project"}

    def masked(self) -> "Handover":
        """The same with its secrets hidden, for a log or a report."""
        return _masked(self)  # type: ignore[no-any-return]

    def secrets(self) -> set[str]:
        """Every secret in it."""
        return set(_secrets(self))

    def place_of(self, holder: str) -> dict[str, Place]:
        """The places of a holder."""
        return {name: self.places[name] for name in self.holders[holder].places}

    def with_how(self, holder: str, how: How) -> "Handover":
        """The same, but that a holder gets in like this."""
        changed = {**self.holders, holder: replace(self.holders[holder], how=how)}
        return replace(self, holders=changed)


def exported(shape: type, **values: Any) -> dict[str, Any]:
    """One of these types as a program exports it: values may be outputs of Pulumi.

    Raises TypeError for a field that the type does not have, or that is missing.
    """
    known = {each.name: each for each in fields(shape)}
    if unknown := set(values) - set(known):
        raise TypeError(f"{shape.__name__} has no {', '.join(sorted(unknown))}")
    for name, each in known.items():
        if name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise TypeError(f"{shape.__name__} needs {name}")
    tag = {TAG: str(shape.TAG)} if hasattr(shape, "TAG") else {}
    return tag | values


def hand_over(
    where: Mapping[str, Any],
    places: Mapping[str, Mapping[str, Any]],
    holders: Mapping[str, Mapping[str, Any]],
    *,
    form: Mapping[str, Any] | None = None,
    consumer: str = "",
) -> dict[str, Any]:
    """What any program exports with `pulumi.export`, so that `object-access rehearse`, `check` and
    `handover` know it: who gets in where, and what may be done there.

    `where` is an exported `S3` or `Swift`; `places` are exported `Place`s, and `holders` exported
    ways in (`Key`, `Role`, ...), by names of yours; everybody gets every place.
    """
    return {
        "consumer": consumer,
        "where": where,
        "places": dict(places),
        "holders": {name: {"how": how, "places": list(places)} for name, how in holders.items()},
        "cors": [],
        "form": form or exported(Form),
    }


def is_handover(data: object) -> bool:
    """Whether an output of a program is one; it may have others."""
    return isinstance(data, Mapping) and {"where", "holders"} <= data.keys()


# --- data and types ---


@cache
def _types(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)


def _read(wanted: Any, value: Any) -> Any:
    if get_origin(wanted) is UnionType:
        tags = {each.TAG: each for each in get_args(wanted)}
        return _read(tags[value[TAG]], {key: each for key, each in value.items() if key != TAG})
    if is_dataclass(wanted):
        types = _types(wanted)  # type: ignore[arg-type]
        return wanted(**{key: _read(types[key], each) for key, each in value.items()})  # type: ignore[operator]
    if get_origin(wanted) is tuple:
        return tuple(_read(get_args(wanted)[0], each) for each in value)
    if get_origin(wanted) is Mapping:
        return {key: _read(get_args(wanted)[1], each) for key, each in value.items()}
    # The engine's numbers are floats.
    return int(value) if wanted is int else value


def _data(value: Any) -> Any:
    if is_dataclass(value):
        tag = {TAG: value.TAG} if hasattr(value, "TAG") else {}
        return tag | {each.name: _data(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: _data(each) for key, each in value.items()}
    return [_data(each) for each in value] if isinstance(value, tuple) else value


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(each) for key, each in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for each in fields(value):
        held = getattr(value, each.name)
        changes[each.name] = MASK if is_secret(each) and held else _masked(held)
    return replace(value, **changes)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets(each)
    elif is_dataclass(value):
        for each in fields(value):
            held = getattr(value, each.name)
            if is_secret(each):
                yield from [held] if held else []
            else:
                yield from _secrets(held)


def is_secret(each: Any) -> bool:
    """Whether a field of these types must not be shown."""
    return bool(each.metadata.get("secret"))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for each in data.values():
            yield from _texts(each)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from _texts(each)
    elif isinstance(data, str):
        yield data
