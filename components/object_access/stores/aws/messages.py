"""Requests and answers as they pass through the gate, and AWS's errors."""

import io
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

CLOSE = "object_access.close"  # in a request's environment: ends the connection after the answer
LONGEST_DOCUMENT = 8_388_608  # bytes: what S3 takes the longest, a list of 10,000 parts
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class AwsError(Exception):
    """An error answer. `details` become further elements of S3's XML."""

    def __init__(self, status: int, code: str, message: str, **details: str):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message, details


@dataclass
class Answer:
    """What goes back to the client."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def replace(self, name: str, value: str) -> None:
        """Set a header, in place of any of that name."""
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        self.headers.append((name, value))


class Incoming:
    """One HTTP request. Its body is read when it is first asked for: who may not send it is told so
    before."""

    def __init__(self, environ: dict[str, Any], body: bytes | None = None):
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.secure: bool = environ["wsgi.url_scheme"] == "https"
        # "TLSv1.3" as the socket says it is "1.3" to a policy; nothing without TLS.
        self.tls_version: str = environ.get("SSL_PROTOCOL", "").removeprefix("TLSv")
        self.source_ip: str = environ.get("REMOTE_ADDR", "127.0.0.1")
        if not environ.get("CONTENT_LENGTH", "0").isdigit():
            raise ValueError("Content-Length is no length")
        raw_path, _, self.raw_query = environ["REQUEST_URI"].partition("?")
        self.raw_path: str = (
            raw_path if raw_path.startswith("/") else "/" + raw_path.split("/", 3)[-1]
        )
        self.query = {unquote(key): unquote(value) for key, value in self.query_pairs}
        self._body = body

    @property
    def body(self) -> bytes:
        """The body, read whole. Raises AwsError where less came than was said."""
        if self._body is None:
            self._body = self.environ["wsgi.input"].read()
            said = self.header("Content-Length")
            if said and len(self._body) != int(said):
                raise incomplete()
        return self._body

    def check_document(self) -> None:
        """Refuse a body, before it is read, that is longer than any document or of a length that
        is not said."""
        if self.header("Transfer-Encoding"):
            raise AwsError(
                411, "MissingContentLength", "You must provide the Content-Length header"
            )
        if int(self.header("Content-Length") or 0) > LONGEST_DOCUMENT:
            raise AwsError(400, "MaxMessageLengthExceeded", "Your request was too large.")

    def drain(self, limit: int) -> bool:
        """Take a body that nobody wanted off the connection, so that the next request can come;
        whether that could be done with so many bytes."""
        if self._body is not None:
            return True
        if int(self.header("Content-Length") or 0) > limit:
            return False
        return len(self.environ["wsgi.input"].read(limit)) < limit

    def with_headers(self, environ: dict[str, Any]) -> "Incoming":
        """The same request with other headers."""
        return Incoming(environ, self._body)

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """Names and values of the query, as they were encoded."""
        parts = [part.partition("=") for part in self.raw_query.split("&") if part]
        return [(key.replace("+", "%20"), value.replace("+", "%20")) for key, _, value in parts]

    @cached_property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.raw_path)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of a query-protocol request, from its body and its query."""
        body = self.body.decode("utf-8", "replace")
        return self.query | dict(parse_qsl(body, keep_blank_values=True))

    def header(self, name: str, default: str = "") -> str:
        """A request header's value."""
        key = name.upper().replace("-", "_")
        return str(
            self.environ.get(
                key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", default
            )
        )


# moto's lists fail where another request changes what they list.
_ONE_BY_ONE = threading.Lock()


def forward(app: WsgiApp, incoming: Incoming, **changed: Any) -> Answer:
    """Hand the request on to the store, with changes to its WSGI environment."""
    body = changed.pop("body", incoming.body)
    environ = incoming.environ | {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",  # from any other, moto would read a bucket or a region
        "RAW_URI": incoming.raw_path,  # by which moto tells an encoded `/` or `?` from its own
        **changed,
    }
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        answer.status, answer.headers = int(status.split(maxsplit=1)[0]), headers

    try:
        with _ONE_BY_ONE:
            answer.body = b"".join(app(environ, start_response))
    except NotImplementedError as error:
        raise AwsError(501, "NotImplemented", f"the embedded AWS has not: {error}") from None
    return answer


def incomplete() -> AwsError:
    """The refusal of a body that is shorter or longer than what is said of it."""
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError(400, "IncompleteBody", message)


def request_id() -> str:
    """A request ID in the form of AWS's."""
    return secrets.token_hex(8).upper()


def s3_error(error: AwsError) -> Answer:
    """The error as S3 says it."""
    details = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in error.details.items())
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>{details}"
        f"<RequestId>{request_id()}</RequestId></Error>"
    )
    return Answer(error.status, [("Content-Type", "application/xml")], body.encode())


def query_error(error: AwsError) -> Answer:
    """The error as IAM and STS say it."""
    kind = "Sender" if error.status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id()}</RequestId></ErrorResponse>"
    )
    return Answer(error.status, [("Content-Type", "text/xml")], body.encode())


def query_result(action: str, namespace: str, result: str) -> Answer:
    """The answer to a query-protocol action; `result` is the XML inside its result element."""
    body = (
        f'<{action}Response xmlns="{namespace}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{request_id()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Answer(200, [("Content-Type", "text/xml")], body.encode())


def elements(values: Mapping[str, str]) -> str:
    """`<key>value</key>` for each."""
    return "".join(f"<{key}>{escape(value)}</{key}>" for key, value in values.items())
