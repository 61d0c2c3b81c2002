"""The head of a trace's page: root and figures, what is odd, and where to go from it."""

from dashboard.trace.head import head, linking
from dashboard.trace.trace_cache import FROM_FILE
from tests.dashboard.made import span, trace
from tests.dashboard.search.lines import line
from tests.dashboard.text import hrefs, words

PLAIN = trace(span("a", duration=1000, service="front"), span("b", "a", 100, 200, service="cart"))


def test_it_names_the_root_and_counts_what_is_in_it() -> None:
    said = words(head(PLAIN, [(0, 0, 100), (1, 100, 200)], 60))
    assert "front   op a" in said
    assert "Spans 2" in said
    assert "Services 2" in said
    assert "Critical path 2 spans" in said
    assert "UTC+1" in said


def test_a_trace_is_compared_aggregated_and_downloaded() -> None:
    found = hrefs(head(PLAIN, [], 0))
    assert "/download/otlp/t.json" in found
    assert any(href.startswith("/compare?a=t") for href in found)
    assert any(href.startswith("/aggregate?") for href in found)


def test_a_trace_of_a_file_is_not_downloaded_again() -> None:
    found = hrefs(head(trace(span("a"), trace_id=f"{FROM_FILE}t"), [], 0))
    assert not any("/download/" in href for href in found)


def test_missing_callers_and_clocks_that_differ_are_said() -> None:
    assert "callers of 1 span are not stored" in words(head(trace(span("a"), span("b", "gone")), [], 0))
    late = {**span("b", "a"), "warnings": ["clock skew of 3 s"]}
    skewed = trace(span("a", service="front"), late)
    assert "Clocks differ: the times of 1 span" in words(head(skewed, [], 0))
    assert "Clocks differ" not in words(head(PLAIN, [], 0))


def test_more_services_than_fit_are_counted() -> None:
    many = trace(*(span(f"s{number}", service=f"service{number}") for number in range(30)))
    assert "+6 more" in words(head(many, [], 0))


def test_traces_that_link_here_are_listed_but_not_this_one() -> None:
    found = linking(PLAIN, [line("t"), line("000t"), line("other")])
    assert "Linked from 1 other trace" in words(found)
    assert hrefs(found) == ["/traces/other"]
    assert linking(PLAIN, [line("t")]) is None
