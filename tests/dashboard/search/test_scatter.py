"""Traces as points: failed ones by shape too, and names that stay text in a label that reads HTML."""

from typing import Any

from dashboard.search.scatter import box_actions, durations
from dashboard.search.search_url import TraceQuery
from tests.dashboard.search.lines import line

BERLIN = 60


def test_failed_traces_are_of_another_shape_and_colour() -> None:
    fine, failed = durations([line("a"), line("b", errors=2)], 0)["data"]
    assert (list(fine["customdata"]), fine["marker"]["symbol"]) == (["a"], "circle")
    assert (list(failed["customdata"]), failed["marker"]["symbol"]) == (["b"], "diamond")
    assert fine["marker"]["color"] != failed["marker"]["color"]


def test_points_stand_at_their_begin_in_the_zone_of_the_browser() -> None:
    (points,) = durations([line("a", start=0)], 60)["data"]
    assert points["x"][0].startswith("1970-01-01 01:00:00")


def test_a_trace_of_no_time_is_still_on_a_logarithmic_axis() -> None:
    (points,) = durations([line("a", duration=0.0)], 0)["data"]
    assert points["y"][0] > 0


def test_a_name_is_no_markup_in_the_label() -> None:
    (points,) = durations([line("a", root="<img src=x>")], 0)["data"]
    assert "<img" not in points["text"][0]
    assert "&lt;img" in points["text"][0]


def test_a_box_becomes_a_window_and_bounds_in_the_zone_of_the_browser() -> None:
    box = {"range": {"x": ["2026-03-01 14:05:00", "2026-03-01 14:00:00.5"], "y": [120.4, -3]}}
    words, compare, only = box_actions(box, TraceQuery(service="cart", page="3", after="x"), BERLIN)
    query = TraceQuery.of_search(str(getattr(compare, "href", "")).partition("?")[2])
    assert (query.start, query.end) == ("1772370000500000", "1772370300000000")
    assert (query.selection, query.low, query.high, query.service) == ("slow", "0us", "120400us", "cart")
    assert TraceQuery.of_search(str(getattr(only, "href", "")).partition("?")[2]).view == ""
    assert "14:00:00 to 14:05:00" in str(words)


def test_no_box_offers_nothing() -> None:
    boxes: list[dict[str, Any] | None] = [None, {}, {"range": {"x": ["2026-03-01"], "y": []}}, {"points": []}]
    for box in boxes:
        assert box_actions(box, TraceQuery(), 0) == []
