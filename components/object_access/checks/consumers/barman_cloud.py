"""barman-cloud itself, by its commands for the write-ahead log: they need no database."""

from ..check import Failed, allowed
from . import ToolChecks

_SEGMENT = "000000010000000000000001"


class Client(ToolChecks):
    """What is promised to a database that archives its log."""

    place = "backups"

    @allowed("barman-cloud-wal-archive and -restore keep a segment and bring it back")
    def log(self) -> None:
        segment = b"check" * 100
        (self._tools.home / _SEGMENT).write_bytes(segment)
        self._barman("wal-archive", f"{self._tools.home}/{_SEGMENT}")
        self._barman("wal-restore", _SEGMENT, "back")
        if (self._tools.home / "back").read_bytes() != segment:
            raise Failed("another segment came back")

    @allowed("barman-cloud-backup-list looks at it")
    def look(self) -> None:
        self._barman("backup-list")

    def _barman(self, command: str, *words: str) -> None:
        at = self._subject.target.endpoint
        options = ["--endpoint-url", at] if at else []
        place = f"s3://{self._bucket}/{self._place.folder}"
        self._tools.program(f"barman-cloud-{command}", *options, place, self._name, *words)
