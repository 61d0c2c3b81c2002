"""Callbacks of the dashboard, called as a browser calls them: over HTTP, with the inputs the app lists."""

import json
from collections.abc import Mapping
from typing import Any

from dashboard import app
from dashboard.api.client import Client


class Pages:
    """The dashboard over a query API, without a browser."""

    def __init__(self, api: str) -> None:
        self._app = app.build(Client(api))
        self.http = self._app.server.test_client()
        self.http.get("/_dash-layout")  # Dash collects the callbacks with the first request

    def call(self, output: str, values: Mapping[str, Any], trigger: str = "") -> dict[str, Any] | None:
        """Return the properties by component that the callback of ``output`` (``id.property``) sets.

        ``values`` has the values of its inputs and states by ``id.property``; others are None, as on a page
        just opened. None where nothing changes.
        """
        key, entry = next(
            (key, entry)
            for key, entry in self._app.callback_map.items()
            if output in key.strip(".").split("...")
        )
        ids = [each.rpartition(".") for each in key.strip(".").split("...")]
        outputs = [{"id": element, "property": name} for element, _, name in ids]

        def given(dependencies: Any) -> list[dict[str, Any]]:
            return [
                {**each, "value": values.get(f"{each['id']}.{each['property']}")} for each in dependencies
            ]

        body = {
            "output": key,
            "outputs": outputs if key.startswith("..") else outputs[0],
            "inputs": given(entry["inputs"]),
            "state": given(entry["state"]),
            "changedPropIds": [trigger] if trigger else [],
        }
        reply = self.http.post("/_dash-update-component", json=body)
        if reply.status_code == 204:
            return None
        assert reply.status_code == 200, reply.text
        response: dict[str, Any] = json.loads(reply.text)["response"]
        return response


def text(tree: Any) -> str:
    """Return a component as the browser gets it, for a look at its text."""
    return json.dumps(tree, ensure_ascii=False)
