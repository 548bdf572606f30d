"""Building blocks for exact object-store access: import them into any Pulumi program."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .access_user import AccessUser, AccessUserArgs, GrantArgs
    from .multipart_role import MultipartUploadRole, MultipartUploadRoleArgs
    from .private_bucket import CorsRuleArgs, PrivateBucket, PrivateBucketArgs
    from .swift_account_key import SwiftAccountKey, SwiftAccountKeyArgs
    from .swift_container import (
        SwiftAccessArgs,
        SwiftContainer,
        SwiftContainerArgs,
        SwiftCorsArgs,
    )
    from .swift_credential import SwiftCredential, SwiftCredentialArgs

_HOME = {
    "AccessUser": "access_user",
    "AccessUserArgs": "access_user",
    "CorsRuleArgs": "private_bucket",
    "GrantArgs": "access_user",
    "MultipartUploadRole": "multipart_role",
    "MultipartUploadRoleArgs": "multipart_role",
    "PrivateBucket": "private_bucket",
    "PrivateBucketArgs": "private_bucket",
    "SwiftAccessArgs": "swift_container",
    "SwiftAccountKey": "swift_account_key",
    "SwiftAccountKeyArgs": "swift_account_key",
    "SwiftContainer": "swift_container",
    "SwiftContainerArgs": "swift_container",
    "SwiftCorsArgs": "swift_container",
    "SwiftCredential": "swift_credential",
    "SwiftCredentialArgs": "swift_credential",
}
__all__ = [
    "AccessUser",
    "AccessUserArgs",
    "CorsRuleArgs",
    "GrantArgs",
    "MultipartUploadRole",
    "MultipartUploadRoleArgs",
    "PrivateBucket",
    "PrivateBucketArgs",
    "SwiftAccessArgs",
    "SwiftAccountKey",
    "SwiftAccountKeyArgs",
    "SwiftContainer",
    "SwiftContainerArgs",
    "SwiftCorsArgs",
    "SwiftCredential",
    "SwiftCredentialArgs",
]


def __getattr__(name: str) -> object:
    # On first use, so that `components.policies` and `components.names` are usable, and quick,
    # without Pulumi: the gate and the access report judge policies but create nothing.
    if name not in _HOME:
        raise AttributeError(f"module 'components' has no attribute '{name}'")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
