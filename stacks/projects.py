"""The generic kinds of project: places, who holds access to them, and what else a store has.

A project of any tool is one of these; a consumer's file (`consumers/`) fills one in from a few
settings. Every text below a field is its line in docs/settings.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar

from object_access import Removal, names
from object_access._args import naming
from object_access.policies import cors, evaluate, pipeline, swift, trust
from object_access.policies.grants import Access, grant


@dataclass(frozen=True, kw_only=True)
class Place:
    """A part of a bucket or container, and what may be done there."""

    prefix: str = ""
    """Names of its objects begin so; it ends in "/". Default: the whole bucket."""
    keys: tuple[str, ...] = ()
    """Exact names of single objects instead. Default: all below the prefix."""
    access: tuple[Access, ...]
    """What its holders may do: `list`, `read`, `write`, `delete`, ...; see docs/policies.md."""
    exact: bool = False
    """Also list the prefix as it is without its "/", which some tools ask for. Default: false."""

    def __post_init__(self) -> None:
        if self.prefix:
            names.check_prefix(self.prefix)
        if self.prefix and self.keys:
            raise ValueError("prefix and keys are both given, a place is one of the two")
        if not self.access:
            raise ValueError("access is empty, name at least one verb such as 'read'")


# --- who holds access ---


@dataclass(frozen=True, kw_only=True)
class _Holder:
    places: tuple[str, ...] = ()
    """Names of its places. Default: all of the project's."""


@dataclass(frozen=True, kw_only=True)
class User(_Holder):
    """A user of IAM with an access key."""

    TAG: ClassVar = "user"
    managed: bool = False
    """Grant by a managed policy instead of one inside the user. Default: false."""
    name: str = ""
    """Exact name of the user. Default: made by program."""

    def __post_init__(self) -> None:
        names.check_iam_name("user", self.name or "x")


@dataclass(frozen=True, kw_only=True)
class Role(_Holder):
    """A role that somebody in another account assumes."""

    TAG: ClassVar = "role"
    trusted: tuple[str, ...] = ()
    """Accounts (12 digits) or ARNs of users and roles who may assume it. Default: nobody yet; the
    consumer tells its own once it knows the role."""
    external_id: str = field(default="", repr=False)
    """What the consumer must name. Default: made by program."""
    session_name: str = field(default="", repr=False)
    """A session name that is the shared secret, for a consumer that knows no external ID. Default:
    none."""
    self_assuming: bool = False
    """The role may assume itself, as Databricks asks. Default: false."""
    longest_session: int = 3_600
    """Longest session in seconds, 3600 to 43200. Default: 3600."""
    whole_account: bool = False
    """An account in `trusted` is meant, with all who may assume roles there. Default: false, a
    warning, but for a consumer, whose own file names the account."""
    name: str = ""
    """Exact name of the role. Default: made by program."""

    def __post_init__(self) -> None:
        for each in self.trusted:
            names.check_principal(each)
        if self.external_id and self.session_name:
            raise ValueError("external_id and session_name are both given, a consumer has one")
        if self.external_id:
            names.check_external_id(self.external_id)
        if self.session_name:
            names.check_session_name(self.session_name)
        names.check_session_duration(self.longest_session)
        names.check_iam_name("role", self.name or "x")


@dataclass(frozen=True, kw_only=True)
class ExistingRole(_Holder):
    """A role that is there already; it gets a policy more."""

    TAG: ClassVar = "existing-role"
    name: str
    """Name of the role."""

    def __post_init__(self) -> None:
        names.check_iam_name("role", self.name)


@dataclass(frozen=True, kw_only=True)
class Machine(_Holder):
    """Virtual machines with an instance profile: there is no key."""

    TAG: ClassVar = "machine"


@dataclass(frozen=True, kw_only=True)
class Job(_Holder):
    """Jobs in CI or Kubernetes, by the tokens of their OpenID Connect provider."""

    TAG: ClassVar = "job"
    provider: str
    """ARN of the account's OpenID Connect provider."""
    subjects: tuple[str, ...]
    """Subjects of tokens, such as "repo:my-org/my-repo:ref:refs/heads/main"."""
    audience: str = "sts.amazonaws.com"
    """For whom the tokens are issued. Default: sts.amazonaws.com."""
    wide_subjects: bool = False
    """Subjects such as "repo:my-org/*" are meant, which open other repositories, every branch or
    every pod. Default: false, they are refused."""
    longest_session: int = 3_600
    """Longest session in seconds, 3600 to 43200. Default: 3600."""

    def __post_init__(self) -> None:
        trust.web_identity(self.provider, self.audience, self.subjects, wide=self.wide_subjects)
        names.check_session_duration(self.longest_session)


