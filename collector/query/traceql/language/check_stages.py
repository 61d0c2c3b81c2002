"""Checks of a parsed query, stage by stage. Raises TraceQLError at the column of what is wrong."""

from typing import Final

from collector.query.traceql.language import check, syntax, walk
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.syntax import Type
from collector.query.traceql.language.types import NUMERIC, position, sources, structural, type_of

# As many labels as Tempo's series have, one of which is the bucket or the quantile.
LABELS_MAX: Final = 5


def check_query(query: syntax.Query) -> None:
    """Check every stage of a query and of the queries in brackets in it."""
    for stage in query.stages:
        _stage(stage)


def _stage(stage: syntax.Stage) -> None:
    if isinstance(stage, syntax.Filter):
        if stage.condition is not None:
            check.condition(stage.condition)
    elif isinstance(stage, syntax.Combined):
        _stage(stage.left)
        _stage(stage.right)
    elif isinstance(stage, syntax.Query):
        check_query(stage)
    elif isinstance(stage, syntax.ScalarFilter):
        _scalar_filter(stage)
    elif isinstance(stage, syntax.By):
        _group(stage.group)
    elif isinstance(stage, syntax.Select):
        for field in stage.fields:
            _readable(field)
    elif isinstance(stage, syntax.SpanMetric):
        _metric(stage)
    elif isinstance(stage, syntax.SeriesOperation):
        _operation(stage)
    elif isinstance(stage, syntax.Compare):
        _compare(stage)
    elif isinstance(stage, syntax.Rank) and stage.limit < 1:
        raise TraceQLError(f"{stage.function} keeps one series or more: write {stage.function}(10)", stage.at)


def _group(expression: syntax.Expression) -> None:
    check.check(expression)
    _of_span(expression, "by()")
    _readable(expression)


def _of_span(expression: syntax.Expression, where: str) -> None:
    fields = [
        part for part in walk.parts(expression) if isinstance(part, syntax.Attribute | syntax.Intrinsic)
    ]
    if not fields:
        raise TraceQLError(
            f"{where} reads a field of the span: write one, such as duration or .key", position(expression)
        )


def _readable(expression: syntax.Expression) -> None:
    """Refuse a parent's attribute: it can be compared, but its value is in another row."""
    for part in walk.parts(expression):
        if "parent" in sources(part):
            raise TraceQLError(
                "an attribute of the parent can only be compared: write it in { … }", position(part)
            )


def _scalar_filter(stage: syntax.ScalarFilter) -> None:
    # Their types need no check: the grammar takes nothing but numbers and durations.
    for each in (*walk.aggregations(stage.left), *walk.aggregations(stage.right)):
        if each.operand is not None:
            _operand(each, each.operand)


def _operand(aggregation: syntax.Aggregation, operand: syntax.Expression) -> None:
    check.check(operand)
    kind = type_of(operand)
    if kind not in NUMERIC:
        raise TraceQLError(
            f"{aggregation.function} works on numbers and durations, this is {kind}: "
            "write duration or an attribute that holds numbers",
            position(operand),
        )
    _of_span(operand, f"{aggregation.function}()")
    _readable(operand)


def _metric(stage: syntax.SpanMetric) -> None:
    for field in (*stage.by, *([stage.measured] if stage.measured else [])):
        _readable(field)
        if structural(field):
            raise TraceQLError(
                "the place of a span in its trace is no label and no measure of a series: name another field",
                position(field),
            )
    if stage.function == "quantile_over_time" and not stage.quantiles:
        raise TraceQLError(
            "quantile_over_time needs a quantile: write quantile_over_time(duration, 0.95)", stage.at
        )
    labels = LABELS_MAX - (stage.function in ("quantile_over_time", "histogram_over_time"))
    if len(stage.by) > labels:
        raise TraceQLError(
            f"{stage.function} takes at most {labels} fields in by()", position(stage.by[labels])
        )
    if stage.measured and type_of(stage.measured) in (Type.STATUS, Type.KIND):
        raise TraceQLError(
            f"{stage.function} measures numbers and durations, this is {type_of(stage.measured)}: "
            "write duration or an attribute that holds numbers",
            position(stage.measured),
        )


def _operation(stage: syntax.SeriesOperation) -> None:
    for side in (stage.left, stage.right):
        if metric_of(side) is None:
            raise TraceQLError(
                "series are computed with series: write a metric such as | rate() into both brackets",
                side.at,
            )
        check_query(side)


def _compare(stage: syntax.Compare) -> None:
    _stage(stage.selection)
    if structural(stage.selection.condition):
        raise TraceQLError(
            "compare() selects by what a span has, not by its place: write it in { … } before compare()",
            stage.at,
        )
    if stage.top < 1:
        raise TraceQLError(
            "compare() keeps one value or more of an attribute: write compare({ … }, 10)", stage.at
        )
    if (stage.start or stage.end) and not 0 < stage.start < stage.end:
        raise TraceQLError("the end of compare()'s selection is after its start, in nanoseconds", stage.at)


def metric_of(query: syntax.Query) -> syntax.Metric | None:
    """Return the metric a query makes, None where it finds traces."""
    return next((each for each in query.stages if isinstance(each, syntax.Metric)), None)
