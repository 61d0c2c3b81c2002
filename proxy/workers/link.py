"""One of several workers: a sidecar's data path, whose telemetry and view go through its parent."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from proxy.contract.model import MeshView, Node, NodeState
from proxy.contract.transport.streams import adopt
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.workers.frames import Frames, Kind, frame

_PERIOD: Final = 0.25
_MAX_WAITING: Final = 4 << 20  # bytes the parent has not taken; beyond it nothing more is written


class Line(asyncio.Protocol):
    """The worker's end of the channel: an exporter and a feed at once, as the sidecar knows them.

    A parent that does not read is not waited for: deltas add up, spans wait up to a bound and are
    then dropped and counted.
    """

    _transport: asyncio.Transport
    connected = True
    failed_exports = dropped_reports = rejected_spans = rejected_points = 0

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._frames = Frames()
        self._spans: list[bytes] = []
        self._lost = asyncio.Event()
        self._flushing = False
        self.meter = Meter()
        self.gauges: Callable[[], Iterable[Gauge]] = tuple
        self.stats: Callable[[], dict[str, Any]] = dict
        self.on_view: Callable[[MeshView], None] = lambda _: None
        self.sent_spans = self.dropped_spans = 0

    @property
    def queued_spans(self) -> int:
        return len(self._spans)

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for kind, content in self._frames.feed(data):
            if kind is Kind.VIEW:
                self.on_view(content)

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        if not self._flushing:
            signal.raise_signal(signal.SIGTERM)  # a worker does not outlive its parent

    # as an exporter
    def keep(self, span: bytes) -> None:
        if len(self._spans) < self._max_spans:
            self._spans.append(span)
        else:
            self.dropped_spans += 1

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_PERIOD)
            self._send()

    def hurry(self) -> None:
        """Report now, and have the parent report now: something went wrong that others should know."""
        self._send()
        if not self._transport.is_closing():
            self._transport.write(frame(Kind.URGENT, None))

    async def flush(self, timeout: float) -> None:
        self._flushing = True
        self._send()
        self._transport.close()  # after what is written
        try:
            await asyncio.wait_for(self._lost.wait(), timeout)
        except TimeoutError:
            self._transport.abort()

    async def close(self) -> None:
        self._flushing = True
        self._transport.close()

    # as a feed
    def feed(self, target: str, node: Node, on_view: Callable[[MeshView], None]) -> "LineFeed":
        self.on_view = on_view
        return LineFeed()

    def _send(self) -> None:
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > _MAX_WAITING:
            return
        spans, self._spans = self._spans, []
        if spans:
            self.sent_spans += len(spans)
            self._transport.write(frame(Kind.SPANS, spans))
        deltas = [(s.name, s.attributes, histogram, s.exemplar) for s, histogram in self.meter.collect()]
        self._transport.write(frame(Kind.REPORT, (deltas, list(self.gauges()), self.stats())))


class LineFeed:
    """The parent registers; a worker only listens."""

    connected = True

    def set_state(self, state: NodeState) -> None:
        pass

    async def run(self) -> None:
        await asyncio.Event().wait()


async def join(line: Line, descriptor: int) -> None:
    """Connect a line to the inherited socket ``descriptor``."""
    await adopt(socket.socket(fileno=descriptor), line)