@dataclass(frozen=True, kw_only=True)
class Foreign(_Holder):
    """Somebody else's users and roles, let in by the bucket's own policy."""

    TAG: ClassVar = "principal"
    principals: tuple[str, ...]
    """Accounts (12 digits) or ARNs of users and roles."""

    def __post_init__(self) -> None:
        if not self.principals:
            raise ValueError("principals is empty, name at least one")
        for each in self.principals:
            names.check_principal(each)


@dataclass(frozen=True, kw_only=True)
class UploadRole(_Holder):
    """A role that a user of the same project assumes for uploads in parts, as Valohai does."""

    TAG: ClassVar = "upload-role"
    of: str
    """Name of the holder whose user assumes it."""


Holder = User | Role | ExistingRole | Machine | Job | Foreign | UploadRole


@dataclass(frozen=True, kw_only=True)
class OperatorsKeys(_Holder):
    """Whoever has the keys that the store's operator gave out, from a profile of ~/.aws."""

    TAG: ClassVar = "profile"


@dataclass(frozen=True, kw_only=True)
class OpenStackUser(_Holder):
    """A user of the OpenStack project, with a password that is kept nowhere."""

    TAG: ClassVar = "user"
    username: str
    """Name of the user, OS_USERNAME of your openrc file."""

    def __post_init__(self) -> None:
        if not self.username:
            raise ValueError("username is empty, give OS_USERNAME of your openrc file")


@dataclass(frozen=True, kw_only=True)
class TempUrls(_Holder):
    """Holders of temporary URLs, signed with a key."""

    TAG: ClassVar = "temp-urls"
    signed_by: str = "container"
    """`account` for a key of the whole account, `container` for one of the container alone, which
    Ceph does not know. Default: container."""
    adopt_key: bool = False
    """Take over an account that has temp-URL keys of somebody else, whose URLs then end.
    Default: false."""

    def __post_init__(self) -> None:
        if self.signed_by not in ("account", "container"):
            raise ValueError(
                f"signed_by '{self.signed_by}' is unknown, use one of account, container"
            )


@dataclass(frozen=True, kw_only=True)
class Credential(_Holder):
    """An application credential for the container alone, instead of a password."""

    TAG: ClassVar = "credential"


@dataclass(frozen=True, kw_only=True)
class ListedUsers(_Holder):
    """Users of other projects, let in by the container's access control lists."""

    TAG: ClassVar = "listed"
    elements: tuple[str, ...]
    """Elements such as "<project ID>:<user ID>" or the name of a role."""

    def __post_init__(self) -> None:
        if not self.elements:
            raise ValueError("elements is empty, name at least one")
        swift.acl(self.elements, "read")


SwiftHolder = OpenStackUser | TempUrls | Credential | ListedUsers


# --- what else there is ---


