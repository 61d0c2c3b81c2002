"""The search form of ``/traces``: a query line and fields that say the same, and a window of time."""

import re
from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import ApiError
from dashboard.components import links, parts
from dashboard.search import form_model, timerange
from dashboard.search.form_model import Form, FormError
from dashboard.search.search_url import LIMITS, LOOKBACKS, TraceQuery

BETWEEN: Final = "between"
FIELDS: Final = ("service", "operation", "status", "min", "max", "tags")  # in the order of _form()
WINDOW_FIELDS: Final = ("lookback", "from", "to", "limit")
_ONE_LINE: Final = str.maketrans("\n\r\t", "   ")
_NO_FORM: Final = "This query cannot be shown in the form; edit it above."


def layout(query: TraceQuery) -> list[Component]:
    """Return the query line above the fields; both are filled from the URL."""
    line, filled, note, off = shown_values(query)
    line_input = dcc.Input(
        id="find-q",
        value=line,
        spellCheck=False,
        autoComplete="off",
        placeholder='{ resource.service.name = "cart" && duration > 500ms }',
    )
    search = html.Button("Search", id="find", className="button primary")
    return [
        html.Div(
            [
                html.Div([_field("Query", line_input, "query"), search], className="query-row"),
                html.Div(id="query-problem", className="field-problem", role="alert"),
                _fields(dict(zip(FIELDS, filled, strict=True)), off),
                html.Div(id="find-problem", className="field-problem", role="alert"),
                html.P(note_line(note), id="find-note", className="weak small", role="status"),
                _when(query),
                html.Ul(id="find-list", role="listbox", hidden=True, **parts.label("Completions")),
                dcc.Store(id="find-ask"),
                dcc.Store(id="find-offers"),
                dcc.Store(id="find-offered"),
            ],
            className="search-form",
            role="search",
            **parts.label("Search traces"),
        )
    ]


def _fields(values: Mapping[str, Any], off: bool) -> Component:
    """Return the fields with their values; ``off`` disables them for a query that they cannot express."""

    def text(name: str, label: str, example: str, width: str = "") -> Component:
        return _field(
            label,
            dcc.Input(id=f"find-{name}", value=values[name], placeholder=example, autoComplete="off"),
            width,
        )

    return html.Fieldset(
        [
            text("service", "Service", "any"),
            text("operation", "Operation", "any"),
            text("tags", "Attributes", 'http.response.status_code>=500 http.route="/cart"', "wide"),
            _field(
                "Status",
                dcc.Dropdown(
                    id="find-status",
                    value=values["status"],
                    clearable=False,
                    searchable=False,
                    options=[{"label": each or "any", "value": each} for each in form_model.STATUSES],
                ),
                "narrow",
            ),
            text("min", "At least", "100ms", "narrow"),
            text("max", "At most", "2s", "narrow"),
        ],
        id="find-fields",
        className="form",
        disabled=off,
        **parts.label("Search by fields"),
    )


def _when(query: TraceQuery) -> Component:
    lookback, begin, until, limit = window_values(query, 0)
    spans = [{"label": f"Last {each}", "value": each} for each in LOOKBACKS]
    example = "2026-03-01 14:00, 14:00 or now-2h"
    return html.Div(
        [
            _field(
                "Time",
                dcc.Dropdown(
                    id="find-lookback",
                    value=lookback,
                    clearable=False,
                    searchable=False,
                    options=[*spans, {"label": "Between …", "value": BETWEEN}],
                ),
                "narrow",
            ),
            html.Div(
                [
                    _field(
                        "From",
                        dcc.Input(id="find-from", value=begin, autoComplete="off", placeholder=example),
                    ),
                    _field("To", dcc.Input(id="find-to", value=until, autoComplete="off", placeholder="now")),
                ],
                id="find-between",
                className="between",
                hidden=lookback != BETWEEN,
            ),
            _field(
                "Rows",
                dcc.Dropdown(
                    id="find-limit",
                    value=limit,
                    clearable=False,
                    searchable=False,
                    options=[str(each) for each in LIMITS],
                ),
                "narrow",
            ),
        ],
        className="when",
    )


def _field(label: str, control: Component, width: str = "") -> Component:
    return html.Label([html.Span(label), control], className=f"field {width}".rstrip())


def problem(line: str, error: ApiError) -> Component | str:
    """Return the error of a query, with a mark under its column."""
    words = re.sub(r"^q, column \d+: ", "", str(error))
    if error.position is None:
        return words
    column, length = error.position
    # Forty characters before the error, so that a long query shows the place and not its beginning.
    at = max(0, column - 1 - 40)
    shown, begin = line[at : at + 110].translate(_ONE_LINE), column - 1 - at
    length = max(1, min(length, len(shown) - begin))
    return html.Div(
        [
            html.Pre(
                [
                    shown[:begin],
                    html.Mark(shown[begin : begin + length] or " "),
                    shown[begin + length :],
                    "\n" + " " * begin + "^" * length,
                ],
                className="query-problem",
                **parts.HIDDEN,
            ),
            html.P(f"Column {column}: {words}"),
        ]
    )


def shown_values(query: TraceQuery) -> tuple[str, list[str], str, bool]:
    """Return (line, fields, note, whether the fields are off) of a search."""
    form = query.form
    try:
        line, note = query.line, "" if form else _NO_FORM
    except FormError as error:
        line, note = "", str(error)
    filled = form or Form()
    values = [filled.service, filled.operation, filled.status, filled.min, filled.max, filled.attributes]
    return line, values, note, form is None


def note_line(note: str) -> list[Any]:
    if note != _NO_FORM:
        return [note]
    return [note, " ", dcc.Link("Begin anew", href=links.traces())]


def window_values(query: TraceQuery, zone: fmt.Zone) -> list[str]:
    """Return the values of the fields of ``WINDOW_FIELDS``."""
    if not query.start:
        return [query.lookback, "", "", query.limit]
    begin, until = (timerange.format_time(int(each), zone) for each in (query.start, query.end))
    return [BETWEEN, begin, until, query.limit]
