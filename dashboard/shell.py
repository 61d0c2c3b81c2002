"""The frame of all pages: header, navigation, routing by path, theme, zone and the beat."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import unquote

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard.aggregate import page as aggregate
from dashboard.api.client import Client
from dashboard.balancing import page as balancing
from dashboard.compare import page as compare
from dashboard.components import links, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.search import page as traces
from dashboard.service import page as service
from dashboard.topology import page as topology
from dashboard.trace import page as trace
from dashboard.trace import upload
from dashboard.trace.trace_cache import TraceCache

# The sections of the header, and which first parts of a path belong to each.
_NAVIGATION: Mapping[str, tuple[str, Collection[str]]] = {
    "/": ("Topology", ("", "service")),
    "/traces": ("Traces", ("traces", "compare", "aggregate", "upload")),
    "/balancing": ("Balancing", ("balancing",)),
}


def layout() -> Component:
    """Return the frame around every page. ``zone`` is the browser's, by name (``format.Zone``)."""
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            # Disabled: spanmesh.js counts it up, since a clock would not wait for answers.
            dcc.Interval(id="tick", disabled=True),
            dcc.Store(id="theme"),
            # Empty until the browser has answered: pages that show times wait for it.
            dcc.Store(id="zone"),
            dcc.Store(id="titled"),
            html.A("Skip to content", href="#page", className="skip"),
            html.Header(
                [
                    dcc.Link(
                        [html.Span(className="logo", **parts.HIDDEN), "spanmesh"], href="/", className="brand"
                    ),
                    html.Nav(id="navigation", **parts.label("Pages")),
                    html.Div(id="connection", className="connection", role="status"),
                    html.Button(
                        html.Span(className="theme-icon", **parts.HIDDEN),
                        id="theme-toggle",
                        className="icon-button",
                        title="Light or dark",
                        **parts.label("Switch light or dark"),
                    ),
                ],
                className="topbar",
            ),
            html.Main(parts.loading(), id="page", tabIndex="-1"),
        ],
        className="shell",
    )


def page(path: str | None, search: str | None) -> Component:
    """Return the page at a path, drawn from the URL alone."""
    # None before the browser has sent its address.
    path = (path or "/").rstrip("/") or "/"
    whole: Mapping[str, Callable[[str | None], Component]] = {
        "/": topology.layout,
        "/traces": traces.layout,
        "/balancing": balancing.layout,
        "/compare": compare.layout,
        "/aggregate": aggregate.layout,
        "/upload": upload.layout,
    }
    if path in whole:
        return whole[path](search)
    if path.startswith("/traces/"):
        return trace.layout(unquote(path.removeprefix("/traces/")), search)
    if path.startswith("/service/"):
        return service.layout(unquote(path.removeprefix("/service/")), search)
    return parts.empty(
        "There is no page at this address", dcc.Link("Go to the topology", href=links.topology())
    )


def navigation(path: str | None) -> list[Component]:
    """Return the links of the header; the one of the section that a path belongs to is marked."""
    section = (path or "/").split("/")[1]
    current: dict[str, Any] = {"className": "current", "aria-current": "page"}
    return [
        html.A(text, href=href, **parts.WITHIN, **(current if section in pages else {}))
        for href, (text, pages) in _NAVIGATION.items()
    ]


def register(app: Dash, client: Client) -> None:
    """Register the callbacks of the frame and of every page."""
    for module in (topology, traces, balancing, service, aggregate):
        module.register(app, client)
    # One for three pages: a trace that was opened is compared without a second fetch, and an upload is found.
    cache = TraceCache(client)
    for shared in (trace, compare, upload):
        shared.register(app, client, cache)

    @app.callback(
        Output("page", "children"),
        Output("navigation", "children"),
        Input("url", "pathname"),
        # A State: a change of the parameters alone must not draw the page anew. Each page follows its own.
        State("url", "search"),
    )
    @guarded(lambda what: (parts.problem(what), navigation("/")))
    def route(path: str | None, search: str | None) -> tuple[Component, list[Component]]:
        return page(path, search), navigation(path)

    @app.callback(
        Output("connection", "children"), Output("connection", "className"), Input("tick", "n_intervals")
    )
    @guarded(_disconnected)
    def connection(_: int | None) -> tuple[str, str]:
        # Raises when the collector does not answer; ``guarded`` turns that into ``_disconnected``.
        client.ready()
        return "Live", "connection live"

    for output, name, source in (
        (Output("theme", "data"), "theme", Input("theme-toggle", "n_clicks")),
        (Output("zone", "data"), "zone", Input("zone", "id")),
        (Output("titled", "data"), "title", Input("url", "pathname")),
    ):
        in_browser(app, name, output, source)


def _disconnected(what: Problem) -> tuple[str, str]:
    return "Collector unreachable", "connection lost"
