"""Every client that Kopah's users have, with the operator's keys."""

from ..check import Failed, allowed
from ..clients import Clients
from . import CONTENT
from ._files import FileChecks


class Client(FileChecks):
    """s3cmd besides the others."""

    @allowed("s3cmd writes, lists, reads and removes a file")
    def s3cmd(self) -> None:
        url = f"s3://{self._bucket}/{self._name}"
        tools = self._tools
        (tools.home / "file").write_bytes(CONTENT)
        self._subject.wrote(self._name)
        tools.program("s3cmd", "put", "file", url)
        if url not in tools.program("s3cmd", "ls", url):
            raise Failed("the file was not listed")
        tools.program("s3cmd", "get", url, "back")
        self._same((tools.home / "back").read_bytes())
        tools.program("s3cmd", "del", url)

    def _equip(self, tools: Clients) -> None:
        tools.file(".s3cfg", "s3cfg", self._holder)
