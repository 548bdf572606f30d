"""A command, run to its end or until Ctrl-C: the first time as the user's own, again in copies of
its folder as that was before."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from types import FrameType
from typing import IO, Any

from .store import Store

MOST_FILES, MOST_BYTES = 5_000, 200_000_000
"""The largest folder of which copies are made."""
PATIENCE = 5
"""Seconds that a command may take without a verb, beyond twice the time that it took with it; and
that one may take to end after Ctrl-C."""
_SHOWN, _LAST = 5, 20_000  # of the last lines that a replay said; bytes that are looked at
_MARK = "OBJECT_ACCESS_RUN"  # a variable by which the processes of one run are known
_ROOTS = (".git", ".dvc", ".hg")


@dataclass(frozen=True)
class Command:
    """Words to run, and where."""

    words: tuple[str, ...]
    folder: str
    stops_after: float = 0
    """Seconds after which it is interrupted, of a command that runs until Ctrl-C; 0 is never."""

    @property
    def program(self) -> str:
        """What is run."""
        return Path(self.words[0]).name

    @property
    def name(self) -> str:
        """What it may be called where anybody reads it: its arguments may be secrets."""
        program = self.program
        plain = takewhile(lambda each: not each.startswith("-"), self.words[1:])
        verb = next(filter(str.isalpha, plain), "")  # what follows an option may be its value
        shell = program in ("sh", "bash", "zsh") or program.startswith("python")
        return program if shell or not verb else f"{program} {verb}"

    def data(self) -> dict[str, Any]:
        """It as plain data, arguments included."""
        return {"words": list(self.words), "folder": self.folder, "stops_after": self.stops_after}


@dataclass
class Folder:
    """The folder of a command as it was before the first run: each replay has a copy of its own."""

    path: Path
    root: Path
    kept: Path | None
    """Where the copy is; None for one that is too large, that cannot be read in whole, or that is
    the machine's or the user's own."""

    @classmethod
    def keep(cls, path: Path, into: Path) -> "Folder":
        """Copy the folder, or the repository that it is in."""
        above = [each for each in (path, *path.parents) if any((each / r).exists() for r in _ROOTS)]
        root = above[0] if above else path
        if root in (Path.home(), Path(root.anchor)) or not _is_small(root):
            return cls(path, path, None)
        kept = into / "before"
        try:
            _copy(root, kept)
        except OSError:
            shutil.rmtree(kept, ignore_errors=True)
            return cls(path, path, None)
        return cls(path, root, kept)

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """The folder in which a replay runs."""
        if self.kept is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(
            prefix="object-access-record-", ignore_cleanup_errors=True
        ) as name:
            copy = Path(name) / self.root.name
            _copy(self.kept, copy)
            try:
                yield copy / self.path.relative_to(self.root)
            finally:
                _unmount(name)


def _is_small(root: Path) -> bool:
    files = size = 0
    for folder, _, listed in os.walk(root):
        files += len(listed)
        for name in listed:
            with suppress(OSError):
                size += (Path(folder) / name).lstat().st_size
        if files > MOST_FILES or size > MOST_BYTES:
            return False
    return True


def _copy(root: Path, to: Path) -> None:
    def special(folder: str, listed: list[str]) -> set[str]:
        """Sockets and pipes, which cannot be copied."""
        found = set()
        for name in listed:
            mode = (Path(folder) / name).lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                found.add(name)
        return found

    shutil.copytree(root, to, symlinks=True, ignore=special)


def _unmount(folder: str) -> None:
    """Take away what a command mounted there and left: to remove the folder would remove that."""
    mounts, program = Path("/proc/self/mounts"), shutil.which("fusermount")
    mounted = mounts.read_text().splitlines() if program and mounts.exists() else []
    for each in (line.split()[1] for line in mounted):
        if program and each.startswith(f"{folder}/"):
            subprocess.run([program, "-uz", each], check=False, capture_output=True)


def first(store: Store, command: Command) -> tuple[int, float, bool, bool]:
    """Run it with our own input and output. Gives its exit code, the seconds that it took, whether
    Ctrl-C ended it (then it got that signal, too, and we go on), and whether it left processes.

    Raises ValueError where it cannot be started.
    """
    interrupted, mark = False, token_hex(16)
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        # At a terminal every process in the foreground gets Ctrl-C by itself.
        if child and not (number == signal.SIGINT and _in_foreground()):
            child.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    began = time.monotonic()
    try:
        child = _start(store, command, command.folder, mark)
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code, time.monotonic() - began, interrupted, bool(_marked(mark))


def again(store: Store, command: Command, folder: Path, limit: float) -> tuple[int | None, str]:
    """Run it once more, unseen, for so many seconds at most. Gives its exit code, None where it
    had to be ended, and the last lines that it said."""
    _rewind()
    mark = token_hex(16)
    with tempfile.TemporaryFile() as said:
        child = _start(
            store,
            command,
            str(folder),
            mark,
            stdin=sys.stdin.fileno() if _is_file() else subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None
        try:
            # Twice as long, for a machine that is busier than it was.
            stops = 2 * command.stops_after + 1 if command.stops_after else limit
            code = child.wait(stops)
        except subprocess.TimeoutExpired:
            code = _end(child) if command.stops_after else None
        finally:  # also where Ctrl-C ends us, of which a session of its own hears nothing
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # with all that it started
            child.wait()
            for each in _marked(mark):  # such as left that session; it would ask in the next replay
                with suppress(OSError):
                    os.kill(each, signal.SIGKILL)
        return code, _last_lines(said)


def _marked(mark: str) -> list[int]:
    """The processes of one run, also in sessions of their own, where the machine tells what each
    was given."""
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{_MARK}={mark}".encode() in each.read_bytes():
                found.append(int(each.parent.name))
    return found


def _last_lines(said: IO[bytes]) -> str:
    """The end of what was said: whole lines, for half a secret would not be known as one."""
    start = max(0, said.seek(0, os.SEEK_END) - _LAST)
    said.seek(start)
    lines = said.read().decode(errors="replace").splitlines()[1 if start else 0 :]
    return "\n".join(lines[-_SHOWN:])


def _end(child: "subprocess.Popen[bytes]") -> int | None:
    os.killpg(child.pid, signal.SIGINT)
    try:
        return child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return None


def _start(
    store: Store, command: Command, folder: str, mark: str, **options: Any
) -> "subprocess.Popen[bytes]":
    words = [each.replace("{endpoint}", store.endpoint) for each in command.words]
    variables = {**store.environment(), "PWD": folder, _MARK: mark}
    try:
        return subprocess.Popen(words, cwd=folder, env=variables, **options)
    except FileNotFoundError:
        raise ValueError(f"'{words[0]}' is no command that is found here") from None
    except OSError as error:
        raise ValueError(f"'{words[0]}' cannot be run: {error.strerror}") from None


def _in_foreground() -> bool:
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _is_file() -> bool:
    """Whether our standard input is a file, which can be read again."""
    return stat.S_ISREG(_input())


def is_a_pipe() -> bool:
    """Whether our standard input is a pipe, which can be read only once."""
    return stat.S_ISFIFO(_input()) or stat.S_ISSOCK(_input())


def _input() -> int:
    try:
        return os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return 0


def _rewind() -> None:
    if _is_file():
        os.lseek(sys.stdin.fileno(), 0, os.SEEK_SET)
