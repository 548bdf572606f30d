"""The built wheel as somebody else installs it, with the lowest and the newest of what
pyproject.toml allows: imported, checked by mypy, run in a program, rehearsed and reported.
`make ranges` runs it, for it asks a package registry."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).parent / "uv"
EXAMPLE = ROOT / "examples/python"
# Pulumi's own packages take mypy a minute, and say nothing of ours.
STUBS = ("pulumi_aws", "pulumi_openstack", "pulumi_random")
PROGRAM = """
from object_access import Access, AccessUser, PrivateBucket

bucket = PrivateBucket("farm", {"bucket_name": "my-company-farm", "region": "eu-west-1"})
farm = bucket.bucket_arn
user = AccessUser(
    "reader",
    {"user_name": "reader", "grants": {"farm": {"bucket_arn": farm, "access": [Access.READ]}}},
)
"""
# Imports all that is public, and runs the program without an engine.
PAPER = """
import object_access, pulumi, runpy

class Paper(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, {**args.inputs, "arn": f"arn:aws:s3:::{args.name}", "secret": "none"}

    def call(self, args):
        return {"accountId": "123456789012", "arn": "arn:aws:iam::123456789012:root"}

@pulumi.runtime.test
def declared():
    return runpy.run_path("program.py")["user"].access_key_id.apply(print)

for name in object_access.__all__:
    getattr(object_access, name)
pulumi.runtime.set_mocks(Paper())
declared()
"""
# Starts the stores that only some programs need.
STORES = """
from object_access.stores import compatible
from object_access.stores.openstack import server

with compatible.running(), server.running():
    pass
"""


def run(*command: object, cwd: Path, **variables: str) -> str:
    """Run it, with no package of this machine's; what it printed ends the whole where it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def tracked() -> list[str]:
    """The files that git knows and that are there."""
    names = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    return [name for name in names if (ROOT / name).is_file()]


def wheel(folder: Path) -> Path:
    """Build it of what git knows, in a copy, `source`."""
    source = folder / "source"
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    return folder / run(sys.executable, "-c", build, cwd=source).split()[-1]


def installed(folder: Path, built: Path, resolution: str, *extras: str) -> Path:
    """An environment of the wheel with the lowest or the newest of what it allows; its Python."""
    folder.mkdir(parents=True)
    python = folder / "venv/bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    install = (UV, "pip", "install", "--quiet", "--python", python)
    # Of pyproject.toml they are direct dependencies; of a wheel they were those of a dependency.
    words = [word for extra in extras for word in ("--extra", extra)]
    run(*install, "--resolution", resolution, "-r", ROOT / "pyproject.toml", *words, cwd=folder)
    run(*install, "--no-deps", built, cwd=folder)
    return python


def library(python: Path, folder: Path) -> None:
    """What a program meets that imports the components, and nothing but them is installed."""
    (folder / "program.py").write_text(PROGRAM)
    for name in STUBS:
        (folder / f"{name}.pyi").write_text("def __getattr__(name: str) -> object: ...")
    mypy = (sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent")
    run(*mypy, "--python-executable", python, "--cache-dir", folder, "program.py", cwd=folder)
    run(python, "-W", "ignore", "-P", "-c", PAPER, cwd=folder)


def command(python: Path) -> None:
    """What the extra `rehearsal` brings: the stores, and a stranger's program tried on them."""
    run(python, "-W", "ignore", "-c", STORES, cwd=EXAMPLE)
    for verb in ("rehearse", "report"):
        run(python, "-W", "ignore", "-m", "object_access", verb, "--program", EXAMPLE, cwd=EXAMPLE)


def main() -> None:
    """Both ends of every range, for the library and for the command."""
    with tempfile.TemporaryDirectory(prefix="object-access-") as name:
        built = wheel(Path(name))
        for resolution in ("lowest-direct", "highest"):
            began = time.perf_counter()
            folder = Path(name, resolution)
            library(installed(folder / "library", built, resolution), folder / "library")
            command(installed(folder / "command", built, resolution, "rehearsal"))
            sys.stdout.write(f"{resolution}: good, in {time.perf_counter() - began:.0f} s\n")


if __name__ == "__main__":
    main()
