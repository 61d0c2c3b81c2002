"""Whose requests wait: rate times what latency has beyond that of an idle endpoint."""

from math import log2

import pytest

from topology.evidence import SCREEN, Record, Screen, Usual
from topology.queues import pressures

NOW = 100.0
ALONE = 0.1  # seconds, without a queue


def record(rate: float, latency: float) -> Record:
    count = rate * SCREEN
    screen = Screen(count, 0.0, count, count * log2(latency), at=NOW)
    return Record(screen=screen, usual=Usual(log2(ALONE), least=log2(ALONE)))


def found(*endpoints: tuple[float, float]) -> list[tuple[float, float]]:
    records = {f"e{number}": record(*each) for number, each in enumerate(endpoints)}
    return list(pressures(records, list(records), NOW).values())


def test_endpoints_of_any_size_with_queues_of_one_length_are_alike() -> None:
    """Two wait at each: 10 a second 0.2 s longer, 40 a second 0.05 s longer."""
    for longer, waits in found((10, 0.3), (40, 0.15), (20, 0.2)):
        assert longer == pytest.approx(0.0, abs=1e-6)
        assert waits > 0.8


def test_a_longer_queue_is_told_from_a_shorter_one() -> None:
    (small, _), (middle, _), (large, _) = found((10, 0.5), (20, 0.2), (40, 0.11))
    assert small > middle == 0 > large


def test_where_nothing_waits_nothing_is_said() -> None:
    for longer, waits in found((10, 0.1), (40, 0.1), (20, 0.1)):
        assert (longer, waits) == (0.0, 0.0)
    assert found((10, 0.5)) == []
