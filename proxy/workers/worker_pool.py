"""The worker processes of one instance, as their supervisor holds them.

Workers accept on the same addresses (SO_REUSEPORT: the kernel spreads the connections) and carry the
requests; the supervisor registers, checks the application, exports what the workers report and
answers the admin port. A worker that ends is started again.
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
from proxy.workers.frames import FrameDecoder, FrameKind, encode

_RESTART: Final = 0.5  # seconds before a worker that ended is started again
_URGENT_AGAIN: Final = 0.1  # seconds between two reports out of turn, whatever the number of workers
_MAX_WAITING: Final = 8 << 20  # bytes a worker has not read: it hangs, and is cut off
_GREATEST: Final = (attributes.OLDEST_AGE, attributes.AVOIDED)
# Counters, which must not fall when a worker ends; the rest of its stats are gauges.
_COUNTS: Final = frozenset(
    {
        "inbound_requests",
        "outbound_requests",
        "opaque_connections",
        "refused",
        "spans_dropped",
    }
)
# Limits of the whole instance: each worker keeps to its share.
_SHARED: Final = ("max_requests", "max_connections")
_BY_TROUBLE: Final = (State.CLOSED, State.PROBING, State.OPEN)

logger = logging.getLogger(__name__)


class WorkerHandle(asyncio.Protocol):
    """The supervisor's end of one worker's connection; ``stats`` and ``gauges`` are from its last report."""

    _transport: asyncio.Transport

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], on_urgent: Callable[[], None]) -> None:
        self._meter = meter
        self._keep = keep
        self._on_urgent = on_urgent
        self._decoder = FrameDecoder()
        self.stats: dict[str, Any] = {}
        self.gauges: list[Gauge] = []
        self.reported = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for kind, content in self._decoder.feed(data):
            if kind is FrameKind.SPANS:
                for span in content:
                    self._keep(span)
            elif kind is FrameKind.REPORT:
                deltas, self.gauges, self.stats = content
                for name, given, histogram, exemplar in deltas:
                    series = self._meter.series(name, given)
                    series.histogram.merge(histogram)
                    # A worker without a sampled call must not erase the exemplar of another one.
                    series.exemplar = exemplar or series.exemplar
                self.reported.set()
            elif kind is FrameKind.URGENT:
                self._on_urgent()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()

    def send_view(self, view: MeshView) -> None:
        # Losing the link ends the worker (see ``ParentLink``), and the pool starts a new one.
        if self._transport.get_write_buffer_size() > _MAX_WAITING:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.write(encode(FrameKind.VIEW, view))


class WorkerPool:
    """``config.workers`` processes, each started again when it ends, until ``stop``.

    Their measurements are added to ``meter``; their spans go to ``keep``. ``report_now`` is called when one
    of them has a report that cannot wait.
    """

    def __init__(
        self,
        config: SidecarConfig,
        meter: Meter,
        keep: Callable[[bytes], None],
        report_now: Callable[[], None],
    ) -> None:
        self._config = config
        self._meter = meter
        self._keep = keep
        self._report_now = report_now
        self._last_urgent = float("-inf")
        self._view: MeshView | None = None
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: set[asyncio.subprocess.Process] = set()
        self.workers: list[WorkerHandle] = []
        self.restarts = 0
        self._ended: dict[str, Any] = {}  # counts of workers that ended

    @property
    def up(self) -> int:
        """Return the number of workers that serve."""
        return sum(worker.reported.is_set() for worker in self.workers)

    def start(self, addresses: dict[str, str]) -> None:
        """Start the workers; ``addresses`` (``host:port``, by option) are where they listen."""
        given = vars(self._config)
        # Rounded up: a limit of 1 with two workers must not become 0, which would be no limit or no
        # service.
        shares = {limit: -(-given[limit] // self._config.workers) for limit in _SHARED}
        # The address is passed as bound by us: with port 0 each worker would get a port of its own. Without
        # an admin address, since the supervisor answers for all.
        config = {**given, **addresses, **shares, "admin": ""}
        text = json.dumps(config)
        self._tasks = [asyncio.create_task(self._keep_up(text)) for _ in range(self._config.workers)]

    async def ready(self) -> None:
        """Wait until every worker has reported once."""
        # Processes appear one by one as they start; polling is simplest, and happens once in a life.
        while len(self.workers) < self._config.workers:
            await asyncio.sleep(0.01)
        for worker in self.workers:
            await worker.reported.wait()

    def send_view(self, view: MeshView) -> None:
        """Send a view of the mesh to all workers, also to those that start later."""
        self._view = view
        for worker in self.workers:
            worker.send_view(view)

    async def stop(self) -> None:
        """Drain every worker; their last reports have arrived when this returns."""
        self._stopping = True
        for process in list(self._processes):
            process.terminate()
        await asyncio.gather(*self._tasks)

    def gauges(self) -> list[Gauge]:
        """Return the workers' gauges merged: the greatest age, the sum of everything else."""
        found: dict[tuple[str, tuple[tuple[str, str], ...]], Gauge] = {}
        for gauge in (gauge for worker in self.workers for gauge in worker.gauges):
            key = (gauge.name, tuple(sorted(gauge.attributes.items())))
            other = found.get(key)
            if other is not None:
                both = (gauge.value, other.value)
                # Ages do not add up: the oldest request of the instance is the oldest of any worker. Nor do
                # failures, which two workers met at one moment.
                value = max(both) if gauge.name in _GREATEST else sum(both)
                gauge = Gauge(gauge.name, value, gauge.attributes)
            found[key] = gauge
        return list(found.values())

    def on_urgent(self) -> None:
        """Report at once for a worker, at most ten times a second: others share the next report."""
        now = asyncio.get_running_loop().time()
        if now - self._last_urgent >= _URGENT_AGAIN:
            self._last_urgent = now
            self._report_now()

    def stats(self) -> dict[str, Any]:
        """Return the sums of the workers' /stats, with the counts of those that ended."""
        return total([self._ended, *(worker.stats for worker in self.workers)])

    async def _keep_up(self, config: str) -> None:
        while not self._stopping:
            await self._run_worker(config)
            if not self._stopping:
                self.restarts += 1
                logger.warning("a worker of the sidecar ended; starting it again")
                # A worker that cannot start at all must not keep a core busy with starting it.
                await asyncio.sleep(_RESTART)

    async def _run_worker(self, config: str) -> None:
        """Run one worker from start to end."""
        # A socket pair and not a pipe: both directions in one, and its end tells each side that the other
        # is gone.
        ours, theirs = socket.socketpair()
        worker = WorkerHandle(self._meter, self._keep, self.on_urgent)
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
            worker.send_view(self._view)
        # ``stop`` may have run while the process was being created, and has missed it.
        if self._stopping:
            process.terminate()
        await worker.gone.wait()
        # Reap it, or it stays as a zombie.
        await process.wait()
        self._processes.discard(process)
        self.workers.remove(worker)
        # Its gauges end with it; its counters are kept, or the sums would fall.
        counts = {key: worker.stats[key] for key in _COUNTS & worker.stats.keys()}
        self._ended = total([self._ended, counts])


def total(stats: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return counts summed over workers, refusals by reason, endpoints by address."""
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
    """Return one row for each endpoint: the sum of open requests, and otherwise the worst of all workers."""
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
                "breaker": max(row["breaker"], other["breaker"], key=_BY_TROUBLE.index),
                "avoided": row["avoided"] or other["avoided"],
                "reason": row["reason"] or other["reason"],
            }
        found[key] = row
    return list(found.values())
