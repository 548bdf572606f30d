"""What a program declares, on paper: run without any cloud, credentials or network.

The unmodified program runs on the SDK's own test monitor, which is answered as a cloud would name
things. Whatever is secret or random becomes a placeholder, the same one in every run.

This file leans on nothing of the project but its program: so today's report can be made of
yesterday's, in a process of its own (`declared_at`).
"""

import base64
import gc
import hashlib
import json
import logging
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import yaml

ACCOUNT = "123456789012"  # which one it will be, the program does not say
PROJECT_ID = "0" * 31 + "1"  # of OpenStack, likewise
PROJECT = "object-access"


class Declared(NamedTuple):
    """One resource, as the program declares it and as its cloud would answer."""

    type: str
    name: str
    outputs: Mapping[str, Any]
    """Its inputs, and what only a cloud knows: ARNs, IDs, placeholders for secrets."""


class Paper(NamedTuple):
    """Everything that a program declares for one environment, sorted."""

    resources: list[Declared]
    adopted: list[str]
    """ARNs of buckets that it uses and does not make."""


def declared(root: Path, environment: str, config: Mapping[str, Any]) -> Paper:
    """Run the program in `root`, in this process. Raises what the program raises."""
    import pulumi
    from pulumi.runtime import settings as runtime_settings

    # What fails is told once, by our caller; asyncio would print it again, secrets included.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    quiet = logging.getLogger("object-access.paper")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    cloud = _cloud(_partition(config))
    runtime_settings.set_root_resource(None)  # type: ignore[arg-type]  # of an earlier run
    pulumi.runtime.set_mocks(cloud, PROJECT, environment, preview=False, logger=quiet)
    pulumi.runtime.set_all_config({key: _text(value) for key, value in config.items()})

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        runpy.run_path(str(root / "__main__.py"))

    adopted: set[str] = set()
    try:
        with _nothing_looked_up(adopted):
            program()
    finally:
        gc.enable()  # the program has no need of it, we have
    return Paper(sorted(cloud.made, key=lambda each: each[:2]), sorted(adopted))


def declared_at(root: Path, environment: str) -> Paper | None:
    """Run the program in `root`, which may be another state of the project, in a process of its
    own; nothing if it knows no such environment.

    Raises RuntimeError with the last line that the program said where it fails.
    """
    done = subprocess.run(
        # -P: the modules beside this file are today's, and not to be found by that program.
        [sys.executable, "-P", __file__, environment],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or "it ended without a word").splitlines()[-1])
    found = json.loads(done.stdout)
    return found and Paper([Declared(*each) for each in found[0]], found[1])


def _main() -> None:
    root, environment = Path.cwd(), sys.argv[1]
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    file = root / project.get("stackConfigDir", ".") / f"Pulumi.{environment}.yaml"
    paper = None
    if file.exists():
        config = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
        paper = declared(root, environment, config)
    print(json.dumps(paper))


# --- the cloud of paper ---


