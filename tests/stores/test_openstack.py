"""The embedded OpenStack answers as the real one does, because it is; and it leaves nothing."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from object_access.policies import swift
from object_access.policies.grants import Access

pytest.importorskip("keystone", reason="Keystone and Swift need Linux")
pytest.importorskip("swift", reason="Keystone and Swift need Linux")

from object_access.stores.openstack import server

PAGE, OTHER_PAGE = "https://app.valohai.com", "https://evil.example.com"
KEY, KEY_2 = "k" * 32, "n" * 32
_NUMBERS = count(1)


class Cloud:
    """The running servers, and short ways to ask them."""

    def __init__(self, told):
        self.auth_url = told["auth_url"]
        self.ours = told["projects"]["rehearsal"]
        self.theirs = told["projects"]["somebody-else"]
        self.visitor = self.ours["without_role"]
        self.http = requests.Session()
        self.http.trust_env = False
        self._tokens = {}
        self.storage = self._log_in(self.ours)[1]
        self.path = urlsplit(self.storage).path

    def _log_in(self, user):
        """A token, and where the catalogue says that the user's own store is."""
        domain = {"name": user["user_domain"]}
        login = {"name": user["username"], "domain": domain, "password": user["password"]}
        identity = {"methods": ["password"], "password": {"user": login}}
        return self.token(identity, {"project": {"id": user["project_id"]}})

    def token(self, identity, scope=None):
        wanted = {"auth": {"identity": identity} | ({"scope": scope} if scope else {})}
        answer = self.http.post(f"{self.auth_url}/auth/tokens", json=wanted)
        assert answer.status_code == 201, answer.text
        [store] = [
            each for each in answer.json()["token"]["catalog"] if each["type"] == "object-store"
        ]
        return answer.headers["X-Subject-Token"], store["endpoints"][0]["url"]

    def ask(self, user, method, path="", data=None, **headers):
        """The answer to a request for a path in the store of our project."""
        if user is not None:
            name = user["username"]
            if name not in self._tokens:
                self._tokens[name] = self._log_in(user)[0]
            headers["X-Auth-Token"] = self._tokens[name]
        return self.ask_with(headers, method, f"{self.storage}{path}", data)

    def ask_with(self, headers, method, url, data=None):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, url, data=data, headers=given)

    def signed(self, method, path, key=KEY, lasts=60, asked=None, ask_path=None, **prefix):
        """The status with which a temporary URL is answered, used as it was signed or not."""
        url = swift.temp_url(key, method, f"{self.path}{path}", int(time.time()) + lasts, **prefix)
        if ask_path:
            url = url.replace(path, ask_path, 1)
        data = b"new" if (asked or method) == "PUT" else None
        return self.ask_with({}, asked or method, self.storage.removesuffix(self.path) + url, data)

    def container(self, *settings, **headers):
        """A new container with an object and the given metadata, as the provider would make it."""
        path = f"/data-{next(_NUMBERS)}"
        assert self.settle("PUT", path, *settings, **headers) == 201
        assert self.ask(self.ours, "PUT", f"{path}/a/b.txt", b"hello").status_code == 201
        return path

    def rules(self, path, *access):
        return swift.access_rules(self.ours["project_id"], path[1:], access)

    def settle(self, method, path, *settings, **headers):
        meta = {f"X-Container-Meta-{k}": v for k, v in swift.metadata(*settings).items()}
        return self.ask(self.ours, method, path, **meta, **headers).status_code


@pytest.fixture(scope="session")
def openstack():
    """One running OpenStack for all of these tests."""
    with server.running() as told:
        yield Cloud(told)


def test_objects_are_put_read_listed_and_deleted(openstack):
    """By the user of the project, through real tokens."""
    data = openstack.container()

    assert openstack.ask(openstack.ours, "GET", f"{data}/a/b.txt").content == b"hello"
    assert openstack.ask(openstack.ours, "GET", data).text.split() == ["a/b.txt"]
    assert openstack.ask(openstack.ours, "DELETE", f"{data}/a/b.txt").status_code == 204
    assert openstack.ask(openstack.ours, "GET", f"{data}/a/b.txt").status_code == 404
    assert openstack.ask(openstack.ours, "DELETE", data).status_code == 204


@pytest.mark.parametrize("who", ["theirs", "visitor", None])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_nobody_else_gets_in(openstack, who, method):
    """Neither another project's user, nor a user without a role, nor who has not logged in."""
    data = openstack.container()
    user = getattr(openstack, who) if who else None

    account = [""] if method in ("GET", "POST") else []  # for nobody, the others
    for path in (*account, data, f"{data}/a/b.txt"):
        assert openstack.ask(user, method, path).status_code == (403 if who else 401), path
    assert openstack.ask(openstack.ours, "GET", f"{data}/a/b.txt").content == b"hello"


