"""Callbacks of the search form: fields and query line in step, the submission to the URL, completion."""

import time
from collections.abc import Mapping
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.search import completion, form, form_model, timerange
from dashboard.search.form_model import Form, FormError
from dashboard.search.search_url import TraceQuery
from dashboard.search.timerange import TimeError

_SUBMITS: Final = ("q", "service", "operation", "tags", "min", "max", "from", "to")
_COMPLETED: Final = {
    "find-q": "query",
    "find-service": "service",
    "find-operation": "operation",
    "find-tags": "attributes",
}


def _form(values: tuple[Any, ...]) -> Form:
    return Form(*(str(value or "") for value in values))


def read_search(
    line: str,
    values: tuple[Any, ...],
    when: Mapping[str, str],
    old: TraceQuery,
    zone: fmt.Zone,
    *,
    typed: bool,
    now_us: int,
) -> TraceQuery:
    """Return the search that the form describes; ``typed`` if the reader submits the query line itself.

    ``when`` has the values of ``WINDOW_FIELDS``. Raises FormError and TimeError.
    """
    if form_model.form(line) is not None:
        said = form_model.text(_form(values))  # what the fields cannot say is to be changed there
        # A key may be quicker than the line that follows the fields.
        line = line if typed else said
    query = old.for_line(line).first_page(limit=when["limit"], low="", high="")
    if when["lookback"] != form.BETWEEN:
        return query.first_page(lookback=when["lookback"], start="", end="")
    start, end = timerange.window(when["from"], when["to"], now_us, zone)
    return query.first_page(lookback=TraceQuery().lookback, start=str(start), end=str(end))


def register(app: Dash, client: Client) -> None:
    """Connect fields and query line to each other, submitting to the URL, and completion to the browser."""
    fields = [f"find-{each}" for each in form.FIELDS]
    when = [f"find-{each}" for each in form.WINDOW_FIELDS]

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
            return (no_update,) * 7 + (*form.window_values(query, zone or 0), no_update, no_update)
        if ctx.triggered_id == "url":
            line, filled, note, off = form.shown_values(query)
            return line, *filled, *form.window_values(query, zone or 0), form.note_line(note), off
        # The reader writes in the query line: the fields follow, the line itself is left alone.
        if ctx.triggered_id == "find-q":
            _, filled, note, off = form.shown_values(TraceQuery(q=line or " "))
            return no_update, *filled, *keep, form.note_line(note), off
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
        off = lookback != form.BETWEEN
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
        chosen = {
            key: str(value or "")
            for key, value in zip(form.WINDOW_FIELDS, values[len(fields) :], strict=True)
        }
        old = TraceQuery.of_search(search)
        try:
            query = read_search(
                line or "",
                tuple(values[: len(fields)]),
                chosen,
                old,
                zone or 0,
                typed=ctx.triggered_id == "find-q",
                now_us=int(time.time() * 1_000_000),
            )
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
