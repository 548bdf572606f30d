"""What a command asked of a store: its requests, and the permissions that each needed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..stores.aws.decision import Judged
    from ..stores.aws.messages import Answer, Incoming

# Condition keys, or the starts of them, that a grant may be about.
_MATTER = (
    "s3:delimiter",
    "s3:prefix",
    "s3:requestobjecttag/",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
)
_KEY_ID = re.compile(r"(?:Credential=|X-Amz-Credential=|AWS |AWSAccessKeyId=)([A-Za-z0-9]+)")
_SCOPE = re.compile(r"Credential=[^/&]+(?:/|%2F)\d+(?:/|%2F)([^/%]+)(?:/|%2F)([^/%]+)")
_CODE = re.compile(rb"<Code>(\w+)</Code>")


@dataclass(frozen=True)
class Permission:
    """One permission that a request needed."""

    action: str
    """As IAM names it, such as s3:GetObject; of Swift a verb of ours, such as read."""
    bucket: str
    key: str = ""
    """Empty for the bucket itself, and for what is not about S3."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Condition keys that matter, such as s3:prefix; one that is absent was not sent."""
    allowed: bool = True

    @property
    def prefix(self) -> str | None:
        """What a listing was narrowed to; None where it was not."""
        return self.conditions.get("s3:prefix", self.conditions.get("prefix"))

    @property
    def arn(self) -> str:
        """What it is about."""
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key else "")

    def data(self) -> dict[str, Any]:
        """It as plain data."""
        told = {"action": self.action, "bucket": self.bucket, "key": self.key}
        return {k: v for k, v in told.items() if v} | (
            {"conditions": dict(self.conditions)} if self.conditions else {}
        )


@dataclass(frozen=True)
class Page:
    """What a page in a browser sent, or asked before whether it may."""

    origin: str
    method: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exchange:
    """One request, and how it was answered."""

    operation: str
    """As the service names it, such as HeadObject."""
    method: str
    bucket: str
    key: str
    status: int
    code: str = ""
    """The code of an error, where the answer said one."""
    needed: tuple[Permission, ...] = ()
    page: Page | None = None

    @property
    def refused(self) -> tuple[Permission, ...]:
        """The permissions that were missing."""
        return tuple(each for each in self.needed if not each.allowed)


def of_aws(incoming: "Incoming", answer: "Answer", judged: Sequence["Judged"]) -> Exchange:
    """A request to the embedded AWS."""
    _, service = scope_of(incoming)
    bucket, _, key = incoming.path[1:].partition("/")
    if service not in ("", "s3"):
        operation = f"{service}:{_action(incoming)}"
    elif judged:
        operation = judged[0].call.operation
    else:
        operation = f"{incoming.method} {'object' if key else 'bucket'}"
    return Exchange(
        operation,
        incoming.method,
        bucket if service in ("", "s3") else "",
        key if service in ("", "s3") else "",
        answer.status,
        code_of(answer.body) if answer.status >= 400 else "",
        tuple(_permission(each) for each in judged),
        page_of(incoming),
    )


def key_id_of(incoming: "Incoming") -> str:
    """The ID of the access key that a request says it was signed with; empty for none."""
    found = _KEY_ID.search(f"{incoming.header('Authorization')} {incoming.raw_query}")
    return found[1] if found else ""


def scope_of(incoming: "Incoming") -> tuple[str, str]:
    """The region and the service that a request was signed for; empty where it does not say."""
    found = _SCOPE.search(f"{incoming.header('Authorization')} {incoming.raw_query}")
    return (found[1], found[2]) if found else ("", "")


def _action(incoming: "Incoming") -> str:
    target = incoming.header("X-Amz-Target").rpartition(".")[2]
    return target or incoming.form.get("Action", incoming.method)


def _permission(judged: "Judged") -> Permission:
    request = judged.request
    _, _, name = request.resource.rpartition(":::")
    ours = request.resource.startswith("arn:aws:s3:::")
    bucket, _, key = name.partition("/") if ours else ("", "", "")
    kept = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in request.context.items()
        if name.startswith(_MATTER)
    }
    return Permission(request.action, bucket, key, kept, judged.decision.allowed)


def code_of(body: bytes) -> str:
    """The code of an error that S3 answered."""
    found = _CODE.search(body)
    return found[1].decode() if found else ""


def page_of(incoming: "Incoming") -> Page | None:
    """The page in a browser that a request is from, or asks for; None where it is from none."""
    origin = incoming.header("Origin")
    if not origin:
        return None
    method = incoming.header("Access-Control-Request-Method") or incoming.method
    asked = incoming.header("Access-Control-Request-Headers").split(",")
    return Page(origin, method, tuple(sorted(each.strip().lower() for each in asked if each)))


class Heard:
    """Takes requests from the threads that answer them."""

    def __init__(self) -> None:
        self._lock, self._exchanges = Lock(), list[Exchange]()

    def add(self, exchange: Exchange) -> None:
        """Note one more."""
        with self._lock:
            self._exchanges.append(exchange)

    def take(self) -> list[Exchange]:
        """All since the last time, in the order of their answers."""
        with self._lock:
            taken, self._exchanges = self._exchanges, []
        return taken


def permissions(exchanges: Iterable[Exchange], bucket: str) -> list[Permission]:
    """What was needed of this bucket, each permission once. What was refused to whoever may do
    everything is none: it was asked without our key."""
    found: dict[tuple[str, str, str | None], Permission] = {}
    for exchange in exchanges:
        for each in exchange.needed:
            if each.bucket == bucket and each.allowed:
                found.setdefault((each.action, each.key, each.prefix), each)
    return list(found.values())


def rules_of(pages: Iterable[Page]) -> list[dict[str, list[str]]]:
    """The CORS rules of a project that lets these pages do the same, one for each origin."""
    origins: dict[str, list[Page]] = {}
    for each in pages:
        origins.setdefault(each.origin, []).append(each)
    rules = []
    for origin, asked in sorted(origins.items()):
        rule = {
            "origins": [origin],
            "methods": sorted({each.method for each in asked} - {"OPTIONS"}),
            "headers": sorted({header for each in asked for header in each.headers}),
            # By which a page puts the parts of an upload together.
            "expose": ["ETag"] if any(each.method == "PUT" for each in asked) else [],
        }
        rules.append({key: value for key, value in rule.items() if value})
    return rules
