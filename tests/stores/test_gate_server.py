"""The embedded AWS as a server: nobody stalls it, and nothing is left behind."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

from object_access.stores.aws import server

from .conftest import HERE, World, answer


def plain(world):
    """A connection to the plain HTTP port."""
    address = urlsplit(world.aws["http_endpoint"])
    return socket.create_connection((address.hostname, address.port), timeout=10)


def told(connection, request):
    """What the server says to these bytes."""
    connection.sendall(request)
    return connection.recv(65_536).decode()


def test_slow_clients_stall_nobody(world: World):
    """Twenty that say half a request, and wait."""
    slow = [plain(world) for _ in range(20)]
    for each in slow:
        each.sendall(b"GET / HTTP/1.1\r\nHost: x")
    began = time.perf_counter()
    assert answer(world.admin("s3").list_buckets) == "ok"
    assert time.perf_counter() - began < 5
    for each in slow:
        each.close()


def test_a_body_of_nobody_s_is_refused_unread(world: World):
    """300 MB are announced, none is sent, and the answer is there."""
    bucket = world.bucket()
    with plain(world) as connection:
        head = f"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: 300000000\r\n\r\n"
        answered = told(connection, head.encode())

    assert answered.startswith("HTTP/1.1 403")
    assert "Connection: close" in answered


def test_a_long_document_is_refused_unread(world: World):
    """Also to who may send it (S3: MaxMessageLengthExceeded)."""
    with plain(world) as connection:
        head = (
            f"PUT /{world.bucket()}?tagging HTTP/1.1\r\nHost: x\r\nContent-Length: 99000000\r\n\r\n"
        )
        assert told(connection, head.encode()).startswith("HTTP/1.1 400")


def test_a_negative_length(world: World):
    """Is no length (RFC 9110, Content-Length)."""
    with plain(world) as connection:
        assert told(
            connection, b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"
        ).startswith("HTTP/1.1 400")


def test_metadata_is_this_machine_s(world: World):
    """A web page with a name of its own for this address gets nothing."""
    url = f"{world.aws['metadata']}/{HERE}/none/latest/api/token"

    assert requests.put(url, timeout=10).status_code == 200
    assert requests.put(url, headers={"Host": "evil.example.com"}, timeout=10).status_code == 403


def test_leftovers_of_a_killed_run_go():
    """At the next start; those of a run that lives stay."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    left, lives = (
        Path(tempfile.mkdtemp(prefix=f"{server._FOLDER}{process}-"))
        for process in (done.pid, os.getpid())
    )

    with server.running(["333333333333"]):
        assert not left.exists()
        assert lives.exists()
    lives.rmdir()
