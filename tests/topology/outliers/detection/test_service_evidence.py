"""Evidence from measurements, and remote findings that sidecars here may deny."""

import pytest

from proxy.contract.decisions.evidence import Dependency
from proxy.contract.decisions.kinds import FindingKind
from tests.topology.outliers.detection.tallies import FINE, NOW, seen, tallies
from tests.topology.outliers.made_evidence import SETTINGS, finding
from topology.evidence.measurements import LastProbe
from topology.evidence.peer_tallies import ServiceTallies
from topology.outliers.detection.finding import Finding
from topology.outliers.detection.service_evidence import MeasuredEvidence, ServiceEvidence

SOUND = [seen(FINE, "r1", "r2")] * 2
BAD = seen((10, 9, 0.02), "r1", "r2")


def measured(found: ServiceTallies, remote: Finding | None = None) -> MeasuredEvidence:
    known = {remote.endpoint: remote} if remote else {}
    return MeasuredEvidence(found, SETTINGS, lambda: ("look below", Dependency()), known)


@pytest.mark.parametrize(
    ("endpoint", "believed"),
    [
        ({}, True),  # no sidecar here calls it
        (seen(FINE, "collector B"), True),  # only the one that says so
        (seen(FINE, "r1"), False),
    ],
)
def test_a_remote_finding_counts_unless_sidecars_here_deny_it(
    endpoint: dict[str, tuple[int, int, float]], believed: bool
) -> None:
    remote = finding("a", kind=FindingKind.STALL)
    evidence = measured(tallies(endpoint, *SOUND), remote)
    assert evidence.finding("a", 1.0) == (remote if believed else None)


def test_an_own_finding_goes_before_a_remote_one() -> None:
    own = measured(tallies(BAD, *SOUND), finding("a", kind=FindingKind.STALL)).finding("a", 1.0)
    assert own is not None
    assert own.kind is FindingKind.FAILURES


def test_asking_for_a_probe_makes_a_suspect() -> None:
    evidence = measured(tallies(seen(FINE, "r1"), *SOUND))
    assert evidence.probe("a") is None
    assert evidence.probe("nowhere") is None
    assert evidence.suspects == {"a", "nowhere"}
    refused = LastProbe(False, "connection refused", NOW)
    known = tallies(seen(FINE, "r1"))
    known.records["a"].probed = refused
    assert measured(known).probe("a") == refused


def test_it_answers_what_the_rules_ask() -> None:
    evidence: ServiceEvidence = measured(tallies(BAD, BAD))
    assert "2 of 2 endpoints fail" in evidence.shared_failure()
    assert evidence.shared_slowness() == ""
    assert evidence.doubt("a") is None
    assert evidence.trial("a", NOW - 1).busy
    assert "have carried 0 requests/s" in evidence.overload_risk("b")
    assert evidence.overload("b") == "the 1 that are left are failing under 45 requests/s, usually 0"
    assert evidence.cause() == ("look below", Dependency())
