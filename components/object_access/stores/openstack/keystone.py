"""Keystone v3 in a process of its own, started by `server.py`: SQLite, Fernet, the real app."""

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet

from . import child

_CONFIGURATION = """
[DEFAULT]
log_file = {folder}/keystone.log
default_logging_level = WARNING
[database]
connection = sqlite:///{folder}/keystone.db
sqlite_synchronous = false
[cache]
enabled = true
backend = oslo_cache.dict
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = {folder}/tokens
[fernet_receipts]
key_repository = {folder}/receipts
[credential]
key_repository = {folder}/credentials
"""
# The hashes are weak and the writes unsafe on purpose: passwords of 24 random bytes, for a minute.

# What Swift knows (swift.py), what Keystone knows (a service that checks other users' tokens), and
# one that nobody knows: who has only that gets a token, and nothing with it.
_ROLES = ("admin", "member", "reader", "service", "visitor")


class _OneAtATime:
    """SQLite answers writes that come side by side with "database is locked", Keystone with 500."""

    def __init__(self, application: Callable[..., Iterable[bytes]]):
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            return list(self._application(environ, start_response))


def main() -> None:
    """Serve until standard input ends."""
    told = child.told()
    folder = Path(told["folder"])
    for repository in ("tokens", "receipts", "credentials"):
        _make_keys(folder / repository)
    configuration = folder / "keystone.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    sys.argv = sys.argv[:1]  # oslo.config would read ours
    # It writes SAML for other clouds, of which there are none: a third of what Keystone imports.
    sys.modules["keystone.federation.idp"] = ModuleType("keystone.federation.idp")

    from keystone.common.sql import upgrades
    from keystone.server.flask import core

    application = core.initialize_application(
        "public",
        # After the configuration is read, before anything asks the database.
        post_log_configured_function=upgrades.offline_sync_database_to_version,
        config_files=[str(configuration)],
    )
    _fill(told)

    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections open, which Swift makes use of

        def log(self, *_: Any) -> None:
            """Nobody reads it."""

    server = make_server(
        "127.0.0.1",
        0,
        _OneAtATime(application),
        threaded=True,
        request_handler=Handler,
        fd=told["fd"],
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    child.ready(told["projects"])
    sys.stdin.read()
    child.leave(folder)


def _make_keys(repository: Path) -> None:
    """The key that signs (the highest number) and the one that will follow it (0)."""
    repository.mkdir(mode=0o700)
    for number in ("0", "1"):
        (repository / number).write_bytes(Fernet.generate_key())


def _fill(told: dict[str, Any]) -> None:
    """Domain, roles, projects, users, and the catalogue that tells clients where Swift is."""
    from keystone.common.provider_api import ProviderAPIs as Keystone

    domain = {"id": "default", "name": "Default", "enabled": True, "description": ""}
    Keystone.resource_api.create_domain("default", domain)
    roles = {name: uuid4().hex for name in _ROLES}
    for name, identifier in roles.items():
        Keystone.role_api.create_role(identifier, {"id": identifier, "name": name})
    for wider, narrower in (("admin", "member"), ("member", "reader")):
        Keystone.role_api.create_implied_role(roles[wider], roles[narrower])

    def add_user(user: dict[str, Any], role: str) -> None:
        made = Keystone.identity_api.create_user(
            {
                "name": user["username"],
                "password": user["password"],
                "domain_id": "default",
                "enabled": True,
            }
        )
        user["user_id"] = made["id"]  # Keystone makes it
        Keystone.assignment_api.add_role_to_user_and_project(
            made["id"], user["project_id"], roles[role]
        )

    for project, role in (
        *((each, "member") for each in told["projects"].values()),
        (told["service"], "service"),
    ):
        identifier = project["project_id"]
        Keystone.resource_api.create_project(
            identifier,
            {
                "id": identifier,
                "name": project["project_name"],
                "domain_id": "default",
                "enabled": True,
                "description": "",
            },
        )
        add_user(project, role)
        if "without_role" in project:
            add_user(project["without_role"], "visitor")

    Keystone.catalog_api.create_region({"id": told["region"]})
    for kind, url in (
        ("identity", told["auth_url"]),
        ("object-store", f"{told['storage_url']}$(project_id)s"),
    ):
        service = uuid4().hex
        Keystone.catalog_api.create_service(
            service, {"id": service, "type": kind, "name": kind, "enabled": True}
        )
        for interface in ("public", "internal", "admin"):
            endpoint = uuid4().hex
            Keystone.catalog_api.create_endpoint(
                endpoint,
                {
                    "id": endpoint,
                    "region_id": told["region"],
                    "service_id": service,
                    "interface": interface,
                    "url": url,
                    "enabled": True,
                },
            )


if __name__ == "__main__":
    main()
