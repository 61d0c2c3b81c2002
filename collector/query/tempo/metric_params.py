"""Query strings of Tempo's metrics to TraceQL and its intervals. Pure.

Raises BadValueError and TraceQLError.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from collector.query import params
from collector.query.params import Query, Window
from collector.query.tempo.params import LOOKBACK_SECONDS
from collector.query.traceql import parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.metrics import steps
from collector.query.traceql.metrics.series import EXEMPLARS_MAX
from collector.query.traceql.metrics.steps import Steps
from proxy.contract.api.parameters import TIME_MAX_US, Duration, Parameter, Whole

# Values of one series, as in Prometheus.
POINTS_MAX: Final = 11_000
STEP_MIN_US: Final = 1000

_DECIMAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_MOMENT_FIX: Final = "write seconds or nanoseconds since the epoch, or a time such as 2026-11-30T09:00:00Z"


@dataclass(frozen=True, slots=True)
class MetricsRequest:
    """A query for series; ``exemplars`` is how many spans are named at most."""

    query: syntax.Query
    steps: Steps
    exemplars: int


class _Moment(Parameter[int]):
    """A time as Tempo takes it: seconds or nanoseconds since the epoch, or RFC 3339; in microseconds."""

    kind = "time"

    def parse(self, text: str) -> int:
        if _DECIMAL.fullmatch(text):
            # Ten digits of seconds last until 2286; nanoseconds have nineteen.
            unit = 1e6 if "." in text or len(text) <= 10 else 1e-3
            value = round(float(text) * unit) if unit > 1 else int(text) // 1000
        else:
            value = _rfc3339(text)
        if not 0 <= value <= TIME_MAX_US:
            raise ValueError(_MOMENT_FIX)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


class _StepLength(Parameter[int]):
    """The length of an interval: seconds as a number, or a duration; in microseconds."""

    kind = "duration"

    def parse(self, text: str) -> int:
        if _DECIMAL.fullmatch(text):
            found = round(float(text) * 1e6)
        else:
            found = (_SINCE.parse(text) or 0) // 1000
        if found < STEP_MIN_US:
            raise ValueError("write seconds or a duration of a millisecond or more, such as 30 or 1m")
        # Times of values are milliseconds.
        return found // STEP_MIN_US * STEP_MIN_US

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def _rfc3339(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_MOMENT_FIX) from None
    if moment.tzinfo is None:
        raise ValueError(_MOMENT_FIX)
    return round(moment.timestamp() * 1e6)


_FROM: Final = _Moment(name="start", meaning="time", default=0)
_UNTIL: Final = _Moment(name="end", meaning="time", default=0)
_SINCE: Final = Duration(name="since", meaning="instead of a start")
_STEP: Final = _StepLength(name="step", meaning="between values", default=0)
_EXEMPLARS: Final = Whole(name="exemplars", meaning="spans named", low=0, high=10_000, default=EXEMPLARS_MAX)


def parse_request(query: Query, instant: bool, now_us: int, apart_us: int = 0) -> MetricsRequest:
    """Parse the query of GET /api/metrics/query_range or, when ``instant``, of /api/metrics/query."""
    # Prometheus' clients send the query under its name.
    wanted = parse_any(query.get("q", "") or query.get("query", ""))
    found = _moments(query, now_us, apart_us)
    if instant:
        return MetricsRequest(wanted, steps.instant(found), 0)
    step = params.read(query, _STEP, _default_step(found))
    if found.seconds * 1e6 / step > POINTS_MAX:
        least = -(-found.seconds // POINTS_MAX)
        raise params.bad(
            "step", query.get("step", ""), f"write {least:g}s or more: at most {POINTS_MAX} points"
        )
    return MetricsRequest(wanted, steps.over(found, step), _exemplars(query, wanted))


def _moments(query: Query, now_us: int, apart_us: int) -> Window:
    """``start`` and ``end``; without a start ``since``, by default an hour, and ``apart_us`` before that."""
    end = params.read(query, _UNTIL, now_us)
    since = params.read(query, _SINCE, LOOKBACK_SECONDS * 1_000_000_000) or 0
    start = params.read(query, _FROM, max(0, end - since // 1000 - apart_us))
    if start >= end:
        raise params.bad("start", query.get("start", start), f"it must be before end ({end / 1e6:.15g})")
    return Window(start, end)


def _default_step(window: Window) -> int:
    """Return Tempo's default step: some 240 values, at whole multiples of five seconds where the window
    allows it."""
    seconds = int(window.seconds // 240)
    return max(1, seconds // 5 * 5 or seconds) * 1_000_000


def _exemplars(query: Query, wanted: syntax.Query) -> int:
    hint = next((value.value for name, value in wanted.hints if name == "exemplars"), None)
    if isinstance(hint, bool):
        return EXEMPLARS_MAX if hint else 0
    if isinstance(hint, int):
        return min(max(hint, 0), EXEMPLARS_MAX)
    return params.read(query, _EXEMPLARS)
