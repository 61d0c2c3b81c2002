"""The figures of a cell for people: rate, success, percentiles and encryption of its calls."""

from proxy.contract.histogram import Histogram, bucket_value
from topology.graph.cells import Cell
from topology.model.graph import Encryption, Point, Stats


def encryption(encrypted: int, clear: int) -> Encryption | None:
    """Return the encryption of calls by how many are known to be encrypted or clear; None if none is."""
    if encrypted and clear:
        return Encryption.PARTLY
    if encrypted or clear:
        return Encryption.YES if encrypted else Encryption.NO
    return None


def stats(cell: Cell, seconds: float) -> Stats:
    """Return the traffic of a cell that covers this many seconds."""
    histogram = cell.histogram
    count = histogram.count
    if not count:
        return Stats()
    p50, p90, p99 = _quantiles(histogram)
    return Stats(count, cell.errors, count / seconds, 1 - cell.errors / count, p50, p90, p99)


def point(time: float, cell: Cell, step: float, end: float) -> Point:
    """Return the traffic of the step of ``step`` seconds that begins at ``time``, in a series up to ``end``.

    The rate of a step that reaches beyond ``end`` is that of the part before it, at least a second: over the
    whole step the last point would show a drop that was none.
    """
    return Point(time, stats(cell, max(1.0, min(step, end - time))))


def _quantiles(histogram: Histogram) -> tuple[float, float, float]:
    """Return the 50th, 90th and 99th percentile, in one pass over the buckets."""
    wanted = [0.5 * histogram.count, 0.9 * histogram.count, 0.99 * histogram.count]
    quantiles: list[float] = []
    seen = histogram.zero
    # One bucket may hold several of the three, hence the loop.
    while len(quantiles) < 3 and seen and seen >= wanted[len(quantiles)]:
        quantiles.append(0.0)
    for index in sorted(histogram.counts):
        seen += histogram.counts[index]
        while len(quantiles) < 3 and seen >= wanted[len(quantiles)]:
            quantiles.append(min(max(bucket_value(index), histogram.min), histogram.max))
    quantiles += [histogram.max] * (3 - len(quantiles))
    return quantiles[0], quantiles[1], quantiles[2]
