"""Query strings of Tempo's search to TraceQL. Pure. Raises BadValueError and TraceQLError.

Times are whole seconds since the epoch. A query may come as TraceQL (``q``) or, from older
clients, as logfmt pairs (``tags``) that one span must fulfil; ``minDuration`` and
``maxDuration`` bound the whole trace.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial, reduce
from typing import Any, Final

from collector.query import params
from collector.query.params import LIMIT_MAX, SETTLE_US, Query, Window
from collector.query.traceql import names, parse, parse_any, syntax
from collector.query.traceql.metrics import steps
from collector.query.traceql.metrics.series import EXEMPLARS_MAX
from collector.query.traceql.metrics.steps import Steps
from collector.query.traceql.syntax import Attribute, Binary, Intrinsic, Literal, Scope, Type
from proxy.contract.api.parameters import TIME_MAX_US, Duration, Parameter, Whole

LIMIT_DEFAULT: Final = 20
SPANS_DEFAULT: Final = 3
SPANS_MAX: Final = 1000
LOOKBACK_SECONDS: Final = 3600
TAGS_MAX: Final = 50
# Values of one series, as in Prometheus.
POINTS_MAX: Final = 11_000
STEP_MIN_US: Final = 1000

_DECIMAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_SECONDS_MAX: Final = 9_000_000_000
_LIMIT: Final = Whole(name="limit", meaning="traces", low=1, high=LIMIT_MAX, default=LIMIT_DEFAULT)
_SPANS: Final = Whole(name="spss", meaning="spans of a spanset", low=0, high=SPANS_MAX, default=SPANS_DEFAULT)
_START: Final = Whole(name="start", meaning="seconds since the epoch", low=0, high=_SECONDS_MAX)
_END: Final = Whole(name="end", meaning="seconds since the epoch", low=0, high=_SECONDS_MAX)
_SHORTEST: Final = Duration(name="minDuration", meaning="of the whole trace")
_LONGEST: Final = Duration(name="maxDuration", meaning="of the whole trace")
_PAIR: Final = re.compile(r'\s*([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class TempoSearch:
    """A search of Tempo's API; ``spans`` bounds the spans that are listed of each spanset."""

    query: syntax.Query
    window: Window
    limit: int
    spans: int


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


_MOMENT_FIX: Final = "write seconds or nanoseconds since the epoch, or a time such as 2026-11-30T09:00:00Z"
_FROM: Final = _Moment(name="start", meaning="time", default=0)
_UNTIL: Final = _Moment(name="end", meaning="time", default=0)
_SINCE: Final = Duration(name="since", meaning="instead of a start")
_STEP: Final = _StepLength(name="step", meaning="between values", default=0)
_EXEMPLARS: Final = Whole(name="exemplars", meaning="spans named", low=0, high=10_000, default=EXEMPLARS_MAX)


def search(query: Query, now_us: int, apart_us: int = 0) -> TempoSearch:
    """GET /api/search."""
    text = query.get("q", "")
    if text.strip() and query.get("tags"):
        raise params.bad("tags", query["tags"], "send either q or tags")
    wanted = parse(text) if text.strip() else syntax.Query((syntax.Filter(_tags(query.get("tags", ""))),))
    # After the first spanset: bounds on the trace narrow what it found, and stages behind see whole spansets.
    first, *rest = wanted.stages
    return TempoSearch(
        query=replace(wanted, stages=(first, *_bounds(query), *rest)),
        window=_settled(window(query, now_us, apart_us), now_us),
        limit=params.read(query, _LIMIT),
        spans=params.read(query, _SPANS) or SPANS_MAX,
    )


