"""Edges that other collectors stored, each second of each collector once. Pure."""

from collections.abc import Iterable
from typing import Final

from collector.control.mesh_rows import ZERO_BUCKET
from collector.federation.members import Row
from proxy.contract.histogram import from_sparse
from proxy.contract.traffic import Arm, Protocol
from topology.graph.span_pairing import USER
from topology.model.samples import EdgeSample

CATCH_UP: Final = 60  # seconds of edges that a collector takes in when it joins
# Seconds by which each look overlaps the one before: rows with equal timestamps may become visible at
# different times (on a cluster, by replica), so the newest second is no end.
_OVERLAP: Final = 2


class RemoteEdges:
    """The seconds already read of each collector. Users' calls count apart: they are stored later."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, bool], int] = {}
        self._seen: dict[tuple[str, bool], dict[int, set[tuple[str, ...]]]] = {}

    def since(self, *, users: bool) -> dict[str, int]:
        """Return by collector the second after which rows may be new, of users' calls or of all others."""
        return {name: at - _OVERLAP for (name, those), at in self._newest.items() if those is users}

    def take(self, rows: Iterable[Row]) -> dict[str, list[EdgeSample]]:
        """Return new samples by collector, from rows in any order."""
        found: dict[str, list[EdgeSample]] = {}
        for second, source, target, protocol, endpoint, arm, collector, count, errors, total, *more in rows:
            buckets, encrypted, clear = more
            # Seconds of users' calls come later than the others: one newest second for both would take them
            # for read.
            who = collector, source == USER
            seen = self._seen.setdefault(who, {}).setdefault(second, set())
            key = source, target, protocol, endpoint, arm
            if key in seen:
                continue
            seen.add(key)
            self._newest[who] = max(second, self._newest.get(who, second))
            counts = {index: number for index, number in buckets.items() if index != ZERO_BUCKET and number}
            histogram = from_sparse(counts, zero=buckets.get(ZERO_BUCKET, 0), total=total)
            sample = EdgeSample(
                second,
                source,
                target,
                Protocol(protocol),
                endpoint,
                Arm(arm),
                count,
                errors,
                histogram,
                encrypted,
                clear,
            )
            found.setdefault(collector, []).append(sample)
        for who, seconds in self._seen.items():
            # The query returns nothing older than the overlap, so older keys need not be remembered.
            for second in [each for each in seconds if each < self._newest[who] - _OVERLAP]:
                del seconds[second]
        return found
