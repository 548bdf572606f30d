"""SwiftContainer and SwiftAccountKey: keys that are secrets, and settings that really go."""

import pytest
from pulumi.runtime import rpc

from object_access import Removal, SwiftAccountKey, SwiftContainer
from object_access.policies import swift

ANN = f"{'1' * 32}:{'a' * 32}"
ARGS = {"container_name": "my-project-data", "region": "RegionOne"}
PROJECT = "2" * 32
ACCOUNT = {"project_id": PROJECT, "region": "RegionOne"}
EMPTY = swift.metadata(swift.cors(), swift.slots([]))


def outputs_of(container):
    """The outputs of a container."""
    return {name: getattr(container, name) for name in ("container_name", "temp_url_key")}


def unwrapped(wrapped):
    """The value of what reached the engine as a secret."""
    assert wrapped[rpc._special_sig_key] == rpc._special_secret_sig
    return wrapped["value"]


@pytest.fixture
def options(monkeypatch):
    """The options with which each resource of the provider was declared, by name."""
    import pulumi_openstack as openstack

    seen = {}

    def watch(kind):
        made = kind.__init__

        def init(self, resource_name, *args, **kwargs):
            seen[resource_name] = kwargs.get("opts")
            made(self, resource_name, *args, **kwargs)

        monkeypatch.setattr(kind, "__init__", init)

    watch(openstack.objectstorage.Container)
    watch(openstack.objectstorage.AccountV1)
    return seen


def test_a_container_and_its_key(declare, paper, options):
    """By default: private, protected, one key of 32 letters and digits that is a secret."""
    outputs = declare(lambda: outputs_of(SwiftContainer("vision", ARGS)))

    assert paper.kinds() == ["Container", "RandomPassword"]
    assert paper.one("RandomPassword", "vision-key") == {"length": 32, "special": False}
    container = paper.one("Container")
    assert unwrapped(container.pop("metadata")) == EMPTY | {
        "Temp-Url-Key": "password-of-vision-key"
    }
    assert container == {
        "name": "my-project-data",
        "region": "RegionOne",
        "containerRead": "",
        "containerWrite": "",
        "versioning": False,
        "forceDestroy": False,
    }
    assert outputs == {
        "container_name": ("my-project-data", False),
        "temp_url_key": ("password-of-vision-key", True),
    }
    assert options["vision"].protect is True
    assert options["vision"].additional_secret_outputs == ["metadata"]
    assert options["vision"].replace_on_changes == ["name"]


def test_everything_set(declare, paper, options):
    """Every input reaches the container."""
    everything = ARGS | {
        "cors": {
            "origins": ["https://app.valohai.com"],
            "expose": ["X-Trans-Id"],
            "max_age_seconds": 60,
        },
        "access": {"read": [ANN, ".r:*"], "write": [ANN], "public": True},
        "keys": ["may", "november"],
        "versioning": True,
        "removal": Removal.DESTROY,
    }
    outputs = declare(lambda: outputs_of(SwiftContainer("vision", everything)))

    container = paper.one("Container")
    assert unwrapped(container["metadata"]) == {
        "Access-Control-Allow-Origin": "https://app.valohai.com",
        "Access-Control-Max-Age": "60",
        "Access-Control-Expose-Headers": "X-Trans-Id",
        "Temp-Url-Key": "password-of-vision-may",
        "Temp-Url-Key-2": "password-of-vision-november",
    }
    assert (container["containerRead"], container["containerWrite"]) == (f"{ANN},.r:*", ANN)
    assert (container["versioning"], container["forceDestroy"]) == (True, True)
    assert outputs["temp_url_key"] == ("password-of-vision-november", True)
    assert options["vision"].protect is False


def test_a_dropped_setting_is_declared_empty(declare, paper):
    """The provider sends only what changes, and Swift takes an empty value for removal."""
    before = ARGS | {"cors": {"origins": ["*"]}, "keys": ["may", "november"]}
    declare(lambda: SwiftContainer("before", before) and None)
    after = ARGS | {"keys": ["november"]}
    declare(lambda: SwiftContainer("after", after) and None)

    old = unwrapped(paper.one("Container", "before")["metadata"])
    new = unwrapped(paper.one("Container", "after")["metadata"])
    assert set(old) == set(new)
    assert new == EMPTY | {"Temp-Url-Key": "password-of-after-november"}


