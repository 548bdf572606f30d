"""What there is already, looked at before the first resource is declared.

The stack's own state says what is ours: the engine tells it without asking a cloud. Of what is new
the cloud is asked, by Pulumi's own plugin, whether somebody else has it.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, TypeGuard

import pulumi
from pulumi.runtime import invoke, is_config_secret
from pulumi.runtime.invoke import invoke_async
from pulumi.runtime.sync_await import _sync_await  # as every call of the SDK that waits

from object_access import Removal
from object_access.workspace import KEY

from .projects import (
    CompatibleProject,
    ExistingRole,
    Holder,
    Job,
    Machine,
    PipelineProject,
    Project,
    Role,
    S3Project,
    SwiftProject,
    UploadRole,
    User,
)

STATE = "pulumi:pulumi:readStackResourceOutputs"
"""The engine's function that tells every resource of a stack, as of its last update."""
_OURS = "object-access:index:"
_PRINCIPALS: Mapping[type[Holder], str] = {
    User: "AccessUser",
    Role: "DelegatedRole",
    Machine: "WorkloadRole",
    Job: "WorkloadRole",
    UploadRole: "MultipartUploadRole",
}


@dataclass(frozen=True)
class _Kind:
    """A kind of resource that has a name in the cloud."""

    type: str
    function: str = ""
    """By what it is asked for; nothing for what its own SDK is asked."""
    argument: str = "name"

    @property
    def word(self) -> str:
        return self.type.rpartition(":")[2].lower()


_BUCKET = _Kind("aws:s3/bucket:Bucket", "aws:s3/getBucket:getBucket", "bucket")
_USER = _Kind("aws:iam/user:User", "aws:iam/getUser:getUser", "userName")
_ROLE = _Kind("aws:iam/role:Role", "aws:iam/getRole:getRole")
_POLICY = _Kind("aws:iam/policy:Policy", "aws:iam/getPolicy:getPolicy")
_CONTAINER = _Kind("openstack:objectstorage/container:Container")
_STORE_BUCKET = _Kind("pulumi-python:dynamic/object-access:StoreBucket")
_ACCESS_KEY = _Kind("aws:iam/accessKey:AccessKey")
_STORES: Mapping[type[Project], tuple[_Kind, str]] = {
    S3Project: (_BUCKET, "PrivateBucket"),
    CompatibleProject: (_STORE_BUCKET, "CompatibleBucket"),
    PipelineProject: (_BUCKET, "PrivateBucket"),
    SwiftProject: (_CONTAINER, "SwiftContainer"),
}
"""What the data of a project is in, and the component that makes it."""
_SIGNERS = {"SwiftContainer": "container", "SwiftAccountKey": "account"}
"""Whose temp-URL keys a component makes, in the word of `signed_by`."""
_ROOM = 2  # keys of a user at a time (IAM User Guide, "IAM and AWS STS quotas")


@dataclass(frozen=True)
class _Wanted:
    """Something that a project makes and nobody else may have, and the component that makes it."""

    project: Project
    kind: _Kind
    name: str
    component: str
    holder: str = ""

    async def found(self) -> Mapping[str, Any]:
        """What the cloud has under this name; nothing, too, where it does not tell."""
        asked = {self.kind.argument: self.name}
        if self.kind is _BUCKET and isinstance(self.project, S3Project):
            asked["region"] = self.project.region
        options = pulumi.InvokeOptions(version=version("pulumi-aws"))
        try:
            answer: Mapping[str, Any] = await invoke_async(self.kind.function, asked, options)
        except Exception:  # noqa: BLE001 the SDK raises nothing narrower; not there, or not for us
            return {}
        return answer if "arn" in (answer or {}) else {}


@dataclass(frozen=True)
class _Held:
    """A resource of the stack that has a name in the cloud, as of its last update."""

    type: str
    name: str
    """What the program calls it."""
    outputs: Mapping[str, Any]

    @property
    def called(self) -> str:
        """Its name in the cloud."""
        words = ("bucket", "bucket_name", "name")
        return str(next((self.outputs[each] for each in words if each in self.outputs), ""))

    @property
    def place(self) -> str:
        """The store or region that it is in; nothing for what is everywhere."""
        return str(self.outputs.get("endpoint") or self.outputs.get("region") or "")


