"""Tables and lists as one component, which the browser draws itself (``assets/static_html.js``).

Dash renders every component of a page again whenever anything on it changes; a list of two thousand
elements costs seconds in the browser. What no callback reads or writes needs no component.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dash import dcc
from dash.development.base_component import Component

from dashboard.components.parts import WITHIN, Children

_FEWEST: Final = 4  # components; fewer are not worth it
_NAMES: Final[Mapping[str, str]] = {"className": "class", "htmlFor": "for", "dateTime": "datetime"}
_HTML: Final = "dash_html_components"


def as_static(children: Children) -> Children:
    """Return the same with every subtree in which nothing has an id or a behaviour as one component.

    Its attribute ``data-static-html`` has the children as JSON: a text, or [tag, attributes, children].
    """
    if isinstance(children, (list, tuple)):
        return [as_static(each) for each in children]
    if not isinstance(children, Component):
        return children
    inside = getattr(children, "children", None)
    # The whole subtree or nothing: a component with an id inside must stay one that Dash knows.
    if _namespace(children) == _HTML and _is_static(children):
        if sum(1 for _ in _components(children)) < _FEWEST:
            return children
        given = {key: value for key, value in _described(children)["props"].items() if key != "children"}
        return type(children)(
            **given, **{"data-static-html": json.dumps(_nodes(inside), separators=(",", ":"))}
        )
    if isinstance(inside, (Component, list, tuple)):
        children.children = as_static(inside)
    return children


def _namespace(component: Component) -> str:
    return str(getattr(component, "_namespace", ""))


def _described(component: Any) -> dict[str, Any]:
    """Return ``type`` and ``props`` of a component."""
    found: dict[str, Any] = component.to_plotly_json()
    return found


def _components(children: Children) -> Iterator[Component]:
    if isinstance(children, Component):
        yield children
        yield from _components(getattr(children, "children", None))
    elif isinstance(children, (list, tuple)):
        for each in children:
            yield from _components(each)


def _is_static(root: Component) -> bool:
    return all(
        (_namespace(each) == _HTML or (isinstance(each, dcc.Link) and each is not root))
        # Dash sets the attribute only if an id was given.
        and not hasattr(each, "id")
        for each in _components(root)
    )


def _nodes(children: Children) -> list[Any]:
    if children is None:
        return []
    if isinstance(children, (list, tuple)):
        return [node for each in children for node in _nodes(each)]
    if not isinstance(children, Component):
        return [str(children)]
    described = _described(children)
    given = described["props"]
    inside = _nodes(given.pop("children", None))
    attributes = {
        _NAMES.get(key, key if "-" in key else key.lower()): value
        for key, value in given.items()
        if value is not None and value is not False
    }
    if isinstance(children, dcc.Link):
        # WITHIN marks the link for static_html.js, which follows it without loading the page.
        return [["a", {**attributes, **WITHIN}, inside]]
    return [[str(described["type"]).lower(), attributes, inside]]
