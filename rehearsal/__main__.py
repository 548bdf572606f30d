"""The rehearsal's commands: `python -m rehearsal`, and its `serve` and `report`."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def rehearse(
    context: typer.Context,
    environment: Annotated[str, typer.Option(help="Which environment to rehearse.")] = "guides",
    shape: Annotated[str, typer.Option("--format", help="table, json, markdown or svg.")] = "table",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the embedded cloud running until Ctrl-C.")
    ] = False,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print the secrets that are handed over.")
    ] = False,
    engine: Annotated[str, typer.Option(help="auto, pulumi (its engine) or in-process.")] = "auto",
) -> None:
    """Run the program against an embedded cloud that enforces access, and try what it hands over.

    Exit code 0 only if every light is as promised.
    """
    if context.invoked_subcommand is None:
        from .rehearse import rehearse as run

        code = run(environment, shape, keep=keep, show_secrets=show_secrets, engine=engine)
        sys.stdout.flush()
        sys.stderr.flush()
        # Everything is stopped and removed by now; to take its objects apart would take Python
        # most of a second.
        os._exit(code)


@app.command()
def report(
    environment: Annotated[str, typer.Option(help="Which environment to report on.")] = "guides",
    shape: Annotated[
        str, typer.Option("--format", help="table, json, markdown or html.")
    ] = "table",
    against: Annotated[
        str, typer.Option(help="A report in JSON or a git ref: show only what changed since.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(help="Where to write it, instead of standard output.")
    ] = None,
) -> None:
    """Say who can do what where, and by which statement: from the program alone, without a cloud.

    Exit code 0; with --against, 3 where somebody can do more than before.
    """
    from .access.command import run

    raise typer.Exit(run(environment, shape, against, output))


@app.command()
def serve(
    stores: Annotated[
        str, typer.Option(help="Which, separated by commas.")
    ] = "aws,compatible,swift",
    accounts: Annotated[
        str, typer.Option(help="IDs of AWS accounts, separated by commas.")
    ] = "123456789012",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="AWS by HTTPS; 0: any free.")] = 0,
    http_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="AWS by HTTP; 0: any free.")
    ] = 0,
    until_input_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the embedded stores alone, until Ctrl-C, for boto3, the AWS CLI or your own tool.

    Prints one line of JSON. `aws`: where it is, the file of its certificate authority, and an
    administrator's keys for every account. `compatible`: an S3-compatible store without IAM, our
    keys and somebody else's. `swift`: Keystone's address, and the users of its projects.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if until_input_ends:
        # A pipe from the parent: it ends when the parent does, even when that was killed. The
        # parent is told at once where the stores will be, and again when they answer.
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
        raise typer.Exit(_complain(error)) from None


def _when_input_ends(then: Callable[[], None]) -> None:
    sys.stdin.read()
    then()


def _stores(given: str) -> list[str]:
    stores = given.split(",")
    for store in stores:
        if store not in ("aws", "compatible", "swift"):
            raise ValueError(f"store '{store}' is unknown, use some of aws, compatible, swift")
    if "swift" in stores and not find_spec("keystone"):
        raise ValueError("OpenStack is not installed, see requirements-openstack.txt")
    return stores


def _account_ids(given: str) -> list[str]:
    accounts = given.split(",")
    for account in accounts:
        if len(account) != 12 or not account.isdigit():
            raise ValueError(f"account '{account}' must be 12 digits, such as 123456789012")
    if len(set(accounts)) < len(accounts):
        raise ValueError(f"an account is named twice in '{given}', name each once")
    return accounts


def _complain(error: Exception) -> int:
    typer.echo(f"error: {error}", err=True)
    return 2


if __name__ == "__main__":
    app()
