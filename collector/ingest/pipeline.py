"""An export request on its way: examined, told to the engine, made durable, answered.

The engine hears of it first and in memory: balancing goes on while ClickHouse is slow or gone.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.ingest.admission import Admission
from collector.ingest.journal import Entry, Journal, Signal
from collector.ingest.recent_requests import digest
from collector.otlp import logs, metrics, traces
from collector.otlp.body import from_protobuf
from collector.otlp.samples import measurements
from collector.otlp.values import Limits, Refused
from collector.stats import Stats
from topology.engine import Engine

_log = logging.getLogger(__name__)

# Larger bodies are examined in a thread, so that the mesh's own step need not wait for them.
_INLINE_BYTES: Final = 64 * 1024
_DAY: Final = 86_400 * 1_000_000_000

M = TypeVar("M", bound=Message)
# Bytes to a message of the given type, from protobuf or JSON. Raises MalformedError.
Form = Callable[[type[M], bytes], M]


@dataclass(frozen=True, slots=True)
class _Examined:
    """What of a request is kept (``count`` spans or points), and how the engine is told of it."""

    body: bytes
    count: int
    refused: Refused
    tell: Callable[[float], None]


class Repeats:
    """Requests the engine has counted but that were not kept: their retry is not counted again."""

    def __init__(self, limit: int = 10_000) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._limit = limit

    def note(self, key: bytes) -> None:
        self._seen[key] = None
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)

    def take(self, key: bytes) -> bool:
        """Whether this is a repeat; asked once for each try."""
        known = key in self._seen
        self._seen.pop(key, None)
        return known


class Ingest:
    """Where every transport hands over its requests."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        admission: Admission,
        stats: Stats,
        clock: Callable[[], float],
        retention_days: int,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._admission = admission
        self._stats = stats
        self._clock = clock
        self._retention = retention_days * _DAY
        self._repeats = Repeats()
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decoder")

    async def traces(self, body: bytes, form: Form[ExportTraceServiceRequest]) -> Refused:
        """Returns when the spans are durable; what of them was left out.

        Raises MalformedError (do not repeat), BusyError and SpoolError (repeat later).
        """

        def examine(limits: Limits) -> _Examined:
            wire = body
            if form is not from_protobuf:
                wire = form(ExportTraceServiceRequest, body).SerializeToString()
            spans = traces.examine(wire, limits)
            return _Examined(
                spans.body, spans.count, spans.refused, lambda now: self._engine.spans(spans.facts, now)
            )

        return await self._take(Signal.TRACES, body, examine)

    async def metrics(self, body: bytes, form: Form[ExportMetricsServiceRequest]) -> Refused:
        """As ``traces``, for metric points."""

        def examine(limits: Limits) -> _Examined:
            request = form(ExportMetricsServiceRequest, body)
            samples = measurements(request)
            refused = metrics.prune(request, len(body), limits)
            as_it_came = form is from_protobuf and not refused.count
            wire = body if as_it_came else request.SerializeToString()

            def tell(now: float) -> None:
                self._stats.count("spanmesh_ignored_samples_total", samples.ignored)
                self._engine.calls(samples.calls, now)
                self._engine.opens(samples.opens, now)
                self._engine.connections(samples.connections, now)

            return _Examined(wire, metrics.count(request), refused, tell)

        return await self._take(Signal.METRICS, body, examine)

    async def logs(self, body: bytes, form: Form[ExportLogsServiceRequest]) -> Refused:
        """As ``traces``, for log records."""
        arrived = int(self._clock() * 1e9)

        def examine(limits: Limits) -> _Examined:
            request = form(ExportLogsServiceRequest, body)
            refused = logs.prune(request, arrived, limits)
            return _Examined(request.SerializeToString(), logs.count(request), refused, lambda now: None)

        return await self._take(Signal.LOGS, body, examine)

    async def idle(self, seconds: float) -> None:
        """Wait until no request is being worked on, at most this long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _take(self, signal: Signal, body: bytes, examine: Callable[[Limits], _Examined]) -> Refused:
        with self._working():
            key = digest(body)
            examined = await self._examined(body, examine)
            refused = examined.refused
            if key in self._journal:
                # The answer to the first one was lost; this is the answer.
                self._stats.count("spanmesh_repeated_requests_total")
                return refused
            self._tell(key, examined.tell)
            for reason, count in refused.reasons.items():
                self._stats.count("spanmesh_refused_total", count, signal=signal.name.lower(), reason=reason)
            if examined.count:
                await self._keep(Entry(signal, key, examined.count, examined.body))
            return refused

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._active += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._active -= 1
            if not self._active:
                self._idle.set()

    async def _examined(self, body: bytes, examine: Callable[[Limits], _Examined]) -> _Examined:
        now = int(self._clock() * 1e9)
        limits = Limits(oldest=now - self._retention, newest=now + _DAY)
        if len(body) <= _INLINE_BYTES:
            return examine(limits)
        return await asyncio.get_running_loop().run_in_executor(self._decoder, examine, limits)

    def _tell(self, key: bytes, tell: Callable[[float], None]) -> None:
        if self._journal.coming(key) or self._repeats.take(key):
            self._stats.count("spanmesh_repeated_requests_total")
            return
        try:
            tell(self._clock())
        except Exception:
            # A defect in the graph must not cost anyone their spans.
            _log.exception("the engine did not take a request")

    async def _keep(self, entry: Entry) -> None:
        try:
            with self._admission.hold(len(entry.body)):
                await self._journal.keep(entry)
        except BaseException:
            # Also when the sender gave up waiting: it will send the same again.
            self._repeats.note(entry.key)
            raise

    def close(self) -> None:
        self._decoder.shutdown()
