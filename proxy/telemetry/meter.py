"""Delta histograms by series, added up until they are collected. Pure.

A series is one instrument with one set of attributes. Their number is bounded: past the bound a
new series is counted in one that leaves out its route.
"""

from collections.abc import Mapping
from typing import Final

from proxy.contract import attributes
from proxy.contract.histogram import Histogram

# A URL scheme that defeats the route templates would otherwise make a series for each request.
MAX_SERIES: Final = 4000
# Collections without a value after which a series is forgotten: one minute at two a second.
IDLE_COLLECTIONS: Final = 120

Key = tuple[tuple[str, str], ...]
Delta = tuple["Series", Histogram]
Exemplar = tuple[float, int, bytes, bytes]
"""A value in seconds, its time in nanoseconds since the epoch, a trace id and a span id."""


class Series:
    """One instrument with one set of attributes, since the last collection."""

    __slots__ = ("attributes", "exemplar", "histogram", "idle", "name")

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.histogram = Histogram()
        self.exemplar: Exemplar | None = None
        self.idle = 0


class Meter:
    """All series of this sidecar."""

    def __init__(self, limit: int = MAX_SERIES) -> None:
        self._limit = limit
        self._series: dict[tuple[str, Key], Series] = {}
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._series)

    def series(self, name: str, given: Mapping[str, str]) -> Series:
        """Return the series of an instrument and its attributes; empty values are left out."""
        # Sorted and without empty values, so that equal attributes have one identity in any order.
        kept = {key: value for key, value in given.items() if value}
        identity = (name, tuple(sorted(kept.items())))
        found = self._series.get(identity)
        if found is None:
            # Of all attributes the route has the most values and the mesh decides nothing by it.
            if len(self._series) >= self._limit and attributes.ROUTE in kept:
                del kept[attributes.ROUTE]
                return self.series(name, kept)
            found = self._series[identity] = Series(name, kept)
        return found

    def collect(self) -> list[Delta]:
        """Return what was counted since the last time, and forget series that were not used for a minute."""
        deltas = []
        for identity, series in list(self._series.items()):
            if series.histogram.count:
                deltas.append((series, series.histogram))
                series.histogram = Histogram()
                series.idle = 0
                continue
            series.idle += 1
            if series.idle > IDLE_COLLECTIONS:
                del self._series[identity]
                self.evicted += 1
        return deltas
