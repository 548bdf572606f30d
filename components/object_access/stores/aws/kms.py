"""KMS, small: keys and their policies, and who may encrypt and decrypt with them.

moto keeps the keys; grants are refused by name. Source: KMS API Reference, each action; KMS
Developer Guide, "Key policies in AWS KMS", "KMS key permissions"; S3 User Guide, "Using server-side
encryption with AWS KMS keys (SSE-KMS)".
"""

import base64
import binascii
import json
import re
import struct
from collections.abc import Mapping
from typing import Any, NoReturn

from botocore.validate import ParamValidator
from moto.core.utils import get_service_model
from moto.kms.utils import _deserialize_ciphertext_blob

from ...policies.evaluate import Policy
from .backend import APPS, Backend, compiled, condition_keys, parsed
from .callers import Caller
from .context import Call, Subject, check_judged
from .decision import decide
from .messages import Answer, AwsError, Incoming, forward, request_id

TARGET = "TrentService."
SERVED = frozenset(
    (
        "CancelKeyDeletion", "CreateAlias", "CreateKey", "Decrypt", "DeleteAlias", "DescribeKey",
        "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "Encrypt",
        "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GetKeyPolicy",
        "GetKeyRotationStatus", "ListAliases", "ListGrants", "ListKeyPolicies", "ListKeys",
        "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource",
        "UpdateAlias", "UpdateKeyDescription",
    )
)  # fmt: skip
# What may be done with another account's key (KMS API Reference, each action, "Cross-account use").
_ABROAD = {
    "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "GetKeyRotationStatus",
}  # fmt: skip
_CRYPTOGRAPHIC = {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"}
# What may still be done with a key that waits for its deletion ("Key states of AWS KMS keys").
_WHILE_PENDING = re.compile(r"(Get|List|Describe).*|CancelKeyDeletion|UntagResource|DeleteAlias")
LONGEST_POLICY = 32_768  # signs
# By which moto tells the region.
_LET_IN = (
    "AWS4-HMAC-SHA256 Credential=GATE/20260101/{region}/kms/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
_ALIAS = "arn:aws:kms:{region}:{account}:{name}"


class Kms:
    """Checks a KMS action, hands it to moto, and decides for S3 who may use a key."""

    def __init__(self, store: Backend):
        self._store = store

    @staticmethod
    def given(incoming: Incoming) -> tuple[str, Mapping[str, Any]]:
        """The action and the parameters of a request. Raises AwsError where they are not KMS's."""
        action = incoming.header("X-Amz-Target").removeprefix(TARGET)
        model = get_service_model("kms")
        if action not in model.operation_names:
            raise AwsError(400, "UnknownOperationException", "")
        if action not in SERVED:
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no kms:{action}")
        shape = model.operation_model(action).input_shape
        try:
            given: dict[str, Any] = dict(json.loads(incoming.body or b"{}"))
            blobs = {n: m for n, m in shape.members.items() if m.type_name == "blob"}
            read = {n: base64.b64decode(given[n], validate=True) for n in blobs if n in given}
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise AwsError(400, "SerializationException", "") from None
        report = ParamValidator().validate({**given, **read}, shape)
        if report.has_errors():
            raise AwsError(400, "ValidationException", report.generate_report())
        return action, given

    def answer(self, call: Call) -> Answer:
        """Do an action for a caller who has been authenticated, or refuse it."""
        account, region = call.caller.principal.account, call.claim.region if call.claim else ""
        action, key = call.operation, self._key(call, account, region)
        if key is not None:
            account, region = key.account_id, key.region
        for arn in self._resources(call, key, account, region):
            subject = Subject(f"kms:{action}", arn, account, region, tags=self._store.key_tags(key))
            policy = self._policy(key) if key is not None and arn == key.arn else None
            decision = decide(call, subject, policy)
            if not decision.allowed:
                raise _refused(call.caller, subject, decision)
        if key is not None:
            if account != call.caller.principal.account and action not in _ABROAD:
                raise AwsError(400, "AccessDeniedException", f"{action} is for the key's account")
            _check_state(action, key)
        if text := call.given.get("Policy"):
            self._check_policy(call, text, account, key)
        # moto knows the key by its ID alone.
        named = (
            {_name_of(action): key.id} if key is not None and _name_of(action) in call.given else {}
        )
        answer = forward(
            APPS["kms"],
            call.incoming,
            body=json.dumps({**call.given, **named}).encode(),
            HTTP_X_MOTO_ACCOUNT_ID=account,
            HTTP_AUTHORIZATION=_LET_IN.format(region=region),
        )
        if answer.status < 300 and "Policy" in call.given:
            made = json.loads(answer.body)["KeyMetadata"]["Arn"] if action == "CreateKey" else ""
            self._store.remember(made or key.arn, call.given["Policy"])
        return answer

    def decide_for_s3(self, call: Call, action: str, arn: str, about: str) -> None:
        """Refuse to have S3 use a key for the caller on what has the ARN `about`."""
        key = self._store.kms_key(*_place(arn))
        if key is None:
            raise AwsError(400, "KMS.NotFoundException", f"Invalid keyId {arn}")
        if key.key_state == "PendingDeletion":
            raise AwsError(400, "KMS.KMSInvalidStateException", f"{arn} is pending deletion.")
        if not key.enabled:
            raise AwsError(400, "KMS.DisabledException", f"{arn} is disabled.")
        if key.key_spec != "SYMMETRIC_DEFAULT":
            raise AwsError(
                400, "KMS.InvalidKeyUsageException", f"{arn} has the key spec {key.key_spec}."
            )
        more = {"via": f"s3.{key.region}.amazonaws.com", "about": about}
        subject = Subject(action, arn, key.account_id, key.region, more=more)
        if not decide(call, subject, self._policy(key)).allowed:
            raise AwsError(403, "AccessDenied", "Access Denied")

    def arn(self, name: str, account: str, region: str) -> str:
        """The ARN of the key that S3 is told of by its ID, its ARN or an alias."""
        key = self._find(name, account, region)
        if key is None:
            raise AwsError(400, "KMS.NotFoundException", f"Invalid keyId {name}")
        return str(key.arn)

    def _find(self, name: str, account: str, region: str) -> Any:
        if name.startswith("arn:"):
            region, account, name = _place(name)
        return self._store.kms_key(region, account, name)

    def _key(self, call: Call, account: str, region: str) -> Any:
        """The key that a request names, by itself or by what it encrypted; None where none is."""
        name = call.given.get(_name_of(call.operation), "")
        if call.operation == "Decrypt" and not name:
            return self._key_of(call.given.get("CiphertextBlob", ""), region)
        if call.operation == "DeleteAlias":
            name = call.given["AliasName"]
        if not name:
            return None
        return self._find(name, account, region) or _no_key(name)

    def _key_of(self, text: str, region: str) -> Any:
        """The key of any account that made this ciphertext."""
        try:
            name = _deserialize_ciphertext_blob(base64.b64decode(text)).key_id
        except (ValueError, struct.error):
            raise AwsError(400, "InvalidCiphertextException", "") from None
        held = (self._store.kms_key(region, account, name) for account in self._store.accounts)
        return next(filter(None, held), None) or _no_key(name)

    def _resources(self, call: Call, key: Any, account: str, region: str) -> list[str]:
        """What the action's permission is about: of aliases, both the alias and the key."""
        own = [key.arn] if key is not None else []
        if "AliasName" in call.given:
            alias = _ALIAS.format(region=region, account=account, name=call.given["AliasName"])
            return [alias, *own]
        return own or ["*"]

    def _policy(self, key: Any) -> Policy:
        return compiled(
            f"the policy of key {key.id}", self._store.resolved(key.arn, key.policy), "resource"
        )

    def _check_policy(self, call: Call, text: str, account: str, key: Any) -> None:
        """Refuse a policy that is none, or that locks out who puts it (KMS: lockout safety)."""
        try:
            policy = Policy("", parsed(text), "resource")
            named = condition_keys(text)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise AwsError(400, "MalformedPolicyDocumentException", str(error)) from None
        if len(text) > LONGEST_POLICY:
            raise AwsError(400, "LimitExceededException", "The policy is too long")
        for name in named:
            check_judged(name)
        if self._store.not_there(policy):
            raise AwsError(
                400,
                "MalformedPolicyDocumentException",
                "Policy contains a statement with one or more invalid principals.",
            )
        arn = key.arn if key is not None else f"arn:aws:kms:us-east-1:{account}:key/new"
        later = Subject("kms:PutKeyPolicy", arn, account)
        safe = (
            call.given.get("BypassPolicyLockoutSafetyCheck") or decide(call, later, policy).allowed
        )
        if not safe:
            raise AwsError(
                400,
                "MalformedPolicyDocumentException",
                "The new key policy will not allow you to update the key policy in the future.",
            )


def _no_key(name: str) -> NoReturn:
    raise AwsError(400, "NotFoundException", f"Key '{name}' does not exist")


def _check_state(action: str, key: Any) -> None:
    """Refuse what a key cannot do, or not now."""
    if key.key_state == "PendingDeletion" and not _WHILE_PENDING.fullmatch(action):
        raise AwsError(400, "KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if action not in _CRYPTOGRAPHIC:
        return
    if not key.enabled:
        raise AwsError(400, "DisabledException", f"{key.arn} is disabled.")
    symmetric = key.key_spec == "SYMMETRIC_DEFAULT"
    encrypts = key.key_usage in ("", None, "ENCRYPT_DECRYPT")
    if not encrypts or not (symmetric or action in ("Encrypt", "Decrypt")):
        raise AwsError(400, "InvalidKeyUsageException", f"{key.arn} is not for {action}.")
    if not symmetric:
        raise AwsError(
            501, "NotImplemented", f"the embedded AWS has no {action} with {key.key_spec}"
        )


def _name_of(action: str) -> str:
    """The parameter that names the key."""
    return "TargetKeyId" if action in ("CreateAlias", "UpdateAlias") else "KeyId"


def told(error: AwsError) -> Answer:
    """The error as KMS says it."""
    code = "AccessDeniedException" if error.code == "AccessDenied" else error.code
    status = 400 if error.status < 500 else error.status
    body = json.dumps({"__type": code, "message": error.message}).encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id())]
    return Answer(status, headers, body)


def _refused(caller: Caller, subject: Subject, decision: Any) -> AwsError:
    return caller.refused(subject.action, subject.arn, decision)


def _place(arn: str) -> tuple[str, str, str]:
    """The region, the account and the name in a key's or an alias's ARN."""
    parts = [*arn.split(":", 5), *[""] * 5]
    return parts[3], parts[4], parts[5].removeprefix("key/")
