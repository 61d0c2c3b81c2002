"""Fields of JSON as other tools write it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.formats.lenient_json import (
    hex_id,
    mapping,
    replace_surrogates,
    sequence,
    text,
    type_name,
    unsigned,
)

LARGEST = (1 << 64) - 1
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", "0000000000000001"),
        ("00000000000000ab", "00000000000000ab"),
        ("1" + "0" * 16, "0" * 15 + "1" + "0" * 16),
        ("AB" * 16, "ab" * 16),
        # Longer ids keep their length, to be refused and counted where all ids are checked.
        ("ab" * 17, "ab" * 17),
    ],
)
def test_ids_are_padded_to_eight_or_sixteen_bytes(value: str, expected: str) -> None:
    assert hex_id("id", value).hex() == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("xyz", "id: 'xyz' is not hexadecimal"),
        ("", "id: expected hexadecimal text, got text"),
        (7, "id: expected hexadecimal text, got a number"),
        (None, "id: expected hexadecimal text, got nothing"),
    ],
)
def test_what_is_no_id_is_said_with_its_field(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        hex_id("id", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, 0), (5, 5), ("5", 5), (-5, 0), (2.9, 2), (1 << 70, LARGEST), (str(1 << 70), LARGEST)],
)
def test_numbers_may_be_quoted_and_are_clamped(value: Any, expected: int) -> None:
    assert unsigned("duration", value) == expected


@pytest.mark.parametrize("value", [True, "five", [], {}, float("nan"), float("inf")])
def test_what_is_no_number_is_said_with_its_field(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^duration: .* is not a whole number$"):
        unsigned("duration", value)


def test_text_objects_and_lists() -> None:
    assert [text("name", value) for value in (None, "a", 1, 1.5, True)] == ["", "a", "1", "1.5", "true"]
    assert (mapping("tags", None), mapping("tags", {"a": 1})) == ({}, {"a": 1})
    assert (sequence("spans", None), sequence("spans", [1])) == ([], [1])


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (text, ["a"], "f: expected text, got a list"),
        (mapping, "a", "f: expected an object, got text"),
        (sequence, {"a": 1}, "f: expected a list, got an object"),
    ],
)
def test_another_type_is_said_with_the_field(
    read: Callable[[str, Any], Any], value: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        read("f", value)


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert replace_surrogates(json.loads(r'"a\ud800b"')) == "a\ufffdb"
    assert text("name", json.loads(r'"\udfff"')) == "\ufffd"
    assert replace_surrogates("ä€😀") == "ä€😀"


@given(JSON)
def test_any_json_is_read_or_refused_with_the_field(value: Any) -> None:
    for read in (hex_id, unsigned, text, mapping, sequence):
        assert refusal(read, value).startswith("f: ")
    assert type_name(value)


def refusal(read: Callable[[str, Any], Any], value: Any) -> str:
    """The error that a reader gives for a value, or one that it need not give."""
    try:
        read("f", value)
    except ValueError as error:
        return str(error)
    return "f: none"
