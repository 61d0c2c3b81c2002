"""Retention of rows in days, by signal. Pure."""

from collections.abc import Mapping
from typing import Final

SIGNALS: Final = ("traces", "metrics", "logs", "mesh")
DEFAULT_DAYS: Final = 3

# Days to keep: for every signal, or by signal (what is missing is kept DEFAULT_DAYS).
Retention = int | Mapping[str, int]

# By part of the name; what is missing here (spans, summaries, operations, attributes) is of the signal
# traces.
_TABLES: Final = {
    "otel_metrics": "metrics",
    "otel_logs": "logs",
    "mesh_edges": "mesh",
    "mesh_decisions": "mesh",
    "mesh_connections": "mesh",
}


def signal(name: str) -> str:
    """Return the signal whose retention applies to a table, or to the SQL file that creates it."""
    return next((of_part for part, of_part in _TABLES.items() if part in name), "traces")


def days(name: str, retention: Retention) -> int:
    """Return the days that rows of a table are kept."""
    return retention if isinstance(retention, int) else retention.get(signal(name), DEFAULT_DAYS)


def parse(text: str, default: int = DEFAULT_DAYS) -> dict[str, int]:
    """Parse days by signal, ``traces=7,metrics=30``; the others are kept ``default`` days.

    Raises ValueError that names what is wrong and the fix.
    """
    days_by_signal = dict.fromkeys(SIGNALS, default)
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        if name not in days_by_signal or not number.isdecimal() or not 1 <= int(number) <= 3650:
            raise ValueError(
                f"{part!r} is not understood: write traces=7,metrics=30 with days from 1 to 3650; "
                f"the signals are {', '.join(SIGNALS)}"
            )
        days_by_signal[name] = int(number)
    return days_by_signal
