"""Numbers, durations and times as people read them, always with their unit. Pure.

Durations come in milliseconds, times in microseconds since the epoch, shares as 0 to 1.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NONE: Final = "–"
# The browser's time zone: its IANA name, or minutes east of UTC from a browser that has no name.
Zone = str | int
_RATE_STEPS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_AGE_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def _figures(value: float) -> str:
    """Return three significant figures without an exponent and without trailing zeros."""
    if value >= 100:
        return f"{value:.0f}"
    text = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def count(value: float) -> str:
    """Format ``1234`` as ``1.23k``; small whole numbers stay whole."""
    for size, suffix in _RATE_STEPS:
        if value >= size:
            return _figures(value / size) + suffix
    return _figures(value)


def rate(value: float) -> str:
    """Format requests per second: ``1.2k rps``, ``0.4 rps``."""
    return f"{count(value)} rps"


def size(octets: float) -> str:
    """Format bytes as ``850 B``, ``1.2 kB``, ``34 MB``; a thousand of one is one of the next."""
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if octets >= limit:
            return f"{_figures(octets / limit)} {unit}"
    return f"{_figures(octets)} B"


def duration(ms: float | None) -> str:
    """Format milliseconds as ``850 µs``, ``340 ms``, ``1.2 s`` or ``2.5 min``."""
    if ms is None:
        return NONE
    if ms < 1:
        return f"{_figures(ms * 1000)} µs"
    if ms < 1000:
        return f"{_figures(ms)} ms"
    if ms < 60_000:
        return f"{_figures(ms / 1000)} s"
    return f"{_figures(ms / 60_000)} min"


def after(ms: float) -> str:
    """Format the time after a moment, or before it: ``1.2 s``, ``−340 ms``."""
    return ("−" if ms < 0 else "") + duration(abs(ms))


def percent(share: float | None) -> str:
    """Format ``0.99954`` as ``99.95 %``. Rounded down, so that only a perfect share reads 100 %."""
    if share is None:
        return NONE
    # The tiny number makes up for binary fractions: a product may be a hair below the whole number it means.
    hundredths = int(share * 10_000 + 1e-9)
    return f"{_trim(hundredths / 100)} %"


def _trim(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def points(share: float) -> str:
    """Format a difference of shares as signed percentage points: ``+1.2 pp``."""
    return f"{share * 100:+.2f} pp".replace("-", "−")


def age(since_us: int, now_us: int) -> str:
    """Format a time ago: ``12 s ago``, ``3 min ago``; anything under a second is ``now``."""
    return f"{span(now_us - since_us)} ago" if now_us - since_us >= 1_000_000 else "now"


def span(us: int) -> str:
    """Format seconds as a whole number of the largest fitting unit: ``12 s``, ``3 min``, ``2 d``."""
    seconds = max(us, 0) // 1_000_000
    for size, unit in _AGE_STEPS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "0 s"


@lru_cache(maxsize=64)
def time_zone(zone: Zone) -> tzinfo:
    """Return a browser's zone; UTC for a name that is unknown here."""
    if isinstance(zone, int):
        return timezone(timedelta(minutes=zone)) if zone else UTC
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local(us: int, zone: Zone) -> datetime:
    """Return a time in a zone, with the offset that the zone has at that time."""
    # By addition and not from a float, which would lose microseconds; in UTC, as no hour is there twice.
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)).astimezone(time_zone(zone))


def clock(us: int, zone: Zone) -> str:
    """Format a time of day in the browser's zone: ``14:03:27``."""
    return local(us, zone).strftime("%H:%M:%S")


def moment(us: int, zone: Zone) -> str:
    """Format date and time in the browser's zone: ``2026-03-01 14:03:27.120``."""
    return local(us, zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def period(start: int, end: int, zone: Zone) -> str:
    """Format ``2026-03-01 14:03:27 to 15:03:27, UTC+1``: the second date only where it is another.

    Both offsets are given where the clocks change between the two.
    """
    begin, until = (local(us, zone) for us in (start, end))
    shown = "%H:%M:%S" if begin.date() == until.date() else "%Y-%m-%d %H:%M:%S"
    first, last = offset(start, zone), offset(end, zone)
    changed = "" if first == last else f" {first}"
    return f"{begin:%Y-%m-%d %H:%M:%S}{changed} to {until.strftime(shown)}{',' if not changed else ''} {last}"


def offset_minutes(us: int, zone: Zone) -> int:
    """Return the minutes east of UTC that a zone has at a time."""
    return (local(us, zone).utcoffset() or timedelta()) // timedelta(minutes=1)


def offset(us: int, zone: Zone) -> str:
    """Format the offset that a zone has at a time as ``UTC+1``, ``UTC−3:30``."""
    minutes = offset_minutes(us, zone)
    hours, rest = divmod(abs(minutes), 60)
    told = f"{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return "UTC" + (told if minutes else "")


def axis(us: int, zone: Zone) -> str:
    """Return a chart's x value: local wall time, because charts know no zones."""
    return local(us, zone).strftime("%Y-%m-%d %H:%M:%S.%f")


def short(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, the end replaced by an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(text: str) -> str:
    """Escape a text for chart labels, which understand a little HTML."""
    # "&" first, or it would be escaped again in what the others make.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def evidence(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a decision's evidence as (name, value) pairs; names carry units by their last word.

    ``*_ms`` are milliseconds; ``*_s``, ``seconds`` and ``window`` seconds; ``*success*``,
    ``*share*``, ``*ratio*`` and ``*rate*`` of at most 1 shares.
    """
    return [
        (key.removesuffix("_ms").removesuffix("_s").replace("_", " "), _value(key, value))
        for key, value in facts.items()
    ]


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        if isinstance(value, Mapping):
            return ", ".join(map(str, value))  # what was said of each is in the API
        return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    if key.endswith("_ms"):
        return duration(value)
    if key.endswith("_s") or key in ("seconds", "window"):
        return duration(value * 1000)
    if 0 <= value <= 1 and any(word in key for word in ("success", "share", "rate", "ratio")):
        return percent(value)
    return count(value) if value >= 0 else f"{value:g}"
