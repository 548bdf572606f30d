"""How every command says that it cannot do what it was asked for."""

import json
import sys


def failed(message: str, shape: str = "", code: int = 2) -> int:
    """Say it in one line on standard error and, where JSON was asked for, as JSON on standard
    output, so that whoever parses that always gets some. Returns the exit code."""
    from rich.console import Console

    if shape == "json":
        sys.stdout.write(json.dumps({"error": message}, ensure_ascii=False) + "\n")
    talk = Console(stderr=True, highlight=False)
    talk.print(f"error: {message}", style="red", markup=False, soft_wrap=True)
    return code
