"""What shows that endpoints bear more than they can: more calls than chance explains, and borne badly."""

import pytest

from topology.evidence.averages import SCREEN, Baseline, Screen
from topology.evidence.measurements import Record
from topology.evidence.peer_tallies import ServiceTallies
from topology.outliers.detection.shared_causes import SharedCauses
from topology.settings import EngineSettings

NOW = 100.0


def record(rate: float, usual: float, slower: float) -> Record:
    """An endpoint of ``rate`` calls a second, usually ``usual`` at 20 ms, now ``slower`` times as slow."""
    found = Record()
    count = rate * SCREEN
    log = -5.6  # log2 of 20 ms
    found.screen = Screen(count, 0.0, count, count * (log + slower), at=NOW)
    found.baseline = Baseline(log, usual, usual, begun=0.0, at=NOW)
    return found


def strain(*records: Record) -> str:
    named = {f"e{number}": each for number, each in enumerate(records)}
    return SharedCauses(ServiceTallies(named, list(named), {}, NOW), EngineSettings()).overload(list(named))


@pytest.mark.parametrize(
    ("rate", "usual", "slower", "borne"),
    [
        (60.0, 30.0, 3.0, False),  # twice the calls, eight times as slow
        (60.0, 30.0, 0.0, True),  # twice the calls, as fast as ever
        (30.0, 30.0, 3.0, True),  # slow, but not for what an ejection left to it
        (4.0, 3.5, 3.0, True),  # one call more in two seconds is chance
        (12.0, 3.5, 3.0, False),
    ],
)
def test_strain_is_more_calls_than_chance_borne_badly(
    rate: float, usual: float, slower: float, borne: bool
) -> None:
    found = record(rate, usual, slower)
    assert (strain(found, found) == "") is borne
