"""What actions are worth to somebody who means ill: in which group a reader is told of them."""

from collections.abc import Iterable, Mapping, Sequence

from ..policies.reference import actions
from .queries import ADMINISTER, LISTING, OBJECTS

# Who writes in parts asks for these, too.
_PARTS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
IN_VERBS = frozenset((*LISTING, *ADMINISTER, *_PARTS)).union(*OBJECTS.values())
"""What the verbs of a report stand for."""

# By these one comes to more than one was given, so that they are told first.
_SERVICES = ("iam:", "sts:", "kms:")
ESCALATION = "escalation"
_GROUPS = (ESCALATION, "writes", "tags", "reads", "lists", "unknown to AWS's reference")
_LEVELS = {"Permissions management": 0, "Write": 1, "Tagging": 2, "Read": 3, "List": 4}
_FEW = 4  # actions of a group that are named


def rank(action: str) -> int:
    """The number of an action's group: the lowest is the riskiest."""
    found = actions().get(action.lower())
    if action.lower().startswith(_SERVICES):
        return _LEVELS[found.level] if found and found.level in ("Read", "List") else 0
    return _LEVELS[found.level] if found else len(_GROUPS) - 1


def escalates(names: Iterable[str]) -> bool:
    """Whether one of the actions leads to more than itself."""
    return any(rank(name) == 0 for name in names)


def by_risk(names: Iterable[str]) -> dict[str, list[str]]:
    """Actions by the group in which a reader is told of them, the riskiest group first."""
    found: dict[int, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(rank(name), []).append(name)
    return {_GROUPS[number]: listed for number, listed in sorted(found.items())}


def told(groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Each group in words, with a few of its actions."""
    return [
        f"{group}: {', '.join(listed[:_FEW])}"
        + (f" and {len(listed) - _FEW} more" if len(listed) > _FEW else "")
        for group, listed in groups.items()
    ]


def grouped(names: Iterable[str]) -> str:
    """Actions in words, the riskiest group first, of each a few."""
    return "; ".join(told(by_risk(names)))
