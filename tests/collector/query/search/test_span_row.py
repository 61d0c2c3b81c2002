"""A row of a span has the columns that are read, in their order."""

from collector.query.search.span_row import COLUMNS, SpanRow
from tests.collector.query.world import NOW_US, ONE, SHORT, Span, World


def test_columns_are_the_fields_in_order(world: World) -> None:
    world.spans(
        Span(
            ONE,
            "b" * 16,
            "a" * 16,
            "reviews",
            "read",
            "Client",
            at=1,
            took=2.5,
            status="Error",
            message="broken",
            attributes={"k": "v"},
            resource={"zone": "a"},
            events=[(NOW_US * 1000 + 1, "said", {"e": "1"})],
            links=[(SHORT, "c" * 16, {"l": "2"})],
        )
    )
    [row] = world.database.query(f"SELECT {COLUMNS} FROM otel_traces")
    span = SpanRow._make(row)
    assert (span.trace_id, span.span_id, span.parent_id) == (ONE, "b" * 16, "a" * 16)
    assert (span.service, span.name, span.kind) == ("reviews", "read", "Client")
    assert (span.status, span.status_message) == ("Error", "broken")
    assert (span.start, span.duration) == ((NOW_US - 1_000_000) * 1000, 2_500_000)
    assert (span.attributes, span.resource["zone"]) == ({"k": "v"}, "a")
    assert (span.event_times, span.event_names, span.event_attributes) == (
        [NOW_US * 1000 + 1],
        ["said"],
        [{"e": "1"}],
    )
    assert (span.link_traces, span.link_spans, span.link_attributes) == ([SHORT], ["c" * 16], [{"l": "2"}])
    assert (span.scope_name, span.scope_version, span.trace_state) == ("shop", "", "")
