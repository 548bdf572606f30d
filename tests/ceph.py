"""A real Ceph Object Gateway on loopback, as small as Ceph can be: one monitor, one OSD that keeps
its objects in memory, one gateway. It starts in a second and takes 130 MB."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from urllib.request import urlopen
from uuid import uuid4

PROGRAMS = (
    "monmaptool", "osdmaptool", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "setpriv",
)  # fmt: skip
PATIENCE = 60  # seconds, for a step that takes one

# The intervals are what Ceph waits before it asks again, seconds if left alone. The gateway asks the
# monitor for the secure mode, which needs keys, unless told "crc". The monitor would stop on a disk
# that is nearly full, and set 32 MiB of it aside at once.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
mon client hunt interval = 0.2
objecter tick interval = 0.2
paxos propose interval = 0.05
paxos min wait = 0.01

mon data = {folder}/mon
mon data avail crit = 0
mon rocksdb options = write_buffer_size=1048576
osd data = {folder}/osd
rgw data = {folder}
run dir = {folder}
crash dir = {folder}
admin socket =
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log

osd objectstore = memstore
mon allow pool size one = true
osd pool default size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
rgw rados pool pg num min = 1
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw thread pool size = 16
"""


def missing() -> str:
    """Which of the needed programs are not on PATH; "" if none."""
    return ", ".join(program for program in PROGRAMS if shutil.which(program) is None)


@contextmanager
def rados_gateway() -> Iterator[dict[str, Any]]:
    """Start it; gives its endpoint and the keys of a user, and of a user unrelated to that one as
    "other". It stops with the block, and when the thread that entered the block dies: the kernel
    kills what was started then. Raises RuntimeError where it does not start."""
    with TemporaryDirectory(prefix="ceph-") as name, ExitStack() as daemons:
        folder = Path(name)
        monitor, gateway = _free_ports(2)
        fsid = str(uuid4())
        (folder / "mon").mkdir()
        (folder / "osd").mkdir()
        (folder / "ceph.conf").write_text(
            CONFIGURATION.format(fsid=fsid, monitor=monitor, gateway=gateway, folder=folder)
        )
        ceph = _Ceph(folder, daemons)

        # The OSD stands in the first map already, so that none of Ceph's commands must enter it.
        where = f"[v2:127.0.0.1:{monitor}]"
        ceph.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", where, "monmap")
        ceph.run("osdmaptool", "--createsimple", "1", "osdmap")
        ceph.run("ceph-mon", "--id=a", "--mkfs", "--monmap=monmap", "--osdmap=osdmap")
        ceph.start("ceph-mon", "--id=a")
        ceph.run("ceph-osd", "--id=0", "--mkfs")
        ceph.start("ceph-osd", "--id=0")
        keys, other = ceph.user("somebody"), ceph.user("other")
        ceph.start("radosgw", "--name=client.rgw")
        endpoint = f"http://127.0.0.1:{gateway}"
        ceph.wait_for(endpoint)

        yield {"endpoint": endpoint, **keys, "other": other}


class _Ceph:
    """Ceph's programs, run in one folder with the configuration in it."""

    def __init__(self, folder: Path, daemons: ExitStack):
        self._daemons = daemons
        self._running: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], "CEPH_CONF": f"{folder}/ceph.conf"}

    def run(self, program: str, *arguments: str) -> str:
        """What the program prints."""
        try:
            with self._log(program) as log:
                return subprocess.run(
                    self._command(program, *arguments),
                    cwd=self._folder,
                    env=self._environment,
                    check=True,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    timeout=PATIENCE,
                ).stdout
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"{error}\n{self._logs()}") from error

    def start(self, program: str, *arguments: str) -> None:
        """Start a daemon. It has nothing to save: it is killed in the end."""
        with self._log(program) as log:
            daemon = subprocess.Popen(
                self._command(program, "--foreground", *arguments),
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._daemons.callback(daemon.wait)
        self._daemons.callback(daemon.kill)
        self._running.append(daemon)

    def user(self, name: str) -> dict[str, str]:
        """The keys of a new user."""
        made = self.run(
            "radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}"
        )
        (key,) = json.loads(made)["keys"]
        return {"access_key_id": key["access_key"], "secret_access_key": key["secret_key"]}

    def wait_for(self, endpoint: str) -> None:
        """Wait until the gateway answers."""
        deadline = time.monotonic() + PATIENCE
        while all(daemon.poll() is None for daemon in self._running):
            try:
                with urlopen(endpoint, timeout=PATIENCE):
                    return
            except OSError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"the gateway does not answer\n{self._logs()}")

    @staticmethod
    def _command(program: str, *arguments: str) -> list[str]:
        """The command that runs it until it ends, or this thread does."""
        alone = () if program.endswith("maptool") else ("--no-mon-config",)
        return ["setpriv", "--pdeathsig=KILL", program, *alone, *arguments]

    def _log(self, program: str) -> IO[bytes]:
        """Where the program may complain."""
        return (self._folder / f"{program}.log").open("ab")

    def _logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"{log.name}: {log.read_text(errors='replace')[-2000:]}"
            for log in sorted(self._folder.glob("*.log"))
        )


def _free_ports(number: int) -> list[int]:
    """Ports on loopback that nobody uses now."""
    with ExitStack() as sockets:
        taken = [
            sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)
        ]
        return [each.getsockname()[1] for each in taken]
