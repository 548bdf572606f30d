"""The AWS CLI, with which people prepare data for Lightly."""

from ..check import NotPromised, allowed
from ..subject import Subject
from . import CONTENT, ClientChecks


class Client(ClientChecks):
    """What is promised to whoever prepares the data, where they have a key."""

    def __init__(self, subject: Subject):
        super().__init__(subject)
        self._holder = "people"

    @allowed("people prepare data: aws s3 sync puts images into the input and fetches them")
    def sync(self) -> None:
        if self._holder not in self._subject.handover.holders:
            raise NotPromised
        key = f"{self._place.prefix}{self._name}"
        at = f"s3://{self._bucket}/{self._place.folder}"
        farm = self._tools.home / "farm"
        farm.mkdir()
        (farm / self._name).write_bytes(CONTENT)
        self._subject.wrote(key)
        self._tools.aws("s3", "sync", "farm", at)
        self._tools.aws("s3", "sync", at, "back", "--exclude", "*", "--include", self._name)
        self._same((self._tools.home / "back" / self._name).read_bytes())
