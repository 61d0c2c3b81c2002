"""A selected call path: figures of HTTP and of TCP, its traces, and decisions about its target."""

from typing import cast

from collector.query import traceql
from dashboard.topology.edge import encryption, facts, query
from proxy.contract.api.graph import Edge
from tests.dashboard.made import edge, graph, stats
from tests.dashboard.pages import Pages, text
from tests.dashboard.text import words

SEEN = ("yes", "partly", "no", None)
SELECTED = {"url.search": "?from=catalog&to=reviews"}


def test_a_path_of_requests_has_rate_success_and_latency() -> None:
    said = words(facts(edge("a", "b", stats(600, 6, 40.0)), graph([], [])))
    assert "http" in said
    assert "Success 99 %" in said
    assert "40 ms" in said


def test_an_opaque_path_has_connections_and_bytes() -> None:
    tcp = edge("a", "b")
    tcp["tcp"] = {"open": 3, "sent": 6_000_000, "received": 0}
    live = words(facts(tcp, graph([], [])))
    assert "Open now 3" in live
    assert "100 kB/s" in live
    stored = graph([], [])
    stored["source"] = "store"
    assert "Open on average" in words(facts(tcp, stored))


def test_encryption_is_said_as_far_as_it_is_known() -> None:
    texts = [words(encryption(cast(Edge, {**edge("a", "b"), "encrypted": each}))) for each in SEEN]
    assert texts == ["encrypted", "partly encrypted", "in the clear", "encryption not known"]


def test_its_query_is_one_the_collector_reads_whatever_the_names() -> None:
    for name in ("cart", 'a"b', "a\\b", "a\nb", "}{"):
        assert traceql.parse(query(name, name))
        assert traceql.parse(query(name, name, failing=True))


def test_traces_over_the_path_come_with_the_selection_and_then_seldom(pages: Pages) -> None:
    found = pages.call("selected-traces.children", SELECTED, "url.search")
    assert found is not None
    assert "races" in text(found)
    tick = {**SELECTED, "tick.n_intervals": 1, "selected-traces.className": "shown"}
    assert pages.call("selected-traces.children", tick, "tick.n_intervals") is None


def test_decisions_are_those_about_the_target(pages: Pages) -> None:
    found = pages.call("selected-decisions.children", SELECTED, "url.search")
    assert found is not None
    said = text(found)
    assert "Balancing decisions about " in said
    assert "reviews" in said
    assert "127.0.0.1:910" in said  # an instance of reviews
