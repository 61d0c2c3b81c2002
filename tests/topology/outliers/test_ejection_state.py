"""Ejection states as data."""

from proxy.contract.model import EndpointState
from topology.outliers.ejection_state import EjectionState, ServiceEjections


def test_an_endpoint_is_healthy_until_something_is_decided() -> None:
    service = ServiceEjections()
    assert service.put("a") == EjectionState()
    assert service.put("a").state is EndpointState.HEALTHY
    assert service.put("a") is service.endpoints["a"]


def test_a_new_service_holds_nothing_and_has_moved_nothing() -> None:
    service = ServiceEjections()
    assert (service.holding, service.moved) == (None, float("-inf"))
    assert service.bearable_until == 0.0
