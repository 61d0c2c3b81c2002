"""What a component says."""

from dash.development.base_component import Component


def words(component: Component | list[Component] | str | None) -> str:
    """All text in a component, in order."""
    if isinstance(component, list | tuple):
        return " ".join(words(each) for each in component)
    if isinstance(component, Component):
        return words(getattr(component, "children", None))
    return component or ""