@dataclass(frozen=True)
class _State:
    """What the stack holds since its last update: the outputs of its resources by their URNs."""

    outputs: Mapping[str, Mapping[str, Any]]

    @cached_property
    def components(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """Those of ours, by type and name."""
        return {
            (each.type.removeprefix(_OURS), each.name): each.outputs
            for each in self._resources()
            if each.type.startswith(_OURS)
        }

    @cached_property
    def held(self) -> Mapping[str, Sequence[_Held]]:
        """All others, by type."""
        found: dict[str, list[_Held]] = {}
        for each in self._resources():
            found.setdefault(each.type, []).append(each)
        return found

    def all(self, *kinds: _Kind) -> list[_Held]:
        """Those of some kinds."""
        return [each for kind in kinds for each in self.held.get(kind.type, ())]

    def of(self, component: str, project: Project, holder: str = "") -> Mapping[str, Any] | None:
        """The outputs of a project's component, under its former name, too."""
        found = (self.components.get((component, name)) for name in project.called(holder))
        return next((each for each in found if each is not None), None)

    def _resources(self) -> Iterator[_Held]:
        for urn, outputs in self.outputs.items():
            _, _, kinds, name = urn.split("::", 3)
            yield _Held(kinds.rpartition("$")[2], name, outputs)


def check(listed: Sequence[Project]) -> None:
    """Refuse what would take data or access away by mistake; warn of what ends.

    Raises ValueError with one line: for data that would be deleted with a project that is gone,
    moved or adopted, for a name that somebody else has already, and for what `openstack` and
    `existing` find. With OBJECT_ACCESS_LOOK=no nothing is looked at.
    """
    if os.environ.get("OBJECT_ACCESS_LOOK") == "no":  # a report, which reaches no cloud
        return
    warnings = [line for each in listed for line in _in_the_open(each)]
    new: list[_Wanted] = []
    if state := _state():
        warnings += _check_going(listed, state)
        wanted = [each for project in listed for each in _wanted(project)]
        new = [each for each in wanted if not _is_held(each, state)]
        for each in listed:
            _check_room(each, state)
        _check_taken([each for each in new if each.kind.function])
        warnings += [line for each in listed for line in _ending_keys(each, state)]
        warnings += _ending_access(listed, wanted, state)
    for line in warnings:
        pulumi.log.warn(line)
    _ask_others(listed, new)


def _ask_others(listed: Sequence[Project], new: Sequence[_Wanted]) -> None:
    """Look where Pulumi's plugins have no function for it."""
    # Imported only where they are needed: each brings the SDK of its cloud.
    for project in listed:
        if isinstance(project, SwiftProject):
            from . import openstack

            [container] = _wanted(project)
            if openstack.check(project) and container in new:
                raise ValueError(_taken(container, container.name))
        elif _adopts(project):
            from . import existing

            existing.check(project.bucket, project.region)


def _state() -> _State | None:
    """The state; nothing where the engine does not tell."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        found = invoke(STATE, {"stackName": stack}).value
    except Exception:  # noqa: BLE001 the SDK raises nothing narrower
        return None
    return _State({urn: each.get("outputs") or {} for urn, each in found["outputs"].items()})


def _adopts(project: Project) -> TypeGuard[S3Project]:
    return isinstance(project, S3Project) and project.adopt


def _where(project: Project) -> str:
    """The name of the project's bucket or container."""
    return str(getattr(project, "container", "") or getattr(project, "bucket", ""))


def _place(project: Project) -> str:
    """The store or region that it is in."""
    return str(getattr(project, "endpoint", "") or getattr(project, "region", ""))


def _in_the_open(project: Project) -> Iterator[str]:
    """Of what a consumer and we alone should know, what the history and event logs tell."""
    if is_config_secret(KEY):
        return
    for name, holder in project.holders.items():
        for what in ("external_id", "session_name"):
            if getattr(holder, what, ""):
                where = what if project.consumer else f"holders.{name}.{what}"
                yield (
                    f"{project.name}: {what} stands in the environment's file in the open, and so "
                    "in Pulumi's history and event logs, too; put it in with: pulumi config set "
                    f"--secret --path '{KEY}.projects.{project.name}.{where}'"
                )


# --- what would go ---


def _check_going(listed: Sequence[Project], state: _State) -> list[str]:
    """Returns what is to be known of data that may go."""
    warnings = []
    kept = {
        (_STORES[type(project)][0].type, name): project
        for project in listed
        if not _adopts(project)
        for name in project.called()
    }
    used = {_where(project): project.name for project in listed}
    once: dict[str, str] = {}
    for kind, component in dict.fromkeys(_STORES.values()):
        for each in state.all(kind):
            stays, where = kept.get((kind.type, each.name)), each.called
            if stays and once.setdefault(stays.name, each.name) != each.name:
                raise ValueError(
                    f"{stays.name}: '{once[stays.name]}' and '{each.name}' are two projects of "
                    "this stack, each with data of its own, and 'was' names only what a project "
                    "itself was called: take one of the two out of it"
                )
            if stays and _where(stays) == where:
                _check_stays(stays, each)
                continue
            removal = state.components.get((component, each.name), {}).get("removal")
            why = ""
            if removal == Removal.KEEP:
                why = "is protected"
            elif where in used and removal != Removal.LEAVE:
                why = f"is what '{used[where]}' uses"
            elif stays and removal == Removal.EMPTY:  # half-way there is no way back to its name
                why = "may hold objects"
            if why:
                raise ValueError(
                    f"{each.name}: '{where}' {why}, and this change would delete it: undo it; set "
                    "'leave: true' to leave it where it is, or 'protect: false' and "
                    "'force_destroy: true' to delete it with its objects, run 'pulumi up', and "
                    "change it then. Where the project has a new name, set "
                    f"'was: [{each.name}]' there instead"
                )
            if removal == Removal.DESTROY:
                warnings.append(f"{each.name}: '{where}' goes with this update, objects and all")
    return warnings


def _check_stays(project: Project, held: _Held) -> None:
    """Nothing moves to another region or store: it would be made anew there, and deleted here."""
    if held.place not in ("", _place(project)):
        what = "endpoint" if isinstance(project, CompatibleProject) else "region"
        raise ValueError(
            f"{project.name}: '{held.called}' is in {held.place}, and what is stored does not move "
            f"to {_place(project)}: set '{what}: {held.place}', or give the project another bucket "
            "or container there"
        )


def _check_room(project: Project, state: _State) -> None:
    """A key is made before another goes: a third would fail half-way, again and again."""
    for name, holder in project.holders.items():
        if not isinstance(holder, User) or not isinstance(project, S3Project):
            continue
        user = project.named(name)
        there = {
            each.name.removeprefix(f"{called}-")
            for each in state.all(_ACCESS_KEY)
            for called in project.called(name)
            if each.outputs.get("user") == user and each.name.startswith(f"{called}-")
        }
        together = {*there, *project.keys}
        if len(together) > _ROOM and together != there:
            raise ValueError(
                f"{project.name}: user '{user}' has {_said(there)}, and would for a moment have "
                f"{_said(together)}, where AWS allows two: change one key at a time, each with a "
                "'pulumi up' of its own"
            )


def _signer(project: Project) -> str:
    """Whose key signs its temporary URLs."""
    urls = project.temp_urls if isinstance(project, SwiftProject) else None
    return urls.signed_by if urls else "nobody"


def _said(keys: set[str]) -> str:
    return f"keys: [{', '.join(sorted(keys))}]"


def _ending_keys(project: Project, state: _State) -> Iterator[str]:
    """What to know where every key of a user, container or account ends by this update."""
    users = [name for name, holder in project.holders.items() if isinstance(holder, User)]
    holders = [*(("AccessUser", name) for name in users)]
    for kind, holder in [*holders, ("SwiftContainer", ""), ("SwiftAccountKey", "")]:
        keys = (state.of(kind, project, holder) or {}).get("keys") or []
        if keys and _SIGNERS.get(kind, "") not in ("", _signer(project)):
            yield (
                f"{project.name}: the {_SIGNERS[kind]}'s temp-URL keys end with this update, and "
                "with them every URL that they signed: paste what takes their place then"
            )
        elif keys and keys[-1] not in project.keys:  # the one that was handed over
            yield (
                f"{project.name}: key '{keys[-1]}' ends with this update, and with it what was "
                f"pasted; to move over without an interruption set keys: [{keys[-1]}, "
                f"{project.keys[-1]}] first, or run 'object-access rotate {project.name}'"
            )


def _ending_access(
    listed: Sequence[Project], wanted: Sequence[_Wanted], state: _State
) -> Iterator[str]:
    """What to know where a user or role of a project that stays does not."""
    stays = {(each.kind.type, each.name) for each in wanted}
    for kind in (_USER, _ROLE):
        for each in state.all(kind):
            of = [it for it in listed for name in it.called() if each.name.startswith(f"{name}-")]
            if not of or (kind.type, each.called) in stays:
                continue
            anew = [
                f"is made anew as '{it.name}'"
                for it in wanted
                if it.kind is kind and each.name in it.project.called(it.holder)
            ]
            yield (
                f"{of[0].name}: {kind.word} '{each.called}' {(*anew, 'goes')[0]}, and its access "
                "ends with this update: paste what takes its place then"
            )


# --- what is taken ---


def _wanted(project: Project) -> Iterator[_Wanted]:
    if isinstance(project, SwiftProject):
        yield _Wanted(project, _CONTAINER, project.container, "SwiftContainer")
    if not isinstance(project, S3Project):  # a compatible store's bucket is looked for by itself
        return
    if not project.adopt:
        yield _Wanted(project, _BUCKET, project.bucket, "PrivateBucket")
    for name, holder in project.holders.items():
        if component := _PRINCIPALS.get(type(holder)):
            kind = _USER if isinstance(holder, User) else _ROLE
            yield _Wanted(project, kind, project.named(name), component, name)
        if isinstance(holder, ExistingRole) or (isinstance(holder, User) and holder.managed):
            yield _Wanted(project, _POLICY, project.made(name), "PrefixPolicy", name)


def _is_held(wanted: _Wanted, state: _State) -> bool:
    """Whether it is the stack's already. Raises ValueError for what is, but elsewhere in it."""
    project = wanted.project
    same = [
        each
        for each in state.all(wanted.kind)
        # Only containers are told apart by regard to case (IAM User Guide, "IAM identifiers").
        if each.called == wanted.name
        or (wanted.kind is not _CONTAINER and each.called.lower() == wanted.name.lower())
        if each.place in ("", _place(project))
    ]
    for each in same:
        own = each.name in project.called(wanted.holder) and each.called == wanted.name
        if own and state.of(wanted.component, project, wanted.holder) is not None:
            return True
    if same:
        raise ValueError(
            f"{project.name}: the {wanted.kind.word} '{wanted.name}' is in this stack "
            "already, where it goes with this update: take it out there, run 'pulumi up', and put "
            "it in here then"
        )
    return False


def _check_taken(wanted: Sequence[_Wanted]) -> None:
    async def ask() -> list[Mapping[str, Any]]:
        return await asyncio.gather(*(each.found() for each in wanted))

    for each, found in zip(wanted, _sync_await(ask()) if wanted else [], strict=True):
        if found:
            raise ValueError(_taken(each, found["arn"] if each.kind is _POLICY else each.name))


def _taken(wanted: _Wanted, identifier: str) -> str:
    called, *_ = wanted.project.called(wanted.holder)
    component = {"type": f"{_OURS}{wanted.component}", "name": "owner", "logicalName": called}
    it = {"type": wanted.kind.type, "name": called, "id": identifier, "parent": "owner"}
    line = json.dumps({"resources": [{**component, "component": True}, it]})
    adopt = ", or set 'adopt: true'" if wanted.kind is _BUCKET else ""
    return (
        f"{wanted.project.name}: the {wanted.kind.word} '{wanted.name}' exists already, and not by "
        f"this stack: if it is somebody else's, choose another name{adopt}; if an update of this "
        "stack died after it was made, or to take it over, run: pulumi import "
        f"--generate-code=false --protect=false --file <(echo '{line}')"
    )
