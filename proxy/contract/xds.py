"""The mesh model to and from xDS v3 resources.

A service is a cluster (CDS), its endpoints an assignment (EDS) and its stage a virtual host of
the one route configuration ``outbound`` (RDS), which also says its timeout and
retries. What xDS has no field for is metadata under the key ``spanmesh``. Encoding is deterministic:
equal services give equal bytes.

Source: envoy/api v3; field numbers in ``xds.proto``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from proxy.contract import xds_pb2 as pb
from proxy.contract.address import join_address, split_address
from proxy.contract.model import (
    CONDITIONS,
    METADATA,
    Endpoint,
    MeshView,
    Node,
    NodeState,
    Retries,
    Service,
    Stage,
)

_TYPES: Final = "type.googleapis.com/envoy.config."
CDS: Final = _TYPES + "cluster.v3.Cluster"
EDS: Final = _TYPES + "endpoint.v3.ClusterLoadAssignment"
RDS: Final = _TYPES + "route.v3.RouteConfiguration"

ADS: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"
SOTW_METHOD: Final = "StreamAggregatedResources"
DELTA_METHOD: Final = "DeltaAggregatedResources"

# Of our own, to clients that ask for it with this request metadata: a response without resources
# that says that what was sent is still meant. Every so many seconds, and what was sent counts for
# about three of these intervals: feedback that nobody stands by is worse than none.
HEARTBEAT: Final = "type.googleapis.com/spanmesh.Heartbeat"
HEARTBEAT_KEY: Final = "spanmesh-heartbeat"
HEARTBEAT_SECONDS: Final = 2.0
TTL_SECONDS: Final = 3 * HEARTBEAT_SECONDS

# The route configuration every sidecar asks for, and the cluster that sends a request where
# the application sent it.
OUTBOUND: Final = "outbound"
PASSTHROUGH: Final = "passthrough"

_WEIGHT_UNIT: Final = 100  # load_balancing_weight of a neutral endpoint
_CONNECT_SECONDS: Final = 2
_API_V3: Final = 2

M = TypeVar("M", pb.Cluster, pb.ClusterLoadAssignment, pb.RouteConfiguration)
# What the routes say of each service: a Service without its endpoints.
Routes = Mapping[str, Service]
# Envoy calls a try without an answer in time a reset.
_ENVOY_CONDITIONS: Final = {"timeout": "reset"}
_NANOS: Final = 1_000_000_000


class BadResourceError(ValueError):
    """A resource that cannot be used: keep the last good one and tell the sender this text."""


def encode_cluster(name: str) -> bytes:
    """The cluster of a service."""
    cluster = pb.Cluster(name=name, type=pb.Cluster.EDS, lb_policy=pb.Cluster.LEAST_REQUEST)
    cluster.eds_cluster_config.eds_config.ads.SetInParent()
    cluster.eds_cluster_config.eds_config.resource_api_version = _API_V3
    cluster.connect_timeout.seconds = _CONNECT_SECONDS
    # The mesh caps its own ejections; Envoy's panic mode would send traffic back to the ejected.
    cluster.common_lb_config.healthy_panic_threshold.value = 0.0
    return cluster.SerializeToString(deterministic=True)


def encode_passthrough() -> bytes:
    """The cluster for traffic that goes where the application sent it."""
    cluster = pb.Cluster(
        name=PASSTHROUGH, type=pb.Cluster.ORIGINAL_DST, lb_policy=pb.Cluster.CLUSTER_PROVIDED
    )
    cluster.original_dst_lb_config.use_http_header = True
    cluster.connect_timeout.seconds = _CONNECT_SECONDS
    return cluster.SerializeToString(deterministic=True)


def encode_assignment(service: Service) -> bytes:
    """The endpoints of a service."""
    assignment = pb.ClusterLoadAssignment(cluster_name=service.name)
    if service.endpoints:
        # gRPC skips a locality that is unnamed or has no weight.
        group = assignment.endpoints.add(locality=pb.Locality())
        group.load_balancing_weight.value = 1
        group.lb_endpoints.extend(_lb_endpoint(endpoint) for endpoint in service.endpoints)
    return assignment.SerializeToString(deterministic=True)


def encode_routes(services: Iterable[Service]) -> bytes:
    """How requests to each service are split between the mesh's choice and the application's."""
    routes = pb.RouteConfiguration(name=OUTBOUND)
    for service in services:
        host = routes.virtual_hosts.add(name=service.name, domains=[service.name, f"{service.name}:*"])
        route = host.routes.add(match=pb.RouteMatch(prefix="/"))
        _split(route.route, service.name, round(100 * service.routed_share))
        said: dict[str, Any] = {"stage": service.stage.value, "percent": service.percent}
        if service.routed_share:
            said |= _reliability(route.route, service)
        else:
            _duration(route.route.timeout, 0.0)
        route.metadata.filter_metadata[METADATA].update(said)
    rest = routes.virtual_hosts.add(name="*", domains=["*"]).routes.add(match=pb.RouteMatch(prefix="/"))
    rest.route.cluster = PASSTHROUGH
    _duration(rest.route.timeout, 0.0)
    return routes.SerializeToString(deterministic=True)


def encode(services: Mapping[str, Service]) -> dict[str, dict[str, bytes]]:
    """Everything for these services: by type URL, by resource name.

    A service named like the pass-through cluster cannot be told apart from it and is left out.
    """
    known = [service for name, service in sorted(services.items()) if name != PASSTHROUGH]
    return {
        CDS: {PASSTHROUGH: encode_passthrough()} | {s.name: encode_cluster(s.name) for s in known},
        EDS: {s.name: encode_assignment(s) for s in known},
        RDS: {OUTBOUND: encode_routes(known)},
    }


def decode_cluster(body: bytes) -> str:
    """Name of a cluster. Raises BadResourceError."""
    cluster = _parsed(pb.Cluster(), body)
    if not cluster.name:
        raise BadResourceError("cluster without a name")
    return cluster.name


def decode_assignment(body: bytes) -> tuple[str, tuple[Endpoint, ...]]:
    """Service name and endpoints. Raises BadResourceError."""
    assignment = _parsed(pb.ClusterLoadAssignment(), body)
    if not assignment.cluster_name:
        raise BadResourceError("assignment without cluster_name")
    found: dict[str, Endpoint] = {}
    for group in assignment.endpoints:
        for each in group.lb_endpoints:
            endpoint = _endpoint(assignment.cluster_name, each)
            found[endpoint.address] = endpoint
    return assignment.cluster_name, tuple(found.values())


def decode_routes(body: bytes) -> Routes:
    """Stage, timeout and retries by service. Raises BadResourceError."""
    routes = _parsed(pb.RouteConfiguration(), body)
    services: dict[str, Service] = {}
    for host in routes.virtual_hosts:
        for route in host.routes:
            said = route.metadata.filter_metadata
            if METADATA in said:
                services[host.name] = _routed(host.name, said[METADATA], route.route)
    return services


def view(
    clusters: Iterable[str], assignments: Mapping[str, tuple[Endpoint, ...]], routes: Routes
) -> MeshView:
    """The services of decoded resources."""
    services = {}
    for name in clusters:
        if name != PASSTHROUGH:
            said = routes.get(name) or Service(name)
            services[name] = replace(said, endpoints=assignments.get(name, ()))
    return services


def encode_node(node: Node) -> pb.Node:
    """A sidecar as it names itself on its stream."""
    message = pb.Node(id=node.instance, cluster=node.service, user_agent_name="spanmesh")
    said: dict[str, str] = {
        "service": node.service,
        "instance": node.instance,
        "address": node.address,
        "app": node.app,
        "version": node.version,
        "zone": node.zone,
        "state": node.state.value,
        "namespace": node.namespace,
    }
    message.metadata.get_or_create_struct(METADATA).update(said)
    return message


def decode_node(message: pb.Node) -> Node | None:
    """The sidecar behind a stream; None when it is none of ours, an Envoy for example.

    Raises BadResourceError when it claims to be ours and cannot be registered.
    """
    fields = message.metadata.fields
    if METADATA not in fields:
        return None
    said = {key: value.string_value for key, value in fields[METADATA].struct_value.fields.items()}
    service, instance = said.get("service") or message.cluster, said.get("instance") or message.id
    if not service or not instance:
        raise BadResourceError("node.metadata.spanmesh needs service and instance")
    try:
        for key in ("address", "app"):
            if said.get(key):
                split_address(said[key])
        state = NodeState(said.get("state") or NodeState.READY)
    except ValueError as error:
        raise BadResourceError(f"node.metadata.spanmesh: {error}") from None
    return Node(
        service,
        instance,
        said.get("address", ""),
        said.get("app", ""),
        said.get("version", ""),
        said.get("zone", ""),
        state,
        said.get("namespace", ""),
    )


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
        }
    )
    return message


def _endpoint(service: str, message: pb.LbEndpoint) -> Endpoint:
    place = message.endpoint.address.socket_address
    if not place.address or not 0 < place.port_value < 65536:
        raise BadResourceError(f"{service}: endpoint without address and port")
    weight = 1.0
    if message.HasField("load_balancing_weight"):
        if message.load_balancing_weight.value < 1:
            raise BadResourceError(f"{service}: load_balancing_weight must be at least 1")
        weight = message.load_balancing_weight.value / _WEIGHT_UNIT
    said = message.metadata.filter_metadata.get(METADATA, Struct()).fields

    def text(key: str) -> str:
        return said[key].string_value if key in said else ""

    return Endpoint(
        join_address(place.address, place.port_value),
        weight,
        healthy=message.health_status in (pb.UNKNOWN, pb.HEALTHY, pb.DEGRADED),
        app=text("app"),
        instance=text("instance"),
        version=text("version"),
        zone=text("zone"),
        draining=message.health_status == pb.DRAINING,
    )


def _split(action: pb.RouteAction, service: str, percent: int) -> None:
    if percent in (0, 100):
        action.cluster = service if percent else PASSTHROUGH
        return
    for name, weight in ((service, percent), (PASSTHROUGH, 100 - percent)):
        action.weighted_clusters.clusters.add(name=name).weight.value = weight


def _reliability(action: pb.RouteAction, service: Service) -> dict[str, Any]:
    """Write timeout and retries into Envoy's fields; what these cannot say, for the metadata."""
    retries = service.retries
    _duration(action.timeout, service.timeout)
    policy = action.retry_policy
    policy.num_retries.value = retries.attempts
    policy.retry_on = ",".join(dict.fromkeys(_ENVOY_CONDITIONS.get(each, each) for each in retries.on))
    if retries.per_try:
        _duration(policy.per_try_timeout, retries.per_try)
    return {"retry_on": list(retries.on), "retry_budget": retries.budget}


