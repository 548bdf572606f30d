"""The consumers' own configuration files, and the sections of rclone."""

import pytest

from object_access.handover import render
from object_access.handover.model import S3, Form, Handover, Holder, Key, Machine, Place

FILE = """type: S3
prefix: {blocks.folder?}
config:
  bucket: {bucket}

  key: {it.access_key_id}
  name: {{workflow.name}}/{{pod.name}}
"""
KEY = Key(access_key_id="AKIA1", secret_access_key="secret-1")


def handover(how=KEY, *places: Place, **files: str) -> Handover:
    named = {f"blocks{number or ''}": place for number, place in enumerate(places)}
    return Handover(
        project="it",
        where=S3(bucket="metrics", region="eu-west-1"),
        places=named,
        holders={"it": Holder(how=how, places=tuple(named))},
        form=Form(files=files),
    )


def place(prefix="", *access: str, **more) -> Place:
    return Place(prefix=prefix, access=access or ("list", "read", "write"), **more)


def test_a_configuration_has_what_is_handed_over():
    """Names in braces are filled in; doubled braces are the consumer's own."""
    told = render(handover(KEY, place("a/b/"), file=FILE), "config")

    assert told == (
        "type: S3\nprefix: a/b\nconfig:\n  bucket: metrics\n\n  key: AKIA1\n"
        "  name: {{workflow.name}}/{{pod.name}}\n"
    )


def test_lines_that_do_not_apply_are_left_out():
    """A machine has no key, and the whole bucket no prefix; the other lines stay, empty ones
    too."""
    how = Machine(instance_profile="it", role_arn="arn:aws:iam::123456789012:role/it")
    told = render(handover(how, place(), file=FILE), "config")

    assert told == (
        "type: S3\nconfig:\n  bucket: metrics\n\n  name: {{workflow.name}}/{{pod.name}}\n"
    )


def test_several_files_stand_below_their_names():
    """The name of each is a comment above it."""
    told = render(handover(KEY, place(), a="x {bucket}\n", b="y\n"), "config")

    assert told == "# a\nx metrics\n\n# b\ny\n"


def test_a_place_may_be_called_like_its_holder():
    """What the holder does not have is asked of the place."""
    one = handover(KEY, place("a/"), file="{blocks.folder} {blocks.access_key_id}\n")
    same = Handover(
        **{**vars(one), "holders": {"blocks": one.holders["it"]}},
    )

    assert render(same, "config") == "a AKIA1\n"


@pytest.mark.parametrize(
    ("places", "sections"),
    [
        ([place("a/")], ["[it]", "[it-upload]"]),
        ([place()], ["[it]"]),
        ([place("a/"), place("", "list")], ["[it]"]),
        ([place("a/", "list", "read")], ["[it]"]),
        ([place("", "full")], ["[it]"]),
        ([place(keys=("a",))], ["[it]", "[it-upload]"]),
    ],
)
def test_rclone_writes_where_it_cannot_see_that_a_file_is_missing(places, sections):
    """Who writes without listing the whole bucket gets a second section, which does not look first
    (S3 API Reference, HeadObject: 403 without ListBucket)."""
    told = render(handover(KEY, *places), "rclone")

    assert [line for line in told.splitlines() if line.startswith("[")] == sections
    assert told.count("no_head_object = true") == len(sections) - 1
