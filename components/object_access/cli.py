"""The command `object-access`, with everything that is done to a program from outside.

Only options, exit codes and the asking of questions are in here, so that `--help` answers at once;
every command imports what it runs.
"""

import json
import os
import signal
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .workspace import Workspace

FORMATS: Mapping[str, tuple[str, ...]] = {
    "rehearse": ("table", "json", "markdown", "svg"),
    "report": ("table", "json", "markdown", "html"),
    "handover": (
        "form", "json", "env", "aws-profile", "s3cfg", "mount", "fstab", "docker", "python",
        "openrc", "clouds", "rclone", "config",
    ),
    "check": ("table", "json", "markdown"),
    "consumers": ("table", "json", "markdown"),
    "record": ("project", "consumer", "iam", "json"),
    "serve": ("json", "exports"),
}  # fmt: skip
"""What each command can print; the rooms behind them are not imported to know it."""
ENGINES = ("auto", "pulumi", "official", "in-process")


class _Refused(typer.TyperException):
    """What was asked for cannot be done; the text says why, in one line."""

    exit_code = 2


class _Commands(TyperGroup):
    """Tells wrong use in one line, as every other error is told."""

    def main(
        self,
        args: Sequence[str] | None = None,
        *names: Any,
        **options: Any,
    ) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        options["standalone_mode"] = False  # what goes wrong is raised, and told here
        try:
            code = super().main(given, *names, **options)
        except typer.TyperException as error:
            said = error.format_message().rstrip(".")
            if not isinstance(error, _Refused):
                said = said[0].lower() + said[1:]
            code = _failed(said, given, error.exit_code)
        except typer.Abort:
            code = _failed("no answer was given, nothing was done", given, 2)
        sys.exit(code)


def _failed(line: str, given: Sequence[str], code: int) -> int:
    """Tell of it; whoever asks for JSON always gets some. Returns the exit code."""
    if "--format=json" in given or ("--format", "json") in pairwise(given):
        sys.stdout.write(json.dumps({"error": line}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"error: {line}\n")
    return code


app = typer.Typer(
    cls=_Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 as promised; 1 a promise is broken or the program failed; 2 what was asked "
        "for cannot be done, or nothing could be tried; 3 (report --against, --live) somebody can "
        "do more."
    ),
)


def _examples(*lines: str) -> str:
    """The end of a command's help, whose lines stay as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def _word(option: str, words: Sequence[str], about: str = "") -> Any:
    """An option that is one of some words, checked before anything starts."""

    def check(given: str) -> str:
        if given not in words:
            what = option.lstrip("-")
            raise _Refused(f"{what} '{given}' is unknown, use one of {', '.join(words)}")
        return given

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    told = about or f"{', '.join(words[:-1])} or {words[-1]}."
    return typer.Option(option, help=told, callback=check, autocompletion=complete)


def _complete_environment(incomplete: str) -> list[str]:
    try:
        return [each for each in Workspace.at().known() if each.startswith(incomplete)]
    except ValueError:
        return []  # there is no program here


def _complete_consumer(incomplete: str) -> list[str]:
    try:
        known = Workspace.at().module("consumers").load()
    except ValueError:
        return []
    return [each for each in known if each.startswith(incomplete)]


_Program = Annotated[
    Path, typer.Option(help="Folder of the Pulumi program; default: this one or one above it.")
]
_Environment = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        help="Which environment; default: the only one that there is.",
        show_default=False,
        autocompletion=_complete_environment,
    ),
]
_From = Annotated[
    str,
    typer.Option(
        "--from",
        help="JSON of outputs or of a rehearsal; - for standard input.",
        show_default=False,
    ),
]
_Stack = Annotated[
    str, typer.Option(help="Which stack, where there is no --from.", show_default=False)
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]


def _tell_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"object-access {version('object-access')}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", callback=_tell_version,
                     is_eager=True),
    ] = False,
) -> None:  # fmt: skip
    """Exact object-store access, tried before it is handed over."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What is wrong with what was given, told as wrong use is."""
    try:
        yield
    except ValueError as error:
        raise _Refused(str(error)) from None


def _folder(program: Path, file: str) -> Path:
    """Where Pulumi is asked for outputs; with a file of them there need be no program."""
    return program if file else Workspace.at(program).folder


