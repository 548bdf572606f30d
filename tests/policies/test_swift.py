"""Swift: only whom the program names gets in, and temporary URLs are signed as Swift checks them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_access.policies import swift
from object_access.policies.grants import Access

ANN, BOB = "a" * 32, "b" * 32
PROJECT = "0123456789abcdef" * 2
NAMED = [f"{PROJECT}:{ANN}", f"{PROJECT}:*", f"*:{ANN}", f"{PROJECT}:{'c' * 64}", "observer"]
PUBLIC = [".r:*", ".r:example.com", ".r:.example.com", ".rlistings", "*:*"]


def test_elements_are_made_of_ids():
    """A user, a project, the pages of a host."""
    assert swift.user(PROJECT, ANN) == f"{PROJECT}:{ANN}"
    assert swift.project(PROJECT) == f"{PROJECT}:*"
    assert swift.referrer("example.com") == ".r:example.com"


@pytest.mark.parametrize("verb", ["read", "write"])
def test_named_elements_are_taken_in_their_order(verb):
    """Users, projects and roles, for reading and for writing; nobody is an empty value."""
    assert swift.acl(NAMED, verb) == ",".join(NAMED)
    assert swift.acl([], verb) == ""
    assert not swift.is_public(swift.acl(NAMED, verb))


@pytest.mark.parametrize("element", PUBLIC)
def test_public_elements_need_to_be_asked_for(element):
    """They let in people whom nobody named: a Referer is what the client says it is."""
    elements = [NAMED[0], ".r:*", element] if element == ".rlistings" else [NAMED[0], element]
    with pytest.raises(ValueError, match=r"lets in people whom nobody named, .* or set 'public'"):
        swift.acl(elements, "read")

    value = swift.acl(list(dict.fromkeys(elements)), "read", public=True)
    assert element in value.split(",")
    assert swift.is_public(value)


@pytest.mark.parametrize("element", PUBLIC[:-1])
def test_referrers_never_write(element):
    """Swift answers such a value with 400."""
    with pytest.raises(ValueError, match="for reading only"):
        swift.acl([element], "write", public=True)


def test_every_user_of_the_cloud_may_write_if_that_is_asked_for():
    """It is public, but Swift takes it."""
    with pytest.raises(ValueError, match="lets in people"):
        swift.acl(["*:*"], "write")

    assert swift.acl(["*:*"], "write", public=True) == "*:*"


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (["my-project:ann"], "'my-project:ann' is unknown, give '<project ID>:<user ID>'"),
        ([f"{PROJECT}:ann"], "is unknown"),
        ([PROJECT], "is unknown"),
        ([ANN], "is unknown"),  # it could be the name of a role, but for its length
        ([f"{PROJECT}:{ANN},*:*"], "is unknown"),
        ([f"{PROJECT}:{ANN}\n"], "is unknown"),
        ([f" {PROJECT}:{ANN}"], "is unknown"),
        ([".ref:*"], "is unknown"),
        ([".r:"], "is unknown"),
        (["*"], "is unknown"),
        ([""], "is unknown"),
        ([None], "None is unknown"),
        ([".rlistings"], "does nothing without a '.r:' element"),
        ([NAMED[0], NAMED[0]], "given twice"),
    ],
)
def test_what_is_no_element_is_refused(elements, message):
    """Above all names: they can come to belong to somebody else."""
    with pytest.raises(ValueError, match=re.escape(message)):
        swift.acl(elements, "read", public=True)


@given(st.lists(st.sampled_from([*NAMED, *PUBLIC]), unique=True))
def test_what_is_not_asked_for_is_never_public(elements):
    """Whatever is accepted without `public` names everybody it lets in."""
    try:
        value = swift.acl(elements, "read")
    except ValueError:
        return
    assert not swift.is_public(value)
    assert not set(elements) & set(PUBLIC)


@pytest.mark.parametrize(
    ("value", "public"),
    [
        (".referrer : *", True),
        (f"{PROJECT}:{ANN}, .ref:.example.com", True),
        (" *:* ", True),
        (".r:-evil.example.com", False),
        (".rlistings", False),
        (f"*:{ANN}", False),
        ("", False),
    ],
)
def test_public_is_seen_in_every_spelling_that_swift_takes(value, public):
    """For values that others wrote."""
    assert swift.is_public(value) is public


def test_pages_are_allowed_by_whole_origins():
    """As Swift compares them."""
    assert swift.cors(["https://app.valohai.com", "https://b.example.com"], ["X-Trans-Id"], 60) == {
        "Access-Control-Allow-Origin": "https://app.valohai.com https://b.example.com",
        "Access-Control-Max-Age": "60",
        "Access-Control-Expose-Headers": "X-Trans-Id",
    }
    assert swift.cors(["*"])["Access-Control-Allow-Origin"] == "*"
    assert set(swift.cors().values()) == {""}
    assert set(swift.cors()) == set(swift.cors(["*"]))


@pytest.mark.parametrize(
    ("given_rule", "message"),
    [
        ({"origins": ["https://*.example.com"]}, "is a pattern, which Swift does not know"),
        ({"origins": ["https://app.valohai.com/"]}, "did you mean 'https://app.valohai.com'"),
        ({"origins": ["*"], "expose": ["a b"]}, "is no name of a header"),
        ({"origins": ["*"], "max_age_seconds": -1}, "is negative"),
    ],
)
def test_what_swift_would_not_understand_is_refused(given_rule, message):
    """Before it is stored and never matches."""
    with pytest.raises(ValueError, match=re.escape(message)):
        swift.cors(**given_rule)


def test_metadata_names_every_slot_and_empties_what_is_not_wanted():
    """The same names whatever is wanted, or a dropped one would stay in the store."""
    nothing = swift.metadata(swift.cors(), swift.slots([]))
    everything = swift.metadata(swift.cors(["*"], ["ETag"]), swift.slots(["k", "n"]))

    assert set(nothing) == set(everything)
    assert set(nothing.values()) == {""}
    assert all(everything.values())
    assert swift.slots(["k"]) == {"Temp-Url-Key": "k", "Temp-Url-Key-2": ""}
    # Go's spelling of headers, by which the provider finds in the store what it sent.
    assert [each for each in nothing if each != each.title()] == []


def test_signatures_are_those_of_swift():
    """A value that Swift's own code computed, and that code itself where it is installed."""
    path = "/v1/AUTH_a/c/päivä 1"
    assert swift.signature("key", "GET", path, 1_900_000_000) == (
        "cd450eba5f0011df3009396fa61c4b0f0c73e00a682a4377e0d21791bfa7a82e"
    )
    theirs = pytest.importorskip("swift.common.digest", reason="Swift is not installed")

    for method, signed in (("GET", path), ("PUT", f"prefix:{path}")):
        assert swift.signature("key", method, signed, 5) == theirs.get_hmac(
            method, signed, 5, "key", digest="sha256"
        )


