"""The Swift components, declared as a program would, on the real servers."""

import time
from types import SimpleNamespace

import pytest
import requests

from object_access import SwiftAccountKey, SwiftContainer, SwiftCredential
from object_access.policies import swift
from object_access.policies.grants import Access

pytest.importorskip("keystone", reason="Keystone and Swift need Linux")

from object_access.rehearsal.provision_openstack import OpenStack
from object_access.stores.openstack import server

from .conftest import Created

PAGE = "https://app.valohai.com"


@pytest.fixture(scope="module")
def cloud():
    """An OpenStack of its own: an account has one owner, and other tests own the shared one."""
    with server.running() as told:
        yield SimpleNamespace(
            swift=told, openstack=OpenStack(told), keep_secret=lambda secret: secret
        )


@pytest.fixture
def deploy(cloud, declare, monkeypatch, paper):
    """Run a program on the real servers; gives its outputs, without the mark of secrets."""
    real = Created(cloud)
    monkeypatch.setattr(paper, "new_resource", real.new_resource)
    return lambda program: {name: value for name, (value, _) in declare(program).items()}


@pytest.fixture
def account(cloud):
    """The account's address, and a session that is logged in as its user."""
    return cloud.openstack._storage, cloud.openstack._http


def signed(storage, key, path, method="GET"):
    root, _, account = storage.partition("/v1/")
    url = swift.temp_url(key, method, f"/v1/{account}/{path}", int(time.time()) + 60)
    return requests.request(method, root + url)


def vars_of(container):
    return {name: getattr(container, name) for name in ("container_name", "temp_url_key")}


def test_a_container_serves_its_key_and_its_page(deploy, account):
    """From the program to a temporary URL that a page in a browser may read."""
    storage, user = account
    made = deploy(
        lambda: vars_of(
            SwiftContainer(
                "vision",
                {
                    "container_name": "my-project-data",
                    "region": "RegionOne",
                    "cors": {"origins": [PAGE]},
                },
            )
        )
    )
    key, name = made["temp_url_key"], made["container_name"]
    assert (len(key), key.isalnum()) == (32, True)
    assert user.put(f"{storage}/{name}/a.txt", data=b"hello").status_code == 201

    assert signed(storage, key, f"{name}/a.txt").content == b"hello"
    assert signed(storage, key[::-1], f"{name}/a.txt").status_code == 401
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    answer = requests.options(f"{storage}/{name}/a.txt", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Max-Age"] == "3000"


def test_making_it_again_without_a_setting_takes_that_away(deploy, account):
    """The second program has neither page nor reader nor key: nor has the container then."""
    storage, user = account
    args = {"container_name": "again", "region": "RegionOne"}
    them = f"{'0' * 32}:*"
    full = args | {"cors": {"origins": [PAGE]}, "access": {"read": [them], "write": [them]}}
    deploy(lambda: vars_of(SwiftContainer("vision", full)))
    before = user.head(f"{storage}/again").headers
    assert before["X-Container-Read"] == them

    deploy(lambda: vars_of(SwiftContainer("vision", args | {"keys": []})))
    after = user.head(f"{storage}/again").headers
    assert [name for name in after if name.startswith(("X-Container-Meta", "X-Container-R"))] == []
    assert "X-Container-Write" not in after


def test_an_account_key_serves_all_and_is_not_taken_from_others(deploy, account):
    """The second component finds that the key is the first one's."""
    storage, user = account
    given = {"project_id": storage.rpartition("AUTH_")[2], "region": "RegionOne"}
    key = deploy(lambda: {"key": SwiftAccountKey("shared", given).temp_url_key})["key"]
    assert user.put(f"{storage}/any").status_code == 201
    assert user.put(f"{storage}/any/a.txt", data=b"hello").status_code == 201

    assert signed(storage, key, "any/a.txt").content == b"hello"
    with pytest.raises(ValueError, match="temp-URL key of object-access/dev/shared, whose URLs"):
        deploy(lambda: {"key": SwiftAccountKey("other", given).temp_url_key})
    assert signed(storage, key, "any/a.txt").content == b"hello"
    again = deploy(lambda: {"key": SwiftAccountKey("shared", given).temp_url_key})["key"]
    assert signed(storage, again, "any/a.txt").content == b"hello"


@pytest.mark.filterwarnings("ignore::Warning")  # of openstacksdk, about its own future
def test_a_credential_logs_in_with_openstacksdk(deploy, account, cloud):
    """As its consumer would: by ID and secret, and it reads but does not write."""
    openstack = pytest.importorskip("openstack", reason="openstacksdk is not installed")
    storage, user = account
    assert user.put(f"{storage}/shared").status_code == 201
    assert user.put(f"{storage}/shared/a.txt", data=b"hello").status_code == 201

    def program():
        credential = SwiftCredential("vision", {
            "credential_name": "reader", "region": "RegionOne", "container_name": "shared",
            "project_id": storage.rpartition("AUTH_")[2], "access": [Access.LIST, Access.READ],
        })  # fmt: skip
        return {"id": credential.credential_id, "secret": credential.secret}

    made = deploy(program)
    with openstack.connect(
        load_envvars=False, load_yaml_config=False, auth_type="v3applicationcredential",
        region_name="RegionOne",
        auth={"auth_url": cloud.swift["auth_url"], "application_credential_id": made["id"],
              "application_credential_secret": made["secret"]},
    ) as client:  # fmt: skip
        assert [each.name for each in client.object_store.objects("shared")] == ["a.txt"]
        assert client.object_store.download_object("a.txt", container="shared") == b"hello"
        with pytest.raises(openstack.exceptions.HttpException) as refused:
            client.object_store.upload_object("shared", "b.txt", data=b"x")
        assert refused.value.status_code == 401