@app.command(
    epilog=_examples(
        "object-access rehearse -e dev",
        "object-access rehearse -e dev --all            every check, not only what is not green",
        "object-access rehearse -e dev --format json > rehearsal.json",
        "object-access rehearse -e dev --from main      what the change does on its way",
        "object-access rehearse -e dev --keep           then try it with your own client",
    )
)
def rehearse(
    environment: _Environment = "",
    shape: Annotated[str, _word("--format", FORMATS["rehearse"])] = "table",
    every: Annotated[
        bool, typer.Option("--all", help="Show every check and resource in the table.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the embedded cloud running until Ctrl-C.")
    ] = False,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print the secrets that are handed over.")
    ] = False,
    engine: Annotated[
        str,
        _word(
            "--engine",
            ENGINES,
            "pulumi (its engine, plugins of ours), official (its engine and plugins), in-process, "
            "or auto: pulumi where it is installed.",
        ),
    ] = "auto",
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="GIT-REF",
            help="Try the way here, too, from what that ref or folder makes of the environment.",
            show_default=False,
        ),
    ] = "",
    program: _Program = Path(),
) -> None:
    """Try the program, and what it hands over, on an embedded cloud. It enforces access as the
    real ones do, and every promise is tried with what was handed over.

    With --from the program of then is brought up first, and today's over it: what is created,
    replaced, updated and deleted, what must be pasted again, and whether each promise that both
    make held after every single change.

    Exit code 0 only if every check that was tried is as promised; 1 where one is not, a promise did
    not hold on the way, or the program failed; 2 where what was asked for cannot be done or nothing
    was tried.
    """
    from .rehearsal.rehearse import rehearse as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = run(
            program,
            environment,
            shape,
            every=every,
            keep=keep,
            show_secrets=show_secrets,
            engine=engine,
            since=since,
        )
    except KeyboardInterrupt:
        code = 130  # as shells count Ctrl-C
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is stopped and removed by now; to take its objects apart would take Python most of
    # a second.
    os._exit(code)


@app.command(
    epilog=_examples(
        "object-access report -e dev",
        "object-access report -e dev --against main --format markdown",
        "object-access report -e dev --format html --output access.html",
        "object-access report -e dev --live",
        "object-access report -e dev --program network --program data --against main",
    )
)
def report(
    environment: _Environment = "",
    shape: Annotated[str, _word("--format", FORMATS["report"])] = "table",
    against: Annotated[
        str,
        typer.Option(
            help="A report in JSON, a folder with a program or a git ref: what changed since.",
            show_default=False,
        ),
    ] = "",
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Read the real account with your own credentials, and compare it with the "
            "program.",
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Where to write it, instead of standard output.")
    ] = None,
    program: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a Pulumi program, default: this one or one above it; of several that "
            "are judged together, in the order in which they are deployed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say who can do what where, and by which statement. From the program alone, without a cloud.

    Any Pulumi program in Python will do. With --against every request is decided, and who can do
    more than before is told with one that proves it. What an environment's file says under
    `object-access:never` and `object-access:always` is proven, too. With --live everybody else in
    the account is shown who reaches the program's buckets and containers, and whatever it allows
    beyond the program; nothing is changed there. Exit code 0; with --against and --live, 3 where
    somebody can do more, or it cannot be judged; 1 where such a line is broken; 2 where what was
    asked for cannot be done, or the program does not run.
    """
    from .access.command import run

    with _in_one_line():
        programs = program or [Path()]
        workspace = Workspace.at(programs[0])
        # A stranger's program may have no environment's file: its stack is called something.
        environment = workspace.choose(environment) if workspace.known() else environment or "dev"
        code = run(programs, environment, shape, against, output, live=live)
    raise typer.Exit(code)


@app.command(
    epilog=_examples(
        "object-access handover vision",
        "object-access handover vision --format aws-profile --output ~/.aws/vision",
        "object-access handover vision --from rehearsal.json --format env",
    )
)
def handover(
    project: Annotated[str, typer.Argument(help="Whose hand-over.")],
    shape: Annotated[str, _word("--format", FORMATS["handover"])] = "form",
    holder: Annotated[
        str,
        typer.Option(help="Which holder, where a project has several.", show_default=False),
    ] = "",
    file: _From = "",
    stack: _Stack = "",
    output: Annotated[
        str,
        typer.Option(help="Write to this file, for its owner's eyes only.", show_default=False),
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file; write into a git work tree.")
    ] = False,
    program: _Program = Path(),
) -> None:
    """Print or save what a project hands over, its secrets included.

    Without --from it asks `pulumi stack output`. Exit code 2 where that cannot be done.
    """
    from .handover.command import run

    with _in_one_line():
        folder = _folder(program, file)
        run(project, shape, holder, file, stack, folder, output, force=force)


@app.command(
    epilog=_examples(
        "object-access check vision",
        "object-access check vision --format json",
        "object-access check vision --profile consumer     where a role trusts that profile's user",
    )
)
def check(
    project: Annotated[str, typer.Argument(help="Whose hand-over to try.")],
    file: _From = "",
    stack: _Stack = "",
    endpoint: Annotated[
        str,
        typer.Option(help="Try it at this address instead of where it points.", show_default=False),
    ] = "",
    ca_bundle: Annotated[
        str,
        typer.Option(
            help="Certificate authorities to trust there.",
            envvar="AWS_CA_BUNDLE",
            show_default=False,
        ),
    ] = "",
    profile: Annotated[
        str,
        typer.Option(
            help="Whose keys to use where none are handed over, from ~/.aws.", show_default=False
        ),
    ] = "",
    shape: Annotated[str, _word("--format", FORMATS["check"])] = "table",
    program: _Program = Path(),
) -> None:
    """Try what a deployed project was promised, and must be refused.

    Writes small files under a name of its own, removes them again, and touches nothing else; what
    would do harm if it were allowed is left to rehearsals. Without --from it asks `pulumi stack
    output`. Exit code 0 where every check is as promised, 1 where one is not, 2 where nothing was
    tried or it cannot be.
    """
    from .checks.command import run

    with _in_one_line():
        folder = _folder(program, file)
        code = run(project, file, stack, folder, endpoint, ca_bundle, profile, shape)
    raise typer.Exit(code)


@app.command(
    epilog=_examples(
        "object-access rotate vision -e prod          adds a key, and shows what to paste",
        "object-access rotate vision -e prod          a day later: switches the old one off",
        "object-access rotate vision -e prod          another day later: removes it",
    )
)
def rotate(
    project: Annotated[str, typer.Argument(help="Whose keys to make anew.")],
    environment: _Environment = "",
    hours: Annotated[
        float, typer.Option(min=0, help="How long the old key must not have been used.")
    ] = 24,
    now: Annotated[
        bool, typer.Option("--now", help="All has moved over: do not wait, nor ask IAM.")
    ] = False,
    yes: _Yes = False,
    program: _Program = Path(),
) -> None:
    """Take the next step of a rotation without an interruption. It edits `keys` of the project in
    its environment's file, runs 'pulumi up', and tries the key that is handed over then.

    A second key comes first, and what to paste; the old one is switched off once it was not used
    for a day, and removed once it still was not. Run it again for the next step, and after whatever
    went wrong. Exit code 0 where a step was taken, 1 where the new key does not do what was
    promised, 2 where it is too early or cannot be done.
    """
    from .rotation.command import run

    with _in_one_line():
        workspace = Workspace.at(program)
        code = run(workspace, workspace.choose(environment), project, 0 if now else hours, yes=yes)
    raise typer.Exit(code)


@app.command(
    epilog=_examples(
        "object-access consumers",
        "object-access consumers lightly",
        "object-access consumers lightly --format markdown",
    )
)
def consumers(
    name: Annotated[
        str,
        typer.Argument(
            help="Which one to explain; default: list all.",
            show_default=False,
            autocompletion=_complete_consumer,
        ),
    ] = "",
    shape: Annotated[str, _word("--format", FORMATS["consumers"])] = "table",
    program: _Program = Path(),
) -> None:
    """List the tools that the program knows, or explain one. Its settings, what it may do where,
    what is pasted, what goes wrong with it, and the lines to put into an environment's file."""
    with _in_one_line():
        workspace = Workspace.at(program)
        explain = workspace.module("explain")
        known = workspace.module("consumers").load()
        if name and name not in known:
            from ._args import did_you_mean  # brings Pulumi, as the program does

            raise ValueError(f"consumer '{name}' is unknown, {did_you_mean(name, known)}")
        sys.stdout.write(explain.one(known[name], shape) if name else explain.all_(known, shape))


