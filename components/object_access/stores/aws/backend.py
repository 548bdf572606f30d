"""What moto keeps, as the gate needs to see it: keys, principals, their policies, buckets."""

import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

# The gate decides on CORS; moto would answer every origin. Read when moto is imported.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from moto.iam.access_control import PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import (
    AWSManagedPolicy,
    IAMBackend,
    iam_backends,
    mark_account_as_visited,
)
from moto.kms.models import kms_backends
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import OWNER, FakeBucket, FakeKey, PublicAccessBlock, s3_backends
from moto.s3.responses import S3Response

from ...policies.evaluate import Policies, Policy, PolicyKind

PARTITION = "aws"
OF_AWS = f"arn:{PARTITION}:iam::aws:policy/"  # how AWS's own managed policies are called
ADMINISTRATOR = "administrator"
# Whom moto takes for the owner of everything, and of lists of buckets.
MOTO_OWNERS = re.compile(f"{OWNER}|bcaf1ffd86f41161ca5fb16fd081034f".encode())
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'

# AWS lists by name, whatever its case; moto by age or by ID.
_list_users, _list_roles = IAMBackend.list_users, IAMBackend.list_roles
_list_role_policies = IAMBackend.list_role_policies


def _by_name(each: Any) -> str:
    return str(each.name).lower()


def _roles_by_name(
    iam: IAMBackend,
    path_prefix: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[Any], str | None]:
    every = sorted(_list_roles(iam, path_prefix, None, sys.maxsize)[0], key=_by_name)
    start, end = int(marker or 0), int(marker or 0) + int(max_items or 100)
    return every[start:end], str(end) if end < len(every) else None


IAMBackend.list_users = lambda *given: sorted(_list_users(*given), key=_by_name)  # type: ignore[method-assign]
IAMBackend.list_roles = _roles_by_name  # type: ignore[assignment, method-assign]
IAMBackend.list_role_policies = lambda *given: sorted(_list_role_policies(*given))  # type: ignore[method-assign]

# moto judges bucket policies for some requests even so, and ignores their conditions.
FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]

APPS = {service: create_backend_app(service) for service in ("s3", "iam", "s3control", "kms")}

# The parameters of an S3 request stand in its query: moto would look for them in a body that is a
# form or JSON, too. Browsers' forms are read by the gate.
APPS["s3"].request_class = type(
    "Unparsed", (APPS["s3"].request_class,), {"want_form_data_parsed": False}
)
S3Response._get_param = (  # type: ignore[method-assign] # noqa: SLF001
    lambda self, param_name, if_none=None: self.querystring.get(param_name, [if_none])[0]
)


def parsed(text: str) -> Any:
    """A policy's document. Raises ValueError where it is no JSON, or holds a key twice (IAM User
    Guide, "Grammar of the IAM JSON policy language")."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            raise ValueError("a key is given twice")
        return found

    return json.loads(text, object_pairs_hook=once)


@lru_cache(maxsize=4_096)
def compiled(name: str, text: str, kind: PolicyKind = "identity") -> Policy:
    """The policy with this text, compiled once."""
    return Policy(name, parsed(text), kind)


def canonical_id(account: str) -> str:
    """The ID by which S3 calls the account."""
    return hashlib.sha256(account.encode()).hexdigest()


@dataclass(frozen=True)
class Key:
    """A long-lived access key; that of an account's root has no user."""

    account: str
    user_name: str
    secret: str
    active: bool


