"""The command `object-access`, also as `python -m object_access`."""

import sys


def main() -> None:
    """Run it. Who installed the components alone is told in one line what the command needs."""
    try:
        from .cli import app
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.exit("error: the command needs more: pip install 'object-access[rehearsal]'")
    app(prog_name="object-access")


if __name__ == "__main__":
    main()
