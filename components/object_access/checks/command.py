"""`object-access check`: try a hand-over where it points, on a real cloud too."""

import json
import sys

from rich.console import Console

from ..handover import source
from ..names import check_endpoint
from . import Others, Target, report, run_checks

FORMATS = ("table", "json", "markdown")


def run(
    project: str,
    file: str,
    stack: str,
    endpoint: str,
    ca_bundle: str,
    profile: str,
    shape: str,
) -> int:
    """Check a project; returns the exit code: 0 where every check is as promised, 1 where one is
    not, 2 where that cannot be tried."""
    talk = Console(stderr=True, highlight=False)
    try:
        _check_format(shape)
        if endpoint:
            check_endpoint(endpoint)
        handover = dict(source.pick(source.load(file, stack), project))
        others = Others()
        if handover["kind"] == "kopah":
            handover |= {"endpoint": endpoint} if endpoint else {}
            handover = dict(source.with_keys(handover, profile))
        elif profile:
            keys = source.with_keys({}, profile)
            others = Others(accounts={str(handover.get("account", "")): dict(keys)})
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    target = Target(endpoint=endpoint or None, ca_bundle=ca_bundle or None)
    with talk.status("trying") as status:
        results = run_checks(
            {project: handover}, target, others, lambda result: status.update(f"{result}")
        )
    if shape == "json":
        print(json.dumps(report.data(results), indent=2, ensure_ascii=False))
    elif shape == "markdown":
        print(report.markdown(results))
    else:
        Console().print(report.table(results))
    talk.print(report.summary(results))
    return 0 if report.all_as_promised(results) else 1


def _check_format(shape: str) -> None:
    if shape not in FORMATS:
        raise ValueError(f"format '{shape}' is unknown, use one of {', '.join(FORMATS)}")
