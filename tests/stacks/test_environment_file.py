"""Settings of a project are changed in its file as its author would: nothing else in it moves."""

import difflib

import pytest

from stacks.environment_file import changed

FILE = """\
# head
config:
  object-access:environment:
    namespace: x  # of our own
    projects:
      # the first
      a: {kind: restic}  # flow
      b:
        # why
        kind: s3 # generic
        keys:   # two
          - key
          - "2026-11"
        # after
        places: {}
      c: {keys: [key], kind: restic, inactive: [key]}
"""


def difference(text, name, settings):
    """The lines that go and those that come."""
    new = changed(text, "file", name, settings).splitlines()
    found = [*difflib.ndiff(text.splitlines(), new)]
    return [[each[2:].strip() for each in found if each.startswith(sign)] for sign in "-+"]


@pytest.mark.parametrize(
    ("name", "settings", "gone", "come"),
    [
        (
            "a", {"keys": ["key", "2026-11-21"]},
            ["a: {kind: restic}  # flow"],
            ['a: {keys: [key, "2026-11-21"], kind: restic}  # flow'],
        ),
        ("b", {"keys": ["on"]}, ["keys:   # two", "- key", '- "2026-11"'], ['keys: ["on"]']),
        ("b", {"keys": None}, ["keys:   # two", "- key", '- "2026-11"'], []),
        ("b", {"inactive": ["key"]}, [], ["inactive: [key]"]),
        (
            "c", {"keys": ["x"], "inactive": None},
            ["c: {keys: [key], kind: restic, inactive: [key]}"],
            ["c: {keys: [x], kind: restic}"],
        ),
        ("a", {"keys": None}, [], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_the_setting_changes(name, settings, gone, come, end):
    """In a block and in braces, there before or not, with a comment here and there."""
    assert difference(FILE.replace("\n", end), name, settings) == [gone, come]
    assert (end == "\r\n") == ("\r\n" in changed(FILE.replace("\n", end), "file", name, settings))


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (FILE, "d", "file has no project 'd' of its own"),
        (FILE.replace("{kind: restic}", "&it {kind: restic}") + "      d: *it\n", "d", "by hand"),
        (FILE.replace("a: {kind: restic}", "a: {}"), "a", "no project 'a' of its own"),
    ],
)
def test_what_cannot_be_changed_is_left(text, name, said):
    """A project that is an example, one that is written down elsewhere, and one of nothing."""
    with pytest.raises(ValueError, match=said):
        changed(text, "file", name, {"keys": ["x"]})
