"""What both servers share: how they are told what to do, and how they end."""

import json
import logging
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

OBSERVED = ("ORIGIN", "ACCESS_CONTROL_REQUEST_METHOD", "X_COPY_FROM")
"""The headers of a request that an observer is told."""


def told() -> dict[str, Any]:
    """What the parent wants, from its one line on standard input."""
    wanted: dict[str, Any] = json.loads(sys.stdin.readline())
    return wanted


def ready(learned: dict[str, Any]) -> None:
    """Tell the parent that the server answers, and what it has to know besides."""
    with suppress(BrokenPipeError):  # killed meanwhile: the end of standard input comes next
        print(json.dumps(learned), flush=True)  # standard output is the pipe to the parent


def to_stderr(*given: Any) -> None:
    """Swift's hook for handlers of its log, which would otherwise go to syslog alone."""
    logger = next(each for each in given if isinstance(each, logging.Logger))
    logger.addHandler(logging.StreamHandler())


class Observed:
    """A WSGI application that writes a line of JSON for each request, before it is answered."""

    def __init__(self, application: Any, file: Path):
        self._application, self._file = application, file

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        told = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ.get("QUERY_STRING", ""),
            "headers": {
                name: environ[f"HTTP_{name}"] for name in OBSERVED if f"HTTP_{name}" in environ
            },
        }

        def started(status: str, *rest: Any) -> Any:
            with self._file.open("a") as file:
                file.write(json.dumps({**told, "status": int(status.partition(" ")[0])}) + "\n")
            return start_response(status, *rest)

        return self._application(environ, started)


def leave(folder: Path) -> None:
    """Remove what is ours and end at once.

    Standard input has ended: the parent asked for it, or it was killed and cannot tidy up. So the
    last child to leave also removes the folder that both were given.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)
    with suppress(OSError):  # not the last one, or the parent was quicker
        folder.parent.rmdir()
    os._exit(0)  # without waiting for connections that clients keep open
