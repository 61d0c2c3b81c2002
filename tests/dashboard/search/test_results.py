"""The found traces: a table in the store's order, pages, choices, and notices."""

from typing import Any, cast

from dashboard.api.client import ApiError, Client
from dashboard.search import results
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.search import TracePage
from tests.dashboard.search.lines import line
from tests.dashboard.text import hrefs, words

NOW = 1_000_000_000


def page(*traces: Any, following: str | None = None, partial: bool = False) -> TracePage:
    window = {"start": 0, "end": 60_000_000}
    return cast(TracePage, {"traces": list(traces), "next": following, "partial": partial, "window": window})


def test_traces_stand_in_the_order_of_the_store_and_lead_to_their_pages() -> None:
    found = results.results(page(line("b"), line("a", errors=1)), TraceQuery(), 0, NOW)
    traces = [href for href in hrefs(found) if href.startswith("/traces/")]
    assert traces == ["/traces/b", "/traces/a"]
    assert "2 traces on this page, 1 with errors" in words(found)


def test_traces_of_one_root_are_offered_as_one_tree() -> None:
    alike = words(results.results(page(line("a"), line("b")), TraceQuery(), 0, NOW))
    assert "as one tree" in alike
    several = words(results.results(page(line("a"), line("b", root="other")), TraceQuery(), 0, NOW))
    assert "as one tree" not in several


def test_pages_go_on_and_back() -> None:
    first = results.results(page(line("a"), following="next"), TraceQuery(service="x"), 0, NOW)
    assert "Page 1" in words(first)
    later = TraceQuery(service="x").next_page("next")
    found = results.results(page(line("a")), later, 0, NOW)
    assert "Page 2" in words(found)
    assert "First page" in words(found)
    assert any("after=next" in href for href in hrefs(first))


def test_four_services_are_named_and_the_others_counted() -> None:
    names = [f"s{number}" for number in range(6)]
    said = words(results.services(line("a", services=names), dict.fromkeys(names, "#000000")))
    assert said == "s0 s1 s2 s3 +2"


def test_matched_spans_are_links_and_the_rest_is_counted() -> None:
    spans = [{"spanId": "x", "name": "SELECT", "start": 0, "duration": 2.0}]
    found = results.matched(line("a", matched=5, matchedSpans=spans))
    assert words(found) == "5 spans match: SELECT  2 ms and 4 more"
    assert hrefs(found) == ["/traces/a?span=x"]
    assert results.matched(line("a")) is None


def test_nothing_found_says_how_to_find_more_or_how_to_begin() -> None:
    assert "No trace matches" in words(results.results(page(), TraceQuery(service="x"), 0, NOW))
    assert "No traffic yet" in words(results.results(page(), TraceQuery(), 0, NOW))


def test_a_partial_answer_is_said() -> None:
    assert "Not every trace" in words(results.results(page(line("a"), partial=True), TraceQuery(), 0, NOW))


class Store:
    """A client that knows how far the store is behind."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def oldest_unstored(self) -> float:
        if self._seconds is None:
            raise ApiError("down", "", 503)
        return self._seconds


def test_a_store_that_is_behind_is_said_only_where_it_may_matter() -> None:
    def late(seconds: float | None, newest: int) -> Any:
        return results.lag_notice(cast(Client, Store(seconds)), newest, NOW)

    assert "The store is 40 s behind" in words(late(40.0, 0))
    assert late(40.0, NOW) is None
    assert late(1.0, 0) is None
    assert late(None, 0) is None
