"""The parent of several workers: one instance towards the mesh, whatever the number of processes.

Workers accept on the same addresses (SO_REUSEPORT) and carry the requests; the parent registers,
watches the application, exports what the workers report and answers the admin port. A worker that
ends is started again.
"""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from proxy.config import SidecarConfig
from proxy.contract import attributes
from proxy.contract.model import MeshView
from proxy.contract.transport.streams import adopt
from proxy.routing.breaker import State
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.workers.frames import Frames, Kind, frame

_RESTART: Final = 0.5  # seconds before a worker that ended is started again
_HURRY_AGAIN: Final = 0.1  # seconds between two reports out of turn, whatever the number of workers
_MAX_WAITING: Final = 8 << 20  # bytes a worker has not read: it hangs and is ended
# Of a worker's stats what stays true when it is gone.
_COUNTS: Final = frozenset(
    {
        "inbound_requests",
        "outbound_requests",
        "opaque_connections",
        "refused",
        "spans_dropped",
    }
)
# Limits of the whole instance, of which each worker keeps its share.
_SHARED: Final = ("max_requests", "max_connections")
_TROUBLE: Final = (State.CLOSED, State.PROBING, State.OPEN)

logger = logging.getLogger(__name__)


class Worker(asyncio.Protocol):
    """The parent's end of one worker's channel; ``stats`` and ``gauges`` are the last it told."""

    _transport: asyncio.Transport

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], hurry: Callable[[], None]) -> None:
        self._meter = meter
        self._keep = keep
        self._hurry = hurry
        self._frames = Frames()
        self.stats: dict[str, Any] = {}
        self.gauges: list[Gauge] = []
        self.reported = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for kind, content in self._frames.feed(data):
            if kind is Kind.SPANS:
                for span in content:
                    self._keep(span)
            elif kind is Kind.REPORT:
                deltas, self.gauges, self.stats = content
                for name, given, histogram, exemplar in deltas:
                    series = self._meter.series(name, given)
                    series.histogram.merge(histogram)
                    series.exemplar = exemplar or series.exemplar
                self.reported.set()
            elif kind is Kind.URGENT:
                self._hurry()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()

    def tell(self, view: MeshView) -> None:
        if self._transport.get_write_buffer_size() > _MAX_WAITING:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.write(frame(Kind.VIEW, view))


class Crew:
    """``config.workers`` processes that are started again when they end, until ``stop``."""

    def __init__(
        self,
        config: SidecarConfig,
        meter: Meter,
        keep: Callable[[bytes], None],
        hurry: Callable[[], None],
    ) -> None:
        self._config = config
        self._meter = meter
        self._keep = keep
        self._hurry = hurry
        self._hurried = float("-inf")
        self._view: MeshView | None = None
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: set[asyncio.subprocess.Process] = set()
        self.workers: list[Worker] = []
        self.restarts = 0
        self.past: dict[str, Any] = {}  # counts of workers that ended

    @property
    def up(self) -> int:
        """Workers that have started to serve."""
        return sum(worker.reported.is_set() for worker in self.workers)

    def start(self, addresses: dict[str, str]) -> None:
        """Start the workers; ``addresses`` are those to listen on, by option."""
        given = vars(self._config)
        shares = {limit: -(-given[limit] // self._config.workers) for limit in _SHARED}
        config = {**given, **addresses, **shares, "admin": ""}
        text = json.dumps(config)
        self._tasks = [asyncio.create_task(self._keep_up(text)) for _ in range(self._config.workers)]

    async def ready(self) -> None:
        """Until every worker has reported once."""
        while len(self.workers) < self._config.workers:
            await asyncio.sleep(0.01)
        for worker in self.workers:
            await worker.reported.wait()

    def tell(self, view: MeshView) -> None:
        """Pass a view of the mesh to all workers, also to those that start later."""
        self._view = view
        for worker in self.workers:
            worker.tell(view)

    async def stop(self) -> None:
        """Drain every worker; what they still reported has arrived when this returns."""
        self._stopping = True
        for process in list(self._processes):
            process.terminate()
        await asyncio.gather(*self._tasks)

    def gauges(self) -> list[Gauge]:
        """Sums over the workers; of ages the greatest."""
        found: dict[tuple[str, tuple[tuple[str, str], ...]], Gauge] = {}
        for gauge in (gauge for worker in self.workers for gauge in worker.gauges):
            key = (gauge.name, tuple(sorted(gauge.attributes.items())))
            other = found.get(key)
            if other is not None:
                both = (gauge.value, other.value)
                value = max(both) if gauge.name == attributes.OLDEST_AGE else sum(both)
                gauge = Gauge(gauge.name, value, gauge.attributes)
            found[key] = gauge
        return list(found.values())

    def urgent(self) -> None:
        """A worker has news: many at a time are told in few reports, the rest at the next in turn."""
        now = asyncio.get_running_loop().time()
        if now - self._hurried >= _HURRY_AGAIN:
            self._hurried = now
            self._hurry()

    async def _keep_up(self, config: str) -> None:
        while not self._stopping:
            await self._one(config)
            if not self._stopping:
                self.restarts += 1
                logger.warning("a worker of the sidecar ended; starting it again")
                await asyncio.sleep(_RESTART)

    async def _one(self, config: str) -> None:
        """One worker from start to end."""
        ours, theirs = socket.socketpair()
        worker = Worker(self._meter, self._keep, self.urgent)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "proxy",
                config,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
            )
        self._processes.add(process)
        await adopt(ours, worker)
        self.workers.append(worker)
        if self._view is not None:
            worker.tell(self._view)
        if self._stopping:
            process.terminate()
        await worker.gone.wait()
        await process.wait()
        self._processes.discard(process)
        self.workers.remove(worker)
        self.past = total([self.past, {key: worker.stats[key] for key in _COUNTS & worker.stats.keys()}])


def total(stats: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Counts summed over workers, refusals by reason, endpoints by address."""
    whole: dict[str, Any] = {}
    for one in stats:
        for key, value in one.items():
            if isinstance(value, dict):
                whole[key] = total([whole.get(key, {}), value])
            elif isinstance(value, list):
                whole[key] = _endpoints([*whole.get(key, ()), *value])
            elif isinstance(value, int) and not isinstance(value, bool):
                whole[key] = whole.get(key, 0) + value
            else:
                whole.setdefault(key, value)
    return whole


def _endpoints(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each endpoint: what is open in all workers, and the worst that one of them sees."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["service"], row["address"])
        other = found.get(key)
        if other is not None:
            row = {
                **row,
                "open": row["open"] + other["open"],
                "oldest": max(row["oldest"], other["oldest"]),
                "latency": max(row["latency"], other["latency"]),
                "breaker": max(row["breaker"], other["breaker"], key=_TROUBLE.index),
            }
        found[key] = row
    return list(found.values())
