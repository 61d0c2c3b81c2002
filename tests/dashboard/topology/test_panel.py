"""The panel beside the graph: lists without a selection, else a node or a call path."""

from dashboard.topology.panel import frame, layout, question
from tests.dashboard.pages import Pages, text
from tests.dashboard.text import hrefs, words

SEARCH = "url.search"


def test_a_node_leads_to_its_page_its_traces_and_its_balancing() -> None:
    found = hrefs(frame(("a b",), tcp=False))
    assert found[0].startswith("/service/a%20b")
    assert any("error%3Dtrue" in href for href in found)
    assert any(href.startswith("/balancing") for href in found)


def test_a_tcp_path_speaks_of_connections() -> None:
    said = words(frame(("a", "b"), tcp=True))
    assert "Time to connect" in said
    assert "Connections" in said
    assert "Latency" in words(frame(("a", "b"), tcp=False))


def test_a_name_from_outside_is_shown_as_it_is() -> None:
    assert "<img src=x>" in words(frame(("<img src=x>",), tcp=False))


def test_the_api_is_asked_for_a_service_or_for_both_ends_of_a_path() -> None:
    assert question(("a",)) == {"service": "a"}
    assert question(("a", "b")) == {"source": "a", "target": "b"}
    assert "panel-inside" in str(layout())


def test_without_a_selection_services_are_listed_and_suspects_named(pages: Pages) -> None:
    fleet = pages.call("fleet.children", {SEARCH: ""}, SEARCH)
    assert fleet is not None
    assert "checkout" in text(fleet)
    suspects = pages.call("blame.children", {SEARCH: ""}, "selected.data")
    assert suspects is not None
    assert "Where to look first" in text(suspects)


def test_the_list_holds_what_the_filters_leave(pages: Pages) -> None:
    found = pages.call("fleet.children", {SEARCH: "?find=name+~+cart"}, SEARCH)
    assert found is not None
    assert "1 shown in the graph" in text(found)


def test_a_selected_node_has_its_facts_charts_and_calls(pages: Pages) -> None:
    found = pages.call("selected-facts.children", {SEARCH: "?node=reviews"}, SEARCH)
    assert found is not None
    assert set(found) >= {"chart-traffic", "chart-failed", "chart-latency", "chart-histogram"}
    assert "catalog" in text(found["selected-calls"])
    assert "database" in text(found["selected-calls"])


def test_a_node_without_traffic_says_so(pages: Pages) -> None:
    found = pages.call("selected-facts.children", {SEARCH: "?node=nobody"}, SEARCH)
    assert found is not None
    assert "No traffic in this window" in text(found["selected-facts"])
