"""`object-access serve`: the embedded stores alone, until Ctrl-C or until a parent ends."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

STORES = ("aws", "compatible", "swift")


def run(
    stores: str, accounts: str, port: int, http_port: int, *, until_input_ends: bool = False
) -> int:
    """Serve; returns the exit code: 0 once it was told to stop, 2 where a store cannot start.

    With `until_input_ends` it stops when its standard input does, so also when its parent was
    killed; it then tells at once where the stores will be, and again when they answer.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if until_input_ends:
        threading.Thread(target=_when_input_ends, args=(stop.set,), daemon=True).start()
    try:
        with ExitStack() as stack:
            served: dict[str, Any] = {}
            ready: list[Callable[[], None]] = []
            for store in _stores(stores):
                if store == "aws":
                    from .aws import server

                    aws = server.running(_account_ids(accounts), port, http_port)
                    served[store] = stack.enter_context(aws)
                elif store == "swift":
                    from .openstack import server as openstack

                    swift = openstack.running(wait=not until_input_ends)
                    served[store] = stack.enter_context(swift)
                else:
                    from . import compatible

                    served[store], wait = stack.enter_context(compatible.starting())
                    ready.append(wait)
            if until_input_ends:
                print(json.dumps(served), flush=True)
            for wait in ready:
                wait()
            print("ready" if until_input_ends else json.dumps(served), flush=True)
            stop.wait()
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _when_input_ends(then: Callable[[], None]) -> None:
    sys.stdin.read()
    then()


def _stores(given: str) -> list[str]:
    stores = given.split(",")
    for store in stores:
        if store not in STORES:
            raise ValueError(f"store '{store}' is unknown, use some of {', '.join(STORES)}")
    if "swift" in stores and not find_spec("keystone"):
        raise ValueError("OpenStack's servers are not installed here, they need Linux")
    return stores


def _account_ids(given: str) -> list[str]:
    accounts = given.split(",")
    for account in accounts:
        if len(account) != 12 or not account.isdigit():
            raise ValueError(f"account '{account}' must be 12 digits, such as 123456789012")
    if len(set(accounts)) < len(accounts):
        raise ValueError(f"an account is named twice in '{given}', name each once")
    return accounts
