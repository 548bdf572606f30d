"""An S3-compatible store without IAM: a proxy in front of it says what each request needs, and
refuses in its place."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from ..checks.target import Target
from ..handover.model import Key
from . import heard, surroundings
from .heard import Exchange, Page, Permission
from .places import Places
from .store import Store

if TYPE_CHECKING:
    from ..stores.aws.messages import Incoming

_REGION = "us-east-1"  # as stores without regions take
_REFUSED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


class CompatibleStore(Store):
    """A bucket of an S3-compatible store. It has one key, which may do everything: what is refused
    in a replay is refused by us."""

    def __init__(self, name: str, seed: Path | None):
        super().__init__(name, seed, {"as": "profile"})
        self._access: Places | None = None
        self._made, self._making = False, Lock()
        self._s3: Any = None

    @contextmanager
    def open(self, folder: Path, *, http: bool) -> Iterator[Self]:  # noqa: ARG002
        """Start it. It has no TLS, with `http` or without."""
        from ..stores import compatible

        with compatible.running() as described:
            pair = described["access_key_id"], described["secret_access_key"]
            self.secrets.append(pair[1])
            target = Target(described["endpoint"], compatible=True)
            keys = Key(access_key_id=pair[0], secret_access_key=pair[1])
            self._s3 = target.client("s3", _REGION, keys)
            proxy = ThreadingHTTPServer((compatible.HOST, 0), _proxy(self, described["endpoint"]))
            proxy.daemon_threads = True
            Thread(target=proxy.serve_forever, daemon=True).start()
            endpoint = f"http://{compatible.HOST}:{proxy.server_port}"
            self.variables = surroundings.of_s3(folder, endpoint, "", _REGION, *pair)
            try:
                yield self
            finally:
                proxy.shutdown()
                proxy.server_close()

    @property
    def endpoint(self) -> str:
        """Where the proxy is."""
        return self.variables["AWS_ENDPOINT_URL"]

    def settings(self) -> dict[str, str]:
        """The kind and the bucket; address and profile are examples, for they are the user's."""
        return {
            "kind": "compatible",
            "bucket": self.name,
            "endpoint": "https://s3.example.org",
            "profile": "my-profile",
        }

    def reset(self, access: Places | None, pages: Sequence[Page] = ()) -> None:  # noqa: ARG002
        """Make everything as it was before the first run."""
        self._access = access
        if self._made:
            for each in self._s3.list_buckets()["Buckets"]:
                for key in self._listed(each["Name"]):
                    self._s3.delete_object(Bucket=each["Name"], Key=key)
                self._s3.delete_bucket(Bucket=each["Name"])
            self._make(self.name)
        self.heard.take()

    def objects(self) -> dict[str, str]:
        """What is in the bucket now."""
        return self._listed(self.name) if self._made else {}

    def judge(self, incoming: "Incoming") -> tuple[str, list[Permission]]:
        """What a request is, and what it needs; the bucket is made if it is the first."""
        bucket, _, key = incoming.path[1:].partition("/")
        operation, needed = _needed(incoming, bucket, key)
        if bucket and self.name in ("", bucket) and operation != "CreateBucket":
            with self._making:
                if not self._made:
                    self._make(bucket)
        elif bucket and operation == "CreateBucket" and not self.name:
            self.name, self._made = bucket, True
        if self._access is None:
            return operation, needed
        refused = self.not_covered(needed, self._access)
        return operation, [
            Permission(each.action, each.bucket, each.key, each.conditions, each not in refused)
            for each in needed
        ]

    def _make(self, name: str) -> None:
        self.name, self._made = name, True
        try:
            self._s3.create_bucket(Bucket=name)
        except ClientError:
            return  # no bucket may have this name, which the store says to the command
        for key, file in self.seeds():
            self._s3.put_object(Bucket=name, Key=key, Body=file.read_bytes())

    def _listed(self, bucket: str) -> dict[str, str]:
        try:
            pages = [*self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)]
        except ClientError:
            return {}
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", ())}


def _needed(incoming: "Incoming", bucket: str, key: str) -> tuple[str, list[Permission]]:
    """As the embedded AWS would say it: the operation, and its permissions."""
    from ..policies.evaluate import ANONYMOUS
    from ..stores.aws import bodies, models, operations
    from ..stores.aws.callers import Caller
    from ..stores.aws.context import Call
    from ..stores.aws.messages import AwsError

    level = "object" if key else "bucket" if bucket else "service"
    if incoming.method == "OPTIONS":
        return "OPTIONS", []
    try:
        operation = models.s3_operation(incoming, level)
        if not models.streams(operation):
            incoming = bodies.unwrapped(incoming)
        given: Mapping[str, Any] = models.s3_parameters(operation, incoming)
        call = Call(incoming, Caller(ANONYMOUS), None, datetime.now(UTC), operation, given)
        if operation == "DeleteObjects":
            keys = [each["Key"] for each in given["Delete"]["Objects"]]
            return operation, [Permission("s3:DeleteObject", bucket, each) for each in keys]
        needed = [*operations.needed(call, bucket, key)]
    except (AwsError, KeyError):
        return f"{incoming.method} {level}", []
    prefix = given.get("Prefix")
    conditions = {} if prefix is None else {"s3:prefix": str(prefix)}
    return operation, [
        Permission(each.action, each.bucket, each.key, conditions) for each in needed
    ]


def _proxy(store: CompatibleStore, endpoint: str) -> type[BaseHTTPRequestHandler]:
    at = urlsplit(endpoint).netloc

    class Proxy(BaseHTTPRequestHandler):
        """Passes on what is allowed, headers as they are: signatures cover the host's name."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            incoming = _incoming(self, body)
            operation, needed = store.judge(incoming)
            if any(not each.allowed for each in needed):
                status, headers, answer = 403, [("Content-Type", "application/xml")], _REFUSED
            else:
                connection = HTTPConnection(at, timeout=60)
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                got = connection.getresponse()
                status, headers, answer = got.status, got.getheaders(), got.read()
                connection.close()
            bucket, _, key = incoming.path[1:].partition("/")
            code = heard.code_of(answer) if status >= 400 else ""
            store.heard.add(
                Exchange(operation, self.command, bucket, key, status, code, tuple(needed),
                         heard.page_of(incoming))
            )  # fmt: skip
            self.send_response_only(status)
            empty = self.command == "HEAD" or status in (204, 304)
            for name, value in headers:
                if name.lower() not in _OF_A_CONNECTION and (
                    empty or name.lower() != "content-length"
                ):
                    self.send_header(name, value)
            if not empty:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if not empty:
                self.wfile.write(answer)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = _pass_on  # noqa: N815

    return Proxy


def _incoming(request: BaseHTTPRequestHandler, body: bytes) -> "Incoming":
    """The request as the embedded AWS reads it."""
    from ..stores.aws.messages import Incoming

    environ = {
        "REQUEST_METHOD": request.command,
        "REQUEST_URI": request.path,
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
    }
    for name, value in request.headers.items():
        environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
    return Incoming(environ, body)
