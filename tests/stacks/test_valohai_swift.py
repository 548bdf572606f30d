"""Valohai on Swift: what it declares and hands over, and what it finds out before."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pulumi
import pytest

from object_access.handover import Handover
from object_access.rehearsal.engine import plain
from object_access.stores.openstack import server
from stacks import openstack
from stacks.projects import SwiftProject

from .conftest import SHIPPED
from .test_settings import loaded

GUIDE = SHIPPED["projects"]["valohai-swift-guide"]


def environment(**change):
    """An environment with the guide's project, changed."""
    return {"namespace": "tests", "projects": {"vision": GUIDE | change}}


@pytest.mark.usefixtures("unlooked")
def test_the_guide_s_example(program, paper):
    """`my-project-data`, CORS for the app, a key of the account as the guide has it."""
    value, secret = program(environment())["vision"]

    container = paper.one("Container")
    assert container["name"] == "my-project-data"
    metadata = plain(container["metadata"])
    assert metadata["Access-Control-Allow-Origin"] == "https://app.valohai.com"
    assert metadata["Access-Control-Max-Age"] == "3000"
    assert (metadata["Temp-Url-Key"], metadata["Temp-Url-Key-2"]) == ("", "")
    account = plain(paper.one("AccountV1")["metadata"])
    key = Handover.read("vision", value).holders["urls"].how
    assert (account["Temp-Url-Key"], key.signed_by) == (key.key, "account")
    assert secret


@pytest.mark.usefixtures("unlooked")
def test_the_narrower_key(handed, paper):
    """One of the container alone: nothing of the account is touched."""
    key = handed(environment(key="container")).holders["urls"].how

    assert "AccountV1" not in paper.kinds()
    assert plain(paper.one("Container")["metadata"])["Temp-Url-Key"] == key.key


@pytest.mark.usefixtures("unlooked")
def test_the_password_is_kept_nowhere(handed, paper, monkeypatch):
    """Neither in what is declared nor in what is handed over, even where it is at hand."""
    monkeypatch.setenv("OS_USERNAME", "valohai")
    monkeypatch.setenv("OS_PASSWORD", "the-user-s-own")
    given = handed(environment())

    assert given.holders["valohai"].how.password == ""
    assert "the-user-s-own" not in json.dumps([plain(each.inputs) for each in paper.declared])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"auth_url": "https://identity.example.org:5000/v2.0"},
            "is for version 2.0, version 3 is",
        ),
        ({"auth_url": "identity.example.org"}, "is no address of Keystone"),
        ({"project_id": "my-project"}, "project ID 'my-project' is no ID"),
        ({"container": "a/b"}, "has a '/', where the names of objects begin"),
        ({"container": "ä" * 129}, "has 258 bytes, Swift takes at most 256"),
        ({"origin": "https://*.valohai.com"}, "is a pattern, which Swift does not know"),
        ({"origin": "app.valohai.com"}, "did you mean 'https://app.valohai.com'"),
        ({"key": "both"}, "key 'both' is unknown, use one of account, container"),
        ({"keys": ["a", "b", "c"]}, "one or two of different names are allowed"),
        ({"keys": []}, "one or two"),
        ({"keys": ["a b"]}, "key name 'a b'"),
        ({"username": ""}, "username"),
        ({"password": "x"}, "unknown setting 'password'"),
    ],
)
def test_bad_settings(program, paper, change, message):
    """One line with the project's name, and nothing was declared."""
    with pytest.raises(pulumi.RunError, match=r"^vision: ") as refused:
        program(environment(**change))

    assert message in str(refused.value)
    assert paper.declared == []


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({}, "the container 'my-project-data' belongs to project 'one'"),
        ({"container": "other"}, "the temp-URL key of account '00112233445566778899aabbccddeeff'"),
    ],
)
def test_two_projects_that_would_overwrite_each_other(program, paper, other, message):
    """A container and an account's key have one owner."""
    both = {"projects": {"one": GUIDE, "two": GUIDE | other}}
    with pytest.raises(pulumi.RunError, match=r"^two: ") as refused:
        program(both)

    assert message in str(refused.value)
    assert paper.declared == []


