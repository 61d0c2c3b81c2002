"""``/balancing``: where each service's traffic goes, why, and how far the mesh may choose."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.client import Client
from dashboard.figures import palette
from dashboard.model import Node, StageView
from dashboard.pages import balancing_views, links, parts, stage_switch
from dashboard.pages.guard import Problem, guarded


def layout(search: str | None) -> Component:
    """The services beside the chosen one; both are filled by the callbacks."""
    return html.Div([
        dcc.Store(id="destinations-known", data=False),
        html.Div([html.H1("Balancing"),
                  html.P("Endpoints, what the mesh decided about them, and how far it may choose.",
                         className="weak")], className="page-head"),
        html.Div([
            html.Nav(parts.loading(), id="destinations", className="card destinations",
                     **parts.label("Services")),
            html.Div(parts.card(parts.loading()), id="destination"),
        ], className="balancing"),
    ], className="page")


def destinations(stages: Sequence[StageView], nodes: Mapping[str, Node], chosen: str) -> Component:
    """Every service with its stage; those with ejected endpoints are marked."""
    rows = []
    for each in sorted(stages, key=lambda stage: stage["service"]):
        node = nodes.get(each["service"])
        ejected = node["ejected"] if node else 0
        rows.append(html.Li(dcc.Link([
            parts.dot(palette.health(node["success"] if node else None)),
            parts.name(each["service"], 60),
            html.Span([parts.chip(f"{ejected} ejected", "bad") if ejected else None,
                       parts.stage_chip(each["stage"], each["percent"])], className="row-end"),
        ], href=links.balancing(each["service"]),
        className="row chosen" if each["service"] == chosen else "row")))
    return html.Ul(rows, className="rows")


def first(stages: Sequence[StageView], nodes: Mapping[str, Node]) -> str:
    """The service to open with: one with an ejection, else the one with most endpoints."""
    def rank(stage: StageView) -> tuple[int, int, str]:
        node = nodes.get(stage["service"])
        return (-node["ejected"], -node["endpoints"], stage["service"]) if node else (0, 0, stage["service"])

    return min(stages, key=rank)["service"] if stages else ""


def frame(service: str, stage: StageView | None) -> list[Component]:
    """What stays while numbers refresh: title and switch, with places for the live parts."""
    return [
        dcc.Store(id="destination-name", data=service),
        parts.card([
            html.Div([
                html.Div([html.P("Destination", className="eyebrow"), html.H2(parts.name(service))]),
                html.Div([
                    dcc.Link("In the graph", href=links.topology(service), className="button"),
                ], className="shortcuts"),
            ], className="panel-head"),
            html.Div(id="destination-now"),
            stage_switch.layout(stage),
        ]),
        parts.card(html.Div(parts.loading(), id="destination-endpoints"), "Endpoints",
                   html.Span("last 60 s", className="weak"), class_name="flush"),
        html.Div([
            parts.card(html.Div(parts.loading(), id="destination-effect"), "Direct against routed"),
            parts.card(html.Div(parts.loading(), id="destination-decisions"), "Decisions"),
        ], className="columns"),
    ]


def _unavailable(what: Problem) -> tuple[Any, ...]:
    return parts.problem(what), no_update, no_update, no_update


def register(app: Dash, client: Client) -> None:
    """The chosen service follows the URL, its numbers the interval."""
    stage_switch.register(app, client)

    # ``destinations-known`` changes when services come or go, and only then is the frame drawn anew.
    @app.callback(Output("destinations", "children"), Output("destinations-known", "data"),
                  Input("tick", "n_intervals"), Input("url", "search"), State("destinations-known", "data"))
    @guarded(lambda what: (parts.problem(what), no_update))
    def list_destinations(_: int | None, search: str | None, known: bool) -> tuple[Any, Any]:
        stages = client.stages()
        nodes = {node["name"]: node for node in client.services()}
        changed = bool(stages) if bool(stages) != known else no_update
        if not stages:
            return parts.empty("No services yet"), changed
        return destinations(stages, nodes, links.service(search) or first(stages, nodes)), changed

    @app.callback(Output("destination", "children"), Input("url", "search"),
                  Input("destinations-known", "data"))
    @guarded(lambda what: parts.card(parts.problem(what)))
    def open_destination(search: str | None, _: bool) -> Any:
        stages = client.stages()
        nodes = {node["name"]: node for node in client.services()}
        service = links.service(search) or first(stages, nodes)
        if not service:
            return parts.card(parts.no_traffic())
        return frame(service, next((stage for stage in stages if stage["service"] == service), None))

    @app.callback(
        Output("destination-endpoints", "children"), Output("destination-effect", "children"),
        Output("destination-decisions", "children"), Output("destination-now", "children"),
        Input("tick", "n_intervals"), Input("zone", "data"), Input("stage-result", "children"),
        State("destination-name", "data"))
    @guarded(_unavailable)
    def refresh(_: int | None, zone: int | None, __: Any, service: str) -> tuple[Any, ...]:
        now_us = int(time.time() * 1_000_000)
        stage = next((each for each in client.stages() if each["service"] == service), None)
        return (
            balancing_views.endpoints(client.endpoints(service), now_us),
            balancing_views.effect(stage),
            balancing_views.decisions(client.decisions(service, 50), zone or 0, now_us),
            _now(stage, now_us),
        )


def _now(stage: StageView | None, now_us: int) -> Component:
    if stage is None:
        return parts.empty("The mesh does not know this service",
                           "Start its sidecar, or choose another service from the list.")
    origin = {"default": "by default", "mesh.yaml": "set in mesh.yaml", "api": "set here or over the API"}
    words = origin.get(stage["origin"], stage["origin"])
    since = f", {fmt.age(stage['updated'], now_us)}" if stage["updated"] else ""
    return html.P([parts.stage_chip(stage["stage"], stage["percent"]), html.Span(f" now, {words}{since}. "),
                   html.Span(parts.STAGE_WORDS.get(stage["stage"], ""), className="weak")],
                   className="stage-now")
