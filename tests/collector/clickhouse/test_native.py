"""Blocks and parameters, against the real engine where it has the last word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clickhouse.database import Database, StatementError
from collector.clickhouse.native import decode, encode, parameter

Labels = dict[str, str]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(
    st.lists(
        st.tuples(
            st.integers(0, (1 << 64) - 1),
            texts,
            st.dictionaries(texts, texts, max_size=3),
            st.lists(st.dictionaries(texts, texts, max_size=2), max_size=3),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_encoded_is_decoded(rows: list[tuple[int, str, Labels, list[Labels]]]) -> None:
    types = {
        "a": "UInt64",
        "b": "LowCardinality(String)",
        "c": "Map(LowCardinality(String), String)",
        "d": "Array(Map(LowCardinality(String), String))",
    }
    columns = {name: [row[i] for row in rows] for i, name in enumerate(types)}
    assert decode(encode(types, columns)) == rows


def test_several_blocks_are_read_one_after_the_other() -> None:
    block = encode({"a": "String"}, {"a": ["x", "y"]})
    assert decode(block + block) == [("x",), ("y",), ("x",), ("y",)]
    assert decode(b"") == []


@pytest.mark.parametrize("value", ["text", -1, 1 << 64, None])
def test_a_value_that_does_not_fit_is_the_statements_fault(value: object) -> None:
    with pytest.raises(StatementError, match="does not fit"):
        encode({"a": "UInt64"}, {"a": [value]})


def test_columns_of_different_length_are_the_statements_fault() -> None:
    with pytest.raises(StatementError):
        encode({"a": "String", "b": "String"}, {"a": ["x"], "b": []})


NASTY = ["", "it's", "\\", "a\\'b", "\t\n\r\0\b", "{x:String}", "%(a)s", "ü€😀", "[1]", "NULL", "\\N"]


@pytest.mark.parametrize("text", NASTY)
def test_text_parameters_arrive_as_they_were(database: Database, text: str) -> None:
    rows = database.query("SELECT {p:String}, {list:Array(String)}", {"p": text, "list": [text, "b"]})
    assert rows == [(text, [text, "b"])]


def test_other_parameters(database: Database) -> None:
    rows = database.query(
        "SELECT {i:Int64}, {u:UInt64}, {f:Float64}, {b:Bool}, {n:Nullable(String)}, {e:Array(String)}, "
        "{l:Array(UInt64)}, {nested:Array(Array(String))}",
        {
            "i": -5,
            "u": (1 << 64) - 1,
            "f": 1e-9,
            "b": True,
            "n": None,
            "e": [],
            "l": [1, 2],
            "nested": [["a'"], []],
        },
    )
    assert rows == [(-5, (1 << 64) - 1, 1e-9, True, None, [], [1, 2], [["a'"], []])]


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        parameter(b"x")
