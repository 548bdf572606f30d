"""Metaflow itself: a flow of two steps, and its client of S3."""

from ..check import allowed
from ..clients import Clients
from . import ToolChecks

_FLOW = """
from metaflow import FlowSpec, step

class CheckFlow(FlowSpec):
    @step
    def start(self):
        self.kept = "check"
        self.next(self.end)

    @step
    def end(self):
        assert self.kept == "check", "another artifact came back"

if __name__ == "__main__":
    CheckFlow()
"""
_DATA = """
from metaflow import S3

with S3(s3root=f"{__import__('os').environ['METAFLOW_DATATOOLS_S3ROOT']}/check") as s3:
    s3.put("file", "check")
    assert [each.key for each in s3.list_paths()] == ["file"], "the file was not listed"
    assert s3.get("file").text == "check", "another file came back"
"""


class Client(ToolChecks):
    """What is promised to those who run flows."""

    place = "metaflow"

    @allowed("a flow keeps its code and artifacts, and its next step reads them")
    def flow(self) -> None:
        self._tools.library(_FLOW, "run", USERNAME="check")

    @allowed("Metaflow's client of S3 writes, lists and reads a file")
    def data(self) -> None:
        self._tools.library(_DATA, USERNAME="check")

    def _equip(self, tools: Clients) -> None:
        super()._equip(tools)
        tools.environment("env", self._holder)
