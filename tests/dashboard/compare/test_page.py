"""The comparison of two traces: the steps that differ, and what to do without a second trace."""

from dashboard.compare.page import layout, offers, view
from tests.dashboard.made import span, trace
from tests.dashboard.pages import Pages, text
from tests.dashboard.search.lines import line
from tests.dashboard.text import hrefs, words
from tests.support.fake_traces import BIG, ODD

SEARCH = "url.search"
BEFORE = trace(span("a", duration=1000, service="front"), span("b", "a", 0, 100), trace_id="one")
AFTER = trace(
    span("a", duration=5000, service="front"), span("b", "a", 0, 100, tags={"error": "true"}), trace_id="two"
)


def test_both_traces_are_named_and_their_steps_counted() -> None:
    found = view(BEFORE, AFTER, 0)
    said = words(found)
    assert "Trace A" in said
    assert "slower 1" in said
    assert "broke 1" in said
    assert hrefs(found)[:2] == ["/traces/one", "/traces/two"]


def test_of_very_many_steps_those_that_differ_are_shown() -> None:
    many = [span(f"s{number}", "a", number, 1) for number in range(450)]
    large = trace(span("a", duration=1000, service="front"), *many, trace_id="one")
    other = trace(span("a", duration=9000, service="front"), *many, trace_id="two")
    assert "1 of 451 steps: those that differ" in words(view(large, other, 0))


def test_other_traces_of_the_operation_are_offered_but_not_itself() -> None:
    found = offers(BEFORE, [line("one"), line("three")])
    assert len(hrefs(found)) == 1
    assert "three" in hrefs(found)[0]
    assert "Enter its id above" in words(offers(BEFORE, []))


def test_the_form_is_filled_from_the_url() -> None:
    found = str(layout("?a=one&b=two"))
    assert "value='one'" in found
    assert "value='two'" in found


def shown(pages: Pages, search: str) -> str:
    return text(pages.call("compare-view.children", {SEARCH: search, "zone.data": 0}, SEARCH))


def test_the_url_says_which_are_compared(pages: Pages) -> None:
    assert "A against B" in shown(pages, f"?a={ODD}&b={BIG}")
    assert "Enter two trace ids" in shown(pages, "")
    assert "The store has no trace of this id" in shown(pages, f"?a={ODD}&b=ffff")
    assert "Which trace should it be compared with?" in shown(pages, f"?a={ODD}")


def test_the_fields_follow_the_url(pages: Pages) -> None:
    found = pages.call("compare-a.value", {SEARCH: "?a=x&b=y"}, SEARCH)
    assert found == {"compare-a": {"value": "x"}, "compare-b": {"value": "y"}}
