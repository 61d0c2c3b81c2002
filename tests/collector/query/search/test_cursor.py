"""Cursors come back as they were encode, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.errors import BadValueError
from collector.query.params import Window
from collector.query.search.cursor import Cursor, decode, encode

TRACE = "0af7651916cd43dd8448eb211c80319c"
TIMES = st.integers(0, 9 * 10**15)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=121)


@given(TIMES, TIMES, st.integers(-(2**62), 2**62) | NAMES, st.text())
def test_a_cursor_comes_back(one: int, other: int, rank: int | str, search: str) -> None:
    cursor = Cursor(Window(min(one, other), max(one, other)), rank, TRACE)
    assert decode(encode(cursor, search), search) == cursor


@given(st.text())
def test_any_other_text_is_a_bad_value(text: str) -> None:
    with pytest.raises(BadValueError, match="cursor is"):
        decode(text, "")


@given(st.integers(0, 60), st.characters(min_codepoint=48, max_codepoint=122))
def test_a_changed_cursor_is_refused_or_still_a_cursor(place: int, character: str) -> None:
    text = encode(Cursor(Window(5, 9), 3, TRACE), "s")
    changed = text[:place] + character + text[place + 1 :]
    try:
        found = decode(changed, "s")
    except BadValueError:
        return
    assert found.window.start <= found.window.end


def test_a_cursor_of_another_search_is_told_so() -> None:
    with pytest.raises(BadValueError, match="another search"):
        decode(encode(Cursor(Window(5, 9), 3, TRACE), "a"), "b")