@pytest.mark.usefixtures("unlooked")
def test_keys_of_containers_can_live_beside_one_another(program, paper):
    """Two projects, two containers, a key each."""
    both = {"projects": {"one": GUIDE, "two": GUIDE | {"container": "other", "key": "container"}}}
    program(both)

    assert paper.kinds().count("Container") == 2


# --- what it finds out before anything is declared ---


def project(**change) -> SwiftProject:
    """The guide's project, changed."""
    [found] = loaded({"projects": {"vision": GUIDE | change}})
    return found.project


@pytest.fixture
def login(cloud, monkeypatch):
    """A project on the embedded OpenStack, with its openrc file loaded."""
    user = cloud.swift["projects"]["rehearsal"]
    for name in ("OS_CLOUD", "OS_APPLICATION_CREDENTIAL_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OS_USERNAME", user["username"])
    monkeypatch.setenv("OS_PASSWORD", user["password"])
    monkeypatch.setenv("OS_USER_DOMAIN_NAME", user["user_domain"])
    here = {
        "auth_url": cloud.swift["auth_url"],
        "region": cloud.swift["region"],
        "project_id": user["project_id"],
    }
    return lambda **change: project(**(here | change))


def complaint(given: SwiftProject) -> str:
    """The one line."""
    with pytest.raises(ValueError, match=r"^vision: ") as refused:
        openstack.check(given)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_all_is_well(login, monkeypatch):
    """The catalogue and the store's abilities are asked for, nothing else, and nothing is said."""
    asked = []
    real = openstack.session.Session.get

    def listen(self, url, **more):
        asked.append(url.rpartition("/")[2])
        return real(self, url, **more)

    monkeypatch.setattr(openstack.session.Session, "get", listen)
    for key in ("account", "container"):
        assert openstack.check(login(key=key)) is False, "the container is not there yet"
    assert asked == ["info", "info"]


@pytest.fixture
def swift(cloud, login):
    """A session of that user's, and the address of the account."""
    project = login(key="account")
    session = openstack.session.Session(openstack._login(project))
    return session, session.get_endpoint(service_type="object-store", interface="public")


def test_a_container_that_is_there(program, paper, login, swift):
    """Whoever made it, this stack did not: with a PUT Swift would hand it over without a word."""
    session, url = swift
    session.put(f"{url}/taken")
    try:
        assert openstack.check(login(container="taken")) is True
        where = {name: getattr(login(), name) for name in ("auth_url", "region", "project_id")}
        with pytest.raises(
            pulumi.RunError, match="the container 'taken' exists already"
        ) as refused:
            program(environment(**where, container="taken", key="container"))
        assert "pulumi import" in str(refused.value)
        assert paper.declared == []
    finally:
        session.delete(f"{url}/taken")


def test_an_account_with_somebody_s_key(login, swift):
    """Another stack's is found before anything is made, and named; that of a former name is ours."""
    session, url = swift
    session.post(url, headers={"X-Account-Meta-Temp-Url-Key": "k" * 32,
                               "X-Account-Meta-Object-Access-Owner": "ours/prod/vision"})  # fmt: skip
    try:
        assert "temp-URL key of ours/prod/vision" in complaint(login(key="account"))
        assert openstack.check(login(key="account", adopt_key=True)) is False
        assert "ours/prod/vision" in complaint(login(key="account", was=["farm"]))
        owner = f"{pulumi.get_project()}/{pulumi.get_stack()}/farm"
        session.post(url, headers={"X-Account-Meta-Object-Access-Owner": owner})
        assert openstack.check(login(key="account", was=["farm"])) is False
        assert openstack.check(login(key="container")) is False
    finally:
        session.post(url, headers={"X-Remove-Account-Meta-Temp-Url-Key": "x",
                                   "X-Remove-Account-Meta-Object-Access-Owner": "x"})  # fmt: skip


