"""How many requests wait in each endpoint's queue, and how far that is from its peers.

By Little's law ``rate x latency`` requests are at an endpoint, and ``rate x the latency of one that has
nothing else to do`` are being worked on: what is between the two waits. Endpoints of unequal capacity
whose queues are equally long are about equally used, whatever their latency; where nothing waits
nothing can be said.
"""

from collections.abc import Mapping, Sequence
from math import exp2, log2
from statistics import median
from typing import Final

from topology.evidence import Record

NOISE: Final = 0.3  # requests waiting that are none
_NOISE: Final = 0.02  # and as a share of those being worked on

Pressure = tuple[float, float]
"""log2 of an endpoint's queue over the middle one, and whether anything waits there at all, 0 to 1."""


def pressures(
    records: Mapping[str, Record], endpoints: Sequence[str], now: float
) -> dict[str, Pressure]:
    """The queue of each endpoint that has traffic, where there are two or more."""
    queues, busy = {}, 0.0
    for endpoint in endpoints:
        record = records.get(endpoint)
        least = record.usual.least if record else None
        if record is None or least is None or not record.screen.timed:
            continue
        rate, alone = record.screen.rate(now), exp2(least)
        busy += rate * alone
        queues[endpoint] = rate * max(0.0, exp2(record.screen.mean) - alone)
    if len(queues) < 2:
        return {}
    noise = NOISE + _NOISE * busy / len(queues)
    middle = median(queues.values()) + noise
    return {
        endpoint: (log2((queue + noise) / middle), queue / (queue + noise))
        for endpoint, queue in queues.items()
    }
