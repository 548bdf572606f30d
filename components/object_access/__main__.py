"""`python -m object_access`: the command `object-access`."""

from .cli import app

app(prog_name="object-access")
