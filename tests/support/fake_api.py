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

from tests.support import fake_graph, fake_logs, fake_search
from tests.support.fake_mesh import beside, service_page

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


def stats(count: int, success: float, p50: float) -> Json:
    if not count:
        return {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}
    errors = round(count * (1 - success))
    return {
        "count": count,
        "errors": errors,
        "rate": count / 60,
        "success": 1 - errors / count,
        "p50": p50,
        "p90": p50 * 1.9,
        "p99": p50 * 4.2,
    }


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
        if self.empty or service not in {
            self.rename(name) for name, node in NODES.items() if node[0] == "service"
        }:
            return {"endpoints": []}
        now = int(time.time() * 1e6)
        addresses = REVIEWS if service == self.rename("reviews") else ("127.0.0.1:9001",)
        found = []
        for at, address in enumerate(addresses):
            out = at == 2
            found.append(
                {
                    "service": service,
                    "address": address,
                    "app": address.replace(":9", ":8"),
                    "instance": f"{service[:40]}-{at + 1}",
                    "version": "v2" if out else "v1",
                    "zone": f"zone-{'abc'[at]}",
                    "state": "ejected" if out else "healthy",
                    "origin": "sidecar",
                    "weight": 0.1 if out else 1.0 - 0.12 * at,
                    "open": 0 if out else 3 + at,
                    "oldest": 14.0,
                    "ejected_since": now - 42_000_000 if out else None,
                    "ejected_until": now + 18_000_000 if out else None,
                    "reason": "41 % of its calls failed while its peers' succeeded" if out else "",
                    **stats(120 if out else 2800, 0.59 if out else 0.9996, 18.0 + 3 * at),
                }
            )
        return {"endpoints": found}

    def _decisions(self, given: Mapping[str, str]) -> Json:
        service = given.get("service", "")
        if self.empty or service != self.rename("reviews"):
            return {"decisions": []}
        now = int(time.time() * 1e6)
        facts = {
            "kind": "failures",
            "seconds": 30.0,
            "changed": {"state": "ejected", "weight": 0, "until": now / 1e6 - 12},
            "window": 10.0,
            "count": 240,
            "errors": 98,
            "peer_count": 480,
            "peer_errors": 1,
            "peers": list(REVIEWS[:2]),
            "confirmed": "",
            "reporters": {
                "catalog-1": {"count": 130, "errors": 54},
                "catalog-2": {"count": 110, "errors": 44},
            },
        }
        told = (
            (42, "eject", REVIEWS[2], "41 % of its calls failed while its peers' succeeded", facts),
            (
                96,
                "return",
                REVIEWS[2],
                "its probes succeed again: back with a tenth of the traffic",
                {"count": 12, "errors": 0},
            ),
            (131, "eject", REVIEWS[2], "five calls in a row failed, seen by three callers", facts),
            (
                400,
                "weight",
                REVIEWS[1],
                "12 % slower than its peers: weight 0.88",
                {"from": 1.0, "to": 0.88, "latency_ratio": 1.12, "calls": 2600, "peers": list(REVIEWS[:1])},
            ),
            (900, "register", REVIEWS[0], "its sidecar connected", {"zone": "zone-a"}),
        )
        return {
            "decisions": [
                {
                    "time": now - ago * 1_000_000,
                    "kind": kind,
                    "service": service,
                    "endpoint": endpoint,
                    "reason": reason,
                    "evidence": evidence,
                }
                for ago, kind, endpoint, reason, evidence in told
            ]
        }

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
            points.append({"time": at, **stats(int(80 * step * wave), min(bad, 1.0), p50 * wave)})
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
        return [] if self.empty else [self._trace(index, now - index * 45_000_000) for index in range(40)]

    def all_traces(self) -> list[Json]:
        """These and what else is stored."""
        return self.traces()

    def _trace(self, index: int, start: int) -> Json:
        trace_id = f"{index + 0x4BF92F3577B34DA6A3CE929D0E0E4700:032x}"
        slow = 1 + 0.6 * math.sin(index * 1.7) + (4 if index % 11 == 5 else 0)
        failed = index % 7 == 3
        plan: list[tuple[str, str, int, float, float]] = [  # service, operation, parent, begin, length (ms)
            ("frontend", "GET /product/{id}", -1, 0, 120),
            ("frontend", "GET catalog", 0, 4, 88),
            ("catalog", "GET /catalog/{id}", 1, 6, 84),
            ("catalog", "GET reviews", 2, 14, 60),
            ("reviews", "GET /reviews/{id}", 3, 16, 55),
            ("database", "SELECT reviews", 4, 22, 40),
            ("frontend", "GET cart", 0, 94, 20),
            ("cart", "GET /cart", 6, 95, 17),
            ("database", "SELECT carts", 7, 98, 9),
            ("frontend", "POST checkout", 0, 112, 7),
            ("checkout", "POST /checkout", 9, 113, 5),
            ("payment", "POST /charge", 10, 114, 3),
        ]
        plan = plan[: 6 + index % 7]
        spans = [_span(trace_id, at, one, start, slow, failed) for at, one in enumerate(plan)]
        names = sorted({service for service, *_ in plan})
        for span in spans:
            span["processID"] = f"p{names.index(span.pop('service')) + 1}"
        processes = {
            f"p{at + 1}": {
                "serviceName": self.rename(name),
                "tags": [
                    {"key": "service.instance.id", "type": "string", "value": f"{name}-1"},
                    {"key": "cloud.availability_zone", "type": "string", "value": "zone-a"},
                ],
            }
            for at, name in enumerate(names)
        }
        return {"traceID": trace_id, "spans": spans, "processes": processes, "warnings": None}


def _span(
    trace_id: str, at: int, one: tuple[str, str, int, float, float], start: int, slow: float, failed: bool
) -> Json:
    service, operation, parent, begin, length = one
    wrong = (failed and service in ("reviews", "database")) or (failed and at in (0, 2, 3))
    tags = [
        ("span.kind", "client" if "/" not in operation else "server"),
        ("http.request.method", "GET"),
        ("url.path", "/product/1492"),
        ("http.response.status_code", 503 if wrong else 200),
        ("network.peer.address", "127.0.0.1"),
        ("spanmesh.endpoint", "127.0.0.1:9103"),
    ]
    logs = []
    if wrong:
        tags.append(("error", True))
        logs = [
            {
                "timestamp": start + int(begin * slow * 1000) + 2000,
                "fields": [
                    {"key": "event", "type": "string", "value": "exception"},
                    {
                        "key": "exception.message",
                        "type": "string",
                        "value": "connection refused by 127.0.0.1:9103",
                    },
                ],
            }
        ]
    return {
        "traceID": trace_id,
        "spanID": f"{at + 1:016x}",
        "operationName": operation,
        "service": service,
        "references": [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": f"{parent + 1:016x}"}]
        if parent >= 0
        else [],
        "startTime": start + int(begin * slow * 1000),
        "duration": int(length * slow * 1000),
        "tags": [{"key": key, "type": "string", "value": value} for key, value in tags],
        "logs": logs,
        "warnings": None,
    }


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