def _routed(service: str, said: Struct, action: pb.RouteAction) -> Service:
    fields = said.fields
    percent = fields["percent"].number_value if "percent" in fields else 0.0
    if not 0 <= percent <= 100:
        raise BadResourceError(f"{service}: percent {percent} is not within 0 to 100")
    try:
        stage = Stage(fields["stage"].string_value)
    except ValueError as error:
        raise BadResourceError(f"{service}: {error}") from None
    retries = Retries()
    if action.HasField("retry_policy"):
        retries = _retries(service, said, action.retry_policy)
    timeout = _seconds(service, action.timeout)
    return Service(service, (), stage, int(percent), timeout, retries)


def _retries(service: str, said: Struct, policy: pb.RetryPolicy) -> Retries:
    on = tuple(value.string_value for value in said.fields["retry_on"].list_value.values)
    budget = said.fields["retry_budget"].number_value
    if not set(on) <= set(CONDITIONS) or not 0 <= budget <= 1:
        raise BadResourceError(f"{service}: retry_on {on} or retry_budget {budget} is not understood")
    return Retries(policy.num_retries.value, on, budget, _seconds(service, policy.per_try_timeout))


def _duration(field: Duration, seconds: float) -> None:
    """Set a duration, 0 too: without one Envoy has a default of its own."""
    field.SetInParent()
    field.FromNanoseconds(round(seconds * _NANOS))


def _seconds(service: str, field: Duration) -> float:
    seconds = (field.seconds * _NANOS + field.nanos) / _NANOS
    if not 0 <= seconds <= 86400:
        raise BadResourceError(f"{service}: a duration of {seconds:g} s is not within 0 to a day")
    return seconds


def _parsed(message: M, body: bytes) -> M:
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise BadResourceError(f"{type(message).__name__} does not parse") from None
    return message
