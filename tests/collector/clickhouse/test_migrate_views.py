"""The views of the schema: what an insert into a wide table adds to the narrow ones beside it."""

from collector.clickhouse.database import Database, Store
from tests.collector.made import NOW


def test_the_summary_counts_spans_and_errors_by_service(database: Database) -> None:
    database.insert(
        "otel_traces",
        {
            "Timestamp": [NOW] * 3,
            "TraceId": ["t"] * 3,
            "ServiceName": ["a", "a", "b"],
            "StatusCode": ["Error", "Unset", "Unset"],
            "Duration": [1, (1 << 64) - 1, 3],
        },
    )
    rows = database.query(
        "SELECT sumMap(ServiceSpans), sumMap(ServiceErrors) FROM mesh_trace_summaries GROUP BY TraceId"
    )
    assert rows == [({"a": 2, "b": 1}, {"a": 1, "b": 0})]


def test_a_span_fills_the_trace_tables(database: Database) -> None:
    spans = 2
    database.insert(
        "otel_traces",
        {
            "Timestamp": [NOW, NOW + 1_000_000],
            "TraceId": ["t"] * spans,
            "SpanId": ["a", "b"],
            "ParentSpanId": ["", "a"],
            "ServiceName": ["front", "back"],
            "SpanName": ["GET /", "work"],
            "Duration": [3_000_000, 9_000_000],
            "StatusCode": ["Unset", "Error"],
        },
    )
    rows = database.query(
        "SELECT toUnixTimestamp64Nano(min(Start)), toUnixTimestamp64Nano(max(End)), sum(Spans), sum(Errors), "
        "arraySort(groupUniqArrayArray(Services)), max(RootService), max(RootName) "
        "FROM mesh_trace_summaries GROUP BY TraceId"
    )
    assert rows == [(NOW, NOW + 10_000_000, 2, 1, ["back", "front"], "front", "GET /")]
    assert database.query("SELECT count() FROM otel_traces_trace_id_ts") == [(1,)]


def test_a_replayed_insert_adds_nothing_to_any_table(store: Store, database: Database) -> None:
    span: dict[str, list[object]] = {
        "Timestamp": [NOW],
        "TraceId": ["t"],
        "SpanId": ["a"],
        "ServiceName": ["front"],
    }
    counts = []
    for token in ("one", "one", "two"):
        session = store.connect({"insert_deduplication_token": token})
        session.insert("otel_traces", span)
        session.close()
        counts += database.query(
            "SELECT count(), (SELECT sum(Spans) FROM mesh_trace_summaries) FROM otel_traces"
        )
    assert counts == [(1, 1), (1, 1), (2, 2)]


def test_operations_are_known_without_a_look_at_the_spans(database: Database) -> None:
    database.insert(
        "otel_traces",
        {
            "Timestamp": [NOW, NOW, NOW],
            "TraceId": ["t"] * 3,
            "ServiceName": ["front", "front", "back"],
            "SpanName": ["GET /", "GET /", "work"],
            "SpanKind": ["Server", "Server", "Internal"],
            "StatusCode": ["Unset", "Error", "Unset"],
        },
    )
    rows = database.query(
        "SELECT ServiceName, groupUniqArrayMerge(4)(Names), SpanKind, sum(Spans), sum(Errors), "
        "toUnixTimestamp(max(LastSeen)) FROM mesh_operations GROUP BY ServiceName, SpanKind, Place "
        "ORDER BY ALL"
    )
    seconds = NOW // 10**9
    assert rows == [
        ("back", ["work"], "Internal", 1, 0, seconds),
        ("front", ["GET /"], "Server", 2, 1, seconds),
    ]


VALUES = """
SELECT Scope, Key, Value, sum(Seen) FROM (
    SELECT Scope, Key, Place, tupleElement(max(Top), 2) AS Value, sum(Spans) AS Seen
    FROM mesh_attributes GROUP BY ServiceName, Scope, Key, Place
) GROUP BY ALL ORDER BY ALL
"""


def test_attributes_and_their_values_are_suggested(database: Database) -> None:
    database.insert(
        "otel_traces",
        {
            "Timestamp": [NOW, NOW],
            "TraceId": ["t"] * 2,
            "ServiceName": ["front"] * 2,
            "SpanAttributes": [{"http.method": "GET"}, {"http.method": "GET", "retry": "1"}],
            "ResourceAttributes": [{"host": "a"}, {"host": "b"}],
        },
    )
    assert database.query(VALUES) == [
        ("resource", "host", "a", 1),
        ("resource", "host", "b", 1),
        ("span", "http.method", "GET", 2),
        ("span", "retry", "1", 1),
    ]


def test_names_and_values_without_end_do_not_fill_the_tables(database: Database) -> None:
    spans = 5000
    for number in range(3):
        names = [f"{number}-{i}" for i in range(spans)]
        database.insert(
            "otel_traces",
            {
                "Timestamp": [NOW] * spans,
                "TraceId": names,
                "ServiceName": ["front"] * spans,
                "SpanName": names,
                "SpanAttributes": [{"same": name + "x" * 500, name: "v"} for name in names],
            },
        )
    ((keys, longest, same),) = database.query(
        "SELECT count(), max(length(tupleElement(Top, 2))), countIf(Key = 'same') FROM mesh_attributes"
    )
    assert keys <= 3 * 2000
    assert longest == 128
    assert same <= 3 * 5


def test_operation_names_without_end_share_the_places_of_their_service(database: Database) -> None:
    known = [f"GET /{number}" for number in range(300)]
    database.insert("otel_traces", _named(known))
    for number in range(2):
        database.insert("otel_traces", _named([f"GET /order/{number}-{i}" for i in range(20_000)]))
    database.execute("OPTIMIZE TABLE mesh_operations FINAL")
    ((places, most, spans, kept),) = database.query(
        "SELECT count(), max(length(names)), sum(seen), length(arrayIntersect(groupArrayArray(names), "
        "{known:Array(String)})) FROM (SELECT groupUniqArrayMerge(4)(Names) AS names, sum(Spans) AS seen "
        "FROM mesh_operations GROUP BY Place)",
        {"known": known},
    )
    assert places <= 4096
    assert (most, spans) == (4, 40_300)
    assert kept == 300, "a name that was there first stays"


def _named(names: list[str]) -> dict[str, list[object]]:
    count = len(names)
    return {
        "Timestamp": [NOW] * count,
        "TraceId": ["t"] * count,
        "ServiceName": ["front"] * count,
        "SpanName": [*names],
        "SpanKind": ["Server"] * count,
    }


def test_edges_add_up_by_the_minute(database: Database) -> None:
    minute = NOW // 10**9 // 60 * 60
    database.insert(
        "mesh_edges",
        {
            "Time": [minute, minute + 59, minute + 60],
            "Source": ["a"] * 3,
            "Target": ["b"] * 3,
            "Endpoint": ["x", "y", "x"],
            "Count": [1, 2, 4],
            "Errors": [0, 1, 0],
            "Sum": [0.5, 1.0, 2.0],
            "Latency": [{1: 1}, {1: 1, 2: 1}, {3: 4}],
        },
    )
    rows = database.query(
        "SELECT toUnixTimestamp(Time), Source, Target, sum(Count), sum(Errors), sum(Sum), sumMap(Latency) "
        "FROM mesh_edges_minute GROUP BY ALL ORDER BY ALL"
    )
    assert rows == [(minute, "a", "b", 3, 1, 1.5, {1: 2, 2: 1}), (minute + 60, "a", "b", 4, 0, 2.0, {3: 4})]
