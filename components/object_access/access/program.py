"""What a program declares: run without any cloud, credentials or network.

The unmodified program runs on the SDK's own test monitor, which is answered as a cloud would name
things. Whatever is secret or random becomes a placeholder, the same one in every run. Programs that
look at their cloud before they declare anything are told not to, by OBJECT_ACCESS_LOOK=no.

This file leans on nothing of the project: so the program of another state of the project, with that
state's own components, is run by today's judge, in a process of its own (`declared_at`).
"""

import base64
import gc
import hashlib
import itertools
import json
import logging
import os
import pickletools
import re
import runpy
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ACCOUNT = "123456789012"  # which one it will be, the program does not say
PROJECT_ID = "0" * 31 + "1"  # of OpenStack, likewise
PROJECT = "object-access"
REMOTE = "made elsewhere: "
"""What the type begins with of a component whose resources the program does not declare itself, and
of what runs beside a resource."""
MADE_BY, THE_USUAL = "made as somebody else: ", "the usual provider"
"""What the key of `clouds` begins with that says by which provider something is made."""
PROMISE = "promised: "
"""What the key of `clouds` begins with of a line that an environment promises."""
LATER = "known-once-it-is-made-"
"""What begins a text that only a cloud knows, and nobody before."""
LOOK = "OBJECT_ACCESS_LOOK"
"""The variable that says, with `no`, that there is no cloud to look at."""

# What of a project's outputs says which cloud it is in, and as whom.
_WHEREABOUTS = frozenset({"auth_url", "endpoint", "profile", "project_id", "region", "username"})


class Declared(NamedTuple):
    """One resource, as the program declares it and as its cloud would answer."""

    type: str
    name: str
    outputs: Mapping[str, Any]
    """Its inputs, and what only a cloud knows: ARNs, IDs, placeholders for secrets."""
    protected: bool = False
    imported: bool = False
    """Whether it exists, and the program takes it over."""
    provider: str = ""
    """The provider that the program makes it with; nothing for the usual one."""
    kept: str = ""
    """Which of its changes Pulumi does not make, or that it stays where the program drops it."""


class Program(NamedTuple):
    """Everything that a program declares for one environment, sorted."""

    resources: list[Declared]
    account: str = ACCOUNT
    """What stands for the program's own AWS account: a number that it does not write itself."""
    clouds: Mapping[str, str] = {}
    """Which clouds it is for, and as whom it asks them: settings of providers, by their names; and
    what else is decided beside the program, such as who runs it."""


class _Ran(NamedTuple):
    """What came of one run, before its account has a number that is the same in every run."""

    made: list[Declared]
    clouds: dict[str, str]
    exported: Mapping[str, Any]


Stacks = Mapping[str, Mapping[str, Any]]
"""What other programs export, by the names of their projects."""


def declared(root: Path, environment: str, config: Mapping[str, Any]) -> Program:
    """Run the program in `root`, in this process. Raises what the program raises."""
    own = own_account([config])
    account = own or _unknown_account()
    ran = _ran(root, environment, config, account)
    found = Program(ran.made, account, ran.clouds)
    return found if own else _settled(found)


def _unknown_account() -> str:
    """Unless the environment says which account is its own, while it runs that is a number that it
    cannot know: none that it writes itself can be taken for it."""
    return f"{secrets.randbelow(10**12):012}"


def _ran(
    root: Path,
    environment: str,
    config: Mapping[str, Any],
    account: str,
    *,
    project: str = PROJECT,
    stacks: Stacks | None = None,
) -> _Ran:
    import pulumi
    from pulumi.runtime import settings as runtime_settings

    # What fails is told once, by our caller; asyncio would print it again, secrets included.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    quiet = logging.getLogger("object-access.program")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    cloud = _cloud(_partition(config), account, stacks or {})
    runtime_settings.set_root_resource(None)  # type: ignore[arg-type]  # of an earlier run
    pulumi.runtime.set_mocks(cloud, project, environment, preview=False, logger=quiet)
    noted = _noted(runtime_settings.get_monitor())
    pulumi.runtime.set_all_config({key: _text(value) for key, value in config.items()})
    exported: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")  # as Pulumi runs it
        outputs = getattr(pulumi.runtime.get_root_resource(), "outputs", {})
        return pulumi.Output.from_input(dict(outputs)).apply(exported.update)

    try:
        with _unlooked(), redirect_stdout(sys.stderr):
            program()
    finally:
        gc.enable()  # the program has no need of it, we have
    made = [each._replace(**noted.options.get(each[:2], {})) for each in cloud.made]
    made += noted.remote
    made.sort(key=lambda each: each[:2])
    return _Ran(made, {**_clouds(config, made, exported), **_whose(made, cloud.asked)}, exported)