@dataclass(frozen=True, kw_only=True)
class CorsRule:
    """Pages in a browser that may use the bucket."""

    origins: tuple[str, ...]
    """Origins such as "https://app.example.com", or "*"."""
    methods: tuple[str, ...]
    """Of GET, HEAD, PUT, POST and DELETE."""
    headers: tuple[str, ...] = ()
    """Request headers that the page may send. Default: none."""
    expose: tuple[str, ...] = ()
    """Response headers that the page may read. Default: none."""
    max_age: int = 3_000
    """Seconds for which a browser may remember the answer. Default: 3000."""
    as_documented: bool = False
    """Allow pages of any origin to write, because the consumer's documentation has it so. Default:
    false."""


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Where S3 writes its server access logs."""

    bucket: str
    """Name of the bucket that takes them; it must let `logging.s3.amazonaws.com` write."""
    prefix: str = ""
    """Where in it, ending in "/". Default: at the top."""

    def __post_init__(self) -> None:
        names.check_bucket_name(self.bucket)
        if self.prefix:
            names.check_prefix(self.prefix)


# --- the kinds ---

FIXED = frozenset({"boundary", "consumer", "environment", "name", "namespace", "prefix"})
"""What of every project is its environment's to say."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What every project has, whatever its kind."""

    name: str
    environment: str
    namespace: str  # the environment's own; may be empty
    prefix: str = ""  # likewise
    boundary: str = ""  # likewise
    consumer: str  # whose file filled it in; empty for a generic one
    protect: bool = True
    """Refuse to delete the stored data. Default: the environment's."""
    force_destroy: bool = False
    """Delete the objects with the bucket or container. Default: false."""
    leave: bool = False
    """When the project goes, or the bucket is adopted instead, leave the bucket or container where
    it is, with its objects and settings; `protect` is then off. Default: false."""
    was: tuple[str, ...] = ()
    """Its former names, the first one first, for as long as the project lives: what it has is still
    called by that. Default: none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything that can be tagged, over the environment's own. Default: none."""
    keys: tuple[str, ...] = ("key",)
    """Names of the keys, two during a rotation; the last is handed over. Default: one, called
    key."""
    inactive: tuple[str, ...] = ()
    """Those of a user's keys that are switched off, before they go. Default: none."""
    key_days: int = 90
    """Days from which a user's key is warned of as old; 0 for never. Default: 90."""
    places: Mapping[str, Place]
    """The places, by names of your own."""
    holders: Mapping[str, Any]
    """Who holds access, by names of your own."""

    def made(self, what: str, limit: int = 64) -> str:
        """A name made by program for one thing of this project."""
        return names.made(
            what,
            project=[*self.was, self.name][0],
            environment=self.environment,
            namespace=self.namespace,
            limit=limit,
            prefix=self.prefix,
        )

    def called(self, holder: str = "") -> list[str]:
        """What the component of a holder, or of the bucket or container, is called, and what it was
        called before."""
        names = (self.name, *self.was)
        return [f"{each}-{holder}" if holder else each for each in names]

    @property
    def removal(self) -> Removal:
        """When the stored data may be deleted with the project."""
        if self.leave:
            return Removal.LEAVE
        if self.protect:
            return Removal.KEEP
        return Removal.DESTROY if self.force_destroy else Removal.EMPTY

    def of(self, places: Sequence[str]) -> dict[str, Place]:
        """These places, or all; those of one prefix are one."""
        merged: dict[tuple[str, tuple[str, ...]], tuple[str, Place]] = {}
        for name in places or self.places:
            place = self.places[name]
            first, other = merged.get((place.prefix, place.keys), (name, place))
            access = tuple(dict.fromkeys([*other.access, *place.access]))
            together = Place(
                prefix=place.prefix,
                keys=place.keys,
                access=access,
                exact=place.exact or other.exact,
            )
            merged[place.prefix, place.keys] = (first, together)
        return dict(merged.values())

    def owns(self) -> list[tuple[str, ...]]:
        """What nothing else may have too: a word for it, and where it is. Each holder is declared
        under a name of the project's and its own."""
        names = [("the name", each) for each in (self.name, *self.was)]
        return [*names, *(("the holder called", self.called(each)[0]) for each in self.holders)]

    def adopts(self) -> list[tuple[str, ...]]:
        """What must be there already, in the same words: no project of the environment makes it."""
        return []

    def _check_places(self) -> None:
        for each in self.was:
            names.check_label("former name", each)
        if self.leave and self.force_destroy:
            raise ValueError("leave and force_destroy are both given, the objects stay or go")
        for what in ("places", "holders"):
            if not getattr(self, what):
                raise ValueError(f"{what} is empty, a project needs at least one")
        for name in [*self.places, *self.holders]:
            names.check_label("place or holder", name)
        for name, holder in self.holders.items():
            for place in holder.places:
                if place not in self.places:
                    raise ValueError(
                        f"holders: {name}: place '{place}' is unknown, "
                        f"there are {', '.join(self.places)}"
                    )

    def _named(self, what: str) -> str:
        """The name of the bucket or container: the one that was given, or one made by program."""
        given: str = getattr(self, what)
        if given:
            return given
        if not self.namespace:
            raise ValueError(
                f"no {what} given, and a name made by program needs the environment's "
                "'namespace', a word of your own such as your company's; set one of the two"
            )
        return self.made("data", 63)


