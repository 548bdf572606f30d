"""The environments: files `stacks/environments/Pulumi.<environment>.yaml`."""

from typing import Any

import yaml

from .cloud import ROOT

FOLDER = ROOT / "stacks" / "environments"


def config_of(environment: str) -> dict[str, Any]:
    """The configuration that the environment's file sets.

    Raises ValueError for an environment that does not exist, or whose file is no YAML.
    """
    path = FOLDER / f"Pulumi.{environment}.yaml"
    shown = path.relative_to(ROOT)
    known = sorted(file.name.split(".")[1] for file in FOLDER.glob("Pulumi.*.yaml"))
    if environment not in known:
        raise ValueError(
            f"environment '{environment}' does not exist, there are {', '.join(known)}; "
            f"write {shown} for a new one"
        )
    try:
        config = (yaml.safe_load(path.read_text()) or {}).get("config") or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown}:{mark.line + 1}" if mark else shown
        raise ValueError(f"{where}: this is no YAML, correct it") from None
    return dict(config)
