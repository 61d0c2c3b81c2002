"""Conditions on services, tried on spans and on a column that holds services in full."""

import pytest

from collector.clickhouse.database import Database
from collector.query.sql import Sql
from collector.query.stored_services import is_plain, of_ids, of_spans

# (namespace, name)
STORED = [("", "reviews"), ("shop", "reviews"), ("ops", "reviews"), ("", "a/b"), ("a", "b"), ("shop", "a/b")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("reviews", [("", "reviews"), ("ops", "reviews"), ("shop", "reviews")]),
        ("shop/reviews", [("shop", "reviews")]),
        ("/reviews", [("", "reviews")]),
        ("mail/reviews", []),
        # Nobody can tell which of the two is meant.
        ("a/b", [("", "a/b"), ("a", "b")]),
        ("/a/b", [("", "a/b")]),
        ("shop/a/b", [("shop", "a/b")]),
    ],
)
def test_a_plain_name_is_any_namespaces_and_a_full_one_its_own(
    database: Database, text: str, found: list[tuple[str, str]]
) -> None:
    database.insert(
        "otel_traces",
        {
            "TraceId": [f"{number:032x}" for number in range(len(STORED))],
            "Timestamp": [1_795_248_000 * 10**9] * len(STORED),
            "ServiceName": [name for _, name in STORED],
            "ResourceAttributes": [{"service.namespace": space} if space else {} for space, _ in STORED],
        },
    )
    spans = Sql(
        "SELECT ResourceAttributes['service.namespace'] AS space, toString(ServiceName) AS name"
        " FROM otel_traces WHERE {service} ORDER BY space, name"
    ).fill(service=of_spans(text))
    assert [tuple(row) for row in database.query(spans.text, spans.parameters)] == found
    ids = Sql(
        "SELECT count() FROM (SELECT DISTINCT ServiceName AS id FROM mesh_operations) WHERE {service}"
    ).fill(service=of_ids("id", text))
    assert database.query(ids.text, ids.parameters) == [(len(found),)]


def test_a_plain_name_has_no_namespace() -> None:
    assert is_plain("reviews")
    assert not is_plain("shop/reviews")
    assert not is_plain("/reviews")