def test_a_wrong_password_is_refused(openstack):
    """By Keystone, which says no more than that."""
    with pytest.raises(AssertionError, match="requires authentication"):
        openstack._log_in(openstack.ours | {"password": "wrong"})


def test_an_acl_lets_in_whom_it_names(openstack):
    """A user of another project, and one without a role in this; for reading or for writing."""
    them = swift.user(openstack.theirs["project_id"], openstack.theirs["user_id"])
    visitor = swift.user(openstack.visitor["project_id"], openstack.visitor["user_id"])
    data = openstack.container(
        X_Container_Read=swift.acl([them], "read"), X_Container_Write=swift.acl([visitor], "write")
    )

    assert openstack.ask(openstack.theirs, "GET", f"{data}/a/b.txt").content == b"hello"
    assert openstack.ask(openstack.theirs, "GET", data).text.split() == ["a/b.txt"]
    assert openstack.ask(openstack.theirs, "PUT", f"{data}/new", b"").status_code == 403
    assert openstack.ask(openstack.visitor, "PUT", f"{data}/new", b"").status_code == 201
    assert openstack.ask(openstack.visitor, "GET", f"{data}/a/b.txt").status_code == 403
    # Not even writers may change who else may.
    assert (
        openstack.ask(openstack.visitor, "POST", data, X_Container_Read=".r:*").status_code == 403
    )

    dropped = {"X_Container_Read": swift.acl([], "read"), "X_Container_Write": ""}
    assert openstack.settle("POST", data, **dropped) == 204
    assert openstack.ask(openstack.theirs, "GET", f"{data}/a/b.txt").status_code == 403
    assert openstack.ask(openstack.visitor, "PUT", f"{data}/new", b"").status_code == 403


@pytest.mark.parametrize(
    ("read", "asked", "referer", "status"),
    [
        ([swift.EVERYBODY], "/a/b.txt", None, 200),
        ([swift.EVERYBODY], "", None, 401),
        ([swift.EVERYBODY, swift.LISTINGS], "", None, 200),
        ([swift.referrer("example.com")], "/a/b.txt", "http://example.com/", 200),
        ([swift.referrer("example.com")], "/a/b.txt", "http://example.org/", 401),
        ([swift.referrer(".example.com")], "/a/b.txt", "http://www.example.com/", 200),
        ([swift.EVERY_USER], "/a/b.txt", None, 401),
    ],
)
def test_public_elements_are_public(openstack, read, asked, referer, status):
    """What our check calls public, Swift gives to who has not logged in, or to every user."""
    value = swift.acl(read, "read", public=True)
    data = openstack.container(X_Container_Read=value)
    headers = {"Referer": referer} if referer else {}

    assert swift.is_public(value)
    assert openstack.ask(None, "GET", f"{data}{asked}", **headers).status_code == status
    if read == [swift.EVERY_USER]:
        assert openstack.ask(openstack.theirs, "GET", f"{data}{asked}").status_code == 200


def test_a_temporary_url_opens_one_object_for_one_method(openstack):
    """With the container's key. GET includes HEAD; everything else is refused."""
    data = openstack.container(swift.slots([KEY]))
    neighbour = openstack.container()
    path = f"{data}/a/b.txt"

    assert openstack.signed("GET", path).content == b"hello"
    assert openstack.signed("GET", path, asked="HEAD").status_code == 200
    assert openstack.signed("PUT", f"{data}/c", asked="PUT").status_code == 201
    assert openstack.ask(openstack.ours, "GET", f"{data}/c").content == b"new"
    refused = {
        "wrong key": openstack.signed("GET", path, key=KEY_2),
        "expired": openstack.signed("GET", path, lasts=-1),
        "another object": openstack.signed("GET", path, ask_path=f"{data}/c"),
        "PUT with the signature of GET": openstack.signed("GET", path, asked="PUT"),
        "DELETE with the signature of PUT": openstack.signed("PUT", path, asked="DELETE"),
        "another container": openstack.signed("GET", f"{neighbour}/a/b.txt"),
        "the container itself": openstack.signed("GET", data),
    }
    assert {why: each.status_code for why, each in refused.items()} == dict.fromkeys(refused, 401)
    assert openstack.ask(openstack.ours, "GET", path).content == b"hello"


