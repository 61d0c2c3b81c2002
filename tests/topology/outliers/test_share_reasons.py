"""Every endpoint that gets less than its share has a reason to show."""

import pytest

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Avoidance
from topology.evidence.measurements import FRESH, Record
from topology.evidence.reporter_view import OpenReport, ReporterView
from topology.model.graph import Stats
from topology.outliers.ejection_state import EjectionState
from topology.outliers.share_reasons import ServiceTraffic, service_traffic, share_reason
from topology.registry.sources import Member

NOW = 1000.0
MEMBER = Member(ServiceId("b"), "10.0.0.1:80")
EVEN = ServiceTraffic(300, 3, 0.02)
FAIR = Stats(count=100, p50=0.02)


def avoided(*whys: Avoidance | None, age: float = 0.5) -> Record:
    views = {f"a{n}": ReporterView(open=OpenReport(0, 0.0, NOW - age, why)) for n, why in enumerate(whys)}
    return Record(reporters=views)


def reason(
    member: Member = MEMBER,
    state: EjectionState | None = None,
    weight: float = 1.0,
    record: Record | None = None,
    own: Stats = FAIR,
) -> str:
    return share_reason(member, state or EjectionState(), weight, record, own, EVEN, NOW)


def test_an_even_share_needs_no_reason() -> None:
    assert reason() == ""
    assert reason(record=avoided(None, None)) == ""


@pytest.mark.parametrize("state", [EndpointState.DRAINING, EndpointState.UNREADY, EndpointState.GONE])
def test_what_an_endpoint_says_of_itself_comes_first(state: EndpointState) -> None:
    ejected = EjectionState(state=EndpointState.EJECTED, reason="it fails")
    assert reason(Member(ServiceId("b"), "h:1", state), ejected) not in ("", "it fails")


def test_then_its_ejection_then_who_avoids_it_then_its_weight() -> None:
    ejected = EjectionState(state=EndpointState.EJECTED, reason="it fails")
    several = avoided(Avoidance.FAILING, Avoidance.FAILING, Avoidance.SLOW)
    assert reason(state=ejected, record=several, weight=0.0) == "it fails"
    assert " is avoided by 2 sidecars after a failure; " in reason(record=several, weight=0.5)
    assert " is avoided by 1 sidecar after an answer that took " in reason(record=avoided(Avoidance.SLOW))
    assert "that its peers do not give" in reason(record=avoided(Avoidance.ANSWERS))
    assert "less load" in reason(record=avoided(Avoidance.LOAD))
    assert reason(weight=0.5).startswith(f"{MEMBER.address} has weight 0.5 from the mesh")
    assert reason(state=EjectionState(state=EndpointState.PROBATION), weight=0.1)


def test_what_a_reporter_said_long_ago_is_over() -> None:
    assert reason(record=avoided(Avoidance.FAILING, age=FRESH + 0.1)) == ""


def test_a_small_share_without_another_reason_is_named() -> None:
    assert "20 ms against" not in reason(own=Stats(count=10, p50=0.02))
    assert reason(own=Stats(count=10, p50=0.02)).startswith(f"{MEMBER.address} got 10% of an even share")
    assert reason(own=Stats(count=10, p50=0.08)).endswith("it took 80 ms against 20 ms")
    assert reason(own=Stats()).startswith(f"{MEMBER.address} got 0% of an even share")


def test_few_requests_say_nothing_about_shares() -> None:
    quiet = service_traffic([Stats(count=10, p50=0.1), Stats(), Stats()])
    assert quiet == ServiceTraffic(10, 3, 0.1)
    assert share_reason(MEMBER, EjectionState(), 1.0, None, Stats(), quiet, NOW) == ""
    assert service_traffic([]) == ServiceTraffic(0, 0, None)
