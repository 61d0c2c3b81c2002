"""The parts of the service page, drawn from what the API said."""

from collections.abc import Callable, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import links, palette, parts
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.graph import Neighbour, Node, Operation, ServicePage, Stats

_HEAD = ("Calls", "Rate", "Success", "p50", "p90", "p99")
_NUMERIC = tuple(range(1, 1 + len(_HEAD)))


def about(node: Node) -> list[Component]:
    """Return kind, stage, sidecar, endpoints, versions and zones of a node, as chips."""
    chips = [parts.chip(node["kind"])]
    if node["kind"] == "service":
        chips += [
            parts.stage_chip(node["stage"], node["percent"]),
            parts.chip("sidecar" if node["sidecar"] else "no sidecar"),
        ]
    if node["ejected"]:
        chips.append(parts.chip(f"{node['ejected']} of {node['endpoints']} endpoints ejected", "bad"))
    chips += [parts.chip(fmt.short(version, 24)) for version in node["versions"][:4]]
    return chips + [parts.chip(fmt.short(zone, 24)) for zone in node["zones"][:4]]


def summary(page: ServicePage) -> Component:
    """Return the numbers of the whole window, or a text that there are none."""
    if not page["stats"]["count"]:
        return parts.empty(
            "No calls of this service in this time",
            ["Choose a longer time, or look at ", dcc.Link("all services", href=links.topology()), "."],
        )
    return parts.tiles(page["stats"])


def neighbours(found: Sequence[Neighbour], href: Callable[[str], str]) -> Component:
    """Return one row for each caller or callee; ``href`` gives the call path of a name."""
    if not found:
        return parts.empty("None in this time")
    rows = [
        html.Tr(
            [
                html.Td(
                    [
                        parts.dot(palette.health(each["success"])),
                        dcc.Link(parts.name(each["name"], 60), href=href(each["name"])),
                        parts.chip(each["protocol"]) if each["protocol"] != "http" else None,
                    ],
                    className="named",
                ),
                *figures(each),
            ]
        )
        for each in found
    ]
    return parts.table(("Service", *_HEAD), rows, "Services", numeric=_NUMERIC)


def figures(stats: Stats) -> list[Component]:
    """Return the cells of ``_HEAD``."""
    return [
        html.Td(fmt.count(stats["count"]), className="num"),
        html.Td(fmt.rate(stats["rate"]), className="num"),
        html.Td(fmt.percent(stats["success"]), className=f"num {palette.health(stats['success'])}"),
        *(
            html.Td(fmt.duration(value), className="num")
            for value in (stats["p50"], stats["p90"], stats["p99"])
        ),
    ]


def operations(page: ServicePage) -> Component:
    """Return the operations of the service, the most frequent first, each with its traces."""
    if not page["operations"]:
        return parts.empty(
            "No spans of this service in this time",
            "Operations are counted from spans: of its sidecar, or of an OpenTelemetry SDK.",
        )
    rows = [_operation(page["service"], each) for each in page["operations"]]
    return parts.table(("Operation", *_HEAD, ""), rows, "Operations", numeric=_NUMERIC)


def _operation(service: str, each: Operation) -> Component:
    traces = links.traces(TraceQuery(service=service, operation=each["name"]).search())
    kind = parts.chip(each["kind"]) if each["kind"] != "server" else None
    return html.Tr(
        [
            html.Td([parts.name(each["name"], 90), kind], className="named"),
            *figures(each),
            html.Td(
                dcc.Link("Traces", href=traces, title=f"Traces of {fmt.short(each['name'], 90)}"),
                className="num",
            ),
        ]
    )
