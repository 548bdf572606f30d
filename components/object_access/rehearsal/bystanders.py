"""What is there beside the projects: buckets to adopt, roles that exist, other people and other
accounts, and those whom projects trust."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests

from ..checks import Bystanders, Target
from ..checks.subject import named_in_part
from ..handover.model import (
    S3,
    ExistingRole,
    Foreign,
    Handover,
    How,
    Job,
    Key,
    Password,
    Profile,
    Role,
    Runner,
    Swift,
    is_handover,
)
from ..policies.trust import account_of
from .cloud import STRANGER, Cloud
from .provision_s3 import make_bucket

if TYPE_CHECKING:
    from stacks.projects import Project

_LONGEST = 63  # characters of a bucket's name (S3 User Guide, "Bucket naming rules")
_ANYTHING = {"Effect": "Allow", "Action": ["s3:*", "sts:AssumeRole"], "Resource": "*"}


def provide(cloud: Cloud, projects: "Iterable[Project]") -> None:
    """What exists outside the program exists before it runs: buckets, roles, and the users and
    roles of other accounts, whom IAM would not let a policy name otherwise."""
    for project in projects:
        from stacks import projects as kinds

        if isinstance(project, kinds.S3Project):
            _provide_buckets(cloud, project)
            _provide_holders(cloud, project)
        if isinstance(project, kinds.PipelineProject) and project.adopt_provider:
            provider = f"arn:aws:iam::{cloud.account}:oidc-provider/{project.issuer}"
            _make_provider(cloud, provider, project.audience)
        if isinstance(project, kinds.CompatibleProject) and project.adopt:
            cloud.wait_for_compatible()
            store = Target(cloud.compatible["endpoint"], compatible=True)
            s3 = store.client("s3", "us-east-1", _key(cloud.compatible))
            if project.bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
                s3.create_bucket(Bucket=project.bucket)


def _provide_buckets(cloud: Cloud, project: Any) -> None:
    s3 = cloud.admin("s3", project.region)
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    if project.adopt and project.bucket not in there:
        make_bucket(s3, project.bucket, project.region)
    if project.access_logs and project.access_logs.bucket not in there:
        logs = project.access_logs.bucket
        make_bucket(s3, logs, project.region)
        writes = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{logs}/*",
        }
        s3.put_bucket_policy(Bucket=logs, Policy=_document(writes))


def _provide_holders(cloud: Cloud, project: Any) -> None:
    from stacks import projects as kinds

    for holder in project.holders.values():
        if isinstance(holder, kinds.ExistingRole):
            _make_role(cloud, _role_arn(cloud, holder.name))
        if isinstance(holder, kinds.Role):
            _provide_principals(cloud, holder.trusted)
        if isinstance(holder, kinds.Foreign):
            _provide_principals(cloud, holder.principals)
        if isinstance(holder, kinds.Job):
            _make_provider(cloud, holder.provider, holder.audience)


def _provide_principals(cloud: Cloud, principals: Iterable[str]) -> None:
    for each in principals:
        kind, path, name = _parts(each)
        if kind == "role":
            _make_role(cloud, each)
        if kind == "user":
            _make_user(cloud, account_of(each), name, path)


def with_keys(cloud: Cloud, handovers: Mapping[str, Mapping[str, Any]]) -> dict[str, Handover]:
    """The hand-overs as their consumers have them: with the keys of the profiles that they name,
    and the password of their user. What else a program exports is left out."""
    read = {}
    for name, data in handovers.items():
        if not is_handover(data):
            continue
        handover = Handover.read(name, data)
        for holder, each in handover.holders.items():
            if isinstance(each.how, Profile):
                keys = _key(cloud.compatible)
                own = Profile(profile=each.how.profile, **vars(keys))
                handover = handover.with_how(holder, own)
            if isinstance(each.how, Password):
                handover = handover.with_how(holder, _openstack_user(cloud))
        read[name] = handover
    return read


def bystanders_of(cloud: Cloud, handovers: Mapping[str, Handover]) -> Bystanders:
    """The people beside the projects' own: somebody else in the account, with buckets of theirs
    and who may do anything on S3 and assume any role that lets them; such a role; the principals
    that are trusted and an account that is not; somebody else on the compatible store."""
    name = f"outsider-{uuid4().hex[:12]}"
    make_bucket(cloud.admin("s3"), name, cloud.region)
    role = _role_arn(cloud, name)
    _make_role(cloud, role, anything=True)
    wheres = [each.where for each in handovers.values()]
    compatible = any(isinstance(where, S3) and where.endpoint for where in wheres)
    openstack = any(isinstance(where, Swift) for where in wheres)
    return Bystanders(
        outsider=_make_user(cloud, cloud.account, name),
        bucket=name,
        region=cloud.region,
        alike=_alike(cloud, wheres),
        role=role,
        trusted=_trusted(cloud, handovers.values()),
        stranger=_key(cloud.aws["accounts"][STRANGER])
        if STRANGER in cloud.aws["accounts"]
        else None,
        compatible=_key(cloud.compatible["somebody_else"]) if compatible else None,
        neighbours={
            account: _make_user(cloud, account, name)
            for account in _named_in_part(handovers.values())
        },
        openstack=_openstack_users(cloud) if openstack else {},
        owner=_openstack_user(cloud) if openstack else None,
        tokens=_tokens(cloud, handovers.values()),
    )


def _tokens(cloud: Cloud, handovers: Iterable[Handover]) -> dict[str, str]:
    """A token of the rehearsal's own issuer for each job, by its provider and subject."""
    found = {}
    for handover in handovers:
        for holder in handover.holders.values():
            if not isinstance(how := holder.how, Job):
                continue
            others = how.strangers.values() if isinstance(how, Runner) else ()
            for subject in (how.subjects[0], *others):
                claims = {
                    "iss": f"https://{how.provider.partition(':oidc-provider/')[2]}",
                    "aud": how.audience,
                    "sub": subject.replace("*", "x"),
                }
                answer = requests.post(
                    cloud.aws["tokens"], json=claims, verify=cloud.aws["ca_bundle"], timeout=60
                )
                found[f"{how.provider} {subject}"] = cloud.keep_secret(answer.text)
    return found


