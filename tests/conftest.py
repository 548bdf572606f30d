"""A cloud of paper: records what a program declares, and answers as AWS would name it."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import hypothesis
import pulumi
import pytest
from pulumi.runtime import settings as runtime_settings
from typer.testing import CliRunner

from object_access import cli
from object_access.rehearsal.cloud import ACCOUNT, STRANGER, Cloud
from object_access.stores import compatible
from object_access.stores.aws import server
from object_access.stores.openstack import server as openstack
from stacks import look

_LOOKS = {each.function for each in (look._BUCKET, look._USER, look._ROLE, look._POLICY)}
LIGHTLY = "311530292373"  # its account in the guide
ROOT = Path(__file__).parents[1]

# No test may fail because others run beside it.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

# Every session reads the models of the services anew, for a tenth of a second: here they share one
# reader.
_MODELS = botocore.session.create_loader()
botocore.session.create_loader = lambda *_: _MODELS

# What a program raises reaches its test; asyncio would print it again, after the last one.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


class Declared(NamedTuple):
    """One resource, as it reached the engine."""

    type: str
    name: str
    inputs: dict[str, Any]


class PaperCloud(pulumi.runtime.Mocks):
    """Records resources in the order in which they came, and which were under way at once."""

    def __init__(self) -> None:
        self.declared: list[Declared] = []
        self.components: list[Declared] = []
        self.overlaps: list[tuple[str, str]] = []
        self.existing: dict[str, dict[str, Any]] = {}
        self.state: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self._under_way: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        if args.resource_id:  # read, not made
            return args.resource_id, self.existing.get(args.name, {})
        if not args.custom:
            self.components.append(Declared(args.typ, args.name, args.inputs))
            return None, args.inputs
        bucket = args.inputs.get("bucket", "")
        with self._lock:
            self.declared.append(Declared(args.typ, args.name, args.inputs))
            self.overlaps += [(other, args.name) for b, other in self._under_way if b == bucket]
            if bucket:
                self._under_way.add((bucket, args.name))
        threading.Event().wait(0.002)  # long enough for a second call to overlap
        with self._lock:
            self._under_way.discard((bucket, args.name))
        return self._answer(args.typ, args.name, args.inputs)

    def _answer(self, token: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind = token.rpartition(":")[2]
        identifier = inputs.get("bucket") or inputs.get("name") or f"{name}-id"
        computed: dict[str, Any] = {}
        if kind == "Bucket":
            computed = {"arn": f"arn:aws:s3:::{identifier}"}
        elif kind in ("User", "Role"):
            arn = f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{identifier}"
            computed = {"arn": arn, "uniqueId": f"AID{kind.upper()}EXAMPLE"}
        elif kind in ("Policy", "InstanceProfile"):
            computed = {"arn": f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{identifier}"}
        elif kind == "OpenIdConnectProvider":
            issuer = inputs["url"].removeprefix("https://")
            computed = {"arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}
        elif kind == "Key":
            arn = f"arn:aws:kms:{inputs['region']}:{ACCOUNT}:key/{name}"
            computed = {"arn": arn, "keyId": name}
        elif kind == "StoreBucket":
            identifier, computed = inputs["bucket_name"], {"not_offered": []}
        elif kind == "AccessKey":
            identifier, computed = f"AKIA-{name}", {"secret": f"secret-of-{name}"}
        elif kind == "RandomPassword":
            computed = {"result": f"password-of-{name}"}
        elif kind == "ApplicationCredential":
            identifier, computed = f"credential-{name}", {"secret": f"secret-of-{name}"}
        return identifier, {**inputs, **computed}

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Who deploys, which is all that a component may ask its cloud; and what a program looks at
        before: the stack's state by URNs, and whether something exists, by its name."""
        if args.token == look.STATE:
            return {"outputs": self.state}, []
        if args.token in _LOOKS:
            [name] = [args.args[key] for key in ("bucket", "userName", "name") if key in args.args]
            self.asked.append(f"{args.token.rpartition(':')[2]} {name}")
            if name in self.existing:
                return self.existing[name], []
            return {}, [("name", "there is no such thing")]
        if not args.token.endswith(":getCallerIdentity"):
            raise AssertionError(f"an unplanned call of {args.token}")
        return {
            "accountId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "userId": ACCOUNT,
        }, []

    def one(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The inputs of the one resource of that kind (and name)."""
        found = [
            each.inputs
            for each in self.declared
            if each.type.endswith(f":{kind}") and name in (None, each.name)
        ]
        assert len(found) == 1, f"{len(found)} resources {kind} {name or ''}"
        return found[0]

    def kinds(self) -> list[str]:
        """The kinds of everything declared, sorted."""
        return sorted(each.type.rpartition(":")[2] for each in self.declared)

    def urns(self) -> list[str]:
        """The URNs of everything registered, components included, sorted."""
        monitor: Any = runtime_settings.get_monitor()
        return sorted(monitor.get_registered_resources())


# Modules that take long, which begin first: no worker is left alone with one at the end.
_LONG = (
    "test_rehearse", "test_new_tool", "test_sabotage", "test_record", "test_command", "test_access",
    "test_strangers", "test_openstack", "test_holes", "test_passage", "test_compatible_bucket",
    "test_changes", "test_package", "test_rotate", "test_bystanders", "test_faults",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; the others stay as pytest-randomly has shuffled them."""
    ranks = {f"{name}.py": rank for rank, name in enumerate(_LONG)}
    items.sort(key=lambda each: ranks.get(each.path.name, len(ranks)))


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """An embedded cloud in this process, shared: tests give what they make names of their own."""
    with ExitStack() as stack:
        aws = stack.enter_context(server.running([ACCOUNT, STRANGER, LIGHTLY]))
        yield Cloud(
            {"aws": aws},
            lambda: stack.enter_context(compatible.running()),
            lambda: stack.enter_context(openstack.running()),
        )


@pytest.fixture
def paper() -> PaperCloud:
    """An empty paper cloud."""
    return PaperCloud()


@pytest.fixture
def declare(paper: PaperCloud) -> Callable[..., dict[str, Any]]:
    """Run a program on the paper cloud; gives its outputs as {name: (value, is it secret)}."""

    def run(program: Callable[[], dict[str, Any] | None], config: dict[str, str] | None = None,
            stack: str = "dev") -> dict[str, Any]:  # fmt: skip
        runtime_settings.set_root_resource(None)  # type: ignore[arg-type]  # of an earlier test
        pulumi.runtime.set_mocks(paper, "object-access", stack, preview=False)
        pulumi.runtime.set_all_config(config or {})
        resolved: dict[str, Any] = {}

        async def resolve(name: str, value: Any) -> None:
            output = pulumi.Output.from_input(value)
            resolved[name] = (await output.future(), await output.is_secret())

        @pulumi.runtime.test
        def inside() -> pulumi.Output[Any]:
            outputs = program() or {}
            waiting = [resolve(name, value) for name, value in outputs.items()]
            return pulumi.Output.from_input(asyncio.ensure_future(_gather(waiting)))

        inside()
        return resolved

    return run


class Done(NamedTuple):
    """What came of a command, as `subprocess` names it."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run `object-access` in this process, in this folder and with these variables alone, and leave
    the process as it was: a process of its own imports for half a second what this one has."""

    def run(*arguments: str, cwd: Path = ROOT, env: Mapping[str, str] = os.environ,
            given: str = "") -> Done:  # fmt: skip
        wanted = dict(env)
        with monkeypatch.context() as process:
            process.chdir(cwd)
            process.setattr(sys, "path", sys.path[:])
            for name in os.environ.keys() - wanted:
                process.delenv(name)
            for name, value in wanted.items():
                process.setenv(name, value)
            done = CliRunner().invoke(
                cli.app, arguments, given, prog_name="object-access", catch_exceptions=False
            )
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


async def _gather(waiting: list[Any]) -> None:
    await asyncio.gather(*waiting)