@app.command(
    epilog=_examples(
        "object-access new                                  asks",
        "object-access new -e dev --kind lightly --name vision --set prefix=raw/ --yes",
        "object-access new -e dev --kind s3 --name lab --set bucket=lab-data-2026 \\",
        "    --set 'places.raw={prefix: raw/, access: [list, read]}' --set holders.lab.as=user",
    )
)
def new(
    kind: Annotated[
        str,
        typer.Option(
            help="A consumer (see `consumers`), or s3, swift, compatible or pipeline.",
            show_default=False,
            autocompletion=_complete_consumer,
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the project.", show_default=False)] = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting, any number of times; a.b=VALUE sets b in a, VALUE is YAML.",
        ),
    ] = None,
    environment: _Environment = "",
    namespace: Annotated[
        str,
        typer.Option(
            help="For a new environment: a word of your own, such as your company's, so that names "
            "of buckets made by program are unique in the world.",
            show_default=False,
        ),
    ] = "",
    yes: _Yes = False,
    program: _Program = Path(),
) -> None:
    """Write a project into an environment's file. It is checked first and has comments; nothing
    else in the file changes, and a file that is not there is made.

    Asks for what is not given; with --yes, and where standard input is no terminal, it asks nothing
    and takes defaults. Exit code 2, with nothing written, where something is wrong or missing.
    """
    from .rehearsal.environments import projects_of

    with _in_one_line():
        workspace = Workspace.at(program)
        command = workspace.module("new")
        wish = command.Wish(kind, name, environment, namespace, tuple(given or ()))
        person = None if yes or not sys.stdin.isatty() else _Person()
        told = command.run(
            workspace, wish, person, lambda where, config: projects_of(workspace, where, config)
        )
    sys.stdout.write(told)