def test_a_prefix_opens_what_begins_with_it(openstack):
    """One signature for many objects, and for no other."""
    data = openstack.container(swift.slots([KEY]))
    assert openstack.ask(openstack.ours, "PUT", f"{data}/other", b"").status_code == 201
    url = {"prefix": "a/"}

    assert openstack.signed("GET", f"{data}/a/b.txt", **url).content == b"hello"
    assert openstack.signed("GET", f"{data}/a/x", ask_path=f"{data}/a/b.txt", **url).ok
    assert (
        openstack.signed("GET", f"{data}/a/x", ask_path=f"{data}/other", **url).status_code == 401
    )


def test_names_that_are_not_ascii_are_signed_as_swift_reads_them(openstack):
    """Signed as text, asked for percent-encoded."""
    data = openstack.container(swift.slots([KEY]))
    name = f"{data}/päivä 1/#?&.txt"
    assert openstack.signed("PUT", name).status_code == 201

    assert openstack.signed("GET", name).content == b"new"


def test_a_rotation_never_interrupts(openstack):
    """Both keys serve while there are two; afterwards the new one, and the old one is refused."""
    data = openstack.container(swift.slots([KEY]))
    path = f"{data}/a/b.txt"

    def serves():
        return [openstack.signed("GET", path, key=key).status_code for key in (KEY, KEY_2)]

    assert serves() == [200, 401]
    assert openstack.settle("POST", data, swift.slots([KEY, KEY_2])) == 204
    assert serves() == [200, 200]
    assert openstack.settle("POST", data, swift.slots([KEY_2])) == 204  # it moves to slot one
    assert serves() == [401, 200]
    assert openstack.settle("POST", data, swift.slots([])) == 204
    assert serves() == [401, 401]


def test_an_account_key_serves_every_container_and_goes_when_dropped(openstack):
    """And a container's key serves beside it."""
    data, other = openstack.container(), openstack.container(swift.slots([KEY_2]))

    def post(*keys):
        return openstack.ask(
            openstack.ours,
            "POST",
            "",
            **{f"X-Account-Meta-{k}": v for k, v in swift.slots(keys).items()},
        )

    assert post(KEY).status_code == 204
    assert openstack.signed("GET", f"{data}/a/b.txt").status_code == 200
    assert openstack.signed("GET", f"{other}/a/b.txt").status_code == 200
    assert openstack.signed("GET", f"{other}/a/b.txt", key=KEY_2).status_code == 200
    assert post().status_code == 204
    assert openstack.signed("GET", f"{data}/a/b.txt").status_code == 401


def test_pages_are_let_in_by_origin_until_that_is_dropped(openstack):
    """Preflight and the request itself; an empty value in the metadata is what takes it away."""
    rules = swift.cors([PAGE], ["X-Trans-Id"])
    data = openstack.container(swift.slots([KEY]), rules)
    path = f"{data}/a/b.txt"

    def preflight(origin):
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = openstack.ask(None, "OPTIONS", path, **asked)
        return answer.status_code, answer.headers.get("Access-Control-Allow-Origin")

    assert preflight(PAGE) == (200, PAGE)
    assert preflight(OTHER_PAGE)[0] == 401
    answer = openstack.ask(openstack.ours, "GET", path, Origin=PAGE)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "etag" in answer.headers["Access-Control-Expose-Headers"]
    answer = openstack.ask(openstack.ours, "GET", path, Origin=OTHER_PAGE)
    assert "Access-Control-Allow-Origin" not in answer.headers

    assert openstack.settle("POST", data, swift.slots([KEY]), swift.cors()) == 204
    assert preflight(PAGE)[0] == 401
    left = openstack.ask(openstack.ours, "HEAD", data).headers
    assert [each for each in left if each.startswith("X-Container-Meta-Access")] == []
    assert openstack.signed("GET", path).status_code == 200


def test_what_is_only_left_out_stays(openstack):
    """Why the components keep dropped names with empty values: Swift merges, it does not replace."""
    data = openstack.container(swift.slots([KEY]), swift.cors([PAGE]))

    assert openstack.settle("POST", data, {"Colour": "blue"}) == 204
    assert openstack.signed("GET", f"{data}/a/b.txt").status_code == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of swiftclient and what it imports
