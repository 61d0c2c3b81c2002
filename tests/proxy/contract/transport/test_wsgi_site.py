"""A WSGI application is served on threads; an address that is taken names the option."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from proxy.contract.failure import ConfigError
from proxy.contract.transport import wsgi_site
from proxy.contract.transport.http_client import opener
from proxy.contract.transport.streams import reserve

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def hello(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("content-type", "text/plain")])
    return [b"hello"]


@contextmanager
def served(app: Application = hello) -> Iterator[str]:
    """The application's URL."""
    server = wsgi_site.serve("listen", "127.0.0.1:0", app, threads=2)
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            server.asyncore.loop(timeout=0.05, count=1, map=server._map)

    serving = threading.Thread(target=run)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}/"
    finally:
        stop.set()
        serving.join()
        server.close()


def test_an_application_is_served() -> None:
    with served() as url, opener().open(url, timeout=10) as reply:
        assert reply.read() == b"hello"


def test_a_taken_port_names_the_option_and_the_fix() -> None:
    with reserve("listen", "127.0.0.1:0") as held:
        held.listen()
        address = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"--listen \(SPANMESH_LISTEN\).*the port is taken"):
            wsgi_site.serve("listen", address, hello, threads=1)
