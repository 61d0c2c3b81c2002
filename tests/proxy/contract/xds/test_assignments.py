"""Endpoints with weight and health to bytes and back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Endpoint, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import assignments
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError


def test_health_and_weight_are_what_envoy_reads() -> None:
    service = Service(
        ServiceId("b"),
        (
            Endpoint("10.0.0.1:80", 0.001),
            Endpoint("10.0.0.2:80", healthy=False),
            Endpoint("[::1]:80", healthy=False, draining=True),
        ),
    )
    (group,) = pb.ClusterLoadAssignment.FromString(assignments.encode(service)).endpoints
    assert [each.health_status for each in group.lb_endpoints] == [pb.HEALTHY, pb.UNHEALTHY, pb.DRAINING]
    assert [each.load_balancing_weight.value for each in group.lb_endpoints] == [1, 100, 100]
    assert group.lb_endpoints[2].endpoint.address.socket_address.address == "::1"


def _assignment() -> pb.ClusterLoadAssignment:
    return pb.ClusterLoadAssignment.FromString(
        assignments.encode(Service(ServiceId("b"), (Endpoint("10.0.0.1:80"),)))
    )


def test_bad_endpoints_are_refused_with_their_reason() -> None:
    weightless, placeless, nameless = _assignment(), _assignment(), _assignment()
    weightless.endpoints[0].lb_endpoints[0].load_balancing_weight.value = 0
    placeless.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value = 0
    nameless.cluster_name = ""
    for message, words in (
        (weightless, "at least 1"),
        (placeless, "without address"),
        (nameless, "cluster_name"),
    ):
        with pytest.raises(BadResourceError, match=words):
            assignments.decode(message.SerializeToString())


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(BadResourceError):
        assignments.decode(body)
