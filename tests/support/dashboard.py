"""A dashboard as users have it: a process of its own, on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context

from playwright.sync_api import Page

from dashboard import app
from dashboard.config import DashboardConfig
from deploy import api
from deploy.processes import ports
from tests.support.demo import until

# Importing Dash takes a second of processor time: once for the run, from which every dashboard is forked.
_processes = get_context("forkserver")
_processes.set_forkserver_preload(["dashboard.app"])


@contextmanager
def served(base: str, page: Page | None = None) -> Iterator[str]:
    """The base URL of a dashboard over the query API at ``base``; a ``page`` leaves it before its end."""
    port = ports.free(1)[0]
    address = f"{ports.LOOPBACK}:{port}"
    process = _processes.Process(
        target=app.run, daemon=True, args=(DashboardConfig(listen=address, api=base),)
    )
    process.start()
    try:
        until(lambda: api.answers(f"http://{address}", "/") or not process.is_alive(), 60, "a dashboard")
        yield f"http://{address}"
        if page is not None:
            page.goto("about:blank")
    finally:
        process.terminate()
        process.join(30)
