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


def test_reading_goes_on_a_little_before_the_newest_row_and_users_have_their_own() -> None:
    edges = RemoteEdges()
    edges.take([row(100), row(90, source="user")])
    assert edges.since(users=False) == {"A": 98}
    assert edges.since(users=True) == {"A": 88}
    assert edges.take([row(99)])["A"][0].second == 99  # late, and new
