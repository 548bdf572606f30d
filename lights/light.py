"""A light: one promise, tried."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
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


@dataclass(frozen=True)
class Probe:
    """A promise and how it is tried: `attempt` returns where the store does what it is asked and
    raises where it does not. Only the codes in `refusals` count as a refusal: any other error, a
    server that is down for one, proves nothing."""

    name: str
    promise: Promise
    attempt: Callable[[], object]
    refusals: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Light:
    """What came of a probe. `answer` is what the store said; it holds no secret."""

    project: str
    name: str
    promise: Promise
    state: State
    answer: str


def allowed(name: str) -> Callable[[_F], _F]:
    """Mark a method of a `Tries` as something that must work."""
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


class Tries:
    """A collection of marked methods, each of which tries one promise."""

    def probes(self) -> list[Probe]:
        """The promises, in the order in which they are written down."""
        marked = [name for name, method in vars(type(self)).items() if hasattr(method, "light")]
        methods = [getattr(self, name) for name in marked]
        return [
            Probe(name, promise, method, refusals)
            for method in methods
            for name, promise, refusals in [method.light]
        ]


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


def switch_on(project: str, probe: Probe) -> Light:
    """Try one probe."""

    def light(state: State, answer: str) -> Light:
        return Light(project, probe.name, probe.promise, state, answer)

    try:
        probe.attempt()
    except Skip as why:
        return light(State.SKIPPED, str(why))
    except (Failed, BotoCoreError, OSError) as error:
        return light(State.RED, str(error))
    except (ClientError, Refused) as error:
        code = error.code if isinstance(error, Refused) else error.response["Error"]["Code"]
        good = probe.promise is Promise.REFUSED and code in probe.refusals
        return light(State.GREEN if good else State.RED, code)
    works = probe.promise is Promise.ALLOWED
    return light(State.GREEN if works else State.RED, "works" if works else "was allowed")


def switch_all(probes: Mapping[str, list[Probe]]) -> list[Light]:
    """Try every project's probes in their order, independent projects side by side."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        by_project = pool.map(
            lambda item: [switch_on(item[0], probe) for probe in item[1]], probes.items()
        )
        return [light for lights in by_project for light in lights]
