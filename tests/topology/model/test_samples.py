"""Samples that leave out what their reporter does not know."""

from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Arm, Protocol
from topology.model.samples import CallSample, ConnectionSample, EdgeSample, OpenSample, Side


def test_unknown_labels_of_calls_claim_nothing() -> None:
    sample = CallSample(Side.SERVER, "", "reviews", "reviews-1", Histogram(), 0)
    assert (sample.encrypted, sample.arm, sample.endpoint) == (None, Arm.NONE, "")
    assert (sample.begun, sample.ended) == (0.0, 0.0)
    edge = EdgeSample(1, "a", "b", Protocol.HTTP, "", Arm.NONE, 0, 0, Histogram())
    assert (edge.encrypted, edge.clear, edge.open_seconds) == (0, 0, 0)


def test_gauges_of_one_place_are_kept_apart_by_reporter() -> None:
    first = OpenSample("a", "b", "10.0.0.1:80", "a-1", 2)
    assert first != OpenSample("a", "b", "10.0.0.1:80", "a-2", 2)
    assert first.ended == 0.0
    tcp = ConnectionSample(Side.CLIENT, "a", "db:5432", "db:5432", "a-1", open=3)
    assert (tcp.encrypted, tcp.clear) == (0, 0), "open connections of unknown encryption are in neither count"
