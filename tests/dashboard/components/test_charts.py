"""All charts: they are valid Plotly figures, and their numbers are those that came in."""

import plotly.graph_objects as go

from dashboard.components import charts, histogram, series
from dashboard.search import scatter
from proxy.contract.api.graph import Bucket, Point
from proxy.contract.api.search import TraceLine
from tests.dashboard.made import stats

POINTS = [Point(**{**stats(100 * i, 10 * i), "rate": 10.0 * i, "time": i * 10_000_000}) for i in range(4)]


def test_traffic_is_split_into_failed_and_fine() -> None:
    figure = _valid(series.traffic(POINTS, 0))
    assert list(figure.data[0].y) == [0, 1, 2, 3]
    assert list(figure.data[1].y) == [0, 9, 18, 27]


def test_without_traffic_there_is_a_gap_not_a_zero() -> None:
    assert _valid(series.success(POINTS, 0)).data[0].y[0] is None
    assert _valid(series.latency(POINTS, 0)).data[0].y[0] is None


def test_the_time_before_the_first_call_is_left_out() -> None:
    late = [Point(time=i, **stats(100 if i > 5 else 0)) for i in range(9)]
    assert [point["time"] for point in series.since_first_call(late)] == [5, 6, 7, 8]
    assert not series.since_first_call(late[:3])[1:]


def test_charts_show_wall_time_of_the_zone() -> None:
    assert series.traffic(POINTS, 120)["data"][0]["x"][1].startswith("1970-01-01 02:00:10")


def test_an_empty_series_is_still_a_figure() -> None:
    for figure in (
        series.traffic([], 0),
        series.success([], 0),
        series.latency([], 0),
        histogram.latency([]),
    ):
        _valid(figure)


def test_merging_buckets_keeps_every_call() -> None:
    buckets = [Bucket(low=2**i, high=2 ** (i + 1), count=i + 1) for i in range(0, 80, 2)]
    merged = histogram.merge([*buckets, Bucket(low=0, high=1, count=5)], histogram.BARS)
    assert len(merged) == histogram.BARS
    assert sum(bucket["count"] for bucket in merged) == sum(range(1, 81, 2)) + 5
    _valid(histogram.latency(buckets))


def test_a_single_bucket_stays_itself() -> None:
    (only,) = histogram.merge([Bucket(low=10, high=11, count=7)], 36)
    assert only["count"] == 7


def found(trace_id: str, errors: int = 0, service: str = "cart") -> TraceLine:
    return TraceLine(
        traceId=trace_id,
        rootService=service,
        rootOperation="GET /",
        start=0,
        duration=12.0,
        errors=errors,
        spans=3,
        services=[service],
    )


def test_the_scatter_tells_failed_traces_apart_and_names_each() -> None:
    figure = _valid(scatter.durations([found("fine"), found("failed", errors=1)], 0))
    assert [list(one.customdata) for one in figure.data] == [["fine"], ["failed"]]


def test_the_scatter_shows_a_hostile_name_as_text() -> None:
    figure = scatter.durations([found("a", service="<b>x")], 0)
    assert "<b>x" not in figure["data"][0]["text"][0].replace("<b>&lt;", "")


def _valid(figure: charts.Figure) -> go.Figure:
    return go.Figure(figure)


def test_an_axis_across_a_change_of_clocks_goes_on_and_says_its_offset() -> None:
    times = [1_792_890_000_000_000 + hour * 3_600_000_000 for hour in (-2, -1, 0, 1)]
    values, axis = charts.time_axis(times, "Europe/Berlin")
    assert [each[11:16] for each in values] == ["00:00", "01:00", "02:00", "03:00"]
    assert axis["tickformat"] == "%H:%M UTC+1"
    assert charts.time_axis(times[2:], "Europe/Berlin") == (values[2:], charts.CLOCK)
    assert charts.time_axis([], "Europe/Berlin") == ([], charts.CLOCK)
