"""Callbacks that run in the browser; the functions are in ``assets``."""

from typing import Any

from dash import ClientsideFunction, Dash


def in_browser(app: Dash, function: str, *dependencies: Any, **options: Any) -> None:
    """Connect a function of ``assets`` by name: outputs first, then inputs and states."""
    # Dash's own annotations do not cover a function by name.
    connect: Any = app.clientside_callback
    connect(ClientsideFunction("spanmesh", function), *dependencies, **options)
