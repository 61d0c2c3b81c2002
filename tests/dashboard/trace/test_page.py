"""The trace page's answers to the browser: the trace once, details of a span, and searches in it."""

from dashboard.trace.trace_cache import FROM_FILE
from tests.dashboard.pages import Pages, text
from tests.support.fake_traces import BIG, LINKING, ODD

ID = "trace-id.data"
DRAWN = {"trace-data.data": {"ids": []}, ID: ODD}


def test_a_trace_comes_as_columns_below_its_head(pages: Pages) -> None:
    found = pages.call("trace-data.data", {ID: BIG}, ID)
    assert found is not None
    sent = found["trace-data"]["data"]
    assert len(sent["ids"]) == len(sent["begin"]) == len(sent["flags"]) == 300
    assert set(sent) >= {"path", "flame", "services", "duration"}
    assert "trace-head" in text(found["trace-head"])


def test_an_unknown_trace_says_where_to_look(pages: Pages) -> None:
    found = pages.call("trace-data.data", {ID: "ffff"}, ID)
    assert found is not None
    assert found["trace-data"]["data"] is None
    assert "The store has no trace of this id" in text(found)


def test_a_file_that_is_no_longer_open_says_so(pages: Pages) -> None:
    found = pages.call("trace-data.data", {ID: f"{FROM_FILE}1"}, ID)
    assert found is not None
    assert "no longer open" in text(found)


def test_traces_that_link_here_are_found(pages: Pages) -> None:
    found = pages.call("trace-linking.children", {ID: ODD}, "trace-linking.id")
    assert found is not None
    assert LINKING in text(found)


def test_a_span_has_its_details_and_none_without_a_choice(pages: Pages) -> None:
    trace = pages.call("trace-data.data", {ID: ODD}, ID)
    assert trace is not None
    span = trace["trace-data"]["data"]["ids"][0]
    found = pages.call("trace-details.children", {"trace-span.data": span, ID: ODD}, "trace-span.data")
    assert found is not None
    assert "span-details" in text(found)
    none = pages.call("trace-details.children", {"trace-span.data": "", ID: ODD}, "trace-span.data")
    assert none == {"trace-details": {"children": None}}


def test_a_search_in_the_trace_gives_rows(pages: Pages) -> None:
    found = pages.call("trace-hits.data", {**DRAWN, "trace-find.value": "get"}, "trace-find.value")
    assert found is not None
    assert found["trace-hits"]["data"]["text"] == "get"
    assert found["trace-hits"]["data"]["rows"]
    empty = pages.call("trace-hits.data", {**DRAWN, "trace-find.value": ""}, "trace-find.value")
    assert empty == {"trace-hits": {"data": {"text": "", "rows": []}}}


def test_statistics_and_services_are_drawn_when_their_tab_is_shown(pages: Pages) -> None:
    place = {"tab": "statistics", "sort": "", "by": "service"}
    found = pages.call("trace-statistics.children", {"trace-place.data": place, ID: ODD}, "trace-place.data")
    assert found is not None
    assert "services" in text(found)
    graph = {"trace-place.data": {"tab": "graph"}, ID: ODD}
    assert "trace-services" in text(pages.call("trace-graph.children", graph, "trace-place.data"))
    assert pages.call("trace-statistics.children", graph, "trace-place.data") is None
