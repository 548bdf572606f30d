"""A light: one promise, tried."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from inspect import getattr_static
from typing import Any, NoReturn, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

_F = TypeVar("_F", bound=Callable[..., Any])


class Promise(Enum):
    """What must come of trying."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class State(Enum):
    """What came of trying: as promised, not as promised, or not tried."""

    GREEN = "green"
    RED = "red"
    SKIPPED = "skipped"


class Refused(Exception):
    """The store refused; `code` is its error code."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Failed(Exception):
    """The store answered, but not what was promised. The text says what it answered."""


class Skip(Exception):
    """The promise cannot be tried here. The text says why."""


class NotPromised(Exception):
    """The project makes no such promise: there is nothing to show."""


@dataclass(frozen=True)
class Others:
    """People and accounts beside a project's own, from whom it must be safe. A rehearsal has all
    of them; without one, what needs it is skipped."""

    outsider: Mapping[str, str] | None = None
    """Somebody else in the account, who may do anything on S3: keys, and a `bucket` in a
    `region`."""
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Keys of accounts by their ID, trusted ones among them."""
    stranger: Mapping[str, str] | None = None
    """Keys of an account that nobody trusts."""
    compatible: Mapping[str, str] | None = None
    """Keys of somebody else on the S3-compatible store."""
    openstack: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Users of the OpenStack who have no access, by what they are."""


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
    """What came of a probe. `answer` is what the store said; it holds no secret."""

    project: str
    name: str
    promise: Promise
    state: State
    answer: str

    def __str__(self) -> str:
        return f"{self.project}: {self.name}: {self.state.value}"


def allowed(name: str) -> Callable[[_F], _F]:
    """Mark a method of a `Checks` as something that must work."""
    return _marked(name, Promise.ALLOWED, frozenset())


def refused(name: str, *codes: str) -> Callable[[_F], _F]:
    """Mark a method as something that must be refused, with one of these error codes.

    Default: AccessDenied, which answers to HEAD carry as a bare 403.
    """
    return _marked(name, Promise.REFUSED, frozenset(codes or ("AccessDenied", "403")))


def _marked(name: str, promise: Promise, refusals: frozenset[str]) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        setattr(method, "light", (name, promise, refusals))  # noqa: B010 functions are open
        return method

    return mark


class Checks:
    """A collection of marked methods, each of which tries one promise."""

    def probes(self) -> list[Check]:
        """The promises, a subclass's own first, in the order in which they are written down."""
        names: dict[str, None] = {}
        for each in type(self).__mro__:
            names |= dict.fromkeys(vars(each))
        # A subclass that overrides a promise without marking it does not make it.
        marked = [name for name in names if hasattr(getattr_static(type(self), name), "light")]
        methods = [getattr(self, name) for name in marked]
        return [
            Check(name, promise, method, refusals)
            for method in methods
            for name, promise, refusals in [method.light]
        ]

    def tidy(self) -> None:
        """Remove whatever trying may have left."""


def none_allowed(refusals: Iterable[str], calls: Mapping[str, Callable[[], object]]) -> NoReturn:
    """Try several calls that must all be refused.

    Raises Refused with the last one's code, or Failed for the first one that was not refused.
    """
    code = ""
    for name, call in calls.items():
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in refusals:
                raise Failed(f"{name}: {code}") from None
        else:
            raise Failed(f"{name} was allowed")
    raise Refused(code)


def run_one(project: str, probe: Check) -> Result | None:
    """Try one probe; None where the project does not promise it."""
    try:
        state, answer = _tried(probe)
    except NotPromised:
        return None
    return Result(project, probe.name, probe.promise, state, answer)


def _tried(probe: Check) -> tuple[State, str]:
    try:
        probe.attempt()
    except NotPromised:
        raise
    except Skip as why:
        return State.SKIPPED, str(why)
    except (Failed, BotoCoreError, OSError) as error:
        return State.RED, str(error)
    except Exception as error:  # noqa: BLE001 a client of somebody else's: anything may come
        if not (code := _code(error)):
            return State.RED, f"{type(error).__name__}: {error}"
        good = probe.promise is Promise.REFUSED and code in probe.refusals
        return State.GREEN if good else State.RED, code
    works = probe.promise is Promise.ALLOWED
    return State.GREEN if works else State.RED, "works" if works else "was allowed"


def _code(error: Exception) -> str:
    """The code of a refusal: AWS's, our own, or the status that OpenStack's clients give."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    if isinstance(error, Refused):
        return error.code
    return str(getattr(error, "http_status", None) or getattr(error, "status_code", None) or "")


def run_all(
    tries: Mapping[str, Checks], watch: Callable[[Result], object] | None = None
) -> list[Result]:
    """Try every project's promises in their order, independent projects side by side; `watch` is
    told of each light."""

    def one(item: tuple[str, Checks]) -> list[Result]:
        project, trying = item
        lights = []
        try:
            for probe in trying.probes():
                if light := run_one(project, probe):
                    lights.append(light)
                    if watch:
                        watch(light)
        finally:
            trying.tidy()
        return lights

    with ThreadPoolExecutor(max_workers=8) as pool:
        return [light for lights in pool.map(one, tries.items()) for light in lights]
