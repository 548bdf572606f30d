"""The registry itself, with the configuration that is handed over: a layer is pushed, pulled and
deleted over HTTP, as Docker does."""

import hashlib
import socket
import time

import requests

from ..check import Failed, allowed
from . import CONTENT, ToolChecks

WAIT = 20  # seconds until it must answer


class Client(ToolChecks):
    """What is promised to a registry."""

    place = "registry"

    @allowed("a layer is pushed, pulled by the link that it is sent to, and deleted")
    def layer(self) -> None:
        digest = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
        with socket.create_server(("127.0.0.1", 0)) as free:
            at = "{}:{}".format(*free.getsockname())
        endpoint = self._subject.target.endpoint or ""
        with self._tools.serving(
            "docker-registry", "serve", "config.yml",
            REGISTRY_HTTP_ADDR=at,
            AWS_CA_BUNDLE="",  # its client takes none
            SSL_CERT_FILE=self._subject.target.ca_bundle or "",
            REGISTRY_STORAGE_S3_REGIONENDPOINT=endpoint,
        ):  # fmt: skip
            blobs = f"{self._answering(at)}/v2/{self._name}/blobs"
            begun = self._answer("POST", f"{blobs}/uploads/", 202)
            to = begun.headers["Location"]
            self._answer("PUT", f"{to}&digest={digest}", 201, CONTENT)
            self._same(self._answer("GET", f"{blobs}/{digest}", 200).content)
            self._answer("DELETE", f"{blobs}/{digest}", 202)

    def _answering(self, at: str) -> str:
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            try:
                requests.get(f"http://{at}/v2/", timeout=WAIT)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return f"http://{at}"
        raise Failed(f"the registry did not answer within {WAIT} s")

    def _answer(self, method: str, url: str, wanted: int, body: bytes = b"") -> requests.Response:
        answer = self._subject.http(method, url, data=body)
        if answer.status_code != wanted:
            raise Failed(f"{method} answered {answer.status_code}: {answer.text[:200]}")
        return answer