def test_a_large_object_is_read_in_one_piece_when_its_segments_are_near(openstack):
    """python-swiftclient uploads segments; a container's key cannot follow them elsewhere."""
    from swiftclient.service import SwiftService, SwiftUploadObject

    near, far = openstack.container(swift.slots([KEY])), openstack.container(swift.slots([KEY]))
    big = os.urandom(300_000)
    user = openstack.ours
    login = {
        "auth_version": "3",
        "os_auth_url": openstack.auth_url,
        "os_username": user["username"],
        "os_password": user["password"],
        "os_user_domain_name": user["user_domain"],
        "os_project_id": user["project_id"],
        "segment_size": 100_000,
        "use_slo": True,
    }
    for container, segments in ((near, near), (far, f"{far}-segments")):
        with SwiftService(login | {"segment_container": segments[1:]}) as client:
            wanted = SwiftUploadObject(io.BytesIO(big), object_name="big")
            answers = list(client.upload(container[1:], [wanted]))
        assert [each["error"] for each in answers if not each["success"]] == []

    assert openstack.ask(user, "GET", f"{near}/big").content == big
    assert openstack.signed("GET", f"{near}/big").content == big
    assert openstack.ask(user, "GET", f"{far}/big").content == big
    assert openstack.signed("GET", f"{far}/big").status_code in (401, 409)


def test_old_versions_are_kept_where_wanted(openstack):
    """`X-Versions-Enabled`, which the component's `versioning` becomes."""
    data = openstack.container(X_Versions_Enabled="true")
    assert openstack.ask(openstack.ours, "PUT", f"{data}/a/b.txt", b"newer").status_code == 201

    listed = openstack.ask(openstack.ours, "GET", f"{data}?versions&format=json").json()
    assert [each["bytes"] for each in listed] == [5, 5]
    old = next(each["version_id"] for each in listed if not each["is_latest"])
    assert openstack.ask(openstack.ours, "GET", f"{data}/a/b.txt?version-id={old}").text == "hello"


