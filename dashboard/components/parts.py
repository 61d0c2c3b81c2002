"""Building blocks of all pages: cards, tiles, chips, names, and the states of a panel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import charts, palette
from dashboard.components.error_boundary import Problem, guarded
from proxy.contract.api.graph import Stats
from proxy.contract.model import Stage

Children = Any  # what Dash takes as children: None, text, a component or a list of them

STAGE_WORDS: Final[Mapping[str, str]] = {
    Stage.OBSERVE: "Observe: traffic goes where the application sent it; the mesh only watches.",
    Stage.ADVISE: "Advise: as observe, and the mesh shows what it would have done.",
    Stage.ROUTE: "Route: the mesh chooses the endpoint for the given share of requests.",
}

HIDDEN: Final[dict[str, Any]] = {"aria-hidden": "true"}  # decoration, of no use to a screen reader

WITHIN: Final[dict[str, Any]] = {"data-link": ""}  # a link to another page of ours (static_html.js)


def label(text: str) -> dict[str, Any]:
    """Return an element's accessible name, to be spread into its arguments."""
    return {"aria-label": text}


def data(**given: str) -> dict[str, Any]:
    """Return ``data-…`` attributes, by which a page's script knows what a button does."""
    return {f"data-{key}": value for key, value in given.items()}


def labelled_by(element_id: str) -> dict[str, Any]:
    """Return an accessible name whose words are in another element."""
    return {"aria-labelledby": element_id}


def pressed(on: bool) -> dict[str, Any]:
    """Return the attribute of a toggle button."""
    return {"aria-pressed": str(on).lower()}


def name(text: str, limit: int = 80) -> Component:
    """Return a name from outside: shown as it is, in its own writing direction, cut when very long."""
    return html.Bdi(fmt.short(text, limit), className="name", title=text)


def card(
    children: Children, title: str = "", aside: Children = None, class_name: str = "", **given: Any
) -> Component:
    """Return a panel, with a title row when it has one."""
    head = html.Header([html.H2(title), html.Div(aside, className="card-aside")]) if title else None
    inside = [head, *children] if isinstance(children, list) else [head, children]
    return html.Section(inside, className=f"card {class_name}".rstrip(), **given)


def tile(what: str, value: str, health: str = "") -> Component:
    """Return one number and its caption."""
    return html.Div([html.Dt(what), html.Dd(value, className=health)], className="tile")


def tiles(stats: Stats) -> Component:
    """Return the four numbers of traffic."""
    return html.Dl(
        [
            tile("Rate", fmt.rate(stats["rate"])),
            tile("Success", fmt.percent(stats["success"]), palette.health(stats["success"])),
            tile("p50", fmt.duration(stats["p50"])),
            tile("p99", fmt.duration(stats["p99"])),
        ],
        className="tiles",
    )


def chip(text: str, look: str = "") -> Component:
    return html.Span(text, className=f"chip {look}".rstrip())


def stage_chip(stage: str, percent: int) -> Component:
    return chip(f"route {percent} %" if stage == Stage.ROUTE else stage, f"stage-{stage}")


def dot(health: str) -> Component:
    """Return a health mark: a colour and, for those who do not see it, a shape and a text."""
    words = {"ok": "healthy", "warn": "degraded", "bad": "failing", "idle": "no traffic"}
    return html.Span(className=f"dot {health}", title=words[health], role="img", **label(words[health]))


def swatch(colour: str) -> Component:
    return html.Span(className="swatch", style={"backgroundColor": colour}, **HIDDEN)


def chart(title: str, chart_id: str, height: int) -> Component:
    """Return a titled chart of ``height`` pixels, empty until a callback fills ``chart_id``."""
    # With its final height, so that nothing below moves when the chart is filled.
    blank = charts.figure([], height, {"visible": False}, {"visible": False})
    return html.Figure(
        [
            html.Figcaption(title),
            dcc.Graph(id=chart_id, figure=blank, config=charts.CONFIG, style={"height": f"{height}px"}),
        ],
        className="chart",
        **label(title),
    )


def empty(sentence: str, fix: Children = None, class_name: str = "") -> Component:
    """Return a panel with nothing to show yet, and what to do about it."""
    return html.Div(
        [html.P(sentence, className="state-title"), html.P(fix) if fix else None],
        className=f"state {class_name}".rstrip(),
        role="status",
    )


def problem(what: Problem, class_name: str = "") -> Component:
    """Return a panel that could not be filled, and the fix."""
    return html.Div(
        [html.P(what.sentence, className="state-title"), html.P(what.fix)],
        className=f"state state-error {class_name}".rstrip(),
        role="alert",
    )


def attempt(draw: Callable[[], Children]) -> Children:
    """Return a panel as drawn, or its error, so that one that fails leaves the others as they are."""
    return guarded(problem)(draw)()


def loading(text: str = "Loading…") -> Component:
    return html.Div([html.Span(className="spinner", **HIDDEN), text], className="state", role="status")


def code(text: str) -> Component:
    return html.Code(text)


def no_traffic(class_name: str = "") -> Component:
    """Return the empty state of a mesh without traffic."""
    fix = [
        "Run a program of yours with a sidecar:",
        html.Br(),
        code("spanmesh run --service NAME --port PORT -- CMD …"),
        html.Br(),
        "or run the example shop:",
        html.Br(),
        code("spanmesh demo"),
    ]
    return empty("No traffic yet", fix, class_name)


def table(
    head: Sequence[Children], rows: Sequence[Component], what: str, numeric: Sequence[int] = ()
) -> Component:
    """Return a table that scrolls sideways in its own frame; ``numeric`` columns are right-aligned."""
    heads = [
        html.Th(text, scope="col", className="num" if at in numeric else "") for at, text in enumerate(head)
    ]
    whole = html.Table([html.Thead(html.Tr(heads)), html.Tbody(list(rows))], **label(what))
    return html.Div(whole, className="table-frame")


def pairs(items: Sequence[tuple[str, str]]) -> Component:
    """Return keys and values, values in monospace and breaking anywhere."""
    return html.Dl(
        [html.Div([html.Dt(name(key)), html.Dd(html.Bdi(fmt.short(value, 2000)))]) for key, value in items],
        className="pairs",
    )
