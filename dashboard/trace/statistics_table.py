"""The statistics of a trace by service or by operation, as a table sorted by the URL's column."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.trace import Trace
from dashboard.components import palette, parts
from dashboard.trace.critical_path import critical_path
from dashboard.trace.statistics import SORTS, Figures, by_group, sort_rows

_ROWS: Final = 500
_COLUMNS: Final = (
    ("name", "Service"),
    ("count", "Spans"),
    ("errors", "Errors"),
    ("self", "Self time"),
    ("path", "Critical path"),
    ("total", "Total"),
    ("p50", "p50"),
    ("p95", "p95"),
)


def view(trace: Trace, sort: str, by_operation: bool) -> Component:
    column = sort if sort in SORTS else "path"
    rows = sort_rows(by_group(trace, critical_path(trace), by_operation), column)
    colours = palette.services(trace.services)
    spent = max(sum(row.own for row in rows), 1)
    head = [_head(key, text, column) for key, text in _COLUMNS]
    words = f"{len(rows)} {'operations' if by_operation else 'services'}"
    more = f", the first {_ROWS} shown" if len(rows) > _ROWS else ""
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        [
                            _by("service", "By service", not by_operation),
                            _by("operation", "By operation", by_operation),
                        ],
                        className="shortcuts",
                    ),
                    html.Span(words + more, className="weak"),
                ],
                className="table-bar",
            ),
            parts.table(
                head,
                [_row(row, colours[row.service], spent, trace.duration) for row in rows[:_ROWS]],
                "Statistics",
                numeric=range(1, len(_COLUMNS)),
            ),
        ]
    )


def _by(key: str, text: str, is_chosen: bool) -> Component:
    return html.Button(text, className="button" + (" chosen" if is_chosen else ""), **parts.data(by=key))


def _head(key: str, text: str, column: str) -> Component:
    mark = (" ↑" if key == "name" else " ↓") if key == column else ""
    return html.Button(text + mark, className="sort", title=f"Sort by {text.lower()}", **parts.data(sort=key))


def _row(row: Figures, colour: str, spent: int, whole: int) -> Component:
    def cell(value: Any) -> Component:
        return html.Td(value, className="num")

    own = html.Span(
        html.Span(className="bar", style={"width": f"{100 * row.own / spent:.1f}%"}), className="bar-track"
    )
    name = [parts.swatch(colour), parts.name(row.service, 60)]
    if row.operation:
        name.append(html.Span(parts.name(row.operation, 120), className="weak"))
    return html.Tr(
        [
            html.Td(html.Span(name, className="service")),
            cell(fmt.count(row.count)),
            cell(
                parts.chip(fmt.count(row.errors), "bad") if row.errors else html.Span("0", className="weak")
            ),
            html.Td([fmt.duration(row.own / 1000), own], className="num"),
            cell(
                f"{fmt.duration(row.path / 1000)} · {100 * row.path / max(whole, 1):.0f} %"
                if row.path
                else html.Span(fmt.NONE, className="weak")
            ),
            cell(fmt.duration(row.total / 1000)),
            cell(fmt.duration(row.p50 / 1000)),
            cell(fmt.duration(row.p95 / 1000)),
        ]
    )