def _cloud(partition: str) -> Any:
    # Within a function: Pulumi takes a second to import, in which the page's template, a report to
    # compare with or a misspelt option can be refused already.
    import pulumi
    from pulumi.runtime import rpc

    def plain(value: Any) -> Any:
        if rpc.is_rpc_secret(value):
            return plain(rpc.unwrap_rpc_secret(value))
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    class Cloud(pulumi.runtime.Mocks):
        """Records every resource, and names what a cloud would name."""

        def __init__(self) -> None:
            self.made: list[Declared] = []
            self._lock = threading.Lock()

        def new_resource(
            self, args: pulumi.runtime.MockResourceArgs
        ) -> tuple[str | None, dict[str, Any]]:
            if args.resource_id:  # read, not made: what is there, the program alone does not say
                return args.resource_id, args.inputs
            if not args.custom:
                return None, args.inputs
            inputs = {key: plain(each) for key, each in args.inputs.items() if key != "__provider"}
            identifier, computed = _named(args.typ, args.name, inputs, partition)
            with self._lock:
                self.made.append(Declared(args.typ, args.name, {**inputs, **computed}))
            return identifier, {**args.inputs, **computed}

        def call(
            self, args: pulumi.runtime.MockCallArgs
        ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
            answers: Mapping[str, dict[str, Any]] = {
                "getCallerIdentity": {
                    "accountId": ACCOUNT,
                    "arn": f"arn:{partition}:iam::{ACCOUNT}:root",
                    "userId": ACCOUNT,
                },
                "getPartition": {"partition": partition, "id": partition},
                "getRegion": {"region": "eu-west-1", "name": "eu-west-1", "id": "eu-west-1"},
                "getAuthScope": {"projectId": PROJECT_ID, "region": "RegionOne"},
            }
            name = args.token.rpartition(":")[2]
            if name not in answers:
                raise LookupError(
                    f"the program asks its cloud for {args.token}, which a report from the program "
                    "alone cannot answer: teach it to rehearsal/access/paper.py"
                )
            return answers[name], []

    return Cloud()


def _named(
    token: str, name: str, inputs: Mapping[str, Any], partition: str
) -> tuple[str, dict[str, Any]]:
    """The ID of a resource, and the outputs that only its cloud can say."""
    kind = token.rpartition(":")[2]
    identifier = str(inputs.get("bucket") or inputs.get("name") or f"{name}-id")
    iam = f"arn:{partition}:iam::{ACCOUNT}"
    computed: dict[str, Any] = {}
    if token.startswith("random:"):
        made = _placeholder(name)
        length = int(inputs.get("length") or len(made))
        computed = {"result": (made * (length // len(made) + 1))[:length]}
    elif token.startswith("pulumi-python:dynamic"):
        identifier = str(inputs.get("bucket_name") or identifier)
    elif kind in ("Bucket", "BucketV2"):
        computed = {"arn": f"arn:{partition}:s3:::{identifier}"}
    elif kind in ("User", "Role"):
        computed = {
            "arn": f"{iam}:{kind.lower()}{inputs.get('path', '/')}{identifier}",
            "uniqueId": {"User": "AIDA", "Role": "AROA"}[kind] + f"EXAMPLE{_digest(name)[:10]}",
        }
    elif kind in ("Policy", "InstanceProfile"):
        word = {"Policy": "policy", "InstanceProfile": "instance-profile"}[kind]
        computed = {"arn": f"{iam}:{word}/{identifier}"}
        identifier = computed["arn"] if kind == "Policy" else identifier
    elif kind == "AccessKey":
        identifier, computed = f"AKIAEXAMPLE{_digest(name)[:9]}", {"secret": _placeholder(name)}
    elif kind == "ApplicationCredential":
        identifier = hashlib.sha256(name.encode()).hexdigest()[:32]
        computed = {"secret": _placeholder(name), "projectId": PROJECT_ID}
    return identifier, {"id": identifier, **computed}


def _digest(name: str) -> str:
    """What IAM puts into its IDs: 16 capitals and digits."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:16]


def _placeholder(name: str) -> str:
    return f"placeholder{_digest(name)}"


def _text(value: Any) -> str:
    """A setting as Pulumi holds it; an encrypted one, which only its engine can read, as a
    placeholder."""
    return value if isinstance(value, str) else json.dumps(readable(value))


def readable(value: Any) -> Any:
    """Settings with a placeholder for what is encrypted."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return _placeholder(str(value["secure"]))
        return {key: readable(each) for key, each in value.items()}
    return [readable(each) for each in value] if isinstance(value, list) else value


def _partition(config: Mapping[str, Any]) -> str:
    """The partition of the first region that is named: an account lies in one."""
    text = json.dumps(config)
    for mark, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if f'"region": "{mark}' in text:
            return partition
    return "aws"


@contextmanager
def _nothing_looked_up(adopted: set[str]) -> Iterator[None]:
    """Projects look at their cloud before they declare anything: is a bucket there that they adopt,
    does OpenStack answer? Not here: for as long as the program runs, all is taken to be well."""

    def adopt(bucket: str, region: str) -> str:
        from ..names import bucket_arn

        adopted.add(bucket_arn(bucket, region))
        return bucket_arn(bucket, region)

    with ExitStack() as stack:
        for name, answer in (("existing", adopt), ("openstack", lambda _: None)):
            # An older state of the project may lack one.
            with suppress(ImportError):
                module = import_module(f"stacks.{name}")
                stack.enter_context(patch.object(module, "check", answer))
        yield


if __name__ == "__main__":
    _main()