def window(query: Query, now_us: int, apart_us: int = 0) -> Window:
    """``start`` and ``end``; without a start, an hour and ``apart_us`` before the end, as all searches."""
    end = params.read(query, _END, -(-now_us // 1_000_000))
    start = params.read(query, _START, max(0, end - LOOKBACK_SECONDS + apart_us // -1_000_000))
    if start > end:
        raise params.bad("start", start, f"it must not be after end ({end})")
    return Window(start * 1_000_000, end * 1_000_000)


def metrics(query: Query, now_us: int, instant: bool) -> MetricsRequest:
    """GET /api/metrics/query_range and, when ``instant``, /api/metrics/query. Raises TraceQLError as well."""
    # Prometheus' clients send the query under its name.
    wanted = parse_any(query.get("q", "") or query.get("query", ""))
    found = _moments(query, now_us)
    if instant:
        return MetricsRequest(wanted, steps.instant(found), 0)
    step = params.read(query, _STEP, _default_step(found))
    if found.seconds * 1e6 / step > POINTS_MAX:
        least = -(-found.seconds // POINTS_MAX)
        raise params.bad(
            "step", query.get("step", ""), f"write {least:g}s or more: at most {POINTS_MAX} points"
        )
    return MetricsRequest(wanted, steps.over(found, step), _exemplars(query, wanted))


def _moments(query: Query, now_us: int) -> Window:
    """``start`` and ``end``; without a start ``since`` before the end, by default an hour."""
    end = params.read(query, _UNTIL, now_us)
    since = params.read(query, _SINCE, LOOKBACK_SECONDS * 1_000_000_000) or 0
    start = params.read(query, _FROM, max(0, end - since // 1000))
    if start >= end:
        raise params.bad("start", query.get("start", start), f"it must be before end ({end / 1e6:g})")
    return Window(start, end)


def _default_step(window: Window) -> int:
    """As in Tempo: some 240 values, at whole multiples of five seconds where the window allows it."""
    seconds = int(window.seconds // 240)
    return max(1, seconds // 5 * 5 or seconds) * 1_000_000


def _exemplars(query: Query, wanted: syntax.Query) -> int:
    hint = next((value.value for name, value in wanted.hints if name == "exemplars"), None)
    if isinstance(hint, bool):
        return EXEMPLARS_MAX if hint else 0
    if isinstance(hint, int):
        return min(max(hint, 0), EXEMPLARS_MAX)
    return params.read(query, _EXEMPLARS)


def _settled(window: Window, now_us: int) -> Window:
    """The window up to where traces are whole, as of all searches."""
    return replace(window, end=min(window.end, max(window.start, now_us - SETTLE_US)))


def _bounds(query: Query) -> list[syntax.Filter]:
    found = []
    for parameter, op in ((_SHORTEST, ">="), (_LONGEST, "<=")):
        bound = params.read(query, parameter)
        if bound is not None:
            value = Literal(Type.DURATION, bound)
            found.append(syntax.Filter(Binary(op, Intrinsic("trace:duration"), value)))
    return found


def _tags(text: str) -> syntax.Expression | None:
    """``service.name=shop http.status_code=500 error=true`` as a condition."""
    found: list[syntax.Expression] = []
    position = 0
    text = text.strip()
    while position < len(text):
        pair = _PAIR.match(text, position)
        if not pair:
            raise params.bad("tags", text, 'write key=value pairs with spaces between, or key="a value"')
        position = pair.end()
        value = _ESCAPED.sub(r"\1", pair[2][1:-1]) if pair[2].startswith('"') else pair[2]
        found.append(_tag(pair[1], value))
    if len(found) > TAGS_MAX:
        raise params.bad("tags", text, f"write at most {TAGS_MAX} pairs")
    return reduce(partial(Binary, "&&"), found) if found else None


def _tag(key: str, value: str) -> Binary:
    if key in ("error", "status.code", "status") and value in ("true", *names.STATUSES):
        status = "error" if value == "true" else value
        return Binary("=", Intrinsic("span:status"), Literal(Type.STATUS, status))
    known = {"name": "span:name", "root.name": "trace:rootName", "root.service.name": "trace:rootService"}
    field = Intrinsic(known[key]) if key in known else Attribute(Scope.ANY, key)
    return Binary("=", field, Literal(Type.STRING, value))
