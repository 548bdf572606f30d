"""What is there on AWS, by calls that only read.

IAM API: GetAccountAuthorizationDetails, GetPolicy and GetPolicyVersion (of policies that AWS
wrote), GetRole, ListAccessKeys; S3 API: GetBucketPolicy,
GetBucketAcl, GetBucketOwnershipControls, GetPublicAccessBlock, GetBucketEncryption, GetBucketCors;
KMS API: DescribeKey, GetKeyPolicy, ListGrants.
boto3 finds credentials, region and endpoints as it always does.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..program import Declared, Program
from ..reading import written
from . import names
from .there import There

_AT_ONCE = 16  # buckets that are asked for at a time
_REGION = "us-east-1"  # where nothing says one: S3 tells a bucket's own, IAM has none
_IAM = "aws:iam/"
# What these say is that there is nothing.
_NOTHING = frozenset(
    {
        "NoSuchBucketPolicy", "NoSuchCORSConfiguration", "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError", "ServerSideEncryptionConfigurationNotFoundError",
    }
)  # fmt: skip
_FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def look(program: Program, there: There) -> Program:
    """Note what is there of the account; gives the program as the account calls its things."""
    ours = [each for each in program.resources if each.type.startswith("aws:")]
    if not ours:
        return program
    return _Reader(there).look(program)


class _Setting(NamedTuple):
    """Something that is said of a bucket apart from it."""

    kind: str
    call: str
    told: Callable[[Mapping[str, Any]], dict[str, Any]]
    """The answer as a program's outputs."""
    nothing: Mapping[str, Any] | None = None
    """The outputs where there is none."""


