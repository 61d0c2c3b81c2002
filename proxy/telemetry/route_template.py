"""Templates of request paths, few enough for a metric's attribute. Pure.

Segments that look like data (numbers, uuids, hex, long tokens) become ``{id}``. It is a guess at the routes
that an application declares; the bound on their number holds for any paths.
"""

import re
from typing import Final

OTHER: Final = "/{other}"

# A number, a uuid, hex of eight or more with a digit in it, or anything long with a digit in it.
_DATA: Final = re.compile(
    r"\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}|(?=\D*\d)[\w~=+.%:-]{20,}|[\w~=+.%:-]{48,}|v?\d+(?:[.:-]\d+)+"
)
_MAX_SEGMENTS: Final = 8


def template(path: str) -> str:
    """Return the template of one path (no query)."""
    segments = path.split("/")
    shown = ["{id}" if _DATA.fullmatch(part) else part for part in segments[: _MAX_SEGMENTS + 1]]
    if len(segments) > _MAX_SEGMENTS + 1:
        shown.append("{rest}")
    return "/".join(shown)


class Routes:
    """The templates seen so far; past ``limit`` distinct ones every new one is ``OTHER``."""

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def of(self, path: str) -> str:
        """Return the route of a path."""
        route = template(path)
        if route not in self._known:
            # A metric's attribute must not grow with the traffic; the span still has the whole path.
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(route)
        return route
