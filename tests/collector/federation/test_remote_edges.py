"""Edges of others, each second once."""

from typing import Any

from collector.control.mesh_rows import ZERO_BUCKET
from collector.federation.remote_edges import RemoteEdges
from proxy.contract.traffic import Arm, Protocol


def row(
    second: int, source: str = "web", collector: str = "A", protocol: str = "http", arm: str = "routed"
) -> list[Any]:
    buckets = {ZERO_BUCKET: 1, 3: 2, 4: 0}
    return [second, source, "back", protocol, "10.0.0.1:80", arm, collector, 3, 1, 0.5, buckets, 0, 3]


def test_a_row_becomes_a_sample_once_however_often_it_is_read() -> None:
    edges = RemoteEdges()
    (sample,) = edges.take([row(100), row(100)])["A"]
    assert (sample.second, sample.source, sample.target) == (100, "web", "back")
    assert (sample.count, sample.errors) == (3, 1)
    assert (sample.histogram.count, sample.histogram.zero, sample.histogram.counts) == (3, 1, {3: 2})
    assert (sample.encrypted, sample.clear) == (0, 3)
    assert edges.take([row(100)]) == {}
    assert list(edges.take([row(100, collector="B"), row(101)])) == ["B", "A"]


def test_labels_of_a_newer_release_are_unknown_ones() -> None:
    (sample,) = RemoteEdges().take([row(100, protocol="quic", arm="mirrored")])["A"]
    assert (sample.protocol, sample.arm) == (Protocol.UNKNOWN, Arm.NONE)


def test_reading_goes_on_before_the_newest_row_and_further_for_what_spans_tell() -> None:
    edges = RemoteEdges()
    edges.take([row(100), row(90, source="user", arm="")])
    assert edges.since(measured=True) == {"A": 98}
    assert edges.since(measured=False) == {"A": 60}
    assert edges.take([row(99)])["A"][0].second == 99  # late, and new


def test_calls_that_came_later_are_new_and_no_others() -> None:
    edges = RemoteEdges()
    edges.take([row(100, arm="")])
    more = row(100, arm="")
    more[7:] = [5, 2, 0.75, {ZERO_BUCKET: 1, 3: 3, 7: 1}, 1, 4]
    (sample,) = edges.take([more])["A"]
    assert (sample.count, sample.errors, sample.encrypted, sample.clear) == (2, 1, 1, 1)
    assert (sample.histogram.count, sample.histogram.zero, sample.histogram.counts) == (2, 0, {3: 1, 7: 1})
    assert sample.histogram.sum == 0.25
    assert edges.take([more]) == {}
