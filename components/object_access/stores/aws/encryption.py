"""Encryption that a request asks for: keys of the customer's, and which of KMS's.

Source: S3 User Guide, "Using server-side encryption with customer-provided keys (SSE-C)".
"""

import base64
import binascii
import hashlib
from typing import Any

from .backend import Backend
from .context import Call
from .messages import AwsError

_MULTIPART = {"CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}


def check_write(call: Call) -> None:
    """Refuse a key of the customer's that is none, or that comes without TLS."""
    given = call.given
    if not given.keys() & {"SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"}:
        return
    if call.operation in _MULTIPART:
        raise AwsError(501, "NotImplemented", "the embedded AWS has no SSE-C of multipart uploads")
    if "ServerSideEncryption" in given:
        raise _invalid_argument("Server Side Encryption with Customer provided key is incompatible")
    _key(call, "SSECustomer")


def check_read(call: Call, bucket: Any, key: str, version: str, *, source: bool = False) -> None:
    """Refuse to read, or to copy from, what a customer's key encrypts, without that key."""
    held = Backend.object(bucket, key, version)
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


def remember(call: Call, bucket: Any, key: str) -> None:
    """Note of a new object that a customer's key encrypts it."""
    if call.operation in ("PutObject", "CopyObject") and "SSECustomerKeyMD5" in call.given:
        Backend.object(bucket, key).customer_key = call.given["SSECustomerKeyMD5"]


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
