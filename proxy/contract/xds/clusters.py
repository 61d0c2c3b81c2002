"""A service as a cluster, CDS: that it exists, and how Envoy treats it."""

from typing import Final

from proxy.contract.model import Service
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse
from proxy.contract.xds.protocol import PASSTHROUGH

_CONNECT_SECONDS: Final = 2
# The application's own choice is given as long as its kernel would: two minutes on Linux.
_PATIENT_SECONDS: Final = 150
_API_V3: Final = 2
# Envoy's own limits are 1,024 connections, requests and waiting requests, and 3 retries at a time: the
# 1,025th would be a 503 that nobody had without the mesh.
_UNLIMITED: Final = 2**32 - 1


def encode(service: Service) -> bytes:
    """Return the cluster of a service."""
    cluster = pb.Cluster(name=service.name, type=pb.Cluster.EDS, lb_policy=pb.Cluster.LEAST_REQUEST)
    cluster.eds_cluster_config.eds_config.ads.SetInParent()
    cluster.eds_cluster_config.eds_config.resource_api_version = _API_V3
    cluster.connect_timeout.seconds = _CONNECT_SECONDS
    # The mesh caps its own ejections; Envoy's panic mode would send traffic back to the ejected.
    cluster.common_lb_config.healthy_panic_threshold.value = 0.0
    _lift_limits(cluster).retry_budget.budget_percent.value = 100 * service.retries.budget
    return cluster.SerializeToString(deterministic=True)


def encode_passthrough() -> bytes:
    """Return the cluster for traffic that goes where the application sent it."""
    cluster = pb.Cluster(
        name=PASSTHROUGH, type=pb.Cluster.ORIGINAL_DST, lb_policy=pb.Cluster.CLUSTER_PROVIDED
    )
    # Lets a gateway name the endpoint in a header (x-envoy-original-dst-host) where nothing was redirected.
    cluster.original_dst_lb_config.use_http_header = True
    cluster.connect_timeout.seconds = _PATIENT_SECONDS
    _lift_limits(cluster)
    return cluster.SerializeToString(deterministic=True)


def decode(body: bytes) -> str:
    """Return the name of a cluster. Raises BadResourceError."""
    cluster = parse(pb.Cluster(), body)
    if not cluster.name:
        raise BadResourceError("cluster without a name")
    return cluster.name


def _lift_limits(cluster: pb.Cluster) -> pb.Thresholds:
    """Lift Envoy's own limits of the cluster, and return their thresholds."""
    thresholds = cluster.circuit_breakers.thresholds.add()
    for limit in (thresholds.max_connections, thresholds.max_pending_requests, thresholds.max_requests):
        limit.value = _UNLIMITED
    return thresholds
