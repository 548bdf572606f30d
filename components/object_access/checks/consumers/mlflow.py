"""MLflow's own repository of artifacts, as its server and its clients use it."""

from ...handover import fields
from ..check import NotPromised, Refused, allowed, refused
from ..clients import Clients
from . import ToolChecks

_KEEP = """
import pathlib, sys
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

root = get_artifact_repository(sys.argv[1])
run = get_artifact_repository(sys.argv[1] + "/1/run/artifacts")
pathlib.Path("model.bin").write_text("check")
run.log_artifact("model.bin", "model")
assert [each.path for each in run.list_artifacts("model")] == ["model/model.bin"], "not listed"
back = pathlib.Path(run.download_artifacts("model", "."), "model.bin")
assert back.read_text() == "check", "another artifact came back"
"""
_DELETE = """
run.delete_artifacts("model")
assert not run.list_artifacts("model"), "the artifact was not deleted"
"""
_DELETE_IN_VAIN = """
run.delete_artifacts("model")
assert run.list_artifacts("model"), "the artifact was deleted"
"""
_DELETE_ROOT = """
root.delete_artifacts()
assert not run.list_artifacts("model"), "the artifact was not deleted"
"""


class Client(ToolChecks):
    """What is promised to MLflow, at each run's artifacts and at the root."""

    place = "artifacts"

    @allowed("MLflow logs, lists and downloads an artifact, and deletes it where it may")
    def artifact(self) -> None:
        self._run(_KEEP + (_DELETE if self._can("delete") else ""))

    @allowed("MLflow deletes all artifacts at the root")
    def root(self) -> None:
        if not self._can("delete"):
            raise NotPromised
        self._run(_KEEP + _DELETE_ROOT)

    @refused("MLflow deleting an artifact, where it may not: it stays", "it stays")
    def no_deletion(self) -> None:
        if self._can("delete"):
            raise NotPromised
        self._run(_KEEP + _DELETE_IN_VAIN)
        raise Refused("it stays")  # MLflow does not look at what S3 answered

    def _run(self, code: str) -> None:
        told = {each.label: each.value for each in fields(self._subject.handover)}
        self._tools.library(code, told["MLFLOW_ARTIFACTS_DESTINATION"])

    def _equip(self, tools: Clients) -> None:
        super()._equip(tools)
        tools.environment("env", self._holder)
