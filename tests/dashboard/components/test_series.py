"""Series over time: rates, gaps without traffic, and axes that never exaggerate."""

from dashboard.components import series
from proxy.contract.api.graph import Point
from tests.dashboard.made import stats

POINTS = [
    Point(time=1_000_000, **stats(0)),
    Point(**{**stats(100, 10, 40.0), "rate": 10.0, "time": 11_000_000}),
    Point(time=21_000_000, **stats(0)),
]


def test_bars_are_rates_with_failures_at_the_foot() -> None:
    failed, fine = series.traffic(POINTS, 0)["data"]
    assert (failed["name"], list(failed["y"])) == ("failed", [0, 1.0, 0])
    assert (fine["name"], list(fine["y"])) == ("fine", [0, 9.0, 0])


def test_without_traffic_there_is_a_gap_and_no_line_over_it() -> None:
    (line,) = series.success(POINTS, 0)["data"]
    assert line["y"][0] is None
    assert round(line["y"][1], 6) == 10
    assert line["connectgaps"] is False
    assert all(each["y"][2] is None for each in series.latency(POINTS, 0)["data"])


def test_a_value_without_neighbours_is_a_dot() -> None:
    (failed,) = series.success(POINTS, 0)["data"]
    assert failed["mode"] == "lines+markers"
    assert [size > 0 for size in failed["marker"]["size"]] == [False, True, False]
    for line in series.latency([*POINTS[:2], *POINTS[1:]], 0)["data"]:
        assert not any(line["marker"]["size"])


def test_axes_have_no_prefix_that_reads_like_another_unit() -> None:
    # 0.6 requests per second are not "600m rps", and 0.6 ms not "600m ms".
    for figure in (series.traffic(POINTS, 0), series.latency(POINTS, 0)):
        assert figure["layout"]["yaxis"]["tickformat"] == ",.3~r"


def test_few_failures_do_not_fill_the_chart() -> None:
    few = [Point(time=0, **stats(100_000, 1))]
    assert series.success(few, 0)["layout"]["yaxis"]["range"][1] == 1.0


def test_a_series_begins_just_before_its_first_call() -> None:
    later = [Point(time=at, **stats(0)) for at in range(5)] + [Point(time=5, **stats(1))]
    assert [point["time"] for point in series.since_first_call(later)] == [4, 5]
    assert [point["time"] for point in series.since_first_call(later[:3])] == [2]
