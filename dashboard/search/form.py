"""The search form of ``/traces``: a query line and fields that say the same, and a window of time."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import ApiError, Client
from dashboard.components import links, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.search import completion, form_model, timerange
from dashboard.search.form_model import Form, FormError
from dashboard.search.search_url import LIMITS, LOOKBACKS, TraceQuery
from dashboard.search.timerange import TimeError

BETWEEN: Final = "between"
_FORM: Final = ("service", "operation", "status", "min", "max", "tags")  # in the order of _form()
_WHEN: Final = ("lookback", "from", "to", "limit")
_SUBMITS: Final = ("q", "service", "operation", "tags", "min", "max", "from", "to")
_COMPLETED: Final = {
    "find-q": "query",
    "find-service": "service",
    "find-operation": "operation",
    "find-tags": "attributes",
}
_NO_FORM: Final = "This query cannot be shown in the form; edit it above."


def layout(query: TraceQuery) -> list[Component]:
    """Return the query line above the fields; both are filled from the URL."""
    line, filled, note, off = _shown(query)
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
                _fields(dict(zip(_FORM, filled, strict=True)), off),
                html.Div(id="find-problem", className="field-problem", role="alert"),
                html.P(_note(note), id="find-note", className="weak small", role="status"),
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
    lookback, begin, until, limit = _window(query, 0)
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


_ONE_LINE: Final = str.maketrans("\n\r\t", "   ")


def _form(values: tuple[Any, ...]) -> Form:
    return Form(*(str(value or "") for value in values))


def _shown(query: TraceQuery) -> tuple[str, list[str], str, bool]:
    """Return (line, fields, note, whether the fields are off) of a search."""
    form = query.form
    try:
        line, note = query.line, "" if form else _NO_FORM
    except FormError as error:
        line, note = "", str(error)
    filled = form or Form()
    values = [filled.service, filled.operation, filled.status, filled.min, filled.max, filled.attributes]
    return line, values, note, form is None


def _note(note: str) -> list[Any]:
    if note != _NO_FORM:
        return [note]
    return [note, " ", dcc.Link("Begin anew", href=links.traces())]


def _window(query: TraceQuery, zone: fmt.Zone) -> list[str]:
    """Return the values of the fields of ``_WHEN``."""
    if not query.start:
        return [query.lookback, "", "", query.limit]
    begin, until = (timerange.format_time(int(each), zone) for each in (query.start, query.end))
    return [BETWEEN, begin, until, query.limit]


def _query(
    line: str, values: tuple[Any, ...], when: Mapping[str, str], old: TraceQuery, zone: fmt.Zone
) -> TraceQuery:
    """Return the search that the form describes. Raises FormError and TimeError."""
    if form_model.form(line) is not None:
        said = form_model.text(_form(values))  # what the fields cannot say is to be changed there
        # A key may be quicker than the line that follows the fields.
        line = line if ctx.triggered_id == "find-q" else said
    query = old.for_line(line).first_page(limit=when["limit"], low="", high="")
    if when["lookback"] != BETWEEN:
        return query.first_page(lookback=when["lookback"], start="", end="")
    now_us = int(time.time() * 1_000_000)
    start, end = timerange.window(when["from"], when["to"], now_us, zone)
    return query.first_page(lookback=TraceQuery().lookback, start=str(start), end=str(end))


def register(app: Dash, client: Client) -> None:
    """Connect fields and query line to each other, submitting to the URL, and completion to the browser."""
    fields = [f"find-{each}" for each in _FORM]
    when = [f"find-{each}" for each in _WHEN]

    @app.callback(
        Output("find-q", "value"),
        *(Output(each, "value") for each in (*fields, *when)),
        Output("find-note", "children"),
        Output("find-fields", "disabled"),
        Input("url", "search"),
        Input("find-q", "value"),
        *(Input(each, "value") for each in fields),
        Input("zone", "data"),
        State("url", "pathname"),
    )
    @guarded(lambda _: (no_update,) * 13)
    def step(search: str | None, line: str | None, *rest: Any) -> tuple[Any, ...]:
        *values, zone, path = rest
        if path != "/traces":
            raise PreventUpdate
        keep: tuple[Any, ...] = (no_update,) * len(when)
        query = TraceQuery.of_search(search)
        if ctx.triggered_id in (None, "zone"):  # only times are read otherwise in another zone
            return (no_update,) * 7 + (*_window(query, zone or 0), no_update, no_update)
        if ctx.triggered_id == "url":
            line, filled, note, off = _shown(query)
            return line, *filled, *_window(query, zone or 0), _note(note), off
        # The reader writes in the query line: the fields follow, the line itself is left alone.
        if ctx.triggered_id == "find-q":
            _, filled, note, off = _shown(TraceQuery(q=line or " "))
            return no_update, *filled, *keep, _note(note), off
        try:
            return form_model.text(_form(tuple(values))), *(no_update,) * len(fields), *keep, [], False
        except FormError as error:
            return no_update, *(no_update,) * len(fields), *keep, [str(error)], False

    _submit(app, fields, when)
    _complete(app, client)

    @app.callback(
        Output("find-between", "hidden"),
        Output("find-from", "value", allow_duplicate=True),
        Input("find-lookback", "value"),
        State("find-from", "value"),
        prevent_initial_call=True,
    )
    @guarded(lambda _: (no_update, no_update))
    def between(lookback: str, begin: str | None) -> tuple[Any, Any]:
        off = lookback != BETWEEN
        return off, no_update if off or begin else "now-1h"


def _submit(app: Dash, fields: list[str], when: list[str]) -> None:
    """Write the URL on Enter in a field, or on the button."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Output("find-problem", "children"),
        Input("find", "n_clicks"),
        *(Input(f"find-{each}", "n_submit") for each in _SUBMITS),
        State("find-q", "value"),
        *(State(each, "value") for each in (*fields, *when)),
        State("url", "search"),
        State("zone", "data"),
        prevent_initial_call=True,
    )
    @guarded(lambda what: (no_update, what.sentence))
    def submit(*given: Any) -> tuple[Any, Any]:
        if not ctx.triggered or not ctx.triggered[0]["value"]:  # the form was drawn anew
            raise PreventUpdate
        line, *values, search, zone = given[1 + len(_SUBMITS) :]
        asked = {key: str(value or "") for key, value in zip(_WHEN, values[len(fields) :], strict=True)}
        old = TraceQuery.of_search(search)
        try:
            query = _query(line or "", tuple(values[: len(fields)]), asked, old, zone or 0)
        except (FormError, TimeError) as error:
            return no_update, str(error)
        return query.search(), None


