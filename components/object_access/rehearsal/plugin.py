"""The same verbs as a Pulumi plugin, so that Pulumi's own engine needs no other.

It is served in this process, beside the embedded cloud, and Pulumi attaches to it
(PULUMI_DEBUG_PROVIDERS): nothing is installed, and nothing downloaded.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from . import provision
from .provider import Provider
from .served import from_struct, listening, to_struct


@contextmanager
def serving(provider: Provider) -> Iterator[dict[str, str]]:
    """Serve it until the end of the block; gives the variables by which Pulumi finds it."""
    add = provider_pb2_grpc.add_ResourceProviderServicer_to_server
    with listening((add, Plugin(provider))) as port:
        yield {"PULUMI_DEBUG_PROVIDERS": ",".join(f"{each}:{port}" for each in provision.PACKAGES)}


class Plugin:
    """Pulumi's plugin protocol, for every package at once.

    It says that it takes no secrets: then the engine gives it plain values, and marks what comes
    back. A preview changes nothing, and knows no more than the inputs.
    """

    def __init__(self, provider: Provider):
        self._provider = provider

    def handshake(self, _: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def get_plugin_info(self, _: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.0.0")

    def get_schema(self, _: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "rehearsal"}))

    def check_config(self, request: Any) -> Any:
        token, name = _token(request.urn), _name(request.urn)
        old, new = from_struct(request.olds), from_struct(request.news)
        return provider_pb2.CheckResponse(
            inputs=to_struct(provision.checked(token, name, old, new))
        )

    def diff_config(self, _: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def configure(self, _: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def invoke(self, request: Any) -> Any:
        answer = provision.function(self._provider.cloud, request.tok)
        return provider_pb2.InvokeResponse(**{"return": to_struct(answer)})

    def check(self, request: Any) -> Any:
        token, name = _token(request.urn), _name(request.urn)
        old, new = from_struct(request.olds), from_struct(request.news)
        return provider_pb2.CheckResponse(
            inputs=to_struct(provision.checked(token, name, old, new))
        )

    def diff(self, request: Any) -> Any:
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        new |= {key: old[key] for key in request.ignoreChanges if key in old}
        found = provision.difference(_token(request.urn), old, new)
        kinds, answers = provider_pb2.PropertyDiff, provider_pb2.DiffResponse
        return answers(
            changes=answers.DIFF_SOME if found.changed else answers.DIFF_NONE,
            diffs=found.changed,
            replaces=found.replaces,
            deleteBeforeReplace=found.delete_first,
            hasDetailedDiff=True,
            detailedDiff={
                key: kinds(
                    kind=kinds.UPDATE_REPLACE if key in found.replaces else kinds.UPDATE,
                    inputDiff=True,
                )
                for key in found.changed
            },
        )

    def create(self, request: Any) -> Any:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        token, name = _token(request.urn), _name(request.urn)
        made, outputs = self._provider.create(
            token, name, from_struct(request.properties), _parent(request.urn)
        )
        return provider_pb2.CreateResponse(id=made, properties=to_struct(outputs))

    def read(self, request: Any) -> Any:
        found = self._provider.read(
            _token(request.urn),
            _name(request.urn),
            request.id,
            from_struct(request.properties),
            from_struct(request.inputs),
        )
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, inputs = map(to_struct, found)
        return provider_pb2.ReadResponse(id=request.id, properties=outputs, inputs=inputs)

    def update(self, request: Any) -> Any:
        old, new = from_struct(request.olds), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({**old, **new}))
        token, name = _token(request.urn), _name(request.urn)
        outputs = self._provider.update(token, name, request.id, old, new)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def delete(self, request: Any) -> None:
        self._provider.delete(
            _token(request.urn), _name(request.urn), request.id, from_struct(request.properties)
        )


def _token(urn: str) -> str:
    """The type of a resource, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _parent(urn: str) -> str:
    """The URN of its parent, which the engine does not tell: of one of our components, after which
    it is called."""
    head, stack, kinds, name = urn.split("::", 3)
    above = kinds.rpartition("$")[0]
    owner = name.removesuffix("-instances")
    return f"{head}::{stack}::{above}::{owner}" if above else ""
