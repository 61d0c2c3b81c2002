"""Query strings of Tempo's search to TraceQL. Pure. Raises BadValueError and TraceQLError.

Times are whole seconds since the epoch. A query may come as TraceQL (``q``) or, from older
clients, as logfmt pairs (``tags``) that one span must fulfil; ``minDuration`` and
``maxDuration`` bound the whole trace.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial, reduce
from math import isfinite
from typing import Final

from collector.query import params
from collector.query.params import LIMIT_MAX, SETTLE_US, Query, Window
from collector.query.traceql import parse
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Attribute, Binary, Intrinsic, Literal, Scope, Type
from proxy.contract.api.parameters import Duration, Whole

LIMIT_DEFAULT: Final = 20
SPANS_DEFAULT: Final = 3
SPANS_MAX: Final = 1000
LOOKBACK_SECONDS: Final = 3600
TAGS_MAX: Final = 50

_SECONDS_MAX: Final = 9_000_000_000
_LIMIT: Final = Whole(name="limit", meaning="traces", low=1, high=LIMIT_MAX, default=LIMIT_DEFAULT)
_SPANS: Final = Whole(name="spss", meaning="spans of a spanset", low=0, high=SPANS_MAX, default=SPANS_DEFAULT)
_START: Final = Whole(name="start", meaning="seconds since the epoch", low=0, high=_SECONDS_MAX)
_END: Final = Whole(name="end", meaning="seconds since the epoch", low=0, high=_SECONDS_MAX)
_SHORTEST: Final = Duration(name="minDuration", meaning="of the whole trace")
_LONGEST: Final = Duration(name="maxDuration", meaning="of the whole trace")
_PAIR: Final = re.compile(r'\s*([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class TempoSearch:
    """A search of Tempo's API; ``spans`` bounds the spans that are listed of each spanset."""

    query: syntax.Query
    window: Window
    limit: int
    spans: int


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


def _settled(window: Window, now_us: int) -> Window:
    """Return the window up to where traces are whole, as of all searches."""
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
    if key in known:
        return Binary("=", Intrinsic(known[key]), Literal(Type.STRING, value))
    # logfmt has no types: a pair finds the values of each type that reads so.
    field = Attribute(Scope.ANY, key)
    return reduce(partial(Binary, "||"), [Binary("=", field, each) for each in _literals(value)])


def _literals(text: str) -> Iterator[Literal]:
    yield Literal(Type.STRING, text)
    if text in ("true", "false"):
        yield Literal(Type.BOOLEAN, text == "true")
    elif _INTEGER.fullmatch(text):
        yield Literal(Type.NUMBER, int(text))
    elif _DECIMAL.fullmatch(text) and isfinite(float(text)):
        yield Literal(Type.NUMBER, float(text))
