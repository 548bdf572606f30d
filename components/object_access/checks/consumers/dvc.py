"""DVC itself, in a repository with the configuration that is handed over."""

from ..check import NotPromised, allowed, refused
from . import ToolChecks

_PUSH = """
import contextlib, pathlib, shutil
from dulwich.repo import Repo
from dvc.cli import main

def dvc(*words):
    assert main(list(words)) == 0, " ".join(words)

shutil.rmtree("repository", ignore_errors=True)
pathlib.Path("repository").mkdir()
with contextlib.chdir("repository"):
    Repo.init(".")
    dvc("init")
    for name in ("config", "config.local"):
        shutil.copy(f"../.dvc/{name}", f".dvc/{name}")
    pathlib.Path("data").write_text("check")
    dvc("add", "data")
    dvc("push")
"""
_PULL = """
    shutil.rmtree(".dvc/cache")
    pathlib.Path("data").unlink()
    dvc("pull")
    assert pathlib.Path("data").read_text() == "check", "another file came back"
"""
_COLLECT = """
    pathlib.Path("data.dvc").unlink()
    dvc("gc", "--workspace", "--cloud", "--force")
"""


class Client(ToolChecks):
    """What is promised to those who push and pull, or only pull."""

    place = "remote"

    @allowed("dvc push and pull keep data and bring it back")
    def data(self) -> None:
        if not self._can("write"):
            raise NotPromised
        self._run(_PUSH + _PULL)

    @allowed("dvc gc --cloud removes data that nobody uses")
    def collect(self) -> None:
        # Below a prefix it asks for an object of that very name, which lies outside.
        if not self._can("delete") or self._place.prefix:
            raise NotPromised
        self._run(_PUSH + _COLLECT)

    @refused("dvc push, where data is only pulled", "AccessDenied", "Forbidden")
    def no_push(self) -> None:
        if self._can("write"):
            raise NotPromised
        self._run(_PUSH)

    def _run(self, code: str) -> None:
        home = str(self._tools.home)
        self._tools.library(code, DVC_NO_ANALYTICS="1", DVC_SITE_CACHE_DIR=home)
