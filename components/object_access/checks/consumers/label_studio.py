"""The calls of Label Studio 1.23.2 to its storages (io_storages/s3/models.py), made by boto3: the
server itself brings a web application and a database."""

from ...handover.model import Place
from ..check import Failed, NotPromised, allowed
from . import ClientChecks


class Client(ClientChecks):
    """What is promised to a source and a target storage, with their prefixes as they are typed."""

    @allowed("a source is tested, scanned and read")
    def source(self) -> None:
        place = self._subject.handover.places["source"]
        key = self._subject.seed(self._holder, place)
        if not self._tested(place.prefix):
            raise Failed("the test found no object")
        folder = f"{place.folder}/" if place.prefix else ""
        if key not in self._listed(Prefix=folder):
            raise Failed("the file was not listed")
        self._same(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    @allowed("a target, typed without its slash, is tested, written and cleaned up")
    def target(self) -> None:
        place = self._target
        self._tested(place.folder)
        key = f"{place.folder}/{self._name}"
        self._subject.put(self._s3, key)
        self._same(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        if "delete" in place.access:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
            self._subject.forget(key)

    @property
    def _target(self) -> Place:
        if "target" not in self._subject.handover.places:
            raise NotPromised
        return self._subject.handover.places["target"]

    def _tested(self, typed: str) -> list[str]:
        """What the test of a storage finds."""
        if not typed:
            self._s3.head_bucket(Bucket=self._bucket)
        return self._listed(Prefix=typed, MaxKeys=1)

    def _listed(self, **asked: object) -> list[str]:
        listed = self._s3.list_objects_v2(Bucket=self._bucket, **asked)
        return [each["Key"] for each in listed.get("Contents", [])]
