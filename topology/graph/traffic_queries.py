"""Queries of the traffic in memory. An address outside the mesh that proved to be a service has its name."""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Protocol
from topology.graph.call_attribution import Intake
from topology.graph.cells import Bucket, Cell, Key, View, edges
from topology.graph.figures import point
from topology.graph.window import SECONDS_KEPT, TEN, Window
from topology.model.graph import Point
from topology.spans import node_kinds

_NOTHING: Final = Cell()


class Traffic:
    """Reads the window. Every ``now`` is epoch seconds; ``window`` is seconds back from it."""

    def __init__(self, window: Window, intake: Intake) -> None:
        self._window = window
        self._intake = intake

    def counts(self, now: float, window: float, view: View) -> Bucket:
        """Return calls of the window and open opaque connections, by what the view keeps of a key."""
        counts = self._window.totals(now - window, now, view)
        for (source, target), opens in self._intake.open(now).items():
            cell = counts.setdefault(Key(source, target, Protocol.TCP), Cell())
            cell.open = opens.count
            cell.encrypted += opens.encrypted
            cell.clear += opens.clear
        return self._by_service(counts)

    def to_service(self, now: float, window: float, service: str) -> Bucket:
        """Return calls to one service in the window, by key."""
        return self._by_service(self._window.some(now - window, now, self._wanted(service, None, None, None)))

    def between(self, start: float, end: float) -> Bucket:
        """Return calls between two times, by edge."""
        return self._by_service(self._window.totals(start, end, edges))

    def ends(self) -> Iterator[tuple[str, str]]:
        """Yield source and target of every edge that memory holds."""
        return ((source, self._intake.resolve(target)) for source, target in self._window.ends())

    def seconds(self, now: float, window: float) -> float:
        """Return the seconds of the window since the first call, the divisor of rates."""
        return self._window.span(now, window)

    def series(
        self,
        now: float,
        window: float,
        step: float,
        service: str | None = None,
        source: str | None = None,
        target: str | None = None,
        endpoint: str | None = None,
    ) -> tuple[Point, ...]:
        """Return traffic over time, by ``service`` that to a service. Long windows have steps of tens."""
        # Whole seconds, because that is the resolution of the memory.
        step = float(max(1, ceil(step)))
        if window > SECONDS_KEPT:
            step = ceil(step / TEN) * float(TEN)
        # Aligned to the step, so that the points of a chart do not move at each refresh.
        start = int((now - window) / step) * step
        wanted = self._wanted(service, source, target, endpoint)
        cells = self._window.series(start, now, step, wanted)
        return tuple(
            point(start + number * step, cells.get(number, _NOTHING), step, now)
            for number in range(int((now - start) / step) + 1)
        )

    def latency(
        self,
        now: float,
        window: float,
        service: str | None = None,
        source: str | None = None,
        target: str | None = None,
    ) -> Histogram:
        """Return the distribution of latency over the window."""
        wanted = self._wanted(service, source, target, None)
        histogram = Histogram()
        for cell in self._window.some(now - window, now, wanted).values():
            histogram.merge(cell.histogram)
        return histogram

    def _by_service(self, counts: Bucket) -> Bucket:
        for key in [key for key in counts if node_kinds.outside(key.target)]:
            service = self._intake.resolve(key.target)
            if service != key.target:
                cell = counts.pop(key)
                counts.setdefault(key._replace(target=service), Cell()).merge(cell)
        return counts

    def _wanted(
        self, service: str | None, source: str | None, target: str | None, endpoint: str | None
    ) -> Callable[[Key], bool]:
        served = target if target is not None else service

        def wanted(key: Key) -> bool:
            return (
                (source is None or key.source == source)
                and (endpoint is None or key.endpoint == endpoint)
                and (served is None or self._intake.resolve(key.target) == served)
            )

        return wanted
