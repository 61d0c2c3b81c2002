"""The live tail: a list of traces that grows while they arrive.

Each beat of the page sends one request, identical for all who watch the same search, so that many open
pages cost the collector one.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from dash import Dash, Input, Output, Patch, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import palette, parts
from dashboard.components.error_boundary import Problem, guarded
from dashboard.components.static_html import as_static
from dashboard.search import results
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.search import TraceLine

KEPT: Final = 200  # rows
# Traces are found when their first spans are stored, slow ones long after they began.
_LOOKBACK: Final = "30s"
# One page of a search; more traces in one beat than this are counted as missed.
_ASKED: Final = 100
_NOT_PRESSED: Final[dict[str, Any]] = {"aria-pressed": "false"}


def layout(query: TraceQuery) -> Component:
    """Return an empty list that the beats fill. Raises FormError for an invalid search."""
    what = "that match the query" if query.line else "of all services"
    head = ["Began", "Root", "Services", "Spans", "Errors", "Duration"]
    return parts.card(
        [
            html.Div(
                [
                    html.Button("Pause", id="tail-pause", className="button", **_NOT_PRESSED),
                    html.Span(
                        f"Waiting for traces {what} …", id="tail-state", className="weak", role="status"
                    ),
                ],
                className="tail-head",
            ),
            html.Div(id="tail-problem"),
            html.Div(
                html.Table(
                    [
                        html.Thead(
                            html.Tr(
                                [
                                    html.Th(text, scope="col", className="num" if at in (3, 4, 5) else "")
                                    for at, text in enumerate(head)
                                ]
                            )
                        ),
                        html.Tbody([], id="tail-rows"),
                    ],
                    **parts.label("Traces as they arrive"),
                ),
                className="table-frame",
            ),
            dcc.Store(id="tail-seen", data={"ids": [], "missed": 0}),
            dcc.Store(id="tail-paused", data=False),
        ],
        class_name="flush tail",
    )


def fresh(traces: list[TraceLine], seen: list[str]) -> list[TraceLine]:
    """Return the traces not shown yet, the newest first."""
    known = set(seen)
    return [trace for trace in traces if trace["traceId"] not in known]


def overlooked(traces: list[TraceLine], seen: list[str], more: bool) -> bool:
    """True if some traces were never shown: there are more than one request returns, and none of these is
    known.
    """
    # The first reply is not compared with anything: whatever is older was never promised.
    return bool(seen) and more and len(fresh(traces, seen)) == len(traces)


def _row(trace: TraceLine, zone: fmt.Zone) -> Component:
    return html.Tr(
        [
            html.Td(
                fmt.clock(trace["start"], zone), title=fmt.moment(trace["start"], zone), className="clock"
            ),
            html.Td([results.root(trace), results.matched(trace)]),
            html.Td(results.services(trace, palette.services(trace["services"]))),
            html.Td(str(trace["spans"]), className="num"),
            html.Td(results.errors(trace), className="num"),
            html.Td(fmt.duration(trace["duration"]), className="num"),
        ],
        className="failed" if trace["errors"] else "",
    )


def _state(shown: int, missed: int, paused: bool) -> str:
    if paused:
        return f"Paused. {shown} traces shown."
    kept = f"; the last {KEPT} are kept" if shown >= KEPT else ""
    rest = ". Too many to show all: narrow the query" if missed else ""
    return f"{shown} traces shown, the newest first{kept}{rest}"


def _troubled(what: Problem) -> tuple[Any, ...]:
    return no_update, no_update, "Not following.", parts.problem(what)


def register(app: Dash, client: Client) -> None:
    """Connect the list to the beat, and the button that pauses it."""
    _register_pause(app)

    @app.callback(
        Output("tail-rows", "children"),
        Output("tail-seen", "data"),
        Output("tail-state", "children"),
        Output("tail-problem", "children"),
        Input("tick", "n_intervals"),
        State("tail-seen", "data"),
        State("tail-paused", "data"),
        State("url", "search"),
        State("zone", "data"),
    )
    @guarded(_troubled)
    def follow(
        _: int | None, seen: dict[str, Any], paused: bool, search: str | None, zone: fmt.Zone | None
    ) -> tuple[Any, ...]:
        # The beat goes on for the rest of the page; a paused list sends no request.
        if paused:
            raise PreventUpdate
        return _followed(client, seen, search, zone or 0)


def _register_pause(app: Dash) -> None:
    @app.callback(
        Output("tail-paused", "data"),
        Output("tail-pause", "children"),
        Output("tail-pause", "aria-pressed"),
        Output("tail-state", "children", allow_duplicate=True),
        Input("tail-pause", "n_clicks"),
        State("tail-paused", "data"),
        State("tail-seen", "data"),
        prevent_initial_call=True,
    )
    @guarded(lambda _: (no_update,) * 4)
    def pause(clicks: int | None, paused: bool, seen: dict[str, Any]) -> tuple[Any, ...]:
        # Dash calls this as well when the button is drawn, without a click.
        if not clicks:
            raise PreventUpdate
        now = not paused
        return (
            now,
            "Resume" if now else "Pause",
            str(now).lower(),
            _state(len(seen["ids"]), seen["missed"], now),
        )


def _followed(client: Client, seen: Mapping[str, Any], search: str | None, zone: fmt.Zone) -> tuple[Any, ...]:
    """Put the traces that came on top of the list and take as many from its bottom."""
    query = TraceQuery.of_search(search).first_page(
        sort="time", order="desc", start="", end="", lookback=_LOOKBACK, limit=str(_ASKED)
    )
    found = client.search(query.parameters())
    old = list(seen["ids"])
    new = fresh(found["traces"], old)
    missed = seen["missed"] + overlooked(found["traces"], old, bool(found["next"]))
    if not new:
        said = no_update if old else "Waiting for traces …"
        now_us = int(time.time() * 1_000_000)
        newest = max((trace["start"] for trace in found["traces"]), default=0)
        return no_update, no_update, said, results.lag_notice(client, newest, now_us)
    # Only what changes is sent: 200 rows with each beat would be drawn anew, and lose the selection.
    rows = Patch()
    # Each is put before the one above it, so the newest must come last.
    for trace in reversed(new):
        rows.prepend(as_static(_row(trace, zone)))
    # From the bottom up: a deletion moves the rows below it.
    for at in range(len(old) + len(new) - 1, KEPT - 1, -1):
        del rows[at]
    ids = [trace["traceId"] for trace in new] + old
    told = {"ids": ids[:KEPT], "missed": missed}
    return rows, told, _state(len(told["ids"]), missed, paused=False), None