class _Reader:
    """Reads with one session."""

    def __init__(self, there: There):
        self._there = there
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str], Any] = {}
        self._config = Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=60)

    def _client(self, service: str, region: str = "") -> Any:
        where = region or self._session.region_name or _REGION
        if (service, where) not in self._clients:
            made = self._session.client(service, region_name=where, config=self._config)
            self._clients[service, where] = made
        return self._clients[service, where]

    def look(self, program: Program) -> Program:
        """Note everything."""
        program = names.renamed(program, {program.account: self._account(program)})
        program = self._people(program)
        if names.unfinished(program, "Bucket"):
            program = self._finished(program, "Bucket", self._buckets_there())
        return self._buckets(program)

    def _account(self, program: Program) -> str:
        try:
            account = str(self._client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise ValueError(f"AWS knows no caller: {_why(error)}; set AWS_PROFILE, say") from None
        allowed = {
            str(each)
            for key, value in program.clouds.items()
            if key.endswith("aws:allowedAccountIds")
            for each in json.loads(value)
        }
        if allowed and account not in allowed:
            raise ValueError(
                f"these credentials are of account {account}, the program is for "
                f"{', '.join(sorted(allowed))}: use those"
            )
        return account

    def _ask(self, what: str, call: Callable[[], Any]) -> Any:
        """An answer, or nothing where it may not be had, which is noted."""
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            self._there.unread.append(f"{what} ({_why(error)})")
            return None

    # --- people ---

    def _people(self, program: Program) -> Program:
        """Users, groups, roles and policies."""
        ours = [each for each in program.resources if each.type.startswith(_IAM)]
        asking = self._client("iam").get_paginator("get_account_authorization_details")
        # All that AWS wrote are more than a thousand: those that somebody has are asked for.
        kinds = ["User", "Role", "Group", "LocalManagedPolicy"]
        pages = self._ask(
            f"users, groups, roles and policies of account {program.account}",
            lambda: [*asking.paginate(Filter=kinds)],
        )
        if pages is None:
            self._there.stand_in(ours)
            return program
        told = {
            kind: [each for page in pages for each in page[key]]
            for kind, key in (
                ("User", "UserDetailList"), ("Group", "GroupDetailList"),
                ("Role", "RoleDetailList"), ("Policy", "Policies"),
            )
        }  # fmt: skip
        for kind, listing in told.items():
            known = [each["Arn"].rpartition("/")[2] for each in listing]
            program = self._finished(program, kind, known)
        program = names.renamed(program, _placeholders(program, told))
        declared = {
            (e.type.rpartition(":")[2], e.outputs["name"]): e
            for e in program.resources
            if e.type.startswith(_IAM)
        }
        there = len(self._there.resources)
        attached = {arn for each in self._holders(told, declared) for arn in each}
        versions = {
            each["Arn"]: version["Document"]
            for each in told["Policy"]
            for version in each["PolicyVersionList"]
            if version["IsDefaultVersion"]
        }
        for arn in sorted(attached):
            self._policy(arn, versions.get(arn))
        self._there.stand_in(e for e in ours if e.type.endswith(":OpenIdConnectProvider"))
        return _with(program, self._there.resources[there:])

    def _finished(self, program: Program, kind: str, there: Iterable[str]) -> Program:
        """The program with the names that Pulumi has finished."""
        found = dict(names.finished(names.unfinished(program, kind), there))
        for name in (name for name, known in found.items() if known is None):
            self._there.unread.append(f"which {kind.lower()} is the program's {name[:-8]}")
        return names.renamed(program, {name: each for name, each in found.items() if each})

    def _holders(
        self, told: Mapping[str, Any], declared: Mapping[tuple[str, str], Declared]
    ) -> Iterator[list[str]]:
        """Note everybody with their policies; gives the ARNs of those that are apart from them."""
        for kind in ("User", "Group", "Role"):
            for each in told[kind]:
                own = declared.get((kind, each[f"{kind}Name"]))
                if kind == "Role" and not self._takes(
                    f"the trust of role {each['RoleName']}",
                    each["AssumeRolePolicyDocument"],
                    "trust",
                ):
                    continue
                yield self._holder(kind, each, own)
                if own and kind == "User":
                    self._keys(each["UserName"], declared)
        for group in (each["GroupName"] for each in told["Group"]):
            users = [e["UserName"] for e in told["User"] if group in (e.get("GroupList") or [])]
            given = {"name": group, "group": group, "users": users}
            self._there.add(f"{_IAM}groupMembership:GroupMembership", group, given)

    def _holder(self, kind: str, told: Mapping[str, Any], own: Declared | None) -> list[str]:
        """Note a user, group or role; gives the ARNs of policies and boundary."""
        name, word = told[f"{kind}Name"], kind.lower()
        arns = [policy["PolicyArn"] for policy in told["AttachedManagedPolicies"]]
        made = {"name": name, "arn": told["Arn"], "uniqueId": told[f"{kind}Id"]}
        made["tags"] = {tag["Key"]: tag["Value"] for tag in told.get("Tags") or []}
        if boundary := told.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"):
            made["permissionsBoundary"] = boundary
        if kind == "Role":
            made["assumeRolePolicy"] = json.dumps(told["AssumeRolePolicyDocument"])
            made["maxSessionDuration"] = self._longest(name) if own else 0
        self._there.add(f"{_IAM}{word}:{kind}", own.name if own else name, made)
        for policy in told.get(f"{kind}PolicyList") or []:
            what = f"policy {policy['PolicyName']} of {word} {name}"
            if self._takes(what, policy["PolicyDocument"]):
                body = json.dumps(policy["PolicyDocument"])
                inline = {"name": policy["PolicyName"], word: name, "policy": body}
                self._there.add(f"{_IAM}{word}Policy:{kind}Policy", what, inline)
        for arn in arns:
            attachment = f"{_IAM}{word}PolicyAttachment:{kind}PolicyAttachment"
            self._there.add(attachment, f"{arn} of {name}", {word: name, "policyArn": arn})
        return [*arns, *([boundary] if boundary else [])]

    def _takes(self, what: str, body: Any, kind: Any = "identity") -> bool:
        """Whether a policy can be judged."""
        try:
            written(what, body, kind)
        except ValueError as error:
            self._there.unread.append(f"{what} ({error})")
            return False
        return True

    def _policy(self, arn: str, body: Any) -> None:
        name, iam = arn.rpartition("/")[2], self._client("iam")

        def ask() -> Any:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            told = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            return told["PolicyVersion"]["Document"]

        body = body or self._ask(f"policy {arn}", ask)
        if body and self._takes(f"policy {name}", body):
            made = {"name": name, "arn": arn, "policy": json.dumps(body)}
            self._there.add(f"{_IAM}policy:Policy", name, made)

    def _longest(self, role: str) -> int:
        told = self._ask(
            f"how long sessions of role {role} are",
            lambda: self._client("iam").get_role(RoleName=role)["Role"]["MaxSessionDuration"],
        )
        return int(told or 0)

    def _keys(self, user: str, declared: Mapping[tuple[str, str], Declared]) -> None:
        told = self._ask(
            f"access keys of user {user}",
            lambda: self._client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"],
        )
        ours = [e.name for e in declared.values() if e.outputs.get("user") == user
                and e.type.endswith(":AccessKey")]  # fmt: skip
        active = [each["AccessKeyId"] for each in told or [] if each["Status"] == "Active"]
        for name, _ in zip(ours, active if told is not None else ours, strict=False):
            self._there.add(f"{_IAM}accessKey:AccessKey", name, {"user": user, "name": name})
        self._there.keys += [(user, each) for each in active[len(ours) :]]

    # --- buckets ---

    def _buckets_there(self) -> list[str]:
        told = self._ask("the list of buckets", self._client("s3").list_buckets)
        return [each["Name"] for each in (told or {}).get("Buckets", [])]

    def _buckets(self, program: Program) -> Program:
        from .. import aws  # which buckets a program names is known once it is judged

        places = [*aws.Account(program).buckets]
        said = {e.outputs["bucket"]: e for e in program.resources if e.type.endswith(":Bucket")
                and e.type.startswith("aws:")}  # fmt: skip
        self._client("s3")  # making one is not thread-safe, using it is
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = [*pool.map(lambda name: self._bucket(program, name, said.get(name)), places)]
        blocked = all(all(block.get(flag) for flag in _FLAGS) for _, block in found if block)
        if not blocked:
            self._account_block(program)
        return self._encryption_keys(program, {n: key for keys, _ in found for n, key in keys})

    def _bucket(
        self, program: Program, name: str, said: Declared | None
    ) -> tuple[list[tuple[str, str]], Mapping[str, Any]]:
        """Note a bucket; gives its key, and what of public access it blocks."""
        s3, block, key = self._client("s3"), dict[str, Any](), ""
        for setting in _SETTINGS:
            what = f"{setting.kind} of bucket {name}"
            try:
                told = getattr(s3, setting.call)(Bucket=name)
                outputs: Mapping[str, Any] | None = setting.told(told)
                if setting.kind == "BucketPolicy":
                    written(what, told["Policy"], "resource")
            except (BotoCoreError, ClientError, ValueError) as error:
                if _code(error) == "NoSuchBucket":
                    return [], {}
                if _code(error) not in _NOTHING:
                    self._there.unread.append(f"{what} ({_why(error)})")
                    self._there.stand_in(
                        each
                        for each in program.resources
                        if each.type.endswith(f":{setting.kind}") and each.outputs["bucket"] == name
                    )
                    continue
                outputs = setting.nothing
            if setting.kind == "BucketPublicAccessBlock":
                block = told["PublicAccessBlockConfiguration"] if outputs else {"": False}
            if outputs is None:
                continue
            if setting.kind == "BucketServerSideEncryptionConfiguration":
                key = outputs["rules"][0]["applyServerSideEncryptionByDefault"].get(
                    "kmsMasterKeyId", ""
                )
            word = setting.kind[0].lower() + setting.kind[1:]
            self._there.add(f"aws:s3/{word}:{setting.kind}", name, {"bucket": name, **outputs})
        own = {"arn": f"arn:{self._session.get_partition_for_region(s3.meta.region_name)}"
               f":s3:::{name}", "bucket": name}  # fmt: skip
        given = {**(said.outputs if said else {}), **own, "acl": None, "grants": None}
        made = Declared("aws:s3/bucket:Bucket", said.name if said else name, given,
                        said.protected if said else False)  # fmt: skip
        self._there.resources.append(made)
        return [(name, key)] if key else [], block

    def _account_block(self, program: Program) -> None:
        """What the account blocks for all its buckets: asked where one does not do so itself."""
        told = self._ask(
            f"public access block of account {program.account}, taken for none",
            lambda: self._client("s3control").get_public_access_block(AccountId=program.account),
        )
        if told:
            flags = _flags(told)
            kind = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
            self._there.add(kind, program.account, flags)

    def _encryption_keys(self, program: Program, keys: Mapping[str, str]) -> Program:
        """The policies of the keys that encrypt the buckets."""
        alike: dict[str, str] = {}
        seen: dict[str, str] = {}
        said = {
            each.outputs["bucket"]: each.outputs["rules"][0]["applyServerSideEncryptionByDefault"]
            for each in program.resources
            if each.type.endswith(":BucketServerSideEncryptionConfiguration")
        }
        declared = {e.outputs["arn"]: e for e in program.resources if e.type.endswith(":Key")}
        for bucket, key in keys.items():
            if key not in seen:
                seen[key] = self._key_arn(bucket, key)
                if seen[key]:
                    self._key(bucket, seen[key])
            ours = said.get(bucket, {}).get("kmsMasterKeyId", "")
            if seen[key] and ours in declared:
                alike |= {ours: seen[key]}
        return names.renamed(program, alike)

    def _key_arn(self, bucket: str, key: str) -> str:
        region = key.split(":")[3] if key.startswith("arn:") else ""
        told = self._ask(
            f"key {key} of bucket {bucket}",
            lambda: self._client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["Arn"],
        )
        return str(told or "")

    def _key(self, bucket: str, arn: str) -> None:
        what = f"policy of key {arn} of bucket {bucket}"
        told = self._ask(
            what,
            lambda: self._client("kms", arn.split(":")[3]).get_key_policy(
                KeyId=arn, PolicyName="default"
            )["Policy"],
        )
        if told:
            made = {"arn": arn, "keyId": arn.rpartition("/")[2], "policy": told}
            self._there.add("aws:kms/key:Key", arn.rpartition("/")[2], made)
        kms = self._client("kms", arn.split(":")[3])
        listed = self._ask(
            f"grants of key {arn} of bucket {bucket}",
            lambda: [*kms.get_paginator("list_grants").paginate(KeyId=arn)],
        )
        for grant in (each for page in listed or [] for each in page["Grants"]):
            self._there.unread.append(
                f"grant {grant['GrantId']} of key {arn}: {', '.join(sorted(grant['Operations']))} "
                f"to {grant['GranteePrincipal']}"
            )


def _placeholders(program: Program, told: Mapping[str, Any]) -> dict[str, str]:
    """Unique IDs and external IDs, by those who have them."""
    alike: dict[str, str] = {}
    for kind in ("User", "Role"):
        there = {each[f"{kind}Name"]: each for each in told[kind]}
        for each in program.resources:
            if each.type == f"{_IAM}{kind.lower()}:{kind}" and each.outputs["name"] in there:
                found = there[each.outputs["name"]]
                alike[each.outputs["uniqueId"]] = found[f"{kind}Id"]
                if kind == "Role":
                    alike |= names.external_ids(
                        each.outputs["assumeRolePolicy"], found["AssumeRolePolicyDocument"]
                    )
    return alike


def _with(program: Program, there: list[Declared]) -> Program:
    """The program, with what it only names of the account: roles and users that get a policy more,
    and policies that somebody else wrote."""
    named = {
        (each.type.rpartition(":")[2], each.outputs.get("arn") or each.outputs["name"])
        for each in program.resources
        if each.type.startswith(_IAM)
    }
    wanted = {
        value
        for each in program.resources
        if each.type.startswith(_IAM)
        for key in ("policyArn", "permissionsBoundary", "role", "user", "group")
        if isinstance(value := each.outputs.get(key), str)
    }
    kinds = ("Policy", "Role", "User", "Group")
    more = [
        each
        for each in there
        if each.type.rpartition(":")[2] in kinds
        and (each.type.rpartition(":")[2], each.outputs["arn"]) not in named
        and wanted & {each.outputs["arn"], each.outputs["name"]}
    ]
    return program._replace(resources=[*program.resources, *more])


def _flags(told: Mapping[str, Any]) -> dict[str, Any]:
    given = told["PublicAccessBlockConfiguration"]
    return {flag[0].lower() + flag[1:]: given.get(flag, False) for flag in _FLAGS}


def _acl(told: Mapping[str, Any]) -> dict[str, Any]:
    grants = [
        {
            "grantee": {"uri": given.get("URI"), "id": given.get("ID"),
                        "emailAddress": given.get("EmailAddress")},
            "permission": each["Permission"],
        }
        for each in told["Grants"]
        for given in [each["Grantee"]]
    ]  # fmt: skip
    return {"accessControlPolicy": {"owner": {"id": told["Owner"]["ID"]}, "grants": grants}}


def _rules(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "corsRules": [{k[0].lower() + k[1:]: v for k, v in e.items()} for e in told["CORSRules"]]
    }


def _encryption(told: Mapping[str, Any]) -> dict[str, Any]:
    given = told["ServerSideEncryptionConfiguration"]["Rules"][0][
        "ApplyServerSideEncryptionByDefault"
    ]
    default = {"sseAlgorithm": given["SSEAlgorithm"]}
    if key := given.get("KMSMasterKeyID"):
        default["kmsMasterKeyId"] = key
    return {"rules": [{"applyServerSideEncryptionByDefault": default}]}


_SETTINGS = (
    _Setting("BucketPolicy", "get_bucket_policy", lambda told: {"policy": told["Policy"]}),
    _Setting("BucketPublicAccessBlock", "get_public_access_block", _flags),
    _Setting(
        "BucketOwnershipControls", "get_bucket_ownership_controls",
        lambda told: {"rule": {"objectOwnership":
                               told["OwnershipControls"]["Rules"][0]["ObjectOwnership"]}},
        # Buckets from before April 2023 have none, and ask lists ("Controlling ownership of
        # objects and disabling ACLs").
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    _Setting("BucketAcl", "get_bucket_acl", _acl),
    _Setting("BucketCorsConfiguration", "get_bucket_cors", _rules),
    _Setting("BucketServerSideEncryptionConfiguration", "get_bucket_encryption", _encryption),
)  # fmt: skip


def _code(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _why(error: Exception) -> str:
    return _code(error) or " ".join(str(error).split())
