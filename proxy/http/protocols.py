"""What an exchange asks of the client's connection, and of the direction it goes."""

import asyncio
from typing import Final, Protocol

from proxy.http.headers import RequestHead
from proxy.routing.dns_cache import Lookup
from proxy.routing.retry import RetryPolicy
from proxy.routing.router import Attempt, Refusal
from proxy.telemetry.facts import CallFacts, PeerFacts

# Reasons to stop reading from a client.
WAITING: Final = 1  # for an upstream connection
FULL: Final = 2  # the upstream does not take more


class Client(Protocol):
    """The client's connection, as an exchange needs it. ``original`` is the ``host:port`` that an
    intercepted connection was going to, empty for one made to the sidecar itself."""

    original: str
    full: bool
    keep: bool
    peer: PeerFacts

    def host(self) -> str: ...
    def write(self, data: bytes) -> None: ...
    def pause(self, why: int) -> None: ...
    def resume(self, why: int) -> None: ...
    def done(self, keep: bool) -> None: ...
    def cut(self, *, reset: bool) -> None: ...
    def into_tunnel(self, far: asyncio.Transport, surplus: bytes) -> asyncio.Transport: ...


class Direction(Protocol):
    """Inbound or outbound: the choice of a destination and the record of what came of it.

    Without ``retries`` a failed attempt is the last. ``answered`` counts requests that are over.
    """

    retries: RetryPolicy | None
    answered: int

    def choose(self, head: RequestHead, original: str, now: float) -> Attempt | Refusal | Lookup:
        """Choose where to send a request at ``now`` (monotonic seconds); see Outbound."""
        ...

    def finished(self, call: CallFacts, attempt: Attempt | None) -> None:
        """Record an attempt that is over, or a request that was refused without one."""
        ...
