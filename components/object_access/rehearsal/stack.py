"""A small engine: what it made, what a program wants now, and the steps between the two.

It serves the protocol of Pulumi's SDK, and does what Pulumi's engine does: it creates, updates and
replaces in the order of the program's dependencies, and deletes in the end, in the opposite order,
what the program no longer declares. It has no previews, and no state that outlives the process.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2, resource_pb2

from . import provision
from .provider import Provider
from .served import from_struct, to_struct

_STATE = "pulumi:pulumi:readStackResourceOutputs"
"""The engine's own function by which a program sees what its stack holds."""
_UNKNOWN = "<not known before it is made>"


@dataclass
class Resource:
    """One resource as it was made."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    needs: Mapping[str, frozenset[str]]
    """The URNs of what each input comes from."""
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    custom: bool = True
    parent: str = ""
    protect: bool = False
    retain: bool = False
    deleted_with: str = ""
    aliases: list[str] = field(default_factory=list)
    """The URNs by which it was known before."""
    turn: int = 0
    """Later than that of everything that it needs."""


class Stack:
    """What was made so far, in the order of its making."""

    def __init__(self, project: str, name: str, provider: Provider):
        self.project, self.name, self.provider = project, name, provider
        self.there: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._replaced: list[Resource] = []
        self._turns = self._under_way = 0
        self._failed = False
        self._monitor: Monitor | None = None
        self._counting = Condition()

    def begin(self) -> "Monitor":
        """Another program is about to say what it wants: to this monitor."""
        self._seen, self.outputs, self._failed = set(), {}, False
        self._monitor = Monitor(self)
        return self._monitor

    def abandon(self) -> None:
        """It failed: whatever is under way comes to an end, and nothing else begins."""
        with self._counting:
            self._failed = True
            self._counting.wait_for(lambda: not self._under_way)

    def finish(self) -> None:
        """It has said everything: what it did not name goes, and what was replaced."""
        unnamed = [each for urn, each in self.there.items() if urn not in self._seen]
        self._delete([*unnamed, *self._replaced])

    def destroy(self) -> None:
        """Delete everything. Raises RuntimeError at what is protected."""
        self._delete([*self.there.values(), *self._replaced])

    def refresh(self) -> list[str]:
        """Take over how everything is now; returns the URNs of what changed or is gone."""
        changed = []
        for each in [*self.there.values()]:
            if not each.custom:
                continue
            found = self.provider.read(each.type, each.name, each.id, each.outputs, each.inputs)
            if found is None:
                del self.there[each.urn]
            elif found == (each.outputs, each.inputs):
                continue
            else:
                each.outputs, each.inputs = map(dict, found)
            changed.append(each.urn)
        return changed

    def register(
        self, wanted: Resource, request: Any, monitor: "Monitor | None" = None
    ) -> Resource:
        """Bring a resource about as it is wanted, by whoever talks to this monitor. What is left of
        a program that failed may go on wanting while the next one runs."""
        with self._counting:
            if self._failed or monitor not in (None, self._monitor):
                raise RuntimeError("the program has failed")
            self._under_way += 1
        try:
            return self._register(wanted, request)
        finally:
            with self._counting:
                self._under_way -= 1
                self._counting.notify_all()

    def _register(self, wanted: Resource, request: Any) -> Resource:
        old = self._before(wanted, request)
        if not wanted.custom:
            wanted.outputs = wanted.inputs
        elif wanted.type.startswith("pulumi:providers:"):
            wanted.id, wanted.outputs = wanted.name, wanted.inputs
        elif old is None and request.importId:
            old = self._imported(wanted, request.importId)
            self._step(old, wanted, request)
        elif old is None:
            self._create(wanted)
        else:
            self._step(old, wanted, request)
        with self._counting:
            self._turns += 1
            wanted.turn = self._turns
        if old:
            self.there.pop(old.urn, None)
        self.there[wanted.urn] = wanted
        self._seen.add(wanted.urn)
        return wanted

    def _before(self, wanted: Resource, request: Any) -> Resource | None:
        """What it was until now, maybe under another name."""
        wanted.aliases = [*self._aliases(wanted, request)]
        for urn in (wanted.urn, *wanted.aliases):
            if urn in self.there and urn not in self._seen:
                return self.there[urn]
        return None

    def _aliases(self, wanted: Resource, request: Any) -> Iterable[str]:
        yield from request.aliasURNs
        for alias in request.aliases:
            if alias.urn:
                yield alias.urn
                continue
            spec = alias.spec
            parent = "" if spec.noParent else spec.parentUrn or request.parent
            name, kind = spec.name or wanted.name, spec.type or wanted.type
            yield self.urn(parent, kind, name)
        # Who is in something that had another name had that in its own, as Pulumi's engine has it.
        if request.parent not in self.there:
            return
        above = self.there[request.parent]
        for former in above.aliases:
            name = wanted.name
            if name.startswith(above.name):
                name = former.rpartition("::")[2] + name.removeprefix(above.name)
            yield self.urn(former, wanted.type, name)

    def urn(self, parent: str, kind: str, name: str) -> str:
        """The URN of a child; children of the stack itself do not name it."""
        above = parent.split("::")[2].rpartition("$")[2] if parent else ""
        kind = f"{above}${kind}" if above and above != "pulumi:pulumi:Stack" else kind
        return f"urn:pulumi:{self.name}::{self.project}::{kind}::{name}"

    def _imported(self, wanted: Resource, identifier: str) -> Resource:
        found = self.provider.read(wanted.type, wanted.name, identifier, {}, {})
        if found is None:
            raise RuntimeError(f"{wanted.name}: there is no {wanted.type} '{identifier}' to import")
        outputs, inputs = map(dict, found)
        return Resource(
            wanted.urn, wanted.type, wanted.name, inputs, {}, id=identifier, outputs=outputs
        )

    def _create(self, wanted: Resource) -> None:
        wanted.inputs = provision.checked(wanted.type, wanted.name, {}, wanted.inputs)
        wanted.id, wanted.outputs = self.provider.create(
            wanted.type, wanted.name, wanted.inputs, wanted.parent
        )

    def _step(self, old: Resource, wanted: Resource, request: Any) -> None:
        for key in request.ignoreChanges:
            if key in old.inputs:
                wanted.inputs[key] = old.inputs[key]
        given = wanted.inputs
        wanted.inputs = provision.checked(wanted.type, wanted.name, old.inputs, given)
        todo = provision.difference(wanted.type, old.inputs, wanted.inputs)
        replaces = {*todo.replaces, *(set(todo.changed) & {*request.replaceOnChanges})}
        wanted.id, wanted.outputs = old.id, old.outputs
        if not todo.changed:
            return
        if not replaces:
            wanted.outputs = dict(
                self.provider.update(wanted.type, wanted.name, old.id, old.outputs, wanted.inputs)
            )
            return
        if old.protect:
            raise RuntimeError(
                f"{old.name} ({old.type}) is protected, and would be replaced for another "
                f"{', '.join(sorted(replaces))}"
            )
        wanted.inputs = given
        said = request.deleteBeforeReplaceDefined
        if request.deleteBeforeReplace if said else todo.delete_first:
            self._delete([*self._must_go_with(old), old])
            self._create(wanted)
        else:
            self._create(wanted)
            self._replaced.append(old)

    def _must_go_with(self, old: Resource) -> list[Resource]:
        """Whatever is made anew because one resource is: what it gets from it cannot change."""
        found: dict[str, Resource] = {}
        todo = [old.urn]
        while todo:
            urn = todo.pop()
            for each in self.there.values():
                from_it = {key: _UNKNOWN for key, urns in each.needs.items() if urn in urns}
                new = {**each.inputs, **from_it}
                if not each.custom or not from_it or each.urn in found:
                    continue
                if provision.difference(each.type, each.inputs, new).replaces:
                    found[each.urn] = each
                    todo.append(each.urn)
        return [*found.values()]

    def _delete(self, resources: Iterable[Resource]) -> None:
        """Delete these, last what the others need."""
        going = sorted(resources, key=lambda each: each.turn, reverse=True)
        urns = {each.urn for each in going}
        for each in going:
            if each.protect:
                raise RuntimeError(
                    f"{each.name} ({each.type}) is protected: it is not declared any more, and is "
                    "not deleted either"
                )
            if each.custom and not each.retain and each.deleted_with not in urns:
                self.provider.delete(each.type, each.name, each.id, each.outputs)
            if self.there.get(each.urn) is each:
                del self.there[each.urn]
            self._replaced = [old for old in self._replaced if old is not each]


class Monitor:
    """What a program talks to: Pulumi's protocol, as far as the SDK for Python needs it.

    It offers no marks of secrets, so that what the program says arrives as it is.
    """

    def __init__(self, stack: Stack):
        self._stack = stack

    def GetDeploymentInfo(self, _: Any) -> Any:  # noqa: N802 the SDK calls it in this process, too
        """What is offered of that which not every engine has."""
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
                resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
            ]
        )

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        """The same, as older SDKs ask it."""
        offered = request.id in {"aliasSpecs", "deletedWith", "parameterization"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=offered)

    def RegisterPackage(self, _: Any) -> Any:  # noqa: N802
        """Whatever the program uses."""
        return resource_pb2.RegisterPackageResponse(ref="rehearsal")

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer what a program asks for without declaring it."""
        if request.tok == _STATE:
            there = self._stack.there.items()
            answer: dict[str, Any] = {
                "outputs": {urn: {"outputs": it.outputs} for urn, it in there}
            }
            return resource_pb2.ResourceInvokeResponse(**{"return": to_struct(answer)})
        try:
            answer = provision.function(self._stack.provider.cloud, request.tok)
        except LookupError as error:  # the program may live without an answer
            failure = provider_pb2.CheckFailure(reason=str(error))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        return resource_pb2.ResourceInvokeResponse(**{"return": to_struct(answer)})

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """What is there already."""
        known = from_struct(request.properties)
        found = self._stack.provider.read(request.type, request.name, request.id, known, {})
        if found is None:
            raise RuntimeError(f"{request.name}: there is no {request.type} '{request.id}' to read")
        urn = self._stack.urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=to_struct(found[0]))

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Bring a resource about."""
        urn = self._stack.urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        wanted = Resource(
            urn,
            request.type,
            request.name,
            from_struct(request.object),
            {key: frozenset(each.urns) for key, each in request.propertyDependencies.items()},
            custom=request.custom,
            parent=request.parent,
            protect=request.protect,
            retain=request.retainOnDelete,
            deleted_with=request.deletedWith,
        )
        made = self._stack.register(wanted, request, self)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=made.id, object=to_struct(made.outputs)
        )

    def RegisterResourceOutputs(self, request: Any) -> None:  # noqa: N802
        """Note what the program exports, and what a component tells of itself."""
        told = from_struct(request.outputs)
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self._stack.outputs = told
        else:
            component = self._stack.there[request.urn]
            component.outputs = {**component.outputs, **told}

    def SignalAndWaitForShutdown(self, _: Any) -> None:  # noqa: N802
        """There are no hooks to wait for."""


def plain(value: Any) -> Any:
    """The value without the marks that say what of it is secret, as a cloud's API takes it."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value
