"""The services of the example shop: plain HTTP servers that know nothing of a mesh.

A service works for a while, calls others by the addresses in its environment (``SHOP_REVIEWS=
host:port,host:port``, in turn, as a client-side list does) and answers JSON. It honours
http_proxy, as urllib does, and passes trace headers on. ``POST /fault`` makes it misbehave.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

# The one thing an application must do for its traces: a sidecar cannot tell which call came of which request.
PASSED_ON = ("traceparent", "tracestate", "baggage", "b3", "x-request-id")
# Seconds, shorter than a stall: callers of a stalled instance answer 504 and are seen as failed.
CALL_TIMEOUT = 5.0
STALL_SECONDS = 30.0


@dataclass(frozen=True)
class Blueprint:
    """The behaviour of a service: its own ``work`` in ms, and its ``calls`` by first path segment.

    A call is (service, path); calls are made in order.
    """

    work: float
    calls: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    instances: int = 1


SHOP = {
    "frontend": Blueprint(
        4,
        {
            "": [("catalog", "/products")],
            "product": [("catalog", "/products/{id}"), ("reviews", "/reviews/{id}")],
            "cart": [("cart", "/carts/{id}")],
            "checkout": [("checkout", "/orders/{id}")],
        },
    ),
    "catalog": Blueprint(6, {"products": [("stockdb", "/stock/{id}")]}),
    "reviews": Blueprint(12, {"reviews": [("ratings", "/ratings/{id}")]}, instances=3),
    "cart": Blueprint(5, {"carts": [("stockdb", "/stock/{id}")]}),
    "checkout": Blueprint(
        8,
        {"orders": [("cart", "/carts/{id}"), ("payment", "/charges"), ("shipping", "/quotes/{id}")]},
    ),
    "ratings": Blueprint(3),
    "payment": Blueprint(20),
    "shipping": Blueprint(10),
    "stockdb": Blueprint(2),  # plays the part of a database
}


class Shop(ThreadingHTTPServer):
    """The HTTP server of one instance of a service."""

    daemon_threads = True
    # The default of five refuses connections when users come in a burst.
    request_queue_size = 128

    def __init__(self, name: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.name = name
        self.blueprint = SHOP[name]
        self.fault = ""
        called = {service for calls in self.blueprint.calls.values() for service, _ in calls}
        self.peers = {service: itertools.cycle(_addresses(service)) for service in called}


def _addresses(service: str) -> list[str]:
    addresses = os.environ[f"SHOP_{service.upper()}"].split(",")
    # Callers begin at different instances, so that few requests reach all of them.
    start = random.randrange(len(addresses))
    return addresses[start:] + addresses[:start]


class Handler(BaseHTTPRequestHandler):
    """The requests of one connection, answered one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; the second must not wait for an ACK
    server: Shop

    def do_GET(self) -> None:
        _, head, *rest = (*self.path.split("?")[0].split("/"), "")
        shop = self.server
        if shop.fault == "fail":
            self._answer(500, {"error": f"{shop.name} is out of order"})
            return
        time.sleep(self._work() / 1000)
        for service, path in shop.blueprint.calls.get(head, ()):
            # One after the other: in a trace each call has its own place on the critical path.
            status = self._call(service, path.replace("{id}", rest[0] if rest and rest[0] else "1"))
            if status >= 400:
                self._answer(502, {"error": f"{service} answered {status}"})
                return
        self._answer(200, {"service": shop.name, "path": self.path})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/fault":
            self.server.fault = body.decode()
            self._answer(200, {"fault": self.server.fault})
        else:
            self.do_GET()

    def _work(self) -> float:
        base = self.server.blueprint.work
        if self.server.fault == "slow":
            # Milliseconds.
            base += 500
        elif self.server.fault == "stall":
            base += 1000 * STALL_SECONDS
        # Service times of real servers are skewed to the right; log-normal is the usual model.
        return base * random.lognormvariate(0, 0.3)

    def _call(self, service: str, path: str) -> int:
        address = next(self.server.peers[service])
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        try:
            with urlopen(Request(f"http://{address}{path}", headers=headers), timeout=CALL_TIMEOUT) as reply:
                reply.read()
                return int(reply.status)
        except HTTPError as error:
            return error.code
        except OSError:
            # Whatever the reason, the caller got no answer.
            return 504

    def _answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # the caller gave up, and nobody waits for this answer
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the mesh shows what happens."""


def main() -> None:
    """Run ``python -m deploy.demo.shop NAME PORT``: one instance until SIGTERM."""
    parser = argparse.ArgumentParser(description="one instance of one service of the example shop")
    parser.add_argument("name", choices=sorted(SHOP))
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    # An end on request is no failure: without this the status would be that of the signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Shop(options.name, options.port).serve_forever()


if __name__ == "__main__":
    main()
