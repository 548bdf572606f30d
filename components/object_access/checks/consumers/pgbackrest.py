"""pgBackRest itself, by its commands for the files of a repository: they need no database."""

from ..check import Failed, allowed
from . import CONTENT, ToolChecks


class Client(ToolChecks):
    """What is promised to a database and the host of its repository."""

    place = "repository"

    @allowed("pgbackrest repo-put, repo-ls, repo-get and repo-rm keep a file of the repository")
    def repository(self) -> None:
        (self._tools.home / "file").write_bytes(CONTENT)
        name = f"archive/{self._name}/file"
        self._pgbackrest("repo-put", "file", name)
        if self._name not in self._pgbackrest("repo-ls", "archive"):
            raise Failed("the file was not listed")
        if "archive" not in self._pgbackrest("repo-ls"):
            raise Failed("the folder was not listed")
        self._same(self._pgbackrest("repo-get", name).encode())
        self._pgbackrest("repo-rm", name)

    def _pgbackrest(self, command: str, *words: str) -> str:
        home, target = self._tools.home, self._subject.target
        options = [
            f"--config={home}/pgbackrest.conf",
            f"--lock-path={home}",
            "--log-level-file=off",
        ]
        if target.endpoint:
            options += [f"--repo1-storage-ca-file={target.ca_bundle}", "--repo1-s3-uri-style=path"]
        return self._tools.program("pgbackrest", *options, command, *words)