@dataclass(frozen=True, kw_only=True)
class S3Project(Project):
    """Access to a bucket of AWS S3: `kind: s3`."""

    bucket: str = ""
    """Name of the bucket. Default: made by program; needs the environment's `namespace`."""
    region: str = "eu-west-1"
    """Region of the bucket. Default: eu-west-1."""
    adopt: bool = False
    """Use a bucket that exists, and leave its settings alone; several projects may adopt the same
    one. Default: false, it is made."""
    versioning: bool = True
    """Keep overwritten and deleted objects for 30 days. Default: true."""
    kms_key: str = ""
    """ARN of the KMS key that encrypts the objects. Default: S3's own key."""
    access_logs: AccessLogs | None = None
    """Where S3 writes its server access logs. Default: nowhere."""
    cors: tuple[CorsRule, ...] = ()
    """Pages that may use the bucket. Default: none."""
    holders: Mapping[str, Holder]
    """Who holds access, by names of your own."""

    def __post_init__(self) -> None:
        _check_adopted(self)
        object.__setattr__(self, "bucket", names.check_bucket_name(self._named("bucket")))
        names.check_region(self.region)
        if self.access_logs and self.access_logs.bucket == self.bucket:
            raise ValueError(
                f"access_logs: bucket '{self.bucket}' would log into itself without end, "
                "give another one"
            )
        names.check_inactive(self.inactive, names.check_keys(self.keys))
        names.check_tags(self.tags, "iam")
        if self.kms_key:
            names.check_kms_key_arn(self.kms_key)
        if len(self.cors) > cors.MAX_RULES:
            raise ValueError(f"cors has {len(self.cors)} rules, S3 takes {cors.MAX_RULES}")
        for each in self.cors:
            cors.rule(
                each.origins,
                each.methods,
                each.headers,
                each.expose,
                each.max_age,
                as_documented=each.as_documented,
            )
        self._check_places()
        for name, holder in self.holders.items():
            with naming(f"holders: {name}"):
                self._check_holder(holder)

    def named(self, holder: str) -> str:
        """The name in IAM of what a holder is or has: the one that was given, or one made by
        program."""
        given = self.holders[holder]
        own = given.name if isinstance(given, Role | User) else ""
        return own or self.made(holder)

    def _check_holder(self, holder: Holder) -> None:
        if isinstance(holder, Foreign) and self.adopt:
            raise ValueError(
                "the policy of an adopted bucket is not ours to change: let the principals in "
                "there yourself, or leave 'adopt' out"
            )
        if isinstance(holder, Foreign) and any(
            Access.FULL in each.access for each in self.of(holder.places).values()
        ):
            raise ValueError("'full' would let somebody else administer the bucket, name verbs")
        if isinstance(holder, UploadRole):
            if not isinstance(self.holders.get(holder.of), User):
                raise ValueError(f"of '{holder.of}' is no holder with 'as: user'")
            return
        for name, place in self.of(holder.places).items():
            with naming(f"place '{name}'"):  # a verb that cannot be narrowed, for one
                prefixes = [place.prefix] if place.prefix else []
                arn = names.bucket_arn(self.bucket, self.region)
                grant(arn, place.access, prefixes, keys=place.keys, list_exact=place.exact)

    def owns(self) -> list[tuple[str, ...]]:
        """The bucket, unless it is adopted, and every name of IAM."""
        # IAM tells names apart without regard to case (IAM User Guide, "IAM identifiers").
        named = [
            (f"the {each.TAG}", each.name.lower())
            for each in self.holders.values()
            if isinstance(each, Role | User) and each.name
        ]
        made = [] if self.adopt else [("the bucket", self.bucket)]
        return [*super().owns(), *named, *made]

    def adopts(self) -> list[tuple[str, ...]]:
        """The bucket, where it is there already, and the one that takes the access logs."""
        logs = [self.access_logs.bucket] if self.access_logs else []
        there = [*logs, *([self.bucket] if self.adopt else [])]
        return [("the bucket", each) for each in there]


