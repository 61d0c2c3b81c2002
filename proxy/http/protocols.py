"""What an exchange asks of the client's connection, and of the direction it goes."""

import asyncio
from typing import Final, Protocol, TypeVar

from proxy.errors import Reason

E = TypeVar("E", contravariant=True)
"""The exchange a direction serves: named by its type alone, so that these roles stand below it."""

# Reasons to stop reading from a client.
WAITING: Final = 1  # for an upstream connection
FULL: Final = 2  # the upstream does not take more


class Client(Protocol):
    """The client's connection, as an exchange needs it. ``original`` is the ``host:port`` that an
    intercepted connection was going to, empty for one made to the sidecar itself."""

    original: str
    full: bool
    keep: bool
    place: bytes

    def host(self) -> str: ...
    def write(self, data: bytes) -> None: ...
    def pause(self, why: int) -> None: ...
    def resume(self, why: int) -> None: ...
    def done(self, keep: bool) -> None: ...
    def cut(self, *, reset: bool) -> None: ...
    def into_tunnel(self, far: asyncio.Transport, surplus: bytes) -> asyncio.Transport: ...


class Direction(Protocol[E]):
    """Inbound or outbound."""

    def begin(self, exchange: E) -> None:
        """Choose the first upstream and ``send``. Raises RefusedError."""
        ...

    def again(self, exchange: E, reason: Reason) -> bool:
        """This try failed before any of a response reached the client: whether another was sent."""
        ...

    def declines(self, exchange: E, status: int) -> bool:
        """Whether a response of this status is thrown away for another try, sent by ``instead``."""
        ...

    def instead(self, exchange: E) -> None:
        """Send the try for which a response was declined."""
        ...

    def answering(self, exchange: E) -> None:
        """The response has begun, and will take longer than one read."""
        ...

    def finished(self, exchange: E, end: int) -> None:
        """Record the exchange; ``end`` in monotonic nanoseconds."""
        ...
