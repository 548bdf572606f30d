"""restic itself, with the variables that are handed over. That nothing else is deleted is tried
without it: it takes a refusal for a fault of the network, and tries again for most of a minute."""

from ..check import Failed, NotPromised, allowed
from ..clients import Clients
from ..subject import can
from . import CONTENT, ToolChecks


class Client(ToolChecks):
    """What is promised to a machine that is backed up."""

    place = "repository"

    @allowed("restic init, backup, snapshots and restore bring a file back, and leave no lock")
    def backup(self) -> None:
        self._backup()
        if '"paths"' not in self._restic("snapshots", "--json"):
            raise Failed("the snapshot was not listed")
        self._restic("restore", "latest", "--target", "back")
        [back] = (self._tools.home / "back").rglob("file")
        self._same(back.read_bytes())
        if self._restic("list", "locks", "--no-lock"):
            raise Failed("its locks are still there")

    @allowed("restic forget --prune removes a snapshot")
    def prune(self) -> None:
        if not self._can("delete"):
            raise NotPromised
        self._restic("forget", "latest", "--prune")

    def _backup(self) -> None:
        (self._tools.home / "file").write_bytes(CONTENT)
        if self._old:
            self._restic("init")
        else:
            self._init()
        self._restic("backup", "file")

    @property
    def _old(self) -> bool:
        """Whether it may ask for the bucket, as the init of older ones must."""
        places = self._subject.handover.place_of(self._holder).values()
        return any(can(each, "list") and not each.prefix for each in places)

    def _init(self) -> None:
        """What the init of a newer restic writes, whichever is installed here."""
        self._tools.program("restic", "init", "--repo=made", RESTIC_PASSWORD=self._name)
        local = self._tools.home / "made"
        for file in (path for path in local.rglob("*") if path.is_file()):
            key = f"{self._place.prefix}{file.relative_to(local)}"
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=file.read_bytes())

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
