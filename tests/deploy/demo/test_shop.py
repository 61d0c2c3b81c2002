"""The example shop's services over real sockets, without any mesh."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from deploy.demo.shop import SHOP, Shop


class Running:
    """Services of the shop in threads of this process."""

    def __init__(self) -> None:
        self.servers: list[Shop] = []

    def start(self, name: str) -> int:
        server = Shop(name, 0)
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return int(server.server_address[1])


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(urllib.request, "_opener", None)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Running()
    yield running
    for server in running.servers:
        server.shutdown()
        server.server_close()


def ask(port: int, method: str, path: str, body: str = "") -> tuple[int, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_the_shop_has_the_services_the_demo_promises() -> None:
    assert len(SHOP) >= 6
    assert SHOP["reviews"].instances == 3
    called = {service for b in SHOP.values() for calls in b.calls.values() for service, _ in calls}
    assert called <= set(SHOP)


def test_a_service_calls_the_next_one(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_RATINGS", f"127.0.0.1:{shop.start('ratings')}")
    assert ask(shop.start("reviews"), "GET", "/reviews/7") == (
        200,
        {"service": "reviews", "path": "/reviews/7"},
    )


def test_a_failing_dependency_is_told_to_the_caller(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = shop.start("ratings")
    monkeypatch.setenv("SHOP_RATINGS", f"127.0.0.1:{ratings}")
    reviews = shop.start("reviews")
    ask(ratings, "POST", "/fault", "fail")
    assert ask(reviews, "GET", "/reviews/7") == (502, {"error": "ratings answered 500"})
    ask(ratings, "POST", "/fault", "")
    assert ask(reviews, "GET", "/reviews/7")[0] == 200
