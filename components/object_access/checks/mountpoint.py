"""The lights of a bucket for the AWS CLI and Mountpoint, from its hand-over alone."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial

from botocore.utils import InstanceMetadataFetcher

from .check import Failed, NotPromised, Skip, allowed, refused
from .clients import Clients
from .mounts import MountTries
from .s3 import PrivateS3Checks


class Mountpoint(MountTries, PrivateS3Checks):
    """What is promised to a machine, or to the holder of a key."""

    @allowed("aws sts get-caller-identity names the one who was given access")
    def identity(self) -> None:
        told = self._tools.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        role = self._given.get("role_arn", "").rpartition("/")[2]
        if f":assumed-role/{role}/" not in told and (role or ":user/" not in told):
            raise Failed(f"it is {told.strip()}")

    @refused("what is beside the prefix")
    def beside(self) -> None:
        if not self._prefix:
            raise NotPromised
        near = self._prefix.rstrip("/")
        calls: dict[str, Callable[[], object]] = {}
        for prefix in {"", near, f"{near}-2/"}:
            file = {"Bucket": self._bucket, "Key": prefix + self._name}
            calls[f"listing '{prefix}'"] = partial(
                self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix
            )
            calls[f"reading from '{prefix}'"] = partial(self._s3.get_object, **file)
            calls[f"writing to '{prefix}'"] = partial(self._s3.put_object, **file)
        self._none_allowed(calls)

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        if "access_key_id" in self._given:
            return {key: self._given[key] for key in ("access_key_id", "secret_access_key")}
        role, options = self._given["role_arn"].rpartition("/")[2], {}
        if self._metadata:
            options["base_url"] = f"{self._metadata}/"
        given = InstanceMetadataFetcher(
            timeout=2, num_attempts=1, **options
        ).retrieve_iam_role_credentials()
        if given.get("role_name") != role:
            if self._metadata:
                raise Failed("the machine gets no credentials")
            profile = self._given["instance_profile"]
            raise Skip(f"try it on a machine with the instance profile {profile}")
        return {
            "access_key_id": given["access_key"],
            "secret_access_key": given["secret_key"],
            "session_token": given["token"],
        }

    @property
    def _metadata(self) -> str | None:
        """Where the machine's metadata are; None for where they always are."""
        if not self._store.metadata:
            return None
        account = self._given["role_arn"].split(":")[4]
        return f"{self._store.metadata}/{account}/{self._given['instance_profile']}"

    def _equip(self, tools: Clients) -> None:
        if "instance_profile" in self._given:
            self._keys  # noqa: B018 this must be that machine
            tools.instance(self._metadata)
        else:
            tools.aws_profile()