def test_a_container_without_a_key(declare, paper):
    """For Ceph, and for whoever signs with the account's key."""
    outputs = declare(lambda: outputs_of(SwiftContainer("vision", ARGS | {"keys": []})))

    assert paper.kinds() == ["Container"]
    assert unwrapped(paper.one("Container")["metadata"]) == EMPTY
    assert outputs["temp_url_key"][0] == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"container_name": "a/b"}, "vision: container name 'a/b' has a '/'"),
        ({"container_name": "é" * 129}, "has 258 bytes"),
        ({"keys": ["a", "b", "c"]}, "none, one or two of different names"),
        ({"keys": ["a", "a"]}, "of different names"),
        ({"keys": ["a b"]}, "key name 'a b'"),
        ({"access": {"read": [".r:*"]}}, "vision: read ACL element '.r:*' lets in people"),
        ({"access": {"write": ["*:*"]}}, "vision: write ACL element '*:*' lets in people"),
        ({"access": {"read": ["project:ann"]}}, "is unknown"),
        ({"access": {"readers": []}}, "vision-access: unknown input 'readers'"),
        ({"cors": {"origins": ["https://*.example.com"]}}, "which Swift does not know"),
        ({"cors": {"origin": "*"}}, "vision-cors: unknown input 'origin'"),
        ({"acl": {}}, "vision: unknown input 'acl'"),
        ({"removal": "never"}, "vision: removal 'never' is unknown, use one of keep, empty, destr"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """The message names the component and says what to do; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: SwiftContainer("vision", ARGS | change) and None)

    assert message in str(refused.value)
    assert str(refused.value).startswith("vision")
    assert paper.declared == []
    assert paper.components == []


def test_the_key_of_a_free_account(declare, paper, options):
    """Set, with a word on whose it is; `headers` repeats it and is hidden, too."""
    outputs = declare(lambda: {"key": SwiftAccountKey("shared", ACCOUNT).temp_url_key})

    assert paper.kinds() == ["AccountV1", "RandomPassword"]
    account = paper.one("AccountV1")
    assert unwrapped(account.pop("metadata")) == {
        "Temp-Url-Key": "password-of-shared-key",
        "Temp-Url-Key-2": "",
        "Object-Access-Owner": "object-access/dev/shared",
    }
    assert account == {"projectId": PROJECT, "region": "RegionOne"}
    assert outputs == {"key": ("password-of-shared-key", True)}
    hidden = ["metadata", "headers"]
    assert options["shared"].additional_secret_outputs == hidden
    assert options["shared-before"].additional_secret_outputs == hidden


def test_an_account_that_was_never_used_is_asked_after_its_container(declare, paper, monkeypatch):
    """Swift makes the account with it, and Pulumi's provider refuses what is answered before."""
    order, answer = [], type(paper).new_resource

    def noting(self, args):
        order.append(args.name)
        return answer(self, args)

    monkeypatch.setattr(type(paper), "new_resource", noting)

    def program():
        after = SwiftContainer("vision", ARGS).container_name
        SwiftAccountKey("shared", ACCOUNT | {"after": after})

    declare(program)

    last_container = max(n for n, name in enumerate(order) if name == "vision")
    assert order.index("shared-before") > last_container


def test_an_account_of_ours_is_rotated(declare, paper):
    """The key in the store is an older one of our own."""
    metadata = {"Temp-Url-Key": "old", "Object-Access-Owner": "object-access/dev/shared"}
    paper.existing["shared-before"] = {"metadata": metadata}
    declare(lambda: SwiftAccountKey("shared", ACCOUNT | {"keys": ["may", "november"]}) and None)

    metadata = unwrapped(paper.one("AccountV1")["metadata"])
    assert metadata["Temp-Url-Key-2"] == "password-of-shared-november"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"Temp-Url-Key": "theirs"}, "shared: the account has a temp-URL key of somebody else"),
        ({"Colour": "blue"}, "shared: the account has metadata 'Colour'"),
    ],
)
def test_an_account_of_somebody_else_is_left_alone(declare, paper, metadata, message):
    """Its URLs would end; with `adopt` they do."""
    paper.existing["shared-before"] = {"metadata": metadata}
    with pytest.raises(Exception, match=message):
        declare(lambda: SwiftAccountKey("shared", ACCOUNT) and None)
    assert "AccountV1" not in paper.kinds()

    if "Temp-Url-Key" in metadata:
        declare(lambda: SwiftAccountKey("shared", ACCOUNT | {"adopt": True}) and None)
        assert "AccountV1" in paper.kinds()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"project_id": "rehearsal"}, "shared: project ID 'rehearsal' is no ID"),
        ({"keys": []}, "shared: keys [] given, one or two of different names"),
        ({"key": "x"}, "shared: unknown input 'key', did you mean 'keys'"),
    ],
)
def test_a_bad_account_key_is_refused(declare, paper, change, message):
    """Before anything is registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: SwiftAccountKey("shared", ACCOUNT | change) and None)

    assert str(refused.value).startswith(message)
    assert paper.declared == []
    assert paper.components == []
