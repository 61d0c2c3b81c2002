"""``/``: the graph. The URL says what is shown (``graph_url``); ``panel`` is beside it.

The server sends a picture, afterwards what differs (``picture``); ``assets/topology.js`` draws it.
"""

import json
import time
from typing import Any, Final

import dash_cytoscape
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import palette, parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.graph_layout import CROWDED
from dashboard.components.static_html import as_static
from dashboard.topology import data, panel, stylesheet, toolbar
from dashboard.topology.figure import Look
from dashboard.topology.graph_delta import NodePlaces, Pictures, draw_picture
from dashboard.topology.graph_url import GraphView
from dashboard.topology.subgraph import Matched, idle, matched
from proxy.contract.api.graph import Graph

# Windows are compared in the store, and to draw many nodes takes a while: both only every so many ticks.
SLOW_TICKS: Final = 5

_SPOKEN: Final[dict[str, Any]] = {"aria-live": "polite"}

Held = dict[str, Any]  # key, version and count of nodes of the picture that the browser shows, or ``drawing``


def layout(search: str | None) -> Component:
    """Return the graph beside its panel, filled by the callbacks."""
    view = GraphView.of_search(search)
    return html.Div(
        [
            dcc.Store(id="picture"),
            dcc.Store(id="held"),
            dcc.Store(id="again"),
            dcc.Store(id="steered"),
            dcc.Store(id="fields", data=toolbar.FIELDS),
            dcc.Store(id="styles", data={theme: stylesheet.stylesheet(theme) for theme in ("light", "dark")}),
            dcc.Download(id="graph-file"),
            html.H1("Topology", className="visually-hidden"),
            html.Section(
                [
                    toolbar.toolbar(view),
                    html.Div(id="graph-summary"),
                    _frame(),
                    toolbar.timebar(),
                    html.Details(as_static(toolbar.legend(view)), id="legend", className="legend", open=True),
                ],
                className="graph card",
            ),
            html.Aside(panel.layout(), id="panel", className="panel card", **parts.label("Details")),
        ],
        className="topology",
    )


def _frame() -> Component:
    """Return the canvas of the graph with what lies over it."""
    graph = dash_cytoscape.Cytoscape(
        id="graph",
        elements=[],
        stylesheet=[],
        # Far enough out for a graph of a thousand nodes.
        minZoom=0.02,
        maxZoom=2.5,
        # Places come from the server (``graph_layout``), the view is set by topology.js.
        layout={"name": "preset", "fit": False},
        autoRefreshLayout=False,
        # The selection is in the URL; Cytoscape's own would be a second one.
        autounselectify=True,
        style={"width": "100%", "height": "100%"},
        boxSelectionEnabled=False,
    )
    return html.Div(
        [
            html.Div(
                graph,
                id="graph-canvas",
                className="graph-canvas",
                tabIndex="0",
                role="application",
                **parts.label(
                    "Graph of services and calls. Arrow keys go from node to node, Enter "
                    "selects, plus and minus zoom. The list beside it has the same content."
                ),
            ),
            html.Div(
                parts.loading("Asking the collector…"),
                id="graph-state",
                className="graph-state",
            ),
            html.Div(
                [
                    _button("zoom-in", "+", "Zoom in"),
                    _button("zoom-out", "−", "Zoom out"),
                    _button("zoom-fit", "Fit", "Show the whole graph"),
                ],
                className="graph-tools",
                role="group",
                **parts.label("Zoom"),
            ),
            html.Div(id="graph-cursor", className="visually-hidden", **_SPOKEN),
        ],
        className="graph-frame",
    )


def _button(button_id: str, text: str, label: str) -> Component:
    return html.Button(text, id=button_id, className="icon-button", title=label, **parts.label(label))


def _summary(graph: Graph, view: GraphView) -> list[Component]:
    services = sum(node["kind"] == "service" for node in graph["nodes"])
    total = sum(edge["rate"] for edge in graph["edges"])
    ejected = sum(node["ejected"] for node in graph["nodes"])
    return [
        html.Span([html.Strong(str(services)), " services"]),
        html.Span([html.Strong(str(len(graph["edges"]))), " call paths"]),
        html.Span([html.Strong(fmt.count(total)), " calls/s"]),
        html.Span([html.Strong(str(ejected)), " ejected"], className="bad" if ejected else ""),
        *(html.Span(problem, className="bad", role="alert") for problem in view.problems),
        html.Span(
            f"{'window of' if view.at else 'last'} {fmt.span(graph['end'] - graph['start'])}",
            className="weak",
        ),
    ]


