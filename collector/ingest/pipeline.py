"""The pipeline of an export request: examine, feed the engine, make durable, answer.

The engine comes first and is memory alone: balancing goes on while the disk or ClickHouse is slow or gone.
"""

import asyncio
import logging
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
from collector.ingest.recent_requests import UnstoredRequests, digest
from collector.otlp import logs, metrics, traces
from collector.otlp.body import from_protobuf
from collector.otlp.samples import sidecar_samples
from collector.otlp.values import Limits, Refusals
from collector.stats import Stats
from topology.engine import Engine

_log = logging.getLogger(__name__)

# Larger bodies are examined in a thread, as the step of the topology engine would wait for them on the event
# loop. One of this size holds it up for about a millisecond (6.5 µs a span), which is not worth a thread.
_INLINE_BYTES: Final = 64 * 1024
# Nanoseconds. Also how far in the future a time may lie before its item is refused: clocks are wrong by time
# zones, hardly by more.
_DAY: Final = 86_400 * 1_000_000_000

M = TypeVar("M", bound=Message)
# Parses bytes as a message of the given type, and counts the items left out: ``from_protobuf`` or
# ``from_json``. Raises MalformedError.
Parser = Callable[[type[M], bytes, Refusals], M]


@dataclass(frozen=True, slots=True)
class _Examined:
    """The part of a request that is stored, ``count`` items, and the function that feeds the engine with it.

    ``feed`` takes the time in epoch seconds and runs on the event loop, which owns the engine.
    """

    body: bytes
    count: int
    refused: Refusals
    feed: Callable[[float], None]


class Ingest:
    """The entry point for the requests of every transport; ``clock`` gives epoch seconds.

    Requests with items older than ``retention_days`` are accepted without these items.
    """

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
        self._unstored = UnstoredRequests()
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decoder")

    async def traces(self, body: bytes, parse: Parser[ExportTraceServiceRequest]) -> Refusals:
        """Return, once the spans are durable, those that were left out.

        Raises MalformedError (do not repeat), BusyError and SpoolError (repeat later).
        """

        def examine(limits: Limits) -> _Examined:
            # ``traces.examine`` works on protobuf bytes, so JSON is turned into them first.
            wire, unreadable = body, Refusals()
            if parse is not from_protobuf:
                wire = parse(ExportTraceServiceRequest, body, unreadable).SerializeToString()
            spans = traces.examine(wire, limits)
            spans.refused.merge(unreadable)
            return _Examined(
                spans.body, spans.count, spans.refused, lambda now: self._engine.spans(spans.facts, now)
            )

        return await self._process(Signal.TRACES, body, examine)

    async def metrics(self, body: bytes, parse: Parser[ExportMetricsServiceRequest]) -> Refusals:
        """Do for metric points what ``traces`` does for spans."""

        def examine(limits: Limits) -> _Examined:
            unreadable = Refusals()
            request = parse(ExportMetricsServiceRequest, body, unreadable)
            # Before ``prune`` takes items out: the engine counts the calls a sidecar reports even if a point
            # is too old or malformed for the store.
            samples = sidecar_samples(request)
            refused = metrics.prune(request, len(body), limits)
            # The bytes of the sender are kept where they can be: serializing a request costs as much as
            # parsing it.
            refused.merge(unreadable)
            unchanged = parse is from_protobuf and not refused.count
            wire = body if unchanged else request.SerializeToString()

            def feed(now: float) -> None:
                self._stats.count("spanmesh_ignored_samples_total", samples.ignored)
                self._engine.calls(samples.calls, now)
                self._engine.sizes(samples.sizes, now)
                self._engine.opens(samples.opens, now)
                self._engine.connections(samples.connections, now)

            return _Examined(wire, metrics.count(request), refused, feed)

        return await self._process(Signal.METRICS, body, examine)

    async def logs(self, body: bytes, parse: Parser[ExportLogsServiceRequest]) -> Refusals:
        """Do for log records what ``traces`` does for spans."""
        # Taken here, not in the decoder's thread: a record without a time gets that of its arrival, not of
        # its turn.
        arrived = int(self._clock() * 1e9)

        def examine(limits: Limits) -> _Examined:
            unreadable = Refusals()
            request = parse(ExportLogsServiceRequest, body, unreadable)
            refused = logs.prune(request, arrived, limits)
            refused.merge(unreadable)
            # Always written anew: ``prune`` sets the time of records that have none.
            return _Examined(request.SerializeToString(), logs.count(request), refused, lambda now: None)

        return await self._process(Signal.LOGS, body, examine)

    async def wait_idle(self, seconds: float) -> None:
        """Wait until no request is in progress, at most ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _process(self, signal: Signal, body: bytes, examine: Callable[[Limits], _Examined]) -> Refusals:
        with self._in_progress():
            # Of the bytes as the sender sent them: only these are the same in a repetition.
            key = digest(body)
            # Repetitions are examined too, since their answer must name the same refusals as the first one
            # did.
            examined = await self._examined(body, examine)
            refused = examined.refused
            if key in self._journal:
                # The answer to the first one was lost on its way; this is the same answer.
                self._stats.count("spanmesh_repeated_requests_total")
                return refused
            self._feed(key, examined.feed)
            for reason, count in refused.reasons.items():
                self._stats.count("spanmesh_refused_total", count, signal=signal.name.lower(), reason=reason)
            if examined.count:
                await self._persist(Entry(signal, key, examined.count, examined.body))
            return refused

    @contextmanager
    def _in_progress(self) -> Iterator[None]:
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
        # Items past the retention would be deleted by the next merge, so they are refused and the sender
        # learns why.
        limits = Limits(oldest=now - self._retention, newest=now + _DAY)
        if len(body) <= _INLINE_BYTES:
            return examine(limits)
        return await asyncio.get_running_loop().run_in_executor(self._decoder, examine, limits)

    def _feed(self, key: bytes, feed: Callable[[float], None]) -> None:
        # The engine has counted these bytes already: the first copy is being written, or could not be written
        # and is sent again. It is stored all the same, by the caller.
        if self._journal.is_pending(key) or self._unstored.discard(key):
            self._stats.count("spanmesh_repeated_requests_total")
            return
        try:
            feed(self._clock())
        except Exception:
            # A defect of the engine must not lose spans.
            _log.exception("the engine failed on a request, which is stored all the same")

    async def _persist(self, entry: Entry) -> None:
        try:
            with self._admission.reserve(len(entry.body)):
                await self._journal.persist(entry)
        except BaseException:
            # BaseException, as a sender that gave up waiting cancels this task: it too repeats the request.
            # The engine has counted it, the store has not got it: the repetition must reach the store only.
            self._unstored.add(entry.key)
            raise

    def close(self) -> None:
        """End the decoder's thread."""
        self._decoder.shutdown()
