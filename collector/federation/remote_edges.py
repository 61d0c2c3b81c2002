"""Edges that other collectors stored, each call of each collector once. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from collector.control.mesh_rows import ZERO_BUCKET
from collector.federation.members import Row
from proxy.contract.histogram import from_sparse
from proxy.contract.traffic import Arm, Protocol
from topology.model.samples import EdgeSample

CATCH_UP: Final = 60  # seconds of edges that a collector takes in when it joins
# Seconds by which each look overlaps the one before: rows with equal timestamps may become visible at
# different times (on a cluster, by replica), so the newest second is no end.
_OVERLAP: Final = 2
# The same of calls that no caller's sidecar measured. Spans tell of them: SDKs send those after five seconds,
# a span waits ten for its other half, and users' calls wait for spans before they are stored.
_SPANS_OVERLAP: Final = 30


@dataclass(frozen=True, slots=True)
class _Class:
    """The rows of one collector that were measured by callers' sidecars, or all its others."""

    collector: str
    measured: bool

    @property
    def overlap(self) -> int:
        return _OVERLAP if self.measured else _SPANS_OVERLAP


class _Sums(NamedTuple):
    """The sums of a key in one second; late calls add to them."""

    calls: int
    errors: int
    total: float
    buckets: Mapping[int, int]
    encrypted: int
    clear: int

    def less(self, known: "_Sums") -> "_Sums":
        """Return what came since ``known``."""
        buckets = {index: number - known.buckets.get(index, 0) for index, number in self.buckets.items()}
        return _Sums(
            self.calls - known.calls,
            self.errors - known.errors,
            self.total - known.total,
            buckets,
            self.encrypted - known.encrypted,
            self.clear - known.clear,
        )


class RemoteEdges:
    """The calls already read of each collector, by second."""

    def __init__(self) -> None:
        self._newest: dict[_Class, int] = {}
        self._seen: dict[_Class, dict[int, dict[tuple[str, ...], _Sums]]] = {}

    def since(self, *, measured: bool) -> dict[str, int]:
        """Return by collector the second after which rows may be new, of one class."""
        return {
            who.collector: at - who.overlap for who, at in self._newest.items() if who.measured is measured
        }

    def take(self, rows: Iterable[Row]) -> dict[str, list[EdgeSample]]:
        """Return new calls by collector, from rows in any order."""
        found: dict[str, list[EdgeSample]] = {}
        for second, source, target, protocol, endpoint, arm, collector, *figures in rows:
            who = _Class(collector, bool(arm))
            seen = self._seen.setdefault(who, {}).setdefault(second, {})
            key, sums = (source, target, protocol, endpoint, arm), _Sums(*figures)
            known = seen.get(key)
            if known is not None and known.calls >= sums.calls:
                continue
            seen[key] = sums
            self._newest[who] = max(second, self._newest.get(who, second))
            found.setdefault(collector, []).append(
                _sample(second, key, sums if known is None else sums.less(known))
            )
        for who, seconds in self._seen.items():
            # The query returns nothing older than the overlap, so older keys need not be remembered.
            for second in [each for each in seconds if each < self._newest[who] - who.overlap]:
                del seconds[second]
        return found


def _sample(second: int, key: tuple[str, str, str, str, str], new: _Sums) -> EdgeSample:
    source, target, protocol, endpoint, arm = key
    counts = {index: number for index, number in new.buckets.items() if index != ZERO_BUCKET and number}
    return EdgeSample(
        second,
        source,
        target,
        Protocol(protocol),
        endpoint,
        Arm(arm),
        new.calls,
        new.errors,
        from_sparse(counts, zero=new.buckets.get(ZERO_BUCKET, 0), total=new.total),
        new.encrypted,
        new.clear,
    )
