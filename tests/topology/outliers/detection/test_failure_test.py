"""One endpoint's failures against its peers', window by window."""

import pytest

from proxy.contract.decisions.evidence import Calls, FailureComparison
from proxy.contract.decisions.kinds import FindingKind
from tests.topology.outliers.detection.tallies import FINE, NOW, record, seen, tallies
from tests.topology.outliers.detection.tallies import Calls as Each
from topology.evidence.measurements import LastProbe
from topology.evidence.peer_tallies import ServiceTallies
from topology.outliers.detection.failure_test import FailureTest
from topology.outliers.detection.finding import Finding
from topology.settings import EngineSettings

BAD = (10, 8, 0.02)
SOUND = [seen(FINE, "r1", "r2")] * 2


def finding(
    found: ServiceTallies, seconds: float = 2.5, patience: float = 1.0
) -> tuple[Finding | None, set[str]]:
    suspects: set[str] = set()
    return FailureTest(found, EngineSettings(), suspects).finding("a", seconds, patience), suspects


def test_an_endpoint_that_fails_alone_is_found_with_the_figures_of_all() -> None:
    found, suspects = finding(tallies(seen(BAD, "r1", "r2"), *SOUND))
    assert found is not None
    assert (found.kind, found.score, suspects) == (FindingKind.FAILURES, 1.8, set())
    assert found.reason == "a failed 80 of 100 requests in 2.5 s, its peers 0 of 200; seen by 2 reporters"
    calls = Calls(50, 40)
    assert found.grounds == FailureComparison(2.5, 100, 80, 200, 0, {"r1": calls, "r2": calls}, ("b", "c"))


@pytest.mark.parametrize(
    "endpoints",
    [
        [seen((100, 9, 0.02), "r1", "r2"), *SOUND],  # above its peers, and still better than the floor
        [seen((1, 0, 0.02), "r1", "r2"), *SOUND],
        [seen(BAD, "r1", "r2")] * 3,  # all fail: they share the cause
        [seen(BAD, "r1", "r2")],  # nothing to compare with
        [{"r1": BAD, "r2": FINE}, {"r1": BAD, "r2": FINE}],  # a reporter with a bad network
    ],
)
def test_what_is_no_fault_of_the_endpoint_alone_is_not_found(
    endpoints: list[dict[str, Each]],
) -> None:
    assert finding(tallies(*endpoints)) == (None, set())


def test_few_failures_are_enough_only_for_one_on_probation() -> None:
    many = seen((50, 0, 0.02), "r1", "r2")
    few = tallies(seen((4, 2, 0.02), "r1", "r2"), many, many)
    assert finding(few, 0.5)[0] is None
    assert finding(few, 0.5, patience=0.6)[0] is not None


def test_a_lone_reporter_is_a_suspicion_until_a_probe_fails_too() -> None:
    lone = tallies({"r1": BAD}, {"r1": FINE}, {"r1": FINE})
    assert finding(lone) == (None, {"a"})
    lone.records["a"].probed = LastProbe(False, "connection refused", NOW - 1)
    found, suspects = finding(lone)
    assert found is not None
    assert suspects == set()
    assert found.reason.endswith("seen by 1 reporter, and a probe found: connection refused")


def test_a_lone_reporter_that_others_contradict_is_not_even_probed() -> None:
    assert finding(tallies({"r1": BAD, "r2": FINE, "r3": FINE}, *SOUND)) == (None, set())


def test_failures_of_several_reporters_at_once_cast_a_doubt_before_they_are_many() -> None:
    records = {"a": record(seen((10, 2, 0.02), "r1", "r2"), seconds=0.5)}
    records |= {name: record(SOUND[0]) for name in "bc"}
    begun = ServiceTallies(records, "abc", {}, NOW)
    found = FailureTest(begun, EngineSettings(), set()).doubt("a")
    assert found is not None
    assert found.reason == "a failed 4 of 20 requests just now; seen by 2 reporters"
    assert FailureTest(begun, EngineSettings(), set()).doubt("b") is None
    assert FailureTest(begun, EngineSettings(), set()).doubt("nowhere") is None
