"""What an exchange asks of the client's connection."""

import asyncio
from typing import Final, Protocol

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

    def write(self, data: bytes) -> None: ...
    def pause(self, why: int) -> None: ...
    def resume(self, why: int) -> None: ...
    def done(self, keep: bool) -> None: ...
    def cut(self, *, reset: bool) -> None: ...
    def into_tunnel(self, far: asyncio.Transport, surplus: bytes) -> asyncio.Transport: ...
