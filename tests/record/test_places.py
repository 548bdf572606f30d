"""From permissions to places and verbs, without any store."""

import pytest

from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate
from object_access.policies.grants import ACTIONS, Access
from object_access.record import places
from object_access.record.heard import Page, Permission, rules_of
from object_access.record.places import document_of, not_covered, places_of, verb_of

GET, PUT, DELETE, LIST = "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"
HASH = "0cc175b9c0f1b6a831c399e269772661"


def asked(*told):
    """Permissions on objects (action, key), or a listing with a prefix or without one."""
    return [
        Permission(action, "lab", "", {} if key is None else {"s3:prefix": key})
        if action == LIST
        else Permission(action, "lab", key or "")
        for action, key in told
    ]


def found(permissions, *wanted):
    """The places as plain data, without their names."""
    return [
        (each.prefix or each.keys, *map(str, each.access), *(["exact"] if each.exact else []))
        for each in places_of(permissions, wanted).values()
    ]


CASES = {
    "the deepest folder in common": (
        [(GET, "data/in/a"), (GET, "data/in/b/c")],
        [("data/in/", "read")],
    ),
    "each verb where it is used": (
        [(GET, "repo/x/a"), (GET, "repo/y/b"), (DELETE, "repo/x/lock")],
        [("repo/", "read"), ("repo/x/", "delete")],
    ),
    "folders at the top stay apart": (
        [(GET, "in/a"), (PUT, "out/b"), (GET, "out/b")],
        [("in/", "read"), ("out/", "read", "write")],
    ),
    "many folders at the top are the bucket": (
        [(PUT, f"{name}/a") for name in ("one", "two", "three", "four", "five")],
        [((), "write")],
    ),
    "an object at the top is named": ([(GET, "state.json")], [(("state.json",), "read")]),
    "many of them are the bucket": ([(GET, name) for name in "abc"], [((), "read")]),
    "an object beside folders is the bucket": (
        [(PUT, "config"), (PUT, "data/a")],
        [((), "write")],
    ),
    "a hash is of the content": (
        [(PUT, f"files/md5/{HASH[:2]}/{HASH[2:]}")],
        [("files/md5/", "write")],
    ),
    "a date is of a run": ([(PUT, "logs/2026-11-21/a"), (PUT, "logs/dt=2026-11-21/b")],
                           [("logs/", "write")]),
    "a number is of a run": ([(PUT, "mlruns/12/model")], [("mlruns/", "write")]),
    "a listing is scoped": ([(LIST, "in/"), (GET, "in/a")], [("in/", "list", "read")]),
    "a listing of a part of a name": ([(LIST, "in/ab")], [("in/", "list")]),
    "a listing of a folder without its slash": (
        [(LIST, "in"), (GET, "in/a")],
        [("in/", "list", "read", "exact")],
    ),
    "a listing without a prefix is the bucket's": (
        [(LIST, None), (LIST, "in/"), (GET, "in/a")],
        [("in/", "read"), ((), "list")],
    ),
    "uploads are listed for the whole bucket": (
        [("s3:ListBucketMultipartUploads", ""), (PUT, "in/a")],
        [("in/", "write"), ((), "list-uploads")],
    ),
    "the region is asked for at any place": (
        [("s3:GetBucketLocation", ""), (PUT, "in/a")],
        [("in/", "locate", "write")],
    ),
    "an upload that broke off comes with writing": (
        [("s3:AbortMultipartUpload", "in/a"), ("s3:ListMultipartUploadParts", "in/a")],
        [("in/", "list-parts", "write")],
    ),
    "nothing of ours": ([("s3:PutBucketPolicy", "")], []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_places_by_what_was_asked(case):
    """Common folders, the fewest verbs, and all of what our words can give is given."""
    told, wanted = CASES[case]
    permissions = asked(*told)

    assert found(permissions) == wanted
    given = places_of(permissions)
    beyond = not_covered(permissions, document_of(given, "lab")) if given else permissions
    assert [each for each in beyond if verb_of(each.action)] == []


def test_places_that_are_wanted():
    """They take what lies in them, the longest first; the rest is put where it would be."""
    permissions = asked((PUT, "runs/7/a"), (PUT, "runs/old/b"), (GET, "in/x/c"))

    assert found(permissions, "runs/", "runs/old/") == [("in/x/", "read"), ("runs/", "write")]
    assert found(permissions, "") == [((), "read", "write")]


@pytest.mark.parametrize("verb", [each for each in Access if each in ACTIONS])
def test_each_verb_is_found_by_its_own_actions(verb):
    """For every action of a verb, the verb that is chosen gives it, and no other gives less."""
    for action in [name for part in ACTIONS[verb] for name in part]:
        chosen = verb_of(action)
        given = [name for part in ACTIONS[chosen] for name in part]
        assert action in given
        assert len(given) <= sum(map(len, ACTIONS[verb]))


def test_without_a_verb():
    """A place that has no other goes with it; the others stay as they are."""
    given = places_of(asked((GET, "in/a"), (PUT, "out/b"), (DELETE, "out/b")))

    assert found_of(places.without(given, "out", Access.WRITE)) == ["in/ read", "out/ delete"]
    assert found_of(places.without(given, "in", Access.READ)) == ["out/ write delete"]


def found_of(given):
    return [" ".join([each.prefix, *map(str, each.access)]) for each in given.values()]


def test_the_policy_gives_no_more_than_the_places():
    """A neighbour whose name begins alike, and a listing beside the place, are refused."""
    policy = document_of(places_of(asked((GET, "in/a"), (LIST, "in/"))), "lab")
    principal = Principal("user", "123456789012", "arn:aws:iam::123456789012:user/a", "AIDAEXAMPLE")

    def may(action, arn, **context):
        asked_for = Request(principal, action, arn, principal.account, context)
        return evaluate(asked_for, Policies((Policy("it", policy),))).allowed

    assert may(GET, "arn:aws:s3:::lab/in/b")
    assert not may(GET, "arn:aws:s3:::lab/inner/b")
    assert may(LIST, "arn:aws:s3:::lab", **{"s3:prefix": "in/x"})
    assert not may(LIST, "arn:aws:s3:::lab", **{"s3:prefix": ""})
    assert not may(LIST, "arn:aws:s3:::lab")


def test_names_of_places():
    """Made of their last folder, each once."""
    given = places_of(asked((GET, "a/Raw Data/x"), (PUT, "b/raw-data/x"), (LIST, None)))

    assert [*given] == ["raw-data", "raw-data-2", "bucket"]


def test_rules_for_pages():
    """One for each origin, with the methods and headers that its pages used; whoever uploads may
    read the tag by which parts are put together."""
    one, other = "https://one.example", "https://other.example"
    pages = [Page(one, "PUT", ("content-type",)), Page(one, "GET"), Page(other, "GET")]

    assert rules_of(pages) == [
        {"origins": [one], "methods": ["GET", "PUT"], "headers": ["content-type"],
         "expose": ["ETag"]},
        {"origins": [other], "methods": ["GET"]},
    ]  # fmt: skip
