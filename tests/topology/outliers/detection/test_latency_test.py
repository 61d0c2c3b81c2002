"""One endpoint's latency against its peers', window by window."""

import pytest

from proxy.contract.decisions.evidence import LatencyComparison
from proxy.contract.decisions.kinds import FindingKind
from tests.topology.outliers.detection.tallies import FINE, NOW, record, seen, tallies
from tests.topology.outliers.detection.tallies import Calls as Each
from topology.evidence.measurements import LastProbe
from topology.evidence.peer_tallies import ServiceTallies
from topology.outliers.detection.finding import Finding
from topology.outliers.detection.latency_test import LatencyTest
from topology.settings import EngineSettings

SLOW = (10, 0, 0.4)
SOUND = [seen(FINE, "r1", "r2")] * 2


def finding(found: ServiceTallies, seconds: float = 5.0) -> tuple[Finding | None, set[str]]:
    suspects: set[str] = set()
    return LatencyTest(found, EngineSettings(), suspects).finding("a", seconds, 1.0), suspects


def test_an_endpoint_that_is_slow_alone_is_found_with_both_latencies() -> None:
    found, suspects = finding(tallies(seen(SLOW, "r1", "r2"), *SOUND))
    assert found is not None
    assert (found.kind, suspects) == (FindingKind.LATENCY, set())
    assert found.score < 1  # after every failure
    assert found.reason.startswith("a took 400 ms, its peers 20 ms, over 200 requests in 5 s; seen by 2")
    assert isinstance(found.grounds, LatencyComparison)
    assert found.grounds.latency_ms == pytest.approx(400)
    assert found.grounds.peer_latency_ms == pytest.approx(20)


@pytest.mark.parametrize(
    "endpoints",
    [
        [seen((10, 0, 0.1), "r1", "r2"), *SOUND],  # 5 times: sidecars avoid it by themselves
        [seen((10, 0, 0.001), "r1", "r2"), *[seen((10, 0, 0.0001), "r1", "r2")] * 2],  # 10 times of nothing
        [seen(SLOW, "r1", "r2")] * 3,
        [{"r1": SLOW, "r2": FINE}, {"r1": SLOW, "r2": FINE}],  # r1 is far away
    ],
)
def test_what_is_no_fault_of_the_endpoint_alone_is_not_found(
    endpoints: list[dict[str, Each]],
) -> None:
    assert finding(tallies(*endpoints)) == (None, set())


def test_slow_for_a_moment_is_no_reason_and_short_windows_are_not_looked_at() -> None:
    short = tallies(seen(FINE, "r1", "r2"), *SOUND)
    for name, view in record(seen(SLOW, "r1", "r2"), 2.0).reporters.items():
        for _, tally in view.slots:
            short.records["a"].reporters[name].add(tally, NOW)
    assert finding(short)[0] is None
    assert finding(tallies(seen(SLOW, "r1", "r2"), *SOUND), seconds=2.5)[0] is None


def test_a_lone_reporter_is_a_suspicion_until_its_own_sidecar_agrees() -> None:
    lone = tallies({"r1": SLOW}, {"r1": FINE}, {"r1": FINE})
    assert finding(lone) == (None, {"a"})
    for name, calls in (("a", SLOW), ("b", FINE), ("c", FINE)):
        lone.records[name].served = record({"own": calls}).reporters["own"]
    found, _ = finding(lone)
    assert found is not None
    assert found.reason.endswith("and its own sidecar measured 20.0 times its peers' latency")


def test_a_failed_probe_confirms_a_lone_reporter() -> None:
    lone = tallies({"r1": SLOW}, {"r1": FINE}, {"r1": FINE})
    lone.records["a"].probed = LastProbe(False, "no answer within 1 s", NOW - 1)
    assert finding(lone)[0] is not None
