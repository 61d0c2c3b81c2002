"""A search of traces as a value, converted from the page's URL, to it, and to parameters of the query API.
Pure.

Times are microseconds since the epoch. A window is relative (``lookback``) or absolute (``start``, ``end``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from dashboard.search import form_model
from dashboard.search.form_model import Form

LOOKBACKS: Final[Mapping[str, int]] = {
    "5m": 300,
    "15m": 900,
    "1h": 3_600,
    "6h": 21_600,
    "24h": 86_400,
    "3d": 259_200,
    "7d": 604_800,
}
LIMITS: Final = (20, 50, 100, 200, 500)
SORTS: Final = ("time", "duration", "spans", "errors", "service", "root")
VIEWS: Final = ("", "different", "live")
SELECTIONS: Final = ("errors", "slow", "q")
_ORDER_OF: Final = {"time": "start", "service": "services"}  # what the API calls otherwise
_CURSORS: Final = 20  # pages one can go back; more would make a long address
_CURSOR_APART: Final = "~"
_TIME_DIGITS: Final = 16
_FORM_KEYS: Final = {
    "service": "service",
    "operation": "operation",
    "status": "status",
    "min": "min",
    "max": "max",
    "tags": "attributes",
}


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """The parameters of the search page's URL, as texts.

    ``q`` is TraceQL; without it the fields of the form ask. ``after`` are the cursors of the pages before,
    the last that of this page, apart by ``~``; ``page`` counts from 1. ``view`` is the list, ``different``
    or ``live``. ``selection``, ``low`` and ``high`` (durations) say what is compared with the rest.
    """

    q: str = ""
    service: str = ""
    operation: str = ""
    status: str = ""
    tags: str = ""
    min: str = ""
    max: str = ""
    lookback: str = "1h"
    start: str = ""
    end: str = ""
    limit: str = "50"
    sort: str = "time"
    order: str = "desc"
    after: str = ""
    page: str = "1"
    view: str = ""
    selection: str = "errors"
    low: str = ""
    high: str = ""

    @classmethod
    def of_search(cls, search: str | None) -> "TraceQuery":
        """Return the query of a URL's ``?…``; missing and unknown parameters take their defaults."""
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in parse_qsl((search or "").lstrip("?")) if key in known}
        query, standard = cls(**given), cls()
        # Half a window would mean something else than the reader wrote: then it is the default one.
        bounded = _is_time(query.start) and _is_time(query.end) and int(query.start) < int(query.end)
        return replace(
            query,
            status=query.status if query.status in form_model.STATUSES else "",
            lookback=query.lookback if query.lookback in LOOKBACKS else standard.lookback,
            start=query.start if bounded else "",
            end=query.end if bounded else "",
            limit=query.limit if query.limit in map(str, LIMITS) else standard.limit,
            sort=query.sort if query.sort in SORTS else standard.sort,
            order=query.order if query.order in ("asc", "desc") else standard.order,
            page=query.page if _is_page(query.page) else "1",
            view=query.view if query.view in VIEWS else "",
            selection=query.selection if query.selection in SELECTIONS else standard.selection,
        )

    def search(self) -> str:
        """Return ``?…`` for the URL, defaults left out."""
        given = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
        return "?" + urlencode(given) if given else ""

    @property
    def form(self) -> Form | None:
        """Return the form that the URL fills; None when only the query line can express the search."""
        if self.q:
            return form_model.form(self.q)
        return Form(**{field: getattr(self, key) for key, field in _FORM_KEYS.items()})

    @property
    def line(self) -> str:
        """Return the search in TraceQL. Raises FormError for an invalid form."""
        return self.q or form_model.text(self.form or Form())

    def for_line(self, line: str) -> "TraceQuery":
        """Return the first page of the same search for another query line: as a form where one can express
        it.
        """
        filled = form_model.form(line)
        said = {key: getattr(filled or Form(), field) for key, field in _FORM_KEYS.items()}
        return self.first_page(q="" if filled else line.strip(), **said)

    def first_page(self, **changed: str) -> "TraceQuery":
        """Return the first page of a search that differs in ``changed``."""
        return replace(self, **{"after": "", "page": "1", **changed})

    def sorted_by(self, column: str) -> "TraceQuery":
        """Return the same search by another column; choosing the same column again reverses the order."""
        # A new column begins with the largest first, names with A.
        descending = self.order == "desc" if self.sort == column else column == "root"
        return self.first_page(sort=column, order="asc" if descending else "desc")

    def next_page(self, cursor: str) -> "TraceQuery":
        # The API's cursors go forward only: to go back, those of the pages before are kept in the URL.
        kept = [each for each in self.after.split(_CURSOR_APART) if each][1 - _CURSORS :]
        return replace(self, after=_CURSOR_APART.join([*kept, cursor]), page=str(int(self.page) + 1))

    def previous_page(self) -> "TraceQuery | None":
        """Return the page before; None on the first page, and where the URL does not remember it."""
        before = self.after.rpartition(_CURSOR_APART)[0]
        # Page 2 goes back to the first page, which has no cursor; on later pages a missing one was dropped.
        if not self.after or (not before and int(self.page) > 2):
            return None
        return replace(self, after=before, page=str(max(1, int(self.page) - 1)))

    def parameters(self) -> dict[str, str]:
        """Return the parameters of ``GET /api/mesh/search``. Raises FormError."""
        return {
            "q": self.line,
            **self._window(),
            "order": _ORDER_OF.get(self.sort, self.sort),
            "dir": self.order,
            "limit": self.limit,
            "cursor": self.after.rpartition(_CURSOR_APART)[2],
        }

    def comparison_parameters(self) -> dict[str, str]:
        """Return the parameters of ``GET /api/mesh/search/different``. Raises FormError."""
        asked = {"selection": self.selection, "q": self.line, **self._window()}
        if self.selection == "slow" and self.low:
            return asked | {"min_duration": self.low, "max_duration": self.high}
        form = self.form
        if form is None or self.selection == "q":
            return asked
        # Of a service or an operation alone its own spans fail and are slow, not the trace around them.
        whole = form == Form(service=form.service, operation=form.operation)
        return asked | {"service": form.service, "operation": form.operation, "q": "" if whole else self.line}

    def _window(self) -> dict[str, str]:
        return {"start": self.start, "end": self.end} if self.start else {"lookback": self.lookback}


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _TIME_DIGITS


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0
