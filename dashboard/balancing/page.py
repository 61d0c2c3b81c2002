"""``/balancing``: where each service's traffic goes, why, and how far the mesh may choose."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.balancing import decisions, effect, endpoints, stage_switch
from dashboard.balancing.states import lanes
from dashboard.components import links, palette, parts
from dashboard.components.error_boundary import guarded
from dashboard.components.static_html import plain
from proxy.contract.api.decisions import Decision, StageView
from proxy.contract.api.graph import Node
from proxy.contract.decisions.kinds import StageOrigin

WINDOWS_US: Final = (900_000_000, 3_600_000_000)  # of the strips: the first that has all, or the last
DECISIONS: Final = 500  # asked for
SHOWN: Final = 50
LISTED: Final = 100  # services; more are found by name
_PLACES: Final = ("now", "endpoints", "states", "effect", "advice", "decisions", "history")


def layout(search: str | None) -> Component:
    """The services beside the chosen one; both are filled by the callbacks."""
    return html.Div(
        [
            dcc.Store(id="destinations-known", data=False),
            html.Div(
                [
                    html.H1("Balancing"),
                    html.P(
                        "Endpoints, what the mesh decided about them, and how far it may choose.",
                        className="weak",
                    ),
                ],
                className="page-head",
            ),
            html.Div(
                [
                    html.Nav(
                        [
                            html.Label(
                                [
                                    html.Span("Find a service", className="visually-hidden"),
                                    dcc.Input(
                                        id="destinations-find",
                                        type="search",
                                        placeholder="Find a service",
                                        autoComplete="off",
                                    ),
                                ]
                            ),
                            html.Div(parts.loading(), id="destinations"),
                        ],
                        className="card destinations",
                        **parts.label("Services"),
                    ),
                    html.Div(parts.card(parts.loading()), id="destination"),
                ],
                className="balancing",
            ),
        ],
        className="page",
    )


def destinations(
    stages: Sequence[StageView], nodes: Mapping[str, Node], chosen: str, wanted: str = ""
) -> Component:
    """The services whose names have ``wanted`` in them, each with its stage; ejections are marked."""
    found = sorted(
        (each for each in stages if wanted.strip().lower() in each["service"].lower()),
        key=lambda stage: stage["service"],
    )
    rows = []
    for each in found[:LISTED]:
        node = nodes.get(each["service"])
        ejected = node["ejected"] if node else 0
        rows.append(
            html.Li(
                dcc.Link(
                    [
                        parts.dot(palette.health(node["success"] if node else None)),
                        parts.name(each["service"], 60),
                        html.Span(
                            [
                                parts.chip(f"{ejected} ejected", "bad") if ejected else None,
                                parts.stage_chip(each["stage"], each["percent"]),
                            ],
                            className="row-end",
                        ),
                    ],
                    href=links.balancing(each["service"]),
                    className="row chosen" if each["service"] == chosen else "row",
                )
            )
        )
    more = len(found) - len(rows)
    said = f"{more} more: narrow them down by name" if more else "" if rows else "No service has this name"
    return html.Div([html.Ul(rows, className="rows"), html.P(said, className="weak small") if said else None])


def first(stages: Sequence[StageView], nodes: Mapping[str, Node]) -> str:
    """The service to open with: one with an ejection, else the one with most endpoints."""

    def rank(stage: StageView) -> tuple[int, int, str]:
        node = nodes.get(stage["service"])
        return (-node["ejected"], -node["endpoints"], stage["service"]) if node else (0, 0, stage["service"])

    return min(stages, key=rank)["service"] if stages else ""


def frame(service: str, stage: StageView | None) -> list[Component]:
    """What stays while numbers refresh: title and switch, with places for the live parts."""

    def panel(title: str, place: str, aside: str = "", class_name: str = "") -> Component:
        return parts.card(
            html.Div(parts.loading(), id=f"destination-{place}"),
            title,
            html.Span(aside, className="weak") if aside else None,
            class_name=class_name,
        )

    return [
        dcc.Store(id="destination-name", data=service),
        parts.card(
            [
                html.Div(
                    [
                        html.Div([html.P("Destination", className="eyebrow"), html.H2(parts.name(service))]),
                        html.Div(
                            [
                                dcc.Link("Service", href=links.service_page(service), className="button"),
                                dcc.Link("In the graph", href=links.topology(service), className="button"),
                            ],
                            className="shortcuts",
                        ),
                    ],
                    className="panel-head",
                ),
                html.Div(id="destination-now"),
                stage_switch.layout(stage),
            ]
        ),
        panel("Endpoints", "endpoints", "last 60 s", "flush"),
        panel("Ejections over time", "states"),
        html.Div(
            [
                html.Div(
                    [
                        panel("Direct against routed", "effect", "last 60 s"),
                        panel("What the mesh would have done", "advice"),
                    ],
                    className="stack",
                ),
                panel("Decisions", "decisions"),
            ],
            className="columns",
        ),
        panel("Changes of the stage", "history", class_name="flush"),
    ]


def register(app: Dash, client: Client) -> None:
    """The chosen service follows the URL, its numbers the interval."""
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
        nodes = {node["name"]: node for node in client.services()}
        changed = bool(stages) if bool(stages) != known else no_update
        if not stages:
            return parts.empty("No services yet"), changed
        chosen = links.service(search) or first(stages, nodes)
        return plain(destinations(stages, nodes, chosen, wanted or "")), changed

    @app.callback(
        Output("destination", "children"), Input("url", "search"), Input("destinations-known", "data")
    )
    @guarded(lambda what: parts.card(parts.problem(what)))
    def open_destination(search: str | None, _: bool) -> Any:
        stages = client.stages()
        nodes = {node["name"]: node for node in client.services()}
        service = links.service(search) or first(stages, nodes)
        if not service:
            return parts.card(parts.no_traffic())
        return frame(service, next((stage for stage in stages if stage["service"] == service), None))

    @app.callback(
        *(Output(f"destination-{place}", "children") for place in _PLACES),
        Input("tick", "n_intervals"),
        Input("zone", "data"),
        Input("stage-result", "children"),
        State("destination-name", "data"),
    )
    def refresh(_: int | None, zone: int | None, __: Any, service: str) -> tuple[Any, ...]:
        return panels(client, service, zone or 0, int(time.time() * 1_000_000))


def panels(client: Client, service: str, zone: int, now_us: int) -> tuple[Any, ...]:
    """What is in ``_PLACES``; a panel that cannot be filled says so and leaves the others standing."""

    def stage() -> StageView | None:
        return next((each for each in client.stages() if each["service"] == service), None)

    def decided() -> list[Decision]:
        return client.decisions(service, DECISIONS)

    def states() -> Component:
        addresses = [each["address"] for each in client.endpoints(service)]
        since = now_us - window(decided(), now_us)
        return endpoints.over_time(lanes(decided(), addresses, since, now_us), since, now_us, zone)

    drawn: tuple[Callable[[], Any], ...] = (
        lambda: _now(stage(), now_us),
        lambda: endpoints.table(client.endpoints(service), now_us),
        states,
        lambda: effect.effect(stage()),
        lambda: effect.advice(stage()),
        lambda: decisions.decisions(decided()[:SHOWN], zone, now_us),
        lambda: effect.history(stage(), zone, now_us),
    )
    return tuple(plain(parts.attempted(draw)) for draw in drawn)


def window(decided: Sequence[Decision], now_us: int) -> int:
    """How far back the strips go, in microseconds: the shorter one when nothing was decided before it."""
    oldest = min((each["time"] for each in decided), default=0)
    return next((each for each in WINDOWS_US if oldest >= now_us - each), WINDOWS_US[-1])


def _now(stage: StageView | None, now_us: int) -> Component:
    if stage is None:
        return parts.empty(
            "The mesh does not know this service",
            "Start its sidecar, or choose another service from the list.",
        )
    words: Mapping[str, str] = {
        StageOrigin.DEFAULT: "by default",
        StageOrigin.FILE: "set in mesh.yaml",
        StageOrigin.API: "set here or over the API",
        StageOrigin.GUARD: "turned back by the guard",
    }
    set_by = words.get(stage["origin"], stage["origin"])
    since = f", {fmt.age(stage['updated'], now_us)}" if stage["updated"] else ""
    return html.Div(
        [
            html.P(
                [
                    parts.stage_chip(stage["stage"], stage["percent"]),
                    html.Span(f" now, {set_by}{since}. "),
                    html.Span(parts.STAGE_WORDS.get(stage["stage"], ""), className="weak"),
                ]
            ),
            effect.guard(stage),
        ],
        className="stage-now",
    )
