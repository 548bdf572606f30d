"""The library modelstore itself, as a training job uses it."""

from ...handover import fields
from ...handover.model import Place
from ..check import Failed, NotTried, allowed
from ..clients import Clients
from . import ClientChecks
from ._files import read_by_s3fs

# What a training job does; the store's line is the one that is handed over.
_TRAINING_JOB = """
import pathlib, sys
from modelstore import ModelStore

store = {store}
domain = sys.argv[1]
pathlib.Path("model.bin").write_bytes(domain.encode())
model = store.upload(domain, model="model.bin")
assert domain in store.list_domains(), "the domain is not listed"
model_id = model["model"]["model_id"]
assert model_id in store.list_models(domain), "the model is not listed"
pathlib.Path("back").mkdir()
store.download("back", domain, model_id)
[back] = pathlib.Path("back").rglob("model.bin")
assert back.read_bytes() == domain.encode(), "what was downloaded is not what was uploaded"
"""
_CLEAN_UP = """
store.delete_model(domain, model_id, skip_prompt=True)
"""


class Client(ClientChecks):
    """What is promised to modelstore: its own folder, and looking at the bucket."""

    @allowed("the library uploads a model, lists its domain, downloads it again")
    def model(self) -> None:
        [store] = [
            each.value for each in fields(self._subject.handover) if each.label == "In Python"
        ]
        code = _TRAINING_JOB.format(store=store)
        if self._can("delete"):
            code += _CLEAN_UP
        elif not self._subject.target.embedded:
            raise NotTried("what it writes could not be removed again")
        self._subject.wrote(f"{self._place.prefix}domains/{self._name}.json")
        self._tools.python("modelstore", code, self._name)

    @allowed("s3fs lists the folder and reads a file")
    def filesystem(self) -> None:
        read_by_s3fs(self, self._file())

    @property
    def _place(self) -> Place:
        return self._subject.handover.places["models"]

    def _equip(self, tools: Clients) -> None:
        if not self._can("read"):
            raise Failed("it cannot read its own models")
        tools.environment("env", self._holder)
