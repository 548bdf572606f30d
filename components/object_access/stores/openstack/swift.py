"""Swift in a process of its own, started by `server.py`: proxy, account, container and object
servers as green threads, one replica on one device."""

import secrets
import socket
import sys
from pathlib import Path
from typing import Any

import eventlet
import eventlet.wsgi
from swift.common import utils

utils.monkey_patch()  # before anything below opens a socket

from swift.common import constraints, storage_policy, wsgi  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402

from . import child  # noqa: E402

_CLUSTER = """
[swift-hash]
swift_hash_path_suffix = {suffix}
[swift-constraints]
[storage-policy:0]
name = one-replica
default = yes
"""

_BACKEND = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
log_level = ERROR
log_custom_handlers = {package}.child.to_stderr
[app:main]
use = egg:swift#{kind}
"""

# The order is that of Swift's proxy-server.conf-sample: what lets requests in without a token
# stands before `authtoken`, whose `delay_auth_decision` then leaves the refusing to `keystoneauth`.
_PIPELINE = [
    *("catch_errors", "gatekeeper", "healthcheck", "proxy_logging", "listing_formats", "bulk"),
    *("tempurl", "formpost", "authtoken", "keystoneauth", "copy", "container_quotas"),
    *("account_quotas", "slo", "dlo", "versioned_writes", "symlink"),
]

_PROXY = """
[DEFAULT]
swift_dir = {folder}
log_level = ERROR
log_custom_handlers = {package}.child.to_stderr
strict_cors_mode = true
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# With one device a single failure would otherwise take the whole store away for a minute.
error_suppression_interval = 0
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {auth_url}
auth_url = {auth_url}
auth_type = password
username = {username}
password = {password}
user_domain_id = default
project_name = {project_name}
project_domain_id = default
delay_auth_decision = true
# Without it every application credential that has access rules is refused.
service_type = object-store
service_token_roles = service
service_token_roles_required = true
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
project_reader_roles = reader
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:slo]
use = egg:swift#slo
"""


def main() -> None:
    """Serve until standard input ends."""
    told = child.told()
    folder = Path(told["folder"])
    (folder / "swift.conf").write_text(_CLUSTER.format(suffix=secrets.token_hex(16)))
    utils.set_swift_dir(str(folder))
    constraints.reload_constraints()
    storage_policy.reload_storage_policies()
    utils.disable_fallocate()

    for kind in ("account", "container", "object"):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        _write_ring(folder, kind, listener.getsockname()[1])
        configuration = _BACKEND.format(folder=folder, kind=kind, package=__package__)
        _serve(folder, kind, configuration, listener)
    proxy = _proxy_configuration(folder, told)
    _serve(folder, "proxy", proxy, socket.socket(fileno=told["fd"]), told["observed"])

    child.ready({})
    eventlet.hubs.trampoline(sys.stdin.fileno(), read=True)  # nothing comes, until it ends
    child.leave(folder)


def _write_ring(folder: Path, kind: str, port: int) -> None:
    """Where the one replica of everything is: on one device, behind this port."""
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    builder.add_dev(
        {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d", "weight": 1}
    )
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))
    (folder / "devices" / "d").mkdir(parents=True, exist_ok=True)


def _proxy_configuration(folder: Path, told: dict[str, Any]) -> str:
    filters = [each for each in _PIPELINE if told["temp_urls"] or each != "tempurl"]
    service = told["service"]
    configuration = _PROXY.format(
        folder=folder,
        package=__package__,
        pipeline=" ".join(filters),
        auth_url=told["auth_url"],
        username=service["username"],
        password=service["password"],
        project_name=service["project_name"],
    )
    plain = [each for each in filters if f"[filter:{each}]" not in configuration]
    return configuration + "".join(f"[filter:{each}]\nuse = egg:swift#{each}\n" for each in plain)


def _serve(
    folder: Path, kind: str, configuration: str, listener: socket.socket, observed: str = ""
) -> None:
    file = folder / f"{kind}.conf"
    file.write_text(configuration)
    application = wsgi.loadapp(str(file), global_conf={"log_name": kind})
    if observed:
        application = child.Observed(application, Path(observed))
    eventlet.spawn(
        eventlet.wsgi.server,
        listener,
        application,
        log_output=False,
        protocol=SwiftHttpProtocol,  # keeps what is not Latin-1 in a path, which WSGI would lose
        capitalize_response_headers=False,
    )


if __name__ == "__main__":
    main()
