"""Callbacks in the browser: every one that a page connects is a function of the assets."""

import re
from pathlib import Path

from dash import Dash, Input, Output, html

import dashboard
from dashboard.api.client import Client
from dashboard.app import build
from dashboard.components.clientside import in_browser

ASSETS = Path(dashboard.__file__).parent / "assets"
NOBODY = "http://127.0.0.1:9"


def connected(app: Dash) -> dict[str, str]:
    """The browser's functions by output, as the page is told them."""
    entries = app.server.test_client().get("/_dash-dependencies").get_json()
    return {
        each["output"]: each["clientside_function"]["function_name"]
        for each in entries
        if each["clientside_function"]
    }


def test_a_function_of_ours_is_named_to_the_browser() -> None:
    app = Dash("one")
    app.layout = html.Div()
    in_browser(app, "theme", Output("a", "data"), Input("b", "n_clicks"))
    assert connected(app) == {"a.data": "theme"}


def test_every_connected_function_is_there_and_each_there_is_connected() -> None:
    named = set(connected(build(Client(NOBODY))).values())
    given = set()
    for script in ASSETS.glob("*.js"):
        for block in re.findall(
            r"^  DashPage\.callbacks\(\{\n(.*?)^  \}\);", script.read_text(), re.M | re.S
        ):
            given.update(re.findall(r"^    (\w+): (?:async )?\(", block, re.M))
    assert named - given == set()
    assert given - named == set()
