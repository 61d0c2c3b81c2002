"""A session keeps its connection from one question to the next. TLS: see test_http_site."""

from collections.abc import Callable, Iterable
from typing import Any

from proxy.contract.transport.http_session import session
from tests.proxy.contract.transport.test_wsgi_site import served


def who(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the port the client came from."""
    start("200 OK", [("content-type", "text/plain"), ("content-length", "5")])
    return [environ["REMOTE_PORT"].encode().zfill(5)]


def test_a_connection_is_used_again() -> None:
    with served(who) as url, session() as asking:
        assert len({asking.get(url, timeout=10).text for _ in range(3)}) == 1