class Credential:
    """An application credential with these rules, made as the provider makes it."""

    def __init__(self, openstack, rules):
        self._openstack = openstack
        user = openstack.ours
        wanted = {
            "name": f"credential-{next(_NUMBERS)}",
            "access_rules": [rule._asdict() | {"service": "object-store"} for rule in rules],
        }
        answer = openstack.http.post(
            f"{openstack.auth_url}/users/{user['user_id']}/application_credentials",
            json={"application_credential": wanted},
            headers={"X-Auth-Token": openstack._log_in(user)[0]},
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()["application_credential"]
        identity = {
            "methods": ["application_credential"],
            "application_credential": {"id": made["id"], "secret": made["secret"]},
        }
        self._token, _ = openstack.token(identity)

    def ask(self, method, path="", data=None, **headers):
        url = f"{self._openstack.storage}{path}"
        headers["X-Auth-Token"] = self._token
        return self._openstack.ask_with(headers, method, url, data).status_code


@pytest.mark.parametrize("verb", [Access.LIST, Access.READ, Access.WRITE, Access.DELETE])
def test_a_credential_does_what_its_access_says_and_no_more(openstack, verb):
    """Each verb alone, on its container and on another one."""
    data, other = openstack.container(), openstack.container()
    credential = Credential(openstack, openstack.rules(data, verb))
    tried = {
        Access.LIST: ("GET", ""),
        Access.READ: ("GET", "/a/b.txt"),
        Access.WRITE: ("PUT", "/a/new.txt"),
        Access.DELETE: ("DELETE", "/a/b.txt"),
    }

    for each, (method, rest) in tried.items():
        allowed = credential.ask(method, f"{data}{rest}") < 300
        assert allowed is (each is verb), each
        assert credential.ask(method, f"{other}{rest}") == 401, each
    for method in ("PUT", "POST", "DELETE"):
        # The container itself, also when it is written like an object without a name.
        for path in (data, f"{data}/", f"{data}//"):
            assert credential.ask(method, path, X_Container_Read=".r:*") == 401, (method, path)
    for method in ("POST", "DELETE"):  # answered by 200, with a refusal of each object inside
        credential.ask(method, f"{data}/x?bulk-delete", f"{other}/a/b.txt")
    assert openstack.ask(openstack.ours, "GET", f"{other}/a/b.txt").content == b"hello"


def test_a_credential_that_writes_is_not_kept_to_its_container(openstack):
    """What the docstring of SwiftCredential warns of, and why it names a user without a role."""
    data, other = openstack.container(), openstack.container()
    writer = Credential(openstack, openstack.rules(data, Access.WRITE, Access.DELETE))

    assert writer.ask("PUT", f"{data}/copied", b"", X_Copy_From=f"{other}/a/b.txt") == 201
    assert openstack.ask(openstack.ours, "GET", f"{data}/copied").content == b"hello"
    manifest = json.dumps([{"path": f"{other}/a/b.txt"}]).encode()
    assert writer.ask("PUT", f"{data}/list?multipart-manifest=put", manifest) == 201
    assert writer.ask("DELETE", f"{data}/list?multipart-manifest=delete") == 200
    assert openstack.ask(openstack.ours, "GET", f"{other}/a/b.txt").status_code == 404
    # The user that the ACL names is kept to it.
    assert openstack.ask(openstack.ours, "PUT", f"{other}/a/b.txt", b"hello").status_code == 201
    visitor = swift.user(openstack.visitor["project_id"], openstack.visitor["user_id"])
    acl = {"X_Container_Read": visitor, "X_Container_Write": visitor}
    assert openstack.settle("POST", data, **acl) == 204
    copy = {"X_Copy_From": f"{other}/a/b.txt"}
    assert openstack.ask(openstack.visitor, "PUT", f"{data}/mine", b"").status_code == 201
    assert (
        openstack.ask(openstack.visitor, "PUT", f"{data}/copied2", b"", **copy).status_code == 403
    )


def test_access_rules_take_names_for_patterns(openstack):
    """Why a dot in the container's name is refused: it opens bystanders, here `data-1` too."""
    data, other = openstack.container(), openstack.container()
    with pytest.raises(ValueError, match=r"has '\.', which access rules take for a pattern"):
        openstack.rules(data.replace("-", "."), Access.READ)

    rules = [
        rule._replace(path=rule.path.replace(data, data.replace("-", ".")))
        for rule in openstack.rules(data, Access.READ)
    ]
    reader = Credential(openstack, rules)
    assert reader.ask("GET", f"{data}/a/b.txt") == 200
    assert reader.ask("GET", f"{other}/a/b.txt") == 401


def test_a_slash_at_the_end_of_a_container_is_the_container(openstack):
    """Why the rules for objects are `/*` and `/*/**`: with `/**` a writer makes it public."""
    data = openstack.container()
    writer = Credential(
        openstack, [swift.AccessRule("PUT", f"{openstack.path}{data}/**")]
    )  # what the documentation of Keystone would suggest

    assert writer.ask("PUT", f"{data}/", X_Container_Read=".r:*") == 202
    assert openstack.ask(None, "GET", f"{data}/a/b.txt").content == b"hello"


@pytest.mark.thorough
def test_a_cluster_without_temporary_urls():
    """Signed requests are refused like any without a token; tokens serve as ever."""
    with server.running(temp_urls=False) as told:
        cloud = Cloud(told)
        data = cloud.container(swift.slots([KEY]))
        info = cloud.http.get(cloud.storage.removesuffix(cloud.path) + "/info").json()

        assert cloud.signed("GET", f"{data}/a/b.txt").status_code == 401
        assert cloud.ask(cloud.ours, "GET", f"{data}/a/b.txt").content == b"hello"
        assert "tempurl" not in info


def test_a_port_in_use_is_said():
    """With what to do."""
    with server._listening(0, "--x") as taken:
        port = server._port(taken)
        said = f"^port {port} is in use, give --swift-port"
        with pytest.raises(ValueError, match=said), server.running(swift_port=port):
            pass


def _left(folder):
    """Processes that have the folder in mind, and whether it is still there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = [each.readlink() for each in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(str(each).startswith(str(folder)) for each in files):
            found.append(process.name)
    return found, folder.exists()


def _until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.fixture
def parent(tmp_path):
    """A process that runs the servers, in a temporary directory of its own."""
    program = (
        "import json, sys\n"
        "from object_access.stores.openstack import server\n"
        "with server.running() as told:\n"
        "    print(json.dumps(told), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        yield process
        process.kill()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "end",
    [
        signal.SIGKILL,
        pytest.param("block", marks=pytest.mark.thorough),
        pytest.param(signal.SIGINT, marks=pytest.mark.thorough),
    ],
)
def test_nothing_is_left_behind(parent, tmp_path, end):
    """No process and no file: when the block ends, by Ctrl-C, or when the parent is killed."""
    told = json.loads(parent.stdout.readline())
    [folder] = tmp_path.iterdir()
    assert len(_left(folder)[0]) == 2  # so the question is one that finds them
    assert Cloud(told).container()

    parent.stdin.close() if end == "block" else parent.send_signal(end)
    parent.wait(20)
    assert _until(lambda: _left(folder) == ([], False)), _left(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_nothing_is_left_behind_by_a_start_that_was_killed(parent, tmp_path):
    """When the servers were not even up."""
    assert _until(lambda: list(tmp_path.glob("*/swift/proxy.conf")))
    [folder] = tmp_path.iterdir()
    parent.kill()
    parent.wait(20)

    assert _until(lambda: _left(folder) == ([], False)), _left(folder)
    assert list(tmp_path.iterdir()) == []