@dataclass(frozen=True, kw_only=True)
class CompatibleProject(Project):
    """Access to a bucket of an S3-compatible store without IAM: `kind: compatible`."""

    bucket: str = ""
    """Name of the bucket. Default: made by program; needs the environment's `namespace`."""
    endpoint: str
    """Address of the store."""
    region: str = "us-east-1"
    """Region that requests are signed for. Default: us-east-1, as stores without regions take."""
    profile: str
    """Section of ~/.aws/credentials with the keys that the store's operator gave you."""
    adopt: bool = False
    """Use a bucket that exists; it is then not deleted either. Default: false, it is made."""
    versioning: bool = False
    """Keep overwritten and deleted objects for 30 days. Default: false."""
    holders: Mapping[str, OperatorsKeys]
    """Who holds access, by names of your own: `as: profile`, for there is no IAM."""

    def __post_init__(self) -> None:
        _check_adopted(self)
        object.__setattr__(self, "bucket", names.check_bucket_name(self._named("bucket")))
        names.check_endpoint(self.endpoint)
        names.check_profile(self.profile)
        self._check_places()

    def owns(self) -> list[tuple[str, ...]]:
        """The bucket, unless it is adopted."""
        made = [] if self.adopt else [("the bucket", self.endpoint, self.bucket)]
        return [*super().owns(), *made]

    def adopts(self) -> list[tuple[str, ...]]:
        """The bucket, where it is there already."""
        return [("the bucket", self.endpoint, self.bucket)] if self.adopt else []


@dataclass(frozen=True, kw_only=True)
class SwiftProject(Project):
    """Access to a container of OpenStack Swift: `kind: swift`."""

    container: str = ""
    """Name of the container. Default: made by program; needs the environment's `namespace`."""
    auth_url: str
    """Address of Keystone's version 3, OS_AUTH_URL of your openrc file."""
    region: str = "RegionOne"
    """Region of the store. Default: RegionOne."""
    project_id: str
    """ID of the OpenStack project, OS_PROJECT_ID: 32 hexadecimal digits."""
    versioning: bool = False
    """Keep overwritten and deleted objects. Default: false."""
    origins: tuple[str, ...] = ()
    """Pages that may use the container, with every method: Swift knows no others. Default: none."""
    holders: Mapping[str, SwiftHolder]
    """Who holds access, by names of your own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "container", self._named("container"))
        names.check_container_name(self.container)
        names.check_auth_url(self.auth_url)
        swift.check_id("project", self.project_id)
        if self.origins:
            swift.cors(self.origins)
        if self.temp_urls:
            names.check_keys(self.keys, least=1)
        if self.inactive:
            raise ValueError(
                "inactive is for users: Swift's keys cannot be switched off, drop them"
            )
        self._check_places()
        for name, place in self.places.items():
            if place.prefix or place.keys:
                raise ValueError(
                    f"places: {name}: Swift's rules are for whole containers, leave out the prefix "
                    "and give it a container of its own"
                )
            if unknown := [verb for verb in place.access if verb not in _OF_SWIFT]:
                raise ValueError(
                    f"places: {name}: Swift knows no '{unknown[0]}' access, "
                    f"use some of {', '.join(_OF_SWIFT)}"
                )
        urls = [name for name, each in self.holders.items() if isinstance(each, TempUrls)]
        if len(urls) > 1:
            raise ValueError(
                f"holders: {', '.join(urls)}: one key signs all URLs, name one of them"
            )
        for name, holder in self.holders.items():
            if isinstance(holder, ListedUsers):
                self._check_listed(name, holder)

    def _check_listed(self, name: str, holder: ListedUsers) -> None:
        granted = {verb for each in self.of(holder.places).values() for verb in each.access}
        for one, other in ((Access.LIST, Access.READ), (Access.WRITE, Access.DELETE)):
            if len({one, other} & granted) == 1:
                raise ValueError(
                    f"holders: {name}: Swift's lists know '{one}' and '{other}' together only, "
                    "grant both or neither"
                )

    @property
    def temp_urls(self) -> TempUrls | None:
        """How temporary URLs are signed, where somebody holds them."""
        return next((each for each in self.holders.values() if isinstance(each, TempUrls)), None)

    @property
    def takes_over(self) -> bool:
        """Whether an account's keys may be those of somebody else, or of the former name."""
        return bool(self.temp_urls and self.temp_urls.adopt_key) or bool(self.was)

    def owns(self) -> list[tuple[str, ...]]:
        """The container, and the account's key where URLs are signed with it."""
        account = (self.auth_url, self.region, self.project_id)
        key = self.temp_urls
        of_account = bool(key and key.signed_by == "account")
        return [
            *super().owns(),
            ("the container", *account, self.container),
            *([("the temp-URL key of account", *account)] if of_account else []),
        ]


