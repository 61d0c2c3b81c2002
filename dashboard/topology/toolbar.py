"""Around the graph: find and hide, focus, labels, colours, time and export.

The controls' ids are ``view-`` and the name of the URL's parameter; ``assets/topology_toolbar.js``
writes what they say into the URL, and what the URL says into them.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.components import parts
from dashboard.topology.graph_filter import FLAGS, NUMBERS, WORDS
from dashboard.topology.graph_url import EARLIER, GROUPS, HOPS, LABELS, SPANS, WAYS, GraphView

REACHES: Final[Mapping[int, str]] = {3600: "1 h", 21_600: "6 h", 86_400: "1 day", 604_800: "1 week"}
FRAMES: Final[Mapping[int, str]] = {10: "10 s", 60: "1 min", 300: "5 min"}
# What the boxes complete: numbers are compared, words contain, flags take no value.
FIELDS: Final = {"numbers": list(NUMBERS), "words": list(WORDS), "flags": list(FLAGS)}


def toolbar(view: GraphView) -> Component:
    """Return the controls above the graph: what of it is shown."""
    return html.Div(
        [
            _box("find", "Find", view.find, "error > 1%"),
            _box("hide", "Hide", view.hide, "kind = external"),
            _text("focus", "Focus", view.focus, list="graph-names", placeholder="a service"),
            html.Datalist(id="graph-names"),
            _select("hops", "Hops", {each: str(each) for each in HOPS}, "only-focused"),
            _select("way", "Direction", WAYS, "only-focused"),
            _select("label", "Labels", LABELS),
            _select("group", "Group by", GROUPS),
            html.Button(
                "Idle",
                id="view-idle",
                className="button",
                title="Show services and calls without traffic",
                **_pressed(view.idle),
            ),
            html.Details(
                [
                    html.Summary("Colours", className="button"),
                    html.Div(
                        [
                            _text("warn", "Degraded below (% success)", f"{view.warn:g}"),
                            _text("bad", "Failing below (% success)", f"{view.bad:g}"),
                            _text("slow", "Degraded from (ms p99, 0 = never)", f"{view.slow:g}"),
                            html.Button("As usual", id="view-colours-usual", className="button"),
                        ],
                        className="popover",
                    ),
                ],
                className="menu",
            ),
            html.Details(
                [
                    html.Summary("Export", className="button"),
                    html.Div(
                        [
                            html.Button(
                                name.upper(),
                                id=f"export-{name}",
                                className="button",
                                **parts.label(f"Save the graph as {name.upper()}"),
                            )
                            for name in ("png", "svg", "json")
                        ],
                        className="popover",
                    ),
                ],
                className="menu",
            ),
        ],
        className="graph-toolbar",
        role="toolbar",
        **parts.label("What the graph shows"),
    )


def timebar() -> Component:
    """Return the controls below the graph: live, a past window, replay, and a window to compare with."""
    return html.Div(
        [
            html.Button("Live", id="time-live", className="button", title="Show what happens now"),
            _select("span", "Window", SPANS),
            html.Button(
                "▶",
                id="time-play",
                className="icon-button",
                title="Replay from here on",
                **parts.label("Replay"),
            ),
            _choice("time-frame", "A second shows", FRAMES, "only-past"),
            html.Label(
                [
                    html.Span("Time", className="visually-hidden"),
                    dcc.Input(id="time-slider", type="range", min=0, max=3600, step=10, value=3600),
                ],
                className="time-slider",
            ),
            html.Output(id="time-shown", className="time-shown"),
            _choice("time-reach", "History", REACHES),
            _select("compare", "Compare with", {**EARLIER, "at": "a window that ends …"}),
            html.Label(
                [
                    html.Span("Ends at"),
                    _drawn(
                        html.Span, [["input", {"id": "time-than", "type": "datetime-local", "step": 1}, []]]
                    ),
                ],
                className="choice only-than",
            ),
            _select("than_span", "Its length", {0: "as long", **SPANS, 86_400: "1 day"}, "only-compared"),
        ],
        className="graph-time",
        role="group",
        **parts.label("Time"),
    )


def _pressed(on: bool) -> dict[str, Any]:
    return {"aria-pressed": "true" if on else "false"}


def _box(name: str, title: str, value: str, example: str) -> Component:
    """Return a box for an expression, with completions and a place for its matches or its error."""
    return html.Div(
        [
            html.Label(title, htmlFor=f"view-{name}"),
            dcc.Input(
                id=f"view-{name}",
                type="text",
                value=value,
                placeholder=example,
                autoComplete="off",
                spellCheck=False,
            ),
            html.Ul(
                id=f"complete-{name}",
                className="completions",
                role="listbox",
                hidden=True,
                **parts.label(f"Completions of {title}"),
            ),
            html.Div(id=f"said-{name}", className="said", role="status"),
        ],
        className="box",
    )


def _text(name: str, title: str, value: str, **given: Any) -> Component:
    return html.Div(
        [
            html.Label(title, htmlFor=f"view-{name}"),
            dcc.Input(
                id=f"view-{name}", type="text", value=value, autoComplete="off", spellCheck=False, **given
            ),
        ],
        className="box small-box",
    )


def _select(name: str, title: str, options: Mapping[Any, str], when: str = "") -> Component:
    return _choice(f"view-{name}", title, options, when)


def _choice(element_id: str, title: str, options: Mapping[Any, str], when: str = "") -> Component:
    # A plain select and no dcc.Dropdown: topology_toolbar.js reads and writes it, and Dash need not know of
    # it.
    listed = [["option", {"value": str(value)}, [text]] for value, text in options.items()]
    return html.Label(
        [html.Span(title), _drawn(html.Select, listed, id=element_id)], className=f"choice {when}".rstrip()
    )


def _drawn(kind: type[Component], inside: list[Any], **given: Any) -> Component:
    """Return a component that no callback reads, drawn by ``assets/static_html.js``."""
    return kind(**given, **{"data-static-html": json.dumps(inside)})


def legend(view: GraphView) -> list[Component]:
    """Return the meaning of colours, lines and shapes in this view."""
    kinds = ("service", "database", "queue", "external", "user")
    first = _changes() if view.compared else _health(view)
    return [
        html.Summary("Legend"),
        first,
        html.Div(
            [
                html.Span("Kind", className="legend-title"),
                *(html.Span([html.Span(className=f"shape {kind}"), kind]) for kind in kinds),
            ]
        ),
        html.Div(
            [
                html.Span("Calls", className="legend-title"),
                html.Span(f"wider: more calls · label: {LABELS[view.label]}"),
            ],
            className="legend-extra",
        ),
        html.Div(
            [
                html.Span("Encrypted", className="legend-title"),
                html.Span([html.Span(className="line secret"), "yes"]),
                html.Span([html.Span(className="line secret partly"), "partly"]),
                html.Span("unmarked: no or unknown"),
            ]
        ),
    ]


def _health(view: GraphView) -> Component:
    slow = f" or p99 ≥ {fmt.duration(view.slow)}" if view.slow else ""
    health = (
        ("ok", f"≥ {view.warn:g} %"),
        ("warn", f"≥ {view.bad:g} %{slow}"),
        ("bad", f"< {view.bad:g} %"),
        ("idle", "idle"),
    )
    return html.Div(
        [
            html.Span("Success", className="legend-title"),
            *(html.Span([html.Span(className=f"line {key}"), text]) for key, text in health),
        ]
    )


def _changes() -> Component:
    told = (
        ("bad", "failing"),
        ("warn", "slower"),
        ("new", "appeared"),
        ("idle", "vanished"),
        ("ok", "recovered or faster"),
    )
    return html.Div(
        [
            html.Span("Change", className="legend-title"),
            *(html.Span([html.Span(className=f"line {key}"), text]) for key, text in told),
        ]
    )


def match_note(text: str, matched: Any, what: str) -> Any:
    """Return the line below a box: how much matched, or the error, marked at its column."""
    if matched.error is not None:
        # Columns count from 1, texts from 0.
        at = matched.error.column - 1
        # A space to mark where the error is behind the end: something is missing there.
        wrong = text[at : at + 1] or " "
        return html.Div(
            [
                html.Code([text[:at], html.Mark(wrong), text[at + 1 :]]),
                f" Column {matched.error.column}: {matched.error}",
            ],
            className="field-problem",
        )
    if not text.strip():
        return None
    return f"{what} {_plural(len(matched.nodes), 'node')}, {_plural(len(matched.edges), 'call path')}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
