"""The body of an S3 request: its chunks put together, and compared with what is said of it.

Source: S3 API Reference, "Signature calculations for the Authorization header: Transferring payload
in multiple chunks"; S3 User Guide, "Checking object integrity".
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable
from functools import lru_cache

from .messages import AwsError, Incoming, incomplete

_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:;[^\r\n]*)?\r\n")
_SIGNATURE = "x-amz-trailer-signature"
_CHECKSUM = "HTTP_X_AMZ_CHECKSUM_"


def hoisted(incoming: Incoming) -> Incoming:
    """The request with what its query has in place of headers as headers, byte by byte. Raises
    AwsError for what no header can hold."""
    environ = dict(incoming.environ)
    for name, value in incoming.query.items():
        if name.lower().startswith("x-amz-") and name.lower() not in _OF_SIGNATURES:
            if not value.isprintable():
                raise AwsError(400, "InvalidArgument", f"{name} has signs that no header may have")
            environ.setdefault(
                f"HTTP_{name.upper().replace('-', '_')}", value.encode().decode("latin-1")
            )
    return incoming.with_headers(environ)


def unwrapped(incoming: Incoming) -> Incoming:
    """The request with its body as it is to be stored, and with trailers as headers.

    Raises AwsError where a length, an MD5 or a checksum is not that of the content.
    """
    environ, body = dict(incoming.environ), incoming.body
    if incoming.header("X-Amz-Content-Sha256").startswith("STREAMING-"):
        body, trailers = _put_together(body)
        if str(len(body)) != environ.pop("HTTP_X_AMZ_DECODED_CONTENT_LENGTH", ""):
            raise incomplete()
        announced = environ.pop("HTTP_X_AMZ_TRAILER", "").lower().replace(" ", "").split(",")
        if trailers.keys() - {_SIGNATURE} != set(announced) - {""}:
            raise AwsError(400, "MalformedTrailerError", "The trailers are not those announced")
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": trailers[name] for name in trailers}
        codings = [each.strip() for each in environ.pop("HTTP_CONTENT_ENCODING", "").split(",")]
        if kept := ",".join(each for each in codings if each not in ("", "aws-chunked")):
            environ["HTTP_CONTENT_ENCODING"] = kept
    found = Incoming(environ | {"CONTENT_LENGTH": str(len(body))}, body)
    _check(found)
    return found


_OF_SIGNATURES = frozenset(
    f"x-amz-{name}"
    for name in (
        "algorithm", "content-sha256", "credential", "date", "expires", "security-token",
        "signature", "signedheaders",
    )
)  # fmt: skip


def _put_together(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The content of chunks, and the trailers behind them."""
    content, at, size = [], 0, 1
    while size:
        head = _CHUNK.match(body, at)
        if head is None:
            raise incomplete()
        at, size = head.end(), int(head[1], 16)
        content.append(body[at : at + size])
        if size and body[at + size : at + size + 2] != b"\r\n":
            raise incomplete()
        at += size + 2 if size else 0
    lines = [line.partition(b":") for line in body[at:].splitlines() if line]
    trailers = {
        name.strip().lower().decode("latin-1"): value.strip().decode("latin-1")
        for name, _, value in lines
    }
    return b"".join(content), trailers


def _check(incoming: Incoming) -> None:
    body = incoming.body
    if "HTTP_CONTENT_MD5" in incoming.environ:
        given = incoming.header("Content-MD5")
        if len(_decoded(given)) != 16:
            raise AwsError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
        if _decoded(given) != hashlib.md5(body, usedforsecurity=False).digest():
            message = "The Content-MD5 you specified did not match what we received."
            raise AwsError(400, "BadDigest", message)
    if incoming.method == "POST" and "uploadId" in incoming.query:
        return  # what is said is said of the whole object
    sums = {
        key.removeprefix(_CHECKSUM).lower(): value
        for key, value in incoming.environ.items()
        if key.startswith(_CHECKSUM) and key not in (f"{_CHECKSUM}ALGORITHM", f"{_CHECKSUM}MODE")
    }
    sums.pop("type", None)
    if len(sums) > 1:
        raise _invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types")
    for name, value in sums.items():
        if name not in _SUMS:
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no checksum {name}")
        digest = _SUMS[name](body)
        if len(_decoded(value)) != len(digest):
            raise _invalid(f"Value for x-amz-checksum-{name} header is invalid.")
        if _decoded(value) != digest:
            raise AwsError(
                400, "BadDigest", f"The {name.upper()} you specified did not match the content."
            )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


@lru_cache(maxsize=2)
def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return tuple(table)


def _crc(polynomial: int, size: int) -> Callable[[bytes], bytes]:
    """A cyclic redundancy check by its reversed polynomial; of so many bytes."""
    ones = (1 << 8 * size) - 1

    def digest(body: bytes) -> bytes:
        table, value = _table(polynomial), ones
        for byte in body:
            value = value >> 8 ^ table[(value ^ byte) & 0xFF]
        return (value ^ ones).to_bytes(size, "big")

    return digest


_SUMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": _crc(0x82F63B78, 4),
    "crc64nvme": _crc(0x9A6C9329AC4BC9B5, 8),
    "md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "sha512": lambda body: hashlib.sha512(body).digest(),
}
ALGORITHMS = tuple(_SUMS)


def _invalid(message: str) -> AwsError:
    return AwsError(400, "InvalidRequest", message)
