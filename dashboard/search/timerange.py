"""Times as people write them in a form, in the browser's zone, parsed and formatted. Pure.

Microseconds since the epoch.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from dashboard import format as fmt

_AGO: Final = re.compile(r"(?:now)?\s*-\s*([0-9]{1,6})\s*(s|m|min|h|d|w)")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_EXAMPLE: Final = "write 2026-03-01 14:00, 14:00 for today, now or now-30m"
_LATEST_US: Final = 9_000_000_000_000_000  # the year 2255; the store ends in 2262


class TimeError(ValueError):
    """A time that cannot be parsed; the text says what to write."""


def moment(text: str, label: str, now_us: int, zone: fmt.Zone) -> int:
    """Parse a time. Raises TimeError.

    A date without a zone of its own is meant in ``zone``, and in the first of two equal hours as the clocks
    go back; ``label`` names the field in errors.
    """
    plain = text.strip()
    if plain == "now":
        return now_us
    if found := _AGO.fullmatch(plain):
        return max(0, now_us - int(found[1]) * _UNITS[found[2]] * 1_000_000)
    try:
        read = _today(plain, now_us, zone) or datetime.fromisoformat(plain)
        read = read if read.tzinfo else read.replace(tzinfo=fmt.time_zone(zone))
        found_us = (read - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise TimeError(f"{label} is {plain[:60]!r}: {_EXAMPLE}") from None
    if not 0 <= found_us <= _LATEST_US:
        raise TimeError(f"{label} is {plain[:60]!r}: write a time between 1970 and 2255")
    return found_us


def window(start: str, end: str, now_us: int, zone: fmt.Zone) -> tuple[int, int]:
    """Return (start, end) of two fields; an empty end is now. Raises TimeError."""
    if not start.strip():
        raise TimeError(f"From is empty: {_EXAMPLE}")
    begin = moment(start, "From", now_us, zone)
    until = moment(end or "now", "To", now_us, zone)
    if begin >= until:
        said = f"From ({start.strip()[:40]}) is not before To ({end.strip()[:40] or 'now'})"
        raise TimeError(f"{said}: swap them")
    return begin, until


def format_time(us: int, zone: fmt.Zone) -> str:
    """Format a time as the fields take it: ``2026-03-01 14:03:27.120``, zero milliseconds left out.

    In the second of two equal hours with its offset, without which the first one would be meant.
    """
    local = fmt.local(us, zone)
    told = local.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3].removesuffix(".000").removesuffix(":00")
    return f"{told}{local:%z}" if local.fold else told


def _today(text: str, now_us: int, zone: fmt.Zone) -> datetime | None:
    """Parse a time of day, on the day of ``now``."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    today = fmt.local(now_us, zone)
    return today.replace(
        fold=0, hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0
    )
