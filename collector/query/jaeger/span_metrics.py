"""Jaeger's service performance monitoring: calls, errors and latency of spans over time, as JSON. Pure.

Shapes: jaeger's MetricFamily (internal/proto-gen/api_v2/metrics), which its UI's Monitor tab
reads. Times and durations of the query are milliseconds, latencies too; steps without calls
have no point.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from multidict import MultiMapping

from collector.query import params
from collector.query.errors import BadValueError
from collector.query.params import Query
from collector.query.sql import Sql
from collector.query.stored_services import of_spans_by_text
from proxy.contract.api.parameters import Whole

KINDS: Final = ("unspecified", *params.KINDS)
_TIME_MAX_MS: Final = 9_000_000_000_000
_END: Final = Whole(name="endTs", meaning="milliseconds since the epoch", low=0, high=_TIME_MAX_MS)
_LOOKBACK: Final = Whole(
    name="lookback", meaning="milliseconds before endTs", low=1, high=_TIME_MAX_MS, default=3_600_000
)
_STEP: Final = Whole(name="step", meaning="milliseconds of a point", low=1, high=_TIME_MAX_MS, default=5_000)
_RATE: Final = Whole(
    name="ratePer", meaning="milliseconds a rate is taken over", low=1, high=_TIME_MAX_MS, default=600_000
)

# Slots are counted from the epoch. The first ones only feed the rates of those that are shown.
SLOTS: Final = Sql("""
SELECT {service} AS service, if({by_operation:Bool}, toString(SpanName), '') AS operation,
    intDiv(toUnixTimestamp64Milli(Timestamp), {step:Int64}) AS slot,
    count(), countIf(StatusCode = 'Error'), quantile({quantile:Float64})(Duration)
FROM otel_traces
WHERE {of_services}
    AND Timestamp >= fromUnixTimestamp64Milli({start:Int64})
    AND Timestamp < fromUnixTimestamp64Milli({end:Int64})
    AND lower(SpanKind) IN {kinds:Array(String)}
GROUP BY service, operation, slot
ORDER BY service, operation, slot
""")

_HELP: Final[Mapping[str, str]] = {
    "latencies": "{quantile:g}th quantile latency, grouped by {groups}",
    "call_rate": "calls/sec, grouped by {groups}",
    "error_rate": "error rate, computed as a fraction of errors/sec over calls/sec, grouped by {groups}",
}
_NAMES: Final[Mapping[str, str]] = {
    "latencies": "latencies",
    "calls": "call_rate",
    "errors": "error_rate",
}


@dataclass(frozen=True, slots=True)
class MetricsRequest:
    """One question; times in milliseconds. ``metric`` is latencies, calls or errors."""

    metric: str
    services: tuple[str, ...]
    by_operation: bool
    kinds: tuple[str, ...]
    start: int
    end: int
    step: int
    rate: int
    quantile: float

    @property
    def behind(self) -> int:
        """Slots a rate looks back over, its own included."""
        return max(1, round(self.rate / self.step)) if self.metric != "latencies" else 1

    def sql(self) -> Sql:
        of_services, service = of_spans_by_text(self.services)
        return SLOTS.fill(of_services=of_services, service=service).bind(
            quantile=self.quantile,
            by_operation=self.by_operation,
            kinds=list(self.kinds),
            start=(self.start // self.step - self.behind + 1) * self.step,
            end=self.end,
            step=self.step,
        )


def parse_request(metric: str, query: MultiMapping[str], now_ms: int) -> MetricsRequest:
    """Raises BadValueError."""
    services = tuple(dict.fromkeys(filter(None, query.getall("service", []))))
    if not services:
        raise BadValueError("service is missing: name one or more, as ?service=NAME")
    end = params.read(query, _END, now_ms)
    lookback = params.read(query, _LOOKBACK)
    step = params.read(query, _STEP)
    if lookback / step > params.POINTS_MAX:
        least = -(-lookback // params.POINTS_MAX)
        raise params.bad("step", step, f"write {least} or more: at most {params.POINTS_MAX} points")
    kinds = tuple(kind.lower() for kind in query.getall("spanKind", []) if kind) or ("server",)
    for kind in kinds:
        if kind not in KINDS:
            raise params.bad("spanKind", kind, f"write one of {', '.join(KINDS)}")
    return MetricsRequest(
        metric=metric,
        services=services,
        by_operation=params.flag(query, "groupByOperation"),
        kinds=kinds,
        start=max(0, end - lookback),
        end=end,
        step=step,
        rate=params.read(query, _RATE),
        quantile=_quantile(query) if metric == "latencies" else 0.5,
    )


def _quantile(query: Query) -> float:
    text = query.get("quantile", "")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise params.bad("quantile", text, "write a number from 0 to 1, for example 0.95")
    return value


def render(question: MetricsRequest, rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the reply to a question from the rows of its SQL."""
    groups = "service & operation" if question.by_operation else "service"
    name = _NAMES[question.metric]
    series: dict[tuple[str, str], dict[int, tuple[int, int, float]]] = {}
    for service, operation, slot, count, errors, latency in rows:
        series.setdefault((service, operation), {})[slot] = (count, errors, latency)
    return {
        "name": f"service{'_operation' if question.by_operation else ''}_{name}",
        "type": "GAUGE",
        "help": _HELP[name].format(quantile=question.quantile, groups=groups),
        "metrics": [
            {"labels": _labels(question, *group), "metricPoints": _points(question, slots)}
            for group, slots in series.items()
        ],
    }


def _labels(question: MetricsRequest, service: str, operation: str) -> list[dict[str, str]]:
    of_operation = [{"name": "operation", "value": operation}] if question.by_operation else []
    return [*of_operation, {"name": "service_name", "value": service}]


def _points(question: MetricsRequest, slots: Mapping[int, tuple[int, int, float]]) -> list[dict[str, Any]]:
    points = []
    calls = errors = 0
    first = question.start // question.step
    for slot in range(first - question.behind + 1, -(-question.end // question.step)):
        added, left = slots.get(slot, (0, 0, 0.0)), slots.get(slot - question.behind, (0, 0, 0.0))
        # A running sum: a rate over ten minutes by steps of five seconds would add 120 slots for each point.
        calls += added[0] - left[0]
        errors += added[1] - left[1]
        # No point and no zero: Jaeger's chart draws a gap, and an error rate of nothing is not 0.
        if slot < first or not calls:
            continue
        value = {
            "latencies": added[2] / 1e6,
            "calls": calls / (question.behind * question.step / 1000),
            "errors": errors / calls,
        }[question.metric]
        time = datetime.fromtimestamp(slot * question.step / 1000, UTC)
        stamp = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        points.append({"gaugeValue": {"doubleValue": value}, "timestamp": stamp})
    return points
