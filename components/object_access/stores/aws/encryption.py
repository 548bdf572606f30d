"""Encryption that a request asks for: keys of the customer's, and which of KMS's.

Source: S3 User Guide, "Using server-side encryption with customer-provided keys (SSE-C)" and
"Using server-side encryption with AWS KMS keys (SSE-KMS)".
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from .backend import Backend
from .context import Call
from .kms import Kms
from .messages import AwsError

MANAGED = "aws/s3"  # the key that S3 has in each account
_KMS = {"aws:kms", "aws:kms:dsse"}
_MULTIPART = {"CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}


def key_for(call: Call, bucket: Any, kms: Kms) -> str:
    """The ARN of KMS's key that a new object is encrypted with, as the request or the bucket says;
    `MANAGED` for the one that S3 has itself in each account, nothing for S3's own keys."""
    given = call.given
    default = _default(bucket)
    algorithm = given.get("ServerSideEncryption")
    if "SSECustomerAlgorithm" in given or (algorithm or default.get("SSEAlgorithm")) not in _KMS:
        return ""
    named = given.get("SSEKMSKeyId") if algorithm else default.get("KMSMasterKeyID")
    arn = kms.arn(named, bucket.account_id, bucket.region_name) if named else MANAGED
    # "The KMS key [...] must be in the same Region as your bucket" (S3: SSE-KMS).
    if arn != MANAGED and arn.split(":")[3] != bucket.region_name:
        raise AwsError(400, "KMS.NotFoundException", f"Invalid arn {bucket.region_name}")
    return arn


def check_key(call: Call, bucket: Any, key: str, action: str, kms: Kms, name: str) -> None:
    """Refuse who may not use the key of this ARN on the object. The one that S3 has itself is for
    its own account alone."""
    if key == MANAGED and call.caller.principal.account != bucket.account_id:
        raise AwsError(403, "AccessDenied", "Access Denied")
    if key not in ("", MANAGED):
        by_bucket = call.given.get("BucketKeyEnabled") or _by_bucket(bucket)
        about = f"arn:aws:s3:::{bucket.name}" + ("" if by_bucket else f"/{name}")
        kms.decide_for_s3(call, action, key, about)


def _default(bucket: Any) -> Mapping[str, str]:
    """What the bucket's encryption does with new objects."""
    return dict(_rule(bucket).get("ApplyServerSideEncryptionByDefault", {}))


def _by_bucket(bucket: Any) -> bool:
    return str(_rule(bucket).get("BucketKeyEnabled", "false")).lower() == "true"


def _rule(bucket: Any) -> Mapping[str, Any]:
    rule: Any = (bucket.encryption or {}).get("Rule", {})
    return dict(rule[0] if isinstance(rule, list) else rule)


def check_write(call: Call, bucket: Any, key: str, kms: Kms) -> None:
    """Refuse keys that are not the caller's to use, or that are none."""
    _check_customer(call)
    of_kms = call.given.keys() & {"SSEKMSKeyId", "SSEKMSEncryptionContext"}
    if of_kms and call.given.get("ServerSideEncryption") not in _KMS:
        raise _invalid_argument(
            "Server Side Encryption with AWS KMS managed key requires HTTP header "
            "x-amz-server-side-encryption : aws:kms"
        )
    if call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        arn = key_for(call, bucket, kms)
        check_key(call, bucket, arn, "kms:GenerateDataKey", kms, key)
    elif call.operation in ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
        arn = getattr(bucket.multiparts.get(call.given["UploadId"]), "kms_key", "")
        check_key(call, bucket, arn, "kms:Decrypt", kms, key)


def _check_customer(call: Call) -> None:
    given = call.given
    if not given.keys() & {"SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"}:
        return
    if call.operation in _MULTIPART:
        raise AwsError(501, "NotImplemented", "the embedded AWS has no SSE-C of multipart uploads")
    if "ServerSideEncryption" in given:
        raise _invalid_argument("Server Side Encryption with Customer provided key is incompatible")
    _key(call, "SSECustomer")


def check_read(
    call: Call, bucket: Any, key: str, version: str, kms: Kms, *, source: bool = False
) -> None:
    """Refuse to read, or to copy from, what is encrypted with a key that the caller does not send,
    or may not use."""
    held = Backend.object(bucket, key, version)
    if call.operation != "HeadObject":
        check_key(call, bucket, getattr(held, "kms_key", ""), "kms:Decrypt", kms, key)
    prefix = "CopySourceSSECustomer" if source else "SSECustomer"
    wanted = getattr(held, "customer_key", None)
    sent = any(name.startswith(prefix) for name in call.given)
    if wanted and not sent:
        raise _invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters "
            "must be provided to retrieve the object."
        )
    if held is not None and sent and not wanted:
        raise _invalid_request("The encryption parameters are not applicable to this object.")
    if wanted and _key(call, prefix) != wanted:
        raise AwsError(403, "AccessDenied", "Access Denied")


def remember(call: Call, bucket: Any, made: Any, kms: Kms) -> None:
    """Note of a new object, or of an upload of parts, which key encrypts it."""
    made.kms_key = key_for(call, bucket, kms)
    made.customer_key = call.given.get("SSECustomerKeyMD5")


def _key(call: Call, prefix: str) -> str:
    """The MD5 of the customer's key in a request."""
    if not call.incoming.secure:
        raise _invalid_request(
            "Requests specifying Server Side Encryption with Customer provided keys must be made "
            "over a secure connection."
        )
    given = {name.removeprefix(prefix): call.given[name] for name in call.given}
    if {"Algorithm", "Key", "KeyMD5"} - given.keys():
        raise _invalid_argument(
            "Requests specifying Server Side Encryption with Customer provided keys must provide "
            "an algorithm, an appropriate secret key and its MD5."
        )
    try:
        key = base64.b64decode(given["Key"], validate=True)
    except binascii.Error:
        key = b""
    digest = base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode()
    if given["Algorithm"] != "AES256" or len(key) != 32:
        raise _invalid_argument("The secret key was invalid for the specified algorithm.")
    if digest != given["KeyMD5"]:
        raise _invalid_argument("The calculated MD5 hash of the key did not match the hash given.")
    return digest


def _invalid_argument(message: str) -> AwsError:
    return AwsError(400, "InvalidArgument", message)


def _invalid_request(message: str) -> AwsError:
    return AwsError(400, "InvalidRequest", message)
