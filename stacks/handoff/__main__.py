"""The command `python -m stacks.handoff PROJECT --format FORMAT`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from . import FORMATS, render, source

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def handoff(
    project: Annotated[str, typer.Argument(help="Whose hand-over.")],
    shape: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "form",
    file: Annotated[
        str, typer.Option("--from", help="JSON of outputs or of a rehearsal; - for standard input.")
    ] = "",
    stack: Annotated[str, typer.Option(help="Which stack, where there is no --from.")] = "",
    output: Annotated[
        str, typer.Option(help="Write to this file, for its owner's eyes only.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file; write into a git work tree.")
    ] = False,
) -> None:
    """Print or save what a project hands over, its secrets included.

    Without --from it asks `pulumi stack output`. Exit code 2 where that cannot be done.
    """
    try:
        handover = source.with_keys(source.pick(source.load(file, stack), project))
        text = render(project, handover, shape)
        if output:
            _save(Path(output), text, force=force)
        else:
            typer.echo(text, nl=False)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _save(path: Path, text: str, *, force: bool) -> None:
    """Write for the owner alone, never into a git work tree and over nothing, unless forced."""
    if not force:
        for folder in path.resolve().parents:
            if (folder / ".git").exists():
                raise ValueError(
                    f"{path} is in the git work tree {folder}, where secrets get committed: "
                    "write elsewhere, or --force"
                )
        if path.exists():
            raise ValueError(f"{path} exists already: choose another name, or --force")
    # Beside it and then in its place: the file never has other rights, nor half the text.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {path}, readable by you alone", err=True)


if __name__ == "__main__":
    app()
