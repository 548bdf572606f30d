"""Does a bucket policy make the bucket public, as Block Public Access understands the word?

Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

# A statement for everyone is not public if one of these holds it to fixed values.
_FIXING_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_FIXING_OPERATORS = frozenset(
    {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"}
)


def is_public(document: Mapping[str, Any]) -> bool:
    """Whether any statement allows something to everyone without holding it to fixed values."""
    statements = document["Statement"]
    listed = [statements] if isinstance(statements, Mapping) else statements
    return any(_opens(statement) for statement in listed)


def _opens(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    if "NotPrincipal" not in statement and not _everyone(statement["Principal"]):
        return False
    return not any(
        operator in _FIXING_OPERATORS and key.lower() in _FIXING_KEYS and _fixed(key, values)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _everyone(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any("*" in _listed(value) for value in principal.values())
    return bool(principal == "*")


def _fixed(key: str, values: Any) -> bool:
    if key.lower() == "aws:sourceip":
        # Ranges wider than /8, or /32 for IPv6, are as good as everywhere, and so are texts that
        # are none.
        try:
            networks = [ipaddress.ip_network(value, strict=False) for value in _listed(values)]
        except ValueError:
            return False
        return all(net.prefixlen >= (8 if net.version == 4 else 32) for net in networks)
    return not any(set("*?") & set(value) or "${" in value for value in _listed(values))


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else [*value]
