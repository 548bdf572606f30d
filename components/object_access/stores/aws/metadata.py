"""The instance metadata service (version 2) of virtual machines that do not exist otherwise.

Each instance profile has one at `/vm/ACCOUNT/PROFILE/`: a client that is told to look there
(`AWS_EC2_METADATA_SERVICE_ENDPOINT`) gets the role's credentials, as on a machine that was started
with the profile. Source: EC2 User Guide, "Use the Instance Metadata Service".
"""

import json
import re
import secrets
from datetime import UTC, datetime

from .backend import Backend
from .messages import Answer, Incoming
from .sts import Sts

_PATH = re.compile(r"/vm/(\d{12})/([^/]+)/latest/(.+)")
_ROLES = "meta-data/iam/security-credentials/"
ZONE = "eu-west-1a"


class Metadata:
    """Answers whoever is on the machine, as the real one does: a token comes first."""

    def __init__(self, store: Backend, sts: Sts):
        self._store, self._sts = store, sts
        self._tokens: set[str] = set()

    def answer(self, incoming: Incoming) -> Answer | None:
        """The answer, or None for a request that is for another service."""
        found = _PATH.fullmatch(incoming.path)
        if not found:
            return None
        if incoming.header("Host").partition(":")[0] not in ("127.0.0.1", "localhost"):
            return Answer(403)  # a web page that had its own name changed to this address
        account, profile, what = found.groups()
        if incoming.method == "PUT" and what == "api/token":
            token = secrets.token_urlsafe(42)
            self._tokens.add(token)
            return _text(token)
        if incoming.header("X-aws-ec2-metadata-token") not in self._tokens:
            return Answer(401)
        role = self._store.role_of_profile(account, profile)
        if role and what == _ROLES + role.name:
            return self._credentials(account, role.name)
        known = {_ROLES: role.name if role else "", "meta-data/placement/availability-zone/": ZONE}
        return _text(known[what]) if known.get(what) else Answer(404)

    def _credentials(self, account: str, role: str) -> Answer:
        session = self._sts.instance_session(account, role)
        if session is None:
            # What the service says where the role does not trust EC2.
            return _text(json.dumps({"Code": "AssumeRoleUnauthorizedAccess"}))
        return _text(
            json.dumps(
                {
                    "Code": "Success",
                    "LastUpdated": _stamp(session.issued),
                    "Type": "AWS-HMAC",
                    "AccessKeyId": session.access_key_id,
                    "SecretAccessKey": session.secret,
                    "Token": session.token,
                    "Expiration": _stamp(session.expires),
                }
            )
        )


def _text(text: str) -> Answer:
    return Answer(200, [("Content-Type", "text/plain")], text.encode())


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
