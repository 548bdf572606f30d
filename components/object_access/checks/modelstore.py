"""The lights of a modelstore registry, tried with the library itself."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import handover as handoff
from .check import NotPromised, Skip, allowed, refused
from .clients import Clients
from .mounts import CONTENT, read_by_s3fs
from .s3 import PrivateS3Checks

FOLDER = "operatorai-model-store/"  # the library's own

# What a training job does; the store's lines are those that are handed over.
_TRAINING_JOB = """
import pathlib, sys

domain = sys.argv[1]
pathlib.Path("model.bin").write_bytes(domain.encode())
model = STORE.upload(domain, model="model.bin")
assert domain in STORE.list_domains(), "the domain is not listed"
model_id = model["model"]["model_id"]
assert model_id in STORE.list_models(domain), "the model is not listed"
pathlib.Path("back").mkdir()
STORE.download("back", domain, model_id)
[back] = pathlib.Path("back").rglob("model.bin")
assert back.read_bytes() == domain.encode(), "what was downloaded is not what was uploaded"
"""
_CLEAN_UP = """
STORE.delete_model(domain, model_id, skip_prompt=True)
"""


class Modelstore(PrivateS3Checks):
    """What is promised to modelstore: its own folder, and looking at the bucket."""

    @allowed("the library uploads a model, lists its domain, downloads it again")
    def model(self) -> None:
        setup, _, call = (
            handoff.render(self._project, self._given, "python").strip().rpartition("\n")
        )
        code = f"{setup}\nSTORE = {call}\n{_TRAINING_JOB}"
        if self._given["append_only"]:
            if not self._others.outsider:
                raise Skip("what it writes could not be removed again")
        else:
            code += _CLEAN_UP
        self._tools.python(code, self._name)

    @allowed("s3fs lists the folder and reads a file")
    def filesystem(self) -> None:
        key = f"{self._prefix}{FOLDER}{self._name}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=CONTENT)
        read_by_s3fs(self._store, self._given, self._keys, f"{self._bucket}/{key}")

    @refused("files outside the library's folder")
    def outside(self) -> None:
        calls: dict[str, Callable[[], object]] = {}
        for prefix in {"", self._prefix, f"{self._prefix}{FOLDER[:-1]}-2/"}:
            file = {"Bucket": self._bucket, "Key": prefix + self._name}
            calls[f"writing to '{prefix}'"] = partial(self._s3.put_object, **file, Body=b"")
            calls[f"reading from '{prefix}'"] = partial(self._s3.get_object, **file)
            calls[f"deleting from '{prefix}'"] = partial(self._s3.delete_object, **file)
        self._none_allowed(calls)

    @refused("deleting a model of an append-only registry")
    def deleting(self) -> None:
        if not self._given["append_only"]:
            raise NotPromised
        key = f"{self._prefix}{FOLDER}{self._name}"
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _equip(self, tools: Clients) -> None:
        tools.environment()

    def _leftovers(self, s3: Any) -> Iterable[str]:
        yield from super()._leftovers(s3)
        root = self._prefix + FOLDER
        yield f"{root}domains/{self._name}.json"
        with suppress(ClientError, BotoCoreError, OSError):
            found = s3.list_objects_v2(Bucket=self._bucket, Prefix=root + self._name)
            yield from (each["Key"] for each in found.get("Contents", []))
