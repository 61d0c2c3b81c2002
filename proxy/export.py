"""What was recorded to the mesh, as OTLP over gRPC: bounded, in batches, never in a request's way.

While the mesh is away, spans wait up to a bound (past it they are dropped and counted) and metric
deltas merge. An answer that no retry can change (INVALID_ARGUMENT and its like) drops the batch.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

import grpc

from proxy import metrics, otlp
from proxy.contract import attributes
from proxy.meter import Meter

BATCH: Final = 2048
SPAN_PERIOD: Final = 0.25
METRIC_PERIOD: Final = 0.5
TIMEOUT: Final = 5.0
_MAX_BACKOFF: Final = 2.0

_TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_METRICS: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
# Codes after which the same bytes may be sent again (OTLP specification, "OTLP/gRPC response").
_RETRYABLE: Final = frozenset({
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED, grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.DATA_LOSS,
})
_CHANNEL: Final = (
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
)


class Exporter:
    """Ships spans and metrics of one sidecar to ``target`` (``host:port``)."""

    def __init__(
        self, target: str, resource: Mapping[str, str], meter: Meter,
        gauges: Callable[[], Iterable[metrics.Gauge]], max_spans: int,
    ) -> None:
        self._target = target
        self._resource = dict(resource)
        self._meter = meter
        self._gauges = gauges
        self._max_spans = max_spans
        self._spans: list[bytes] = []
        self._since = time.time_ns()
        self._uncounted_drops = 0
        self._channel: grpc.aio.Channel | None = None
        self.sent_spans = 0
        self.dropped_spans = 0
        self.failed_exports = 0
        self.connected = False

    @property
    def queued_spans(self) -> int:
        return len(self._spans)

    def keep(self, span: bytes) -> None:
        """Queue one encoded span, or drop and count it when the queue is full."""
        if len(self._spans) < self._max_spans:
            self._spans.append(span)
        else:
            self._drop(1)

    async def run(self) -> None:
        """Export until cancelled."""
        await asyncio.gather(self._ship_spans(), self._ship_metrics())

    async def flush(self, timeout: float) -> None:
        """Send what is queued, giving up after ``timeout`` seconds or the first failure."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._spans and await self.send_spans():
                    pass
                await self.send_metrics()

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None

    async def send_spans(self) -> bool:
        """Send one batch; False when it must be tried again."""
        batch, self._spans = self._spans[:BATCH], self._spans[BATCH:]
        if not batch:
            return True
        try:
            code = await self._call(_TRACES, otlp.request(self._resource, attributes.SCOPE, batch))
        except asyncio.CancelledError:
            self._requeue(batch)
            raise
        if code is None:
            self.sent_spans += len(batch)
        elif code in _RETRYABLE:
            self._requeue(batch)
            return False
        else:
            self._drop(len(batch))
        return True

    async def send_metrics(self) -> bool:
        """Send what was counted since the last success; False when it will be sent again, merged."""
        since, now = self._since, time.time_ns()
        deltas = self._meter.collect()
        drops, self._uncounted_drops = self._uncounted_drops, 0
        payload = metrics.request(self._resource, deltas, self._gauges(), drops, since, now)
        try:
            code = await self._call(_METRICS, payload)
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        finally:
            if code in _RETRYABLE:
                self._meter.give_back(deltas)
                self._uncounted_drops += drops
            else:
                self._since = now
        return code not in _RETRYABLE

    async def _ship_spans(self) -> None:
        backoff = SPAN_PERIOD
        while True:
            await asyncio.sleep(backoff)
            delivered = await self.send_spans()
            while delivered and len(self._spans) >= BATCH:
                delivered = await self.send_spans()
            backoff = SPAN_PERIOD if delivered else min(backoff * 2, _MAX_BACKOFF)

    async def _ship_metrics(self) -> None:
        while True:
            await asyncio.sleep(METRIC_PERIOD)
            await self.send_metrics()

    async def _call(self, method: str, payload: bytes) -> grpc.StatusCode | None:
        """Export one message; the status code of a failure, None on success."""
        if self._channel is None:
            # Made here and not before: a channel belongs to the loop that is running.
            self._channel = grpc.aio.insecure_channel(self._target, options=_CHANNEL)
        try:
            await self._channel.unary_unary(method, None, None)(payload, timeout=TIMEOUT)
        except grpc.aio.AioRpcError as error:
            self.failed_exports += 1
            self.connected = False
            return error.code()
        self.connected = True
        return None

    def _requeue(self, batch: list[bytes]) -> None:
        room = self._max_spans - len(self._spans)
        self._drop(max(len(batch) - room, 0))
        self._spans = batch[:room] + self._spans

    def _drop(self, count: int) -> None:
        self.dropped_spans += count
        self._uncounted_drops += count
