"""Attributes that tell some traces from the rest, ranked by how well they do."""

from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import format as fmt
from dashboard.api.client import Client
from dashboard.components import links, parts
from dashboard.search import form_model
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.analysis import Attribute, AttributeComparison, Frequency

_SELECTIONS: Final = {"errors": "Failing", "slow": "Slow", "q": "Matching the query"}


def view(query: TraceQuery, client: Client, zone: fmt.Zone) -> list[Component]:
    """Return the choice of a selection above the attributes. Raises FormError and ApiError."""
    head = html.Nav(
        [_choice(query, selection, text) for selection, text in _SELECTIONS.items()],
        className="tabs",
        **parts.label("Which traces are compared with the rest"),
    )
    if query.selection == "q" and not query.line:
        fix = "Write a query: the traces that match it are compared with all others."
        return [parts.card([head, parts.empty("The query is empty", fix)])]
    found = client.compare_attributes(query.comparison_parameters())
    return [
        parts.card(
            [
                html.Div(
                    [head, html.P(_sides(query, found, zone), className="sides")], className="different-head"
                ),
                _table(query, found),
            ],
            class_name="flush different",
        )
    ]


def _choice(query: TraceQuery, selection: str, text: str) -> Component:
    # With bounds of its own the selection is the box of the scatter plot.
    chosen = query.selection == selection and not query.low
    if selection == "slow" and query.low and query.selection == selection:
        text, chosen = "In the box", True
    href = links.traces(query.first_page(selection=selection, low="", high="").search())
    return dcc.Link(text, href=href, className="current" if chosen else "")


def _sides(query: TraceQuery, found: AttributeComparison, zone: fmt.Zone) -> list[Any]:
    """Return in words which traces are compared, how many on each side, and of what time."""
    selected, rest, window = found["selected"], found["rest"], found["window"]
    looked = ""
    if selected["sampled"] < selected["traces"] or rest["sampled"] < rest["traces"]:
        looked = f" Examined {selected['sampled']} and {rest['sampled']} of them, sampled by id."
    partial = " Not every trace was examined: narrow the query or the time." if found["partial"] else ""
    times = f"{fmt.moment(window['start'], zone)[:-4]} to {fmt.moment(window['end'], zone)[:-4]}"
    return [
        html.Strong(f"{selected['traces']} {_which(query, found)}"),
        f" against {rest['traces']} others{_among(query)}, {times}.{looked}{partial}",
    ]


def _which(query: TraceQuery, found: AttributeComparison) -> str:
    if query.selection == "errors":
        return "failing traces"
    if query.selection == "q":
        return "matching traces"
    if query.low:
        return f"traces of {query.low} to {query.high or 'any time'}"
    return f"traces slower than {fmt.duration(found['threshold'])}"


def _among(query: TraceQuery) -> str:
    return " that match the query too" if query.line and query.selection != "q" else ""


def _table(query: TraceQuery, found: AttributeComparison) -> Component:
    if not found["selected"]["traces"] or not found["rest"]["traces"]:
        side = "selected" if not found["selected"]["traces"] else "left to compare with"
        return parts.empty(f"No trace is {side}", "Look back further, or choose other traces.")
    if not found["attributes"]:
        return parts.empty(
            "Nothing tells them apart",
            "No attribute differs by more than chance explains. "
            "With more traces there may be one: look back further.",
        )
    rows = [_row(query, each) for each in found["attributes"]]
    head = ("Attribute", "Selected", "Rest", "Separation")
    return parts.table(head, rows, "Attributes that tell the selected traces from the rest", numeric=(3,))


def _row(query: TraceQuery, each: Attribute) -> Component:
    told = (each["service"], each["scope"], each["key"], each["value"])
    # Back to the list of traces, as the condition says which traces one wants to see.
    to = query.for_line(form_model.with_condition(query.line, *told)).first_page(view="", low="", high="")
    lift = f"{each['lift']:.1f} times as often" if each["lift"] is not None else "never in the rest"
    return html.Tr(
        [
            html.Td(
                [
                    dcc.Link(
                        [parts.name(each["key"], 60), " = ", html.Strong(parts.name(each["value"], 80))],
                        href=links.traces(to.search()),
                        className="row-link",
                        title="Add this condition to the query",
                    ),
                    html.Div(
                        [parts.name(each["service"], 40), f" · {each['scope']} · {lift}"],
                        className="weak small",
                    ),
                ]
            ),
            html.Td(_carriers(each["selected"], "bar chosen")),
            html.Td(_carriers(each["rest"], "bar rest")),
            html.Td(f"{each['separation']:.2f} bit", className="num", title=f"by luck: {each['p']:.1g}"),
        ]
    )


def _carriers(side: Frequency, look: str) -> Component:
    bar = html.Span(className=look, style={"width": f"{100 * side['share']:.1f}%"})
    return html.Div(
        [
            html.Span(
                [
                    html.Strong(fmt.percent(side["share"])),
                    html.Span(f" {side['count']} traces", className="weak small"),
                ]
            ),
            html.Span(bar, className="bar-track"),
        ],
        className="carriers",
    )
