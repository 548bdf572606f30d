"""The consumers' own clients, run as they are: with the files that are handed over, and nothing
of this machine's."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from ..handover import MASK, files, formats, render
from ..handover.model import S3, Handover, Key
from .check import Failed, NotTried, Refused
from .target import Target

TIMEOUT = 120  # seconds
_AWS = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from awscli.clidriver import create_clidriver

driver = create_clidriver()
for line in sys.stdin:
    printed, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(errors):
        status = driver.main(json.loads(line))
    print(json.dumps([status, printed.getvalue(), errors.getvalue()]), flush=True)
"""
# How the clients say what the store answered: the AWS CLI, s3cmd, rclone, Mountpoint's client,
# restic.
_CODE = re.compile(
    r"\((?P<cli>\w+)\) when calling|S3 error: \d+ \((?P<s3cmd>\w+)\)"
    r"|api error (?P<go>\w+)|\b(?P<bare>AccessDenied|Access Denied|Forbidden)\b"
)


class Clients:
    """A home directory with the hand-over's own files, and programs that are run in it."""

    def __init__(self, home: Path, handover: Handover, target: Target):
        self.home = home
        self._handover, self._target = handover, target
        self._aws: subprocess.Popen[str] | None = None
        self._variables = {"HOME": str(home), "PATH": _PATH, "LANG": "C.UTF-8"}
        if target.ca_bundle:
            self._variables["AWS_CA_BUNDLE"] = target.ca_bundle
            self._variables["REQUESTS_CA_BUNDLE"] = target.ca_bundle
        own = isinstance(handover.where, S3) and handover.where.endpoint
        if target.endpoint and not own:
            self._variables["AWS_ENDPOINT_URL"] = target.endpoint

    def profile(self, holder: str, consumer: Key | None = None) -> str:
        """Give the clients a holder's sections for `~/.aws`; `consumer` is who assumes a role in
        them. Returns the profile's name."""
        text = render(self._handover, "aws-profile", holder)
        credentials, _, config = text.rpartition("# ~/.aws/config\n")
        if consumer:
            credentials += (
                f"[default]\naws_access_key_id = {consumer.access_key_id}\n"
                f"aws_secret_access_key = {consumer.secret_access_key}\n"
            )
            if consumer.session_token:
                credentials += f"aws_session_token = {consumer.session_token}\n"
        self._write(".aws/credentials", credentials)
        self._write(".aws/config", config)
        name = formats.profile_of(self._handover, holder)
        self._variables["AWS_PROFILE"] = name
        self._variables["AWS_EC2_METADATA_DISABLED"] = "true"
        return name

    def instance(self, holder: str, metadata: str | None) -> None:
        """Make this the machine that was started with an instance profile; on a real one the
        metadata service is where it always is."""
        self.profile(holder)
        del self._variables["AWS_EC2_METADATA_DISABLED"]
        if metadata:
            self._variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata

    def file(self, name: str, shape: str, holder: str = "") -> None:
        """Give the clients a file in one of the hand-over's formats."""
        self._write(name, render(self._handover, shape, holder))

    def environment(self, shape: str = "env", holder: str = "") -> None:
        """Give the clients the variables that are handed over, in this format."""
        for word in shlex.split(render(self._handover, shape, holder)):
            name, found, value = word.partition("=")
            if found:
                self._variables[name] = self._here(value)

    def files(self) -> None:
        """Give the clients their own configuration files; those of the machine are in the home."""
        for name, text in files(self._handover).items():
            self._write(name.lstrip("/"), self._here(text))

    def aws(self, *arguments: str) -> str:
        """Run a command of the AWS CLI; returns what it prints. One process serves them all: to
        start it takes ten times as long as a command."""
        if self._aws is None:
            needed("awscli")
            self._aws = subprocess.Popen(
                [sys.executable, "-c", _AWS],
                env=self._variables,
                cwd=self.home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        asked, told = self._aws.stdin, self._aws.stdout
        if not asked or not told:
            raise Failed("aws does not listen")
        asked.write(json.dumps(arguments) + "\n")
        asked.flush()
        line = told.readline()
        if not line:
            raise Failed("aws broke off")
        status, printed, errors = json.loads(line)
        if status:
            raise self._refusal("aws", errors)
        return str(printed)

    def end(self) -> None:
        """End what still runs."""
        if self._aws:
            self._aws.communicate(timeout=TIMEOUT)

    def python(self, library: str, code: str, *arguments: str, **variables: str) -> str:
        """Run Python code that imports this library here; returns what it prints."""
        needed(library)
        return self.program(sys.executable, "-c", code, *arguments, **variables)

    def library(self, code: str, *arguments: str, **variables: str) -> str:
        """Run Python code where the consumers' own libraries are; returns what it prints."""
        if not _PYTHON.exists():
            raise NotTried("the consumers' libraries are not installed here: make consumers")
        (self.home / "it.py").write_text(code)
        return self.program(str(_PYTHON), "it.py", *arguments, **variables)

    @contextmanager
    def serving(self, name: str, *arguments: str, **variables: str) -> Iterator[None]:
        """A program that runs until it is done with; NotTried says that it is not installed."""
        server = subprocess.Popen(
            [self._found(name), *arguments],
            env={key: value for key, value in (self._variables | variables).items() if value},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait(TIMEOUT)

    def _write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)

    def program(self, name: str, *arguments: str, fed: str = "", **variables: str) -> str:
        """Run a program that may not be installed, with what it is fed; NotTried says that it is
        not."""
        program = self._found(name)
        try:
            done = subprocess.run(
                [program, *arguments],
                env={key: value for key, value in (self._variables | variables).items() if value},
                cwd=self.home,
                input=fed,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} did not end within {TIMEOUT} s") from None
        if done.returncode:
            raise self._refusal(Path(name).name, done.stderr or done.stdout)
        return done.stdout

    def _found(self, name: str) -> str:
        program = shutil.which(name, path=_PATH)
        if program is None:
            raise NotTried(f"{name} is not installed here")
        return program

    def _here(self, text: str) -> str:
        """A text with an embedded store in the place of AWS."""
        where = self._handover.where
        if not isinstance(where, S3) or not self._target.endpoint:
            return text
        at = urlsplit(self._target.endpoint).netloc
        return text.replace(f"s3.{where.region}.amazonaws.com", at)

    def _refusal(self, name: str, text: str) -> Exception:
        if found := _CODE.search(text):
            return Refused(next(code for code in found.groups() if code))
        for secret in self._handover.secrets():
            text = text.replace(secret, MASK)
        lines = text.strip().splitlines() or ["no word why"]
        return Failed(f"{name}: {lines[-1][:200]}")


def needed(library: str) -> None:
    """Raises NotTried where a client that is a Python library is not installed."""
    if not find_spec(library):
        raise NotTried(f"{library} is not installed here: pip install 'object-access[clients]'")


# The clients that were installed with us come first, then the consumers' (`make consumers`).
_CONSUMERS = Path(sys.prefix, "consumers", "bin")
_PYTHON = _CONSUMERS / "python"
_PATH = os.pathsep.join(
    [str(Path(sys.executable).parent), str(_CONSUMERS), os.environ.get("PATH", os.defpath)]
)


@contextmanager
def clients(handover: Handover, target: Target) -> Iterator[Clients]:
    """The clients, in a home directory that is removed again."""
    with tempfile.TemporaryDirectory(prefix="object-access-", ignore_cleanup_errors=True) as home:
        tools = Clients(Path(home), handover, target)
        try:
            yield tools
        finally:
            tools.end()
