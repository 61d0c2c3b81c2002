"""One reporter's view of one endpoint."""

from math import log2

import pytest

from topology.evidence.reporter_view import MEMORY, SLOT, ReporterView
from topology.evidence.tally import Tally

NOW = 1000.0


def timed(*seconds: float) -> Tally:
    logs = [log2(each) for each in seconds]
    return Tally(len(logs), 0, len(logs), sum(logs), sum(each * each for each in logs))


def test_a_window_has_the_calls_of_its_slots() -> None:
    view = ReporterView()
    view.add(Tally(3), NOW)
    view.add(Tally(4), NOW + SLOT / 2)
    view.add(Tally(5), NOW + 1)
    assert view.since(int(NOW / SLOT)).count == 12
    assert view.since(int((NOW + 1) / SLOT)).count == 5


def test_slots_beyond_the_memory_are_dropped() -> None:
    view = ReporterView()
    view.add(Tally(3), NOW)
    view.add(Tally(4), NOW + (MEMORY + 2) * SLOT)
    assert view.since(0).count == 4


def test_the_fastest_call_is_two_deviations_below_the_typical_one() -> None:
    view = ReporterView()
    view.add(timed(0.1, 0.1), NOW)
    assert view.fastest == pytest.approx(log2(0.1), abs=1e-6)
    view.add(timed(0.05, 0.2), NOW)
    # Mean log2(0.1); two of four calls are one doubling away from it.
    assert view.fastest == pytest.approx(log2(0.1) - 2 * 0.5**0.5)
