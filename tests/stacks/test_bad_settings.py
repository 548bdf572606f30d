"""Settings that were taken, and failed later or meant nothing: one line each, before anything."""

from typing import Any

import pytest

from stacks import settings, shapes
from stacks.consumers import Consumer, Setting

PLACES = {"in": {"prefix": "in/", "access": ["list", "read"]}}
S3 = {"kind": "s3", "bucket": "labels", "places": PLACES, "holders": {"tool": {"as": "user"}}}
SWIFT = {
    "kind": "swift",
    "auth_url": "https://identity.example.org/v3",
    "project_id": "0" * 32,
    "places": {"all": {"access": ["list", "read"]}},
    "holders": {"tool": {"as": "user", "username": "somebody"}},
}
COMPATIBLE = {
    "kind": "compatible",
    "endpoint": "https://s3.example.org",
    "profile": "store",
    "places": PLACES,
    "holders": {"tool": {"as": "profile"}},
}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
JOB = {"as": "job", "provider": PROVIDER, "subjects": ["repo:org/repo:ref:refs/heads/main"]}
PAGE = {"origins": ["https://app.example.com"], "methods": ["GET"]}


def load(**projects: Any) -> list[settings.Loaded]:
    """An environment with these projects."""

    class Config:
        def get_object(self, key: str) -> Any:
            return {"namespace": "tests", "projects": projects}

    return settings.load(Config(), "dev")


def held(given: dict[str, Any], **holders: Any) -> dict[str, Any]:
    return {**given, "holders": {name.replace("_", "-"): each for name, each in holders.items()}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no holders": (held(S3), "one: holders is empty"),
    "no holders on Swift": (held(SWIFT), "one: holders is empty"),
    "no places": ({**COMPATIBLE, "places": {}}, "one: places is empty"),
    "cors of an adopted bucket": ({**S3, "adopt": True, "cors": [PAGE]}, "one: cors would change"),
    "logs of an adopted bucket": (
        {**S3, "adopt": True, "access_logs": {"bucket": "logs"}}, "one: access_logs would change"),
    "force_destroy of an adopted one": (
        {**S3, "adopt": True, "force_destroy": True}, "one: force_destroy would change"),
    "adopted without a name": ({**COMPATIBLE, "adopt": True}, "one: adopt is set without a bucket"),
    "logs into itself": ({**S3, "access_logs": {"bucket": "labels"}}, "would log into itself"),
    "a session name of one letter": (
        held(S3, tool={"as": "role", "session_name": "s"}), "session name has 1 characters"),
    "a job of nobody": (held(S3, tool={**JOB, "subjects": []}), "at least one subject"),
    "a job of everybody": (held(S3, tool={**JOB, "subjects": ["*"]}), "does not say whose tokens"),
    "a job of no provider": (held(S3, tool={**JOB, "provider": "x"}), "no OpenID Connect provider"),
    "a job's session": (held(S3, tool={**JOB, "longest_session": 5}), "session duration 5"),
    "one name of two users": (
        held(S3, a={"as": "user", "name": "it"}, b={"as": "user", "name": "It"}),
        "one: the user 'it' is given twice"),
    "a CORS header with a space": ({**S3, "cors": [{**PAGE, "headers": ["a b"]}]}, "CORS header"),
    "a CORS header with two stars": ({**S3, "cors": [{**PAGE, "headers": ["a*b*"]}]}, "one '*'"),
    "a negative max_age": ({**S3, "cors": [{**PAGE, "max_age": -1}]}, "CORS max_age -1"),
    "101 CORS rules": ({**S3, "cors": [PAGE] * 101}, "cors has 101 rules"),
    "a list of nobody": (held(SWIFT, tool={"as": "listed", "elements": []}), "elements is empty"),
    "a list of everybody": (
        held(SWIFT, tool={"as": "listed", "elements": [".r:*"]}), "people whom nobody named"),
    "a list that is for half a verb": (
        {**held(SWIFT, tool={"as": "listed", "elements": ["reader"]}),
         "places": {"all": {"access": ["read"]}}},
        "holders: tool: Swift's lists know 'list' and 'read' together only"),
    "two signers": (
        held(SWIFT, a={"as": "temp-urls"}, b={"as": "temp-urls", "signed_by": "account"}),
        "holders: a, b: one key signs all URLs"),
    "a nameless user": (held(SWIFT, tool={"as": "user", "username": ""}), "username is empty"),
    "a verb that Swift does not know": (
        {**SWIFT, "places": {"all": {"access": ["read-tags"]}}}, "Swift knows no 'read-tags'"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_setting_is_refused_in_one_line(bad):
    """Whose it is, and what is wrong; nothing has been declared by then."""
    project, told = BAD[bad]

    with pytest.raises(ValueError, match=r"^one: ") as error:
        load(one=project)

    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_holders_of_two_projects_that_are_called_alike_are_refused():
    """`a-b` with `c` and `a` with `b-c` would be one resource to Pulumi."""
    first = held(S3, c={"as": "user"})
    second = held({**S3, "bucket": "others"}, b_c={"as": "user"})

    with pytest.raises(ValueError, match=r"^a: the holder called 'a-b-c' belongs to .*'a-b'"):
        load(**{"a-b": first, "a": second})


def test_logs_go_to_no_bucket_that_the_environment_makes():
    """It would not let the logging service write."""
    with pytest.raises(ValueError, match=r"^a: the bucket 'logs' belongs to project 'b'"):
        load(
            a={**S3, "access_logs": {"bucket": "logs"}},
            b={**S3, "bucket": "logs"},
        )


OVERLAYS: dict[str, tuple[str, Any, str]] = {
    "no mapping": ("given", 1, "given must be a mapping"),
    "a choice of no mapping": ("choices", {"a": 1}, "an overlay must be a mapping"),
    "a project of no mapping": ("given", {"project": 1}, "project must be a mapping"),
    "a form of no mapping": ("given", {"form": None}, "form must be a mapping"),
    "an unknown part of the form": (
        "absent", {"form": {"feilds": {}}}, "form: unknown 'feilds', did you mean 'fields'"),
}  # fmt: skip


@pytest.mark.parametrize("bad", OVERLAYS)
def test_an_overlay_that_cannot_be_laid_over_is_refused(bad):
    """A consumer's file is read by people who do not read Python: one line, no traceback."""
    key, overlay, told = OVERLAYS[bad]
    given = {"is": "choice" if key == "choices" else "switch", "about": "It.", key: overlay}

    with pytest.raises(ValueError, match=told):
        shapes.read(Setting, given)


@pytest.mark.parametrize("like", ["nobody", 1, None, ["tool"]])
def test_a_holder_like_nobody_is_refused(like):
    """It names one of the same file."""
    given = {
        "title": "Tool",
        "does": "reads",
        "kind": "s3",
        "sources": [{"what": "a page", "read": "2026-11-21"}],
        "project": {"holders": {"tool": {"as": "user"}, "other": {"like": like}}},
        "form": {"destination": "its page", "fields": {}},
    }

    with pytest.raises(ValueError, match=r"holders: other: like '.*', which is no holder"):
        shapes.read(Consumer, given, {"name": "tool"}).fill_in({})


def test_two_projects_may_log_into_one_bucket():
    """It is there already, and nobody's."""
    logs = {"access_logs": {"bucket": "logs"}}

    assert len(load(a={**S3, **logs}, b={**S3, **logs, "bucket": "others"})) == 2
