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
_STORES: Mapping[type[Project], str] = {
    S3Project: "PrivateBucket",
    CompatibleProject: "CompatibleBucket",
    SwiftProject: "SwiftContainer",
}
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
class _State:
    """What the stack holds since its last update: the outputs of its resources by their URNs."""

    outputs: Mapping[str, Mapping[str, Any]]

    @cached_property
    def components(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """Those of ours, by type and name."""
        return {
            (kind.removeprefix(_OURS), name): outputs
            for kind, name, outputs in self._resources()
            if kind.startswith(_OURS)
        }

    @cached_property
    def named(self) -> set[tuple[str, Any]]:
        """The types and names in the cloud of what is in them."""
        return {
            (kind, outputs[key])
            for kind, _, outputs in self._resources()
            for key in ("bucket", "name")
            if key in outputs
        }

    def of(self, component: str, project: Project, holder: str = "") -> Mapping[str, Any] | None:
        """The outputs of a project's component, under its former name, too."""
        found = (self.components.get((component, name)) for name in project.called(holder))
        return next((each for each in found if each is not None), None)

    def _resources(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for urn, outputs in self.outputs.items():
            _, _, kinds, name = urn.split("::", 3)
            yield kinds.rpartition("$")[2], name, outputs


def check(listed: Sequence[Project]) -> None:
    """Refuse what would take data or access away by mistake; warn of keys that end.

    Raises ValueError with one line: for data that would be deleted with a project that is gone,
    moved or adopted, for a name that somebody else has already, and for what `openstack` and
    `existing` find. With OBJECT_ACCESS_LOOK=no nothing is looked at.
    """
    if os.environ.get("OBJECT_ACCESS_LOOK") == "no":  # a report, which reaches no cloud
        return
    warnings = [line for each in listed for line in _in_the_open(each)]
    new: list[_Wanted] = []
    if state := _state():
        _check_going(listed, state)
        wanted = [each for project in listed for each in _wanted(project)]
        new = [each for each in wanted if not _is_held(each, state)]
        _check_taken([each for each in new if each.kind.function])
        warnings += [line for each in listed for line in _ending_keys(each, state)]
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


def _check_going(listed: Sequence[Project], state: _State) -> None:
    kept = {
        (_STORES[type(project)], name): _where(project)
        for project in listed
        if not _adopts(project)
        for name in project.called()
    }
    used = {_where(project): project.name for project in listed}
    for (kind, name), outputs in state.components.items():
        where = outputs.get("bucket_name") or outputs.get("container_name") or ""
        if kind not in _STORES.values() or not where or kept.get((kind, name)) == where:
            continue
        protected = outputs.get("removal") == Removal.KEEP
        if protected or (where in used and outputs.get("removal") != Removal.LEAVE):
            why = "is protected" if protected else f"is what '{used[where]}' uses"
            raise ValueError(
                f"{name}: '{where}' {why}, and this change would delete it: undo it; set 'leave: "
                "true' to leave it where it is, or 'protect: false' and 'force_destroy: true' to "
                "delete it with its objects, run 'pulumi up', and change it then. Where the "
                f"project has a new name, set 'was: [{name}]' there instead"
            )


def _ending_keys(project: Project, state: _State) -> Iterator[str]:
    """What to know where every key of a user, container or account ends by this update."""
    users = [name for name, holder in project.holders.items() if isinstance(holder, User)]
    holders = [*(("AccessUser", name) for name in users)]
    for kind, holder in [*holders, ("SwiftContainer", ""), ("SwiftAccountKey", "")]:
        before = state.of(kind, project, holder) or {}
        keys, user = before.get("keys") or [], before.get("user_name")
        if keys and not set(keys) & set(project.keys):
            yield (
                f"{project.name}: key '{keys[-1]}' ends with this update, and with it what was "
                f"pasted; to move over without an interruption set keys: [{keys[-1]}, "
                f"{project.keys[-1]}] first, or run 'object-access rotate {project.name}'"
            )
        if user and isinstance(project, S3Project) and user != project.named(holder):
            yield (
                f"{project.name}: user '{user}' is made anew as '{project.named(holder)}', and its "
                "keys end with this update: paste the new one then"
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
    if (wanted.kind.type, wanted.name) not in state.named:
        return False
    if state.of(wanted.component, wanted.project, wanted.holder) is None:
        raise ValueError(
            f"{wanted.project.name}: the {wanted.kind.word} '{wanted.name}' is in this stack "
            "already, where it goes with this update: take it out there, run 'pulumi up', and put "
            "it in here then"
        )
    return True


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
