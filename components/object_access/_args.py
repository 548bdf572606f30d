"""What components do with their arguments: checks that a `TypedDict` does not make at run time,
and values that are not known yet."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from typing import Any, NotRequired, TypeVar, get_args, get_origin

from pulumi import Output

_Made = TypeVar("_Made")


def check(name: str, args: Mapping[str, Any], shape: type) -> None:
    """Refuse arguments that `shape`, a `TypedDict`, does not know, missing ones, and a single
    value where a list or a mapping is wanted.

    Raises TypeError with one line: whose arguments, which one, and what was probably meant.
    """
    if not isinstance(args, Mapping):
        raise TypeError(f"{name}: a {type(args).__name__} is given, give {shape.__name__}")
    required: frozenset[str] = vars(shape)["__required_keys__"]
    known: frozenset[str] = required | vars(shape)["__optional_keys__"]
    for key in args:
        if key not in known:
            raise TypeError(f"{name}: unknown input '{key}', {did_you_mean(key, known)}")
    for key in sorted(required - set(args)):
        raise TypeError(f"{name}: input '{key}' is missing, {shape.__name__} needs it")
    for key, kind in _collections(shape).items():
        given = args.get(key, ())
        if kind is Sequence and isinstance(given, str):
            raise TypeError(f"{name}: input '{key}' is the text {given!r}, give a list of texts")
        if key in args and not isinstance(given, kind):
            wanted = "list" if kind is Sequence else "mapping"
            raise TypeError(
                f"{name}: input '{key}' is given as {type(given).__name__}, give a {wanted}"
            )


@cache
def _collections(shape: type) -> Mapping[str, type]:
    """The arguments that are lists or mappings."""
    origins = {}
    for key, wanted in vars(shape)["__annotations__"].items():
        bare = get_args(wanted)[0] if get_origin(wanted) is NotRequired else wanted
        if get_origin(bare) in (Sequence, Mapping):
            origins[key] = get_origin(bare)
    return origins


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest known word, or all of them."""
    close = get_close_matches(given, known, n=1)
    return f"did you mean '{close[0]}'" if close else f"known are {', '.join(sorted(known))}"


@contextmanager
def naming(who: str) -> Iterator[None]:
    """Put the name of who was given it before the message of a refused value."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None


# --- values that are not known yet ---

# What stands in by its key for what is not known yet, so that the rest is checked all the same: as
# short as it can be, for what is too large with it is too large in any case.
STAND_INS: Mapping[str, str] = {
    "account": "0" * 12,
    "bucket_arn": "arn:aws:s3:::xxx",
    "confined": f"arn:aws:iam::{'0' * 12}:user/x",
    "external_id": "xx",
    "kms_key_arn": f"arn:aws:kms:eu-west-1:{'0' * 12}:key/x",
    "partition": "aws",
    "provider_arn": f"arn:aws:iam::{'0' * 12}:oidc-provider/x",
    "session_name": "xx",
}


def flows(value: object) -> bool:
    """Whether a value, or anything in it, is known only when something else exists."""
    if isinstance(value, Mapping):
        return any(flows(each) for each in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(flows(each) for each in value)
    return isinstance(value, Output | Awaitable)


def standing_in(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with `STAND_INS` for what flows. Raises ValueError for what must not."""

    def known(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return standing_in(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [known(key, each) for each in value]
        if flows(value) and key not in STAND_INS:
            raise ValueError(f"input '{key}' must be known at once, give a plain value")
        return STAND_INS[key] if flows(value) else value

    return {key: known(key, value) for key, value in given.items()}


def made(
    name: str, given: Mapping[str, Any], make: Callable[[Any], _Made]
) -> _Made | Output[_Made]:
    """`make(given)`, at once where all of it is known.

    Otherwise it is made at once with stand-ins, to find what is wrong with the rest, and again
    when all is known; what is wrong by then is told with the component's `name`.
    """
    early = make(standing_in(given))
    if not flows(given):
        return early

    def late(known: Any) -> _Made:
        with naming(name):
            return make(known)

    return Output.from_input(given).apply(late)
