"""A check: one promise, tried."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from inspect import getattr_static
from threading import Event
from typing import Any, NoReturn, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ..handover.model import Key, Password

_F = TypeVar("_F", bound=Callable[..., Any])
DENIED = ("AccessDenied", "403")  # answers to HEAD carry the bare status


class Promise(Enum):
    """What must come of trying."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class State(Enum):
    """What came of trying."""

    PASSED = "as promised"
    FAILED = "FAIL"
    NOT_TRIED = "not tried"


_NOTHING = ("anything", Promise.ALLOWED, State.NOT_TRIED, "it promises nothing that can be tried")


class Refused(Exception):
    """The store refused; `code` is its error code."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Failed(Exception):
    """The store answered, but not what was promised. The text says what it answered."""


class NotTried(Exception):
    """The promise cannot be tried here. The text says why."""


class NotPromised(Exception):
    """The project makes no such promise: there is nothing to show."""


@dataclass(frozen=True)
class Bystanders:
    """People and accounts beside a project's own, from whom it must be safe, and those whom it
    trusts. A rehearsal has all of them; without one, what needs it is not tried."""

    outsider: Key | None = None
    """Somebody else in the account, who may do anything on S3 and assume any role that lets
    them."""
    bucket: str = ""
    """A bucket of theirs."""
    region: str = "us-east-1"
    """Where their buckets are."""
    alike: Mapping[str, str] = field(default_factory=dict)
    """Buckets of theirs whose names begin like those of projects, by those."""
    role: str = ""
    """ARN of a role that may do anything on S3, and that trusts the whole account."""
    trusted: Mapping[str, Key] = field(default_factory=dict)
    """Keys of principals whom projects trust, by account or ARN."""
    neighbours: Mapping[str, Key] = field(default_factory=dict)
    """Keys of somebody else in accounts of which projects trust only some, by account."""
    stranger: Key | None = None
    """Keys of an account that nobody trusts."""
    compatible: Key | None = None
    """Keys of somebody else on the S3-compatible store."""
    openstack: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Users of the OpenStack who have no access, by what they are."""
    owner: Password | None = None
    """A user of the OpenStack project, where no holder is one."""
    deployer: Key | None = None
    """Who may read roles and ask IAM's simulator, on a cloud where nobody can assume them."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Tokens of OpenID Connect subjects, by "provider subject"."""


@dataclass(frozen=True)
class Check:
    """A promise and how it is tried: `attempt` returns where the store does what it is asked and
    raises where it does not. Only the codes in `refusals` count as a refusal: any other error, a
    server that is down for one, proves nothing."""

    name: str
    promise: Promise
    attempt: Callable[[], object]
    refusals: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """What came of a check. `answer` is what the store said; it holds no secret."""

    project: str
    name: str
    promise: Promise
    state: State
    answer: str

    def __str__(self) -> str:
        return f"{self.project}: {self.name}: {self.state.value}"


def allowed(name: str) -> Callable[[_F], _F]:
    """Mark a method of `Checks` as something that must work. In the name `{word}` stands for one of
    the collection's `words`."""
    return _marked(name, Promise.ALLOWED, frozenset())


def refused(name: str, *codes: str) -> Callable[[_F], _F]:
    """Mark a method as something that must be refused, with one of these error codes.

    Default: AccessDenied, which answers to HEAD carry as a bare 403.
    """
    return _marked(name, Promise.REFUSED, frozenset(codes or DENIED))


def _marked(name: str, promise: Promise, refusals: frozenset[str]) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        setattr(method, "check", (name, promise, refusals))  # noqa: B010 functions are open
        return method

    return mark


class Checks:
    """A collection of marked methods, each of which tries one promise."""

    scope = ""
    """Of whom or what it is, before every name."""
    words: Mapping[str, str] = {}
    """What stands in the names for `{word}`."""

    def listed(self) -> list[Check]:
        """The checks, a subclass's own first, in the order in which they are written down."""
        names: dict[str, None] = {}
        for each in type(self).__mro__:
            names |= dict.fromkeys(vars(each))
        # A subclass that overrides a promise without marking it does not make it.
        marked = [name for name in names if hasattr(getattr_static(type(self), name), "check")]
        return [
            Check(self.scope + name.format_map(self.words), promise, method, refusals)
            for method in (getattr(self, name) for name in marked)
            for name, promise, refusals in [method.check]
        ]

    def tidy(self) -> None:
        """Remove whatever trying may have left."""


def none_allowed(
    calls: Mapping[str, Callable[[], object]], refusals: Iterable[str] = DENIED
) -> NoReturn:
    """Try several calls that must all be refused.

    Raises Refused with the last one's code, or Failed for the first one that was not refused.
    """
    code, allowed_ones = "", []
    if not calls:
        raise NotPromised
    for name, call in calls.items():
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in refusals:
                raise Failed(f"{name}: {code}") from None
        else:
            allowed_ones.append(name)
    if allowed_ones:
        raise Failed(f"{', '.join(allowed_ones)}: allowed")
    raise Refused(code)


def run_one(project: str, check: Check) -> Result | None:
    """Try one check; None where the project does not promise it."""
    try:
        state, answer = _tried(check)
    except NotPromised:
        return None
    return Result(project, check.name, check.promise, state, answer)


def _tried(check: Check) -> tuple[State, str]:
    try:
        check.attempt()
    except NotPromised:
        raise
    except NotTried as why:
        return State.NOT_TRIED, str(why)
    except (Failed, BotoCoreError, OSError) as error:
        return State.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 a client of somebody else's: anything may come
        if not (code := code_of(error)):
            return State.FAILED, f"{type(error).__name__}: {error}"
        good = check.promise is Promise.REFUSED and code in check.refusals
        return State.PASSED if good else State.FAILED, code
    works = check.promise is Promise.ALLOWED
    return State.PASSED if works else State.FAILED, "works" if works else "was allowed"


def code_of(error: Exception) -> str:
    """The code of a refusal: AWS's, our own, or the status that OpenStack's clients give."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    if isinstance(error, Refused):
        return error.code
    return str(getattr(error, "http_status", None) or getattr(error, "status_code", None) or "")


def run_all(
    collections: Mapping[str, list[Checks]], watch: Callable[[Result], object] | None = None
) -> list[Result]:
    """Try every project's promises in their order, projects side by side; `watch` is told of each
    result."""
    stopped = Event()

    def one(item: tuple[str, list[Checks]]) -> list[Result]:
        project, own = item
        results = []
        for checks in own:
            try:
                for check in checks.listed():
                    if stopped.is_set():
                        break
                    if result := run_one(project, check):
                        results.append(result)
                        if watch:
                            watch(result)
            finally:
                checks.tidy()
        return results or [Result(project, *_NOTHING)]

    pool = ThreadPoolExecutor(max_workers=8)
    try:
        return [result for results in pool.map(one, collections.items()) for result in results]
    finally:  # after Ctrl-C, too: what was written is removed, and nobody waits for more
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
