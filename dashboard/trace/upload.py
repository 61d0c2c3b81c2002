"""``/upload``: traces of a file, shown without being stored; and ``/download/…``, a trace as a file."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import quote

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from flask import Response

from dashboard import format as fmt
from dashboard.api.client import ApiError, Client
from dashboard.components import links, parts
from dashboard.components.error_boundary import guarded
from dashboard.trace.trace_cache import FileError, TraceCache

_MOST: Final = 64 * 2**20  # bytes; the collector reads no more either
_LISTED: Final = 200
_PATHS: Final = {"otlp": "/api/v3/traces/", "jaeger": "/api/traces/"}


def layout(_: str | None) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Open a file"),
                    html.P(
                        "Nothing is stored; the pages exist until the dashboard drops them from memory.",
                        className="weak",
                    ),
                ],
                className="page-head",
            ),
            parts.card(
                dcc.Upload(
                    [
                        html.Strong("Choose a file, or drop it here"),
                        html.Span("OTLP JSON or Jaeger's JSON, to 64 MiB", className="weak"),
                    ],
                    id="upload-file",
                    className="upload",
                    max_size=_MOST,
                    style={},
                )
            ),
            html.Div(id="upload-view"),
        ],
        className="page",
    )


def register(app: Dash, client: Client, cache: TraceCache) -> None:
    """Connect the upload, which gives each trace of a file a page, and the download, an ordinary link."""

    @app.callback(
        Output("upload-view", "children"), Input("upload-file", "contents"), State("upload-file", "filename")
    )
    @guarded(lambda what: parts.card(parts.problem(what)))
    def read(contents: str | None, filename: str | None) -> Any:
        if not contents:
            raise PreventUpdate
        try:
            # dcc.Upload sends a data URL: the type, a comma, then base64.
            found = cache.upload(base64.b64decode(contents.partition(",")[2]))
        except (FileError, binascii.Error) as error:
            return parts.card(parts.empty(str(error), parts.name(filename or "")))
        items = [
            html.Li(
                [
                    dcc.Link(
                        [parts.name(trace.root.service, 60), " ", parts.name(trace.root.operation, 120)],
                        href=links.trace(trace.id),
                    ),
                    html.Span(
                        f" {fmt.duration(trace.duration / 1000)} · {len(trace.spans)} spans · "
                        f"{trace.errors} errors",
                        className="weak",
                    ),
                ]
            )
            for trace in found[:_LISTED]
        ]
        more = f"the first {_LISTED} of {len(found)}" if len(found) > _LISTED else f"{len(found)} traces"
        if len(found) == 1:
            more = "1 trace"
        return parts.card(html.Ul(items, className="plain"), "In the file", html.Span(more, className="weak"))

    def download(form: str, trace_id: str) -> Response:
        if form not in _PATHS:
            return Response("the forms are otlp and jaeger\n", 404, mimetype="text/plain")
        try:
            # Passed on piece by piece: a large trace would otherwise be held twice in memory.
            status, body = client.download(_PATHS[form] + quote(trace_id, safe=""))
        except ApiError as error:
            return Response(f"{error} {error.fix}\n", 502, mimetype="text/plain")
        return Response(
            body,
            status,
            mimetype="application/json",
            # An error is shown in the browser instead of being saved as a file.
            headers={"Content-Disposition": "attachment"} if status == 200 else {},
        )

    app.server.add_url_rule("/download/<form>/<trace_id>.json", view_func=download)
