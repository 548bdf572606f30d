"""The steps of a rotation, each of which is safe to stop after, and to take again.

    keys: [old]                       ->  keys: [old, new]       what to paste is shown
    keys: [old, new]                  ->  inactive: [old]        once nobody uses the old one
    keys: [old, new], inactive: [old] ->  keys: [new]            once it was still not used

Where it stands is what the environment's file says; nothing is kept beside it. Between any two
steps a key works, and there are never more than two, which is what IAM and Swift have room for.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

from ..checks import Bystanders, Target, run_checks
from ..checks.report import exit_code, summary
from ..handover import render
from ..handover.model import Handover, Key, TempUrls

_KNOWN_WITHIN = 60  # seconds until every part of AWS knows a new key
_AGAIN = 3  # seconds between two tries


class Program(Protocol):
    """A deployed program, as far as a rotation goes."""

    def settings(self) -> Mapping[str, Any]:
        """The project's settings, as the environment's file has them."""

    def change(self, **settings: list[str] | None) -> None:
        """Write some of them into the file; None takes one out."""

    def up(self) -> None:
        """Make it so. Raises ValueError where that does not succeed."""

    def handover(self) -> Handover:
        """What the project hands over now."""


@dataclass(frozen=True)
class Rotation:
    """One project's, with whom it asks."""

    program: Program
    target: Target
    deployer: Key | None
    """Whose keys ask IAM when a key was used; without, those of the machine."""
    tell: Callable[[str], object]
    quiet: timedelta = timedelta(hours=24)
    """How long a key must not have been used. IAM itself tells of a use hours later."""
    wait: Callable[[float], object] = time.sleep
    bystanders: Bystanders | None = None

    def step(self) -> int:
        """Take the next step; returns 0 where it was taken, 1 where the new key does not do what
        was promised. Raises ValueError where it cannot be taken (yet); nothing was changed then.
        """
        before = self.program.handover()
        holders = _rotating(before)
        given = self.program.settings()
        old, *newer = map(str, given.get("keys") or ["key"])
        if not newer:
            self.program.change(keys=[old, _new_name(old)])
        # Where the step before was written and never made so, that comes first, too.
        code, after = self._apply(holders)
        if code or after.holders != before.holders:
            return code or self._paste(after, holders)
        if not newer:
            raise ValueError("the same key is handed over as before: did 'pulumi up' make another?")
        self._see_unused(after, holders)
        if given.get("inactive") or _is_swift(after):
            self.program.change(keys=newer, inactive=None)
            self.tell(f"key '{old}' goes")
        else:
            self.program.change(inactive=[old])
            self.tell(
                f"key '{old}' is switched off; if somebody misses it take 'inactive' out of the "
                "environment's file and run 'pulumi up'"
            )
        return self._apply(holders)[0]

    def _apply(self, holders: Sequence[str]) -> tuple[int, Handover]:
        """Make the file's word so, and try what is handed over then."""
        self.program.up()
        handover = self.program.handover()
        for holder in holders:
            self._see_known(handover, holder)
        results = run_checks({handover.project: handover}, self.target, self.bystanders)
        self.tell(summary(results))
        broken = exit_code(results) == 1
        if broken:
            self.tell("the key that is handed over does not do what was promised; see 'check'")
        return int(broken), handover

    def _paste(self, handover: Handover, holders: Sequence[str]) -> int:
        """Show what is new in what is handed over."""
        for holder in holders:
            self.tell(render(handover, "form", holder))
        self.tell("paste this, and run the same command again once nothing uses the old key")
        return 0

    def _see_known(self, handover: Handover, holder: str) -> None:
        """Wait until the cloud knows the key: IAM is told of it, and tells everybody."""
        how = handover.holders[holder].how
        if not isinstance(how, Key):
            return
        sts = self.target.client("sts", _region(handover), how)
        for left in range(_KNOWN_WITHIN // _AGAIN, -1, -1):
            try:
                sts.get_caller_identity()
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidClientTokenId" or not left:
                    raise ValueError(f"the key of {holder} does not work: {error}") from None
                self.wait(_AGAIN)
            else:
                return

    def _see_unused(self, handover: Handover, holders: Sequence[str]) -> None:
        """Raise ValueError while somebody uses a key that would go, or may."""
        if not self.quiet:
            return
        if _is_swift(handover):
            raise ValueError(
                "Swift does not tell whether the old key is still used: once the new one is "
                "pasted, and what was signed with the old one is over, say so with --now"
            )
        iam = self.target.client("iam", _region(handover), self.deployer)
        now = datetime.now(UTC)
        for holder in holders:
            how = handover.holders[holder].how
            assert isinstance(how, Key)  # noqa: S101 as `_rotating` found them
            user = iam.get_access_key_last_used(AccessKeyId=how.access_key_id)["UserName"]
            for each in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                found = iam.get_access_key_last_used(AccessKeyId=each["AccessKeyId"])
                used = found["AccessKeyLastUsed"].get("LastUsedDate")
                if each["AccessKeyId"] == how.access_key_id:
                    # Whoever has not yet come by since it is there may still come with the old one.
                    what, since = "is there since", each["CreateDate"]
                else:
                    what, since = "was used at", used
                if since and now - since < self.quiet:
                    raise ValueError(
                        f"the key {each['AccessKeyId']} of {user} {what} {since:%Y-%m-%d %H:%M} "
                        f"UTC: the old one goes when nothing uses it for "
                        f"{self.quiet / timedelta(hours=1):g} hours; run the same command again "
                        "then, or with --now if all has moved over; what to paste is told by "
                        f"'object-access handover {handover.project}'"
                    )


def _rotating(handover: Handover) -> list[str]:
    """The holders whose keys are made anew. Raises ValueError where there are none."""
    found = [
        name for name, each in handover.holders.items() if isinstance(each.how, Key | TempUrls)
    ]
    if not found:
        ways = ", ".join(sorted({each.how.TAG for each in handover.holders.values()}))
        raise ValueError(
            f"{handover.project} has no key to rotate, but {ways}: roles, machines and jobs have "
            "none, a profile's are its operator's, and a credential's successor is another holder"
        )
    return found


def _is_swift(handover: Handover) -> bool:
    return any(isinstance(each.how, TempUrls) for each in handover.holders.values())


def _region(handover: Handover) -> str:
    return str(getattr(handover.where, "region", "us-east-1"))


def _new_name(old: str) -> str:
    """The day, which also tells how old the key is."""
    now = datetime.now(UTC)
    day = f"{now:%Y-%m-%d}"
    return f"{day}-{now:%H%M%S}" if old.startswith(day) else day
