"""Names on the wire of xDS: types of resources, gRPC methods, and our own heartbeat.

Source: xDS protocol, envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol.
"""

from typing import Final

_TYPES: Final = "type.googleapis.com/envoy.config."
CDS: Final = _TYPES + "cluster.v3.Cluster"
EDS: Final = _TYPES + "endpoint.v3.ClusterLoadAssignment"
RDS: Final = _TYPES + "route.v3.RouteConfiguration"
# Our own type: an Envoy never asks for it, and a collector that does not know it leaves it unanswered.
INBOUND: Final = "type.googleapis.com/spanmesh.InboundPolicy"

ADS: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"
SOTW_METHOD: Final = "StreamAggregatedResources"
DELTA_METHOD: Final = "DeltaAggregatedResources"

# Our own, for clients that ask for it with this request metadata: a response without resources that
# confirms all earlier ones. Feedback that nobody renews is worse than none, so a confirmation holds for
# three of these intervals: two heartbeats may be lost.
HEARTBEAT: Final = "type.googleapis.com/spanmesh.Heartbeat"
HEARTBEAT_KEY: Final = "spanmesh-heartbeat"
HEARTBEAT_SECONDS: Final = 2.0
TTL_SECONDS: Final = 3 * HEARTBEAT_SECONDS

# The route configuration every sidecar asks for, and the cluster that sends a request where
# the application sent it.
OUTBOUND_ROUTES: Final = "outbound"
PASSTHROUGH: Final = "passthrough"
# The one resource of type INBOUND: a sidecar asks for its own policy, and the mesh knows whose that is.
OWN_INBOUND: Final = "inbound"
