"""`object-access handover`: print or save what a project hands over."""

import os
import sys
from pathlib import Path

from . import render, source


def run(
    project: str,
    shape: str,
    holder: str,
    file: str,
    stack: str,
    program: Path,
    output: str,
    *,
    force: bool,
) -> None:
    """Hand over. Raises ValueError where that cannot be done."""
    handover = source.with_keys(source.pick(source.load(file, stack, program), project))
    text = render(handover, shape, holder)
    if output:
        _save(Path(output), text, force=force)
    else:
        sys.stdout.write(text)


def _save(path: Path, text: str, *, force: bool) -> None:
    """Write for the owner alone, never into a git work tree and over nothing, unless forced."""
    if not force:
        if path.is_symlink() or path.exists():
            raise ValueError(f"{path} exists already: choose another name, or --force")
        for folder in path.resolve().parents:
            if (folder / ".git").exists():
                raise ValueError(
                    f"{path} is in the git work tree {folder}, where secrets get committed: "
                    "write elsewhere, or --force"
                )
    # Beside it and then in its place: the file never has other rights, nor half the text.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None
    print(f"wrote {path}, readable by you alone", file=sys.stderr)
