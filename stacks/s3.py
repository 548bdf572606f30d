"""A project on AWS S3: the bucket, and everyone who holds access to it."""

from collections.abc import Mapping
from typing import Any

from pulumi import Input, Output

from object_access import (
    AccessLogsArgs,
    AccessUser,
    AccessUserArgs,
    CorsRuleArgs,
    DelegatedRole,
    DelegatedRoleArgs,
    GrantArgs,
    MultipartUploadRole,
    MultipartUploadRoleArgs,
    PrefixPolicy,
    PrefixPolicyArgs,
    PrivateBucket,
    PrivateBucketArgs,
    ShareArgs,
    TrustArgs,
    WorkloadRole,
    WorkloadRoleArgs,
)
from object_access.handover import model
from object_access.names import bucket_arn
from object_access.policies.grants import Access

from . import renamed
from .projects import (
    ExistingRole,
    Foreign,
    Holder,
    Job,
    Machine,
    Place,
    Role,
    S3Project,
    UploadRole,
    User,
)

Exported = dict[str, Any]


def build(project: S3Project) -> tuple[Exported, dict[str, Exported]]:
    """Declare the project; returns where it is, and how each holder gets in."""
    holders = _Holders(project)
    bucket: Input[str] = project.bucket
    if not project.adopt:
        bucket = PrivateBucket(
            project.name, _bucket(project, holders), renamed.options(project)
        ).bucket_name
    where = model.exported(
        model.S3,
        bucket=bucket,
        region=project.region,
        adopted=project.adopt,
        kms_key=project.kms_key,
    )
    return where, holders.how


def _bucket(project: S3Project, holders: "_Holders") -> PrivateBucketArgs:
    args: PrivateBucketArgs = {
        "bucket_name": project.bucket,
        "region": project.region,
        "cors": [_cors(project, number) for number in range(len(project.cors))],
        "versioning": project.versioning,
        "removal": project.removal,
        "tags": project.tags,
    }
    if holders.confined:
        args["confined"] = holders.confined
    if shared := _shared(project):
        args["shared"] = shared
    if project.kms_key:
        args["kms_key_arn"] = project.kms_key
    if project.access_logs:
        logs: AccessLogsArgs = {"bucket_name": project.access_logs.bucket}
        if project.access_logs.prefix:
            logs["prefix"] = project.access_logs.prefix
        args["access_logs"] = logs
    return args


def _cors(project: S3Project, number: int) -> CorsRuleArgs:
    rule = project.cors[number]
    return {
        "origins": rule.origins,
        "methods": rule.methods,
        "headers": rule.headers,
        "expose": rule.expose,
        "max_age_seconds": rule.max_age,
        "as_documented": rule.as_documented,
    }


def _shared(project: S3Project) -> dict[str, ShareArgs]:
    """What the bucket's own policy lets somebody else's principals do, by holder and place."""
    shares: dict[str, ShareArgs] = {}
    for name, holder in project.holders.items():
        if not isinstance(holder, Foreign):
            continue
        for key, place in project.of(holder.places).items():
            share: ShareArgs = {"principals": holder.principals, "access": place.access}
            if place.prefix:
                share["prefixes"] = [place.prefix]
            if place.keys:
                share["keys"] = place.keys
            if place.exact:
                share["list_exact"] = True
            shares[f"{name}-{key}"] = share
    return shares


