"""The facts of one call and of one opaque connection, as an exchange gathers them for the recorders.

Times are monotonic nanoseconds, 0 where something has not happened. Defaults live on the class; an
instance holds only what was seen, since most calls leave most facts at their defaults.
"""

from typing import Final

from proxy.contract.traffic import Answer, Arm
from proxy.telemetry.trace_context import TraceContext


class PeerFacts:
    """The other end of a connection, encoded once for all the spans of what goes over it.

    ``attributes`` are encoded attributes, see ``call_recorder.peer_facts``. ``encrypted`` is measured on
    the connection: True if its bytes go through TLS.
    """

    __slots__ = ("attributes", "encrypted")

    def __init__(self, attributes: bytes = b"", *, encrypted: bool = False) -> None:
        self.attributes = attributes
        self.encrypted = encrypted


NOBODY: Final = PeerFacts()
"""The end of a connection that was never established: what was sent to it would have gone in the clear."""


class CallFacts:
    """One attempt to get a request answered: what a span and a histogram entry are made from.

    An inbound call has one attempt. An outbound one has as many as were sent, each with a client
    span of its own, as the HTTP conventions of OpenTelemetry ask (resends are siblings).
    """

    trace: TraceContext
    method: bytes
    target: bytes = b"/"  # path with query, as forwarded
    authority: bytes = b""  # host or host:port that the request names
    start: int
    end: int = 0
    first_byte: int = 0  # when a response that took more than one read began
    status: int = 0  # that the destination answered
    client_status: int = 0  # that the client was sent; differs where the sidecar answered itself
    size: int = 0  # bytes of the response's body as they came: a streamed one has no Content-Length
    answer: Answer | None = None  # the class of the response; None as its status says
    retry_after = 0.0  # seconds for which the destination asked to be left alone
    error: str = ""  # the value of a Reason
    caller: bytes = b""  # the service that the caller's sidecar names
    client_peer: PeerFacts = NOBODY
    upstream_peer: PeerFacts = NOBODY
    server: str = ""  # canonical host:port that the application asked for
    service: str = ""
    endpoint: str = ""
    arm: Arm = Arm.NONE
    resends: int = 0  # attempts before this one

    def restart(self, trace: TraceContext, start: int) -> None:
        """Become the facts of a further attempt at the same request, which is to be sent."""
        self.trace = trace
        self.start = start
        self.end = self.first_byte = self.status = self.client_status = self.size = 0
        self.answer, self.retry_after = None, 0.0
        self.error = self.endpoint = ""
        self.upstream_peer = NOBODY
        self.resends += 1


class ConnectionFacts:
    """One opaque connection, as seen from the sidecar: ``sent`` bytes went to the server.

    ``encrypted`` is None while the bytes have not shown it.
    """

    trace: TraceContext
    start: int
    connected: int = 0  # when the server's side was established
    end: int = 0
    sent: int = 0
    received: int = 0
    encrypted: bool | None = None
    error: str = ""  # the value of a Reason
    address: str = ""  # host:port the client was going to; empty when it came to the sidecar itself
    server: str = ""  # host:port of the server
    client_peer: PeerFacts = NOBODY
    upstream_peer: PeerFacts = NOBODY
    service: str = ""
    endpoint: str = ""
    arm: Arm = Arm.NONE

    def __init__(self, address: str, start: int) -> None:
        self.address = address
        self.start = start
