"""Traces as points: failed ones by shape too, and names that stay text in a label that reads HTML."""

from dashboard.search.scatter import durations
from tests.dashboard.search.lines import line


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