class _Holders:
    """Everyone who holds access, declared in the order of the file."""

    def __init__(self, project: S3Project):
        self.how: dict[str, Exported] = {}
        self.confined: list[Input[str]] = []
        """ARNs of those who may do anything with the bucket but administer it."""
        self._project = project
        self._arn = bucket_arn(project.bucket, project.region)
        self._users: dict[str, AccessUser] = {}
        # A role for uploads needs its user first.
        last = sorted(project.holders, key=lambda name: project.holders[name].TAG == UploadRole.TAG)
        for name in last:
            self.how[name] = self._declare(name, project.holders[name])
        self.how = {name: self.how[name] for name in project.holders}

    def _declare(self, name: str, holder: Holder) -> Exported:
        if isinstance(holder, User):
            return self._user(name, holder)
        if isinstance(holder, Role):
            return self._role(name, holder)
        if isinstance(holder, Machine | Job):
            return self._workload(name, holder)
        if isinstance(holder, UploadRole):
            return self._upload_role(name, holder)
        if isinstance(holder, ExistingRole):
            self._policy(name, holder.places, roles=[holder.name])
            return model.exported(model.ExistingRole, name=holder.name)
        return model.exported(model.Foreign, principals=list(holder.principals))

    def _user(self, name: str, holder: User) -> Exported:
        args: AccessUserArgs = {
            "user_name": self._project.named(name),
            "keys": self._project.keys,
            "inactive": self._project.inactive,
            "key_days": self._project.key_days,
            "tags": self._project.tags,
        }
        self._bound(args)
        if holder.managed:
            args["managed_policies"] = {name: self._policy(name, holder.places)}
        else:
            args["grants"] = self._grants(holder.places)
        user = AccessUser(self._project.called(name)[0], args, renamed.options(self._project, name))
        self._users[name] = user
        self._confine(holder.places, user.user_arn)
        return model.exported(
            model.Key,
            access_key_id=user.access_key_id,
            secret_access_key=user.secret_access_key,
        )

    def _role(self, name: str, holder: Role) -> Exported:
        known = holder.whole_account or bool(self._project.consumer)
        trust: TrustArgs = {"principals": holder.trusted, "whole_account": known}
        if holder.external_id:
            trust["external_id"] = Output.secret(holder.external_id)
        if holder.session_name:
            trust["session_name"] = Output.secret(holder.session_name)
        if holder.self_assuming:
            trust["self_assuming"] = True
        args: DelegatedRoleArgs = {
            "role_name": self._project.named(name),
            "trusts": {name: trust},
            "grants": self._grants(holder.places),
            "max_session_duration": holder.longest_session,
            "tags": self._project.tags,
        }
        self._bound(args)
        called = self._project.called(name)[0]
        role = DelegatedRole(called, args, renamed.options(self._project, name))
        self._confine(holder.places, role.role_arn)
        return model.exported(
            model.Role,
            role_arn=role.role_arn,
            trusted=list(holder.trusted),
            external_id="" if holder.session_name else role.external_ids[name],
            session_name=Output.secret(holder.session_name) if holder.session_name else "",
            longest_session=holder.longest_session,
            self_assuming=holder.self_assuming,
        )

    def _workload(self, name: str, holder: Machine | Job) -> Exported:
        args: WorkloadRoleArgs = {
            "role_name": self._project.made(name),
            "grants": self._grants(holder.places),
            "tags": self._project.tags,
        }
        self._bound(args)
        if isinstance(holder, Job):
            args["max_session_duration"] = holder.longest_session
            args["web_identity"] = {
                "provider_arn": holder.provider,
                "subjects": holder.subjects,
                "audience": holder.audience,
                "wide_subjects": holder.wide_subjects,
            }
        called = self._project.called(name)[0]
        role = WorkloadRole(called, args, renamed.options(self._project, name))
        if isinstance(holder, Machine):
            how = model.exported(
                model.Machine, instance_profile=role.instance_profile, role_arn=role.role_arn
            )
        else:
            how = model.exported(
                model.Job,
                role_arn=role.role_arn,
                provider=holder.provider,
                subjects=list(holder.subjects),
                audience=holder.audience,
                longest_session=holder.longest_session,
            )
        self._confine(holder.places, role.role_arn)
        return how

    def _upload_role(self, name: str, holder: UploadRole) -> Exported:
        user = self._users[holder.of]
        args: MultipartUploadRoleArgs = {
            "role_name": self._project.made(name),
            "user_arn": user.user_arn,
            "user_unique_id": user.unique_id,
            "bucket_arn": self._arn,
            "tags": self._project.tags,
        }
        self._bound(args)
        called = self._project.called(name)[0]
        role = MultipartUploadRole(called, args, renamed.options(self._project, name))
        return model.exported(model.UploadRole, role_arn=role.role_arn, of=holder.of)

    def _bound(
        self, args: AccessUserArgs | DelegatedRoleArgs | MultipartUploadRoleArgs | WorkloadRoleArgs
    ) -> None:
        """Whoever is made has the environment's boundary."""
        if self._project.boundary:
            args["permissions_boundary"] = self._project.boundary

    def _policy(
        self, name: str, places: tuple[str, ...], roles: list[str] | None = None
    ) -> Output[str]:
        args: PrefixPolicyArgs = {
            "policy_name": self._project.made(name),
            "grants": self._grants(places),
            "tags": self._project.tags,
        }
        if roles:
            args["roles"] = roles
        return PrefixPolicy(
            self._project.called(name)[0], args, renamed.options(self._project, name)
        ).policy_arn

    def _grants(self, places: tuple[str, ...]) -> Mapping[str, GrantArgs]:
        return {name: self._grant(place) for name, place in self._project.of(places).items()}

    def _grant(self, place: Place) -> GrantArgs:
        grant: GrantArgs = {"bucket_arn": self._arn, "access": place.access}
        if place.prefix:
            grant["prefixes"] = [place.prefix]
        if place.keys:
            grant["keys"] = place.keys
        if place.exact:
            grant["list_exact"] = True
        if self._project.kms_key:
            grant["kms_key_arn"] = self._project.kms_key
        return grant

    def _confine(self, places: tuple[str, ...], arn: Input[str]) -> None:
        if any(Access.FULL in each.access for each in self._project.of(places).values()):
            self.confined.append(arn)
