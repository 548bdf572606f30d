"""What CI needs to preview and deploy environments: nothing of it is made by hand."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, InvokeOutputOptions, Output, ResourceOptions

from . import _args, _buckets, names
from ._buckets import Removal
from ._grants import give_role
from ._outputs import once
from .policies import pipeline, trust
from .policies.documents import PolicyDocument, check_size, to_json
from .private_bucket import PrivateBucket

LONGEST_SESSION = 3_600  # seconds: an update takes minutes


class IssuerArgs(TypedDict):
    """Who issues the tokens of CI."""

    host: str
    """Its address without "https://": "token.actions.githubusercontent.com", or "gitlab.com"."""
    audience: NotRequired[str]
    """For whom the tokens are issued. Default: sts.amazonaws.com."""
    adopt: NotRequired[bool]
    """The account has a provider for it already: there is one for each issuer. Default: False."""


class DeployedArgs(TypedDict):
    """An environment that CI previews and deploys."""

    own: str
    """What the names of its roles, its key and its boundary begin with; up to 50 characters."""
    names: Sequence[str]
    """Names that it may use for buckets, users, roles and policies: beginnings, each ending in "-",
    and whole names."""
    previews: Sequence[str]
    """Subjects of the tokens of jobs that preview."""
    deploys: Sequence[str]
    """Subjects of the tokens of jobs that deploy."""
    removes_objects: NotRequired[bool]
    """May also delete objects, as `Removal.DESTROY` needs it. Default: False."""


class PipelineArgs(TypedDict):
    """Inputs of `Pipeline`."""

    bucket_name: str
    """Name of the bucket of the state, unique in the world. Changing it makes another bucket."""
    region: str
    """Region of bucket and keys, such as "eu-west-1"."""
    program: str
    """Name of the program that is deployed, `name` in its Pulumi.yaml."""
    issuer: IssuerArgs
    """Who issues the tokens of CI."""
    environments: Mapping[str, DeployedArgs]
    """What is deployed, by the names of the stacks."""
    people: Sequence[str]
    """ARNs of users and roles who also use the keys: who makes the stacks, and helps by hand."""
    wide_subjects: NotRequired[bool]
    """Subjects that open every branch, say, are meant. Default: False, they are refused."""
    removal: NotRequired[Removal]
    """Whether the state's bucket may be deleted: see `PrivateBucket`. Default: keep."""
    tags: NotRequired[Mapping[str, str]]
    """Up to 50 tags on everything. Default: none."""


class Pipeline(ComponentResource):
    """A private bucket for the state of Pulumi, trust in the tokens of CI, and for each environment
    a key for its secrets, a role that previews it, one that deploys it, and a permissions boundary.

    The role that previews reads. The one that deploys makes buckets, users and roles under names of
    its own alone, users and roles only with the boundary, and can change neither that nor its own
    roles: whatever it makes uses objects of these buckets, and nothing else."""

    bucket_name: Output[str]
    """Name of the state's bucket; known once all its settings are in place."""
    reading_roles: Output[Mapping[str, str]]
    """ARNs of the roles that preview, by environment; known once they can."""
    deploying_roles: Output[Mapping[str, str]]
    """ARNs of the roles that deploy, by environment; known once they can."""
    boundaries: Output[Mapping[str, str]]
    """ARNs of the boundaries, by environment."""
    keys: Output[Mapping[str, str]]
    """ARNs of the keys, by environment."""

    def __init__(self, name: str, args: PipelineArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, PipelineArgs)
        issuer, environments = args["issuer"], args["environments"]
        _args.check(f"{name}-issuer", issuer, IssuerArgs)
        with _args.naming(name):
            region = names.check_region(args["region"])
            bucket_arn = names.bucket_arn(names.check_bucket_name(args["bucket_name"]), region)
            removal = _buckets.removal(args)
            tags = names.check_tags(args.get("tags", {}), "iam")
            if not environments:
                raise ValueError("no environments given, name at least one")
            for key, each in environments.items():
                _args.check(f"{name}-{key}", each, DeployedArgs)
            if not args["people"]:
                raise ValueError("nobody could make a stack: name one of your people, by ARN")
            pipeline.check_names(
                {key: each["names"] for key, each in environments.items()},
                {key: each["own"] for key, each in environments.items()},
                args["bucket_name"],
                args["people"],
            )
        plans = {key: _Plan(name, key, args, bucket_arn) for key in environments}
        for plan in plans.values():
            plan.check()
        super().__init__("object-access:index:Pipeline", name, None, opts)
        child = ResourceOptions(parent=self)

        bucket = PrivateBucket(
            name,
            {
                "bucket_name": args["bucket_name"],
                "region": region,
                "removal": removal,
                "tags": tags,
            },
            child,
        )
        me = aws.get_caller_identity_output(opts=InvokeOutputOptions(parent=self))
        provider = me.account_id.apply(lambda account: _provider(bucket_arn, account, issuer))
        if not issuer.get("adopt", False):
            provider = aws.iam.OpenIdConnectProvider(
                f"{name}-issuer",
                url=f"https://{issuer['host']}",
                client_id_lists=[issuer.get("audience", "sts.amazonaws.com")],
                tags=tags,
                opts=child,
            ).arn
        made = {
            key: plan.declare(me.account_id, provider, tags, child) for key, plan in plans.items()
        }

        self.bucket_name = bucket.bucket_name
        self.reading_roles = _of(made, "reads")
        self.deploying_roles = _of(made, "deploys")
        self.boundaries = _of(made, "boundary")
        self.keys = _of(made, "key")
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "reading_roles": self.reading_roles,
                "deploying_roles": self.deploying_roles,
                "boundaries": self.boundaries,
                "keys": self.keys,
            }
        )


