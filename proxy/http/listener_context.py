"""The context of a listener: what all its client connections share. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.http1.requests import MessageLimits
from proxy.http.messages import Field, RequestHead
from proxy.http.pool import Pool
from proxy.routing.retry import RetryPolicy
from proxy.routing.router import Attempt, Lookup, Refusal
from proxy.sockets.dialer import Dialer
from proxy.sockets.write_batch import WriteBatch
from proxy.telemetry.facts import CallFacts
from proxy.telemetry.trace_context import Tracer


class Connection(Protocol):
    """A client connection of whatever protocol, as its listener looks after it."""

    @property
    def busy(self) -> bool:
        """True while something is in flight that a drain waits for."""
        ...

    def sweep(self, now: float) -> None:
        """Act on deadlines that have passed; ``now`` in monotonic seconds."""
        ...

    def drain(self) -> None:
        """Finish what is in flight and take nothing new."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Direction(Protocol):
    """Inbound or outbound: the choice of a destination and the record of what came of it.

    Without ``retries`` a failed attempt is the last. ``request_count`` counts requests that are over.
    """

    retries: RetryPolicy | None
    request_count: int

    def choose(self, head: RequestHead, client: Affinity, now: float) -> Attempt | Refusal | Lookup:
        """Choose where to send a request of ``client`` at ``now`` (monotonic seconds); see Outbound."""
        ...

    def record(self, call: CallFacts, attempt: Attempt | None) -> None:
        """Record an attempt that is over, or a request that was refused without one."""
        ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; see SidecarConfig. ``header`` 0 is no limit, ``connect`` concerns routed requests alone.

    A request under way has no other limit than those of the mesh's policy: without the mesh it is as slow as
    its two ends are. That one of these is gone is found by TCP keep-alive.
    """

    header: float
    idle: float
    connect: float


@dataclass(slots=True, kw_only=True)
class ListenerContext:
    """The direction, limits and clocks of one listener, and the connections it looks after.

    ``caller`` is the field that names our service to inbound sidecars, ``via`` our name in Via (empty
    for none). ``now`` is the coarse clock in seconds, ``clock`` the exact one in nanoseconds, both
    monotonic. ``count_refusal`` counts requests and connections that got no further than this listener.
    """

    direction: Direction
    pool: Pool
    dialer: Dialer
    batch: WriteBatch
    tracer: Tracer
    limits: MessageLimits
    timeouts: Timeouts
    now: Callable[[], float]
    clock: Callable[[], int]
    count_refusal: Callable[[Reason], None]
    caller: Field
    via: bytes = b""
    forwarded: bool = False
    connections: set[Connection] = field(default_factory=set)
    draining: bool = False

    def sweep(self) -> None:
        """Act on every deadline that has passed; called twice a second."""
        now = self.now()
        # A copy: a sweep may close a connection, which removes it from the set.
        for connection in list(self.connections):
            connection.sweep(now)
