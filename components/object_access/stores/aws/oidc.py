"""The OpenID Connect issuer of a rehearsal: it stands for every issuer that an account trusts, so
that roles of CI and of Kubernetes can be assumed as they are there. Its key lives in memory only.

Source: IAM User Guide, "Create a role for OpenID Connect federation"; STS API Reference,
AssumeRoleWithWebIdentity; RFC 7515 and 7519.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from .messages import Answer, AwsError, Incoming

PATH = "/oidc/token"
LIFETIME = 300  # seconds


class Issuer:
    """Signs tokens with any claims, for whoever is on this machine; and knows its own again."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    def answer(self, incoming: Incoming, now: datetime) -> Answer | None:
        """A token with the claims in the body, a JSON object with `iss`, `aud` and `sub`; None for
        a request that is for another service."""
        if incoming.path != PATH or incoming.method != "POST":
            return None
        try:
            claims = json.loads(incoming.body)
            token = self.token({"iss": "", "aud": "", "sub": "", **claims}, now)
        except (ValueError, TypeError):
            return Answer(400, [("Content-Type", "text/plain")], b"send a JSON object of claims")
        return Answer(200, [("Content-Type", "text/plain")], token.encode())

    def token(self, claims: Mapping[str, Any], now: datetime) -> str:
        """A token that is good for five minutes, unless the claims say otherwise."""
        issued = int(now.timestamp())
        stated = {"iat": issued, "exp": issued + LIFETIME, **claims}
        signed = f"{_packed({'alg': 'RS256', 'typ': 'JWT'})}.{_packed(stated)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_encoded(signature)}"

    def claims(self, token: str, now: datetime) -> Mapping[str, Any]:
        """What a token says. Raises AwsError for one that is not this issuer's, or not good now."""
        signed, _, signature = token.rpartition(".")
        head, _, body = signed.partition(".")
        try:
            algorithm = json.loads(_decoded(head))["alg"]
            key = self._key.public_key()
            key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), SHA256())
            claims: dict[str, Any] = json.loads(_decoded(body))
            begins, ends = float(claims.get("nbf", 0)), float(claims["exp"])
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
            raise _not_ours() from None
        if algorithm != "RS256":
            raise _not_ours()
        if not begins <= now.timestamp() < ends:
            raise AwsError(400, "ExpiredTokenException", "Token expired")
        return claims


def _not_ours() -> AwsError:
    return AwsError(
        400,
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider, or the token was not "
        "signed with it",
    )


def _packed(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError(text) from None
