"""A query API with a shop in it, for the dashboard's tests: real HTTP, made-up numbers.

frontend calls cart, catalog and checkout; checkout calls payment and shipping; reviews has
three instances, one of them ejected; payment asks an outside bank. Numbers come from the
clock by sines, so that charts move without randomness.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support import fake_balancing, fake_graph, fake_logs, fake_search
from tests.support.fake_mesh import beside, service_page, stats
from tests.support.fake_shop_traces import shop_trace

Json = dict[str, Any]

# name: kind, success, p50 in ms
NODES: Mapping[str, tuple[str, float, float]] = {
    "user": ("user", 1.0, 0.0),
    "frontend": ("service", 0.9968, 38.0),
    "cart": ("service", 0.9999, 6.0),
    "catalog": ("service", 1.0, 11.0),
    "checkout": ("service", 0.9874, 64.0),
    "payment": ("service", 0.9962, 22.0),
    "shipping": ("service", 1.0, 9.0),
    "reviews": ("service", 0.9312, 18.0),
    "database": ("database", 1.0, 2.4),
    "orders": ("queue", 1.0, 1.2),
    "bank.example:443": ("external", 0.998, 120.0),
}
EDGES: tuple[tuple[str, str, float], ...] = (
    ("user", "frontend", 240),
    ("frontend", "cart", 180),
    ("frontend", "catalog", 210),
    ("frontend", "checkout", 42),
    ("checkout", "payment", 41),
    ("checkout", "shipping", 40),
    ("catalog", "reviews", 96),
    ("reviews", "database", 95),
    ("cart", "database", 178),
    ("payment", "bank.example:443", 40),
    ("checkout", "orders", 39),
)
REVIEWS = ("127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103")


def routed_shop() -> "FakeApi":
    """The shop with a service that the mesh routes, and one that it advises."""
    fake = FakeApi()
    fake.stages = {
        "reviews": {"stage": "route", "percent": 25},
        "cart": {"stage": "advise", "percent": 0},
    }
    return fake


def _wave(now: float) -> float:
    return 1 + 0.12 * math.sin(now / 9)


class FakeApi:
    """Serves on an ephemeral loopback port while used as a context manager.

    ``services`` limits the shop (an empty mesh has none); ``rename`` puts hostile names in;
    ``stages`` is what was PUT and ``changed_by`` whom it named; ``asked`` the paths asked for;
    ``behind`` is for how many seconds spans wait to be stored.
    ``status`` over 0 fails every request, ``failing`` has the paths that fail.
    """

    def __init__(self, empty: bool = False, rename: Callable[[str], str] = str, port: int = 0) -> None:
        self.empty = empty
        self.rename = rename
        self.status = 0
        self.behind = 0
        self.failing: set[str] = set()
        self.changed_by: list[str] = []
        self.asked: list[str] = []
        self.stages: dict[str, Json] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeApi":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Json]:
        """Status and JSON of a request."""
        url = urlsplit(target)
        path = url.path
        given = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.asked.append(path)
        if self.status or path in self.failing:
            return self.status or 503, _error(self.status or 503, "the fake was told to fail")
        if method == "PUT" and path == "/api/mesh/stages":
            return self._put(body)
        if path.startswith("/api/mesh/service/"):
            return 200, self._service(unquote(path.rsplit("/", 1)[1]), given)
        if path == "/healthz":
            return 200, {"status": "alive"}
        if path.startswith("/api/traces/"):
            found = [one for one in self.traces() if one["traceID"] == unquote(path.rsplit("/", 1)[1])]
            return (200, {"data": found}) if found else (404, _error(404, "no such trace"))
        if path in fake_search.ROUTES:
            return fake_search.ROUTES[path](self.traces(), given)
        if path in fake_logs.ROUTES:
            return fake_logs.ROUTES[path](self.all_traces(), given)
        if path.startswith("/api/services/"):
            return 200, {"data": [] if self.empty else ["GET /", "GET /cart", "POST /checkout"]}
        routes: Mapping[str, Callable[[Mapping[str, str]], Json]] = {
            "/api/mesh/graph": lambda given: fake_graph.window(self._graph(given), given),
            "/api/mesh/graph/diff": fake_graph.difference,
            "/api/mesh/blame": lambda _: fake_graph.blame(self.empty),
            "/api/mesh/services": lambda _: {"services": self._nodes()},
            "/api/mesh/endpoints": self._endpoints,
            "/api/mesh/decisions": self._decisions,
            "/api/mesh/stages": lambda _: {"stages": self._stages()},
            "/api/mesh/series": self._series,
            "/api/mesh/latency": self._latency,
            "/api/traces": self._search,
            "/api/mesh/store": lambda _: {
                "tables": [],
                "disk": {"free": 1, "total": 2},
                "spool": {"oldest_seconds": self.behind},
            },
            "/api/services": lambda _: {"data": [] if self.empty else [self.rename(name) for name in NODES]},
        }
        return (200, routes[path](given)) if path in routes else (404, _error(404, f"no route {path}"))

    def _put(self, body: Any) -> tuple[int, Json]:
        if body["service"] not in {stage["service"] for stage in self._stages()}:
            return 404, _error(404, f"unknown service {body['service']!r}: start its sidecar first")
        self.changed_by.append(body.get("by", ""))
        self.stages[body["service"]] = {"stage": body["stage"], "percent": body["percent"]}
        return 200, next(each for each in self._stages() if each["service"] == body["service"])

    def _nodes(self) -> list[Json]:
        wave = 0 if self.empty else _wave(time.time())
        found = []
        for name, (kind, success, p50) in NODES.items() if not self.empty else ():
            calls = sum(rate for _, target, rate in EDGES if target == name) * 60 * wave
            stage = self.stages.get(self.rename(name), {"stage": "observe", "percent": 0})
            found.append(
                {
                    "name": self.rename(name),
                    "kind": kind,
                    "sidecar": kind == "service" and name != "shipping",
                    **stage,
                    "endpoints": 3 if name == "reviews" else int(kind == "service"),
                    "ejected": int(name == "reviews"),
                    "versions": ["v1", "v2"] if name == "reviews" else ["v1"],
                    "zones": [],
                    "namespaces": [],
                    **stats(int(calls), success, p50),
                }
            )
        return found

    def _graph(self, _: Mapping[str, str]) -> Json:
        now = time.time()
        edges = [
            {
                "source": self.rename(source),
                "target": self.rename(target),
                "protocol": {"database": "database", "queue": "messaging"}.get(NODES[target][0], "http"),
                **stats(int(rate * 60 * _wave(now)), NODES[target][1], NODES[target][2]),
                "tcp": None,
                "encrypted": None,
            }
            for source, target, rate in EDGES
            if not self.empty
        ]
        return {
            "start": int((now - 60) * 1e6),
            "end": int(now * 1e6),
            "source": "live",
            "nodes": self._nodes(),
            "edges": edges,
        }

    def _stages(self) -> list[Json]:
        found = []
        for name, (kind, success, p50) in NODES.items() if not self.empty else ():
            if kind != "service":
                continue
            chosen = self.stages.get(self.rename(name))
            setting = chosen or {"stage": "observe", "percent": 0}
            share = setting["percent"] / 100 if setting["stage"] == "route" else 0.0
            now = int(time.time() * 1e6)
            direct = stats(int(5800 * (1 - share)), success, p50)
            routed = stats(int(5800 * share), 0.9994, p50 * 0.9)
            addresses = REVIEWS if name == "reviews" else ("127.0.0.1:9001",)
            found.append(
                {
                    "service": self.rename(name),
                    **setting,
                    "origin": "api" if chosen else "default",
                    "updated": now - 90_000_000,
                    "direct": direct,
                    "routed": routed,
                    **beside(setting["stage"], setting["percent"], direct, routed, addresses, name, now),
                }
            )
        return found

    def _endpoints(self, given: Mapping[str, str]) -> Json:
        service = given.get("service", "")
        known = {self.rename(name) for name, node in NODES.items() if node[0] == "service"}
        if self.empty or service not in known:
            return {"endpoints": []}
        addresses = REVIEWS if service == self.rename("reviews") else ("127.0.0.1:9001",)
        return fake_balancing.endpoints(service, addresses)

    def _decisions(self, given: Mapping[str, str]) -> Json:
        service = given.get("service", "")
        if self.empty or service != self.rename("reviews"):
            return {"decisions": []}
        return fake_balancing.decisions(service, REVIEWS)

    def _series(self, given: Mapping[str, str]) -> Json:
        start, end, step = (int(given[key]) for key in ("start", "end", "step"))
        if self.empty:
            return {"points": []}
        target = next(
            (name for name in NODES if self.rename(name) == (given.get("service") or given.get("target"))),
            "cart",
        )
        _, success, p50 = NODES[target]
        step_us = step * 1_000_000
        points = []
        for at in range(start // step_us * step_us, end, step_us):
            wave = _wave(at / 1e6) + 0.15 * math.sin(at / 6e7)
            bad = success - 0.2 if success < 0.95 and at > end - 140_000_000 else success
            figures = stats(int(80 * step * wave), min(bad, 1.0), p50 * wave)
            points.append({"time": at, **figures, "rate": figures["count"] / step})
        return {"points": points}

    def _service(self, service: str, given: Mapping[str, str]) -> Json:
        points = self._series({**given, "service": service})["points"]
        return service_page(service, points, self._graph({})["edges"], given)

    def _latency(self, _: Mapping[str, str]) -> Json:
        buckets = []
        for index in range(0 if self.empty else 44):
            low = 2 * 2 ** (index / 6)
            count = round(900 * math.exp(-((index - 16) ** 2) / 50) + 60 * math.exp(-((index - 36) ** 2) / 8))
            buckets.append({"low": low, "high": low * 2 ** (1 / 6), "count": count})
        return {"buckets": buckets}

    def _search(self, given: Mapping[str, str]) -> Json:
        found = self.traces()
        if service := given.get("service"):
            found = [
                one
                for one in found
                if service in {process["serviceName"] for process in one["processes"].values()}
            ]
        if "error" in json.loads(given.get("tags", "{}")):
            found = [one for one in found if any(_tagged(span, "error") for span in one["spans"])]
        return {"data": found[: int(given.get("limit", "20"))]}

    def traces(self) -> list[Json]:
        """Forty traces of six to twelve spans over the last half hour; every seventh fails in reviews."""
        now = int(time.time()) // 60 * 60_000_000
        return (
            []
            if self.empty
            else [shop_trace(index, now - index * 45_000_000, self.rename) for index in range(40)]
        )

    def all_traces(self) -> list[Json]:
        """These and what else is stored."""
        return self.traces()


def _tagged(span: Json, key: str) -> bool:
    return any(tag["key"] == key for tag in span["tags"])


def _error(code: int, msg: str) -> Json:
    return {"data": None, "errors": [{"code": code, "msg": msg}]}


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("GET", None)

        def do_POST(self) -> None:
            self._reply("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def do_PUT(self) -> None:
            self._reply("PUT", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, method: str, body: Any) -> None:
            status, reply = api.answer(method, self.path, body)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silence: tests read ``asked``."""

    return Handler