def test_a_temporary_url_is_encoded_but_signed_as_text():
    """And a prefix is signed with its container, and said in the query."""
    url = swift.temp_url("key", "GET", "/v1/AUTH_a/c/a b?", 5)
    signed = swift.signature("key", "GET", "/v1/AUTH_a/c/a b?", 5)
    assert url == f"/v1/AUTH_a/c/a%20b%3F?temp_url_sig={signed}&temp_url_expires=5"

    url = swift.temp_url("key", "GET", "/v1/AUTH_a/c/x/y", 5, prefix="x/")
    signed = swift.signature("key", "GET", "prefix:/v1/AUTH_a/c/x/", 5)
    assert f"temp_url_prefix=x%2F&temp_url_sig={signed}" in url


def test_an_account_is_taken_only_if_it_is_free_or_ours():
    """Somebody else's key is taken over when asked for; other metadata never is."""
    swift.check_account({}, "me")
    swift.check_account({"Quota-Bytes": "5", "Temp-Url-Key-2": ""}, "me")
    swift.check_account({"Temp-Url-Key": "k", "Object-Access-Owner": "me"}, "me")
    swift.check_account({"temp-url-key": "k"}, "me", adopt=True)

    with pytest.raises(ValueError, match=r"a temp-URL key of somebody else, .* 'adopt'"):
        swift.check_account({"Temp-URL-Key": "secret-value"}, "me")
    with pytest.raises(ValueError, match="a temp-URL key of you, "):
        swift.check_account({"Temp-Url-Key-2": "k", "Object-Access-Owner": "you"}, "me")
    with pytest.raises(ValueError, match="metadata 'Colour', which Pulumi's provider would remove"):
        swift.check_account({"Colour": "blue"}, "me", adopt=True)


def test_a_refused_account_does_not_tell_its_keys():
    """They are secrets of somebody else."""
    with pytest.raises(ValueError, match="temp-URL key") as refused:
        swift.check_account({"Temp-Url-Key": "secret-value"}, "me")

    assert "secret-value" not in str(refused.value)


def test_access_rules_are_for_one_container():
    """Exact methods and paths; the container itself only for listing."""
    root = f"/v1/AUTH_{PROJECT}/my-data"
    rules = {tuple(rule) for rule in swift.access_rules(PROJECT, "my-data", list(swift._RULES))}

    assert rules == {
        ("GET", root), ("HEAD", root),
        ("GET", f"{root}/*"), ("GET", f"{root}/*/**"),
        ("HEAD", f"{root}/*"), ("HEAD", f"{root}/*/**"),
        ("PUT", f"{root}/*"), ("PUT", f"{root}/*/**"),
        ("DELETE", f"{root}/*"), ("DELETE", f"{root}/*/**"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("project", "container", "access", "message"),
    [
        (PROJECT, "my.data", [Access.READ], "has '.', which access rules take for a pattern"),
        (PROJECT, "a|b", [Access.READ], "has '|'"),
        (PROJECT, "a{b}", [Access.READ], "has '{'"),
        (PROJECT, "a/b", [Access.READ], "has a '/'"),
        ("rehearsal", "data", [Access.READ], "'rehearsal' is no ID"),
        (PROJECT, "data", [], "name at least one verb"),
        (PROJECT, "data", [Access.FULL], "'full' is not for Swift, use some of delete, list"),
    ],
)
def test_rules_that_would_open_more_are_refused(project, container, access, message):
    """The check of tokens makes regular expressions of paths, unescaped."""
    with pytest.raises(ValueError, match=re.escape(message)):
        swift.access_rules(project, container, access)


@pytest.mark.parametrize(
    "moment",
    ["2027-01-31", "2027-01-31T00:00:00+00:00", "2027-02-30T00:00:00Z", "27-1-1T0:0:0Z", "", "x"],
)
def test_an_expiry_is_a_moment_as_keystone_spells_it(moment):
    """Another spelling would be read back as a change, and make another credential."""
    assert swift.check_expiry("2027-01-31T00:00:00Z") == "2027-01-31T00:00:00Z"
    with pytest.raises(ValueError, match="give one like '2027-01-31T00:00:00Z'"):
        swift.check_expiry(moment)
