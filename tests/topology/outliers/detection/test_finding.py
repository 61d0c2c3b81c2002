"""Findings and trials as values, and the words and figures of their evidence."""

import pytest

from proxy.contract.decisions.evidence import Calls, LatencyComparison
from topology.evidence.peer_tallies import EndpointTally
from topology.evidence.tally import Tally
from topology.outliers.detection.finding import Trial, comparison, latency_comparison, seen_by


@pytest.mark.parametrize(
    ("trial", "passed", "failed"),
    [
        (Trial(), False, False),
        (Trial(1, 0), True, False),
        (Trial(1, 1), False, True),
        (Trial(4, 2), False, True),
        (Trial(5, 2), True, False),
    ],
)
def test_a_trial_is_passed_when_most_calls_succeed(trial: Trial, passed: bool, failed: bool) -> None:
    assert (trial.passed, trial.failed) == (passed, failed)
    assert trial.calls == Calls(trial.count, trial.errors)


def test_the_reporters_are_counted_and_a_confirmation_named() -> None:
    assert seen_by(["a"]) == "seen by 1 reporter"
    assert seen_by(["a", "b"], "a probe found: refused") == "seen by 2 reporters, and a probe found: refused"


def test_a_comparison_has_the_calls_of_the_named_reporters_only() -> None:
    own = EndpointTally(Tally(30, 9), {"a": Tally(10, 8), "b": Tally(20, 1)})
    calls = comparison(2.5, own, Tally(50, 2), ["a"], ("x:1",), "a probe found: refused")
    assert (calls.count, calls.errors, calls.peer_count, calls.peer_errors) == (30, 9, 50, 2)
    assert calls.reporters == {"a": Calls(10, 8)}
    slow = latency_comparison(calls, 400.0, 20.0)
    assert isinstance(slow, LatencyComparison)
    assert (slow.reporters, slow.confirmed) == (calls.reporters, calls.confirmed)
    assert (slow.latency_ms, slow.peer_latency_ms) == (400.0, 20.0)
