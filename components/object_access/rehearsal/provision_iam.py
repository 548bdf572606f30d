"""Users, roles, policies and keys, by IAM's own API; and random passwords, which no cloud keeps."""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .kinds import Found, Inputs, Kind, Outputs, Realized, tags, tags_of, whole

if TYPE_CHECKING:
    from .cloud import Cloud

_MOST_VERSIONS = 5  # of a managed policy (IAM User Guide, "IAM and AWS STS quotas")


def _iam(cloud: "Cloud") -> Any:
    return cloud.admin("iam")


# --- what users and roles have alike ---


def _boundary(inputs: Inputs) -> dict[str, str]:
    arn = inputs.get("permissionsBoundary")
    return {"PermissionsBoundary": arn} if arn else {}


def _described(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer about a user or role says of its inputs."""
    boundary = answer.get("PermissionsBoundary", {})
    return {
        "permissionsBoundary": boundary.get("PermissionsBoundaryArn", ""),
        "tags": tags_of(answer),
        **_path(answer),
    }


def _path(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"path": "" if answer["Path"] == "/" else answer["Path"]}


def _again(
    cloud: "Cloud", what: str, name: Mapping[str, str], state: Outputs, inputs: Inputs
) -> None:
    """Tags and boundary of a user, role, policy or instance profile that is there."""
    iam = _iam(cloud)
    if dropped := sorted((state.get("tags") or {}).keys() - (inputs.get("tags") or {}).keys()):
        getattr(iam, f"untag_{what}")(**name, TagKeys=dropped)
    if kept := tags(inputs):
        getattr(iam, f"tag_{what}")(**name, Tags=kept)
    if boundary := _boundary(inputs):
        getattr(iam, f"put_{what}_permissions_boundary")(**name, **boundary)
    elif state.get("permissionsBoundary"):
        getattr(iam, f"delete_{what}_permissions_boundary")(**name)


def _text(document: Any) -> str:
    """boto3 reads the documents that IAM answers with."""
    return document if isinstance(document, str) else json.dumps(document)


# --- users ---


def _user(cloud: "Cloud", inputs: Inputs) -> Realized:
    made = _iam(cloud).create_user(
        UserName=inputs["name"],
        Path=inputs.get("path") or "/",
        Tags=tags(inputs),
        **_boundary(inputs),
    )
    user = made["User"]
    return inputs["name"], {"arn": user["Arn"], "uniqueId": user["UserId"]}


def _read_user(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    user = _iam(cloud).get_user(UserName=identifier)["User"]
    described = _described(user)
    del described["permissionsBoundary"]  # the embedded IAM tells it of roles only
    return {"name": identifier, **described}, {
        "arn": user["Arn"],
        "uniqueId": user["UserId"],
    }


def _update_user(
    cloud: "Cloud", _identifier: str, state: Outputs, inputs: Inputs
) -> dict[str, Any]:
    iam, name = _iam(cloud), inputs["name"]
    if name != state["name"]:
        iam.update_user(UserName=state["name"], NewUserName=name)
    _again(cloud, "user", {"UserName": name}, state, inputs)
    return {"arn": iam.get_user(UserName=name)["User"]["Arn"]}


def _delete_user(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    iam = _iam(cloud)
    if state.get("forceDestroy"):
        for key in iam.list_access_keys(UserName=identifier)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=identifier, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=identifier)


def _access_key(cloud: "Cloud", inputs: Inputs) -> Realized:
    key = _iam(cloud).create_access_key(UserName=inputs["user"])["AccessKey"]
    secret = cloud.keep_secret(key["SecretAccessKey"])
    if inputs.get("status", key["Status"]) != key["Status"]:
        _update_key(cloud, key["AccessKeyId"], {}, inputs)
    return key["AccessKeyId"], {"secret": secret, "status": inputs.get("status", key["Status"])}


def _read_key(cloud: "Cloud", identifier: str, state: Outputs) -> Found | None:
    iam = _iam(cloud)
    # An import knows the ID alone.
    user = state.get("user") or iam.get_access_key_last_used(AccessKeyId=identifier)["UserName"]
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        if key["AccessKeyId"] == identifier:
            status = "" if key["Status"] == "Active" else key["Status"]
            return {"user": user, "status": status}, {"status": key["Status"]}
    return None


def _update_key(cloud: "Cloud", identifier: str, _state: Outputs, inputs: Inputs) -> dict[str, Any]:
    status = inputs.get("status") or "Active"
    _iam(cloud).update_access_key(UserName=inputs["user"], AccessKeyId=identifier, Status=status)
    return {"status": status}


def _delete_key(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    _iam(cloud).delete_access_key(UserName=state["user"], AccessKeyId=identifier)


# --- roles ---


def _role(cloud: "Cloud", inputs: Inputs) -> Realized:
    made = _iam(cloud).create_role(
        RoleName=inputs["name"],
        Path=inputs.get("path") or "/",
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        MaxSessionDuration=whole(inputs.get("maxSessionDuration", 3600)),
        Tags=tags(inputs),
        **_boundary(inputs),
    )
    role = made["Role"]
    return inputs["name"], {"arn": role["Arn"], "uniqueId": role["RoleId"]}


def _read_role(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    role = _iam(cloud).get_role(RoleName=identifier)["Role"]
    return {
        "name": identifier,
        "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
        "maxSessionDuration": role["MaxSessionDuration"],
        **_described(role),
    }, {"arn": role["Arn"], "uniqueId": role["RoleId"]}


def _update_role(cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs) -> dict[str, Any]:
    iam, name = _iam(cloud), {"RoleName": identifier}
    iam.update_assume_role_policy(**name, PolicyDocument=inputs["assumeRolePolicy"])
    iam.update_role(**name, MaxSessionDuration=whole(inputs.get("maxSessionDuration", 3600)))
    _again(cloud, "role", name, state, inputs)
    return {}


def _delete_role(cloud: "Cloud", identifier: str, _state: Outputs) -> None:
    iam = _iam(cloud)
    there = iam.list_instance_profiles_for_role(RoleName=identifier)["InstanceProfiles"]
    for each in there:
        name = each["InstanceProfileName"]
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=identifier)
    iam.delete_role(RoleName=identifier)


def _profile(cloud: "Cloud", inputs: Inputs) -> Realized:
    iam, name = _iam(cloud), inputs["name"]
    made = iam.create_instance_profile(
        InstanceProfileName=name, Path=inputs.get("path") or "/", Tags=tags(inputs)
    )
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
    return name, {"arn": made["InstanceProfile"]["Arn"]}


def _read_profile(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    profile = _iam(cloud).get_instance_profile(InstanceProfileName=identifier)["InstanceProfile"]
    return {
        "name": identifier,
        "role": next((each["RoleName"] for each in profile["Roles"]), ""),
        "tags": tags_of(profile),
        **_path(profile),
    }, {"arn": profile["Arn"]}


def _update_profile(
    cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs
) -> dict[str, Any]:
    iam, name = _iam(cloud), {"InstanceProfileName": identifier}
    if state.get("role") != inputs["role"]:
        if state.get("role"):
            iam.remove_role_from_instance_profile(**name, RoleName=state["role"])
        iam.add_role_to_instance_profile(**name, RoleName=inputs["role"])
    _again(cloud, "instance_profile", name, state, inputs)
    return {}


def _delete_profile(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    iam, name = _iam(cloud), {"InstanceProfileName": identifier}
    if state.get("role"):
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.remove_role_from_instance_profile(**name, RoleName=state["role"])
    iam.delete_instance_profile(**name)


# --- policies ---


def _inline(whose: str) -> Kind:
    """A policy within a user or a role, whose ID is "owner:name"."""
    owner = f"{whose.title()}Name"

    def named(identifier: str) -> dict[str, str]:
        name, _, policy = identifier.partition(":")
        return {owner: name, "PolicyName": policy}

    def put(cloud: "Cloud", inputs: Inputs) -> Realized:
        identifier = f"{inputs[whose]}:{inputs['name']}"
        call = getattr(_iam(cloud), f"put_{whose}_policy")
        call(**named(identifier), PolicyDocument=inputs["policy"])
        return identifier, {}

    def read(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
        answer = getattr(_iam(cloud), f"get_{whose}_policy")(**named(identifier))
        document = _text(answer["PolicyDocument"])
        return {whose: answer[owner], "name": answer["PolicyName"], "policy": document}, {}

    def update(cloud: "Cloud", _identifier: str, _state: Outputs, inputs: Inputs) -> dict[str, Any]:
        return put(cloud, inputs)[1]

    def delete(cloud: "Cloud", identifier: str, _state: Outputs) -> None:
        getattr(_iam(cloud), f"delete_{whose}_policy")(**named(identifier))

    return Kind(put, read, update, delete, frozenset({"name", whose}), named="name")


def _attachment(whose: str) -> Kind:
    """A managed policy on a user or a role, whose ID is "owner/ARN"."""
    owner = f"{whose.title()}Name"

    def attach(cloud: "Cloud", inputs: Inputs) -> Realized:
        name, arn = inputs[whose], inputs["policyArn"]
        getattr(_iam(cloud), f"attach_{whose}_policy")(**{owner: name}, PolicyArn=arn)
        return f"{name}/{arn}", {}

    def read(cloud: "Cloud", identifier: str, _state: Outputs) -> Found | None:
        name, _, arn = identifier.partition("/")
        there = getattr(_iam(cloud), f"list_attached_{whose}_policies")(**{owner: name})
        if arn not in {each["PolicyArn"] for each in there["AttachedPolicies"]}:
            return None
        return {whose: name, "policyArn": arn}, {}

    def update(
        _cloud: "Cloud", _identifier: str, _state: Outputs, _inputs: Inputs
    ) -> dict[str, Any]:
        return {}

    def delete(cloud: "Cloud", identifier: str, _state: Outputs) -> None:
        name, _, arn = identifier.partition("/")
        getattr(_iam(cloud), f"detach_{whose}_policy")(**{owner: name}, PolicyArn=arn)

    return Kind(attach, read, update, delete, frozenset({whose, "policyArn"}))


def _policy(cloud: "Cloud", inputs: Inputs) -> Realized:
    made = _iam(cloud).create_policy(
        PolicyName=inputs["name"],
        Path=inputs.get("path") or "/",
        PolicyDocument=inputs["policy"],
        Tags=tags(inputs),
    )
    return made["Policy"]["Arn"], {"arn": made["Policy"]["Arn"]}


def _read_policy(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    iam = _iam(cloud)
    policy = iam.get_policy(PolicyArn=identifier)["Policy"]
    version = iam.get_policy_version(PolicyArn=identifier, VersionId=policy["DefaultVersionId"])
    return {
        "name": policy["PolicyName"],
        "policy": _text(version["PolicyVersion"]["Document"]),
        "tags": tags_of(policy),
        **_path(policy),
    }, {"arn": identifier}


def _update_policy(
    cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs
) -> dict[str, Any]:
    iam = _iam(cloud)
    old = _other_versions(iam, identifier)
    if len(old) + 1 == _MOST_VERSIONS:
        iam.delete_policy_version(PolicyArn=identifier, VersionId=old[-1])
    iam.create_policy_version(
        PolicyArn=identifier, PolicyDocument=inputs["policy"], SetAsDefault=True
    )
    _again(cloud, "policy", {"PolicyArn": identifier}, state, inputs)
    return {}


def _delete_policy(cloud: "Cloud", identifier: str, _state: Outputs) -> None:
    iam = _iam(cloud)
    for version in _other_versions(iam, identifier):
        iam.delete_policy_version(PolicyArn=identifier, VersionId=version)
    iam.delete_policy(PolicyArn=identifier)


def _other_versions(iam: Any, arn: str) -> list[str]:
    """The versions that are not the default one, the newest first."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    versions.sort(key=lambda each: int(each["VersionId"][1:]), reverse=True)
    return [each["VersionId"] for each in versions if not each["IsDefaultVersion"]]


# --- whose tokens are trusted ---


def _issuer(cloud: "Cloud", inputs: Inputs) -> Realized:
    made = _iam(cloud).create_open_id_connect_provider(
        Url=inputs["url"], ClientIDList=inputs["clientIdLists"], Tags=tags(inputs)
    )
    arn = made["OpenIDConnectProviderArn"]
    return arn, {"arn": arn}


def _read_issuer(cloud: "Cloud", identifier: str, _state: Outputs) -> Found:
    found = _iam(cloud).get_open_id_connect_provider(OpenIDConnectProviderArn=identifier)
    return {
        "url": f"https://{found['Url'].removeprefix('https://')}",
        "clientIdLists": found["ClientIDList"],
        "tags": tags_of(found),
    }, {"arn": identifier}


def _update_issuer(
    cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs
) -> dict[str, Any]:
    if sorted(inputs["clientIdLists"]) != sorted(state["clientIdLists"]):
        # The embedded IAM cannot change them; made anew it has the same ARN.
        _delete_issuer(cloud, identifier, state)
        _issuer(cloud, inputs)
    else:
        arn = {"OpenIDConnectProviderArn": identifier}
        _again(cloud, "open_id_connect_provider", arn, state, inputs)
    return {}


def _delete_issuer(cloud: "Cloud", identifier: str, _state: Outputs) -> None:
    _iam(cloud).delete_open_id_connect_provider(OpenIDConnectProviderArn=identifier)


# --- random ---


def _password(cloud: "Cloud", inputs: Inputs) -> Realized:
    signs = string.ascii_letters + string.digits
    if inputs.get("special", True):
        signs += "!@#$%&*()-_=+[]{}<>:?"
    made = "".join(secrets.choice(signs) for _ in range(whole(inputs["length"])))
    return "none", {"result": cloud.keep_secret(made)}


def _named(
    create: Callable[["Cloud", Inputs], Realized],
    read: Callable[["Cloud", str, Outputs], Found | None],
    update: Callable[["Cloud", str, Outputs, Inputs], dict[str, Any]],
    delete: Callable[["Cloud", str, Outputs], None],
    *replaces: str,
    arn: str = "",
) -> Kind:
    computed = frozenset({"arn", "uniqueId"})
    return Kind(create, read, update, delete, frozenset(replaces), "name", computed, arn)


KINDS = {
    "aws:iam/accessKey:AccessKey": Kind(
        _access_key,
        _read_key,
        _update_key,
        _delete_key,
        replaces=frozenset({"user"}),
        computed=frozenset({"secret", "status"}),
    ),
    "aws:iam/instanceProfile:InstanceProfile": _named(
        _profile, _read_profile, _update_profile, _delete_profile, "name", "path"
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Kind(
        _issuer,
        _read_issuer,
        _update_issuer,
        _delete_issuer,
        replaces=frozenset({"url"}),
        named="url",
        computed=frozenset({"arn"}),
        arn="oidc-provider",
    ),
    "aws:iam/policy:Policy": _named(
        _policy,
        _read_policy,
        _update_policy,
        _delete_policy,
        "name",
        "path",
        "description",
        arn="policy",
    ),
    "aws:iam/role:Role": _named(_role, _read_role, _update_role, _delete_role, "name", "path"),
    "aws:iam/rolePolicy:RolePolicy": _inline("role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment("role"),
    # A user is renamed in place (pulumi-aws issue 1610 tells what follows).
    "aws:iam/user:User": _named(_user, _read_user, _update_user, _delete_user),
    "aws:iam/userPolicy:UserPolicy": _inline("user"),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": _attachment("user"),
    "random:index/randomPassword:RandomPassword": Kind(
        _password,
        lambda _cloud, _identifier, _state: ({}, {}),
        lambda _cloud, _identifier, _state, _inputs: {},
        lambda _cloud, _identifier, _state: None,
        replaces=frozenset({"*"}),
        computed=frozenset({"result"}),
    ),
}
