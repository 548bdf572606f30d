"""What a real browser lets a page do: Chromium, on pages that are served as the app's own."""

import json
import re
import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import time
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import trustme

from object_access.policies import swift
from object_access.rehearsal import bystanders, engine
from object_access.workspace import Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs `chromium` on PATH")

APP, ELSEWHERE = "app.valohai.com", "elsewhere.example"
PROJECTS = {
    "s3": {"kind": "valohai-s3", "bucket": "browsed-data"},
    "swift": {
        "kind": "valohai-swift", "container": "browsed-data", "key": "container",
        "auth_url": "https://identity.example.org/v3", "project_id": "0" * 32, "username": "x",
    },
}  # fmt: skip
# A page that uploads with a bar of progress, for which browsers ask first (preflight), and reads.
PAGE = """<!doctype html><title>page</title><pre id="result">waiting</pre><script>
const given = GIVEN;
function upload() {
  return new Promise(done => {
    const form = new FormData();
    for (const [name, value] of Object.entries(given.form.fields)) form.append(name, value);
    form.append("file", new Blob(["from the page"]), "file.txt");
    const request = new XMLHttpRequest();
    request.upload.onprogress = () => {};
    request.onload = () => done(String(request.status));
    request.onerror = () => done("blocked");
    request.open("POST", given.form.url);
    request.send(form);
  });
}
async function read(url) {
  try { return await (await fetch(url)).text(); } catch { return "blocked"; }
}
(async () => {
  const results = {upload: await upload(), s3: await read(given.s3), swift: await read(given.swift)};
  document.getElementById("result").textContent = JSON.stringify(results);
})();
</script>"""


@pytest.fixture(scope="module")
def handovers(cloud):
    """The two Valohai stores, with what their consumer holds."""
    config = {"object-access:environment": {"projects": PROJECTS}}
    made = engine.run(WORKSPACE, "browser", config, cloud, lambda _: None)
    return bystanders.with_keys(cloud, made.handovers)


@contextmanager
def served(host: str, page: str):
    """The port of a server that gives out this page as that host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(host).configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def browsed(host: str, page: str, profile: Path) -> dict[str, str]:
    """What the page found out, opened under that host's name."""
    with served(host, page) as port:
        done = subprocess.run(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--ignore-certificate-errors", f"--user-data-dir={profile}",
                f"--host-resolver-rules=MAP {host} 127.0.0.1:{port}",
                "--virtual-time-budget=15000", "--dump-dom", f"https://{host}/",
            ],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    [result] = re.findall(r'<pre id="result">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert result != "waiting", done.stderr[-2000:]
    return json.loads(unescape(result))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        # Whoever holds a presigned link to S3 may read with it on any page, as the guide has it.
        (APP, {"upload": "204", "s3": "there", "swift": "there"}),
        (ELSEWHERE, {"upload": "blocked", "s3": "there", "swift": "blocked"}),
    ],
)
def test_what_a_page_may_do(cloud, handovers, tmp_path, host, expected):
    """The app's page uploads to S3 by a form, and reads from Swift by a temporary URL; a page
    elsewhere with the same form and links does neither, and nothing arrives."""
    s3_given, swift_given = handovers["s3"], handovers["swift"]
    where = s3_given.where
    s3 = cloud.target.client("s3", where.region, s3_given.holders["valohai"].how)
    name = f"page-{uuid4().hex}"
    s3.put_object(Bucket=where.bucket, Key=f"{name}-there", Body=b"there")
    storage, http = cloud.openstack._storage, cloud.openstack._http
    container = swift_given.where.container
    assert http.put(f"{storage}/{container}/{name}", data=b"there").ok
    path = f"{urlsplit(storage).path}/{container}/{name}"
    signed = swift.temp_url(swift_given.holders["urls"].how.key, "GET", path, int(time()) + 300)
    given = {
        "form": s3.generate_presigned_post(where.bucket, name, ExpiresIn=300),
        "s3": s3.generate_presigned_url(
            "get_object", Params={"Bucket": where.bucket, "Key": f"{name}-there"}
        ),
        "swift": storage.removesuffix(urlsplit(storage).path) + signed,
    }

    assert browsed(host, PAGE.replace("GIVEN", json.dumps(given)), tmp_path) == expected

    arrived = s3.list_objects_v2(Bucket=where.bucket, Prefix=name)["Contents"]
    keys_there = {each["Key"] for each in arrived}
    assert keys_there == {f"{name}-there", *([name] if host == APP else [])}
