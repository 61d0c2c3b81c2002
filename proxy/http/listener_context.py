"""What all client connections of one listener share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from proxy.errors import Reason
from proxy.http.exchange import Exchange
from proxy.http.headers import Field
from proxy.http.http1.requests import Limits
from proxy.http.pool import Pool
from proxy.http.protocols import Direction
from proxy.telemetry.trace_context import Tracer


class Connection(Protocol):
    """A client connection, as its side looks after it."""

    @property
    def busy(self) -> bool: ...
    def sweep(self, now: float, clock: int) -> None: ...
    def drain(self) -> None: ...
    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; see SidecarConfig."""

    header: float
    body: float
    idle: float
    request: float
    half_close: float


@dataclass(slots=True)
class ListenerContext:
    """What all client connections of one listener share. ``now`` is the coarse clock in seconds,
    ``clock`` the exact one in nanoseconds, both monotonic."""

    direction: Direction
    tracer: Tracer
    caller: Field  # names our service to inbound sidecars
    pool: Pool
    limits: Limits
    timeouts: Timeouts
    now: Callable[[], float]
    clock: Callable[[], int]
    refused: Callable[[Reason], None]
    exchange: Callable[..., Exchange] = Exchange
    connections: set[Connection] = field(default_factory=set)
    draining: bool = False

    def sweep(self) -> None:
        """Act on every deadline that has passed; called twice a second."""
        now, clock = self.now(), self.clock()
        for connection in list(self.connections):
            connection.sweep(now, clock)
