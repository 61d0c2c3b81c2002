"""compare(): the attributes of selected spans beside those of all others, as SQL and as series. Pure.

Labels and names are Tempo's (grafana/tempo, pkg/traceql/engine_metrics_compare.go): ``__meta_type`` is the
side that a series is of, and totals count the spans of a side that have the attribute at all.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from collector.query.sql import Sql
from collector.query.traceql.compiled import spans_table
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.language import names, syntax
from collector.query.traceql.metrics.series import Label, Series, Text
from collector.query.traceql.metrics.statements import after_start, bounds
from collector.query.traceql.metrics.steps import Steps

# Spans whose attributes are counted; of more, an even share is read and counted so much more.
SPANS_MAX: Final = 50_000

_COUNT: Final = Sql("SELECT count() FROM {spans} WHERE {within} AND ({kept})")
_VALUES: Final = Sql("""SELECT selected, key, text, groupArray(place), groupArray(spans)
FROM (
    SELECT selected, each.1 AS key, each.2 AS text, place, count() AS spans
    FROM (
        SELECT toUInt8(({selection}) AND {during}) AS selected,
            intDiv(toUnixTimestamp64Nano(Timestamp) - {qm_origin:Int64} - 1, {qm_step:Int64}) AS place,
            arrayJoin({attributes}) AS each
        FROM {spans}
        WHERE {within} AND ({kept}) AND cityHash64(TraceId, SpanId) % {qm_share:UInt64} = 0
    )
    GROUP BY selected, key, text, place
)
GROUP BY selected, key, text
ORDER BY sum(spans) DESC, text
LIMIT {qm_top:UInt32} BY selected, key
SETTINGS max_rows_to_group_by = {groups}, group_by_overflow_mode = 'throw', max_memory_usage = {memory}""")
_ATTRIBUTES: Final = """arrayConcat(
                [('name', toString(SpanName)), ('kind', lower(SpanKind)), ('status', lower(StatusCode))],
                if(StatusMessage = '', [], [('statusMessage', StatusMessage)]),
                arrayMap((k, v) -> (concat('resource.', k), v),
                    mapKeys(ResourceAttributes), mapValues(ResourceAttributes)),
                arrayMap((k, v) -> (concat('span.', k), v),
                    mapKeys(SpanAttributes), mapValues(SpanAttributes))
            )"""
# The same text in every row: counted so, a value is that the attribute is there.
_THERE: Final = f"arrayMap(each -> (each.1, ''), {_ATTRIBUTES})"
_DURING: Final = (
    "Timestamp >= fromUnixTimestamp64Nano({qm_from:Int64})"
    " AND Timestamp < fromUnixTimestamp64Nano({qm_to:Int64})"
)
_MAX: Final = 2**63 - 1


def count(steps: Steps, kept: Sql, joined: bool) -> Sql:
    """SQL that counts the spans to compare."""
    counted = _COUNT.fill(spans=spans_table(joined), within=after_start(), kept=kept)
    return counted.bind(ql_start=steps.window.start, ql_end=steps.window.end)


def statements(metric: syntax.Compare, steps: Steps, kept: Sql, joined: bool, share: int) -> tuple[Sql, Sql]:
    """SQL of the values of each attribute, and of its totals, both as (selected, key, text, places, spans).

    One value more than asked for says that there are more. One span in ``share`` is read.
    """
    conditions = Conditions("qm")
    selection = conditions.condition(metric.selection.condition)
    found = []
    for attributes, top in ((_ATTRIBUTES, metric.top + 1), (_THERE, 1)):
        filled = _VALUES.fill(
            selection=selection,
            during=_DURING if metric.end else "1",
            attributes=attributes,
            spans=spans_table(joined or conditions.joined),
            within=after_start(),
            kept=kept,
            **bounds(),
        )
        bound = filled.bind(
            **conditions.parameters,
            ql_start=steps.window.start,
            ql_end=steps.window.end,
            qm_origin=steps.origin * 1000,
            qm_step=steps.step * 1000,
            qm_share=share,
            qm_top=top,
        )
        # Times beyond the store's are no times of a span: the nearest ones select the same.
        during = {"qm_from": min(metric.start, _MAX), "qm_to": min(metric.end, _MAX)} if metric.end else {}
        found.append(bound.bind(**during))
    values, totals = found
    return values, totals


def series(
    metric: syntax.Compare,
    steps: Steps,
    values: Iterable[Sequence[Any]],
    totals: Iterable[Sequence[Any]],
    share: int,
) -> list[Series]:
    """Series from the rows of both statements, every count times ``share``."""
    found: list[Series] = []
    places: dict[tuple[int, str], int] = {}
    more: dict[str, None] = {}
    for selected, key, text, *counts in values:
        side = (selected, key)
        places[side] = places.get(side, 0) + 1
        if places[side] > metric.top:
            more[key] = None
        else:
            found.append(_one("selection" if selected else "baseline", key, text, steps, counts, share))
    for key in more:
        labels: tuple[Label, ...] = (("__meta_error", "__too_many_values__"), (_field(key), None))
        found.append(Series(labels, [0.0] * steps.count))
    for selected, key, _, *counts in totals:
        kind = "selection_total" if selected else "baseline_total"
        found.append(_one(kind, key, None, steps, counts, share))
    return found


def _one(
    kind: str, key: str, text: str | None, steps: Steps, counts: Sequence[Sequence[int]], share: int
) -> Series:
    line = [0.0] * steps.count
    for place, spans in zip(*counts, strict=True):
        line[place] = float(spans * share)
    value = None if text is None else Text(text)
    return Series((("__meta_type", kind), (_field(key), value)), line)


def _field(key: str) -> syntax.Field:
    scope, dot, name = key.partition(".")
    return syntax.Attribute(syntax.Scope(scope), name) if dot else syntax.Intrinsic(names.BARE[key])
