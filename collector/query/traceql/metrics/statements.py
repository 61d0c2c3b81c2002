"""A metric as SQL: one row for each series, its values beside the intervals they are of. Pure."""

from typing import Final

from collector.query.sql import Sql
from collector.query.traceql import fields
from collector.query.traceql.compiled import spans_table
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.language import syntax
from collector.query.traceql.language.types import type_of
from collector.query.traceql.metrics.steps import Steps

# Values of all series together, the most that are counted: a query that groups by an id fails instead of
# filling the memory.
GROUPS_MAX: Final = 300_000
MEMORY_MAX: Final = 2_000_000_000  # bytes

# Nothing of a query is in it but the fragments, which hold parameters.
_SERIES: Final = Sql("""SELECT series, types, groupArray(place), groupArray(value), groupArray(example),
    count() OVER ()
FROM (
    SELECT {series} AS series, types, place, {value} AS value, {example} AS example, count() AS spans
    FROM (
        SELECT TraceId, SpanId, SpanName, ServiceName, Timestamp, Duration, {measured} AS measured,
            CAST([{labels}], 'Array(Nullable(String))') AS labels,
            CAST([{types}], 'Array(String)') AS types,
            intDiv(toUnixTimestamp64Nano(Timestamp) - {qm_origin:Int64} - 1, {qm_step:Int64}) AS place
        FROM {spans}
        WHERE {within} AND ({kept})
    )
    WHERE {some}
    GROUP BY series, types, place
)
GROUP BY series, types
ORDER BY sum(spans) DESC, series, types
LIMIT {qm_limit:UInt32}
SETTINGS max_rows_to_group_by = {groups}, group_by_overflow_mode = 'throw', max_memory_usage = {memory}""")
# The bucket of a value: the power of two it is not above.
_BUCKET: Final = "toString(exp2(ceil(log2(measured))))"
_EXAMPLE: Final = (
    "argMax((TraceId, SpanId, toString(SpanName), toString(ServiceName), toUnixTimestamp64Milli(Timestamp),"
    " ifNull(measured, 0)), cityHash64(TraceId, SpanId))"
)
_VALUES: Final = {
    "rate": "[toNullable(toFloat64(count()))]",
    "count_over_time": "[toNullable(toFloat64(count()))]",
    "histogram_over_time": "[toNullable(toFloat64(count()))]",
    "min_over_time": "[min(measured)]",
    "max_over_time": "[max(measured)]",
    "avg_over_time": "[avg(measured)]",
    "sum_over_time": "[sum(measured)]",
}


def after_start() -> str:
    """Return the condition that a span is in the intervals, the first of which is open at its begin."""
    return f"{fields.IN_WINDOW} AND Timestamp > fromUnixTimestamp64Micro({{ql_start:Int64}})"


def bounds() -> dict[str, str]:
    """Return the bounds of a statement, as fragments."""
    return {"groups": str(GROUPS_MAX), "memory": str(MEMORY_MAX)}


def statement(
    metric: syntax.SpanMetric, steps: Steps, kept: Sql, joined: bool, limit: int, exemplars: bool
) -> Sql:
    """SQL of a metric over the spans that fulfil ``kept``.

    Its rows are the texts of the labels and their types (``collector.otlp.stored_values``), then places of
    intervals, values and examples beside each other, and how many series there are. Those with the most spans
    come first, at most ``limit`` of them.
    """
    conditions = Conditions("qm")
    labels = [conditions.text(each) for each in metric.by]
    types = [conditions.type_of(each) for each in metric.by]
    measured = conditions.number(metric.measured) if metric.measured else "toNullable(toFloat64(0))"
    histogram = metric.function == "histogram_over_time"
    filled = _SERIES.fill(
        labels=", ".join(labels),
        types=", ".join(types),
        measured=measured,
        value=_value(metric),
        example=_EXAMPLE if exemplars else "0",
        spans=spans_table(joined or conditions.joined),
        within=after_start(),
        kept=kept,
        # The bucket is the last label, and no power of two is zero or less.
        series=f"arrayPushBack(labels, toNullable({_BUCKET}))" if histogram else "labels",
        some="measured > 0" if histogram else "1",
        **bounds(),
    )
    return filled.bind(
        **conditions.parameters,
        ql_start=steps.window.start,
        ql_end=steps.window.end,
        qm_origin=steps.origin * 1000,
        qm_step=steps.step * 1000,
        qm_limit=limit,
    )


def _value(metric: syntax.SpanMetric) -> str:
    if metric.function != "quantile_over_time":
        return _VALUES[metric.function]
    # Numbers of the query, checked to be from 0 to 1: levels of quantiles cannot be parameters.
    levels = ", ".join(repr(each) for each in metric.quantiles)
    digest = f"quantilesTDigestIf({levels})(assumeNotNull(measured), isNotNull(measured))"
    found = f"arrayMap(level -> toNullable(toFloat64(level)), {digest})"
    return f"if(countIf(isNotNull(measured)) = 0, [], {found})"


def in_seconds(metric: syntax.SpanMetric) -> bool:
    """True if the values are durations, which the store has in nanoseconds and series in seconds."""
    return metric.measured is not None and type_of(metric.measured) is syntax.Type.DURATION