def test_a_wrong_password(login, monkeypatch):
    """The address is named, the password is not."""
    monkeypatch.setenv("OS_PASSWORD", "not-the-password")
    said = complaint(login())
    assert "refuses user, password or project: check OS_*" in said
    assert "not-the-password" not in said


def test_a_wrong_region(login):
    """The catalogue has no store there."""
    assert "region 'Elsewhere' has no object store" in complaint(login(region="Elsewhere"))


def test_no_credentials(login, monkeypatch):
    """The openrc file was not loaded."""
    monkeypatch.delenv("OS_PASSWORD")
    assert "no OpenStack credentials: load your openrc file" in complaint(login())


def test_keystone_is_down(login):
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "nobody answers" in complaint(login(auth_url=f"http://127.0.0.1:{port}/v3"))


def test_keystone_is_slow(login, monkeypatch):
    """It takes the connection and says nothing."""
    monkeypatch.setattr(openstack, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v3"
        assert "did not answer within 0.3 s" in complaint(login(auth_url=url))


@contextmanager
def keystone_with_store(info, path=""):
    """A Keystone of paper, whose catalogue names a store with these capabilities."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            store = f"http://127.0.0.1:{self.server.server_port}{path}/v1/AUTH_x"
            endpoint = {
                "interface": "public",
                "region": "RegionOne",
                "region_id": "RegionOne",
                "url": store,
                "id": "e",
            }
            catalog = [
                {"type": "object-store", "name": "swift", "id": "s", "endpoints": [endpoint]}
            ]
            token = {
                "token": {
                    "catalog": catalog,
                    "expires_at": "2999-01-01T00:00:00.000000Z",
                    "issued_at": "2020-01-01T00:00:00.000000Z",
                    "methods": ["password"],
                    "user": {"id": "u", "name": "u", "domain": {"id": "d", "name": "d"}},
                }
            }
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(201, token, {"X-Subject-Token": "t"})

        def do_GET(self):
            self._send(*((200, info) if self.path == f"{path}/info" else (503, {})))

        def _send(self, status, body, headers=()):
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {
                "Content-Length": str(len(text)),
                "Content-Type": "application/json",
                **dict(headers),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/v3"
        running.shutdown()


@pytest.mark.thorough
def test_a_store_that_is_ceph_s(login):
    """It knows only keys of accounts."""
    with keystone_with_store({"tempurl": {}}, "/swift") as url:
        openstack.check(login(auth_url=url))
        said = complaint(login(auth_url=url, key="container"))
    assert "is Ceph's, which knows only keys of accounts: sign with the account's" in said


def test_swift_is_down(login):
    """Keystone answers, its store does not."""
    with keystone_with_store({}, "") as url:
        real = openstack.session.Session.get

        def broken(self, url, **more):
            return real(self, url.replace("/info", "/broken"), **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(openstack.session.Session, "get", broken)
            assert "or its store answered" in complaint(login(auth_url=url))


def test_a_store_without_temporary_urls(login):
    """What it tells of itself names them no more (tests/stores/test_openstack.py)."""
    with keystone_with_store({"swift": {}}) as url:
        said = complaint(login(auth_url=url))
    assert "has no temporary URLs, which this project hands out" in said


@pytest.mark.thorough
def test_a_cluster_without_temporary_urls(monkeypatch):
    """The real servers, with the middleware results off."""
    with server.running(temp_urls=False) as described:
        user = described["projects"]["rehearsal"]
        monkeypatch.setenv("OS_USERNAME", user["username"])
        monkeypatch.setenv("OS_PASSWORD", user["password"])
        monkeypatch.setenv("OS_USER_DOMAIN_NAME", user["user_domain"])
        given = project(
            auth_url=described["auth_url"],
            region=described["region"],
            project_id=user["project_id"],
        )
        assert "has no temporary URLs, which this project hands out" in complaint(given)
