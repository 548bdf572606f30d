"""Clients that treat a bucket as files: the AWS CLI, Mountpoint's client, rclone and file systems,
each with what was handed over."""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...handover import formats, render
from ...handover.model import Machine
from ..check import Failed, NotPromised, NotTried, Refused, allowed, refused
from ..clients import needed
from ..tunnel import tunnel
from . import ClientChecks

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
    file.write(b"check")
    file.close()
if "read" in verbs:
    listed = [each.key for page in s3.list_objects(bucket, prefix=key) for each in page.object_info]
    assert listed == [key], "the file was not listed"
    assert b"".join(s3.get_object(bucket, key)) == b"check", "another file was read"
if "delete" in verbs:
    s3.delete_object(bucket, key)
"""


class FileChecks(ClientChecks):
    """What is promised to whoever mounts a bucket or copies files with a command line."""

    # --- allowed ---

    @allowed("aws s3 ls and sync show and fetch the files")
    def fetch(self) -> None:
        key = self._file()
        if self._name not in self._tools.aws("s3", "ls", f"s3://{self._bucket}/{key}"):
            raise Failed("the file was not listed")
        self._tools.aws(
            "s3", "sync", f"s3://{self._bucket}/{self._place.prefix}", "here",
            "--exclude", "*", "--include", f"*{self._name}",
        )  # fmt: skip
        self._same((self._tools.home / "here" / self._name).read_bytes())

    @allowed("aws s3 cp writes a file")
    def copy(self) -> None:
        if not self._can("write"):
            raise NotPromised
        self._copy()

    @allowed("aws s3 rm removes a file")
    def remove(self) -> None:
        if not self._can("delete"):
            raise NotPromised
        self._remove()

    @allowed("Mountpoint's client does what the mount allows")
    def mountpoint(self) -> None:
        if not self._can("write"):
            self._file()
        verbs = [verb for verb in ("read", "write", "delete") if self._can(verb)]
        self._mountpoint(" ".join(verbs))

    @allowed("mount-s3, as handed over, shows the file")
    def mount(self) -> None:
        self._needs("mount-s3")
        self._file()
        target = self._subject.target
        with tunnel_to(target.endpoint, target.ca_bundle) as at:
            words = shlex.split(render(self._subject.handover, "mount", self._holder))
            mounted_at = formats.directory(self._subject.handover)
            words[words.index(mounted_at)] = str(self._tools.home / "mnt")
            if at and "--endpoint-url" not in words:
                words += ["--endpoint-url", at, "--force-path-style"]
            self._mounted(*words, **self._for_mountpoint)

    @allowed("s3fs-fuse shows the file")
    def fuse(self) -> None:
        self._needs("s3fs")
        if self._keys.session_token:
            raise NotPromised
        if self._place.prefix:
            raise NotTried("s3fs-fuse lists the whole bucket before it mounts (its issue 2129)")
        self._file()
        passwords = self._tools.home / "passwd-s3fs"
        passwords.touch(mode=0o600)
        passwords.write_text(f"{self._keys.access_key_id}:{self._keys.secret_access_key}\n")
        url = self._subject.target.endpoint or f"https://s3.{self._region}.amazonaws.com"
        options = (
            f"passwd_file={passwords},url={url},endpoint={self._region},"
            "use_path_request_style,sigv4"
        )
        authority = self._subject.target.ca_bundle
        trust = {"CURL_CA_BUNDLE": authority} if authority else {}
        self._mounted("s3fs", self._bucket, str(self._tools.home / "mnt"), "-o", options, **trust)

    @allowed("rclone reads the file")
    def rclone(self) -> None:
        self._needs("rclone")
        key, endpoint = self._file(), self._subject.target.endpoint
        variables = {
            "AWS_CA_BUNDLE": "",  # rclone takes it for a client's certificate
            "RCLONE_CONFIG_IT_TYPE": "s3",
            "RCLONE_CONFIG_IT_PROVIDER": "Other" if endpoint else "AWS",
            "RCLONE_CONFIG_IT_ACCESS_KEY_ID": self._keys.access_key_id,
            "RCLONE_CONFIG_IT_SECRET_ACCESS_KEY": self._keys.secret_access_key,
            "RCLONE_CONFIG_IT_SESSION_TOKEN": self._keys.session_token,
            "RCLONE_CONFIG_IT_REGION": self._region,
            "RCLONE_CONFIG_IT_ENDPOINT": endpoint or "",
            "RCLONE_CONFIG_IT_FORCE_PATH_STYLE": "true" if endpoint else "",
            "RCLONE_CA_CERT": self._subject.target.ca_bundle or "",
            "RCLONE_RETRIES": "1",
            "RCLONE_LOW_LEVEL_RETRIES": "2",
        }
        read = self._tools.program("rclone", "cat", f"it:{self._bucket}/{key}", **variables)
        self._same(read.encode())

    @allowed("s3fs (Python) lists and reads the file")
    def filesystem(self) -> None:
        read_by_s3fs(self, self._file())

    # --- refused ---

    @refused("aws s3 cp, where the mount is read-only")
    def no_copy(self) -> None:
        if self._can("write"):
            raise NotPromised
        self._copy()

    @refused("aws s3 rm, where the mount does not delete")
    def no_remove(self) -> None:
        if self._can("delete"):
            raise NotPromised
        self._remove()

    @refused("Mountpoint's client, doing more than the mount allows", "AccessDenied", "Forbidden")
    def no_more(self) -> None:
        if self._can("delete"):
            raise NotPromised
        self._file()
        self._mountpoint("delete" if self._can("write") else "write")

    # --- how ---

    @property
    def _for_mountpoint(self) -> dict[str, str]:
        """Mountpoint looks for a machine's metadata at one address only: what an embedded machine
        has, it gets as variables."""
        how = self._subject.handover.holders[self._holder].how
        if not isinstance(how, Machine) or not self._subject.target.metadata:
            return {}
        return {
            "AWS_ACCESS_KEY_ID": self._keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._keys.secret_access_key,
            "AWS_SESSION_TOKEN": self._keys.session_token,
        }

    def _copy(self) -> None:
        key = f"{self._place.prefix}{self._name}"
        (self._tools.home / "file").write_bytes(b"check")
        self._subject.wrote(key)
        self._tools.aws("s3", "cp", "file", f"s3://{self._bucket}/{key}")

    def _remove(self) -> None:
        self._tools.aws("s3", "rm", f"s3://{self._bucket}/{self._file()}")

    def _mountpoint(self, verbs: str) -> None:
        key = f"{self._place.prefix}{self._name}"
        self._subject.wrote(key)
        target = self._subject.target
        with tunnel_to(target.endpoint, target.ca_bundle) as endpoint:
            path_style = "yes" if endpoint else "no"
            self._tools.python(
                "s3torchconnectorclient", _MOUNTPOINT, self._region, endpoint, path_style,
                self._bucket, key, verbs, **self._for_mountpoint,
            )  # fmt: skip

    def _needs(self, program: str) -> None:
        if shutil.which(program) is None:
            raise NotTried(f"{program} is not installed here")
        if program != "rclone" and not os.access("/dev/fuse", os.W_OK):
            raise NotTried("there is no FUSE here")

    def _mounted(self, *command: str, **variables: str) -> None:
        """Mount, read the file, and unmount again."""
        mount = self._tools.home / "mnt"
        mount.mkdir()
        try:
            self._tools.program(*command, **variables)
            self._same((mount / self._name).read_bytes())
        except OSError as error:
            raise Failed(f"the mounted directory said: {error.strerror}") from None
        finally:
            with suppress(Refused, Failed, NotTried):
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


def read_by_s3fs(checks: ClientChecks, key: str) -> None:
    """List and read one file with s3fs.

    Raises Failed where it is not as it was written, NotTried where s3fs is not installed.
    """
    needed("s3fs")
    import s3fs

    subject = checks._subject  # noqa: SLF001 of our own base class
    keys = checks._keys  # noqa: SLF001
    files = s3fs.S3FileSystem(
        key=keys.access_key_id,
        secret=keys.secret_access_key,
        token=keys.session_token or None,
        endpoint_url=subject.target.endpoint,
        client_kwargs={"region_name": subject.region, "verify": subject.target.ca_bundle},
        config_kwargs={"s3": {"addressing_style": "path"}} if subject.target.compatible else {},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    path = f"{subject.bucket}/{key}"
    if path not in files.ls(str(Path(path).parent)):
        raise Failed("the file was not listed")
    if files.cat(path) != b"check":
        raise Failed("the file that was read is not the one that was written")