class _Plan:
    """What an environment needs, before and once the account is known."""

    def __init__(self, name: str, key: str, args: PipelineArgs, bucket_arn: str):
        self._name, self._environment = f"{name}-{key}", key
        self._args, self._bucket_arn = args, bucket_arn
        self._given = args["environments"][key]

    def check(self) -> None:
        """Refuse what is wrong with it, with stand-ins for what is not known yet."""
        with _args.naming(self._name):
            own = self._given["own"]
            names.check_iam_name("role", f"{own}-boundary")
            account = _args.STAND_INS["account"]
            provider = _provider(self._bucket_arn, account, self._args["issuer"])
            for subjects in (self._given["previews"], self._given["deploys"]):
                self._trust(provider, subjects)
            self._key_policy(account)
            self._boundary(account)
            for deploys in (False, True):
                self._policies([account, _args.STAND_INS["kms_key_arn"]], deploys=deploys)

    def declare(
        self,
        account: Output[str],
        provider: Output[str],
        tags: Mapping[str, str],
        child: ResourceOptions,
    ) -> dict[str, Output[str]]:
        """Declare it; returns the ARNs of what there is then."""
        name, own, region = self._name, self._given["own"], self._args["region"]
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Secrets of Pulumi: {self._environment}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=account.apply(self._key_policy),
            region=region,
            tags=tags,
            opts=child,
        )
        aws.kms.Alias(
            f"{name}-key", name=f"alias/{own}", target_key_id=key.key_id, region=region, opts=child
        )
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            name=f"{own}-boundary",
            policy=account.apply(self._boundary),
            tags=tags,
            opts=child,
        )
        arns = {"key": key.arn, "boundary": boundary.arn}
        for what, subjects in (
            ("reads", self._given["previews"]),
            ("deploys", self._given["deploys"]),
        ):
            role = aws.iam.Role(
                f"{name}-{what}",
                name=f"{own}-{what}",
                assume_role_policy=provider.apply(partial(self._trust, subjects=subjects)),
                max_session_duration=LONGEST_SESSION,
                tags=tags,
                opts=child,
            )
            written = Output.all(account, key.arn).apply(
                partial(self._policies, deploys=what == "deploys")
            )
            policies: dict[str, Input[str]] = {
                part: written[part] for part in ("state", "secrets", "cloud")
            }
            arns[what] = once(give_role(f"{name}-{what}", role, policies, child), role.arn)
        return arns

    def _scope(self, account: str) -> pipeline.Scope:
        return pipeline.Scope(self._bucket_arn.split(":")[1], account, self._given["names"])

    def _trust(self, provider: str, subjects: Sequence[str]) -> str:
        audience = self._args["issuer"].get("audience", "sts.amazonaws.com")
        wide = self._args.get("wide_subjects", False)
        policy = trust.web_identity(provider, audience, subjects, wide=wide)
        check_size("trust policy", policy)
        return to_json(policy)

    def _key_policy(self, account: str) -> str:
        scope = self._scope(account)
        roles = [f"{scope.iam}:role/{self._given['own']}-{each}" for each in ("reads", "deploys")]
        return to_json(pipeline.key(scope, roles, self._args["people"]))

    def _boundary(self, account: str) -> str:
        policy = pipeline.boundary(self._scope(account))
        check_size("managed policy", policy)
        return to_json(policy)

    def _policies(self, known: Sequence[str], *, deploys: bool) -> dict[str, str]:
        """The inline policies of a role, as JSON, where account and key are known."""
        account, key_arn = known
        scope = self._scope(account)
        parts = pipeline.state(self._args["program"], self._environment, deploys=deploys)
        cloud = pipeline.reading(scope)
        if deploys:
            boundary = f"{scope.iam}:policy/{self._given['own']}-boundary"
            removes = self._given.get("removes_objects", False)
            cloud = pipeline.deploying(scope, boundary, removes_objects=removes)
        written: dict[str, PolicyDocument] = {
            "state": pipeline.of_state(self._bucket_arn, parts.values()),
            "secrets": pipeline.secrets(key_arn),
            "cloud": cloud,
        }
        check_size("role inline policies", *written.values())
        return {part: to_json(policy) for part, policy in written.items()}


def _provider(bucket_arn: str, account: str, issuer: IssuerArgs) -> str:
    return f"arn:{bucket_arn.split(':')[1]}:iam::{account}:oidc-provider/{issuer['host']}"


def _of(made: Mapping[str, Mapping[str, Output[str]]], what: str) -> Output[Mapping[str, str]]:
    found: Any = {key: each[what] for key, each in made.items()}
    return Output.from_input(found)
