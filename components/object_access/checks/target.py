"""Where the checks look: AWS itself, another store, or an embedded one in its place."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from ..handover.model import Key

_MAKING = Lock()  # making a boto3 client is not thread-safe, using it is


@dataclass(frozen=True)
class Target:
    """How to reach the store. Without an endpoint it is AWS.

    `http_endpoint` is the same store without TLS, to show that it refuses. `metadata` is where
    virtual machines find their credentials, one path for each account and instance profile.
    `compatible` is a store that is not AWS. An `embedded` store may be tried with what would do
    harm if it were allowed.
    """

    endpoint: str | None = None
    http_endpoint: str | None = None
    ca_bundle: str | None = None
    metadata: str | None = None
    compatible: bool = False
    embedded: bool = False
    _session: boto3.session.Session = field(default_factory=boto3.session.Session, repr=False)
    _made: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def client(
        self,
        service: str,
        region: str,
        keys: Key | None,
        *,
        tls: bool = True,
        checked: bool = True,
    ) -> Any:
        """A boto3 client that uses these keys and nothing of the machine's own; without keys it is
        anonymous. One that is not `checked` leaves the checking of parameters to the server."""
        wanted = (service, region, keys, tls, checked)
        with _MAKING:
            if wanted not in self._made:
                self._made[wanted] = self._client(service, region, keys, tls=tls, checked=checked)
            return self._made[wanted]

    def _client(
        self, service: str, region: str, keys: Key | None, *, tls: bool, checked: bool
    ) -> Any:
        version = "s3v4" if service == "s3" else "v4"
        other: dict[str, Any] = {}
        if self.compatible:
            other = {
                "s3": {"addressing_style": "path"},
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            }
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint if tls else self.http_endpoint,
            use_ssl=tls,
            verify=self.ca_bundle,
            aws_access_key_id=keys.access_key_id if keys else None,
            aws_secret_access_key=keys.secret_access_key if keys else None,
            aws_session_token=(keys.session_token or None) if keys else None,
            config=Config(
                signature_version=version if keys else UNSIGNED,
                user_agent="object-access",  # its own takes a fifth of a request to put together
                parameter_validation=checked,
                retries={"total_max_attempts": 2},
                connect_timeout=10,
                read_timeout=60,
                **other,
            ),
        )
