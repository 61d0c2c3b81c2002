"""The names on the telemetry wire, which the sidecar writes and the collector reads.

Source: OpenTelemetry semantic conventions, stable HTTP set, v1.27 and later. Names that
begin with ``spanmesh.`` are ours.
"""

from typing import Final

# Instrumentation scope of everything a sidecar emits.
SCOPE: Final = "spanmesh.sidecar"

# Resource attributes.
SERVICE_NAME: Final = "service.name"
# The name of a service that has none (OpenTelemetry resource conventions, service.name).
UNKNOWN_SERVICE: Final = "unknown_service"
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
# For a request: was the connection that it came or went over encrypted? On metrics "true" or "false", absent
# for a tunnel (CONNECT), whose bytes may be anything, and from sidecars of older versions; on spans only
# when true.
# For an opaque connection: "true" if its server agreed to TLS, "false" if its first bytes are of a protocol
# in clear text, absent if they show neither.
TLS: Final = "tls.established"
TLS_VERSION: Final = "tls.protocol.version"
# The direction of a byte count, as seen by the reporting sidecar.
DIRECTION: Final = "network.io.direction"
TRANSMIT: Final = "transmit"
RECEIVE: Final = "receive"
# The bytes of an opaque connection, as seen by the sidecar that writes the span.
BYTES_SENT: Final = "spanmesh.bytes.sent"
BYTES_RECEIVED: Final = "spanmesh.bytes.received"
ERROR_TYPE: Final = "error.type"
# The error type of an opaque connection that was established and then broke. Every other error type means
# that it was never established.
BROKEN: Final = "upstream-reset"
# On the span of a retry: the number of attempts before it.
RESEND_COUNT: Final = "http.request.resend_count"
# On client telemetry: the called service, or ``host:port`` of a destination outside the mesh.
PEER_SERVICE: Final = "peer.service"
# On server telemetry: the calling service, as its own sidecar names it; absent for a caller without one.
CALLER: Final = "spanmesh.caller"
# ``host:port`` of the endpoint that a client metric is about. Also on server metrics of opaque connections to
# another port than the application's.
ENDPOINT: Final = "spanmesh.endpoint"
# "2xx" to "5xx", or "error" if no response came.
STATUS_CLASS: Final = "spanmesh.status_class"
# The class of an answer where the status class alone would mislead: a value of ``traffic.Answer``.
ANSWER: Final = "spanmesh.answer"
# The arm of a call, which says who chose the endpoint: a value of ``traffic.Arm``.
ARM: Final = "spanmesh.arm"

# Metrics: durations are delta exponential histograms in seconds, the others gauges.
CLIENT_DURATION: Final = "http.client.request.duration"
SERVER_DURATION: Final = "http.server.request.duration"
# Sizes of the bodies of successful responses, a delta exponential histogram in bytes; 0 for an empty one.
CLIENT_BODY_SIZE: Final = "http.client.response.body.size"
# Lifetimes of opaque connections. Apart from durations of requests, as they do not show how fast a server is.
TCP_CLIENT_DURATION: Final = "spanmesh.tcp.client.connection.duration"
TCP_SERVER_DURATION: Final = "spanmesh.tcp.server.connection.duration"
# Time to establish a connection or to fail at it; the graph makes its edges of these. Counted when it ends.
TCP_CLIENT_CONNECT: Final = "spanmesh.tcp.client.connect.duration"
TCP_SERVER_CONNECT: Final = "spanmesh.tcp.server.connect.duration"
# Gauges of open connections, and delta sums of their bytes by direction.
TCP_CLIENT_ACTIVE: Final = "spanmesh.tcp.client.active_connections"
TCP_SERVER_ACTIVE: Final = "spanmesh.tcp.server.active_connections"
TCP_CLIENT_IO: Final = "spanmesh.tcp.client.io"
TCP_SERVER_IO: Final = "spanmesh.tcp.server.io"
CLIENT_ACTIVE: Final = "http.client.active_requests"
SERVER_ACTIVE: Final = "http.server.active_requests"
OLDEST_AGE: Final = "spanmesh.client.oldest_request.age"
# The failures of an endpoint that the sidecar avoids, each of another moment, at least 1; why it does so is
# in AVOIDANCE, a value of ``traffic.Avoidance``.
AVOIDED: Final = "spanmesh.client.endpoint.avoided"
AVOIDANCE: Final = "spanmesh.avoidance"
DROPPED_SPANS: Final = "spanmesh.export.dropped_spans"

# Request header that names the caller's service to the inbound sidecar. It is sent to endpoints of the mesh
# only, and removed before the application sees the request.
CALLER_HEADER: Final = "x-spanmesh-caller"
# The caller's name on health probes of the mesh itself, which are counted nowhere.
PROBER: Final = "spanmesh.prober"
# Response header with the machine-readable reason of an error response that the sidecar itself made.
REASON_HEADER: Final = "x-spanmesh-reason"


def is_failure(status: int) -> bool:
    """True if a response of this HTTP status is a failure of its server; status 0 is no response."""
    return status == 0 or status >= 500
