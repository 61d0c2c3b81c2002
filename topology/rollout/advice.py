"""Advice: an estimate of what routing would have changed for the requests that were observed.

Requests that applications sent to known endpoints are laid out anew: none to ejected endpoints,
the others in proportion to the mesh's weight over the endpoint's mean latency, which is how
sidecars choose. Every endpoint is taken to answer as it did; that moved load changes its
latency is not in the estimate.
"""

from collections.abc import Mapping
from typing import Final

from proxy.contract.histogram import Histogram
from topology.graph.cells import Cell
from topology.graph.figures import stats
from topology.model.stages import Advice, Move

BASIS: Final = (
    "an estimate: the observed requests laid out by the mesh's weights and each endpoint's latency, none to "
    "ejected endpoints, every endpoint answering as it did"
)
_SCALE: Final = 10_000  # requests of the layout: fine enough for a p99 of what gets little
_ENOUGH: Final = 20  # requests, from which on shares say something
_TINY: Final = 1e-4  # seconds: faster than this makes no difference


def advise(cells: Mapping[str, Cell], weights: Mapping[str, float], seconds: float) -> Advice | None:
    """Return the advice from the direct requests by endpoint, and the weight the mesh would give each now.

    None with too few requests, or when no endpoint that has been called would get any.
    """
    # Endpoints without calls are left out: nothing is known of how they would answer.
    called = {name: cell for name, cell in sorted(cells.items()) if cell.histogram.count and name in weights}
    total = sum(cell.histogram.count for cell in called.values())
    # Sidecars draw by weight and prefer lower latency; in the long run that gives about these shares.
    wanted = {name: weights[name] / max(_mean(cell), _TINY) for name, cell in called.items()}
    whole = sum(wanted.values())
    if total < _ENOUGH or not whole:
        return None
    observed, expected = Cell(), Cell()
    for name, cell in called.items():
        observed.add(cell.histogram, cell.errors)
        # Scale each endpoint's own histogram to its new number of requests: the shape of its latency stays.
        part = _SCALE * wanted[name] / whole / cell.histogram.count
        expected.add(_scaled(cell.histogram, part), round(cell.errors * part))
    moves = tuple(
        Move(name, cell.histogram.count / total, wanted[name] / whole, weights[name])
        for name, cell in called.items()
    )
    return Advice(stats(observed, seconds), stats(expected, seconds), moves, BASIS)


def _mean(cell: Cell) -> float:
    return cell.histogram.sum / cell.histogram.count


def _scaled(histogram: Histogram, part: float) -> Histogram:
    counts = {index: number for index, each in histogram.counts.items() if (number := round(each * part))}
    zero = round(histogram.zero * part)
    count = zero + sum(counts.values())
    return Histogram(counts, zero, count, histogram.sum * part, histogram.min, histogram.max)
