"""`object-access record`: from what was asked for to what is printed."""

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import names
from . import compare, say
from .loop import LONGEST, Loop, Played
from .places import label
from .run import Command, Folder, first, is_a_pipe
from .say import Recorded
from .store import Store
from .surroundings import write_private


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    words: tuple[str, ...]
    """The command; none serves the store until Ctrl-C."""
    bucket: str = ""
    kind: str = "s3"
    name: str = ""
    seed: Path | None = None
    places: tuple[str, ...] = ()
    append: Path | None = None
    replay: bool = True
    http: bool = False
    shape: str = "project"
    output: Path | None = None


def run(wish: Wish, given: Callable[[], Any] | None = None) -> int:
    """Record, prove and print; returns the exit code: 0 where the access is proven, or that was
    not wanted; 1 where it is not, the command failed, or a given project lacks something; 2 where
    nothing was asked of the store.

    `given` finds the project to compare with. Raises ValueError for what cannot be done.
    """
    began = time.monotonic()
    talk = Console(stderr=True, highlight=False)
    wanted = _check(wish)
    project = given() if given else None
    earlier = _earlier(wish)
    with (
        tempfile.TemporaryDirectory(prefix="object-access-record-") as name,
        _store(wish, earlier).open(Path(name), http=wish.http) as store,
    ):
        recording = _Recording(wish, store, Path(name), talk)
        played = recording.first(earlier.commands)
        failed = recording.failed(played)
        if not played.exchanges:
            _tell(talk, _nothing(store, failed), "red")
            return 2
        recorded = recording.generalised(played, wanted)
        if failed:
            _lines(talk, say.lines(recorded))
            _tell(talk, f"the command ended with exit code {failed}: this is what it asked until "
                  "then, and no project is made of it", "red")  # fmt: skip
            return 1
        if wish.words and wish.replay:
            recorded = recording.proven(recorded, played, wanted)
        else:
            _tell(talk, "nothing was replayed, so nothing is proven", "yellow")
        for each in wanted:
            if not any(place.prefix == each for place in recorded.places.values()):
                _tell(talk, f"nothing was asked at --place {each or '/'}", "yellow")
        _lines(talk, say.lines(recorded))
        if wish.append:
            write_private(wish.append, _Earlier(wish.kind, store.name, recording.commands).text())
        text = say.SHAPES[wish.shape](recorded)
        if wish.output:
            write_private(wish.output, text)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()
        took = time.monotonic() - began
        beside = took - recording.spent
        _tell(talk, f"after {took:.1f} s, {beside:.1f} s beside the command's own", "dim")
        lacking = project is not None and _compared(talk, store, recorded, project)
    return 1 if lacking or (recorded.proof and not recorded.proof.holds) else 0


def _check(wish: Wish) -> tuple[str, ...]:
    """The places that are wanted. Raises ValueError for what is wrong with the wish."""
    if wish.bucket:
        check = names.check_container_name if wish.kind == "swift" else names.check_bucket_name
        check(wish.bucket)
    if wish.seed and not wish.seed.is_dir():
        raise ValueError(f"seed '{wish.seed}' is no folder, name one whose files are put there")
    if wish.kind == "swift" and wish.shape == "iam":
        raise ValueError("Swift has no IAM, use project, consumer or json")
    if wish.name:
        names.check_label("project", wish.name)
    for path in (wish.append, wish.output):
        if path and (path.is_dir() or not os.access(path.parent, os.W_OK)):
            raise ValueError(f"'{path}' cannot be written, name a file in a folder that is there")
    return tuple("" if each == "/" else names.check_prefix(each) for each in wish.places)


def _store(wish: Wish, earlier: "_Earlier") -> Store:
    name = wish.bucket or earlier.bucket
    if wish.kind == "s3":
        from .aws import AwsStore

        return AwsStore(name, wish.seed)
    if wish.kind == "compatible":
        from .compatible import CompatibleStore

        return CompatibleStore(name, wish.seed)
    from .swift import SwiftStore

    return SwiftStore(name, wish.seed)


# --- commands of earlier recordings ---


@dataclass(frozen=True)
class _Earlier:
    """What `--append` keeps: the commands alone, for everything else is found again."""

    kind: str
    bucket: str = ""
    commands: tuple[Command, ...] = ()

    def text(self) -> str:
        told = {"kind": self.kind, "bucket": self.bucket, "commands": self.commands}
        return json.dumps(told, default=lambda each: each.data(), indent=2) + "\n"


def _earlier(wish: Wish) -> _Earlier:
    if wish.append is None or not wish.append.exists():
        return _Earlier(wish.kind)
    try:
        told = json.loads(wish.append.read_text())
        commands = tuple(
            Command(_words(each["words"]), _text(each["folder"]), float(each["stops_after"]))
            for each in told["commands"]
        )
        earlier = _Earlier(_text(told["kind"]), _text(told["bucket"]), commands)
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{wish.append} is no record to append to, name a file that is not there yet"
        ) from None
    if earlier.kind != wish.kind:
        raise ValueError(f"{wish.append} is a record of {earlier.kind}, not of {wish.kind}")
    for each in commands:
        if not Path(each.folder).is_dir():
            raise ValueError(
                f"{wish.append} has a command of the folder {each.folder}, which is not there"
            )
    return earlier


def _words(given: Any) -> tuple[str, ...]:
    if not given or not isinstance(given, list):
        raise TypeError
    return tuple(map(_text, given))


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


# --- the steps ---


