"""The command `object-access`, with everything that is done to a program from outside.

Only options and exit codes are in here, so that `--help` answers at once; every command imports
what it runs.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help=(
        "Exact object-store access, tried before it is handed over.\n\n"
        "Exit codes: 0 as promised; 1 a promise is broken or the program failed; 2 what was asked "
        "for cannot be done, or nothing could be tried; 3 (report --against) somebody can do more."
    ),
)
_Program = Annotated[
    Path, typer.Option(help="Folder of the Pulumi program; default: this one or one above it.")
]
_Environment = Annotated[str, typer.Option("--environment", "-e", help="Which environment.")]
_From = Annotated[
    str,
    typer.Option("--from", help="JSON of outputs or of a rehearsal; - for standard input."),
]
_Stack = Annotated[str, typer.Option(help="Which stack, where there is no --from.")]


@app.command()
def rehearse(
    environment: _Environment = "guides",
    shape: Annotated[str, typer.Option("--format", help="table, json, markdown or svg.")] = "table",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the embedded cloud running until Ctrl-C.")
    ] = False,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print the secrets that are handed over.")
    ] = False,
    engine: Annotated[str, typer.Option(help="auto, pulumi (its engine) or in-process.")] = "auto",
    program: _Program = Path(),
) -> None:
    """Run the program against an embedded cloud that enforces access, and try what it hands over.

    object-access rehearse --environment dev

    Exit code 0 only if every check is as promised and something was tried; 1 where one is not, or
    the program failed; 2 where what was asked for cannot be done or nothing was tried.
    """
    from .rehearsal.rehearse import rehearse as run

    code = run(program, environment, shape, keep=keep, show_secrets=show_secrets, engine=engine)
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is stopped and removed by now; to take its objects apart would take Python most of
    # a second.
    os._exit(code)


@app.command()
def report(
    environment: _Environment = "guides",
    shape: Annotated[
        str, typer.Option("--format", help="table, json, markdown or html.")
    ] = "table",
    against: Annotated[
        str,
        typer.Option(
            help="A report in JSON, a folder with a program or a git ref: what changed since."
        ),
    ] = "",
    output: Annotated[
        Path | None, typer.Option(help="Where to write it, instead of standard output.")
    ] = None,
    program: _Program = Path(),
) -> None:
    """Say who can do what where, and by which statement: from the program alone, without a cloud.

    object-access report --environment dev --against main

    Any Pulumi program in Python will do. With --against every request is decided, and who can do
    more than before is told with one that proves it. What an environment's file says under
    `object-access:never` and `object-access:always` is proven, too. Exit code 0; with --against,
    3 where somebody can do more, or it cannot be judged; 1 where such a line is broken; 2 where
    what was asked for cannot be done, or the program does not run.
    """
    from .access.command import run

    raise typer.Exit(run(program, environment, shape, against, output))


@app.command()
def handover(
    project: Annotated[str, typer.Argument(help="Whose hand-over.")],
    shape: Annotated[str, typer.Option("--format", help="form, json, env, ... .")] = "form",
    file: _From = "",
    stack: _Stack = "",
    output: Annotated[
        str, typer.Option(help="Write to this file, for its owner's eyes only.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file; write into a git work tree.")
    ] = False,
) -> None:
    """Print or save what a project hands over, its secrets included.

    object-access handover vision --format aws-profile --output ~/.aws/vision

    Without --from it asks `pulumi stack output`. Exit code 2 where that cannot be done.
    """
    from .handover.command import run

    raise typer.Exit(run(project, shape, file, stack, output, force=force))


@app.command()
def check(
    project: Annotated[str, typer.Argument(help="Whose hand-over to try.")],
    file: _From = "",
    stack: _Stack = "",
    endpoint: Annotated[
        str, typer.Option(help="Try it at this address instead of where it points.")
    ] = "",
    ca_bundle: Annotated[
        str, typer.Option(help="Certificate authorities to trust there.", envvar="AWS_CA_BUNDLE")
    ] = "",
    profile: Annotated[
        str, typer.Option(help="Whose keys to use where none are handed over, from ~/.aws.")
    ] = "",
    shape: Annotated[str, typer.Option("--format", help="table, json or markdown.")] = "table",
) -> None:
    """Try what a project was promised, and what it must be refused, where it points.

    object-access check vision

    Writes small files under a name of its own, removes them again, and touches nothing else; what
    would do harm if it were allowed is left to rehearsals. Without --from it asks `pulumi stack
    output`. Exit code 0 where every check is as promised, 1 where one is not, 2 where nothing was
    tried or it cannot be.
    """
    from .checks.command import run

    raise typer.Exit(run(project, file, stack, endpoint, ca_bundle, profile, shape))


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

    object-access serve --stores aws

    Prints one line of JSON. `aws`: where it is, the file of its certificate authority, and an
    administrator's keys for every account. `compatible`: an S3-compatible store without IAM, our
    keys and somebody else's. `swift`: Keystone's address, and the users of its projects.
    """
    from .stores.serve import run

    raise typer.Exit(run(stores, accounts, port, http_port, until_input_ends=until_input_ends))
