"""Building blocks for exact object-store access: import them into any Pulumi program."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._buckets import CorsRuleArgs
    from ._grants import GrantArgs
    from .access_user import AccessUser, AccessUserArgs
    from .compatible_bucket import CompatibleBucket, CompatibleBucketArgs
    from .delegated_role import DelegatedRole, DelegatedRoleArgs
    from .multipart_role import MultipartUploadRole, MultipartUploadRoleArgs
    from .prefix_policy import PrefixPolicy, PrefixPolicyArgs
    from .private_bucket import PrivateBucket, PrivateBucketArgs
    from .swift_account_key import SwiftAccountKey, SwiftAccountKeyArgs
    from .swift_container import (
        SwiftAccessArgs,
        SwiftContainer,
        SwiftContainerArgs,
        SwiftCorsArgs,
    )
    from .swift_credential import SwiftCredential, SwiftCredentialArgs
    from .workload_role import WebIdentityArgs, WorkloadRole, WorkloadRoleArgs

_HOME = {
    "AccessUser": "access_user",
    "AccessUserArgs": "access_user",
    "CompatibleBucket": "compatible_bucket",
    "CompatibleBucketArgs": "compatible_bucket",
    "CorsRuleArgs": "_buckets",
    "DelegatedRole": "delegated_role",
    "DelegatedRoleArgs": "delegated_role",
    "GrantArgs": "_grants",
    "MultipartUploadRole": "multipart_role",
    "MultipartUploadRoleArgs": "multipart_role",
    "PrefixPolicy": "prefix_policy",
    "PrefixPolicyArgs": "prefix_policy",
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
    "WebIdentityArgs": "workload_role",
    "WorkloadRole": "workload_role",
    "WorkloadRoleArgs": "workload_role",
}
__all__ = [
    "AccessUser",
    "AccessUserArgs",
    "CompatibleBucket",
    "CompatibleBucketArgs",
    "CorsRuleArgs",
    "DelegatedRole",
    "DelegatedRoleArgs",
    "GrantArgs",
    "MultipartUploadRole",
    "MultipartUploadRoleArgs",
    "PrefixPolicy",
    "PrefixPolicyArgs",
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
    "WebIdentityArgs",
    "WorkloadRole",
    "WorkloadRoleArgs",
]


def __getattr__(name: str) -> object:
    # On first use, so that `object_access.policies` and `object_access.names` are usable, and
    # quick, without Pulumi: the gate and the access report judge policies but create nothing.
    if name not in _HOME:
        raise AttributeError(f"module 'object_access' has no attribute '{name}'")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