class Backend:
    """The state of every account. A principal's unique ID is remembered where a policy names its
    ARN, since AWS resolves the ARN when the policy is written and never again."""

    def __init__(self, accounts: list[str]):
        self.accounts = accounts
        self._resolved: dict[tuple[str, str], Mapping[str, str]] = {}
        self._roots: dict[str, Key] = {}
        self._with_aws_policies: set[str] = set()

    def add_root_key(self, account: str) -> tuple[str, str]:
        """An access key of the account's root; returns its ID and secret."""
        key_id, secret = f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
        self._roots[key_id] = Key(account, "", secret, active=True)
        return key_id, secret

    def root_keys(self, account: str) -> dict[str, Key]:
        """The access keys of the account's root by their IDs."""
        return {key_id: key for key_id, key in self._roots.items() if key.account == account}

    def set_root_key(self, key_id: str, *, active: bool | None) -> None:
        """Switch an access key of a root on or off, or with None delete it."""
        key = self._roots.pop(key_id)
        if active is not None:
            self._roots[key_id] = replace(key, active=active)

    def add_administrator(self, account: str) -> tuple[str, str]:
        """A user who may do everything in the account; returns its key's ID and secret."""
        iam = iam_backends[account][PARTITION]
        iam.create_user("us-east-1", ADMINISTRATOR)
        iam.put_user_policy(ADMINISTRATOR, "everything", ALLOW_ALL)
        key = iam.create_access_key(ADMINISTRATOR)
        return key.access_key_id, key.secret_access_key

    # --- principals ---

    def key(self, access_key_id: str) -> Key | None:
        """The access key of that ID, in any account."""
        if root := self._roots.get(access_key_id):
            return root
        for account in self.accounts:
            found = iam_backends[account][PARTITION].access_keys.get(access_key_id)
            if found and found.user_name:
                return Key(
                    account, found.user_name, found.secret_access_key, found.status == "Active"
                )
        return None

    @staticmethod
    def used(key: str, account: str, service: str, region: str) -> None:
        """Note that an access key was used now, for `GetAccessKeyLastUsed`."""
        mark_account_as_visited(account, key, service, region)

    def user(self, account: str, name: str) -> Any:
        """Moto's user, or None."""
        return (
            iam_backends[account][PARTITION].users.get(name) if account in self.accounts else None
        )

    def group(self, account: str, name: str) -> Any:
        """Moto's group, or None."""
        return iam_backends[account][PARTITION].groups.get(name)

    def role(self, account: str, name: str) -> Any:
        """Moto's role, or None."""
        return next((role for role in self._roles(account) if role.name == name), None)

    def by_id(self, account: str, unique_id: str) -> Any:
        """Moto's user or role with that unique ID, or None."""
        holders = [*iam_backends[account][PARTITION].users.values(), *self._roles(account)]
        return next((holder for holder in holders if holder.id == unique_id), None)

    def _roles(self, account: str) -> list[Any]:
        if account not in self.accounts:
            return []
        return list(iam_backends[account][PARTITION].roles.values())

    def role_of_profile(self, account: str, name: str) -> Any:
        """Moto's role of an instance profile, or None."""
        if account not in self.accounts:
            return None
        profiles = iam_backends[account][PARTITION].instance_profiles.values()
        return next((role for each in profiles if each.name == name for role in each.roles), None)

    def _named(self, account: str, kind: str) -> list[Any]:
        """All of moto's users, roles, groups, policies or instance profiles of the account. `kind`
        is as in IAM's actions: `User`, `InstanceProfile`."""
        iam = iam_backends[account][PARTITION]
        held: dict[str, Any] = {
            "User": iam.users,
            "Group": iam.groups,
            "Role": iam.roles,
            "InstanceProfile": iam.instance_profiles,
            "Policy": {
                arn: each for arn, each in iam.managed_policies.items() if f":{account}:" in arn
            },
        }
        return list(held[kind].values())

    def is_in_use(self, account: str, kind: str, name: str) -> bool:
        """Whether there is one of that name, in any case."""
        return any(each.name.lower() == name.lower() for each in self._named(account, kind))

    def holder(self, account: str, kind: str, name: str) -> Any:
        """Moto's user, group, role or instance profile of that name, or None."""
        if kind == "instance-profile":
            profiles = iam_backends[account][PARTITION].instance_profiles.values()
            return next((each for each in profiles if each.name == name), None)
        find = {"user": self.user, "role": self.role, "group": self.group}.get(kind)
        return find(account, name) if find else None

    def in_its_case(self, account: str, kind: str, name: str) -> str:
        """The name as it was given when its holder was made: "names are not distinguished by case"
        (IAM API: CreateUser). The same name where there is no holder."""
        names = (each.name for each in self._named(account, kind))
        return next((other for other in names if other.lower() == name.lower()), name)

    def groups_of(self, account: str, name: str) -> set[str]:
        """The names of the groups that the user is in."""
        user, groups = self.user(account, name), iam_backends[account][PARTITION].groups
        return {group.name for group in groups.values() if user in group.users}

    def holds(self, account: str, action: str, given: Mapping[str, Any]) -> Iterator[str]:
        """What must be done before a deletion, since IAM deletes nothing that is in use (IAM API:
        DeleteUser, DeleteGroup, DeleteRole, DeletePolicy, DeleteInstanceProfile)."""
        found = re.fullmatch(r"Delete(User|Group|Role|InstanceProfile|Policy)", action)
        if not found:
            return
        iam = iam_backends[account][PARTITION]
        tied: dict[str, Any]
        if found[1] == "Policy":
            policy = iam.managed_policies.get(given["PolicyArn"])
            holders: list[Any] = [*iam.users.values(), *iam.roles.values(), *iam.groups.values()]
            used = any(
                given["PolicyArn"] in each.managed_policies
                or getattr(each, "permissions_boundary_arn", None) == given["PolicyArn"]
                for each in holders
            )
            tied = {
                "detach the policy": used,
                "delete its other versions": policy and len(policy.versions) > 1,
            }
        else:
            kind = {"InstanceProfile": "instance-profile"}.get(found[1], found[1].lower())
            name = given[f"{found[1]}Name"]
            held = self.holder(account, kind, name)
            profiles = iam.instance_profiles.values()
            tied = {
                "delete access keys": getattr(held, "access_keys", None),
                "delete the login profile": getattr(held, "password", None),
                "deactivate MFA devices": getattr(held, "mfa_devices", None),
                "remove the user from its groups": kind == "user" and self.groups_of(account, name),
                "remove users from the group": kind == "group" and getattr(held, "users", None),
                "remove roles from the instance profile": kind == "instance-profile"
                and getattr(held, "roles", None),
                "remove the role from its instance profiles": kind == "role"
                and any(held in each.roles for each in profiles),
                "delete policies": getattr(held, "policies", None),
                "detach all policies": getattr(held, "managed_policies", None),
            }
        yield from (what for what, holds in tied.items() if holds)

    def know_aws_policies(self, account: str) -> None:
        """Load AWS's own managed policies, before the first request that asks for one or for all:
        they are many, and most rehearsals ask for none."""
        if account in self._with_aws_policies:
            return
        self._with_aws_policies.add(account)
        iam = iam_backends[account][PARTITION]
        for name, data in json.loads(aws_managed_policies_data).items():
            policy = AWSManagedPolicy.from_data(name, account, iam.region_name, data)
            iam.managed_policies[policy.arn] = policy

    def inline(self, account: str, form: Mapping[str, Any]) -> dict[str, str]:
        """The inline policies of the user, role or group that an IAM action names."""
        if "UserName" in form:
            holder = self.user(account, form["UserName"])
        elif "RoleName" in form:
            holder = self.role(account, form["RoleName"])
        else:
            holder = self.group(account, form.get("GroupName", ""))
        return dict(holder.policies) if holder else {}

    def user_policies(self, account: str, name: str) -> Policies:
        """The identity policies of a user, its groups' included, and its boundary."""
        user = self.user(account, name)
        iam = iam_backends[account][PARTITION]
        holders = [user, *(group for group in iam.groups.values() if user in group.users)]
        identity = tuple(policy for holder in holders for policy in _identity(holder))
        return Policies(identity=identity, boundary=self._boundary(account, user))

    def group_policies(self, account: str, name: str) -> Policies:
        """The identity policies of a group."""
        return Policies(identity=tuple(_identity(self.group(account, name))))

    def role_policies(self, account: str, name: str) -> Policies:
        """The identity policies of a role, and its boundary."""
        role = self.role(account, name)
        if role is None:
            return Policies()
        return Policies(identity=tuple(_identity(role)), boundary=self._boundary(account, role))

    def _boundary(self, account: str, holder: Any) -> Policy | None:
        arn = getattr(holder, "permissions_boundary_arn", None)
        if not arn:
            return None
        managed = iam_backends[account][PARTITION].managed_policies.get(arn)
        # A boundary that is gone allows nothing.
        text = _document(managed) if managed else ALLOW_ALL.replace("Allow", "Deny")
        return compiled(f"the permissions boundary {arn}", text)

    @staticmethod
    def tags(holder: Any) -> dict[str, str]:
        """The tags of a user or role."""
        return {tag["Key"]: tag["Value"] for tag in getattr(holder, "tags", None) or []}

    def not_there(self, policy: Policy) -> list[str]:
        """The principals of a policy that AWS refuses to save: users and roles that do not exist,
        by ARN or by unique ID, and those of another partition."""
        return [
            name
            for name in sorted(policy.principals)
            if (name.startswith("arn:") and not name.startswith(f"arn:{PARTITION}:"))
            or (re.search(r":(user|role)/", name) and self.unique_id(name) is None)
            or (name.startswith("A") and not any(self.by_id(a, name) for a in self.accounts))
        ]

    def unique_id(self, arn: str) -> str | None:
        """The unique ID of a user or role by its ARN; None where it does not exist, and the ARN
        itself for an account that does not live here."""
        account, kind, name = split_arn(arn)
        if account not in self.accounts:
            return arn
        holder = self.user(account, name) if kind == "user" else self.role(account, name)
        return holder.id if holder is not None and holder.arn == arn else None

    def managed_policy(self, account: str, arn: str) -> str | None:
        """The text of a managed policy, the account's own or one of AWS's; None for no such."""
        if arn.startswith(OF_AWS):
            self.know_aws_policies(account)
        managed = iam_backends[account][PARTITION].managed_policies.get(arn)
        return _document(managed) if managed else None

    def audiences(self, account: str, provider: str) -> list[str] | None:
        """For whom the account takes an OpenID Connect provider's tokens; None for no such."""
        found = iam_backends[account][PARTITION].open_id_providers.get(provider)
        return list(found.client_id_list) if found else None

    # --- policies of resources ---

    def remember(self, resource: str, text: str) -> None:
        """Note whom a resource's policy names just now."""
        named = principal_arns(text)
        self._resolved[resource, text] = {arn: self.unique_id(arn) or arn for arn in named}

    def resolved(self, resource: str, text: str) -> str:
        """A bucket's policy or a role's trust, with its principals as they were resolved when it
        was written: one that was deleted and made again is another principal."""
        ids = self._resolved.get((resource, text), {})
        gone = {arn: known for arn, known in ids.items() if self.unique_id(arn) != known}
        return _with_ids(text, gone) if gone else text

    # --- keys of KMS ---

    def kms_key(self, region: str, account: str, name: str) -> Any:
        """Moto's key of that ID or alias, or None."""
        if account not in self.accounts or region not in kms_backends[account]:
            return None
        kms = kms_backends[account][region]
        found = kms.get_key_id_from_alias(name) if name.startswith("alias/") else name
        return kms.keys.get(found or "")

    @staticmethod
    def key_tags(key: Any) -> dict[str, str]:
        """The tags of a key; none of none."""
        if key is None:
            return {}
        listed = kms_backends[key.account_id][key.region].list_resource_tags(key.id)["Tags"]
        return {tag["TagKey"]: tag["TagValue"] for tag in listed}

    # --- buckets ---

    def bucket(self, name: str) -> Any:
        """Moto's bucket of that name in any account, or None."""
        partition, account = s3_backends.bucket_accounts.get(name, (PARTITION, ""))
        return s3_backends[account][partition].buckets.get(name) if account else None

    @staticmethod
    def object(bucket: Any, key: str, version: str = "") -> Any:
        """Moto's object or this version of it; None where there is none, or a delete marker."""
        versions = bucket.keys.getlist(key, [])
        held = [each for each in versions if not version or each.version_id == version]
        return held[-1] if held and isinstance(held[-1], FakeKey) else None

    def object_tags(self, bucket: Any, key: str, version: str = "") -> dict[str, str]:
        """The tags of an object or of this version of it."""
        held = self.object(bucket, key, version)
        tagger = s3_backends[bucket.account_id][bucket.partition].tagger
        return dict(tagger.get_tag_dict_for_resource(held.arn)) if held else {}

    @staticmethod
    def gave_token(bucket: Any, token: str) -> bool:
        """Whether a list of the bucket's account has ended with this token."""
        return token in s3_backends[bucket.account_id][bucket.partition]._pagination_tokens  # noqa: SLF001

    def secure_new_bucket(self, name: str) -> None:
        """Give a new bucket what S3 has given every new bucket since April 2023."""
        bucket = self.bucket(name)
        bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        if not bucket.ownership_rule:
            bucket.ownership_rule = "BucketOwnerEnforced"
        if not bucket.encryption:
            default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            bucket.encryption = {"Rule": default | {"BucketKeyEnabled": "false"}}


