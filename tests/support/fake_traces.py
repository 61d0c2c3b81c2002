"""The fake query API with traces that have something to show: retries, skew, hostile names, size."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.fake_api import FakeApi, Json

ODD = f"{0xDD:032x}"  # everything a trace may have
BIG = f"{0xB16:032x}"
HOSTILE = f"{0xBAD:032x}"
LINKING = f"{0x11:032x}"  # links to ODD
SCRIPT = "<script>window.hit = 1</script>"
RIGHT_TO_LEFT = "שירות-תשלום"
_STEPS = ("frontend", "catalog", "reviews", "database")


class TraceApi(FakeApi):
    """As the shop, with the traces named above; ``spans`` is how many BIG has."""

    def __init__(self, spans: int = 20_000, rename: Callable[[str], str] = str) -> None:
        super().__init__(rename=rename)
        self.start = int(time.time()) * 1_000_000 - 60_000_000
        self._made = {
            ODD: odd(self.start),
            HOSTILE: hostile(self.start),
            LINKING: linking(self.start),
            BIG: big(self.start, spans),
        }

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Json]:
        url = urlsplit(target)
        given = {key: values[0] for key, values in parse_qs(url.query).items()}
        last = url.path.rsplit("/", 1)[1]
        if self.status:
            return super().answer(method, target, body)
        if method == "POST" and url.path == "/api/transform":
            self.asked.append(url.path)
            return 200, {"data": [self._made[ODD]]}
        if url.path in (f"/api/traces/{last}", f"/api/v3/traces/{last}") and last in self._made:
            self.asked.append(url.path)
            one = self._made[last]
            return 200, {"result": {"resourceSpans": []}} if "/v3/" in url.path else {"data": [one]}
        if url.path == "/api/mesh/search" and "link:traceID" in given.get("q", ""):
            links = [_line(self._made[LINKING])] if ODD in given["q"] else []
            return 200, _page(links)
        if url.path == "/api/mesh/search" and given.get("operation"):
            return 200, _page([_line(one) for one in self.traces()[:3]])
        if url.path == "/api/mesh/aggregate":
            self.asked.append(target)
            return 200, aggregate(self.rename, given)
        return super().answer(method, target, body)

    def all_traces(self) -> list[Json]:
        return [*self._made.values(), *self.traces()]


def _page(lines: list[Json]) -> Json:
    window = {"start": 0, "end": int(time.time() * 1e6)}
    return {
        "traces": lines,
        "next": None,
        "partial": False,
        "order": "start",
        "dir": "desc",
        "window": window,
    }


def _line(trace: Json) -> Json:
    root = trace["spans"][0]
    service = trace["processes"][root["processID"]]["serviceName"]
    return {
        "traceId": trace["traceID"],
        "rootService": service,
        "rootOperation": root["operationName"],
        "start": root["startTime"],
        "duration": root["duration"] / 1000,
        "spans": len(trace["spans"]),
        "errors": 0,
        "services": [service],
    }


def _span(
    trace_id: str,
    number: int,
    parent: int,
    service: str,
    operation: str,
    begin: int,
    length: int,
    **tags: Any,
) -> Json:
    parents = [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": f"{parent:016x}"}] if parent else []
    named = {key.replace("__", "."): value for key, value in tags.items()}
    return {
        "traceID": trace_id,
        "spanID": f"{number:016x}",
        "operationName": operation,
        "references": parents,
        "startTime": begin,
        "duration": length,
        "processID": service,
        "warnings": None,
        "logs": [],
        "tags": [{"key": key, "type": "string", "value": value} for key, value in named.items()],
    }


def _trace(trace_id: str, spans: list[Json]) -> Json:
    names = {span["processID"] for span in spans}
    host = [{"key": "host.name", "type": "string", "value": "node-1"}]
    return {
        "traceID": trace_id,
        "spans": spans,
        "warnings": None,
        "processes": {name: {"serviceName": name, "tags": host} for name in sorted(names)},
    }


def odd(at: int) -> Json:
    """A failed try and its retry, a server whose clock is ahead, a message, a log, a link, a lost parent."""

    def call(number: int, begin: int, length: int, port: int, **tags: Any) -> Json:
        return _span(
            ODD,
            number,
            1,
            "frontend",
            "GET reviews",
            at + begin,
            length,
            span__kind="client",
            peer__service="reviews",
            network__peer__address="10.0.0.7",
            network__peer__port=str(port),
            spanmesh__arm="routed",
            **tags,
        )

    server = _span(ODD, 4, 3, "reviews", "GET /reviews/{id}", at + 900_000, 100_000, span__kind="server")
    server["warnings"] = [
        "starts 690.000 ms after its parent: their clocks differ, -680.000 ms would fit; "
        "times are shown as sent"
    ]
    message = _span(ODD, 5, 1, "mailer", "send receipt", at + 320_000, 900_000, span__kind="consumer")
    message["references"].append({"refType": "FOLLOWS_FROM", "traceID": LINKING, "spanID": f"{1:016x}"})
    first = call(2, 20_000, 60_000, 9101, error=True, http__response__status_code=503)
    first["logs"] = [
        {
            "timestamp": at + 50_000,
            "fields": [
                {"key": "event", "type": "string", "value": "exception"},
                {"key": "exception.message", "type": "string", "value": "connection refused"},
            ],
        }
    ]
    return _trace(
        ODD,
        [
            _span(ODD, 1, 0, "frontend", "GET /product/{id}", at, 400_000, span__kind="server"),
            first,
            call(3, 100_000, 150_000, 9102, http__request__resend_count=1),
            server,
            message,
            _span(ODD, 6, 99, "audit", "write", at + 10_000, 5_000),
            _span(ODD, 7, 1, "frontend", "render", at + 260_000, 120_000),
        ],
    )


def hostile(at: int) -> Json:
    return _trace(
        HOSTILE,
        [
            _span(HOSTILE, 1, 0, SCRIPT, SCRIPT, at, 50_000, **{SCRIPT: SCRIPT}),
            _span(HOSTILE, 2, 1, RIGHT_TO_LEFT, "\u202e" + RIGHT_TO_LEFT, at + 1000, 40_000),
            _span(HOSTILE, 3, 2, "x" * 300, "y" * 3000, at + 2000, 30_000, error=True),
            _span(HOSTILE, 4, 3, "</div><img src=x onerror='window.hit=1'>", "", at + 3000, 0),
        ],
    )


def linking(at: int) -> Json:
    return _trace(LINKING, [_span(LINKING, 1, 0, "mailer", "batch", at, 10_000)])


def big(at: int, many: int) -> Json:
    """A root with groups of ten calls, each group below the one before for twelve levels, then anew."""
    spans = [_span(BIG, 1, 0, "frontend", "GET /everything", at, many * 100)]
    parent = 1
    for number in range(2, many + 1):
        if number % 10 == 2:
            parent = 1 if number % 120 == 2 else number - 1
        begin = at + (number - number % 10) * 100
        spans.append(
            _span(
                BIG,
                number,
                parent,
                _STEPS[number % 4],
                f"step {number % 37}",
                begin,
                900,
                **({"error": True} if number % 997 == 0 else {}),
            )
        )
    return _trace(BIG, spans)


def aggregate(rename: Callable[[str], str], given: dict[str, str]) -> Json:
    def node(service: str, operation: str, kind: str, p50: float, *children: Json, errors: int = 0) -> Json:
        own = max(p50 - sum(child["duration"]["p50"] for child in children), 0.5)
        return {
            "service": rename(service),
            "operation": operation,
            "kind": kind,
            "count": 180,
            "traces": 180,
            "per_trace": 0.9,
            "errors": errors,
            "error_rate": errors / 180,
            "offset": 90 - p50 / 2,
            "duration": {"mean": p50 * 1.2, "p50": p50, "p90": p50 * 2, "p99": p50 * 3},
            "self": {"mean": own * 1.2, "p50": own, "p90": own * 2, "p99": own * 3},
            "children": list(children),
        }

    reviews = node(
        "catalog", "GET reviews", "client", 60, node("reviews", "GET /reviews/{id}", "server", 55, errors=12)
    )
    catalog = node(
        "frontend", "GET catalog", "client", 80, node("catalog", "GET /catalog/{id}", "server", 75, reviews)
    )
    cart = node("frontend", "GET cart", "client", 18, node("cart", "GET /cart", "server", 15))
    tree = node("frontend", given["operation"], "server", 120, catalog, cart)
    now = int(time.time() * 1e6)
    found = given["service"] == rename("frontend")
    return {
        "matching": 1800 if found else 0,
        "traces": 200 if found else 0,
        "cut": False,
        "nodes": [tree] if found else [],
        "window": {"start": int(given.get("start", now - 3_600_000_000)), "end": int(given.get("end", now))},
    }
