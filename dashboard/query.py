"""A trace search as a value: from the page's URL, to the page's URL, to the query API."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

LOOKBACKS: Final[Mapping[str, int]] = {
    "5m": 300, "15m": 900, "1h": 3_600, "6h": 21_600, "24h": 86_400, "3d": 259_200,
}
LIMITS: Final = (20, 50, 100, 200, 500)
SORTS: Final = ("time", "duration", "spans", "errors", "service", "root")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m)$")


class QueryError(ValueError):
    """A field of the search form must be changed; the text says which and how."""


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """The search form. Durations are texts like ``100ms``, tags ``key=value`` pairs apart by spaces."""

    service: str = ""
    operation: str = ""
    tags: str = ""
    min: str = ""
    max: str = ""
    lookback: str = "1h"
    limit: str = "50"
    sort: str = "time"
    order: str = "desc"

    @classmethod
    def of_search(cls, search: str | None) -> "TraceQuery":
        """The query a URL's ``?…`` describes; what is missing or unknown takes its default."""
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in parse_qsl((search or "").lstrip("?")) if key in known}
        query, standard = cls(**given), cls()
        return replace(
            query,
            lookback=query.lookback if query.lookback in LOOKBACKS else standard.lookback,
            limit=query.limit if query.limit.isdigit() and 0 < int(query.limit) <= 1500 else standard.limit,
            sort=query.sort if query.sort in SORTS else standard.sort,
        )

    def search(self) -> str:
        """``?…`` for the URL, defaults left out."""
        given = {
            field.name: value for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
        return "?" + urlencode(given) if given else ""

    def sorted_by(self, column: str) -> "TraceQuery":
        """The same search by another column; a second choice of the same column turns the order."""
        descending = self.order == "desc" if self.sort == column else False
        return replace(self, sort=column, order="asc" if descending else "desc")

    def parameters(self, now_us: int) -> dict[str, str]:
        """Parameters of ``GET /api/traces``. Raises QueryError for what cannot be sent."""
        asked = {
            "service": self.service,
            "operation": self.operation,
            "tags": json.dumps(_tags(self.tags)) if self.tags.strip() else "",
            "minDuration": _duration("Min duration", self.min),
            "maxDuration": _duration("Max duration", self.max),
            "start": str(now_us - LOOKBACKS[self.lookback] * 1_000_000),
            "end": str(now_us),
            "limit": self.limit,
        }
        return {key: value for key, value in asked.items() if value}


def _duration(label: str, text: str) -> str:
    text = text.strip().lower()
    if not text:
        return ""
    match = _DURATION.match(text)
    if match is None:
        raise QueryError(f"{label} is {text!r}: write a number and a unit, like 250ms, 1.5s or 900us")
    return match.group(1) + match.group(2).replace("µs", "us")


def _tags(text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError:
        raise QueryError('Tags have a quote that is not closed: write key="a value"') from None
    pairs = [word.partition("=") for word in words]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise QueryError(f"Tags contain {key!r}: write key=value, pairs apart by spaces")
    return {key: value for key, _, value in pairs}
