"""Lights of buckets that are mounted: the AWS CLI, Mountpoint's client and other file systems,
each with what was handed over."""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import s3fs

from .. import handover as handoff
from .check import Failed, NotPromised, Refused, Skip, allowed, refused
from .s3 import S3Checks
from .tunnel import tunnel

CONTENT = b"light"

# What Mountpoint itself does, by its own client library.
_MOUNTPOINT = """
import sys
from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client

region, endpoint, path_style, bucket, key, verbs = sys.argv[1:]
s3 = MountpointS3Client(
    region=region, endpoint=endpoint or None, force_path_style=path_style == "yes", max_attempts=2
)
if "write" in verbs:
    file = s3.put_object(bucket, key)
    file.write(b"light")
    file.close()
if "read" in verbs:
    listed = [each.key for page in s3.list_objects(bucket, prefix=key) for each in page.object_info]
    assert listed == [key], "the file was not listed"
    assert b"".join(s3.get_object(bucket, key)) == b"light", "another file was read"
if "delete" in verbs:
    s3.delete_object(bucket, key)
"""


class MountTries(S3Checks):
    """What is promised to whoever mounts a bucket or copies files with a command line.

    A file is there to be read: ours where the hand-over can write, somebody else's otherwise.
    """

    # --- allowed ---

    @allowed("aws s3 ls and sync show and fetch the files")
    def fetch(self) -> None:
        key = self._file()
        listed = self._tools.aws("s3", "ls", f"s3://{self._bucket}/{key}")
        if self._name not in listed:
            raise Failed("the file was not listed")
        self._tools.aws(
            "s3", "sync", f"s3://{self._bucket}/{self._prefix}", "here",
            "--exclude", "*", "--include", f"*{self._name}",
        )  # fmt: skip
        if (self._tools.home / "here" / self._name).read_bytes() != CONTENT:
            raise Failed("the file that was fetched is another one")

    @allowed("aws s3 cp writes a file")
    def copy(self) -> None:
        if not self._writes:
            raise NotPromised
        self._copy()

    @allowed("aws s3 rm removes a file")
    def remove(self) -> None:
        if not self._deletes:
            raise NotPromised
        self._remove()

    @allowed("Mountpoint's client does what the mount allows")
    def mountpoint(self) -> None:
        if not self._writes:
            self._file()
        verbs = ["read", *["write"] * self._writes, *["delete"] * self._deletes]
        self._mountpoint(" ".join(verbs))

    @allowed("mount-s3, as handed over, shows the file")
    def mount(self) -> None:
        self._needs("mount-s3")
        self._file()
        with tunnel_to(self._store.endpoint, self._store.ca_bundle) as at:
            words = shlex.split(handoff.render(self._project, self._given, "mount"))
            words[words.index(self._given["directory"])] = str(self._tools.home / "mnt")
            if at and "--endpoint-url" not in words:
                words += ["--endpoint-url", at, "--force-path-style"]
            self._mounted(*words, **self._for_mountpoint)

    @allowed("s3fs-fuse shows the file")
    def fuse(self) -> None:
        self._needs("s3fs")
        keys = self._keys
        if "session_token" in keys:
            raise NotPromised
        if self._prefix:
            raise Skip("s3fs-fuse lists the whole bucket before it mounts (its issue 2129)")
        self._file()
        passwords = self._tools.home / "passwd-s3fs"
        passwords.touch(mode=0o600)
        passwords.write_text(f"{keys['access_key_id']}:{keys['secret_access_key']}\n")
        at = self._given.get("endpoint") or self._store.endpoint
        url = at or f"https://s3.{self._region}.amazonaws.com"
        options = (
            f"passwd_file={passwords},url={url},endpoint={self._region},"
            "use_path_request_style,sigv4"
        )
        trust = {"CURL_CA_BUNDLE": self._store.ca_bundle} if self._store.ca_bundle else {}
        self._mounted("s3fs", self._bucket, str(self._tools.home / "mnt"), "-o", options, **trust)

    @allowed("rclone reads the file")
    def rclone(self) -> None:
        self._needs("rclone")
        key, keys = self._file(), self._keys
        variables = {
            "AWS_CA_BUNDLE": "",  # rclone takes it for a client's certificate
            "RCLONE_CONFIG_IT_TYPE": "s3",
            "RCLONE_CONFIG_IT_PROVIDER": "Other" if self._store.endpoint else "AWS",
            "RCLONE_CONFIG_IT_ACCESS_KEY_ID": keys["access_key_id"],
            "RCLONE_CONFIG_IT_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "RCLONE_CONFIG_IT_SESSION_TOKEN": keys.get("session_token", ""),
            "RCLONE_CONFIG_IT_REGION": self._region,
            "RCLONE_CONFIG_IT_ENDPOINT": self._given.get("endpoint") or self._store.endpoint or "",
            "RCLONE_CONFIG_IT_FORCE_PATH_STYLE": "true" if self._store.endpoint else "",
            "RCLONE_CA_CERT": self._store.ca_bundle or "",
            "RCLONE_RETRIES": "1",
            "RCLONE_LOW_LEVEL_RETRIES": "2",
        }
        read = self._tools.program("rclone", "cat", f"it:{self._bucket}/{key}", **variables)
        if read != CONTENT.decode():
            raise Failed("the file that was read is another one")

    @allowed("s3fs (Python) lists and reads the file")
    def filesystem(self) -> None:
        key = self._file()
        read_by_s3fs(self._store, self._given, self._keys, f"{self._bucket}/{key}")

    # --- refused ---

    @refused("aws s3 cp, where the mount is read-only")
    def no_copy(self) -> None:
        if self._writes:
            raise NotPromised
        self._copy()

    @refused("aws s3 rm, where the mount does not delete")
    def no_remove(self) -> None:
        if self._deletes:
            raise NotPromised
        self._remove()

    @refused("Mountpoint's client, doing more than the mount allows", "AccessDenied", "Forbidden")
    def no_more(self) -> None:
        if self._deletes:
            raise NotPromised
        self._file()
        self._mountpoint("write" if not self._writes else "delete")

    # --- how ---

    @property
    def _writes(self) -> bool:
        return bool(self._given.get("access", "delete") != "read")

    @property
    def _deletes(self) -> bool:
        return bool(self._given.get("access", "delete") == "delete")

    @property
    def _for_mountpoint(self) -> dict[str, str]:
        """Mountpoint looks for a machine's metadata at one address only: what an embedded machine
        has, it gets as variables."""
        if "instance_profile" not in self._given or not self._store.metadata:
            return {}
        return {
            "AWS_ACCESS_KEY_ID": self._keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self._keys["secret_access_key"],
            "AWS_SESSION_TOKEN": self._keys["session_token"],
        }

    def _file(self) -> str:
        """The key of a file that is there."""
        key = self._prefix + self._name
        if self._writes:
            s3 = self._s3
        elif self._others.outsider:
            s3 = self._store.client("s3", self._region, self._others.outsider)
        else:
            raise Skip("reads only, and nothing is there that it may read")
        s3.put_object(Bucket=self._bucket, Key=key, Body=CONTENT)
        return key

    def _copy(self) -> None:
        (self._tools.home / "file").write_bytes(CONTENT)
        self._tools.aws("s3", "cp", "file", f"s3://{self._bucket}/{self._prefix}{self._name}")

    def _remove(self) -> None:
        key = self._file()
        self._tools.aws("s3", "rm", f"s3://{self._bucket}/{key}")

    def _mountpoint(self, verbs: str) -> None:
        at = self._given.get("endpoint") or self._store.endpoint
        key = self._prefix + self._name
        with tunnel_to(at, self._store.ca_bundle) as endpoint:
            path_style = "yes" if endpoint else "no"
            self._tools.python(
                _MOUNTPOINT, self._region, endpoint, path_style, self._bucket, key, verbs,
                **self._for_mountpoint,
            )  # fmt: skip

    def _needs(self, program: str) -> None:
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed here")
        if program != "rclone" and not os.access("/dev/fuse", os.W_OK):
            raise Skip("there is no FUSE here")

    def _mounted(self, *command: str, **variables: str) -> None:
        """Mount, read the file, and unmount again."""
        mount = self._tools.home / "mnt"
        mount.mkdir()
        try:
            self._tools.program(*command, **variables)
            if (read := (mount / self._name).read_bytes()) != CONTENT:
                raise Failed(f"the file that was read is another one: {read[:20]!r}")
        except OSError as error:
            raise Failed(f"the mounted directory said: {error.strerror}") from None
        finally:
            with suppress(Refused, Failed, Skip):
                self._tools.program("fusermount", "-u", "-z", str(mount))


@contextmanager
def tunnel_to(endpoint: str | None, ca_bundle: str | None) -> Iterator[str]:
    """An address for a client that trusts only the machine's own authorities: a tunnel to an
    embedded store, the store's own address, or nothing for AWS."""
    with ExitStack() as stack:
        if endpoint and ca_bundle and endpoint.startswith("https:"):
            yield stack.enter_context(tunnel(endpoint, ca_bundle))
        else:
            yield endpoint or ""


def read_by_s3fs(store: Any, given: Any, keys: Any, path: str) -> None:
    """List and read one file with s3fs.

    Raises Failed where it is not as it was written.
    """
    at = given.get("endpoint") or store.endpoint
    files = s3fs.S3FileSystem(
        key=keys["access_key_id"],
        secret=keys["secret_access_key"],
        token=keys.get("session_token"),
        endpoint_url=at,
        client_kwargs={"region_name": given.get("region", "us-east-1"), "verify": store.ca_bundle},
        config_kwargs={"s3": {"addressing_style": "path"}} if "endpoint" in given else {},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    if path not in files.ls(str(Path(path).parent)):
        raise Failed("the file was not listed")
    if files.cat(path) != CONTENT:
        raise Failed("the file that was read is not the one that was written")
