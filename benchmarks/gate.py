"""Requests per second of the embedded AWS with its gate, as a ratio of bare moto's.

Bare moto is its own `ThreadedMotoServer`. Both get the same signed requests by plain HTTP, over
connections that are kept where the server keeps them.
"""

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
LEAST = 0.7
SECONDS, ROUNDS = 0.5, 8  # the best round counts: the machine has others to serve, too
BUCKET = "benchmark-bucket"
CALLS = {
    "HEAD bucket": ("HEAD", f"/{BUCKET}", b""),
    "GET object": ("GET", f"/{BUCKET}/a/1", b""),
    "PUT object": ("PUT", f"/{BUCKET}/a/2", b"x" * 1_000),
    "LIST": ("GET", f"/{BUCKET}?list-type=2&prefix=a%2F", b""),
}


def serve_bare() -> None:
    """Bare moto, in a process of its own, until its input ends."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port} testing testing", flush=True)
    sys.stdin.read()


def serve_gated() -> None:
    """Ours; a user whose own policy allows the calls, so that there is something to decide."""
    import json

    from object_access.checks.target import Target
    from object_access.handover.model import Key
    from object_access.stores.aws import server

    with server.running(["111111111111"]) as aws:
        admin = Key(**aws["accounts"]["111111111111"])
        iam = Target(aws["endpoint"], None, aws["ca_bundle"]).client("iam", "eu-west-1", admin)
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_user(UserName="u")
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName="u")["AccessKey"]
        keys = f"{key['AccessKeyId']} {key['SecretAccessKey']}"
        print(f"{aws['http_endpoint']} {keys}", flush=True)
        sys.stdin.read()


def signed(endpoint: str, keys: tuple[str, str], method: str, path: str, body: bytes) -> Any:
    """The request's headers, signed once: the server is measured, not the client."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, endpoint + path, data=body)
    S3SigV4Auth(Credentials(*keys), "s3", "eu-west-1").add_auth(request)
    return dict(request.headers)


def rate(endpoint: str, keys: tuple[str, str], method: str, path: str, body: bytes) -> float:
    """Requests per second of one client."""
    headers = signed(endpoint, keys, method, path, body)
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        done += 1
    return done / (time.perf_counter() - began)


def start(which: str) -> tuple[subprocess.Popen[str], Callable[..., float]]:
    """A server and a function that measures a call on it."""
    child = subprocess.Popen(
        [sys.executable, __file__, which],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    endpoint, *keys = child.stdout.readline().split() if child.stdout else []
    pair = (keys[0], keys[1])
    import boto3

    s3 = boto3.client(
        "s3", region_name="eu-west-1", endpoint_url=endpoint,
        aws_access_key_id=pair[0], aws_secret_access_key=pair[1],
    )  # fmt: skip
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.put_object(Bucket=BUCKET, Key="a/1", Body=b"x" * 1_000)
    return child, lambda call: rate(endpoint, pair, *call)


def main() -> int:
    """Print a line per call and the worst ratio; fail below the limit."""
    (bare, ask_bare), (gated, ask_gated) = start("bare"), start("gated")
    worst = float("inf")
    for name, call in CALLS.items():
        pairs = [(ask_gated(call), ask_bare(call)) for _ in range(ROUNDS)]
        ours, theirs = (max(rates) for rates in zip(*pairs, strict=True))
        worst = min(worst, ours / theirs)
        print(f"{name:12} {ours:6.0f} a second, bare moto {theirs:6.0f}: {ours / theirs:.2f}")
    for child in (bare, gated):
        child.communicate()
    print(f"worst ratio {worst:.2f} (at least {LEAST})")
    return worst < LEAST


if __name__ == "__main__":
    modes: dict[str, Callable[[], Any]] = {"bare": serve_bare, "gated": serve_gated}
    sys.exit(modes[sys.argv[1]]() if len(sys.argv) > 1 else main())
