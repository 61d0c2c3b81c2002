"""The list of services beside the chosen one, with their stages and ejections."""

from collections.abc import Mapping, Sequence
from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import links, palette, parts
from proxy.contract.api.decisions import StageView
from proxy.contract.api.graph import Node

LISTED: Final = 100  # services; more are found by name


def destinations(
    stages: Sequence[StageView], nodes: Mapping[str, Node], chosen: str, wanted: str = ""
) -> Component:
    """Return the services whose names contain ``wanted``, each with its stage and ejections."""
    found = sorted(
        (each for each in stages if wanted.strip().lower() in each["service"].lower()),
        key=lambda stage: stage["service"],
    )
    rows = [_row(each, nodes.get(each["service"]), chosen) for each in found[:LISTED]]
    more = len(found) - len(rows)
    note = f"{more} more: narrow them down by name" if more else "" if rows else "No service has this name"
    return html.Div([html.Ul(rows, className="rows"), html.P(note, className="weak small") if note else None])


def _row(stage: StageView, node: Node | None, chosen: str) -> Component:
    service = stage["service"]
    ejected = node["ejected"] if node else 0
    end = [
        parts.chip(f"{ejected} ejected", "bad") if ejected else None,
        parts.stage_chip(stage["stage"], stage["percent"]),
    ]
    return html.Li(
        dcc.Link(
            [
                parts.dot(palette.health(node["success"] if node else None)),
                parts.name(service, 60),
                html.Span(end, className="row-end"),
            ],
            href=links.balancing(service),
            className="row chosen" if service == chosen else "row",
        )
    )


def first(stages: Sequence[StageView], nodes: Mapping[str, Node]) -> str:
    """Return the service to open with: the one with most ejections, else with most endpoints."""

    def rank(stage: StageView) -> tuple[int, int, str]:
        node = nodes.get(stage["service"])
        return (-node["ejected"], -node["endpoints"], stage["service"]) if node else (0, 0, stage["service"])

    return min(stages, key=rank)["service"] if stages else ""
