"""A dashboard served on an ephemeral port in a thread of the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import waitress

from dashboard.app import build
from dashboard.client import Client


@contextmanager
def served(api: str) -> Iterator[str]:
    """The base URL of a dashboard over the query API at ``api``."""
    server = waitress.create_server(build(Client(api)).server, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # Workers first, for they wake the loop when done; then the loop closes itself, because
        # closed from here it would select on a dead socket.
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(server.close)
