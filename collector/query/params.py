"""Query strings to typed values. Pure: the present comes in as an argument.

Times are integer microseconds since the epoch unless a name says otherwise, durations integer
nanoseconds. Every function raises BadValueError, whose text names the key, the value and what to
write instead.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, TypeVar

from collector.query.errors import BadValueError
from proxy.contract.api import route
from proxy.contract.api.mesh_routes import STEP
from proxy.contract.api.parameters import TIME_MAX_US, Duration, Parameter, Whole

Query = Mapping[str, str]
T = TypeVar("T")

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

KINDS: Final = ("client", "server", "producer", "consumer", "internal")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{1,32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{1,16}")
_YES: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_NO: Final = frozenset(("", "0", "f", "F", "FALSE", "false", "False"))
# As Jaeger's dependencies take them.
_END_TS: Final = Whole(name="endTs", meaning="milliseconds since the epoch", low=0, high=TIME_MAX_US // 1000)
_LOOKBACK_MS: Final = Whole(
    name="lookback",
    meaning="milliseconds before endTs",
    low=0,
    high=TIME_MAX_US // 1000,
    default=DEPENDENCIES_LOOKBACK_MS,
)
_LOOKBACK: Final = Duration(name="lookback", meaning="instead of a start")


@dataclass(frozen=True, slots=True)
class Window:
    """Microseconds since the epoch, ``start`` <= ``end``."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e6


def bad(key: str, value: object, fix: str) -> BadValueError:
    """Return the error for one value, in the words every message here uses."""
    shown = value if len(str(value)) <= 80 else str(value)[:77] + "..."
    return BadValueError(f"{key} is {shown!r}: {fix}")


def read(query: Query, parameter: Parameter[T], default: T | None = None) -> T:
    """Return the value of a declared parameter; ``default`` where that depends on the request."""
    text = query.get(parameter.name, "")
    # An empty parameter counts as not given: forms send those as well.
    if not text and not parameter.required:
        return parameter.default if default is None else default
    try:
        return parameter.parse(text)
    except ValueError as error:
        raise bad(parameter.name, text, str(error)) from None


def flag(query: Query, key: str) -> bool:
    """Return a yes or no as Go's ParseBool takes it, as Jaeger does; no when absent."""
    text = query.get(key, "")
    if text not in _YES and text not in _NO:
        raise bad(key, text, "write true or false")
    return text in _YES


def window(query: Query, now_us: int, default_us: int, prefix: str = "") -> Window:
    """``start`` and ``end``; without an end ``now_us``, without a start ``default_us`` back from the end."""
    first, last = route.window("", prefix)
    end = read(query, last, now_us)
    start = read(query, first, max(0, end - default_us))
    if start > end:
        raise bad(first.name, start, f"it must not be after {last.name} ({end})")
    return Window(start, end)


def search_window(query: Query, now_us: int, apart_us: int = 0) -> Window:
    """Return the window of a search: ``start`` and ``end``, or Jaeger's ``lookback`` (``1h``; ``custom`` for
    neither).

    It ends SETTLE_US ago at the latest: the spans of a trace come from several senders, and a search should
    find traces whole. ``now_us`` is the later of two clocks that are ``apart_us`` from each other: without a
    start of its own the window is longer by that, so that it holds what is recent by either.
    """
    if query.get("lookback", "") in ("", "custom"):
        found = window(query, now_us, LOOKBACK_DEFAULT_NS // 1000)
    else:
        # Lookbacks are nanoseconds, as all durations here; windows are microseconds.
        found = window(query, now_us, (read(query, _LOOKBACK) or 0) // 1000)
    end = min(found.end, max(found.start, now_us - SETTLE_US))
    early = 0 if query.get("start") else apart_us
    return Window(max(0, found.start - early), end)


def dependency_window(query: Query, now_us: int) -> Window:
    """``endTs`` and ``lookback``, both in milliseconds as Jaeger's dependencies take them."""
    end = read(query, _END_TS, now_us // 1000)
    lookback = read(query, _LOOKBACK_MS)
    return Window(max(0, end - lookback) * 1000, end * 1000)


def step(query: Query, window: Window) -> int:
    """Return the seconds between points: at least 1, and no more than ``POINTS_MAX`` points in the window."""
    value = read(query, STEP, max(1, round(window.seconds / 60)))
    if window.seconds / value > POINTS_MAX:
        least = ceil(window.seconds / POINTS_MAX)
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
    """Return a trace id of 1 to 32 hex digits in any case, as the store keeps it: 32 lower-case digits."""
    # Clients print 16 digits where the upper half is zero; the store has 32 always.
    lower = text.lower()
    if not _TRACE_ID.fullmatch(lower) or not lower.strip("0"):
        raise bad(key, text, "write 1 to 32 hexadecimal digits that are not all zero")
    return lower.zfill(32)


def span_id(text: str, key: str = "span") -> str:
    """Return a span id of 1 to 16 hex digits in any case, as the store keeps it: 16 lower-case digits."""
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
