"""All tests together: which window and which test speaks, and what trials count."""

from proxy.contract.decisions.kinds import FindingKind
from tests.topology.outliers.detection.tallies import FINE, NOW, seen, tallies
from topology.outliers.detection.finding import Trial
from topology.outliers.detection.outlier_tests import WINDOWS, OutlierTests
from topology.settings import EngineSettings

SOUND = [seen(FINE, "r1", "r2")] * 2


def test_the_shortest_window_with_enough_calls_speaks() -> None:
    found = OutlierTests(tallies(seen((10, 9, 0.02), "r1", "r2"), *SOUND), EngineSettings()).finding("a")
    assert found is not None
    assert f"in {WINDOWS[0]:g} s" in found.reason
    rare = OutlierTests(tallies(seen((2, 1, 0.02), "r1", "r2"), *SOUND), EngineSettings()).finding("a")
    assert rare is not None
    assert "in 1 s" not in rare.reason


def test_failures_are_told_before_slowness() -> None:
    found = OutlierTests(tallies(seen((10, 5, 0.9), "r1", "r2"), *SOUND), EngineSettings()).finding("a")
    assert found is not None
    assert found.kind is FindingKind.FAILURES


def test_a_sound_endpoint_and_an_unknown_one_have_nothing_against_them() -> None:
    tests = OutlierTests(tallies(seen(FINE, "r1", "r2"), *SOUND), EngineSettings())
    for name in ("a", "nowhere"):
        assert tests.finding(name) is None
        assert tests.doubt(name) is None
    assert tests.suspects == set()


def test_a_trial_leaves_out_reporters_whose_other_endpoints_fail_as_often() -> None:
    bad = (10, 10, 0.02)
    tests = OutlierTests(tallies({"r1": FINE, "r2": bad}, {"r1": FINE, "r2": bad}), EngineSettings())
    assert tests.trial("a", NOW - 1) == Trial(20, 0, busy=True)
    assert tests.trial("a", NOW) == Trial(0, 0, busy=False)
    alone = OutlierTests(tallies({"r1": FINE, "r2": bad}, {"r1": FINE}), EngineSettings())
    assert alone.trial("a", NOW - 1) == Trial(40, 20, busy=True)
