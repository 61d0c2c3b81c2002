"""The attributes that tell some traces from the rest.

Traces are read from as many ten-minute stretches as have a bounded number of spans, the same for both sides
where both began in them. The store counts every ``key = value`` of a sample of either side by traces. They
are ranked by ``separation``: the Jensen-Shannon divergence between having it and not having it on the two
sides, in bits, from 0 for equal shares to 1 for all against none; unlike mutual information it does not
depend on how many traces each side has. Only what chance does not explain is listed.
"""

from dataclasses import dataclass
from typing import Any, Final

from collector.query import params
from collector.query.analysis import trace_sample
from collector.query.analysis.significance import shares_differ
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.params import Query, Window
from collector.query.search import spans_by_id
from collector.query.search.request import durations, spread, traceql
from collector.query.sql import Sql
from collector.query.traceql import Query as Language
from collector.query.traceql import compiled
from collector.query.traceql.spansets import Spansets
from proxy.contract.api import trace_routes
from proxy.contract.api.analysis import Attribute, AttributeComparison

SLOW_SHARE: Final = 0.95  # of the traces are not slow, when nothing says what slow is
LEVEL: Final = 0.01
# Spans whose attributes are read: all of the ten minutes that a trace of the sample lies in.
SPANS_MAX: Final = 400_000

_COUNTED: Final = Sql("""
WITH x -> if(x <= 0 OR x >= 1, 0, -x * log2(x) - (1 - x) * log2(1 - x)) AS entropy,
    {one_total:Float64} AS ones, {other_total:Float64} AS others
SELECT ServiceName, each.1, each.2, each.3, one, other, count() OVER (),
    entropy((one / ones + other / others) / 2) - entropy(one / ones) / 2 - entropy(other / others) / 2
        AS separation
FROM (
    SELECT ServiceName, each,
        uniqExactIf(TraceId, chosen) AS one, uniqExactIf(TraceId, NOT chosen) AS other
    FROM (
        SELECT TraceId, ServiceName, TraceId IN {chosen:Array(String)} AS chosen, arrayJoin(arrayConcat(
            [('span', 'name', toString(SpanName))],
            arrayMap((k, v) -> ('span', toString(k), v), mapKeys(SpanAttributes), mapValues(SpanAttributes)),
            arrayMap((k, v) -> ('resource', toString(k), v),
                mapKeys(ResourceAttributes), mapValues(ResourceAttributes))
        )) AS each
        FROM otel_traces
        WHERE {within}
    )
    GROUP BY ServiceName, each
    HAVING one + other >= 5 AND each.2 != 'service.name' AND length(each.3) <= 256
)
ORDER BY separation DESC, one DESC, ServiceName, each
LIMIT {limit:UInt32}
""")


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """The traces to compare, and those of them that are selected; ``slow`` in nanoseconds, None for the
    slowest.

    ``fast`` is what the slow ones take at most. ``query`` is the selection where it is ``q``, else it says
    which traces count at all.
    """

    window: Window
    service: str
    operation: str
    selection: str
    slow: int | None
    fast: int | None
    query: Language | None
    sample: int
    limit: int


def parse_request(query: Query, now_us: int, apart_us: int = 0) -> ComparisonRequest:
    """Parse the query of GET /api/mesh/search/different. Raises BadValueError."""
    selection = params.read(query, trace_routes.SELECTION)
    if selection == "q" and not query.get("q"):
        raise BadValueError("q is missing: write which traces are selected, in TraceQL, as &q={…}")
    slow, fast = durations(query, trace_routes.SLOW, trace_routes.SLOW_MAX)
    return ComparisonRequest(
        window=params.search_window(query, now_us, apart_us),
        service=query.get("service", ""),
        operation=query.get("operation", ""),
        selection=selection,
        slow=slow,
        fast=fast,
        query=traceql(query.get("q", "")),
        sample=params.read(query, trace_routes.SAMPLE),
        limit=params.read(query, trace_routes.ATTRIBUTE_LIMIT),
    )


