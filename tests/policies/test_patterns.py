"""The classes into which patterns cut all texts, against trying every short text."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_access.policies.evaluate import Pattern
from object_access.policies.patterns import (
    ANY,
    MOST_STATES,
    Token,
    TooMany,
    after,
    fits,
    literal,
    members,
    pattern,
)

SHORT = ["".join(signs) for length in range(6) for signs in itertools.product("a:x", repeat=length)]
WRITTEN = st.text("a:*?", max_size=5)


def vector(tokens, text: str) -> tuple[bool, ...]:
    """Which of the patterns a text fits."""
    return tuple(fits(each, text) for each in tokens)


@given(WRITTEN, st.sampled_from(SHORT), st.booleans())
def test_a_pattern_fits_what_the_evaluator_says(written, text, arn):
    """The two read patterns alike, in ARNs and elsewhere."""
    assert fits(pattern(written, arn=arn), text) is Pattern(written, arn=arn).matches(text, {})


@given(st.text("aBß", max_size=3), st.text("AbS", max_size=3))
def test_case_makes_no_difference_where_it_should_not(written, text):
    """But for signs that have no single other case, which fit themselves."""
    folded = fits(pattern(written, wild=False, folded=True), text)

    assert folded is (written.lower() == text.lower())


@given(st.lists(WRITTEN, max_size=4), WRITTEN)
def test_every_class_has_its_shortest_member(written, limit):
    """All that short texts fit together is found, once, and by a text that is no longer."""
    tokens, within = [pattern(each) for each in written], pattern(limit)
    shortest: dict[tuple[bool, ...], int] = {}
    for text in SHORT:
        if fits(within, text):
            shortest.setdefault(vector(tokens, text), len(text))

    found = members(frozenset(tokens), within)
    lengths = {vector(tokens, text): len(text) for text in found}

    assert len(lengths) == len(found)
    assert all(fits(within, text) for text in found)
    assert shortest.items() <= lengths.items()


@given(WRITTEN, st.sampled_from(SHORT), st.sampled_from(SHORT))
def test_what_may_follow(written, start, end):
    """A text fits a pattern exactly if its end fits what may follow its start."""
    tokens = pattern(written)

    assert fits(tokens, start + end) is any(fits(each, end) for each in after(tokens, start))


def test_signs_that_are_left_out():
    """As in the addresses of Swift: one segment holds no slash."""
    segment = (Token("/", but=True), Token("/", but=True, many=True))
    found = members(frozenset({(*literal("a/"), *segment)}), (*literal("a"), ANY, ANY, ANY))

    assert sorted(bool(re.fullmatch("a/[^/]+", each)) for each in found) == [False, True]


def test_patterns_of_the_issue():
    """`a/*, *.csv, a/*/private/*, b/??/x*, *secret*`: 16 classes of 32."""
    written = ["a/*", "*.csv", "a/*/private/*", "b/??/x*", "*secret*"]

    assert len(members(frozenset(pattern(each) for each in written))) == 16


def test_too_many_classes_are_told():
    """Not waited for: their number doubles with each of these patterns."""
    many = frozenset(pattern(f"*{number:02}*") for number in range(99))

    with pytest.raises(TooMany, match="overlap"):
        members(many)
    assert MOST_STATES >= 10_000
