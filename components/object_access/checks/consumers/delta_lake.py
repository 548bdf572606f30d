"""delta-rs itself, with the variables that are handed over."""

from ..check import NotPromised, allowed, refused
from ..clients import Clients
from . import ToolChecks
from ._files import tunnel_to

_WRITE = """
import sys
import pyarrow
from deltalake import DeltaTable, write_deltalake

rows = pyarrow.table({"number": [1, 2]})
write_deltalake(sys.argv[1], rows)
write_deltalake(sys.argv[1], rows, mode="append")
"""
_READ = """
table = DeltaTable(sys.argv[1])
assert table.version() == 1, "another version"
assert table.to_pyarrow_table().num_rows == 4, "other rows came back"
"""


class Client(ToolChecks):
    """What is promised to those who write tables, or only read them."""

    place = "tables"

    @allowed("delta-rs writes a table, appends to it and reads it")
    def table(self) -> None:
        if not self._can("write"):
            raise NotPromised
        self._run(_WRITE + _READ)

    @refused("delta-rs writing a table, where it only reads", "AccessDenied", "Forbidden")
    def no_table(self) -> None:
        if self._can("write"):
            raise NotPromised
        self._run(_WRITE)

    def _run(self, code: str) -> None:
        target = self._subject.target
        table = f"s3://{self._bucket}/{self._place.prefix}{self._name}"
        with tunnel_to(target.endpoint, target.ca_bundle) as at:
            self._tools.library(
                code, table, AWS_ENDPOINT_URL=at, AWS_ALLOW_HTTP="true" if at else ""
            )

    def _equip(self, tools: Clients) -> None:
        super()._equip(tools)
        tools.environment("env", self._holder)
