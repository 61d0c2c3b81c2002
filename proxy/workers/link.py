"""A worker's connection to its parent: telemetry goes up, views of the mesh come down."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from proxy.contract.model import MeshView
from proxy.contract.transport.streams import adopt
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.workers.frames import FrameDecoder, FrameKind, encode

_PERIOD: Final = 0.25  # seconds between two reports; the parent exports every half second
_FLUSH: Final = 3.0  # seconds at the end for the parent to take what is left
_MAX_WAITING: Final = 4 << 20  # bytes the parent has not taken; beyond it nothing more is written


class ParentLink(asyncio.Protocol):
    """The worker's end of the socket pair; it takes the place of the ``Registration`` of a single process.

    It never waits for a parent that does not read: deltas add up, spans wait up to a bound and are
    then dropped and counted. ``process_stats`` are reported with the counts; whoever makes the worker
    sets it, and its sidecar sets ``gauges`` and ``on_view``, before ``start``.
    """

    _transport: asyncio.Transport

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._decoder = FrameDecoder()
        self._spans: list[bytes] = []
        self._lost = asyncio.Event()
        self._flushing = False
        self._reporting: asyncio.Task[None] | None = None
        self._dropped_spans = 0
        self.meter = Meter()
        self.gauges: Callable[[], Iterable[Gauge]] = tuple
        self.process_stats: Callable[[], dict[str, Any]] = dict
        self.on_view: Callable[[MeshView], None] = lambda _: None

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for kind, content in self._decoder.feed(data):
            if kind is FrameKind.VIEW:
                self.on_view(content)

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        if not self._flushing:
            # A worker does not outlive its parent; SIGTERM lets it answer what is under way.
            signal.raise_signal(signal.SIGTERM)

    # for the sidecar
    def keep(self, span: bytes) -> None:
        """Queue one encoded span, or drop and count it when the queue is full."""
        if len(self._spans) < self._max_spans:
            self._spans.append(span)
        else:
            self._dropped_spans += 1

    def report_now(self) -> None:
        """Report now and have the parent export at once: other sidecars should learn of a failure."""
        self._send()
        if not self._transport.is_closing():
            self._transport.write(encode(FrameKind.URGENT, None))

    async def start(self, address: str) -> None:
        """Begin to report. ``address`` is not used: the parent registers it."""
        self._reporting = asyncio.create_task(self._report())

    def drain(self) -> None:
        """Do nothing: the parent has already reported that the instance drains."""

    async def stop(self) -> None:
        """Report what is left and hang up once the parent has taken it."""
        if self._reporting is not None:
            self._reporting.cancel()
        self._flushing = True
        self._send()
        self._transport.close()  # after what is written
        try:
            await asyncio.wait_for(self._lost.wait(), _FLUSH)
        except TimeoutError:
            self._transport.abort()

    def missing(self) -> str:
        """Return the empty text: readiness is the parent's to answer."""
        return ""

    def stats(self) -> dict[str, Any]:
        """Return this part of /stats; the parent adds the rest."""
        return {"spans_queued": len(self._spans), "spans_dropped": self._dropped_spans}

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_PERIOD)
            self._send()

    def _send(self) -> None:
        # Collect nothing before this check: ``collect`` empties the meter, and its counts would be lost.
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > _MAX_WAITING:
            return
        spans, self._spans = self._spans, []
        if spans:
            self._transport.write(encode(FrameKind.SPANS, spans))
        deltas = [(s.name, s.attributes, histogram, s.exemplar) for s, histogram in self.meter.collect()]
        report = (deltas, list(self.gauges()), self.process_stats())
        self._transport.write(encode(FrameKind.REPORT, report))


async def join_parent(descriptor: int, max_spans: int) -> ParentLink:
    """Return a link over the inherited socket ``descriptor``; ``max_spans`` wait in it at most."""
    link = ParentLink(max_spans)
    await adopt(socket.socket(fileno=descriptor), link)
    return link
