"""Series: bounded, collected as deltas, forgotten when idle."""

from proxy.contract import attributes
from proxy.telemetry.meter import IDLE_COLLECTIONS, Meter


def test_series_are_bounded_collected_as_deltas_and_forgotten() -> None:
    meter = Meter(limit=3)
    for number in range(10):
        meter.series("m", {attributes.METHOD: "GET", attributes.ROUTE: f"/{number}"}).histogram.record(0.1)
    deltas = meter.collect()
    assert len(meter) <= 4
    assert sum(histogram.count for _, histogram in deltas) == 10
    meter.series("m", {attributes.METHOD: "GET", attributes.ROUTE: "/0"}).histogram.record(0.2)
    assert sum(histogram.count for _, histogram in meter.collect()) == 1
    for _ in range(IDLE_COLLECTIONS + 1):
        meter.collect()
    assert len(meter) == 0
