"""Conditions on types find whole entries of the column, and nothing that only looks like one."""

import json

import pytest

from collector.clickhouse.database import Database
from collector.query import attribute_types

COLUMN, KEY = "{column:String}", "{key:String}"
CONDITIONS = (
    attribute_types.type_of(COLUMN, "span", KEY),
    attribute_types.is_number(COLUMN, "span", KEY),
    attribute_types.is_flag(COLUMN, "span", KEY),
    attribute_types.is_string(COLUMN, "span", KEY),
)


@pytest.mark.parametrize(
    ("types", "key", "expected"),
    [
        (["span int k"], "k", ("int", 1, 0, 0)),
        (["span double k"], "k", ("double", 1, 0, 0)),
        (["span bool k"], "k", ("bool", 0, 1, 0)),
        (["span array k"], "k", ("array", 0, 0, 0)),
        (["span int k2", "span int a k", "resource int k"], "k", ("", 0, 0, 1)),
        (["span int a/\"'\\\n"], "a/\"'\\\n", ("int", 1, 0, 0)),
        (['span int x" ,"span int k'], "k", ("", 0, 0, 1)),
        (None, "k", ("?", 1, 1, 1)),
    ],
)
def test_the_type_of_an_attribute(
    database: Database, types: list[str] | None, key: str, expected: tuple[object, ...]
) -> None:
    # As ClickHouse writes JSON, which the column is made with.
    text = "" if types is None else json.dumps({"types": types}, separators=(",", ":")).replace("/", "\\/")
    [row] = database.query(f"SELECT {', '.join(CONDITIONS)}", {"column": text, "key": key})
    assert tuple(row) == expected