class _Recording:
    """One recording, on a store that is open."""

    def __init__(self, wish: Wish, store: Store, folder: Path, talk: Console):
        self._wish, self._store, self._folder, self._talk = wish, store, folder, talk
        self.commands: tuple[Command, ...] = ()
        self.spent = 0.0
        """Seconds that the commands took, in all runs."""
        self._kept: dict[Path, Folder] = {}

    def first(self, earlier: tuple[Command, ...]) -> Played:
        """Bring the store to where earlier commands left it, and run the new one, or wait."""
        wish, store = self._wish, self._store
        self.commands = earlier
        before = self._loop().play(None, [LONGEST] * len(earlier))
        if not wish.words:
            serve(store, self._folder, self._talk)
            code, took = 0, 0.0
        else:
            # As a shell names it, which may be by a link.
            here = os.environ.get("PWD", "")
            there = Path(here).is_dir() and Path(here).samefile(".")
            here = here if here and there else str(Path.cwd())
            command = Command(wish.words, here)
            self._keep(command)
            code, took, interrupted, left = first(store, command)
            if left:
                _tell(self._talk, "it left processes running: what they ask from now on is not "
                      "recorded, and may disturb the replays", "yellow")  # fmt: skip
            stops = took if interrupted else 0
            self.commands = (*earlier, replace(command, stops_after=stops))
        self.spent = sum(before.seconds) + took
        exchanges = (*before.exchanges, *store.heard.take())
        codes, seconds = (*before.codes, code), (*before.seconds, took)
        return Played(codes, exchanges, store.objects(), seconds)

    def failed(self, played: Played) -> int:
        """The exit code of a command that failed; 0 for none. Of one that Ctrl-C ended it says
        nothing."""
        ended = zip(self.commands, played.codes, strict=False)
        return next((code or 1 for each, code in ended if code != 0 and not each.stops_after), 0)

    def generalised(self, played: Played, wanted: tuple[str, ...]) -> Recorded:
        """What it comes to, in our words."""
        store = self._store
        asked = store.needed(played.exchanges)
        access = store.places_of(asked, wanted)
        name = self._wish.name or (label(self.commands[-1].program) if self.commands else "tool")
        told = dict.fromkeys(each.name for each in self.commands) or {"what was pointed here": None}
        return Recorded(
            name=" and ".join(told),
            label=name,
            where=store.settings(),
            holder=store.holder_of(access),
            exchanges=played.exchanges,
            asked=asked,
            places=access,
            beyond=store.not_covered(asked, access),
            policy=store.policy(access),
            codes=played.codes,
            pages=[each.page for each in played.exchanges if each.page],
        )

    def proven(self, recorded: Recorded, played: Played, wanted: tuple[str, ...]) -> Recorded:
        """The same after the replays, with what they found beside it."""
        with self._talk.status("") as status:
            loop = self._loop(status.update)
            proof = loop.prove(played, wanted, recorded.pages)
        self.spent += loop.spent
        if any(each.kept is None for each in self._kept.values()):
            _tell(self._talk, "the replays ran in the command's own folder, as the first run left "
                  "it: it is too large to copy, not to be read in whole, or your home",
                  "yellow")  # fmt: skip
        if is_a_pipe() and not (proof.holds and proof.contents):
            _tell(self._talk, "its input was a pipe, which can be read only once, so the replays "
                  "had none: give it a file", "yellow")  # fmt: skip
        return replace(
            recorded,
            places=proof.places,
            beyond=proof.beyond,
            holder=self._store.holder_of(proof.places),
            policy=self._store.policy(proof.places),
            proof=proof,
        )

    def _loop(self, watch: Callable[[str], None] = lambda _: None) -> Loop:
        folders = [self._keep(each) for each in self.commands]
        return Loop(self._store, self.commands, folders, watch)

    def _keep(self, command: Command) -> Folder:
        path = Path(command.folder)
        if path not in self._kept:
            self._kept[path] = Folder.keep(path, self._folder / str(len(self._kept)))
        return self._kept[path]


def serve(store: Store, folder: Path, talk: Console) -> None:
    """Say where the store is and wait for Ctrl-C. The variables, which hold a key, go into a file
    and not onto the screen."""
    file = folder / "variables"
    write_private(file, "".join(f"{name}={value}\n" for name, value in store.variables.items()))
    for line in (
        f"the store answers at {store.endpoint}; Ctrl-C ends it, and prints what was asked",
        f"  a shell:      set -a; . {file}; set +a",
        "  a container:  docker run --network host "
        f"--env-file {file} --volume {folder}:{folder}:ro IMAGE",
    ):
        talk.print(line, markup=False, soft_wrap=True)
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    stop.wait()
    for number, handler in before.items():
        signal.signal(number, handler)


def _nothing(store: Store, failed: int) -> str:
    ended = f"the command ended with exit code {failed}, and " if failed else ""
    return (
        f"{ended}nothing was asked of the store at {store.endpoint}: the command takes the address "
        "from somewhere else than the variables and files that it is given (AWS_ENDPOINT_URL, "
        "profiles, .s3cfg, rclone's, OS_AUTH_URL); give it in the command, where {endpoint} stands "
        "for it"
    )


def _compared(talk: Console, store: Store, recorded: Recorded, project: Any) -> bool:
    """Tell how a project compares; whether it lacks something."""
    given = compare.places_in(project)
    lacking = [*compare.lacks(store, recorded.asked, given)]
    too_much = [*compare.too_much(store, recorded.asked, given)]
    _tell(talk, f"beside the project '{project.name}':", "bold")
    _lines(talk, [f"  {each}" for each in (*lacking, *too_much)] or ["  it gives just that"])
    return bool(lacking)


def _tell(talk: Console, line: str, style: str) -> None:
    # A key may have any sign in it, also those that steer a terminal.
    plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
    talk.print(plain, style=style, markup=False, soft_wrap=True)


def _lines(talk: Console, lines: Iterable[str]) -> None:
    for line in lines:
        _tell(talk, line, "")
