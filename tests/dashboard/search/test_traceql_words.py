"""Tokens and names of TraceQL: no text breaks the reader, and what is written is what the collector reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query import traceql
from dashboard.search.traceql_words import attribute, attribute_of, quote, tokens, unquote


@given(st.text(max_size=60))
def test_every_character_but_white_space_is_in_some_token(text: str) -> None:
    covered = {place for token in tokens(text) for place in range(token.start, token.end)}
    assert all(place in covered for place, each in enumerate(text) if not each.isspace())


def test_an_unfinished_string_is_a_token_of_its_own() -> None:
    assert [(token.kind, token.text) for token in tokens('{ .a = "b c')] == [
        ("mark", "{"),
        ("field", ".a"),
        ("mark", "="),
        ("open", '"b c'),
    ]


@given(st.text(max_size=40).filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text)))
def test_a_quoted_text_is_read_back(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.text(min_size=1, max_size=30), st.sampled_from(["", "span", "resource"]))
def test_an_attribute_is_read_back_and_the_collector_reads_it(key: str, scope: str) -> None:
    if any("\ud800" <= each <= "\udfff" for each in key):
        return
    name = attribute(scope, key)
    assert attribute_of(name) == (scope, key)
    traceql.parse(f'{{ {name} = "x" }}')


@pytest.mark.parametrize("field", ["duration", "event:name", 'span."a\\q"', ".", "other.key"])
def test_what_is_no_attribute_is_none(field: str) -> None:
    assert attribute_of(field) is None
