"""Building blocks for exact object-store access: import them into any Pulumi program."""

from typing import TYPE_CHECKING

# The one list of what is public: type checkers and editors follow it, and below it is read.
if TYPE_CHECKING:
    from ._buckets import CorsRuleArgs as CorsRuleArgs
    from ._buckets import Removal as Removal
    from ._grants import GrantArgs as GrantArgs
    from .access_user import AccessUser as AccessUser
    from .access_user import AccessUserArgs as AccessUserArgs
    from .compatible_bucket import CompatibleBucket as CompatibleBucket
    from .compatible_bucket import CompatibleBucketArgs as CompatibleBucketArgs
    from .delegated_role import DelegatedRole as DelegatedRole
    from .delegated_role import DelegatedRoleArgs as DelegatedRoleArgs
    from .delegated_role import TrustArgs as TrustArgs
    from .multipart_role import MultipartUploadRole as MultipartUploadRole
    from .multipart_role import MultipartUploadRoleArgs as MultipartUploadRoleArgs
    from .pipeline import DeployedArgs as DeployedArgs
    from .pipeline import IssuerArgs as IssuerArgs
    from .pipeline import Pipeline as Pipeline
    from .pipeline import PipelineArgs as PipelineArgs
    from .policies.grants import Access as Access
    from .prefix_policy import PrefixPolicy as PrefixPolicy
    from .prefix_policy import PrefixPolicyArgs as PrefixPolicyArgs
    from .private_bucket import AccessLogsArgs as AccessLogsArgs
    from .private_bucket import PrivateBucket as PrivateBucket
    from .private_bucket import PrivateBucketArgs as PrivateBucketArgs
    from .private_bucket import ShareArgs as ShareArgs
    from .swift_account_key import SwiftAccountKey as SwiftAccountKey
    from .swift_account_key import SwiftAccountKeyArgs as SwiftAccountKeyArgs
    from .swift_container import SwiftAccessArgs as SwiftAccessArgs
    from .swift_container import SwiftContainer as SwiftContainer
    from .swift_container import SwiftContainerArgs as SwiftContainerArgs
    from .swift_container import SwiftCorsArgs as SwiftCorsArgs
    from .swift_credential import SwiftCredential as SwiftCredential
    from .swift_credential import SwiftCredentialArgs as SwiftCredentialArgs
    from .workload_role import WebIdentityArgs as WebIdentityArgs
    from .workload_role import WorkloadRole as WorkloadRole
    from .workload_role import WorkloadRoleArgs as WorkloadRoleArgs
else:
    import re
    from importlib import import_module
    from pathlib import Path

    _HOME = {
        name: home
        for home, name in re.findall(
            r"^    from (\.\S+) import (\w+) as", Path(__file__).read_text("utf-8"), re.MULTILINE
        )
    }
    __all__ = sorted(_HOME)  # noqa: PLE0605 not written twice

    def __getattr__(name: str) -> object:
        # On first use, so that `object_access.policies` and `object_access.names` are usable, and
        # quick, without Pulumi: the gate and the access report judge policies but create nothing.
        if name not in _HOME:
            raise AttributeError(f"module 'object_access' has no attribute '{name}'")
        return getattr(import_module(_HOME[name], __name__), name)
