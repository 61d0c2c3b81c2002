"""Query strings to typed values. Pure: the present comes in as an argument.

Times are integer microseconds since the epoch unless a name says otherwise, durations integer
nanoseconds. An absent or empty value takes the default, as Jaeger's clients expect. Every
function raises BadValueError, whose text names the key, the value and what to write instead.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from collector.query.errors import BadValueError

Query = Mapping[str, str]

# Jaeger's UI offers at most 1500 traces; more does not fit a page or a reply.
LIMIT_MAX: Final = 1500
LIMIT_DEFAULT: Final = 100
LOOKBACK_DEFAULT_NS: Final = 3_600_000_000_000
DEPENDENCIES_LOOKBACK_MS: Final = 86_400_000
POINTS_MAX: Final = 2000
# A window that ends this close to now reaches now: the clocks of callers differ a little.
REACHES_NOW_US: Final = 2_000_000
# Export, batch and insert take up to two seconds; within this a trace may lack some of its spans.
SETTLE_US: Final = 3_000_000

_TIME_MAX_US: Final = 9_000_000_000_000_000  # the year 2255; DateTime64(9) ends in 2262
_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_DURATION: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})(ns|us|µs|μs|ms|s|m|h|d)")
KINDS: Final = ("client", "server", "producer", "consumer", "internal")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{1,32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{1,16}")
_YES: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_NO: Final = frozenset(("", "0", "f", "F", "FALSE", "false", "False"))
_WHOLE: Final = re.compile(r"-?[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Window:
    """Microseconds since the epoch, ``start`` <= ``end``."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e6


def bad(key: str, value: object, fix: str) -> BadValueError:
    """The error for one value, in the words every message here uses."""
    shown = value if len(str(value)) <= 80 else str(value)[:77] + "..."
    return BadValueError(f"{key} is {shown!r}: {fix}")


def whole(query: Query, key: str, default: int, low: int, high: int) -> int:
    """An integer from ``low`` to ``high``."""
    text = query.get(key, "")
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise bad(key, text, f"write a whole number from {low} to {high}")
    return int(text)


def instant(query: Query, key: str, default: int) -> int:
    """A time in microseconds; seconds or milliseconds written by mistake are told apart."""
    text = query.get(key, "")
    if not text:
        return default
    fix = "write microseconds since the epoch, for example 1760000000000000"
    if not _WHOLE.fullmatch(text):
        raise bad(key, text, fix)
    value = int(text)
    if 10**9 <= value < 10**11:
        raise bad(key, text, f"this looks like seconds; {fix}")
    if 10**12 <= value < 10**14:
        raise bad(key, text, f"this looks like milliseconds; {fix}")
    if not 0 <= value <= _TIME_MAX_US:
        raise bad(key, text, fix)
    return value


def duration(query: Query, key: str, default: int | None = None) -> int | None:
    """A duration such as ``1.2s``, ``100ms``, ``5us`` or ``1h30m``, in nanoseconds."""
    text = query.get(key, "")
    if not text:
        return default
    if text == "0":
        return 0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise bad(key, text, "write a number with a unit (us, ms, s, m, h), for example 1.2s or 100ms")
    total = round(sum(float(number) * _UNITS_NS[unit] for number, unit in parts))
    if total >= 2**62:
        raise bad(key, text, "write a duration below 146 years")
    return total


def flag(query: Query, key: str) -> bool:
    """A yes or no as Go's ParseBool takes it, as Jaeger does; no when absent."""
    text = query.get(key, "")
    if text not in _YES and text not in _NO:
        raise bad(key, text, "write true or false")
    return text in _YES


def window(query: Query, now_us: int, default_us: int) -> Window:
    """``start`` and ``end``; without a start, ``default_us`` back from the end."""
    end = instant(query, "end", now_us)
    start = instant(query, "start", max(0, end - default_us))
    if start > end:
        raise bad("start", start, f"it must not be after end ({end})")
    return Window(start, end)


def search_window(query: Query, now_us: int) -> Window:
    """As ``window``, with Jaeger's ``lookback`` (``1h``, ``2d``; ``custom`` means start is given).

    It ends SETTLE_US ago at the latest: the spans of a trace come from several senders, and a
    search should find traces whole.
    """
    if query.get("lookback", "") in ("", "custom"):
        asked = window(query, now_us, LOOKBACK_DEFAULT_NS // 1000)
    else:
        asked = window(query, now_us, (duration(query, "lookback") or 0) // 1000)
    return replace(asked, end=min(asked.end, max(asked.start, now_us - SETTLE_US)))


def dependency_window(query: Query, now_us: int) -> Window:
    """``endTs`` and ``lookback``, both in milliseconds as Jaeger's dependencies take them."""
    end = whole(query, "endTs", now_us // 1000, 0, _TIME_MAX_US // 1000)
    lookback = whole(query, "lookback", DEPENDENCIES_LOOKBACK_MS, 0, _TIME_MAX_US // 1000)
    return Window(max(0, end - lookback) * 1000, end * 1000)


def step(query: Query, span: Window) -> int:
    """Seconds between points: at least 1, and no more than ``POINTS_MAX`` points in the window."""
    value = whole(query, "step", max(1, round(span.seconds / 60)), 1, 2**31)
    if span.seconds / value > POINTS_MAX:
        least = ceil(span.seconds / POINTS_MAX)
        raise bad("step", value, f"write {least} or more, or ask for less time: at most {POINTS_MAX} points")
    return value


def tags(single: Sequence[str], objects: Sequence[str], name: str = "tags") -> tuple[tuple[str, str], ...]:
    """``tag=key:value`` and ``tags={"key":"value"}`` as pairs, each key once, in order of key."""
    found: dict[str, str] = {}
    for text in filter(None, single):
        key, colon, value = text.partition(":")
        if not colon or not key:
            raise bad("tag", text, "write tag=key:value, for example tag=error:true")
        found[key] = value
    for text in filter(None, objects):
        found.update(_tag_object(name, text))
    return tuple(sorted(found.items()))


def _tag_object(name: str, text: str) -> dict[str, str]:
    fix = 'write a JSON object of texts, for example {"http.status_code":"500"}'
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise bad(name, text, fix) from None
    if not isinstance(value, dict):
        raise bad(name, text, fix)
    found = {}
    for key, item in value.items():
        plain = item if isinstance(item, str) else json.dumps(item)
        # A lone surrogate is legal in JSON and in no text the store could hold.
        if isinstance(item, dict | list) or item is None or not key or not _encodable(key + plain):
            raise bad(name, text, fix)
        found[key] = plain
    return found


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def trace_id(text: str, key: str = "traceID") -> str:
    """A trace id of 1 to 32 hex digits in any case, as the store keeps it: 32 lower-case digits."""
    lower = text.lower()
    if not _TRACE_ID.fullmatch(lower) or not lower.strip("0"):
        raise bad(key, text, "write 1 to 32 hexadecimal digits that are not all zero")
    return lower.zfill(32)


def span_id(text: str, key: str = "span") -> str:
    """The same for a span: 1 to 16 hex digits, kept as 16."""
    lower = text.lower()
    if not _SPAN_ID.fullmatch(lower) or not lower.strip("0"):
        raise bad(key, text, "write 1 to 16 hexadecimal digits that are not all zero")
    return lower.zfill(16)


def span_kind(query: Query) -> str:
    """Jaeger's ``spanKind`` in lower case, empty for any."""
    text = query.get("spanKind", "").lower()
    if text and text not in KINDS:
        raise bad("spanKind", text, f"write one of {', '.join(KINDS)}")
    return text
