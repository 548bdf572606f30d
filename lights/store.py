"""Where the lights look: AWS itself, or an embedded store in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config


@dataclass(frozen=True)
class Store:
    """How to reach the store. Without an endpoint it is AWS.

    `http_endpoint` is the same store without TLS, to show that it refuses.
    """

    endpoint: str | None = None
    http_endpoint: str | None = None
    ca_bundle: str | None = None
    _session: boto3.session.Session = field(default_factory=boto3.session.Session, repr=False)

    def client(
        self, service: str, region: str, keys: Mapping[str, str] | None, *, tls: bool = True
    ) -> Any:
        """A boto3 client that uses these keys and nothing of the machine's own; without keys it is
        anonymous."""
        version = "s3v4" if service == "s3" else "v4"
        keys = keys or {}
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint if tls else self.http_endpoint,
            use_ssl=tls,
            verify=self.ca_bundle,
            aws_access_key_id=keys.get("access_key_id"),
            aws_secret_access_key=keys.get("secret_access_key"),
            aws_session_token=keys.get("session_token"),
            config=Config(
                signature_version=version if keys else UNSIGNED,
                retries={"total_max_attempts": 2},
                connect_timeout=10,
                read_timeout=60,
            ),
        )
