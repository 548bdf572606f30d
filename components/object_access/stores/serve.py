"""`object-access serve`: the embedded stores alone, until Ctrl-C or until a parent ends."""

import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

STORES = ("aws", "compatible", "swift")


def run(
    stores: str,
    accounts: str,
    port: int,
    http_port: int,
    *,
    shape: str = "json",
    until_input_ends: bool = False,
) -> None:
    """Serve until told to stop. Raises ValueError where a store cannot start.

    As `exports` it lets its standard output go once they are printed: a shell that evaluates them
    waits for its end. With `until_input_ends` it stops when its standard input does, so also when
    its parent was killed; it then tells at once where the stores will be, and again when they
    answer.
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
                    known = _account_ids(accounts)  # before what takes a second to import
                    from .aws import server

                    aws = server.running(known, port, http_port)
                    served[store] = stack.enter_context(aws)
                elif store == "swift":
                    from .openstack import server as openstack

                    swift = openstack.running(wait=not until_input_ends)
                    served[store] = stack.enter_context(swift)
                else:
                    from . import compatible

                    served[store], wait = stack.enter_context(compatible.starting())
                    ready.append(wait)
            _tell(served, ready, shape, early=until_input_ends)
            stop.wait()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def _tell(
    served: Mapping[str, Any], ready: list[Callable[[], None]], shape: str, *, early: bool
) -> None:
    """Print what is served once all of it answers, or `early` and then that it does."""
    if early:
        print(json.dumps(served), flush=True)
    for wait in ready:
        wait()
    if early:
        print("ready", flush=True)
    elif shape == "exports":
        print(_exports(served), flush=True)
        _let_go(sys.stdout.fileno())
    else:
        print(json.dumps(served), flush=True)


def aws_variables(aws: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, str]:
    """The variables by which AWS's SDKs, the AWS CLI and Pulumi's plugins find an embedded AWS."""
    return {
        "AWS_ENDPOINT_URL": aws["endpoint"],
        "AWS_CA_BUNDLE": aws["ca_bundle"],
        **_of_keys(aws["region"], keys),
    }


def openrc(swift: Mapping[str, Any], user: Mapping[str, str]) -> dict[str, str]:
    """Those of an openrc file, for an embedded OpenStack."""
    return {
        "OS_AUTH_URL": swift["auth_url"],
        "OS_IDENTITY_API_VERSION": "3",
        "OS_REGION_NAME": swift["region"],
        "OS_PROJECT_ID": user["project_id"],
        "OS_USERNAME": user["username"],
        "OS_PASSWORD": user["password"],
        "OS_USER_DOMAIN_NAME": user["user_domain"],
    }


def _of_keys(region: str, keys: Mapping[str, str]) -> dict[str, str]:
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # boto3 and the AWS CLI read this one
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
    }


def _exports(served: Mapping[str, Any]) -> str:
    """What is served, as lines for a shell; the AWS_ variables are of one of two stores."""
    found = {"OBJECT_ACCESS_PID": str(os.getpid())}
    if aws := served.get("aws"):
        [keys, *_] = aws["accounts"].values()
        found |= aws_variables(aws, keys)
    elif store := served.get("compatible"):
        found |= {"AWS_ENDPOINT_URL": store["endpoint"], **_of_keys("us-east-1", store)}
    if swift := served.get("swift"):
        [user, *_] = swift["projects"].values()
        found |= openrc(swift, user)
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items())


def _let_go(stream: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream)
    os.close(nowhere)


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
