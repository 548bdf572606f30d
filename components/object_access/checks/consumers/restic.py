"""restic itself, with the variables that are handed over."""

from ..check import NotPromised, allowed, refused
from ..clients import Clients
from . import CONTENT, ToolChecks


class Client(ToolChecks):
    """What is promised to a machine that is backed up."""

    place = "repository"

    @allowed("restic init, backup, snapshots and restore bring a file back")
    def backup(self) -> None:
        self._backup()
        if '"paths"' not in self._restic("snapshots", "--json"):
            raise AssertionError("no snapshot")
        self._restic("restore", "latest", "--target", "back")
        [back] = (self._tools.home / "back").rglob("file")
        self._same(back.read_bytes())

    @allowed("restic forget --prune removes a snapshot")
    def prune(self) -> None:
        if not self._can("delete"):
            raise NotPromised
        self._restic("forget", "latest", "--prune")

    @refused("restic forget, where snapshots must stay", "AccessDenied")
    def no_prune(self) -> None:
        if self._can("delete"):
            raise NotPromised
        self._restic("forget", "latest")

    def _backup(self) -> None:
        (self._tools.home / "file").write_bytes(CONTENT)
        self._restic("init")
        self._restic("backup", "file")

    def _restic(self, *words: str) -> str:
        trust = self._subject.target.ca_bundle
        options = ["--no-cache", "-o", f"s3.region={self._region}"]
        options += ["--cacert", trust] if trust else []
        return self._tools.program(
            "restic", *options, *words, RESTIC_PASSWORD=self._name, GOMAXPROCS="1"
        )

    def _equip(self, tools: Clients) -> None:
        super()._equip(tools)
        tools.environment("env", self._holder)