def declared_at(roots: Path | Sequence[Path], environment: str) -> Program | None:
    """Run the program in a folder, which may be another state of the project, in a process of its
    own; or several of one organisation, in the order in which they are deployed, so that a later
    one knows what an earlier one exports. Nothing if none of them knows such an environment.

    Raises RuntimeError with the last line that the program said where it fails.
    """
    listed = [roots] if isinstance(roots, Path) else [*roots]
    done = subprocess.run(
        # -P: the modules beside this file are today's, and not to be found by that program.
        [sys.executable, "-P", __file__, environment, *map(str, listed)],
        cwd=listed[0],
        # A program that brings its components along uses those.
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(listed[0] / part) for part in (".", "components")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or "it ended without a word").splitlines()[-1])
    return None if done.stdout.strip() == "null" else read(done.stdout)


def _main() -> None:
    environment, roots = sys.argv[1], [Path(each) for each in sys.argv[2:]]
    given = {root: each for root in roots if (each := _settings(root, environment)) is not None}
    own = own_account(config for _, _, config in given.values())
    account = own or _unknown_account()
    stacks: dict[str, Mapping[str, Any]] = {}
    made: list[Declared] = []
    clouds: dict[str, str] = {}
    for root, (project, main, config) in given.items():
        beside = _beside(root, environment)
        with _inside(root):
            ran = _ran(main, environment, config, account, project=project, stacks=stacks)
        stacks[project] = ran.exported
        # What several programs call the same are not one.
        of = f"{project}/" if len(roots) > 1 else ""
        made += [each._replace(name=of + each.name) for each in ran.made]
        clouds |= {of + key: value for key, value in {**ran.clouds, **beside}.items()}
    found = Program(made, account, clouds)
    print(json.dumps((found if own else _settled(found)) if given else None))


def _settings(root: Path, environment: str) -> tuple[str, Path, dict[str, Any]] | None:
    """A program's project, the folder of its `__main__.py` and its configuration; nothing if it
    knows no such environment."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    name, folder = str(project.get("name", PROJECT)), root / project.get("stackConfigDir", ".")
    file = folder / f"Pulumi.{environment}.yaml"
    # A program without any environments of its own needs none.
    if not file.exists() and any(folder.glob("Pulumi.*.yaml")):
        return None
    text = file.read_text() if file.exists() else ""
    config = (yaml.safe_load(text) or {}).get("config") or {}
    # What a project says for all its stacks may have a type and a default.
    general = {
        key: value.get("value", value.get("default")) if isinstance(value, dict) else value
        for key, value in (project.get("config") or {}).items()
    }
    whole = {
        key if ":" in key else f"{name}:{key}": value
        for key, value in {**general, **config}.items()
        if value is not None
    }
    return name, root / project.get("main", "."), whole


def _beside(root: Path, environment: str) -> dict[str, str]:
    """What decides about a program and does not stand in it: settings that Pulumi fetches, and
    plugins that it runs. Raises ValueError where Pulumi runs another program than this one."""
    if other := [name for name in ("Pulumi.json", "Pulumi.yml") if (root / name).exists()]:
        raise ValueError(f"{other[0]} stands beside Pulumi.yaml, and Pulumi reads one: delete it")
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    runtime = project.get("runtime", "python")
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise ValueError(f"Pulumi runs it with {name}, and Python programs alone are judged")
    found = {key: project[key] for key in ("packages", "plugins") if project.get(key)}
    file = root / project.get("stackConfigDir", ".") / f"Pulumi.{environment}.yaml"
    settings = (yaml.safe_load(file.read_text()) if file.exists() else None) or {}
    if fetched := settings.get("environment"):
        found["settings from Pulumi ESC"] = fetched
    return {key: _text(value) for key, value in found.items()}


@contextmanager
def _inside(root: Path) -> Iterator[None]:
    """A program finds its own files and modules, and not those of another one."""
    known, path = {*sys.modules}, [*sys.path]
    os.chdir(root)
    sys.path[:0] = [str(root), str(root / "components")]
    try:
        yield
    finally:
        sys.path[:] = path
        for name in {*sys.modules} - known:
            file = Path(getattr(sys.modules[name], "__file__", None) or "/")
            if file.is_relative_to(root) and "site-packages" not in file.parts:
                del sys.modules[name]


class _Noted(NamedTuple):
    """What the SDK's mocks are not told."""

    options: dict[tuple[str, str], dict[str, Any]]
    remote: list[Declared]


