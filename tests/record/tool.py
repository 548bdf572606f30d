"""A small tool that keeps things in a bucket: `python tool.py BUCKET "PUT in/a" LIST=in/ ?acl`.

Each word is a request, signed by hand: so it starts in a twentieth of the time that an SDK needs.
The tool ends with 1 at the first that is answered badly; `-` before a word takes a refusal or a
"not there" for an answer, `!` takes everything. `~PUT in/` makes up the rest of the key, `RANDOM a`
the content; `TAGGED a` sends a tag with it, `COPY a` copies from another bucket, `US a` signs for
another region, `@https://page.example GET a` is sent by that page, `iam:ListUsers` asks another
service. `=5` ends with that exit code, `WAIT` waits for Ctrl-C, `ENV` prints the secret.
"""

import hashlib
import hmac
import http.client
import os
import secrets
import signal
import ssl
import sys
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ENDPOINT, REGION = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_REGION"]
_AT = urlsplit(ENDPOINT)
CONNECTION = (
    http.client.HTTPSConnection(
        _AT.netloc, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    )
    if _AT.scheme == "https"
    else http.client.HTTPConnection(_AT.netloc)
)


def send(method: str, path: str, query: str = "", body: bytes = b"", **more: str) -> int:
    """The status of the answer (Signature Version 4, IAM User Guide, "Create a signed request")."""
    service, region = more.pop("service", "s3"), more.pop("region", REGION)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": _AT.netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": now,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    signed = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join([method, quote(path), query, listed, signed, digest])
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={signed}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
    )
    CONNECTION.request(method, quote(path) + (f"?{query}" if query else ""), body or None, headers)
    answer = CONNECTION.getresponse()
    answer.read()
    return answer.status


# Words that put an object, and the headers and the like that each sends besides.
PUTS: dict[str, dict[str, str]] = {
    "PUT": {},
    "RANDOM": {},
    "TAGGED": {"x_amz_tagging": "team=red"},
    "US": {"region": "us-east-1"},
    "COPY": {"x_amz_copy_source": "/elsewhere/a"},
}


def ask(service: str, action: str) -> int:
    """An action of IAM or STS."""
    version = {"iam": "2010-05-08", "sts": "2011-06-15"}[service]
    body = f"Action={action}&Version={version}".encode()
    form = "application/x-www-form-urlencoded"
    return send("POST", "/", body=body, service=service, content_type=form)


def do(bucket: str, word: str) -> int:
    """One request; the status of its answer."""
    origin = ""
    if word.startswith("@"):
        origin, _, word = word[1:].partition(" ")
    more = {"origin": origin} if origin else {}
    if ":" in word:
        return ask(*word.split(":"))
    method, _, key = word.partition(" ")
    path, query, body = f"/{bucket}" + (f"/{key}" if key else ""), "", b""
    if word.startswith("LIST="):
        method, query = "GET", f"list-type=2&prefix={quote(word[5:], safe='')}"
    elif word.startswith("?"):
        method, query = "GET", f"{word[1:]}="
    elif word == "BUCKETS":
        method, path = "GET", "/"
    elif word == "PUT":
        where = f"<LocationConstraint>{REGION}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>".encode()
    elif method in PUTS:
        body, more = (
            (secrets.token_bytes(4) if method == "RANDOM" else b"data"),
            more | PUTS[method],
        )
        method = "PUT"
    return send(method, path, query, body, **more)


def wait() -> int:
    """Until Ctrl-C, which comes from this very tool the first time that it runs."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    if os.getsid(0) == os.getsid(os.getppid()):  # replays have a session of their own
        os.kill(os.getppid(), signal.SIGINT)
    time.sleep(1)
    return 0


def main() -> int:
    """All of them in turn."""
    bucket, *words = sys.argv[1:]
    for word in words:
        if word.startswith("="):
            return int(word[1:])
        if word == "WAIT":
            return wait()
        if word == "ENV":
            sys.stdout.write(os.environ["AWS_SECRET_ACCESS_KEY"])
            continue
        anew = secrets.token_hex(16) if word.startswith("~") else ""
        status = do(bucket, word.lstrip("-!~") + anew)
        fine = {"!": range(200, 600), "-": (200, 204, 403, 404)}.get(word[0], (200, 204))
        if status not in fine:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
