"""Changes of state, and the decisions that explain them."""

from proxy.contract.decisions.evidence import Calls, Ejection, Hold, Probation, Return
from proxy.contract.decisions.kinds import FindingKind, HoldKind
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from tests.topology.outliers.made_evidence import SETTINGS, finding
from topology.outliers.ejection_state import ServiceEjections
from topology.outliers.transitions import Transitions

S = ServiceId("s")


def test_each_ejection_is_twice_as_long_up_to_the_longest() -> None:
    service = ServiceEjections()
    change = Transitions(S, service, SETTINGS, 100.0)
    for _ in range(20):
        change.eject("a", finding("a"), "still bad: ")
    seconds = [made.evidence.seconds for made in change.decisions if isinstance(made.evidence, Ejection)]
    assert seconds[:5] == [5, 10, 20, 40, 60]
    assert set(seconds[5:]) == {60}
    assert service.endpoints["a"].until == 160
    assert service.moved == 100.0
    assert change.decisions[0].reason == "still bad: a failed 9 of 9; out for 5 s"


def test_a_doubt_is_a_probation_with_grounds_and_an_ejection_ends_it() -> None:
    service = ServiceEjections()
    change = Transitions(S, service, SETTINGS, 100.0)
    change.doubt(finding("a"))
    state = service.endpoints["a"]
    assert (state.state, state.doubted, state.finding) == (EndpointState.PROBATION, True, None)
    change.eject("a", finding("a", kind=FindingKind.STALL))
    assert (state.doubted, state.finding) == (False, FindingKind.STALL)
    change.probation("a", "its time is up")
    assert [made.evidence for made in change.decisions][::2] == [
        Probation(0, Calls(9, 9)),
        Probation(1),
    ]
    assert "a hundredth" in change.decisions[0].reason
    assert "a tenth" in change.decisions[2].reason


def test_what_is_back_has_no_reason_against_it() -> None:
    service = ServiceEjections()
    change = Transitions(S, service, SETTINGS, 100.0)
    change.eject("a", finding("a"))
    change.back("a", "a is back", Return())
    state = service.endpoints["a"]
    assert (state.state, state.reason, state.until) == (EndpointState.HEALTHY, "", 0.0)
    assert state.ejections == 1  # forgiven only in time


def test_a_hold_is_announced_once() -> None:
    change = Transitions(S, ServiceEjections(), SETTINGS, 100.0)
    for kind in (HoldKind.CAP, HoldKind.CAP, HoldKind.SHARED_SLOWNESS):
        change.hold("all slow", Hold(kind))
    assert [made.evidence for made in change.decisions] == [
        Hold(HoldKind.CAP),
        Hold(HoldKind.SHARED_SLOWNESS),
    ]
