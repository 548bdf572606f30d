"""From one state of the project to another: what is done on the way, and whether the promises that
both make hold all the while."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..checks import Bystanders, Result, Target, run_checks
from ..checks.check import Promise, State
from ..handover import Handover, fields
from .provider import Change

_Key = tuple[str, str]
_Results = Mapping[_Key, Result]


@dataclass(frozen=True)
class Broken:
    """A promise of both states that did not hold for a while."""

    result: Result
    """What came of trying it then, with what was handed over before."""
    after: Change
    """The change after which it did not hold."""
    until: Change | None
    """The change after which it held again; None where none did."""

    @property
    def moment(self) -> str:
        """Whose it is, and when."""
        until = f"until {self.until}" if self.until else "and not again with what they have"
        return f"{self.result.project}: after {self.after}, {until}"


@dataclass(frozen=True)
class Passage:
    """What came of the way."""

    since: str
    """The git ref that it began at."""
    changes: list[Change]
    """Everything that was done, in order."""
    again: Mapping[str, list[str]]
    """What has other values now, and must be pasted again: labels by project."""
    gone: list[str]
    """Projects that are not handed over any more."""
    promises: int
    """How many both states make, and kept before."""
    broken: list[Broken]

    def steps(self) -> dict[tuple[str, str], str]:
        """What was done with each resource, by its type and name."""
        done: dict[tuple[str, str], set[str]] = {}
        for each in self.changes:
            done.setdefault((each.type, each.name), set()).add(each.verb)
        return {
            thing: "replaced" if {"created", "deleted"} <= verbs else min(verbs)
            for thing, verbs in done.items()
        }

    def lines(self) -> list[str]:
        """It in words, the worst first."""
        steps = self.steps()
        moments: dict[str, list[Result]] = {}
        for each in self.broken:
            moments.setdefault(each.moment, []).append(each.result)
        told = [
            f"broken: {moment}: {len(own)} promised, first {own[0].name}: {own[0].answer}"
            for moment, own in moments.items()
        ]
        told += [f"paste again: {name}: {', '.join(own)}" for name, own in self.again.items()]
        told += [f"not handed over any more: {name}" for name in self.gone]
        for verb in ("deleted", "replaced", "updated", "created"):
            told += [
                f"{verb}: {name} ({kind})" for (kind, name), did in steps.items() if did == verb
            ]
        held = self.promises - len(self.broken)
        told.append(
            f"{held} of {self.promises} promises that both make held after each of "
            f"{len(self.changes)} changes"
        )
        return told

    def data(self) -> dict[str, Any]:
        """It for JSON."""
        return {
            "since": self.since,
            "told": self.lines(),
            "changes": [
                {"step": step, "type": kind, "name": name}
                for (kind, name), step in self.steps().items()
            ],
            "paste_again": {name: list(labels) for name, labels in self.again.items()},
            "gone": self.gone,
            "promises": self.promises,
            "broken": [
                {
                    "project": each.result.project,
                    "check": each.result.name,
                    "promise": each.result.promise.value,
                    "answer": each.result.answer,
                    "after": str(each.after),
                    "until": str(each.until) if each.until else None,
                }
                for each in self.broken
            ],
        }


@dataclass
class Walk:
    """A way that is being gone: who has the hand-overs of before tries them after each change."""

    handed: Mapping[str, Handover]
    """What was handed over before, of the projects that are there in both states."""
    others: Bystanders
    target: Target
    before: _Results = field(default_factory=dict)
    moments: list[tuple[Change, _Results]] = field(default_factory=list)

    def begin(self) -> None:
        """Try everything before the first change."""
        self.before = self._tried()

    def step(self, change: Change) -> None:
        """Try everything after a change."""
        self.moments.append((change, self._tried()))

    def _tried(self) -> _Results:
        results = run_checks(self.handed, self.target, self.others)
        return {(each.project, each.name): each for each in results}

    def end(
        self, since: str, now: Mapping[str, Handover], gone: list[str], results: list[Result]
    ) -> Passage:
        """What came of it, when these are handed over now, with these results."""
        kept = {(each.project, each.name) for each in results if each.state is not State.NOT_TRIED}
        both = [
            key for key, each in self.before.items() if each.state is State.PASSED and key in kept
        ]
        found = [broken for key in both if (broken := self._broken(key))]
        again = {
            name: labels
            for name, handover in self.handed.items()
            if (labels := _others(handover, now[name]))
        }
        changes = [change for change, _ in self.moments]
        return Passage(since, changes, again, gone, len(both), found)

    def _broken(self, key: _Key) -> Broken | None:
        failed = [
            number
            for number, (_, results) in enumerate(self.moments)
            if key in results and _is_broken(results[key])
        ]
        if not failed:
            return None
        first = failed[0]
        after, results = self.moments[first]
        later = (
            change
            for change, found in self.moments[first + 1 :]
            if key in found and not _is_broken(found[key])
        )
        return Broken(results[key], after, next(later, None))


def _is_broken(result: Result) -> bool:
    """Somebody who does not even get in any more is refused what they must be."""
    opened = result.promise is Promise.ALLOWED or result.answer.endswith("allowed")
    return result.state is State.FAILED and opened


def _others(before: Handover, now: Handover) -> list[str]:
    """The labels whose values are others now, or new."""
    had = {each.label: each.value for each in fields(before)}
    return [each.label for each in fields(now) if had.get(each.label) != each.value]
