"""Texts that are no tokens: what is wrong is pointed at."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.traceql import TraceQLError, parse
from collector.query.traceql.language.tokens import TEXT_MAX, Kind, tokens
from tests.collector.query.traceql.language.refusals import assert_refused

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ("{ .a = 'x' }", 8, 1, 'write "text" or `text`'),
    ('{ .a = "x }', 8, 4, "has no end"),
    ('{ .a = "\\q" }', 9, 2, "write \\\\ for a backslash"),
    ('{ .a = "\\ud800" }', 9, 2, "this is no escape"),
    ("{ .a = 5x }", 8, 2, "neither a number nor a duration"),
    ("{ .a = 1.2.3 }", 8, 5, "neither a number nor a duration"),
    ("{ .a = 99999999999999999999 }", 8, 20, "64 bits"),
    ("{ .a = 1e999 }", 8, 5, "below 1.8e308"),
    ("{ duration > 999999999d }", 14, 10, "146 years"),
    ("{ .a & .b }", 6, 1, "write && for and"),
    ("{ .a ; }", 6, 1, "means nothing here"),
]


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    assert_refused(parse, said, column, length, words)


def test_values_are_read_and_positions_counted_from_one() -> None:
    found = tokens('{ span."a b".c >= 1.5ms && `x` }')
    assert [(token.kind, token.text, token.value, token.at.column, token.at.length) for token in found] == [
        (Kind.MARK, "{", "", 1, 1),
        (Kind.ATTRIBUTE, "span", "a b.c", 3, 12),
        (Kind.MARK, ">=", "", 16, 2),
        (Kind.DURATION, "1.5ms", 1_500_000, 19, 5),
        (Kind.MARK, "&&", "", 25, 2),
        (Kind.STRING, "`x`", "x", 28, 3),
        (Kind.MARK, "}", "", 32, 1),
        (Kind.END, "", "", 33, 1),
    ]


@given(st.text(max_size=40))
def test_tokens_lie_one_after_the_other(text: str) -> None:
    with suppress(TraceQLError):
        ends = 1
        for token in tokens(text):
            assert token.at.column >= ends
            assert text[ends - 1 : token.at.column - 1].strip() == ""
            ends = token.at.column + token.at.length


def test_a_query_longer_than_anybody_writes_is_refused() -> None:
    with pytest.raises(TraceQLError, match=f"write at most {TEXT_MAX}"):
        tokens("a" * (TEXT_MAX + 1))
