"""The rules of one step, in their order."""

from collections.abc import Sequence

from proxy.contract.decisions.evidence import Dependency, Hold
from proxy.contract.decisions.kinds import HoldKind
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from tests.topology.outliers.made_evidence import NAMES, SETTINGS, MadeEvidence
from topology.model.decisions import Decision
from topology.outliers.detection.finding import Trial
from topology.outliers.ejection_limits import EjectionLimits
from topology.outliers.ejection_state import EjectionState, ServiceEjections
from topology.outliers.ejection_step import EjectionStep
from topology.outliers.transitions import Transitions

S = ServiceId("s")


def step(
    service: ServiceEjections,
    evidence: MadeEvidence,
    available: Sequence[str] = NAMES[:4],
    now: float = 100.0,
) -> list[Decision]:
    serving = tuple(available)
    change = Transitions(S, service, SETTINGS, now)
    limits = EjectionLimits(service, serving, evidence, SETTINGS, now)
    return EjectionStep(service, change, limits, evidence, serving, SETTINGS, now).run()


def told(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(made.kind, made.endpoint) for made in decisions]


def test_what_comes_back_in_a_step_may_be_followed_by_another_that_goes() -> None:
    out = EjectionState(EndpointState.EJECTED, since=90.0, until=100.0)
    made = step(ServiceEjections({"a": out}), MadeEvidence({"b": 2.0}))
    assert told(made) == [("probation", "a"), ("eject", "b")]


def test_an_ejection_goes_on_with_one_decision_on_the_evidence_that_probation_asks_for() -> None:
    out = EjectionState(EndpointState.EJECTED, since=90.0, until=100.0, ejections=1)
    made = step(ServiceEjections({"a": out}), MadeEvidence({"a": 2.0}, most_patience=0.6))
    assert told(made) == [("eject", "a")]
    assert made[0].reason.startswith("still bad: a failed")


def test_a_failed_trial_ejects_again_and_longer() -> None:
    tried = EjectionState(EndpointState.PROBATION, since=95.0, ejections=1)
    made = step(ServiceEjections({"a": tried}), MadeEvidence(found=Trial(3, 3, busy=True)))
    assert told(made) == [("eject", "a")]
    assert made[0].reason == "still bad: a failed 3 of 3 requests on probation; out for 10 s"


def test_a_limit_is_told_instead_of_a_shared_cause() -> None:
    evidence = MadeEvidence({"a": 2.0}, shared="all fail", strained="the 3 left are slow")
    (hold,) = step(ServiceEjections(), evidence)
    assert isinstance(hold.evidence, Hold)
    assert hold.evidence.kind is HoldKind.CAP
    assert hold.reason == "a is failing too, but the 3 left are slow; it is not ejected"


def test_a_shared_cause_names_the_dependency() -> None:
    (hold,) = step(ServiceEjections(), MadeEvidence(shared="all fail"))
    assert hold.evidence == Hold(HoldKind.SHARED_FAILURES, cause=Dependency())
    assert hold.reason == "all fail; look below"


def test_some_endpoint_always_serves() -> None:
    states = {
        name: EjectionState(EndpointState.EJECTED, 90.0, until) for name, until in (("a", 130), ("b", 120))
    }
    made = step(ServiceEjections(states), MadeEvidence(), available="ab")
    assert told(made) == [("probation", "b")]
    assert "only 2 endpoints are left" in made[0].reason
