"""The export of spans and metrics to the mesh, as OTLP over gRPC: bounded, in batches, off the request path.

A sender is answered when its rows are durable, which can take a while; the next report must not
wait for that, so several exports are under way at a time. While the mesh is away nothing is collected:
metric deltas add up, spans wait up to a bound (past it they are dropped and counted). An export that
the mesh could not store is sent again as the same bytes, by which the mesh recognises a repeat. A failure
that no retry can change (INVALID_ARGUMENT and its like) drops the export. What the mesh rejected of one
(``partial_success``) is counted and never sent again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from proxy.contract import attributes
from proxy.contract.transport.grpc_ports import RenewedChannel
from proxy.telemetry import metrics, otlp
from proxy.telemetry.meter import Meter

# Spans of one export: at some hundred bytes each, far below the 4 MB that gRPC servers accept by default.
BATCH: Final = 2048
SPAN_PERIOD: Final = 0.25
REPORT_TURNS: Final = 2  # metrics go every second turn: each half second
RETRY_TURNS: Final = 4  # of silence about spans after an export failed
TIMEOUT: Final = 10.0
MAX_BATCHES: Final = 16  # of spans under way at a time
MAX_LATE: Final = 120  # reports to be sent again, the oldest is dropped: a minute of them

_TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_METRICS: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
# Codes after which the same bytes may be sent again (OTLP specification, "OTLP/gRPC response").
_RETRYABLE: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.DATA_LOSS,
    }
)
# Reconnect quickly, so that a restart of the mesh leaves a gap of a second at most. ``http_proxy`` often
# names this very sidecar: its own telemetry must not go through it.
_CHANNEL: Final = (
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
)

logger = logging.getLogger(__name__)


class Exporter:
    """Ships spans and metrics of one sidecar to ``target`` (``host:port``)."""

    def __init__(
        self,
        target: str,
        resource: Mapping[str, str],
        meter: Meter,
        gauges: Callable[[], Iterable[metrics.Gauge]],
        max_spans: int,
    ) -> None:
        self._resource = dict(resource)
        self._meter = meter
        self._gauges = gauges
        self._max_spans = max_spans
        self._spans: list[bytes] = []
        self._late: deque[bytes] = deque(maxlen=MAX_LATE)
        self._batches: set[asyncio.Task[None]] = set()  # spans on their way
        self._reports: set[asyncio.Task[None]] = set()
        self._quiet = 0  # turns to wait before spans are sent again
        self._since = time.time_ns()
        self._uncounted_drops = 0
        self._channel = RenewedChannel(target, _CHANNEL)
        self.sent_spans = 0
        self.dropped_spans = 0
        self.dropped_reports = 0
        self.rejected_spans = 0
        self.rejected_points = 0
        self.failed_exports = 0

    @property
    def queued_spans(self) -> int:
        return len(self._spans)

    @property
    def connected(self) -> bool:
        """True if a connection to the mesh is open."""
        return self._channel.ready

    def keep(self, span: bytes) -> None:
        """Queue one encoded span, or drop and count it when the queue is full."""
        if len(self._spans) < self._max_spans:
            self._spans.append(span)
        else:
            self._drop(1)

    async def run(self) -> None:
        """Export until cancelled."""
        turn = 0
        while True:
            await asyncio.sleep(SPAN_PERIOD)
            self._channel.current().get_state(try_to_connect=True)
            # A call on a channel that is not connected would fail or wait; the data is better kept here,
            # where its amount is bounded.
            if not self.connected:
                continue
            turn += 1
            if turn % REPORT_TURNS == 0:
                self.send_report()
            # Only spans wait: a report is small, and the mesh needs it to see failures.
            if self._quiet:
                self._quiet -= 1
            else:
                self.send_spans()

    async def flush(self, timeout: float) -> None:
        """Send what is queued and wait for the answers, at most ``timeout`` seconds and until a failure."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                if not await self._reached():
                    return
                # One failure ends the attempts: at the end of a process there is no time for a second one.
                failures = self.failed_exports
                self.send_report()
                self.send_spans()
                while ways := self._batches | self._reports:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    if failures == self.failed_exports:
                        self.send_spans()

    async def close(self) -> None:
        ways = self._batches | self._reports
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await self._channel.close()

    def report_now(self) -> None:
        """Report now and not at the next half second: something failed that other sidecars should know."""
        if self.connected:
            self.send_report()

    def send_spans(self) -> None:
        """Start to send the queued spans, up to the number of batches that may be under way."""
        while self._spans and len(self._batches) < MAX_BATCHES:
            # The oldest first, so that what is dropped while the mesh is away is what came last.
            batch, self._spans = self._spans[:BATCH], self._spans[BATCH:]
            _start(self._deliver_spans(batch), self._batches)

    def send_report(self) -> None:
        """Start to send the deltas since the last report, and the oldest report that failed."""
        since, self._since = self._since, time.time_ns()
        drops, self._uncounted_drops = self._uncounted_drops, 0
        deltas, gauges = self._meter.collect(), self._gauges()
        report = metrics.request(self._resource, deltas, gauges, drops, since, self._since)
        _start(self._deliver_report(report), self._reports)
        # One late report with each new one: after a long absence the mesh gets twice the load, not all at
        # once.
        if self._late:
            _start(self._deliver_report(self._late.popleft()), self._reports)

    async def _deliver_spans(self, batch: list[bytes]) -> None:
        # Set before the call: a task that is cancelled at shutdown runs only ``finally``, and its batch
        # must be queued again or counted, never vanish.
        code: grpc.StatusCode | None = grpc.StatusCode.CANCELLED
        answer = b""
        try:
            code, answer = await self._call(_TRACES, otlp.request(self._resource, attributes.SCOPE, batch))
        finally:
            if code is None:
                # Never trust a count from outside further than what was sent.
                rejected = min(_rejected(ExportTraceServiceResponse(), answer, "spans"), len(batch))
                self.sent_spans += len(batch) - rejected
                self.rejected_spans += rejected
            elif code in _RETRYABLE:
                self._requeue(batch)
                self._quiet = RETRY_TURNS
            else:
                self._drop(len(batch))

    async def _deliver_report(self, report: bytes) -> None:
        code, answer = await self._call(_METRICS, report)
        if code is None:
            self.rejected_points += _rejected(ExportMetricsServiceResponse(), answer, "data points")
        elif code in _RETRYABLE:
            # Appending to a full deque drops its oldest entry without a sign, so it is counted first.
            self.dropped_reports += len(self._late) == MAX_LATE
            self._late.append(report)
        else:
            self.dropped_reports += 1

    async def _reached(self) -> bool:
        """Connect, and return True if that succeeded."""
        channel = self._channel.current()
        while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                return False
            await channel.wait_for_state_change(state)
        return True

    async def _call(self, method: str, payload: bytes) -> tuple[grpc.StatusCode | None, bytes]:
        """Export one message; return the status code of a failure, None on success, and the answer."""
        try:
            return None, await self._channel.current().unary_unary(method, None, None)(
                payload, timeout=TIMEOUT
            )
        except grpc.aio.AioRpcError as error:
            self.failed_exports += 1
            return error.code(), b""

    def _requeue(self, batch: list[bytes]) -> None:
        # Back to the front, since they are older than what came meanwhile.
        room = self._max_spans - len(self._spans)
        self._drop(max(len(batch) - room, 0))
        self._spans = batch[:room] + self._spans

    def _drop(self, count: int) -> None:
        self.dropped_spans += count
        self._uncounted_drops += count


def _rejected(
    response: ExportTraceServiceResponse | ExportMetricsServiceResponse, answer: bytes, what: str
) -> int:
    """Return how many spans or points of an export the mesh rejected, by its answer."""
    if not answer:
        return 0
    try:
        response.ParseFromString(answer)
    except DecodeError:
        logger.warning("the mesh answered an export of %s with something that is no OTLP", what)
        return 0
    partial = response.partial_success
    if isinstance(response, ExportTraceServiceResponse):
        count = int(response.partial_success.rejected_spans)
    else:
        count = int(response.partial_success.rejected_data_points)
    if count or partial.error_message:
        logger.warning("the mesh rejected %d %s: %s", count, what, partial.error_message or "no reason given")
    return max(count, 0)


def _start(delivery: Coroutine[Any, Any, None], ways: set[asyncio.Task[None]]) -> None:
    # The set holds the reference that keeps the task alive: the event loop has only a weak one.
    way = asyncio.ensure_future(delivery)
    ways.add(way)
    way.add_done_callback(ways.discard)
