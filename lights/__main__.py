"""The command `python -m lights PROJECT`: try a hand-over where it points, on a real cloud too."""

import json
from typing import Annotated

import typer
from rich.console import Console

from components.names import check_endpoint
from stacks.handoff import source

from . import Others, Store, report, switch

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
FORMATS = ("table", "json", "markdown")


@app.command()
def lights(
    project: Annotated[str, typer.Argument(help="Whose hand-over to try.")],
    file: Annotated[
        str, typer.Option("--from", help="JSON of outputs or of a rehearsal; - for standard input.")
    ] = "",
    stack: Annotated[str, typer.Option(help="Which stack, where there is no --from.")] = "",
    endpoint: Annotated[
        str, typer.Option(help="Try it at this address instead of where it points.")
    ] = "",
    ca_bundle: Annotated[
        str, typer.Option(help="Certificate authorities to trust there.", envvar="AWS_CA_BUNDLE")
    ] = "",
    profile: Annotated[
        str,
        typer.Option(help="Whose keys to use where none are handed over, from ~/.aws."),
    ] = "",
    shape: Annotated[str, typer.Option("--format", help="table, json or markdown.")] = "table",
) -> None:
    """Try what a project was promised, and what it must be refused.

    Writes small files under a name of its own, removes them again, and touches nothing else; what
    would do harm if it were allowed is left to rehearsals. Without --from it asks `pulumi stack
    output`. Exit code 0 where every light is as promised, 1 where one is not, 2 where that cannot
    be tried.
    """
    talk = Console(stderr=True, highlight=False)
    try:
        _check_format(shape)
        if endpoint:
            check_endpoint(endpoint)
        handover = dict(source.pick(source.load(file, stack), project))
        others = Others()
        if handover["kind"] == "kopah":
            handover |= {"endpoint": endpoint} if endpoint else {}
            handover = dict(source.with_keys(handover, profile))
        elif profile:
            keys = source.with_keys({}, profile)
            others = Others(accounts={str(handover.get("account", "")): dict(keys)})
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    store = Store(endpoint=endpoint or None, ca_bundle=ca_bundle or None)
    with talk.status("trying") as status:
        switched = switch(
            {project: handover}, store, others, lambda light: status.update(f"{light}")
        )
    if shape == "json":
        typer.echo(json.dumps(report.data(switched), indent=2, ensure_ascii=False))
    elif shape == "markdown":
        typer.echo(report.markdown(switched))
    else:
        Console().print(report.table(switched))
    talk.print(report.summary(switched))
    raise typer.Exit(0 if report.all_as_promised(switched) else 1)


def _check_format(shape: str) -> None:
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")


if __name__ == "__main__":
    app()