def _look(view: GraphView, scene: data.Scene, found: Matched, hidden: Matched) -> Look:
    quiet = Matched() if view.idle else idle(scene.graph)
    return Look(
        limits=palette.Thresholds(view.warn / 100, view.bad / 100, view.slow),
        label=view.label,
        chosen=view.selected,
        found=found if view.find.strip() and found.error is None else None,
        hidden=Matched(hidden.nodes | quiet.nodes, hidden.edges | quiet.edges),
        path=view.path,
        nodes=scene.nodes,
        edges=scene.edges,
    )


def _unavailable(what: Problem) -> tuple[Any, ...]:
    # The old picture stays under the message: a graph of a minute ago says more than an empty frame.
    return no_update, parts.problem(what, "over"), no_update, no_update, no_update


def _may_wait(view: GraphView, ticks: int | None, held: Held | None, state: Any) -> bool:
    """True if a beat needs no answer: the past does not change, and comparisons and large graphs are
    expensive.
    """
    # A new URL is answered at once; so is a beat while nothing is drawn, or while a message lies over the
    # graph.
    if ctx.triggered_id != "tick" or not held or state:
        return False
    # The browser still draws the last picture: another one would only queue up behind it.
    if held.get("drawing"):
        return True
    dear = view.compared or held["count"] >= CROWDED
    return bool(view.at) or (dear and bool((ticks or 0) % SLOW_TICKS))


def register(app: Dash, client: Client) -> None:
    """Connect the graph to the beat and the URL; theme, zoom and drawing stay in the browser."""
    panel.register(app, client)
    # Shared by all browsers: who looks at the same part sees the nodes at the same places.
    pictures, standing = Pictures(), NodePlaces()

    @app.callback(
        Output("picture", "data"),
        Output("graph-state", "children"),
        Output("graph-summary", "children"),
        Output("said-find", "children"),
        Output("said-hide", "children"),
        Input("tick", "n_intervals"),
        Input("url", "search"),
        Input("again", "data"),
        State("held", "data"),
        State("graph-state", "children"),
    )
    @guarded(_unavailable)
    def refresh(ticks: int | None, search: str | None, _: Any, held: Held | None, state: Any) -> Any:
        view = GraphView.of_search(search)
        if _may_wait(view, ticks, held, state):
            raise PreventUpdate
        scene = data.scene(client, view, time.time())
        graph = scene.graph
        found, hidden = matched(graph, view.find), matched(graph, view.hide)
        groups = data.groups(graph, view.group)
        places = standing.layout(data.part(view, groups), graph, groups)
        picture = draw_picture(graph, places, _look(view, scene, found, hidden), groups)
        reply = pictures.reply(picture, held)
        if reply is not None:
            reply |= {"part": data.part(view, groups), "names": scene.names if view.focus else []}
        return (
            # A text: the page's machinery would walk through every value of an object.
            no_update if reply is None else json.dumps(reply, separators=(",", ":")),
            None if graph["nodes"] else data.empty(view),
            as_static(html.Div(_summary(graph, view), className="graph-summary")),
            toolbar.match_note(view.find, found, "Found"),
            toolbar.match_note(view.hide, hidden, "Hidden:"),
        )

    @app.callback(
        Output("graph-file", "data"),
        Input("export-json", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    @guarded(lambda _: no_update)
    def save(_: int | None, search: str | None) -> Any:
        scene = data.scene(client, GraphView.of_search(search), time.time())
        text = json.dumps({"view": search or "", **scene.graph}, indent=1)
        return {"content": text, "filename": "topology.json", "type": "application/json"}

    @app.callback(Output("legend", "children"), Input("url", "search"), prevent_initial_call=True)
    def explain(search: str | None) -> parts.Children:
        return as_static(toolbar.legend(GraphView.of_search(search)))

    _in_browser(app)


def _in_browser(app: Dash) -> None:
    for output, name, sources in (
        (Output("graph", "stylesheet"), "stylesheet", [Input("theme", "data"), Input("styles", "data")]),
        (Output("held", "data"), "draw", [Input("picture", "data"), State("held", "data")]),
        (Output("steered", "data"), "steer", [Input("url", "search"), Input("fields", "data")]),
    ):
        in_browser(app, name, output, *sources)
    in_browser(
        app,
        "select",
        Output("steered", "data", allow_duplicate=True),
        Input("graph", "tapNodeData"),
        Input("graph", "tapEdgeData"),
        prevent_initial_call=True,
    )
    in_browser(
        app,
        "zoom",
        Output("zoom-fit", "title"),
        Input("zoom-in", "n_clicks"),
        Input("zoom-out", "n_clicks"),
        Input("zoom-fit", "n_clicks"),
        prevent_initial_call=True,
    )
    in_browser(
        app,
        "exported",
        Output("export-png", "title"),
        Input("export-png", "n_clicks"),
        Input("export-svg", "n_clicks"),
        prevent_initial_call=True,
    )