def _identity(holder: Any) -> Iterator[Policy]:
    kind = type(holder).__name__.lower()
    for name, text in list(holder.policies.items()):
        yield compiled(f"the policy '{name}' of {kind} {holder.name}", text)
    for managed in list(holder.managed_policies.values()):
        yield compiled(f"the managed policy {managed.arn}", _document(managed))


def _document(managed: Any) -> str:
    """The text of a managed policy's default version."""
    wanted = managed.default_version_id
    return next(str(each.document) for each in managed.versions if each.version_id == wanted)


def split_arn(arn: str) -> tuple[str, str, str]:
    """(account, kind, name) of an IAM ARN such as `arn:aws:iam::1:user/path/name`."""
    *_, account, rest = arn.split(":", 5)
    kind, _, path = rest.partition("/")
    return account, kind, path.rsplit("/", 1)[-1]


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def actions(text: str) -> set[str]:
    """The actions that a document names, in `Action` or `NotAction`."""
    named = set()
    for statement in _statements(json.loads(text)):
        given = statement["NotAction" if "NotAction" in statement else "Action"]
        named |= {given} if isinstance(given, str) else set(given)
    return named


def sids(text: str) -> list[str]:
    """The IDs of a document's statements."""
    return [str(statement.get("Sid", "")) for statement in _statements(json.loads(text))]


def condition_keys(text: str) -> set[str]:
    """The condition keys that a document names."""
    return {
        key
        for statement in _statements(json.loads(text))
        for keys in statement.get("Condition", {}).values()
        for key in keys
    }


def _principal_lists(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Every `Principal` mapping of a document, with the AWS principals in it."""
    for statement in _statements(document):
        for element in (statement.get("Principal"), statement.get("NotPrincipal")):
            if isinstance(element, dict) and "AWS" in element:
                named = element["AWS"]
                yield element, [named] if isinstance(named, str) else named


def principal_arns(text: str) -> set[str]:
    """The users and roles that a document names as principals."""
    named = {arn for _, arns in _principal_lists(json.loads(text)) for arn in arns}
    return {arn for arn in named if ":user/" in arn or ":role/" in arn}


def _with_ids(text: str, ids: Mapping[str, str]) -> str:
    """The document with these principals' unique IDs in place of their ARNs."""
    document = json.loads(text)
    for element, arns in _principal_lists(document):
        element["AWS"] = [ids.get(arn, arn) for arn in arns]
    return json.dumps(document)