def _complete(app: Dash, client: Client) -> None:
    """Find completions for the browser, which draws them."""

    @app.callback(
        Output("find-offers", "data"),
        Input("find-ask", "data"),
        State("find-service", "value"),
        prevent_initial_call=True,
    )
    @guarded(_no_offers)
    def offers(ask: dict[str, Any] | None, service: str | None) -> dict[str, Any]:
        if not ask or ask["field"] not in _COMPLETED:
            raise PreventUpdate
        text = str(ask["text"])
        cursor = max(0, min(int(ask["cursor"]), len(text)))
        wanted = completion.in_field(_COMPLETED[ask["field"]], text, cursor, service or "")
        found = client.suggestions(wanted.parameters()) if wanted.kind else []
        told = [(each["value"], each.get("scope", ""), each["count"]) for each in found]
        return {
            "n": ask["n"],
            "field": ask["field"],
            "text": text,
            "start": wanted.start,
            "end": wanted.end,
            "items": [[each.insert, each.label, each.detail] for each in wanted.offers(told)[:14]],
        }

    in_browser(
        app, "offer", Output("find-offered", "data"), Input("find-offers", "data"), prevent_initial_call=True
    )


def _no_offers(_: Problem) -> dict[str, Any]:
    return {"n": 0, "items": []}  # a form without completion still searches
