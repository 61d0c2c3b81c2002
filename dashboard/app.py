"""The dashboard process: composes client, pages and assets, and serves them on threads."""

import logging
import signal
import threading
from types import FrameType
from typing import Any, Final

from dash import Dash

from dashboard import shell
from dashboard.api.client import Client
from dashboard.config import DashboardConfig
from proxy.contract.transport import wsgi_site

# Threads mostly wait for the collector; its replies are shared, so a few serve many browsers.
THREADS: Final = 8

# The theme is set before the first paint, so that no page flashes in the other one.
_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
<script>
(function () {
  var kept = null;
  try { kept = localStorage.getItem("spanmesh-theme"); } catch (e) { /* storage may be off */ }
  var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = kept || (dark ? "dark" : "light");
})();
</script>
{%css%}
</head>
<body>
{%app_entry%}
<footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


def build(client: Client) -> Dash:
    """Return the app over a client; nothing is requested before a browser comes."""
    app = Dash(
        "dashboard",
        title="spanmesh",
        update_title="",
        index_string=_INDEX,
        suppress_callback_exceptions=True,  # pages come and go
        serve_locally=True,
        add_log_handler=False,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.layout = shell.layout()
    shell.register(app, client)
    return app


def run(config: DashboardConfig) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError when the address cannot be listened on."""
    app = build(Client(config.api))
    server = wsgi_site.serve("listen", config.listen, app.server, threads=THREADS)
    # Browsers open many requests at once; a short queue is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    before = _on_signals(_stop)
    try:
        server.run()
    finally:
        server.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt  # ends waitress's loop, which then lets its threads finish


def _on_signals(handler: Any) -> dict[signal.Signals, Any]:
    """Install a handler for both stop signals and return the ones before. Only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    # ``run`` puts the old handlers back: a caller in the same process, a test for instance, has its own.
    return {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
