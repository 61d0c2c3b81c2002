"""A service as a cluster, and the pass-through cluster."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Retries, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import clusters
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError

B = Service(ServiceId("b"), retries=Retries(budget=0.1))


def test_endpoints_come_over_the_same_stream_and_none_are_brought_back_in_panic() -> None:
    cluster = pb.Cluster.FromString(clusters.encode(B))
    assert (cluster.name, cluster.type) == ("b", pb.Cluster.EDS)
    assert cluster.eds_cluster_config.eds_config.HasField("ads")
    assert cluster.common_lb_config.healthy_panic_threshold.value == 0.0
    assert cluster.common_lb_config.HasField("healthy_panic_threshold")


@pytest.mark.parametrize("body", [clusters.encode(B), clusters.encode_passthrough()])
def test_the_limits_that_envoy_has_by_itself_are_lifted(body: bytes) -> None:
    (limits,) = pb.Cluster.FromString(body).circuit_breakers.thresholds
    found = (limits.max_connections.value, limits.max_pending_requests.value, limits.max_requests.value)
    assert found == (2**32 - 1,) * 3


def test_the_budget_of_retries_is_the_clusters() -> None:
    (limits,) = pb.Cluster.FromString(clusters.encode(B)).circuit_breakers.thresholds
    assert limits.retry_budget.budget_percent.value == 10.0


def test_a_cluster_is_decoded_to_its_name() -> None:
    assert clusters.decode(clusters.encode(B)) == "b"
    assert clusters.decode(clusters.encode_passthrough()) == "passthrough"


def test_bad_clusters_are_refused_with_their_reason() -> None:
    with pytest.raises(BadResourceError, match="does not parse"):
        clusters.decode(b"\xff\xff\xff")
    with pytest.raises(BadResourceError, match="without a name"):
        clusters.decode(b"")


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(BadResourceError):
        clusters.decode(body)
