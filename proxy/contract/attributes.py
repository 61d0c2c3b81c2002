"""Names on the telemetry wire, shared by the sidecar that writes and the collector that reads.

Source: OpenTelemetry semantic conventions, stable HTTP set, v1.27 and later. Names that
begin with ``spanmesh.`` are ours.
"""

from typing import Final

# Instrumentation scope of everything a sidecar emits.
SCOPE: Final = "spanmesh.sidecar"

# Resource attributes.
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
SERVICE_INSTANCE: Final = "service.instance.id"
ZONE: Final = "cloud.availability_zone"
NAMESPACE: Final = "service.namespace"
K8S_NAMESPACE: Final = "k8s.namespace.name"

# Span and metric attributes.
METHOD: Final = "http.request.method"
STATUS: Final = "http.response.status_code"
ROUTE: Final = "http.route"
URL_FULL: Final = "url.full"
URL_PATH: Final = "url.path"
URL_QUERY: Final = "url.query"
URL_SCHEME: Final = "url.scheme"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
PEER_ADDRESS: Final = "network.peer.address"
PEER_PORT: Final = "network.peer.port"
CLIENT_ADDRESS: Final = "client.address"
TRANSPORT: Final = "network.transport"
# Of a request: whether the connection it came or went over was encrypted. On metrics "true" or "false",
# absent for a tunnel (CONNECT), whose bytes may be anything, and from sidecars of older versions; on
# spans only when true.
# Of an opaque connection: "true" where its server agreed to TLS, "false" where its first bytes are of a
# protocol that is in the clear, absent where they tell neither.
TLS: Final = "tls.established"
TLS_VERSION: Final = "tls.protocol.version"
# Of byte counts, as seen from the reporter's own side.
DIRECTION: Final = "network.io.direction"
TRANSMIT: Final = "transmit"
RECEIVE: Final = "receive"
# Of an opaque connection, as seen from the span's own side.
BYTES_SENT: Final = "spanmesh.bytes.sent"
BYTES_RECEIVED: Final = "spanmesh.bytes.received"
ERROR_TYPE: Final = "error.type"
# The error of an opaque connection that stood and then broke; with every other it never stood.
BROKEN: Final = "upstream-reset"
# On the span of a try that is not the first: how many went before.
RESEND_COUNT: Final = "http.request.resend_count"
# On client telemetry: the service called, or ``host:port`` of a destination outside the mesh.
PEER_SERVICE: Final = "peer.service"
# On server telemetry: the calling service, as named by its own sidecar; absent when it has none.
CALLER: Final = "spanmesh.caller"
# ``host:port`` of the endpoint a client metric is about; of opaque connections to another port than
# the application's also on server metrics.
ENDPOINT: Final = "spanmesh.endpoint"
# "2xx" … "5xx", or "error" when no response came.
STATUS_CLASS: Final = "spanmesh.status_class"
# Who chose the endpoint: a value of ``traffic.Arm``.
ARM: Final = "spanmesh.arm"

# Metrics: durations are delta exponential histograms in seconds, the others gauges.
CLIENT_DURATION: Final = "http.client.request.duration"
SERVER_DURATION: Final = "http.server.request.duration"
# What opaque connections last; kept apart, for it says nothing of how fast a server answers.
TCP_CLIENT_DURATION: Final = "spanmesh.tcp.client.connection.duration"
TCP_SERVER_DURATION: Final = "spanmesh.tcp.server.connection.duration"
# How long they took to stand, or to fail at that: the edges of the graph. Counted when they end.
TCP_CLIENT_CONNECT: Final = "spanmesh.tcp.client.connect.duration"
TCP_SERVER_CONNECT: Final = "spanmesh.tcp.server.connect.duration"
# Gauges of those that stand, and delta sums of their bytes by direction.
TCP_CLIENT_ACTIVE: Final = "spanmesh.tcp.client.active_connections"
TCP_SERVER_ACTIVE: Final = "spanmesh.tcp.server.active_connections"
TCP_CLIENT_IO: Final = "spanmesh.tcp.client.io"
TCP_SERVER_IO: Final = "spanmesh.tcp.server.io"
CLIENT_ACTIVE: Final = "http.client.active_requests"
SERVER_ACTIVE: Final = "http.server.active_requests"
OLDEST_AGE: Final = "spanmesh.client.oldest_request.age"
DROPPED_SPANS: Final = "spanmesh.export.dropped_spans"

# Request header by which an outbound sidecar tells the inbound one who is calling. It is
# sent to mesh endpoints only and removed before the application sees the request.
CALLER_HEADER: Final = "x-spanmesh-caller"
# The caller's name on probes of the mesh itself; what they cost is counted nowhere.
PROBER: Final = "spanmesh.prober"
# Response header with the machine-readable reason of a failure the sidecar itself answers.
REASON_HEADER: Final = "x-spanmesh-reason"


def is_failure(status: int) -> bool:
    """Whether a response of this HTTP status counts as a failure of its server; 0 is no response."""
    return status == 0 or status >= 500
