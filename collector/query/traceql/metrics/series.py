"""Series from the rows of a metric: labels, values, exemplars, and what is done with whole series. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Final

from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import short_text
from collector.query.traceql.metrics.statements import in_seconds
from collector.query.traceql.metrics.steps import Steps
from collector.query.traceql.normalize import COMPARE

# Of one reply, as in Tempo.
EXEMPLARS_MAX: Final = 100
_FILLED: Final = ("rate", "count_over_time", "histogram_over_time")


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the store with its type (``collector.otlp.stored_values``), "?" where that is not known."""

    text: str
    type: str = "?"


Label = tuple[syntax.Field | str, Text | str | float | None]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One span of those that a value was made of; ``value`` is its own, or the series' where only spans are
    counted. ``time_ms`` is when it started, milliseconds since the epoch, ``place`` the interval it is in."""

    place: int
    trace_id: str
    span_id: str
    name: str
    service: str
    time_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """One series: a label is a field with its stored value, or a name of ours with a text or a number.

    ``values`` are by interval, None where there is none.
    """

    labels: tuple[Label, ...]
    values: Sequence[float | None]
    exemplars: Sequence[Exemplar] = field(default_factory=tuple)


def from_rows(metric: syntax.SpanMetric, steps: Steps, rows: Iterable[Sequence[Any]]) -> list[Series]:
    """Series from the rows of ``statements.statement``; a quantile is a series of its own."""
    return [series for row in rows for series in _from_row(metric, steps, row)]


def processed(all_series: list[Series], stages: Iterable[syntax.SeriesStage]) -> list[Series]:
    """Series after the stages behind a metric, those without a value left out."""
    for stage in stages:
        keep = (
            _ranked(all_series, stage) if isinstance(stage, syntax.Rank) else _fulfilling(all_series, stage)
        )
        all_series = [_only(each, row) for each, row in zip(all_series, keep, strict=True)]
    return [each for each in all_series if any(value is not None for value in each.values)]


def _only(series: Series, keep: Sequence[bool]) -> Series:
    values = [value if kept else None for value, kept in zip(series.values, keep, strict=True)]
    exemplars = [each for each in series.exemplars if keep[each.place]]
    return replace(series, values=values, exemplars=exemplars)


def _from_row(metric: syntax.SpanMetric, steps: Steps, row: Sequence[Any]) -> list[Series]:
    texts, types, places, values, examples, _ = row
    unit = 1e-9 if in_seconds(metric) else 1 / steps.seconds if metric.function == "rate" else 1
    found = []
    for index in range(max(1, len(metric.quantiles))):
        blank = 0.0 if metric.function in _FILLED else None
        line: list[float | None] = [blank] * steps.count
        for place, value in zip(places, values, strict=True):
            number = value[index] if value else None
            line[place] = None if number is None or not isfinite(number) else _scaled(metric, number, unit)
        exemplars = _exemplars(metric, zip(places, examples, strict=True), line)
        found.append(Series(_labels(metric, texts, types, index), line, exemplars))
    return found


def _scaled(metric: syntax.SpanMetric, number: float, unit: float) -> float:
    # Spans are counted whatever their buckets are in.
    return number if metric.function == "histogram_over_time" else number * unit


def _labels(
    metric: syntax.SpanMetric, texts: Sequence[str | None], types: Sequence[str], quantile: int
) -> tuple[Label, ...]:
    """Return the labels of a series as Tempo has them: without those that have no value, and at least one."""
    # (Behind the texts of the fields may be that of the bucket.)
    named = zip(metric.by, texts, types, strict=False)
    labels: list[Label] = [(field, Text(text, kind)) for field, text, kind in named if text is not None]
    if metric.function == "histogram_over_time":
        labels.append(("__bucket", float(texts[-1] or 0) * (1e-9 if in_seconds(metric) else 1)))
    if metric.quantiles:
        labels.append(("p", metric.quantiles[quantile]))
    if labels:
        return tuple(labels)
    return ((metric.by[0], None),) if metric.by else (("__name__", metric.function),)


def _exemplars(
    metric: syntax.SpanMetric, examples: Iterable[tuple[int, Any]], line: Sequence[float | None]
) -> list[Exemplar]:
    found = []
    for place, example in examples:
        value = line[place]
        if not example or value is None:
            continue
        trace_id, span_id, name, service, time_ms, own = example
        counted = metric.measured is None or metric.function == "histogram_over_time"
        unit = 1e-9 if in_seconds(metric) else 1
        shown = value if counted else own * unit
        found.append(Exemplar(place, trace_id, span_id, name, service, time_ms, shown))
    return found


def spread(all_series: Sequence[Series], limit: int) -> list[Series]:
    """Return the series with at most ``limit`` exemplars in all, taken evenly from each and over its time."""
    share = max(1, limit // max(1, len(all_series)))
    found = []
    for each in all_series:
        stride = max(1, -(-len(each.exemplars) // share))
        kept = each.exemplars[::stride][: min(share, limit)]
        limit -= len(kept)
        found.append(replace(each, exemplars=kept))
    return found


def _ranked(all_series: Sequence[Series], stage: syntax.Rank) -> list[list[bool]]:
    """Return by series and interval whether the value is one of the greatest or smallest of that interval."""
    keep = [[False] * len(each.values) for each in all_series]
    sign = -1 if stage.function == "topk" else 1
    for place in range(len(all_series[0].values) if all_series else 0):
        there = [
            (sign * value, _names(each), row)
            for each, row in zip(all_series, keep, strict=True)
            if (value := each.values[place]) is not None
        ]
        for _, _, row in sorted(there, key=lambda item: item[:2])[: stage.limit]:
            row[place] = True
    return keep


def _fulfilling(all_series: Sequence[Series], stage: syntax.SeriesFilter) -> list[list[bool]]:
    value = stage.value.value
    assert isinstance(value, int | float)
    bound = value / 1e9 if stage.value.type is syntax.Type.DURATION else value
    compare = COMPARE[stage.op]
    return [[number is not None and compare(number, bound) for number in each.values] for each in all_series]


def _names(series: Series) -> str:
    """Return the labels as one text, which orders equal values the same at every time."""
    return ",".join(f"{name_of(name)}={value}" for name, value in series.labels)


def name_of(label: syntax.Field | str) -> str:
    """Return the name of a label as a reply has it."""
    return label if isinstance(label, str) else short_text(label)
