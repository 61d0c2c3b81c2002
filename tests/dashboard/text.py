"""The text and the links of a component."""

import json
from typing import Any

from dash.development.base_component import Component

STATIC = "data-static-html"


def words(component: Any) -> str:
    """Return all text in a component, in order, that of static HTML too."""
    if isinstance(component, list | tuple):
        return " ".join(filter(None, map(words, component)))
    if not isinstance(component, Component):
        return "" if component is None else str(component)
    static = getattr(component, STATIC, None)
    return _static_words(json.loads(static)) if static else words(getattr(component, "children", None))


def _static_words(nodes: list[Any]) -> str:
    return " ".join(node if isinstance(node, str) else _static_words(node[2]) for node in nodes)


def hrefs(component: Any) -> list[str]:
    """Return where the links in a component lead, in order."""
    if isinstance(component, list | tuple):
        return [href for each in component for href in hrefs(each)]
    if not isinstance(component, Component):
        return []
    own = getattr(component, "href", None)
    return ([own] if own else []) + hrefs(getattr(component, "children", None))
