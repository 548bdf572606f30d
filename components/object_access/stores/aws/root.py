"""The root of an account, as IAM shows it to itself; moto does not know it.

Source: IAM API Reference, GetUser and CreateAccessKey: without a user's name they are about whoever
signed, "to manage AWS account root user credentials"; IAM User Guide, "IAM and AWS STS quotas".
"""

from .backend import Backend, Key
from .context import Call
from .messages import AwsError, elements

SINCE = "2020-01-01T00:00:00Z"  # a date there must be
MOST_KEYS = 2


def answer(call: Call, store: Backend) -> str | None:
    """What an action that names no user says of the root who asks; None for one that is not about
    whoever asks."""
    account = call.caller.principal.account
    keys = store.root_keys(account)
    named = call.given.get("AccessKeyId", "")
    if call.operation in ("UpdateAccessKey", "DeleteAccessKey") and named not in keys:
        raise AwsError(404, "NoSuchEntity", f"The Access Key with id {named} cannot be found.")
    match call.operation:
        case "GetUser":
            own = {"Path": "/", "UserId": account, "Arn": call.caller.principal.arn}
            return f"<User>{elements({**own, 'CreateDate': SINCE})}</User>"
        case "ListAccessKeys":
            members = "".join(
                f"<member>{elements(_told(key_id, key))}</member>" for key_id, key in keys.items()
            )
            return (
                f"<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            )
        case "CreateAccessKey":
            if len(keys) >= MOST_KEYS:
                message = f"Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}"
                raise AwsError(409, "LimitExceeded", message)
            key_id, secret = store.add_root_key(account)
            told = _told(key_id, store.root_keys(account)[key_id])
            return f"<AccessKey>{elements({**told, 'SecretAccessKey': secret})}</AccessKey>"
        case "UpdateAccessKey":
            store.set_root_key(named, active=call.given["Status"] == "Active")
            return ""
        case "DeleteAccessKey":
            store.set_root_key(named, active=None)
            return ""
    return None


def _told(key_id: str, key: Key) -> dict[str, str]:
    status = "Active" if key.active else "Inactive"
    return {"AccessKeyId": key_id, "Status": status, "CreateDate": SINCE}
