"""Resources whose provider is a part of the program: the provider itself is run."""

import base64
from typing import TYPE_CHECKING, Any

import dill

from .kinds import Found, Inputs, Kind, Outputs, Realized

if TYPE_CHECKING:
    from .cloud import Cloud


def _provider(cloud: "Cloud", known: Outputs) -> Any:
    cloud.wait_for_compatible()
    return dill.loads(base64.b64decode(known["__provider"]))  # noqa: S301 our own


def _create(cloud: "Cloud", inputs: Inputs) -> Realized:
    provider = _provider(cloud, inputs)
    checked = provider.check({}, dict(inputs))
    if checked.failures:
        raise RuntimeError(checked.failures[0].reason)
    made = provider.create(checked.inputs)
    return made.id, made.outs


def _read(cloud: "Cloud", identifier: str, state: Outputs) -> Found | None:
    found = _provider(cloud, state).read(identifier, dict(state))
    if not found.id:
        return None
    computed = {key: found.outs[key] for key in KIND.computed & found.outs.keys()}
    return {key: each for key, each in found.inputs.items() if key not in KIND.computed}, computed


def _update(cloud: "Cloud", identifier: str, state: Outputs, inputs: Inputs) -> dict[str, Any]:
    provider = _provider(cloud, inputs)
    checked = provider.check(dict(state), dict(inputs))
    if checked.failures:
        raise RuntimeError(checked.failures[0].reason)
    return dict(provider.update(identifier, dict(state), checked.inputs).outs)


def _delete(cloud: "Cloud", identifier: str, state: Outputs) -> None:
    _provider(cloud, state).delete(identifier, dict(state))


# Of `CompatibleBucket`, which is the only such resource; its `diff` says the same.
KIND = Kind(
    _create,
    _read,
    _update,
    _delete,
    replaces=frozenset({"bucket_name", "endpoint"}),
    computed=frozenset({"not_offered"}),
)