def _make_provider(cloud: Cloud, arn: str, audience: str) -> None:
    """An OpenID Connect provider, which the account has beside the projects."""
    iam = cloud.admin("iam")
    there = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if arn not in {each["Arn"] for each in there}:
        iam.create_open_id_connect_provider(
            Url=f"https://{arn.partition(':oidc-provider/')[2]}", ClientIDList=[audience]
        )


def _alike(cloud: Cloud, wheres: Iterable[S3 | Swift]) -> dict[str, str]:
    """For each project's bucket one of somebody else's, whose name begins with its name."""
    s3 = cloud.admin("s3")
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    made: dict[str, str] = {}
    for where in wheres:
        if isinstance(where, S3) and not where.endpoint and len(where.bucket) + 2 <= _LONGEST:
            made[where.bucket] = f"{where.bucket}-2"
    for each in set(made.values()) - there:
        make_bucket(s3, each, cloud.region)
    return made


def _trusted(cloud: Cloud, handovers: Iterable[Handover]) -> dict[str, Key]:
    """Keys of everyone whom a project trusts or lets in, by account, ARN or name of a role."""
    found: dict[str, Key] = {}
    for handover in handovers:
        for holder in handover.holders.values():
            how = holder.how
            for each in _principals(how):
                if each not in found:  # a second key would end the first
                    found[each] = _keys_of(cloud, each)
            if isinstance(how, ExistingRole):
                found.setdefault(f"role/{how.name}", _assume(cloud, _role_arn(cloud, how.name)))
    return found


def _keys_of(cloud: Cloud, principal: str) -> Key:
    account = account_of(principal)
    kind, path, name = _parts(principal)
    if kind == "role":
        return _assume(cloud, principal)
    if kind == "user":
        return _make_user(cloud, account, name, path)
    return _key(cloud.aws["accounts"][account])


def _parts(principal: str) -> tuple[str, str, str]:
    """Whether it is a role, a user or a whole account, its path and its name."""
    kind, _, path = principal.rpartition(":")[2].partition("/")
    above, _, name = f"/{path}".rpartition("/")
    return kind, f"{above}/", name


def _role_arn(cloud: Cloud, name: str) -> str:
    return f"arn:aws:iam::{cloud.account}:role/{name}"


def _iam(cloud: Cloud, account: str) -> Any:
    return cloud.target.client("iam", cloud.region, _key(cloud.aws["accounts"][account]))


def _make_role(cloud: Cloud, arn: str, *, anything: bool = False) -> None:
    """A role that its own account may assume; one of another account may do anything on S3."""
    account, (_, path, name) = account_of(arn), _parts(arn)
    iam = _iam(cloud, account)
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    if name in {each["RoleName"] for each in iam.list_roles()["Roles"]}:
        return
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=_document(trust))
    # One of ours can do what the project grants, and nothing else.
    if anything or account != cloud.account:
        iam.put_role_policy(
            RoleName=name, PolicyName="anything", PolicyDocument=_document(_ANYTHING)
        )


def _make_user(cloud: Cloud, account: str, name: str, path: str = "/") -> Key:
    """A user who may do anything on S3 and assume any role that lets them; with a new key."""
    iam = _iam(cloud, account)
    if name not in {each["UserName"] for each in iam.list_users()["Users"]}:
        iam.create_user(UserName=name, Path=path)
        iam.put_user_policy(
            UserName=name, PolicyName="anything", PolicyDocument=_document(_ANYTHING)
        )
    for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(
        access_key_id=key["AccessKeyId"],
        secret_access_key=cloud.keep_secret(key["SecretAccessKey"]),
    )


def _assume(cloud: Cloud, arn: str) -> Key:
    keys = _key(cloud.aws["accounts"][account_of(arn)])
    sts = cloud.target.client("sts", cloud.region, keys)
    made = sts.assume_role(RoleArn=arn, RoleSessionName="consumer")["Credentials"]
    return Key(
        access_key_id=made["AccessKeyId"],
        secret_access_key=cloud.keep_secret(made["SecretAccessKey"]),
        session_token=made["SessionToken"],
    )


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _named_in_part(handovers: Iterable[Handover]) -> set[str]:
    """Accounts of which some project names only some users and roles."""
    return {
        account
        for handover in handovers
        for holder in handover.holders.values()
        for account in named_in_part(_principals(holder.how))
    }


def _principals(how: How) -> tuple[str, ...]:
    if isinstance(how, Role):
        return how.trusted
    return how.principals if isinstance(how, Foreign) else ()


def _openstack_user(cloud: Cloud) -> Password:
    user = cloud.swift["projects"]["rehearsal"]
    return Password(**{key: user[key] for key in ("username", "password", "user_domain")})


def _openstack_users(cloud: Cloud) -> dict[str, Mapping[str, str]]:
    projects = cloud.swift["projects"]
    return {
        "another project's user": projects["somebody-else"],
        "a user without a role": projects["rehearsal"]["without_role"],
    }


def _key(keys: Mapping[str, str]) -> Key:
    return Key(access_key_id=keys["access_key_id"], secret_access_key=keys["secret_access_key"])
