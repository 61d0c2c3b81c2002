"""The backlog of pipelined requests (RFC 9112, 9.3.2) that wait for the response before theirs. Pure.

It holds a parser's events as they come. Reading is paused while it holds any, so that it is bounded by
what one read can bring.
"""

from dataclasses import dataclass, field

from proxy.errors import RefusedError
from proxy.http.http1.requests import Http1RequestHead
from proxy.http.messages import Fields


@dataclass(slots=True)
class PipelinedRequest:
    """A request as far as it has come; ``trailers`` are None while its end has not."""

    head: Http1RequestHead
    data: list[bytes] = field(default_factory=list)
    trailers: Fields | None = None


class Backlog:
    """Requests in their order; one that was refused is the last."""

    __slots__ = ("_requests",)

    def __init__(self) -> None:
        # A list, though it is emptied from the front: an empty deque takes 600 bytes of every connection.
        self._requests: list[PipelinedRequest | RefusedError] = []

    def __bool__(self) -> bool:
        return bool(self._requests)

    def add_head(self, head: Http1RequestHead) -> None:
        """Add a request that has begun."""
        self._requests.append(PipelinedRequest(head))

    def add_data(self, data: bytes) -> None:
        """Add a piece of the last request's body."""
        request = self._requests[-1]
        if isinstance(request, PipelinedRequest):
            # Cannot grow without bound: the client's connection stops reading as soon as the backlog is not
            # empty.
            request.data.append(data)

    def add_end(self, trailers: Fields) -> None:
        """Add the end of the last request."""
        request = self._requests[-1]
        if isinstance(request, PipelinedRequest):
            request.trailers = trailers

    def add_refusal(self, error: RefusedError) -> None:
        """Add what is wrong with the last request, in its place, or with what follows it when it is whole."""
        if self._requests:
            request = self._requests[-1]
            if isinstance(request, PipelinedRequest) and request.trailers is None:
                self._requests.pop()  # its beginning must not be sent to anyone
        self._requests.append(error)

    def take(self) -> PipelinedRequest | RefusedError | None:
        """Remove and return the first request; what is still to come of it will not come through here."""
        return self._requests.pop(0) if self._requests else None

    def clear(self) -> None:
        """Forget everything."""
        self._requests.clear()
