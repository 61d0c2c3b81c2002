"""The page ``/balancing``: each service's endpoints, the decisions about them, and its stage."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.balancing import (
    advice,
    decisions,
    destinations,
    effect,
    endpoints,
    stage_history,
    stage_now,
    stage_switch,
)
from dashboard.balancing.states import lanes
from dashboard.components import links, parts
from dashboard.components.error_boundary import guarded
from dashboard.components.static_html import as_static
from proxy.contract.api.decisions import Decision, StageView

WINDOWS_US: Final = (900_000_000, 3_600_000_000)  # of the strips: the first that has all, or the last
DECISIONS: Final = 500  # asked for
SHOWN: Final = 50
# The live panels, in the order in which ``panels`` fills them.
_PANELS: Final = ("now", "endpoints", "states", "effect", "advice", "decisions", "history")


def layout(search: str | None) -> Component:
    """Return the list of services beside the chosen one; the callbacks fill both."""
    title = html.Div(
        [
            html.H1("Balancing"),
            html.P("Endpoints, decisions about them, and how much the mesh may route.", className="weak"),
        ],
        className="page-head",
    )
    services = html.Nav(
        [_finder(), html.Div(parts.loading(), id="destinations")],
        className="card destinations",
        **parts.label("Services"),
    )
    chosen = html.Div(parts.card(parts.loading()), id="destination")
    known = dcc.Store(id="destinations-known", data=False)
    return html.Div([known, title, html.Div([services, chosen], className="balancing")], className="page")


def _finder() -> Component:
    return html.Label(
        [
            html.Span("Find a service", className="visually-hidden"),
            dcc.Input(
                id="destinations-find", type="search", placeholder="Find a service", autoComplete="off"
            ),
        ]
    )


def frame(service: str, stage: StageView | None) -> list[Component]:
    """Return the parts that stay while numbers refresh: title, switch, and a panel for each live part."""
    compared = [
        _panel("Direct against routed", "effect", "last 60 s"),
        _panel("What the mesh would have done", "advice"),
    ]
    return [
        dcc.Store(id="destination-name", data=service),
        parts.card([_head(service), html.Div(id="destination-now"), stage_switch.layout(stage)]),
        _panel("Endpoints", "endpoints", "last 60 s", "flush"),
        _panel("Ejections over time", "states"),
        html.Div(
            [html.Div(compared, className="stack"), _panel("Decisions", "decisions")], className="columns"
        ),
        _panel("Changes of the stage", "history", class_name="flush"),
    ]


def _panel(title: str, name: str, aside: str = "", class_name: str = "") -> Component:
    return parts.card(
        html.Div(parts.loading(), id=f"destination-{name}"),
        title,
        html.Span(aside, className="weak") if aside else None,
        class_name=class_name,
    )


def _head(service: str) -> Component:
    shortcuts = [
        dcc.Link("Service", href=links.service_page(service), className="button"),
        dcc.Link("In the graph", href=links.topology(service), className="button"),
    ]
    return html.Div(
        [
            html.Div([html.P("Destination", className="eyebrow"), html.H2(parts.name(service))]),
            html.Div(shortcuts, className="shortcuts"),
        ],
        className="panel-head",
    )


def register(app: Dash, client: Client) -> None:
    """Register the callbacks: the chosen service follows the URL, its numbers the interval."""
    stage_switch.register(app, client)

    # ``destinations-known`` changes when services come or go, and only then is the frame drawn anew.
    @app.callback(
        Output("destinations", "children"),
        Output("destinations-known", "data"),
        Input("tick", "n_intervals"),
        Input("url", "search"),
        Input("destinations-find", "value"),
        State("destinations-known", "data"),
    )
    @guarded(lambda what: (parts.problem(what), no_update))
    def list_destinations(
        _: int | None, search: str | None, wanted: str | None, known: bool
    ) -> tuple[Any, Any]:
        stages = client.stages()
        # Stages and nodes are two replies: a service may be in one and not yet in the other.
        nodes = {node["name"]: node for node in client.services()}
        # no_update, or each beat would draw the frame anew and take the focus out of the stage's form.
        changed = bool(stages) if bool(stages) != known else no_update
        if not stages:
            return parts.empty("No services yet"), changed
        chosen = links.service(search) or destinations.first(stages, nodes)
        return as_static(destinations.destinations(stages, nodes, chosen, wanted or "")), changed

    @app.callback(
        Output("destination", "children"), Input("url", "search"), Input("destinations-known", "data")
    )
    @guarded(lambda what: parts.card(parts.problem(what)))
    def open_destination(search: str | None, _: bool) -> Any:
        stages = client.stages()
        nodes = {node["name"]: node for node in client.services()}
        service = links.service(search) or destinations.first(stages, nodes)
        if not service:
            return parts.card(parts.no_traffic())
        return frame(service, next((stage for stage in stages if stage["service"] == service), None))

    @app.callback(
        *(Output(f"destination-{name}", "children") for name in _PANELS),
        Input("tick", "n_intervals"),
        Input("zone", "data"),
        # After a change of the stage the panels follow at once, not with the next beat.
        Input("stage-result", "children"),
        State("destination-name", "data"),
    )
    def refresh(_: int | None, zone: fmt.Zone | None, __: Any, service: str) -> tuple[Any, ...]:
        return panels(client, service, zone or 0, int(time.time() * 1_000_000))


def panels(client: Client, service: str, zone: fmt.Zone, now_us: int) -> tuple[Any, ...]:
    """Return the content of each of ``_PANELS``; one that cannot be filled says so and leaves the others."""

    def stage() -> StageView | None:
        return next((each for each in client.stages() if each["service"] == service), None)

    def decided() -> list[Decision]:
        # Called by three panels; the client shares the reply.
        return client.decisions(service, DECISIONS)

    def states() -> Component:
        addresses = [each["address"] for each in client.endpoints(service)]
        since = now_us - window(decided(), now_us)
        return endpoints.over_time(lanes(decided(), addresses, since, now_us), since, now_us, zone)

    drawn: tuple[Callable[[], Any], ...] = (
        lambda: stage_now.now(stage(), now_us),
        lambda: endpoints.table(client.endpoints(service), now_us),
        states,
        lambda: effect.effect(stage()),
        lambda: advice.advice(stage()),
        lambda: decisions.decisions(decided()[:SHOWN], zone, now_us),
        lambda: stage_history.history(stage(), zone, now_us),
    )
    return tuple(as_static(parts.attempt(draw)) for draw in drawn)


def window(decided: Sequence[Decision], now_us: int) -> int:
    """Return how far back the strips go, in microseconds: the shorter window that holds all decisions."""
    oldest = min((each["time"] for each in decided), default=0)
    # ``default=0`` above is older than both windows, so a service without decisions gets the longer one.
    return next((each for each in WINDOWS_US if oldest >= now_us - each), WINDOWS_US[-1])
