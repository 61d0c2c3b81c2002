"""Endpoints as people see them, and probes of them."""

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model.endpoints import EndpointOrigin, EndpointView, ProbeRequest
from topology.model.graph import Stats


def test_an_endpoint_has_no_ejection_until_one_is_known() -> None:
    view = EndpointView(ServiceId("a"), "10.0.0.1:80", EndpointState.HEALTHY, 1.0, Stats())
    assert (view.ejected_since, view.ejected_until, view.reason) == (None, None, "")
    assert view.origin is EndpointOrigin.SIDECAR


def test_a_probe_without_a_path_differs_from_one_with_a_path() -> None:
    plain = ProbeRequest(ServiceId("a"), "10.0.0.1:80")
    assert {plain, ProbeRequest(ServiceId("a"), "10.0.0.1:80")} == {plain}
    assert plain != ProbeRequest(ServiceId("a"), "10.0.0.1:80", "/health")
