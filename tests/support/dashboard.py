"""A dashboard as users have it: a process of its own, on a port of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from deploy import api, ports
from deploy.supervise import command
from tests.support.demo import until


@contextmanager
def served(base: str, page: Page | None = None) -> Iterator[str]:
    """The base URL of a dashboard over the query API at ``base``; a ``page`` leaves it before its end."""
    port = ports.free(1)[0]
    address = f"{ports.LOOPBACK}:{port}"
    process = subprocess.Popen(command("dashboard", "--listen", address, "--api", base))
    try:
        until(lambda: api.answers(f"http://{address}", "/") or process.poll(), 60, "a dashboard")
        yield f"http://{address}"
        if page is not None:
            page.goto("about:blank")
    finally:
        process.terminate()
        process.wait(30)
