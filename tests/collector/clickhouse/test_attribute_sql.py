"""Expressions over attributes, run by the engine on the wire's form of them."""

import json

from collector.clickhouse.attribute_sql import number_member, text_member
from collector.clickhouse.database import Database
from collector.clickhouse.embedded import EmbeddedSession
from tests.collector.made import label, span, trace_request

KEYS = ("a", "a b", 'q"\\\n/', "", "ü")


def test_types_are_json_whatever_the_keys_are(database: Database) -> None:
    assert isinstance(database, EmbeddedSession)
    one = span()
    label(one.attributes, dict.fromkeys(KEYS, 7))
    columns = database.span_columns([trace_request([one]).SerializeToString()])
    assert json.loads(columns["OtlpFields"][0])["types"] == [f"span int {key}" for key in KEYS]


def test_empty_members_are_left_out(database: Database) -> None:
    members = (
        number_member("n", "7"),
        number_member("n", "0"),
        text_member("t", "'a\"'"),
        text_member("t", "''"),
    )
    [row] = database.query(f"SELECT {', '.join(members)}")
    assert tuple(row) == (',"n":7', "", ',"t":"a\\""', "")
