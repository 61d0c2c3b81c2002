"""The call tree of a trace: callers, callees, self times, and the mesh's part in a call. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from dashboard.api.trace import Span, Trace

NOBODY: Final = -1


def parents(trace: Trace) -> list[int]:
    """Return for each span the index of its caller, ``NOBODY`` for roots.

    Read from call order and depth, so that lost parents and loops of parents are settled already.
    """
    found: list[int] = []
    above: list[int] = []  # the last span of each level
    for index, depth in enumerate(trace.depths):
        # What is left are the ancestors of this span, the caller last.
        del above[depth:]
        found.append(above[-1] if above else NOBODY)
        above.append(index)
    return found


def children(trace: Trace) -> list[list[int]]:
    """Return for each span the indices of those it called, by start."""
    found: list[list[int]] = [[] for _ in trace.spans]
    for index, parent in enumerate(parents(trace)):
        if parent != NOBODY:
            found[parent].append(index)
    return found


def self_times(trace: Trace, below: Sequence[Sequence[int]]) -> list[int]:
    """Return microseconds of each span in which none of its ``children`` ran."""
    return [
        span.duration - _covered(span, (trace.spans[child] for child in called))
        for span, called in zip(trace.spans, below, strict=True)
    ]


def _covered(span: Span, called: Iterable[Span]) -> int:
    total, reached = 0, span.start
    for child in called:
        begin, stop = max(reached, child.start), min(span.end, child.end)
        if stop > begin:
            total += stop - begin
            reached = stop
    return total


@dataclass(frozen=True, slots=True)
class Hop:
    """A call as a sidecar made it: its ``host:port``, who chose it (``direct``: the application,
    ``routed``: the mesh) and the number of tries before it.
    """

    endpoint: str
    arm: str
    service: str
    resent: int


def hop(span: Span) -> Hop | None:
    """Return the call of a span; None for other spans, and where the caller has not said where it went."""
    tags = dict(span.tags)
    resent = tags.get("http.request.resend_count", "0")
    address, port = tags.get("network.peer.address", ""), tags.get("network.peer.port", "")
    there = f"{address}:{port}" if address and port else address
    endpoint = tags.get("spanmesh.endpoint") or there
    # From any sender: a text or an absurd number counts as no resend.
    tries = int(resent) if resent.isdecimal() and len(resent) < 7 else 0
    if span.kind != "client" or not (endpoint or tries):
        return None
    return Hop(endpoint, tags.get("spanmesh.arm", ""), tags.get("peer.service", ""), tries)


def tries(trace: Trace, index: int) -> list[int]:
    """Return the tries of one call that a span is part of, first to last; only itself when there was one.

    Tries are siblings of one operation; the first of each run counts no resends, the next one, and so on.
    """
    above = parents(trace)
    span = trace.spans[index]
    own = hop(span)
    if own is None:
        return [index]
    alike = [
        (at, found.resent)
        for at, parent in enumerate(above)
        if parent == above[index]
        and trace.spans[at].operation == span.operation
        and trace.spans[at].service == span.service
        and (found := hop(trace.spans[at]))
        and found.service == own.service
    ]
    # ``alike`` has this span at least, so it is not empty.
    runs: list[list[int]] = [[alike[0][0]]]
    for (_, before), (at, resent) in pairwise(alike):
        if resent == before + 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return next(run for run in runs if index in run)
