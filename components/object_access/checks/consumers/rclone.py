"""rclone itself, with the section that is handed over."""

from ..check import Failed, NotPromised, NotTried, allowed, refused
from ..clients import Clients
from . import CONTENT, ToolChecks


class Client(ToolChecks):
    """What is promised to those who sync, or only add files, or only read."""

    place = "files"

    @allowed("rclone reads a file")
    def read(self) -> None:
        self._same(self._rclone("cat", f"{self._remote}:{self._bucket}/{self._file()}").encode())

    @allowed("rclone copyto writes a new file, and writes it again")
    def single(self) -> None:
        self._needs("write")
        for _ in range(2):
            self._single()

    @allowed("rclone copy writes a folder")
    def folder(self) -> None:
        self._needs("write")
        self._folder("copy")

    @allowed("rclone sync writes new files and removes others, deletefile one")
    def sync(self) -> None:
        self._needs("delete")
        self._folder("sync")
        (self._tools.home / "folder" / "one").rename(self._tools.home / "folder" / "other")
        self._rclone("sync", "folder", self._to("folder"))
        if (listed := self._rclone("lsf", self._at("folder"))) != "other\n":
            raise Failed(f"there is {listed!r}")
        self._rclone("deletefile", self._at("folder/other"))

    @refused("rclone writing, where it only reads", "AccessDenied", "Forbidden")
    def no_writing(self) -> None:
        if self._can("write"):
            raise NotPromised
        self._single()

    @refused("rclone deletefile, where nothing may be deleted", "AccessDenied", "Forbidden")
    def no_deletion(self) -> None:
        if self._can("delete"):
            raise NotPromised
        self._rclone("deletefile", f"{self._remote}:{self._bucket}/{self._file()}")

    def _needs(self, verb: str) -> None:
        if not self._can(verb):
            raise NotPromised

    def _single(self) -> None:
        (self._tools.home / "file").write_bytes(CONTENT)
        self._subject.wrote(f"{self._place.prefix}single")
        self._rclone("copyto", "file", self._to("single"))

    def _folder(self, how: str) -> None:
        folder = self._tools.home / "folder"
        folder.mkdir(exist_ok=True)
        (folder / "one").write_bytes(CONTENT)
        self._rclone(how, "folder", self._to("folder"))
        self._same(self._rclone("cat", self._at("folder/one")).encode())

    @property
    def _remote(self) -> str:
        return self._subject.handover.project

    def _to(self, name: str) -> str:
        """Where it is written, by the section for that where there is one."""
        upload = f"{self._remote}-upload"
        there = f"[{upload}]" in (self._tools.home / "rclone.conf").read_text()
        return self._at(name).replace(self._remote, upload if there else self._remote, 1)

    def _at(self, name: str) -> str:
        return f"{self._remote}:{self._bucket}/{self._place.prefix}{name}"

    def _rclone(self, *words: str) -> str:
        target = self._subject.target
        try:
            return self._tools.program(
                "rclone", "--config=rclone.conf", "--retries=1", "--low-level-retries=2", *words,
                AWS_CA_BUNDLE="",  # rclone takes it for a client's certificate
                RCLONE_CA_CERT=target.ca_bundle or "",
                RCLONE_S3_ENDPOINT=target.endpoint or "",
            )  # fmt: skip
        except Failed as error:
            # As 1.60 does, which Debian 12 has.
            if target.endpoint and f"//{self._bucket}." in str(error):
                raise NotTried(
                    "this rclone is too old for an embedded store: make consumers brings another"
                ) from None
            raise

    def _equip(self, tools: Clients) -> None:
        super()._equip(tools)
        tools.file("rclone.conf", "rclone", self._holder)
