"""Types recovered from texts: never at the price of a digit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.otlp.stored_values import decode


def typed(text: str) -> object:
    """What is read from a store that has no types."""
    value = decode(text, None)
    [(name, plain)] = value.items()
    return int(plain) if name == "intValue" else plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-7", -7),
        ("9223372036854775807", 2**63 - 1),
        ("1.5", 1.5),
    ],
)
def test_a_value_written_as_it_would_be_printed(text: str, value: object) -> None:
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["", "True", "007", "-0", "9223372036854775808", "1.50", "1.0", "nan", "1e9", "٣"]
)
def test_anything_else_stays_a_text(text: str) -> None:
    assert typed(text) == text


@given(st.one_of(st.text(), st.integers().map(str), st.floats().map(repr)))
def test_a_recovered_value_is_printed_as_the_text_was(text: str) -> None:
    found = typed(text)
    assert (found if isinstance(found, str) else json.dumps(found)) == text
