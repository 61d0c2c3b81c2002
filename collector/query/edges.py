"""Graph, series and latency of past windows, from the stored edges (mesh_edges).

The same calls the engine counts in memory: each is stored once, on the edge from its source to
its target, so a service's figures are those of the edges that lead to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from collector.query.params import Window
from collector.query.store import Store
from proxy.contract.histogram import Histogram, from_sparse

ZERO_BUCKET: Final = -32768

_BETWEEN: Final = "Time >= toDateTime({start:Int64}) AND Time < toDateTime({end:Int64})"
_FIGURES: Final = "sum(Count), sum(Errors), sum(Sum), sumMap(Latency)"

_GRAPH: Final = f"""
SELECT Source, Target, Protocol, {_FIGURES}
FROM mesh_edges
WHERE {_BETWEEN}
GROUP BY Source, Target, Protocol
ORDER BY Source, Target, Protocol
"""
_SERIES: Final = f"""
SELECT intDiv(toUnixTimestamp(Time) - {{start:Int64}}, {{step:Int64}}) AS slot, {_FIGURES}
FROM mesh_edges
WHERE {_BETWEEN} AND {{only}}
GROUP BY slot
ORDER BY slot
"""
