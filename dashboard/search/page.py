"""``/traces``: search, attribute comparison, live tail. The form writes the URL, the views read it."""

import time
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import ApiError, Client
from dashboard.components import links, parts
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.search import attribute_comparison, form, form_callbacks, live_tail, results
from dashboard.search.form_model import FormError
from dashboard.search.search_url import TraceQuery

_SEARCHING: Final[Any] = {"found": "children"}  # a live tail is no wait
_VIEWS: Final = {"": "Search", "different": "What is different", "live": "Live"}


def layout(search: str | None) -> Component:
    """Return the form, filled from the URL, above the view that the URL names."""
    query = TraceQuery.of_search(search)
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Traces"),
                    html.Nav(
                        tabs(query), id="trace-views", className="tabs", **parts.label("Views of traces")
                    ),
                    html.Nav(
                        [
                            dcc.Link("Compare two", href=links.compare("")),
                            dcc.Link("Open a file", href="/upload"),
                        ],
                        className="head-links",
                        **parts.label("Other ways to find traces"),
                    ),
                ],
                className="page-head",
            ),
            parts.card(form.layout(query), class_name="search-card"),
            dcc.Loading(
                html.Div(parts.loading("Searching…"), id="found"),
                delay_show=400,
                type="dot",
                target_components=_SEARCHING,
            ),
        ],
        className="page",
    )


def tabs(query: TraceQuery) -> list[Component]:
    """Return links to the views of one search."""
    return [
        dcc.Link(
            text,
            href=links.traces(query.first_page(view=view).search()),
            className="current" if view == query.view else "",
        )
        for view, text in _VIEWS.items()
    ]


def register(app: Dash, client: Client) -> None:
    """Connect the views to the URL, and the parts of the page."""
    form_callbacks.register(app, client)
    results.register(app)
    live_tail.register(app, client)

    @app.callback(Output("trace-views", "children"), Input("url", "search"), State("url", "pathname"))
    @guarded(lambda _: tabs(TraceQuery()))
    def views(search: str | None, path: str | None) -> list[Component]:
        return tabs(_here(search, path))

    @app.callback(
        Output("found", "children"),
        Output("query-problem", "children"),
        Input("url", "search"),
        Input("zone", "data"),
        Input("find", "n_clicks"),
        State("url", "pathname"),
    )
    @guarded(lambda what: (_failed(what), None))
    def find(search: str | None, zone: fmt.Zone | None, _: int | None, path: str | None) -> tuple[Any, Any]:
        if zone is None:  # the browser sends it in a moment
            raise PreventUpdate
        query = _here(search, path)
        try:
            return as_static(_view(client, query, zone)), None
        except FormError as error:
            return _refused(), str(error)
        except ApiError as error:
            # 400 is the reader's query, shown at its column; all else is shown by ``guarded``.
            if error.status != 400:
                raise
            return _refused(), form.problem(query.line, error)


def _here(search: str | None, path: str | None) -> TraceQuery:
    if path != "/traces":  # the page is being left
        raise PreventUpdate
    return TraceQuery.of_search(search)


def _view(client: Client, query: TraceQuery, zone: fmt.Zone) -> Any:
    if query.view == "live":
        return live_tail.layout(query)
    if query.view == "different":
        return attribute_comparison.view(query, client, zone)
    now_us = int(time.time() * 1_000_000)
    found = client.search(query.parameters())
    shown = results.results(found, query, zone, now_us)
    # Only a list of the newest traces can be missing those that the store has not got yet.
    if query.start or query.after or query.sort != "time" or query.order != "desc":
        return shown
    newest = max((trace["start"] for trace in found["traces"]), default=0)
    return [results.lag_notice(client, newest, now_us), *(shown if isinstance(shown, list) else [shown])]


def _failed(what: Problem) -> Component:
    return parts.card(parts.problem(what))


def _refused() -> Component:
    return parts.card(parts.empty("This search cannot be run", "See the message at the query."))