def _noted(monitor: Any) -> _Noted:
    """Options of resources that matter, and what is not of the program, from now on."""
    found = _Noted({}, [])
    register = monitor.RegisterResource

    def noting(request: Any) -> Any:
        key = request.type, request.name
        given = {
            "protected": request.protect,
            "imported": bool(request.importId),
            "provider": _provider(request.provider),
            "kept": _kept(request),
        }
        # Two of one name, in two components: what is said of either is said of both.
        found.options[key] = _either(found.options.get(key, given), given)
        if request.remote or request.hooks.ByteSize() or request.transforms:
            # What a transform does, nobody sees: the name of one is another in every run.
            parts = (request.object, request.hooks, *request.transforms)
            says = {"says": "".join(map(str, parts))}
            found.remote.append(Declared(REMOTE + request.type, request.name, says))
        answer = register(request)
        if request.custom:
            answer.object.update(
                {
                    name: f"{LATER}{_digest(f'{request.type} {request.name} {name}')}"
                    for name in _told_later(request.type)
                    if name not in answer.object and name not in request.object
                }
            )
        return answer

    def transforming(request: Any) -> Any:
        says = {"says": str(request)}
        found.remote.append(Declared(f"{REMOTE}a transform", "of every resource", says))
        return transform(request)

    # Mocks before Pulumi 3.260 do not know of any.
    transform = getattr(monitor, "RegisterStackTransform", lambda _: None)
    monitor.RegisterResource, monitor.RegisterStackTransform = noting, transforming
    return found


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: " and ".join(sorted({one[key], other[key]} - {""})) for key in ("provider", "kept")
    }
    imported = one["imported"] or other["imported"]
    return {"protected": one["protected"] and other["protected"], "imported": imported, **both}


_TIMES = ("At", "Date", "Time", "Timestamp")


@lru_cache(maxsize=1_024)
def _told_later(token: str) -> tuple[str, ...]:
    """The texts that a resource always has once it is there, as its class declares them; but for
    times, which programs read."""
    import pulumi

    classes = {getattr(each, "pulumi_type", ""): each
               for each in pulumi.CustomResource.__subclasses__()}  # fmt: skip
    getters = (each.fget for each in vars(classes.get(token, object)).values()
               if isinstance(each, property))  # fmt: skip
    return tuple(
        name
        for each in getters
        if each
        and each.__annotations__.get("return") == pulumi.Output[str]
        and not (name := getattr(each, "_pulumi_name", each.__name__)).endswith(_TIMES)
    )


def _provider(reference: str) -> str:
    """The name of a provider that a program makes; nothing for the usual one."""
    return (reference or "").rpartition("::")[0].rpartition("::")[2].removeprefix("default")


def _kept(request: Any) -> str:
    """What Pulumi leaves as it is."""
    ignored = ", ".join(sorted(request.ignoreChanges))
    found = [f"changes of {ignored} are not made"] if ignored else []
    # Whoever holds data may keep it; what gives access goes on giving it.
    if request.retainOnDelete and not request.type.endswith((":Bucket", ":Container")):
        found.append("it stays there when the program drops it")
    return "; ".join(found)


@contextmanager
def _unlooked() -> Iterator[None]:
    """For as long as the program runs, there is no cloud to look at."""
    before = os.environ.get(LOOK)
    os.environ[LOOK] = "no"
    try:
        yield
    finally:
        os.environ.pop(LOOK)
        if before is not None:
            os.environ[LOOK] = before


