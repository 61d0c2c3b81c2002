"""The panel of a selected call path: figures, traces over it, and decisions about its target."""

import time
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.balancing.decisions import decisions as decision_list
from dashboard.components import links, parts
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.topology.graph_url import GraphView
from proxy.contract.api.graph import Edge, Graph
from proxy.contract.api.search import TraceLine

EXEMPLARS: Final = 3
DECISIONS: Final = 5
LOOK_BACK: Final = 900  # seconds at least: the store lacks the last ones
# Beats between two searches: these read spans, which is the dearest thing a page asks for.
SLOW_TICKS: Final = 15
SHOWN: Final = "shown"  # class of what has been filled once
_ENCRYPTION: Final = {
    "yes": (
        "encrypted",
        "ok",
        "A sidecar measured it, the server accepted TLS, or the caller's span says so.",
    ),
    "partly": ("partly encrypted", "", "Some calls were encrypted, others were not."),
    "no": ("in the clear", "", "A sidecar or the caller's span saw calls without encryption."),
    "unknown": ("encryption not known", "", "Neither the bytes nor a span shows it."),
}


def facts(edge: Edge, graph: Graph) -> Component:
    """Return protocol and numbers; for opaque TCP connections, bytes and the time to connect."""
    tcp = edge["tcp"]
    if not tcp:
        return html.Div(
            [
                html.Div([parts.chip(edge["protocol"]), encryption(edge)], className="chips"),
                parts.tiles(edge),
            ],
            className="edge-facts",
        )
    # The store holds connections by second, so it can only give their average.
    stored = graph["source"] == "store"
    seconds = max(1.0, (graph["end"] - graph["start"]) / 1e6)
    tiles = [
        parts.tile("Open on average" if stored else "Open now", fmt.count(tcp["open"])),
        parts.tile("Connections", f"{fmt.count(edge['rate'])}/s"),
        parts.tile("Sent", f"{fmt.size(tcp['sent'])}"),
        parts.tile("Received", f"{fmt.size(tcp['received'])}"),
        parts.tile("Throughput", f"{fmt.size((tcp['sent'] + tcp['received']) / seconds)}/s"),
        parts.tile("Time to connect p99", fmt.duration(edge["p99"])),
    ]
    return html.Div(
        [
            html.Div([parts.chip("opaque TCP"), encryption(edge)], className="chips"),
            html.Dl(tiles, className="tiles"),
        ],
        className="edge-facts",
    )


def encryption(edge: Edge) -> Component:
    """Return a chip that says whether calls were encrypted, as far as that was seen."""
    words, look, why = _ENCRYPTION[edge["encrypted"] or "unknown"]
    return html.Span(words, className=f"chip {look}".rstrip(), title=why)


def query(source: str, target: str, failing: bool = False) -> str:
    """Return TraceQL for traces in which ``source`` calls ``target`` directly."""
    wanted = " && status = error" if failing else ""
    return (
        f"{{ resource.service.name = {_quoted(source)} }} > "
        f"{{ resource.service.name = {_quoted(target)}{wanted} }}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def traces(client: Client, source: str, target: str, start: int, end: int) -> list[Component]:
    """Return the slowest traces over the path and the last that failed in its target."""
    limit = str(EXEMPLARS)
    slow = client.exemplars(query(source, target), start, end, order="duration", limit=limit)
    failed = client.exemplars(query(source, target, failing=True), start, end, order="start", limit=limit)
    if not slow and not failed:
        return [
            html.H3("Traces over this path"),
            html.P("No traces of this time are stored.", className="weak"),
        ]
    return [
        html.Div([html.H3(title), html.Ul([_trace(each) for each in found], className="rows")])
        for title, found in (("Slowest traces", slow), ("Failed traces", failed))
        if found
    ]


def _trace(each: TraceLine) -> Component:
    health = "bad" if each["errors"] else "ok"
    return html.Li(
        dcc.Link(
            [
                parts.dot(health),
                parts.name(f"{each['rootService']} {each['rootOperation']}"),
                html.Span(fmt.duration(each["duration"]), className="row-end figure"),
            ],
            href=links.trace(each["traceId"]),
            className="row",
        )
    )


def _unavailable(what: Problem) -> tuple[Component, str]:
    return parts.problem(what), ""


def register(app: Dash, client: Client) -> None:
    """Connect the lists of traces and decisions, which are read from the store with the selection and then
    seldom.
    """

    def asked(ticks: int | None, search: str | None, shown: str | None) -> tuple[GraphView, str, str]:
        view = GraphView.of_search(search)
        # ``shown`` is the class that the callback sets with its first result: without it the first beat would
        # wait.
        if len(view.selected) != 2 or (shown and ctx.triggered_id == "tick" and (ticks or 0) % SLOW_TICKS):
            raise PreventUpdate
        return view, view.source, view.target

    @app.callback(
        Output("selected-traces", "children"),
        Output("selected-traces", "className"),
        Input("tick", "n_intervals"),
        Input("selected", "data"),
        State("url", "search"),
        State("selected-traces", "className"),
    )
    @guarded(_unavailable)
    def exemplars(ticks: int | None, _: Any, search: str | None, shown: str | None) -> Any:
        view, source, target = asked(ticks, search, shown)
        start, end = view.window(time.time())
        return as_static(traces(client, source, target, min(start, end - LOOK_BACK * 1_000_000), end)), SHOWN

    @app.callback(
        Output("selected-decisions", "children"),
        Output("selected-decisions", "className"),
        Input("tick", "n_intervals"),
        Input("selected", "data"),
        State("zone", "data"),
        State("url", "search"),
        State("selected-decisions", "className"),
    )
    @guarded(_unavailable)
    def decisions(
        ticks: int | None, _: Any, zone: fmt.Zone | None, search: str | None, shown: str | None
    ) -> Any:
        _, _, target = asked(ticks, search, shown)
        found = client.decisions(target, DECISIONS)
        told = (
            decision_list(found, zone or 0, int(time.time() * 1e6))
            if found
            else html.P("None: no ejection, no weight change, no change of stage.", className="weak")
        )
        return as_static(
            [
                html.H3(["Balancing decisions about ", parts.name(target)]),
                told,
                dcc.Link("All of its balancing", href=links.balancing(target)),
            ]
        ), SHOWN
