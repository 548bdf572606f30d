"""Keys of KMS and their aliases, by its own API."""

from typing import TYPE_CHECKING, Any

from .kinds import Found, Inputs, Kind, Outputs, Realized, tags, tags_of, whole

if TYPE_CHECKING:
    from .cloud import Cloud

_WAIT = 30  # days until a key is gone, where the program does not say


def _kms(cloud: "Cloud", known: Outputs) -> Any:
    return cloud.admin("kms", known.get("region"))


def _tags(inputs: Inputs) -> list[dict[str, str]]:
    return [{"TagKey": each["Key"], "TagValue": each["Value"]} for each in tags(inputs)]


def _key(cloud: "Cloud", inputs: Inputs) -> Realized:
    policy = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
    made = _kms(cloud, inputs).create_key(
        Description=inputs.get("description", ""), Tags=_tags(inputs), **policy
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        _kms(cloud, inputs).enable_key_rotation(KeyId=made["KeyId"])
    return made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]}


def _read_key(cloud: "Cloud", identifier: str, state: Outputs) -> Found | None:
    kms = _kms(cloud, state)
    about = kms.describe_key(KeyId=identifier)["KeyMetadata"]
    if about["KeyState"] == "PendingDeletion":
        return None
    listed = kms.list_resource_tags(KeyId=identifier)["Tags"]
    own = [{"Key": each["TagKey"], "Value": each["TagValue"]} for each in listed]
    return {
        "description": about["Description"],
        "enableKeyRotation": kms.get_key_rotation_status(KeyId=identifier)["KeyRotationEnabled"],
        "policy": kms.get_key_policy(KeyId=identifier, PolicyName="default")["Policy"],
        "tags": tags_of({"Tags": own}),
    }, {"arn": about["Arn"], "keyId": identifier}


def _update_key(cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs) -> dict[str, Any]:
    kms, key = _kms(cloud, state), {"KeyId": identifier}
    kms.update_key_description(**key, Description=inputs.get("description", ""))
    if inputs.get("policy"):
        kms.put_key_policy(**key, PolicyName="default", Policy=inputs["policy"])
    rotate = "enable" if inputs.get("enableKeyRotation") else "disable"
    getattr(kms, f"{rotate}_key_rotation")(**key)
    if dropped := sorted((state.get("tags") or {}).keys() - (inputs.get("tags") or {}).keys()):
        kms.untag_resource(**key, TagKeys=dropped)
    if kept := _tags(inputs):
        kms.tag_resource(**key, Tags=kept)
    return {}


def _delete_key(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    days = whole(state.get("deletionWindowInDays") or _WAIT)
    _kms(cloud, state).schedule_key_deletion(KeyId=identifier, PendingWindowInDays=days)


def _alias(cloud: "Cloud", inputs: Inputs) -> Realized:
    name, region = inputs["name"], inputs.get("region") or cloud.region
    _kms(cloud, inputs).create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
    return name, {"arn": f"arn:{cloud.partition}:kms:{region}:{cloud.account}:{name}"}


def _read_alias(cloud: "Cloud", identifier: str, state: Outputs) -> Found | None:
    for page in _kms(cloud, state).get_paginator("list_aliases").paginate():
        for each in page["Aliases"]:
            if each["AliasName"] == identifier:
                return {"name": identifier, "targetKeyId": each["TargetKeyId"]}, {
                    "arn": each["AliasArn"]
                }
    return None


def _update_alias(
    cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs
) -> dict[str, Any]:
    _kms(cloud, state).update_alias(AliasName=identifier, TargetKeyId=inputs["targetKeyId"])
    return {}


def _delete_alias(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    _kms(cloud, state).delete_alias(AliasName=identifier)


KINDS = {
    "aws:kms/alias:Alias": Kind(
        _alias,
        _read_alias,
        _update_alias,
        _delete_alias,
        replaces=frozenset({"name", "region"}),
        named="name",
        computed=frozenset({"arn"}),
    ),
    "aws:kms/key:Key": Kind(
        _key,
        _read_key,
        _update_key,
        _delete_key,
        replaces=frozenset({"region"}),
        computed=frozenset({"arn", "keyId"}),
    ),
}