_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/")


def own_account(configs: Iterable[Mapping[str, Any]]) -> str:
    """The account that a program is deployed to, where its environment says it: the one that is
    allowed, or that of the role that is assumed for it. Raises ValueError where programs that are
    judged together are for several."""
    found = {each for config in configs for each in _accounts(config)}
    if len(found) > 1:
        raise ValueError(f"these are for several accounts, {', '.join(sorted(found))}: one by one")
    return next(iter(found), "")


def _accounts(config: Mapping[str, Any]) -> list[str]:
    allowed = config.get("aws:allowedAccountIds") or []
    allowed = json.loads(allowed) if isinstance(allowed, str) else allowed
    if len(allowed) == 1:
        return [str(allowed[0])]
    roles = _text([config.get("aws:assumeRoles"), config.get("aws:assumeRole")])
    return _ROLE.findall(roles)[-1:]  # of a chain the last one deploys


def _clouds(
    config: Mapping[str, Any], made: Sequence[Declared], exported: Mapping[str, Any]
) -> dict[str, str]:
    """Settings of providers: those of the environment, of resources, and of projects."""
    found = {
        key: _text(value) for key, value in config.items() if key.startswith(("aws:", "openstack:"))
    }
    for each in made:
        if each.type.startswith("pulumi:providers:"):
            for key, value in each.outputs.items():
                found[f"{each.type} {each.name}: {key}"] = _text(value)
    for project, given in exported.items():
        for key in sorted(_WHEREABOUTS & given.keys() if isinstance(given, Mapping) else ()):
            if isinstance(given[key], str) and given.get("kind") == "valohai-swift":
                found[f"{project}: {key}"] = given[key]
    for rule in ("never", "always"):
        found |= {f"{PROMISE}{rule}: {_text(line)}": "" for line in _lines(config, rule)}
    return found


def _lines(config: Mapping[str, Any], rule: str) -> list[Any]:
    given = config.get(f"{PROJECT}:{rule}")
    return given if isinstance(given, list) else []


def _whose(made: Sequence[Declared], asked: Iterable[str]) -> dict[str, str]:
    """As whom each resource of AWS is made, where a program says so of some."""
    providers = {e.name: e.outputs for e in made if e.type == "pulumi:providers:aws"}
    if not providers:
        return {}
    others = {name for name, given in providers.items() if given.keys() - _SAME_ACCOUNT}
    by = {
        f"{each.type} {each.name}": each.provider for each in made if each.type.startswith("aws:")
    }
    by |= {f"the account that {name} answers": name for name in asked}
    return {f"{MADE_BY}{what}": name if name in others else THE_USUAL for what, name in by.items()}


# Settings of a provider that are the same account's and caller's.
_SAME_ACCOUNT = frozenset({"defaultTags", "id", "ignoreTags", "name", "region"})


def _settled(program: Program) -> Program:
    """The program with a number for its account that is the same in every run."""
    [text] = renumbered((json.dumps(program), program.account))
    return read(text)


def renumbered(*given: tuple[str, str]) -> list[str]:
    """Texts, each with the account that it is of, with one number for all of these: the first of
    which none speaks."""
    free = (f"{number:012}" for number in range(10**12 - 1, 0, -1))
    account = next(
        each for each in (ACCOUNT, *itertools.islice(free, 99)) if not any(
            each in text.replace(own, "") for text, own in given
        )
    )  # fmt: skip
    return [text.replace(own, account) for text, own in given]


def read(text: str) -> Program:
    """A program from its JSON."""
    found = json.loads(text)
    return Program([Declared(*each) for each in found[0]], *found[1:])


# --- a cloud that only names ---


