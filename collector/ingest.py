"""An export request on its way: decoded, told to the engine, stored, answered.

The engine hears of it first and in memory: balancing goes on while ClickHouse is slow or gone.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Final, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.admit import Admission
from collector.batch import Batcher
from collector.clickhouse.database import Columns
from collector.otlp import metrics, traces
from collector.otlp.samples import Samples, measurements
from collector.otlp.values import Limits, Refused
from collector.stats import Stats
from topology.engine import Engine

_log = logging.getLogger(__name__)

# Larger bodies are decoded in a thread, so that the mesh's own step need not wait for them.
_INLINE_BYTES: Final = 64 * 1024
_DAY: Final = 86_400 * 1_000_000_000

M = TypeVar("M", bound=Message)
T = TypeVar("T")
# Bytes to a message of the given type, from protobuf or JSON. Raises MalformedError.
Form = Callable[[type[M], bytes], M]


class Repeats:
    """Requests the engine has counted but the store refused: their retry is not counted again."""

    def __init__(self, limit: int = 10_000) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._limit = limit

    def note(self, body: bytes) -> None:
        self._seen[blake2b(body, digest_size=16).digest()] = None
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)

    def take(self, body: bytes) -> bool:
        """Whether this is a repeat; asked once for each try."""
        if not self._seen:
            return False
        key = blake2b(body, digest_size=16).digest()
        known = key in self._seen
        self._seen.pop(key, None)
        return known


class Ingest:
    """Where every transport hands over its requests."""

    def __init__(
        self, engine: Engine, batcher: Batcher, admission: Admission, stats: Stats,
        clock: Callable[[], float], retention_days: int,
    ) -> None:
        self._engine = engine
        self._batcher = batcher
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
        """Returns when the spans are committed; what of them was left out.

        Raises MalformedError (do not repeat), BusyError and StoreError (repeat later).
        """
        limits = self._limits()
        with self._working():
            spans = await self._decoded(
                body, lambda: traces.convert(form(ExportTraceServiceRequest, body), limits)
            )
            self._tell(body, lambda now: self._engine.spans(spans.facts, now))
            await self._store(body, {traces.TABLE: spans.columns}, spans.refused, "traces")
        return spans.refused

    async def metrics(self, body: bytes, form: Form[ExportMetricsServiceRequest]) -> Refused:
        """As ``traces``, for metric points."""
        limits = self._limits()

        def decode() -> tuple[metrics.Points, Samples]:
            request = form(ExportMetricsServiceRequest, body)
            return metrics.convert(request, limits), measurements(request)

        with self._working():
            points, samples = await self._decoded(body, decode)
            if samples.ignored:
                self._stats.count("spanmesh_ignored_samples_total", samples.ignored)

            def tell(now: float) -> None:
                self._engine.calls(samples.calls, now)
                self._engine.opens(samples.opens, now)
                self._engine.connections(samples.connections, now)

            self._tell(body, tell)
            await self._store(body, points.tables, points.refused, "metrics")
        return points.refused

    async def idle(self, seconds: float) -> None:
        """Wait until no request is being worked on, at most this long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

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

    def _limits(self) -> Limits:
        now = int(self._clock() * 1e9)
        return Limits(oldest=now - self._retention, newest=now + _DAY)

    async def _decoded(self, body: bytes, decode: Callable[[], T]) -> T:
        if len(body) <= _INLINE_BYTES:
            return decode()
        return await asyncio.get_running_loop().run_in_executor(self._decoder, decode)

    def _tell(self, body: bytes, tell: Callable[[float], None]) -> None:
        if self._repeats.take(body):
            self._stats.count("spanmesh_repeated_requests_total")
            return
        try:
            tell(self._clock())
        except Exception:
            # A defect in the graph must not cost anyone their spans.
            _log.exception("the engine did not take a request")

    async def _store(
        self, body: bytes, tables: Mapping[str, Columns], refused: Refused, signal: str
    ) -> None:
        for reason, count in refused.reasons.items():
            self._stats.count("spanmesh_refused_total", count, signal=signal, reason=reason)
        try:
            with self._admission.hold(len(body)):
                await self._batcher.add(tables)
        except BaseException:
            # Also when the sender gave up waiting: it will send the same again.
            self._repeats.note(body)
            raise

    def close(self) -> None:
        self._decoder.shutdown()