class _Person:
    """Somebody at a terminal."""

    def ask(self, question: str, default: str | None = None) -> str:
        """What they answer; `default` stands for Enter, without one an answer is needed."""
        *about, last = question.splitlines()
        for line in about:
            self.tell("\n".join(textwrap.wrap(line, min(100, get_terminal_size().columns))))
        answer: str = typer.prompt(last, default=default, show_default=bool(default), err=True)
        return answer

    def tell(self, text: str) -> None:
        """Show them something."""
        typer.echo(text, err=True)


@app.command(
    epilog=_examples(
        "object-access serve --stores aws",
        'eval "$(object-access serve --stores aws --format exports &)"   in bash or zsh; then',
        "aws s3 mb s3://my-bucket; kill $OBJECT_ACCESS_PID",
    )
)
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
    shape: Annotated[str, _word("--format", FORMATS["serve"])] = "json",
    until_input_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the embedded stores alone, until Ctrl-C. For boto3, the AWS CLI or your own tool.

    Prints one line of JSON. `aws`: where it is, the file of its certificate authority, and an
    administrator's keys for every account. `compatible`: an S3-compatible store without IAM, our
    keys and somebody else's. `swift`: Keystone's address, and the users of its projects. Or prints
    a shell's exports, and lets standard output go.
    """
    from .stores.serve import run

    with _in_one_line():
        run(stores, accounts, port, http_port, shape=shape, until_input_ends=until_input_ends)


@app.command(
    context_settings={"allow_interspersed_args": False},
    epilog=_examples(
        "object-access record -- dvc push",
        "object-access record --bucket lab --seed data/ -- aws s3 sync s3://lab/in/ in/",
        "object-access record -- rclone sync data/ record:lab/data/",
        "object-access record --bucket lab                  then point any tool or container there",
    ),
)
def record(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND...",
            help="What to run, {endpoint} in it being the store's address; default: wait.",
            show_default=False,
        ),
    ] = None,
    bucket: Annotated[
        str,
        typer.Option(
            help="The bucket or container; default: the first that is asked for.",
            show_default=False,
        ),
    ] = "",
    swift: Annotated[bool, typer.Option("--swift", help="On OpenStack Swift.")] = False,
    compatible: Annotated[
        bool, typer.Option("--compatible", help="On an S3-compatible store without IAM.")
    ] = False,
    seed: Annotated[
        Path | None,
        typer.Option(help="A folder whose files are there before it runs.", show_default=False),
    ] = None,
    place: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX",
            help="Take this for one place, any number of times; / is the whole bucket.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the project; default: the command's.", show_default=False)
    ] = "",
    append: Annotated[
        Path | None,
        typer.Option(
            help="A file of commands: those in it run first, and this one is added to it.",
            show_default=False,
        ),
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay/--no-replay", help="Prove it by running it again.")
    ] = True,
    http: Annotated[
        bool, typer.Option("--http", help="Without TLS, for tools that trust no other authority.")
    ] = False,
    shape: Annotated[str, _word("--format", FORMATS["record"])] = "project",
    output: Annotated[
        Path | None, typer.Option(help="Where to write it, instead of standard output.")
    ] = None,
    project: Annotated[
        str, typer.Option(help="Compare with this project, too.", show_default=False)
    ] = "",
    environment: _Environment = "",
    program: _Program = Path(),
) -> None:
    """Run a tool once, and print the exact access that it needs.

    It runs against an embedded store that judges every request, with all rights in one bucket, and
    its own input and output. What it asked becomes places and verbs. It is run again with only
    that access, and then with each verb taken away in turn. Exit code 0 where the access is proven;
    1 where it is not, the command failed or --project lacks something; 2 where nothing was asked.
    """
    from .record.command import Wish, run
    from .rehearsal.environments import projects_of

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _in_one_line():
        if swift and compatible:
            raise ValueError("--swift and --compatible are two stores, choose one")
        wish = Wish(
            tuple(words or ()),
            bucket,
            "swift" if swift else "compatible" if compatible else "s3",
            name,
            seed,
            tuple(place or ()),
            append,
            replay,
            http,
            shape,
            output,
        )

        def given() -> Any:
            workspace = Workspace.at(program)
            chosen = workspace.choose(environment)
            loaded = projects_of(workspace, chosen, workspace.config_of(chosen))
            found = {each.project.name: each.project for each in loaded}
            if project not in found:
                raise ValueError(f"project '{project}' is unknown, there are {', '.join(found)}")
            return found[project]

        code = run(wish, given if project else None)
    raise typer.Exit(code)
