"""The endpoints of a service with weight and health, EDS."""

from typing import Final

from google.protobuf.struct_pb2 import Struct

from proxy.contract.address import join_address, split_address
from proxy.contract.model import METADATA, Endpoint, Service
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse

# load_balancing_weight of a neutral endpoint: the field is a whole number, at least 1, so that this is also
# the resolution of a weight.
_WEIGHT_UNIT: Final = 100


def encode(service: Service) -> bytes:
    """Return the endpoints of a service."""
    assignment = pb.ClusterLoadAssignment(cluster_name=service.name)
    if service.endpoints:
        # gRPC skips a locality that is unnamed or has no weight.
        group = assignment.endpoints.add(locality=pb.Locality())
        group.load_balancing_weight.value = 1
        group.lb_endpoints.extend(_lb_endpoint(endpoint) for endpoint in service.endpoints)
    # Versions are digests of these bytes: maps in another order would look like a change to every sidecar.
    return assignment.SerializeToString(deterministic=True)


def decode(body: bytes) -> tuple[str, tuple[Endpoint, ...]]:
    """Return service name and endpoints. Raises BadResourceError."""
    assignment = parse(pb.ClusterLoadAssignment(), body)
    if not assignment.cluster_name:
        raise BadResourceError("assignment without cluster_name")
    endpoints: dict[str, Endpoint] = {}
    for group in assignment.endpoints:
        for each in group.lb_endpoints:
            endpoint = _endpoint(assignment.cluster_name, each)
            endpoints[endpoint.address] = endpoint
    return assignment.cluster_name, tuple(endpoints.values())


def _lb_endpoint(endpoint: Endpoint) -> pb.LbEndpoint:
    message = pb.LbEndpoint()
    host, port = split_address(endpoint.address)
    message.endpoint.address.socket_address.address = host
    message.endpoint.address.socket_address.port_value = port
    if endpoint.healthy:
        message.health_status = pb.HEALTHY
    else:
        message.health_status = pb.DRAINING if endpoint.draining else pb.UNHEALTHY
    message.load_balancing_weight.value = max(1, round(endpoint.weight * _WEIGHT_UNIT))
    message.metadata.filter_metadata[METADATA].update(
        {
            "app": endpoint.app,
            "instance": endpoint.instance,
            "version": endpoint.version,
            "zone": endpoint.zone,
            "generation": endpoint.generation,
        }
    )
    return message


def _endpoint(service: str, message: pb.LbEndpoint) -> Endpoint:
    socket = message.endpoint.address.socket_address
    if not socket.address or not 0 < socket.port_value < 65536:
        raise BadResourceError(f"{service}: endpoint without address and port")
    weight = 1.0
    if message.HasField("load_balancing_weight"):
        if message.load_balancing_weight.value < 1:
            raise BadResourceError(f"{service}: load_balancing_weight must be at least 1")
        weight = message.load_balancing_weight.value / _WEIGHT_UNIT
    # Absent on endpoints that another control plane sends.
    metadata = message.metadata.filter_metadata.get(METADATA, Struct()).fields

    def text(key: str) -> str:
        return metadata[key].string_value if key in metadata else ""

    return Endpoint(
        join_address(socket.address, socket.port_value),
        weight,
        # UNKNOWN is what a control plane without health checks sends: it counts as healthy, as in Envoy.
        healthy=message.health_status in (pb.UNKNOWN, pb.HEALTHY, pb.DEGRADED),
        app=text("app"),
        instance=text("instance"),
        version=text("version"),
        zone=text("zone"),
        draining=message.health_status == pb.DRAINING,
        generation=text("generation"),
    )
