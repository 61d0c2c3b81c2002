"""What becomes one component, what does not, and that nothing is lost on the way."""

import json
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.parts import label
from dashboard.components.static_html import as_static

HOSTILE = "</script><script>window.hit = 1</script>"


def drawn(component: Any) -> Any:
    return json.loads(component.to_plotly_json()["props"]["data-static-html"])


def row(text: str) -> Component:
    return html.Tr([html.Td(text, className="num"), html.Td(dcc.Link([html.Bdi(text), None], href="/x?y=1"))])


def test_a_table_is_one_component_with_all_that_was_in_it() -> None:
    found = as_static(html.Table(html.Tbody([row(HOSTILE), row("b")]), className="wide"))
    assert isinstance(found, html.Table)
    assert getattr(found, "className", "") == "wide"
    assert getattr(found, "children", None) is None
    (body,) = drawn(found)
    assert body[:2] == ["tbody", {}]
    assert body[2][0] == [
        "tr",
        {},
        [
            ["td", {"class": "num"}, [HOSTILE]],
            ["td", {}, [["a", {"href": "/x?y=1", "data-link": ""}, [["bdi", {}, [HOSTILE]]]]]],
        ],
    ]


def test_attributes_have_the_names_of_html() -> None:
    found = as_static(
        html.Div(
            [
                html.Td(colSpan=2, hidden=False),
                html.Time(0, dateTime="then"),
                html.Label("x", htmlFor="y", **label("z")),
                html.P(style={"width": "3%"}),
            ]
        )
    )
    assert drawn(found) == [
        ["td", {"colspan": 2}, []],
        ["time", {"datetime": "then"}, ["0"]],
        ["label", {"for": "y", "aria-label": "z"}, ["x"]],
        ["p", {"style": {"width": "3%"}}, []],
    ]


def test_what_has_an_id_or_a_behaviour_stays_a_component_with_plain_parts_around_it() -> None:
    box = dcc.Input(id="box")
    found = as_static(
        html.Div(
            [
                html.Div([box, html.Ul([html.Li("a"), html.Li(["b"]), html.Li("c")])]),
                html.Ol([html.Li("a"), html.Li("b"), html.Li(id="kept")]),
                "text",
            ]
        )
    )
    first, second, text = found.children
    assert first.children[0] is box
    assert drawn(first.children[1]) == [["li", {}, ["a"]], ["li", {}, ["b"]], ["li", {}, ["c"]]]
    assert second.children[2].id == "kept"
    assert text == "text"


def test_what_is_small_or_no_component_is_left_alone() -> None:
    small = html.P(["a ", html.Strong("b")])
    assert as_static(small) is small
    assert as_static([None, "x", 3]) == [None, "x", 3]
