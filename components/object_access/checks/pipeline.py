"""What the jobs of CI can do with an environment, and what neither they nor what they make can."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from ..handover.model import Key, Runner
from ..policies.buckets import private
from .check import DENIED, Checks, NotPromised, NotTried, allowed, none_allowed, refused
from .subject import Call, Subject

_DENIED = (*DENIED, "AccessDeniedException")  # KMS's word
_ANYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
)
_TO_MACHINES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
_ADMINISTRATION = "arn:aws:iam::aws:policy/AdministratorAccess"


def derived(subject: Subject) -> Iterator[Checks]:
    """The checks of the jobs of CI, where a project has some."""
    for holder, each in subject.handover.holders.items():
        if isinstance(each.how, Runner):
            yield RunnerChecks(subject, holder)


class RunnerChecks(Checks):
    """Of one role of CI. What it makes to try it, it removes again."""

    def __init__(self, subject: Subject, holder: str):
        self._subject, self._holder = subject, holder
        self._how: Runner = subject.handover.holders[holder].how  # type: ignore[assignment]
        self.scope = f"{holder}: "
        made = "bucket, user, role and policy under its names"
        self.words = {"does": f"make {made}" if self._how.deploys else f"look at {made}"}
        self._undo: list[Call] = []

    # --- who it is ---

    @refused("to be it: other repositories, and other jobs of this one")
    def others_are_refused(self) -> None:
        sts = self._subject.client("sts", None)
        calls: dict[str, Call] = {}
        for what, subject in self._how.strangers.items():
            token = self._subject.bystanders.tokens.get(f"{self._how.provider} {subject}")
            if token is None:
                raise NotTried("needs tokens of others, which only a rehearsal has")
            calls[what] = partial(
                sts.assume_role_with_web_identity,
                RoleArn=self._how.role_arn,
                RoleSessionName="others",
                WebIdentityToken=token,
            )
        none_allowed(calls)

    @allowed("open the state's secrets")
    def decrypts(self) -> None:
        try:
            self._client("kms").decrypt(KeyId=self._how.key, CiphertextBlob=b"none of this key's")
        except ClientError as error:  # which is how it would be opened
            if error.response["Error"]["Code"] != "InvalidCiphertextException":
                raise

    @refused("to do more with keys", *_DENIED)
    def keys_are_left_alone(self) -> None:
        self._subject.only_embedded()
        key = {"KeyId": self._how.key}
        others = {
            each.how.key: each.how
            for each in self._subject.handover.holders.values()
            if isinstance(each.how, Runner) and each.how.key != self._how.key
        }
        kms = self._client("kms")
        none_allowed(
            {
                "encrypting": partial(kms.encrypt, **key, Plaintext=b"x"),
                "another policy": partial(
                    kms.put_key_policy, **key, PolicyName="default", Policy=_ANYTHING
                ),
                "its end": partial(kms.schedule_key_deletion, **key),
                "another key": kms.create_key,
                **{
                    f"the key of {how.environment}": partial(
                        kms.decrypt, KeyId=other, CiphertextBlob=b"x"
                    )
                    for other, how in others.items()
                },
            },
            _DENIED,
        )

    # --- what it makes ---

    @allowed("{does}")
    def looks(self) -> None:
        made, iam, s3 = self._made, self._iam, self._s3
        s3.head_bucket(Bucket=made)
        s3.get_bucket_versioning(Bucket=made)
        s3.get_bucket_policy(Bucket=made)
        iam.get_user(UserName=made)
        iam.list_access_keys(UserName=made)
        iam.get_user_policy(UserName=made, PolicyName="x")
        iam.get_role(RoleName=made)
        iam.get_instance_profile(InstanceProfileName=made)
        iam.get_policy(PolicyArn=self._arn("policy", made))

    @refused("to change anything")
    def previews_change_nothing(self) -> None:
        if self._how.deploys:
            raise NotPromised
        none_allowed({**self._changes(self._made), **self._escapes()})

    @refused("to make what is not under its names, or not bounded")
    def deploys_within_its_names(self) -> None:
        if not self._how.deploys:
            raise NotPromised
        self._subject.only_embedded()
        iam, name = self._iam, self._name()
        trust = {"AssumeRolePolicyDocument": _TO_MACHINES}
        bounded = {"PermissionsBoundary": self._how.boundary}
        pathed, theirs = {"Path": f"/{name}/"}, self._subject.name[:40]
        none_allowed(
            {
                **{f"{what} elsewhere": each for what, each in self._changes(None).items()},
                "a user of any name, in a path": partial(
                    iam.create_user, UserName=theirs, **pathed, **bounded
                ),
                "a role of any name, in a path": partial(
                    iam.create_role, RoleName=theirs, **pathed, **bounded, **trust
                ),
                "a policy of any name, in a path": partial(
                    iam.create_policy, PolicyName=theirs, **pathed, PolicyDocument=_ANYTHING
                ),
                "a user without the boundary": partial(iam.create_user, UserName=name),
                "a user with another boundary": partial(
                    iam.create_user, UserName=name, PermissionsBoundary=_ADMINISTRATION
                ),
                "a role without the boundary": partial(iam.create_role, RoleName=name, **trust),
                "a role with another boundary": partial(
                    iam.create_role, RoleName=name, **trust, PermissionsBoundary=_ADMINISTRATION
                ),
            }
        )

    @refused("to lift the boundary, or to change its own roles")
    def deploys_within_the_boundary(self) -> None:
        if not self._how.deploys:
            raise NotPromised
        none_allowed(self._escapes())

    @refused("what it makes: to do more than the boundary, whatever its own policy says", *_DENIED)
    def what_it_makes_is_bounded(self) -> None:
        if not self._how.deploys:
            raise NotPromised
        bucket, subject = self._made, self._subject
        made = self._key_of_made
        s3, iam = subject.client("s3", made), subject.client("iam", made)
        state = next(iter(subject.handover.place_of(self._holder).values()))
        none_allowed(
            {
                "the state": partial(s3.list_objects_v2, Bucket=subject.bucket),
                "a state": partial(s3.get_object, Bucket=subject.bucket, Key=subject.key(state)),
                "a bucket": partial(s3.create_bucket, Bucket=self._name()),
                "its bucket's policy": partial(s3.delete_bucket_policy, Bucket=bucket),
                "another bucket": partial(s3.list_objects_v2, Bucket=subject.bystanders.bucket),
                "users": iam.list_users,
                "a key for itself": iam.create_access_key,
                "the deploying role": partial(
                    subject.client("sts", made).assume_role,
                    RoleArn=self._how.role_arn,
                    RoleSessionName="more",
                ),
                "the secrets": partial(
                    subject.client("kms", made).decrypt,
                    KeyId=self._how.key,
                    CiphertextBlob=b"x",
                ),
            },
            _DENIED,
        )

    @allowed("take down what it made")
    def takes_down(self) -> None:
        if not self._how.deploys:
            raise NotPromised
        self._made  # noqa: B018 it is there by now
        while self._undo:
            self._undo.pop()()

    def tidy(self) -> None:
        """Remove what was made, where taking it down was not promised, or failed."""
        while self._undo:
            with suppress(ClientError, BotoCoreError, OSError):
                self._undo.pop()()

    @cached_property
    def _made(self) -> str:
        """The name of a bucket, a user, a role with its profile and a policy that the role that
        deploys made. Raises NotTried where that would be somebody's account."""
        self._subject.only_embedded()
        name, bounded = self._name(), {"PermissionsBoundary": self._how.boundary}
        s3, iam = self._client("s3", self._maker), self._client("iam", self._maker)
        bucket, user, role = {"Bucket": name}, {"UserName": name}, {"RoleName": name}
        profile, inline = {"InstanceProfileName": name}, {"PolicyName": "x"}
        policy = {"PolicyArn": self._arn("policy", name)}
        steps: list[tuple[Call, Call]] = [
            (partial(self._make_bucket, s3, name), partial(s3.delete_bucket, **bucket)),
            (
                partial(iam.create_policy, PolicyName=name, PolicyDocument=_ANYTHING),
                partial(iam.delete_policy, **policy),
            ),
            (partial(iam.create_user, **user, **bounded), partial(iam.delete_user, **user)),
            (
                partial(iam.put_user_policy, **user, **inline, PolicyDocument=_ANYTHING),
                partial(iam.delete_user_policy, **user, **inline),
            ),
            (
                partial(iam.attach_user_policy, **user, **policy),
                partial(iam.detach_user_policy, **user, **policy),
            ),
            (
                partial(iam.create_role, **role, **bounded, AssumeRolePolicyDocument=_TO_MACHINES),
                partial(iam.delete_role, **role),
            ),
            (
                partial(iam.put_role_policy, **role, **inline, PolicyDocument=_ANYTHING),
                partial(iam.delete_role_policy, **role, **inline),
            ),
            (
                partial(iam.create_instance_profile, **profile),
                partial(iam.delete_instance_profile, **profile),
            ),
            (
                partial(iam.add_role_to_instance_profile, **profile, **role),
                partial(iam.remove_role_from_instance_profile, **profile, **role),
            ),
        ]
        for do, undo in steps:
            do()
            self._undo.append(undo)
        return name

    def _make_bucket(self, s3: Any, name: str) -> None:
        """A bucket, with the settings of a private one."""
        bucket, region = {"Bucket": name}, self._subject.region
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(**bucket, **({} if region == "us-east-1" else where))
        s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
        policy = json.dumps(private(f"arn:aws:s3:::{name}"))
        s3.put_bucket_policy(**bucket, Policy=policy)

    @cached_property
    def _key_of_made(self) -> Key:
        user, iam = {"UserName": self._made}, self._client("iam", self._maker)
        key = iam.create_access_key(**user)["AccessKey"]
        self._undo.append(partial(iam.delete_access_key, **user, AccessKeyId=key["AccessKeyId"]))
        return Key(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])

    @property
    def _maker(self) -> str:
        """The holder that deploys the environment."""
        return next(
            name
            for name, each in self._subject.handover.holders.items()
            if isinstance(each.how, Runner)
            and each.how.deploys
            and each.how.environment == self._how.environment
        )

    def _name(self) -> str:
        """A name that nobody has, among those that the environment may use."""
        start = next((each for each in self._how.names if each.endswith("-")), None)
        if start is None:
            raise NotTried("it may use whole names alone, and those are taken")
        return f"{start}check-{uuid4().hex[:12]}"

    def _arn(self, kind: str, name: str) -> str:
        return f"{self._how.role_arn.partition(':role/')[0]}:{kind}/{name}"

    def _client(self, service: str, holder: str = "") -> Any:
        return self._subject.client(service, self._subject.keys(holder or self._holder))

    @property
    def _s3(self) -> Any:
        return self._client("s3")

    @property
    def _iam(self) -> Any:
        return self._client("iam")

    # --- the calls ---

    def _changes(self, name: str | None) -> dict[str, Call]:
        """A change of each kind: of what is there under this name, or under one that nobody gave to
        the environment."""
        s3, iam, bounded = self._s3, self._iam, {"PermissionsBoundary": self._how.boundary}
        theirs = name or self._subject.bystanders.bucket
        new = self._name() if name else self._subject.name[:40]
        user, role = {"UserName": theirs}, {"RoleName": theirs}
        named = {"PolicyName": "x", "PolicyDocument": _ANYTHING}
        return {
            "a bucket": partial(s3.create_bucket, Bucket=new),
            "a bucket's policy": partial(s3.delete_bucket_policy, Bucket=theirs),
            "a bucket's privacy": partial(s3.delete_public_access_block, Bucket=theirs),
            "a bucket's end": partial(s3.delete_bucket, Bucket=theirs),
            "a user": partial(iam.create_user, UserName=new, **bounded),
            "a user's policy": partial(iam.put_user_policy, **user, **named),
            "a user's key": partial(iam.create_access_key, **user),
            "a user's end": partial(iam.delete_user, **user),
            "a role": partial(
                iam.create_role, RoleName=new, AssumeRolePolicyDocument=_TO_MACHINES, **bounded
            ),
            "a role's trust": partial(
                iam.update_assume_role_policy, **role, PolicyDocument=_TO_MACHINES
            ),
            "a role's policy": partial(iam.put_role_policy, **role, **named),
            "a policy": partial(iam.create_policy, PolicyName=new, PolicyDocument=_ANYTHING),
            "a machine": partial(iam.create_instance_profile, InstanceProfileName=new),
        }

    def _escapes(self) -> dict[str, Call]:
        """Ways out of the boundary, and into its own roles."""
        iam, user = self._iam, {"UserName": self._made}
        boundary, own = {"PolicyArn": self._how.boundary}, {"PolicyDocument": _ANYTHING}
        version = {**boundary, "VersionId": "v1"}
        calls: dict[str, Call] = {
            "lifting it off a user": partial(iam.delete_user_permissions_boundary, **user),
            "lifting it off a role": partial(
                iam.delete_role_permissions_boundary, RoleName=self._made
            ),
            "another one": partial(
                iam.put_user_permissions_boundary, **user, PermissionsBoundary=_ADMINISTRATION
            ),
            "a version of it": partial(
                iam.create_policy_version, **boundary, **own, SetAsDefault=True
            ),
            "an older version": partial(iam.set_default_policy_version, **version),
            "its end": partial(iam.delete_policy, **boundary),
            "administration for a user": partial(
                iam.attach_user_policy, **user, PolicyArn=_ADMINISTRATION
            ),
            "a password": partial(
                iam.create_login_profile, **user, Password=f"Not-4-use-{uuid4().hex}"
            ),
            "a group": partial(iam.create_group, GroupName=self._made),
            "a group's member": partial(iam.add_user_to_group, **user, GroupName="x"),
            "whose tokens count": partial(
                iam.create_open_id_connect_provider,
                Url="https://tokens.example.org",
                ClientIDList=["x"],
            ),
        }
        for holder, each in self._subject.handover.holders.items():
            if not isinstance(each.how, Runner):
                continue
            role = {"RoleName": each.how.role_arn.rpartition("/")[2]}
            calls |= {
                f"{holder}'s policy": partial(
                    iam.put_role_policy, **role, **own, PolicyName="cloud"
                ),
                f"{holder}'s policies": partial(
                    iam.attach_role_policy, **role, PolicyArn=_ADMINISTRATION
                ),
                f"{holder}'s trust": partial(
                    iam.update_assume_role_policy, **role, PolicyDocument=_TO_MACHINES
                ),
                f"{holder}'s sessions": partial(iam.update_role, **role, MaxSessionDuration=43_200),
                f"{holder} for a machine": partial(
                    iam.add_role_to_instance_profile, **role, InstanceProfileName=self._made
                ),
                f"{holder}'s end": partial(iam.delete_role, **role),
            }
        return calls
