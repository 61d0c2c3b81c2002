"""urllib's opener reaches the mesh's own APIs whatever proxies the environment names."""

import pytest

from proxy.contract.transport.http_client import opener
from proxy.contract.transport.http_session import session
from tests.proxy.contract.transport.test_wsgi_site import served


def test_no_proxy_of_the_environment_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with served() as url:
        with opener().open(url, timeout=10) as reply:
            assert reply.read() == b"hello"
        with session() as asking:
            assert asking.get(url, timeout=10).text == "hello"