def _cloud(partition: str, account: str, stacks: Stacks) -> Any:
    # Within a function: Pulumi takes a second to import, in which the page's template, a report to
    # compare with or a misspelt option can be refused already.
    import pulumi

    class Cloud(pulumi.runtime.Mocks):
        """Records every resource, and names what a cloud would name."""

        def __init__(self) -> None:
            self.made: list[Declared] = []
            self.asked: set[str] = set()
            """By which providers the program asked who it is."""
            self._lock = threading.Lock()

        def new_resource(
            self, args: pulumi.runtime.MockResourceArgs
        ) -> tuple[str | None, dict[str, Any]]:
            if args.typ == "pulumi:pulumi:StackReference":
                of = args.inputs["name"]
                if not of.endswith(f"/{pulumi.get_stack()}"):
                    self.made.append(Declared(args.typ, args.name, {"reads": of}))
                return args.resource_id, {**args.inputs, **_referred(of, stacks)}
            if not args.custom:  # a component; or read: what is there, a program does not say
                return args.resource_id, args.inputs
            inputs = {key: _plain(each) for key, each in args.inputs.items() if key != "__provider"}
            if code := _plain(args.inputs.get("__provider")):
                inputs["__code"] = _code(code)
            identifier, computed = _named(args.typ, args.name, inputs, partition, account)
            with self._lock:
                self.made.append(Declared(args.typ, args.name, {**inputs, **computed}))
            return identifier, {**args.inputs, **computed}

        def call(
            self, args: pulumi.runtime.MockCallArgs
        ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
            asking = _provider(args.provider) if args.token.endswith(":getCallerIdentity") else ""
            self.asked |= {asking} - {""}
            return _answer(args.token, _plain(args.args), partition, account), []

    return Cloud()


def _plain(value: Any) -> Any:
    """A value without what the SDK wraps it in."""
    import pulumi
    from pulumi.runtime import rpc

    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        # By its file's name: where a checkout lies is nobody's access.
        given = vars(value).items()
        return {key: Path(each).name if key == "path" else _plain(each) for key, each in given}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _code(provider: str) -> str:
    """What runs for a dynamic resource: by name what this package brings along, by a seal of its
    code what the program does."""
    parts = [each for _, each, _ in pickletools.genops(base64.b64decode(provider))]
    words = [each for each in parts if isinstance(each, str)]
    text = ""
    if len(words) == 2:  # module and class
        if words[0].startswith("object_access."):
            return ".".join(words)
        file = str(getattr(sys.modules.get(words[0]), "__file__", None) or "")
        text = Path(file).read_text() if file else ""
    # Code says in which file it stood, which may be one of another checkout.
    told = [Path(str(each)).name if str(each).startswith("/") else each for each in parts]
    return hashlib.sha256(f"{told}{text}".encode()).hexdigest()[:16]


def _answer(token: str, given: Mapping[str, Any], partition: str, account: str) -> dict[str, Any]:
    """What a program is told that asks its cloud."""
    answers: Mapping[str, dict[str, Any]] = {
        "getCallerIdentity": {
            "accountId": account,
            "arn": f"arn:{partition}:iam::{account}:root",
            "userId": account,
        },
        "getCanonicalUserId": {"id": "owner"},
        "getPartition": {"partition": partition, "id": partition},
        "getRegion": {"region": "eu-west-1", "name": "eu-west-1", "id": "eu-west-1"},
        "getAuthScope": {"projectId": PROJECT_ID, "region": "RegionOne"},
    }
    name = token.rpartition(":")[2]
    if name == "getPolicyDocument":
        document = _document(given)
        return {"json": document, "minifiedJson": document}
    if name not in answers:
        raise LookupError(
            f"the program asks its cloud for {token}, which a report from the program alone "
            "cannot answer: teach it to access/program.py"
        )
    return answers[name]


def _referred(name: str, stacks: Stacks) -> dict[str, Any]:
    """What another stack exports: `<organisation>/<project>/<stack>`, of which the project counts.
    Raises LookupError where its program is not judged together with this one."""
    project = name.split("/")[1] if name.count("/") == 2 else ""
    if project not in stacks:
        raise LookupError(
            f"the program reads stack '{name}': name the folder of its program, too, before this "
            "one, with --program"
        )
    return {"outputs": stacks[project], "secretOutputNames": []}


# Resources of IAM -> how their ARNs call them.
_WORDS = {
    "Group": "group",
    "InstanceProfile": "instance-profile",
    "OpenIdConnectProvider": "oidc-provider",
    "Policy": "policy",
}


def _named(
    token: str, name: str, inputs: Mapping[str, Any], partition: str, account: str
) -> tuple[str, dict[str, Any]]:
    """The ID of a resource, and the outputs that only its cloud can say."""
    kind = token.rpartition(":")[2]
    # What a program does not name, Pulumi does.
    start = inputs.get("bucketPrefix") or inputs.get("namePrefix") or f"{name}-"
    identifier = str(inputs.get("bucket") or inputs.get("name") or f"{start}0000000")
    iam = f"arn:{partition}:iam::{account}"
    computed: dict[str, Any] = {}
    if token.startswith("random:"):
        made = _placeholder(name)
        length = int(inputs.get("length") or len(made))
        computed = {"result": (made * (length // len(made) + 1))[:length]}
    elif token.startswith("pulumi-python:dynamic"):
        identifier = str(inputs.get("bucket_name") or identifier)
    elif kind in ("Bucket", "BucketV2"):
        there = _partition(inputs) if inputs.get("region") else partition
        computed = {"arn": f"arn:{there}:s3:::{identifier}"}
    elif kind in ("User", "Role"):
        computed = {
            "arn": f"{iam}:{kind.lower()}{inputs.get('path') or '/'}{identifier}",
            "uniqueId": {"User": "AIDA", "Role": "AROA"}[kind] + f"EXAMPLE{_digest(name)[:10]}",
        }
    elif kind in _WORDS:
        last = str(inputs.get("url", "")).removeprefix("https://") or identifier
        computed = {"arn": f"{iam}:{_WORDS[kind]}{inputs.get('path') or '/'}{last}"}
        identifier = computed["arn"] if kind == "Policy" else identifier
    elif kind == "Key":
        identifier = name
        computed = {"arn": f"arn:{partition}:kms:eu-west-1:{account}:key/{name}", "keyId": name}
    elif kind == "AccessKey":
        identifier, computed = f"AKIAEXAMPLE{_digest(name)[:9]}", {"secret": _placeholder(name)}
    elif kind == "ApplicationCredential":
        identifier = hashlib.sha256(name.encode()).hexdigest()[:32]
        secret = inputs.get("secret") or _placeholder(name)
        computed = {"secret": secret, "projectId": PROJECT_ID}
    elif token.startswith("aws:") and "arn" not in inputs:
        service = token.split(":")[1].partition("/")[0]
        computed = {"arn": f"arn:{partition}:{service}:eu-west-1:{account}:{kind}/{name}"}
    own = "bucket" if kind in ("Bucket", "BucketV2") else "name"
    return identifier, {"id": identifier, own: inputs.get(own) or identifier, **computed}


def _document(given: Mapping[str, Any]) -> str:
    """The policy that `aws.iam.get_policy_document` writes. Raises LookupError for what is merged
    from other documents."""
    if merged := {key for key, each in given.items() if each and key.endswith("Documents")}:
        raise LookupError(f"get_policy_document with {min(merged)} cannot be read here: write JSON")
    statements = []
    for each in given.get("statements") or []:
        made: dict[str, Any] = {"Effect": each.get("effect") or "Allow"}
        if each.get("sid"):
            made["Sid"] = each["sid"]
        for key in ("actions", "notActions", "resources", "notResources"):
            if each.get(key):
                made[key[0].upper() + key[1:-1]] = each[key]
        for key in ("principals", "notPrincipals"):
            for who in each.get(key) or []:
                element = made.setdefault(key[0].upper() + key[1:-1], {})
                if who["type"] == "*":
                    made[key[0].upper() + key[1:-1]] = "*"
                else:
                    element.setdefault(who["type"], []).extend(who["identifiers"])
        for test in each.get("conditions") or []:
            tests = made.setdefault("Condition", {}).setdefault(test["test"], {})
            tests.setdefault(test["variable"], []).extend(test["values"])
        statements.append(made)
    version = given.get("version") or "2012-10-17"
    # `&{` is how it writes variables, and what is said twice of one key is joined (Terraform,
    # data source aws_iam_policy_document).
    return json.dumps({"Version": version, "Statement": statements}).replace("&{", "${")


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


if __name__ == "__main__":
    _main()