class Comparison:
    """Runs the comparison. Raises TryLaterError, and TraceQLError for a bad regular expression."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store
        self._spansets = Spansets(store)

    async def run(self, wanted: ComparisonRequest) -> AttributeComparison:
        """Compare; the attributes come by rank."""
        of = trace_sample.traces(wanted.window, wanted.service, wanted.operation)
        among, partial = await self._among(wanted)
        if among and wanted.selection != "q":
            of = Sql("SELECT * FROM ({traces}) WHERE {among}").fill(traces=of, among=among)
        side, slow = await self._side(wanted, of, among)
        # Counts for the whole window first: they choose the stretches, and the answer names them beside the
        # sample.
        began = await self._store.rows(trace_sample.stretches(of, side))
        spans = dict(await self._store.rows(trace_sample.load(wanted.window)))
        looked = trace_sample.affordable(began, spans, SPANS_MAX)
        rows = await self._store.rows(trace_sample.sample_of_sides(of, side, wanted.sample, looked))
        ones = [row[0] for row in rows if row[1]]
        others = [row[0] for row in rows if not row[1]]
        found = await self._counted(wanted, ones, others) if ones and others else []
        return {
            "window": {"start": wanted.window.start, "end": wanted.window.end},
            "selected": {"traces": sum(row[1] for row in began), "sampled": len(ones)},
            "rest": {"traces": sum(row[2] for row in began), "sampled": len(others)},
            "threshold": slow / 1e6 if slow is not None else None,
            "partial": partial,
            "stretches": {"looked": len(looked), "of": len(began)},
            "attributes": found,
        }

    async def _among(self, wanted: ComparisonRequest) -> tuple[Sql | None, bool]:
        """Return the condition that a trace matches the query, and whether a bound left some out."""
        if wanted.query is None:
            return None, False
        selection, partial = await self._spansets.selection(compiled(wanted.query, spread(wanted.window)))
        return Sql("TraceId IN ({selection})").fill(selection=selection), partial

    async def _side(self, wanted: ComparisonRequest, of: Sql, among: Sql | None) -> tuple[Sql, int | None]:
        """Return the condition that a trace is selected, and from how many nanoseconds on one is slow."""
        if among and wanted.selection == "q":
            return among, None
        # "failed" and "took" are columns of ``trace_sample.traces``.
        if wanted.selection == "errors":
            return Sql("failed"), None
        slow = wanted.slow
        if slow is None:
            [(_, slow)] = await self._store.rows(trace_sample.threshold(of, SLOW_SHARE))
            return Sql("took > {slow:UInt64}", {"slow": slow}), slow
        if wanted.fast is None:
            return Sql("took >= {slow:UInt64}", {"slow": slow}), slow
        between = Sql("took BETWEEN {slow:UInt64} AND {fast:UInt64}")
        return between.bind(slow=slow, fast=wanted.fast), slow

    async def _counted(
        self, wanted: ComparisonRequest, ones: list[str], others: list[str]
    ) -> list[Attribute]:
        extents = await self._store.rows(spans_by_id.extents(ones + others))
        within = spans_by_id.within(ones + others, extents)
        if within is None:  # deleted meanwhile
            return []
        rows = await self._store.rows(
            _COUNTED.fill(within=within).bind(
                chosen=ones, one_total=len(ones), other_total=len(others), limit=wanted.limit
            )
        )
        found = (attribute(row, len(ones), len(others)) for row in rows)
        # Bonferroni: rows[0][6] is how many attributes were compared, and each of them is a chance to be
        # wrong.
        return [each for each in found if each["p"] < LEVEL / rows[0][6]]


def attribute(row: tuple[Any, ...], ones: int, others: int) -> Attribute:
    """Return one attribute with its counts of traces; ``lift`` is null where the rest has it never."""
    service, scope, key, value, one, other, _, separation = row
    p = shares_differ(one, ones, other, others)
    return {
        "service": service,
        "scope": scope,
        "key": key,
        "value": value,
        "selected": {"count": one, "share": one / ones},
        "rest": {"count": other, "share": other / others},
        "lift": (one / ones) / (other / others) if other else None,
        "separation": separation,
        "p": 1.0 if p is None else p,
    }