_OF_SWIFT = (Access.LIST, Access.READ, Access.WRITE, Access.DELETE)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """An environment that CI previews and deploys."""

    names: tuple[str, ...] = ()
    """Names that it may use for buckets, users, roles and policies: beginnings, each ending in "-",
    and whole names, such as those that a file gives. Default: what begins with
    "<namespace>-<environment>-", which is then the environment's `prefix`."""
    previews: tuple[str, ...] = ()
    """Subjects of the tokens of jobs that preview. Default: of GitHub, environments
    `<environment>-preview` and `<environment>-drift`; of GitLab, the branch main."""
    deploys: tuple[str, ...] = ()
    """Subjects of the tokens of jobs that deploy. Default: of GitHub, the environment; of GitLab,
    the branch main."""
    removes_objects: bool = False
    """May also delete objects, for projects with `force_destroy`. Default: false."""


@dataclass(frozen=True, kw_only=True)
class Runner(_Holder):
    """A job of CI that previews an environment or deploys it."""

    TAG: ClassVar = "runner"
    deployed: str
    deploys: bool


@dataclass(frozen=True, kw_only=True)
class PipelineProject(Project):
    """What CI needs to preview and deploy environments: `kind: pipeline`."""

    github: str = ""
    """The repository on GitHub, "my-org/my-repo". Default: none, it is GitLab's."""
    gitlab: str = ""
    """The project on GitLab, "my-group/my-project". Default: none, it is GitHub's."""
    host: str = ""
    """Host of a GitHub Enterprise Server or GitLab of your own. Default: github.com, gitlab.com."""
    adopt_provider: bool = False
    """The account has an OpenID Connect provider for these tokens already: there is one for each
    issuer. Default: false, it is made."""
    wide_subjects: bool = False
    """Subjects of `previews` and `deploys` that open every branch, say, are meant. Default: false,
    they are refused."""
    environments: Mapping[str, Deployed]
    """The environments of this account that CI deploys, in that order."""
    people: tuple[str, ...]
    """ARNs of users and roles of the account who make the stacks, and use their keys by hand."""
    program: str = "object-access"
    """Name of the program that is deployed, `name` in its Pulumi.yaml. Default: object-access."""
    bucket: str = ""
    """Name of the state's bucket. Default: made by program; needs the environment's `namespace`."""
    region: str = "eu-west-1"
    """Region of the state and its keys. Default: eu-west-1."""
    keys: tuple[str, ...] = field(init=False, default=())
    inactive: tuple[str, ...] = field(init=False, default=())
    key_days: int = field(init=False, default=0)
    places: Mapping[str, Place] = field(init=False)
    holders: Mapping[str, Runner] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bucket", names.check_bucket_name(self._named("bucket")))
        names.check_region(self.region)
        names.check_tags(self.tags, "iam")
        if bool(self.github) == bool(self.gitlab):
            raise ValueError("github or gitlab must be given, one of the two: where CI runs")
        of = self.github or self.gitlab
        if not re.fullmatch(r"[\w.@-]+(/[\w.@-]+)+", of, re.ASCII):
            raise ValueError(f"repository '{of}' must be like 'my-org/my-repo', without an address")
        # IAM takes no port (API reference, "CreateOpenIDConnectProvider").
        if self.host and not re.fullmatch(r"[a-z0-9.-]+", self.host):
            raise ValueError(f"host '{self.host}' must be a bare name, like 'git.example.com'")
        if not self.environments or not self.people:
            missing = "people" if self.environments else "environments"
            raise ValueError(f"{missing} is empty, name at least one")
        for each in self.people:
            names.check_member(each)
        for name in self.environments:
            names.check_label("environment", name)
            with naming(f"environments: {name}"):
                self._check_deployed(name)
        if not self.wide_subjects:
            self._check_apart()
        with naming("environments"):
            pipeline.check_names(
                {name: self.names_of(name) for name in self.environments},
                {name: self.own(name) for name in self.environments},
                self.bucket,
                self.people,
            )
        places = {"names-of-states": Place(access=(Access.LIST,))}
        holders = {}
        for name, deploys in product(self.environments, (False, True)):
            holder = f"{name}-{'deploys' if deploys else 'previews'}"
            own = {
                f"{holder}-{word}": Place(
                    access=part.access,
                    **(
                        {"prefix": part.path} if part.path.endswith("/") else {"keys": (part.path,)}
                    ),
                )
                for word, part in pipeline.state(self.program, name, deploys=deploys).items()
            }
            places |= own
            holders[holder] = Runner(
                deployed=name, deploys=deploys, places=("names-of-states", *own)
            )
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "holders", holders)

    def _check_deployed(self, name: str) -> None:
        for deploys in (False, True):
            trust.web_identity(
                f"arn:aws:iam::{'0' * 12}:oidc-provider/{self.issuer}",
                self.audience,
                self.subjects(name, deploys=deploys),
                wide=self.wide_subjects,
            )

    def _check_apart(self) -> None:
        """A job that previews runs what nobody has merged yet, unless a branch says who it is: it
        may deploy nothing."""
        for deployed, previewed in product(self.environments, repeat=2):
            for deploys in map(evaluate.Pattern, self.subjects(deployed, deploys=True)):
                for subject in self.subjects(previewed, deploys=False):
                    if ":ref:" not in subject and deploys.matches(subject, {}):
                        raise ValueError(
                            f"environments: {previewed}: its jobs that preview, '{subject}', would "
                            f"deploy {deployed}; rename one of the two, or give other subjects"
                        )

    @property
    def issuer(self) -> str:
        """Host and path of who issues the tokens (GitHub Docs, "OpenID Connect reference"; GitLab
        Docs, "Configure OpenID Connect in AWS")."""
        if self.gitlab:
            return self.host or "gitlab.com"
        if self.host:
            return f"{self.host}/_services/token"
        return "token.actions.githubusercontent.com"

    @property
    def audience(self) -> str:
        """For whom the tokens are issued."""
        return "sts.amazonaws.com"

    def own(self, environment: str) -> str:
        """What the names of an environment's roles, key and boundary begin with."""
        return self.made(environment, 50)

    def names_of(self, environment: str) -> tuple[str, ...]:
        """The names that an environment may use."""
        given = self.environments[environment].names
        if not given and not self.namespace:
            raise ValueError(
                "no names given, and without them the environment's 'namespace' is needed; set one "
                "of the two"
            )
        return given or (f"{self.namespace}-{environment}-",)

    def subjects(self, environment: str, *, deploys: bool) -> tuple[str, ...]:
        """Those of the tokens of jobs that preview an environment, or deploy it."""
        deployed = self.environments[environment]
        given = deployed.deploys if deploys else deployed.previews
        if given:
            return given
        if self.gitlab:
            return (f"project_path:{self.gitlab}:ref_type:branch:ref:main",)
        of = f"repo:{self.github}:environment:{environment}"
        return (of,) if deploys else (f"{of}-preview", f"{of}-drift")

    def owns(self) -> list[tuple[str, ...]]:
        """The bucket of the state, and the account's trust in the tokens, unless it is adopted."""
        provider = [] if self.adopt_provider else [("the provider of", self.issuer)]
        return [*super().owns(), ("the bucket", self.bucket), *provider]


def _check_adopted(project: S3Project | CompatibleProject) -> None:
    if not project.adopt:
        return
    if not project.bucket:
        raise ValueError("adopt is set without a bucket, name the bucket that exists")
    # A consumer's CORS rules are not the user's to leave out: the checks say what is missing.
    for each in ("force_destroy", "access_logs", *(() if project.consumer else ("cors",))):
        if getattr(project, each, None):
            raise ValueError(
                f"{each} would change the bucket, and an adopted one is left as it is: "
                "leave one of the two out"
            )


KINDS: Mapping[str, type[Project]] = {
    "compatible": CompatibleProject,
    "pipeline": PipelineProject,
    "s3": S3Project,
    "swift": SwiftProject,
}
