"""How the house is built: who may import whom, under one name."""

import ast
import gc
import json
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "components/object_access"
ROOMS = (
    "access", "checks", "handover", "policies", "record", "rehearsal", "rotation", "stores",
)  # fmt: skip
# Who -> which others it may import, of ours and of Pulumi's. What is not listed here is free:
# `cli.py` imports them all, the tests too.
ARROWS = {
    "components": {"policies", "names", "components", "pulumi"},
    "names": set(),
    "policies": {"policies", "names"},
    "workspace": set(),
    "handover": {"handover", "names"},
    "checks": {"checks", "handover", "policies", "names"},
    "rotation": {"rotation", "checks", "handover", "workspace"},
    "stores": {"stores", "policies", "names"},
    "access": {"access", "policies", "names", "workspace", "stacks", "pulumi"},
    "record": {"record", "stores", "checks", "handover", "policies", "names", "workspace"},
    "rehearsal": {
        "rehearsal", "stores", "checks", "handover", "access", "policies", "names", "workspace",
        "stacks", "pulumi",
    },
    "stacks": {"stacks", "components", "handover", "policies", "names", "workspace", "pulumi"},
    "guardrails": {"guardrails", "policies", "access", "names", "pulumi"},
}  # fmt: skip
FILES = sorted(
    each
    for folder in ("components", "stacks", "guardrails")
    for each in (ROOT / folder).rglob("*.py")
    if each.name not in ("cli.py", "__main__.py")
)


def room(module: str) -> str:
    """Which room of the house a module is in; nothing for what is not ours."""
    top, *rest = module.split(".")
    if top in ("stacks", "guardrails"):
        return top
    if top.startswith("pulumi"):
        return "pulumi"
    if top != "object_access":
        return ""
    own = rest[0] if rest else ""
    return own if own in (*ROOMS, "names", "workspace") else "components"


def imported(file: Path, module: str) -> Iterator[str]:
    """The modules that a file names in its imports, wherever they stand in it."""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = [*start, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*base, each.name]) for each in node.names)


def module_of(file: Path) -> str:
    """The name that a file is imported by."""
    root = ROOT / "components" if LIBRARY in file.parents else ROOT
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_the_arrows_run_one_way(file):
    """Nobody imports a room that stands on it."""
    module = module_of(file)
    found = {room(each): each for each in imported(file, module) if room(each)}
    # A component's own tools are private to it: a leading underscore is for no other room.
    strange = {where: name for where, name in found.items() if where not in ARROWS[room(module)]}

    assert strange == {}


def test_every_room_is_judged():
    """None of them is missing here, and each arrow starts and ends at a room that there is."""
    there = {room(module_of(file)) for file in FILES}

    assert there == set(ARROWS)
    assert {end for ends in ARROWS.values() for end in ends} <= {*ARROWS, "pulumi"}
    assert {each.name for each in LIBRARY.iterdir() if (each / "__init__.py").is_file()} == set(
        ROOMS
    )


# What only a type checker imports, or what a function imports once it needs it, a start need not.
@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("object_access.policies.grants", {"pulumi", "boto3", "moto", "yaml"}),
        ("object_access.policies.evaluate", {"pulumi", "boto3", "moto", "yaml"}),
        ("object_access.cli", {"pulumi", "boto3", "moto", "stacks", "rich"}),
        ("object_access.stores.aws.server", {"pulumi", "stacks"}),
        ("object_access.handover.command", {"pulumi", "moto", "stacks"}),
        ("object_access.checks", {"pulumi", "moto", "stacks"}),
        ("stacks.settings", {"pulumi_aws", "moto", "boto3"}),
        ("guardrails.rules", {"pulumi_aws", "moto", "stacks"}),
    ],
)
def test_what_is_not_needed_is_not_imported(module, absent):
    """Nor by anything that it imports: a command answers at once, and policies need no engine."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert absent & {name.partition(".")[0] for name in done.stdout.split()} == set()


def test_one_import_name():
    """What a wheel holds is one package; nothing of ours is imported as if it were on top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "components/object_access"
    ]
    tops = {path.name for path in LIBRARY.iterdir()} | {"components"}
    tops = {name.removesuffix(".py") for name in tops} - {"__init__", "__main__", "__pycache__"}
    for file in FILES:
        named = {each.partition(".")[0] for each in imported(file, module_of(file))}
        assert not named & tops - set(sys.stdlib_module_names), file


def test_nothing_is_patched_in_production():
    """A program is run as it is. `access/program.py` is left out until its own look at a cloud has a
    switch of its own; it is being rebuilt."""
    for file in FILES:
        if file != LIBRARY / "access/program.py":
            assert not any("mock" in each for each in imported(file, module_of(file))), file


def test_every_test_has_a_limit():
    """One that hangs shows where it stands, however busy the machine is."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert 0 < settings["tool"]["pytest"]["ini_options"]["timeout"] <= 300
    assert "pytest-timeout" in settings["dependency-groups"]["dev"]


def test_nobody_s_garbage_collector_is_switched(declare):
    """It belongs to the whole process: only Pulumi's own, which the program has to itself, gets
    another threshold."""
    before, frozen = (gc.isenabled(), gc.get_threshold()), gc.get_freeze_count()
    config = {"projects": {"a": {"kind": "kopah", "bucket": "abc-1"}}}

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"))

    declare(program, {"object-access:environment": json.dumps(config)})

    assert (gc.isenabled(), gc.get_threshold()) == before
    # What an earlier test's program froze may end at any time; to freeze adds thousands.
    assert frozen // 2 <= gc.get_freeze_count() <= frozen
    switched = {file.name for file in FILES if "gc" in imported(file, module_of(file))}
    assert switched <= {"program.py"}  # which is being rebuilt
