"""The interface between an exchange and the connections at its two ends: streams of messages.

A stream carries one request and its response. An HTTP/1 connection has one stream at a time and is
itself that stream; a connection of HTTP/2 has many. Messages go in both directions: a head, data, an
end with trailers, or a reset. What is sent is collected until ``flush``, so that one read from one
connection becomes one write to the other. Credit is given for each stream: a stream that is ``full``
asks the exchange to pause the other one.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from proxy.errors import Reason
from proxy.http.messages import Field, Fields, RequestHead, ResponseHead
from proxy.telemetry.facts import PeerFacts

# Reasons of an exchange to take no more of a request's body.
WAITING: Final = 1  # for a stream to the upstream
FULL: Final = 2  # the upstream takes no more for now


class ClientStream(Protocol):
    """The stream that an exchange answers into.

    ``full`` says that the client does not take more for now.
    """

    full: bool
    peer: PeerFacts

    def host(self) -> str:
        """Return the client's IP address."""
        ...

    def send_interim(self, head: ResponseHead) -> None:
        """Send an interim response (RFC 9110, 15.2), after which the response is still to come."""
        ...

    def send_switch(self, head: ResponseHead) -> None:
        """Send the response that switches protocols: data pass as they are from now on, both ways."""
        ...

    def send_head(self, head: ResponseHead) -> None: ...
    def send_data(self, data: bytes) -> None: ...
    def send_end(self, trailers: Fields) -> None: ...

    def flush(self) -> None:
        """Write what was sent since the last flush."""
        ...

    def discard_unflushed(self) -> None:
        """Forget what was sent since the last flush: something else is to be answered."""
        ...

    def finish(self) -> None:
        """Let go of an exchange whose response is complete."""
        ...

    def reset(self) -> None:
        """Let go of an exchange whose response is cut off, so that the client can tell."""
        ...

    def pause_reading(self, why: int) -> None: ...
    def resume_reading(self, why: int) -> None: ...


class UpstreamStream(Protocol):
    """The stream that an exchange sends its request into.

    ``reused`` says that its connection has been idle, so that it may turn out to be dead.
    """

    peer: PeerFacts
    reused: bool

    def open(self, user: "StreamUser", head: RequestHead, fields: Iterable[Field], *, whole: bool) -> None:
        """Send the head of a request, with these fields for its own; ``user`` gets the response.

        ``whole`` says that nothing follows the head: neither data nor trailers, and no ``send_end``.
        """
        ...

    def send_data(self, data: bytes) -> None: ...
    def send_end(self, trailers: Fields) -> None: ...

    def flush(self) -> None:
        """Write what was sent since the last flush."""
        ...

    def half_close(self) -> None:
        """Pass on that the client sends no more and may be gone; its connection carries nothing after that.

        Should the server give up then, that is no failure of its own: ``upstream_failed`` says so.
        """
        ...

    def ignore_response(self) -> None:
        """Report no more of the response; whether it leaves the connection usable still counts."""
        ...

    def release(self) -> None:
        """Let go of the stream after its response; its connection may carry another."""
        ...

    def reset(self) -> None:
        """Abandon the stream."""
        ...

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class StreamWaiter(Protocol):
    """The one that a stream on a new connection is opened for."""

    def attach(self, stream: UpstreamStream) -> None:
        """Take the stream."""
        ...

    def upstream_failed(self, reason: Reason, detail: str) -> None:
        """End without a connection; later: the stream was reset, by the other end or for its nonsense."""
        ...


class ResponseSink(Protocol):
    """The receiver of one response: any interim ones, then a head, data and an end, or a switch."""

    def on_interim(self, head: ResponseHead) -> None: ...
    def on_switch(self, head: ResponseHead) -> None: ...
    def on_response(self, head: ResponseHead) -> None: ...
    def on_response_data(self, data: bytes) -> None: ...
    def on_response_end(self, trailers: Fields) -> None: ...


class StreamUser(StreamWaiter, ResponseSink, Protocol):
    """The exchange that a stream serves."""

    def on_response_flush(self) -> None:
        """Act on everything that one read brought: it has been reported."""
        ...

    def upstream_full(self, full: bool) -> None:
        """Stop or go on sending: the stream takes no more data for now, or takes them again."""
        ...
