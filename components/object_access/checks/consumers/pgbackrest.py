"""pgBackRest itself, by its commands for the files of a repository: they need no database."""

from urllib.parse import urlsplit

from ..check import Failed, allowed
from . import CONTENT, ToolChecks


class Client(ToolChecks):
    """What is promised to a database and the host of its repository."""

    place = "repository"

    @allowed("pgbackrest repo-put, repo-ls, repo-get and repo-rm keep a file of the repository")
    def repository(self) -> None:
        folder = f"archive/{self._name}"
        self._pgbackrest("repo-put", f"{folder}/file", fed=CONTENT.decode())
        if self._pgbackrest("repo-ls", folder).split() != ["file"]:
            raise Failed("the file was not listed")
        self._same(self._pgbackrest("repo-get", f"{folder}/file").encode())
        self._pgbackrest("repo-rm", f"{folder}/file")

    def _pgbackrest(self, command: str, name: str, *, fed: str = "") -> str:
        target = self._subject.target
        options = [f"--config={self._tools.home}/pgbackrest.conf", "--log-level-file=off"]
        if target.endpoint:
            options += [
                "--repo1-s3-uri-style=path",
                "--repo1-storage-host=localhost",  # it wants a name in the certificate
                f"--repo1-storage-port={urlsplit(target.endpoint).port}",
                f"--repo1-storage-ca-file={target.ca_bundle}",
            ]
        return self._tools.program("pgbackrest", *options, command, name, fed=fed)
