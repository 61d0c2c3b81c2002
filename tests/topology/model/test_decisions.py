"""The kind of a decision, which follows from its evidence."""

from proxy.contract.decisions.evidence import Registration, Unknown
from proxy.contract.decisions.kinds import DecisionKind
from proxy.contract.service_id import ServiceId
from topology.model.decisions import Decision


def test_the_kind_is_that_of_the_evidence() -> None:
    decision = Decision(1.0, ServiceId("a"), "10.0.0.1:80 registered", Registration(), "10.0.0.1:80")
    assert decision.kind is DecisionKind.REGISTER


def test_a_kind_of_a_newer_release_is_kept_as_it_came() -> None:
    assert Decision(1.0, ServiceId("a"), "", Unknown("mirror", {})).kind == "mirror"
