"""The client of the query API, against a real HTTP server."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy import api
from proxy.contract.api.mesh_routes import SERVICES
from proxy.contract.api.route import Route


class Handler(BaseHTTPRequestHandler):
    """Echoes what it gets; ``/refused`` and ``/broken`` fail as the collector and as others do."""

    def do_GET(self) -> None:
        if self.path == "/refused":
            self._answer(400, b'{"errors": [{"code": 400, "msg": "limit: give a number"}]}')
        elif self.path == "/broken":
            self._answer(502, b"<html>")
        else:
            self._answer(200, json.dumps({"path": self.path}).encode())

    def do_PUT(self) -> None:
        self._answer(200, self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing to the terminal."""


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # The API is never reached through a sidecar, whatever the environment says.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def route(path: str, method: str = "GET") -> Route[dict[str, object]]:
    return Route(path, "", dict[str, object], method=method)


def test_json_comes_back(base: str) -> None:
    assert api.ask(base, route("/api/mesh/services?x=1")) == {"path": "/api/mesh/services?x=1"}
    assert api.ask(base, route("/api/mesh/stages", "PUT"), {"percent": 25}) == {"percent": 25}
    assert api.answers(base, "/readyz")


def test_a_refusal_is_told_in_the_words_of_the_api(base: str) -> None:
    with pytest.raises(api.ApiError, match=r"^limit: give a number$"):
        api.ask(base, route("/refused"))
    with pytest.raises(api.ApiError, match="the collector answered 502"):
        api.ask(base, route("/broken"))
    assert not api.answers(base, "/broken")


def test_a_reply_of_another_type_is_that_of_another_server(base: str) -> None:
    with pytest.raises(api.ApiError, match="no collector answers"):
        api.ask(base, SERVICES)


def test_nobody_there_is_told_with_the_option_that_names_another() -> None:
    with pytest.raises(
        api.ApiError, match=r"no collector answers at http://127.0.0.1:9.*--api \(SPANMESH_API\)"
    ):
        api.ask("http://127.0.0.1:9", route("/"))
    assert not api.answers("http://127.0.0.1:9", "/readyz")


def test_a_port_that_speaks_something_else_is_no_collector() -> None:
    """A taken port must end in a line of text: ``spanmesh up`` asks before the collector has failed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"220 mail ready\r\n")
                    connection.recv(65536)

        threading.Thread(target=greet, daemon=True).start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert not api.answers(base, "/readyz")
        with pytest.raises(api.ApiError, match="no collector answers"):
            api.ask(base, route("/"))
