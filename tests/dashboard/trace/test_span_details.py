"""The details of a span: times, the mesh's part, links both ways."""

from typing import Any

from dashboard.trace.span_details import details
from tests.dashboard.made import span, trace
from tests.dashboard.text import hrefs, words


def shown(*spans: dict[str, Any], of: str = "b") -> Any:
    return details(trace(*spans), of, 0)


PARENT = span("a", duration=1_000_000, service="front")


def test_an_unknown_span_is_said() -> None:
    assert "This trace has no such span" in words(shown(PARENT, of="zz"))


def test_times_are_said_with_its_share_of_the_critical_path() -> None:
    said = words(shown(PARENT, span("b", "a", 100_000, 300_000)))
    assert "Duration 300 ms" in said
    assert "Self 300 ms" in said
    assert "Began after 100 ms" in said
    assert "Critical path 30 %" in said


def test_tags_and_process_are_listed_as_text() -> None:
    said = words(shown(PARENT, span("b", "a", tags={"http.route": "<img src=x>"})))
    assert "http.route" in said
    assert "<img src=x>" in said


def test_a_failed_span_is_marked() -> None:
    assert "error" in words(shown(PARENT, span("b", "a", tags={"error": "true"}))).split()


def test_links_lead_to_the_span_they_name_and_back() -> None:
    linked = span("c", "a", 10, 5)
    linked["references"].append({"refType": "FOLLOWS_FROM", "traceID": "other", "spanID": "x"})
    found = shown(PARENT, linked, of="c")
    assert "in another trace" in words(found)
    assert "/traces/other?span=x" in hrefs(found)
    back = span("d", "a", 20, 5)
    back["references"].append({"refType": "FOLLOWS_FROM", "traceID": "t", "spanID": "b"})
    assert "Linked from" in words(shown(PARENT, span("b", "a"), back))


def test_many_events_are_cut_and_counted() -> None:
    busy = span("b", "a")
    busy["logs"] = [{"timestamp": at, "fields": [{"key": "n", "value": at}]} for at in range(205)]
    assert "and 5 more" in words(shown(PARENT, busy))


def test_it_leads_to_the_operation_and_its_balancing() -> None:
    found = hrefs(shown(PARENT, span("b", "a", service="cart")))
    assert any(href.startswith("/aggregate?") for href in found)
    assert "/balancing?service=cart" in found
