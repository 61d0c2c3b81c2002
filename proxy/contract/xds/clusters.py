"""A service as a cluster, CDS: that it exists, and how Envoy treats it."""

from typing import Final

from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse
from proxy.contract.xds.protocol import PASSTHROUGH

_CONNECT_SECONDS: Final = 2
_API_V3: Final = 2


def encode(name: str) -> bytes:
    """Return the cluster of a service."""
    cluster = pb.Cluster(name=name, type=pb.Cluster.EDS, lb_policy=pb.Cluster.LEAST_REQUEST)
    cluster.eds_cluster_config.eds_config.ads.SetInParent()
    cluster.eds_cluster_config.eds_config.resource_api_version = _API_V3
    cluster.connect_timeout.seconds = _CONNECT_SECONDS
    # The mesh caps its own ejections; Envoy's panic mode would send traffic back to the ejected.
    cluster.common_lb_config.healthy_panic_threshold.value = 0.0
    return cluster.SerializeToString(deterministic=True)


def encode_passthrough() -> bytes:
    """Return the cluster for traffic that goes where the application sent it."""
    cluster = pb.Cluster(
        name=PASSTHROUGH, type=pb.Cluster.ORIGINAL_DST, lb_policy=pb.Cluster.CLUSTER_PROVIDED
    )
    # Lets a gateway name the endpoint in a header (x-envoy-original-dst-host) where nothing was redirected.
    cluster.original_dst_lb_config.use_http_header = True
    cluster.connect_timeout.seconds = _CONNECT_SECONDS
    return cluster.SerializeToString(deterministic=True)


def decode(body: bytes) -> str:
    """Return the name of a cluster. Raises BadResourceError."""
    cluster = parse(pb.Cluster(), body)
    if not cluster.name:
        raise BadResourceError("cluster without a name")
    return cluster.name
